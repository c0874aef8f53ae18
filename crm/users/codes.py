"""One-time codes by SMS: asked for by anybody, sent only to a number that belongs to the account.

Asking writes a row and a piece of work, whether or not anybody is known by that name: neither the answer nor
its time tells. A worker makes the code and hands it to the SMS; the row keeps only a keyed hash.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session

from crm.core.clock import db_now, time_until
from crm.core.phone import find_slovak_mobile, to_local
from crm.events.publish import publish
from crm.users.client import Client
from crm.users.errors import TooManyCodesError
from crm.users.keyed_hash import is_same, keyed_hash
from crm.users.languages import language_of
from crm.users.models import MobilePhone, OneTimeCode, User
from crm.users.queries import find_by_email, find_by_phone
from crm.users.user_meta import unclaimed

ONE_TIME_CODE = "one-time-code"  # event; payload `one_time_code_id`

LIVES = timedelta(minutes=10)
DIGITS = 6
MOST_TRIES = 5
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CODES_AN_HOUR = 5  # to one name
CODES_A_DAY = 10  # five tries at each: who keeps at it for a year finds one account in fifty
CODES_AN_HOUR_FROM_A_PLACE = 20
NOBODY = 0
_LOCK = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(name, 4)) FROM unnest(CAST(:names AS text[])) AS name"
)


class CodePurpose(StrEnum):
    """What a code proves: that one is the account's owner, or that a new number is in hand."""

    SIGN_IN = "sign_in"
    PHONE = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A code to be sent, in clear for the length of one transaction."""

    code: str
    phone: str
    user_id: int | None
    purpose: CodePurpose
    language: str


def ask_for_code(session: Session, name: str, client: Client) -> int:
    """Ask for a code to sign in with, for an e-mail or a number in any spelling; return the id of the asking.

    Raises: TooManyCodesError.
    """
    user = find_owner(session, name)
    return _ask(
        session,
        client,
        purpose=CodePurpose.SIGN_IN,
        hashed=keyed_hash("code for", identity_of(name)),
        user_id=user.id if user else None,
        phone=_number_of(session, user.id if user else NOBODY),
    )


def ask_for_phone(session: Session, phone: str, user_id: int, client: Client) -> int:
    """Ask for a code that proves that a person has a number in hand; return the id of the asking.

    Raises: InvalidPhoneError, TooManyCodesError.
    """
    local = to_local(phone)
    return _ask(
        session,
        client,
        purpose=CodePurpose.PHONE,
        hashed=keyed_hash("code for", identity_of(local)),
        user_id=user_id,
        phone=local,
    )


def ask_again(session: Session, code_id: int, client: Client, *, purpose: CodePurpose) -> int | None:
    """Ask anew for what was asked for before; the code of before ends. None if there was no such asking.

    Raises: TooManyCodesError.
    """
    found = select(OneTimeCode).where(OneTimeCode.id == code_id, OneTimeCode.purpose == purpose)
    earlier = session.execute(found).scalar_one_or_none()
    if earlier is None:
        return None
    is_sign_in = purpose is CodePurpose.SIGN_IN
    return _ask(
        session,
        client,
        purpose=purpose,
        hashed=earlier.identity,
        user_id=earlier.user_id,
        phone=_number_of(session, earlier.user_id or NOBODY) if is_sign_in else earlier.phone_number,
    )


def identity_of(name: str) -> str:
    """Return one spelling of an e-mail or a number: what limits count by."""
    local = find_slovak_mobile(name)
    return f"phone:{local}" if local else f"email:{name.strip().lower()[:256]}"


def find_owner(session: Session, name: str) -> User | None:
    """Return whose e-mail or number it is."""
    local = find_slovak_mobile(name)
    return find_by_phone(session, local) if local else find_by_email(session, name)


def find_open_code(session: Session, user_id: int) -> int | None:
    """Return the newest open asking to sign in as a person, whoever asked: staff can send a code."""
    newest = select(OneTimeCode.id).where(
        OneTimeCode.user_id == user_id, OneTimeCode.purpose == CodePurpose.SIGN_IN, *_open()
    )
    return session.execute(newest.order_by(OneTimeCode.id.desc()).limit(1)).scalar_one_or_none()


def issue_code(session: Session, code_id: int) -> Issued | None:
    """Make the code of an asking; None if there is nobody to send it to, or it is too late."""
    asked = session.execute(
        select(OneTimeCode).where(OneTimeCode.id == code_id, *_open()).with_for_update()
    ).scalar_one_or_none()
    if asked is None or asked.phone_number is None or _has_had_enough(session, asked.phone_number):
        return None
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    asked.code_hash = keyed_hash("code", asked.id, code)
    session.flush()
    user = session.get(User, asked.user_id) if asked.user_id is not None else None
    return Issued(
        code=code,
        phone=asked.phone_number,
        user_id=asked.user_id,
        purpose=CodePurpose(asked.purpose),
        language=language_of(user.locale if user else None) or "sk",
    )


def use_code(session: Session, code_id: int, typed: str, *, purpose: CodePurpose) -> OneTimeCode | None:
    """Return the asking if the code is right, and use it up; a wrong one costs a try, the fifth ends it.

    Of two who type the right code at once one wins: the row is locked.
    """
    asked = session.execute(
        select(OneTimeCode)
        .where(OneTimeCode.id == code_id, OneTimeCode.purpose == purpose, *_open())
        .with_for_update()
    ).scalar_one_or_none()
    digits = "".join(sign for sign in typed if sign.isascii() and sign.isdigit())
    if asked is None or asked.tries >= MOST_TRIES:
        return None
    asked.tries += 1
    if asked.code_hash is None or not is_same(asked.code_hash, "code", asked.id, digits):
        return None
    asked.used_at = session.execute(select(db_now())).scalar_one()
    return asked


def end_codes_of(session: Session, user_id: int) -> None:
    """End the open codes of a person."""
    opened = update(OneTimeCode).where(OneTimeCode.user_id == user_id, OneTimeCode.used_at.is_(None))
    session.execute(opened.values(used_at=db_now()))


def _ask(
    session: Session,
    client: Client,
    *,
    purpose: CodePurpose,
    hashed: str,
    user_id: int | None,
    phone: str | None,
) -> int:
    session.execute(_LOCK, {"names": sorted({hashed, client.place})})
    _check_limits(session, hashed, client)
    _end_earlier(session, hashed, user_id or NOBODY, purpose)
    asked = OneTimeCode(
        purpose=purpose,
        user_id=user_id,
        phone_number=phone,
        identity=hashed,
        place=client.place,
        expires_at=db_now() + LIVES,
    )
    session.add(asked)
    session.flush()
    publish(
        session,
        ONE_TIME_CODE,
        {"one_time_code_id": asked.id},
        key=f"one-time-code:{asked.id}",
        # Of an unknown name too, so that the work of known ones does not stand out.
        lane=None,
    )
    return asked.id


def _check_limits(session: Session, hashed: str, client: Client) -> None:
    for most, within, which in (
        (CODES_AN_HOUR, HOUR, OneTimeCode.identity == hashed),
        (CODES_A_DAY, DAY, OneTimeCode.identity == hashed),
        (CODES_AN_HOUR_FROM_A_PLACE, HOUR, OneTimeCode.place == client.place),
    ):
        oldest = (
            select(OneTimeCode.created_at)
            .where(which, OneTimeCode.created_at > db_now() - within)
            .order_by(OneTimeCode.created_at.desc())
            .offset(most - 1)
            .limit(1)
            .scalar_subquery()
        )
        wait = session.execute(select(time_until(oldest + within))).scalar_one()
        if wait is not None:
            raise TooManyCodesError(wait)


def _has_had_enough(session: Session, phone: str) -> bool:
    """Count what a number was sent, whether it was asked for by the number or by an e-mail; told to nobody."""
    sent = select(func.count()).where(
        OneTimeCode.phone_number == phone,
        OneTimeCode.code_hash.is_not(None),
        OneTimeCode.created_at > db_now() - HOUR,
    )
    return session.execute(sent).scalar_one() >= CODES_AN_HOUR


def _end_earlier(session: Session, hashed: str, user_id: int, purpose: CodePurpose) -> None:
    """Only the newest code of a person is good, by whichever name, so that five tries are five tries."""
    same = (OneTimeCode.identity == hashed) | (OneTimeCode.user_id == user_id)
    earlier = update(OneTimeCode).where(same, OneTimeCode.purpose == purpose, OneTimeCode.used_at.is_(None))
    session.execute(earlier.values(used_at=db_now()))


def _number_of(session: Session, user_id: int) -> str | None:
    """Return where the code of a person goes: nowhere if nobody may sign in, or there is no number."""
    found = (
        select(MobilePhone.phone_number)
        .join(User, User.id == MobilePhone.user_id)
        .where(User.id == user_id, User.active, User.deleted_at.is_(None), ~unclaimed(User.id))
    )
    return session.execute(found).scalar_one_or_none()


def _open() -> tuple[ColumnElement[bool], ...]:
    return OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > func.crm_now()
