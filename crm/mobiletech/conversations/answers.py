"""An answer that a person writes: free of charge, sent once however often its form comes, never taken back."""

import re
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import exists, func, literal, select, text
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.phone import find_slovak_mobile
from crm.mobiletech.composing import EXPIRATION_OF_REPLY
from crm.mobiletech.conversations.by_number import find_last_inbound
from crm.mobiletech.conversations.errors import AnsweredMeanwhileError, FormUsedError
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage
from crm.mobiletech.notifications import notify_many
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.wire.sms_text import measure
from crm.mobiletech.wishes import Envelope, Wish
from crm.users.audit_log import record_act
from crm.users.models import KnownNumber
from crm.users.queries import find_by_phone, read_names

KEY = "answer:"
_AUTHOR = re.compile(r"user ([0-9]{1,18})")
# Two submits of one form, or two people who answer one number, take turns.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 5))")
# These never reached the gateway, or it did not take them: the reader's SMS is not used up.
_IN_VAIN = (
    OutboundState.REJECTED,
    OutboundState.EXPIRED,
    OutboundState.CANCELLED,
    OutboundState.HELD,
    OutboundState.NOT_SENT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A person's words. `nonce` names the form that they were typed into.

    `seen_id` is the newest SMS to the number that the author had before the eyes.
    """

    content: str
    author_id: int
    nonce: str
    seen_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How an answer would go now: `last` is the newest SMS from the number, which it answers if `is_reply`."""

    last: InboundMessage | None
    is_reply: bool


def send_answer(session: Session, number: KnownNumber, answer: Answer) -> OutboundMessage | NotSent:
    """Queue the answer on the free key, or store why it cannot be sent; the same form again sends nothing more.

    It is a reply to the newest SMS of the number while the gateway takes one, else a message of its own.
    Raises: AnsweredMeanwhileError, FormUsedError.
    """
    session.execute(_LOCK, {"name": number.number})
    key = f"{KEY}{answer.nonce}"
    sent = _find_sent(session, key)
    if sent is not None:
        if sent.to != number.number or sent.content != measure(answer.content).text:
            raise FormUsedError
        return sent
    _check_others(session, number, answer.seen_id)
    opening = find_opening(session, number)
    owner = find_by_phone(session, find_slovak_mobile(number.number) or "")
    wish = Wish(
        _envelope(number, opening),
        owner.id if owner is not None else None,
        None,
        key=key,
        context=f"user {answer.author_id}",
        content=answer.content,
    )
    made = notify_many(session, [wish])[0]
    if isinstance(made, OutboundMessage):
        after = {"message": made.id, "parts": made.parts}
        record_act(session, "answer.send", f"thread {number.id}", after=after)
    return made


def find_opening(session: Session, number: KnownNumber) -> Opening:
    """Return how an answer would go: one reply to each SMS, and only within its window."""
    last = find_last_inbound(session, number.number)
    if last is None:
        return Opening(last=None, is_reply=False)
    unit = get_setting(session, "mobiletech_expiration_unit")
    window = timedelta(**{unit: EXPIRATION_OF_REPLY})
    is_used = exists().where(
        OutboundMessage.rcv_msg_id == last.mobiletech_id, OutboundMessage.state.not_in(_IN_VAIN)
    )
    is_open = select((literal(last.created_at) > db_now() - window) & ~is_used)
    return Opening(last=last, is_reply=bool(session.execute(is_open).scalar_one()))


def find_last_sent(session: Session, number: KnownNumber) -> int:
    """Return the id of the newest SMS to the number, 0 if there is none."""
    newest = select(func.max(OutboundMessage.id)).where(OutboundMessage.to == number.number)
    return session.execute(newest).scalar_one() or 0


def find_author(key: str | None, context: str | None) -> int | None:
    """Return who wrote a message, by its key and context; None if it was no person."""
    match = _AUTHOR.fullmatch(context or "")
    return int(match[1]) if match and (key is None or key.startswith(KEY)) else None


def _envelope(number: KnownNumber, opening: Opening) -> Envelope:
    """What is no reply still comes from the short number that the reader wrote to: on the phone it is one thread."""
    last = opening.last
    if last is None:
        return Envelope(to=number.number)
    if opening.is_reply:
        return Envelope(last, to=number.number)
    return Envelope(to=number.number, from_=last.to, serv_id=last.serv_id)


def _find_sent(session: Session, key: str) -> OutboundMessage | None:
    return session.execute(select(OutboundMessage).where(OutboundMessage.key == key)).scalar_one_or_none()


def _check_others(session: Session, number: KnownNumber, seen_id: int) -> None:
    """Raises: AnsweredMeanwhileError if somebody has written to the number since `seen_id`."""
    unseen = (
        select(OutboundMessage)
        .where(
            OutboundMessage.to == number.number,
            OutboundMessage.id > seen_id,
            OutboundMessage.key.startswith(KEY),
        )
        .order_by(OutboundMessage.id.desc())
        .limit(1)
    )
    found = session.execute(unseen).scalar_one_or_none()
    if found is not None:
        author = find_author(found.key, found.context)
        raise AnsweredMeanwhileError(read_names(session, [author]).get(author or 0, "?"))
