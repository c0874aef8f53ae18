"""Everything that is known about one message, and what the filters of the list offer."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from crm.events.models import EntryState, OutboxEntry
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.events import lane_of
from crm.mobiletech.message_log import Kind
from crm.mobiletech.message_rows import LogRow, inbound_state, not_sent_rows, outbound_rows, work_keys
from crm.mobiletech.models import (
    InboundMessage,
    NotSent,
    OutboundMessage,
    SendAttempt,
    SmsTemplate,
    StatusReport,
)
from crm.mobiletech.words import InboundState, MessageState, state_of

BILLKEYS_FROM = 2000  # newest messages


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundFacts:
    """An SMS from a reader and what became of it."""

    message: InboundMessage
    state: InboundState
    work: Sequence[OutboxEntry]
    answers: Sequence[LogRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSentFacts:
    """An SMS that was wanted and not made, and the SMS that it would have answered."""

    refusal: NotSent
    answered: InboundMessage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundFacts:
    """An SMS of ours, from the wish to the last report."""

    message: OutboundMessage
    state: MessageState
    template_code: str | None
    answered: InboundMessage | None
    work: OutboxEntry | None
    attempts: Sequence[SendAttempt]
    reports: Sequence[StatusReport]


def find_inbound(session: Session, message_id: int) -> InboundFacts | None:
    """Return the message with its work and its answers, or None."""
    message = session.get(InboundMessage, message_id)
    if message is None:
        return None
    sent = outbound_rows(session, OutboundMessage.rcv_msg_id == message.mobiletech_id)
    refused = not_sent_rows(session, NotSent.inbound_message_id == message.id)
    answers = sorted([*sent, *refused], key=lambda row: (row.at, row.kind, row.id))
    work = _list_work(session, message)
    kinds = {row.kind for row in answers}
    state = inbound_state(
        message, work, is_answered=Kind.OUTBOUND in kinds, is_refused=Kind.NOT_SENT in kinds
    )
    return InboundFacts(message=message, state=state, work=work, answers=answers)


def find_outbound(session: Session, message_id: int) -> OutboundFacts | None:
    """Return the message with its work, its attempts and the reports on it, or None."""
    message = session.get(OutboundMessage, message_id)
    if message is None:
        return None
    answered = select(InboundMessage).where(InboundMessage.mobiletech_id == message.rcv_msg_id)
    attempts = (
        select(SendAttempt).where(SendAttempt.outbound_message_id == message.id).order_by(SendAttempt.id)
    )
    reports = select(StatusReport).where(StatusReport.mobiletech_id == message.mobiletech_id)
    work = select(OutboxEntry).where(OutboxEntry.key == f"send:{message.id}")
    template = (
        session.get(SmsTemplate, message.mobiletech_template_id) if message.mobiletech_template_id else None
    )
    return OutboundFacts(
        message=message,
        state=state_of(message.state, message.billing),
        template_code=template.code if template else None,
        answered=session.execute(answered).scalar_one_or_none(),
        work=session.execute(work).scalar_one_or_none(),
        attempts=session.execute(attempts).scalars().all(),
        reports=session.execute(reports.order_by(StatusReport.id)).scalars().all(),
    )


def find_not_sent(session: Session, refusal_id: int) -> NotSentFacts | None:
    """Return what was not made, or None."""
    refusal = session.get(NotSent, refusal_id)
    if refusal is None:
        return None
    inbound_id = refusal.inbound_message_id
    answered = session.get(InboundMessage, inbound_id) if inbound_id is not None else None
    return NotSentFacts(refusal=refusal, answered=answered)


def list_billkey_codes(session: Session) -> Sequence[str]:
    """Return the billing keys that are listed and those of the newest messages, for a person to choose from."""
    newest = (
        select(OutboundMessage.billkey)
        .order_by(OutboundMessage.created_at.desc(), OutboundMessage.id.desc())
        .limit(BILLKEYS_FROM)
        .subquery()
    )
    keys = union(select(newest.c.billkey), select(Billkey.code)).subquery()
    return session.execute(select(keys.c.billkey).order_by(keys.c.billkey)).scalars().all()


def _list_work(session: Session, message: InboundMessage) -> Sequence[OutboxEntry]:
    """Return the pieces of work that the message caused: the first, and each handler that is tried again.

    Work of a handler that no longer exists is found as long as it is not done: by its lane, or among the dead.
    """
    whole = f"inbound:{message.id}"
    known = select(OutboxEntry).where(OutboxEntry.key.in_(work_keys([message.id])))
    waiting = select(OutboxEntry).where(
        OutboxEntry.lane == lane_of(message.from_),
        OutboxEntry.state == EntryState.READY,
        OutboxEntry.key.startswith(f"{whole}/"),
    )
    dead = select(OutboxEntry).where(
        OutboxEntry.state == EntryState.DEAD, OutboxEntry.key.startswith(f"{whole}/")
    )
    entries = {
        entry.id: entry for query in (known, waiting, dead) for entry in session.execute(query).scalars()
    }
    return [entries[entry_id] for entry_id in sorted(entries)]
