"""One person: what is known, how they sign in, what staff did to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.phone import to_international
from crm.mobiletech.words import Tone, Word
from crm.users.accounts import get_user
from crm.users.audit_log import list_acts_on
from crm.users.languages import language_of
from crm.users.models import NO_PASSWORD, User
from crm.users.numbers import find_number
from crm.users.phones import find_phones_of
from crm.users.sessions import Kind, list_sessions
from crm.users.sign_in_history import list_attempts_at
from crm.web.act_words import ActLine, as_line
from crm.web.ids import LARGEST_ID
from crm.web.message_pages import spaced
from crm.web.person_forms import LANGUAGE_NAMES
from crm.web.person_money import read_money
from crm.web.session import find_signed_in
from crm.web.sign_in_words import attempt_word, describe_device

SHOWN_ACTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A living sign-in of the person; `is_this_one` is the one that the page is shown in."""

    id: int
    device: str
    ip: str
    is_program: bool
    since: datetime
    last_used_at: datetime
    is_this_one: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try to sign in."""

    at: datetime
    typed: str
    state: Word
    ip: str
    device: str


def get_person(session: Session, user_id: int) -> User:
    """Return the person; 404 where there is none."""
    if user_id > LARGEST_ID:
        abort(404)
    return get_user(session, user_id)


def state_word(*, active: bool) -> Word:
    """Return whether the account is open."""
    return Word(_("Active"), Tone.GOOD, "check") if active else Word(_("Closed"), Tone.BAD, "stop")


def read_person(session: Session, user: User) -> dict[str, Any]:
    """Return everything that the page shows."""
    number = find_phones_of(session, [user.id]).get(user.id)
    language = language_of(user.locale)
    return {
        "user": user,
        "number": spaced(number) if number else None,
        "number_href": _href_of(session, number) if number else None,
        "state": state_word(active=user.active),
        "language": LANGUAGE_NAMES[language] if language else None,
        "has_password": user.password != NO_PASSWORD,
        "sign_ins": _sign_ins(session, user.id),
        "attempts": _attempts(session, user.id),
        "acts": _acts(session, user.id),
        **read_money(session, user.id, has_number=number is not None),
    }


def _href_of(session: Session, local: str) -> str | None:
    known = find_number(session, to_international(local))
    return f"/admin/phone-numbers/{known.id}" if known else None


def _sign_ins(session: Session, user_id: int) -> list[SignIn]:
    me = find_signed_in()
    return [
        SignIn(
            id=each.id,
            device=describe_device(each.user_agent),
            ip=each.ip,
            is_program=each.kind == Kind.API,
            since=each.created_at,
            last_used_at=each.last_used_at,
            is_this_one=me is not None and me.session_id == each.id,
        )
        for each in list_sessions(session, user_id)
    ]


def _attempts(session: Session, user_id: int) -> list[Attempt]:
    return [
        Attempt(
            at=each.created_at,
            typed=each.email,
            state=attempt_word(each.status),
            ip=each.ip,
            device=describe_device(each.user_agent),
        )
        for each in list_attempts_at(session, user_id)
    ]


def _acts(session: Session, user_id: int) -> list[ActLine]:
    return [as_line(entry) for entry in list_acts_on(session, f"user {user_id}", limit=SHOWN_ACTS)]
