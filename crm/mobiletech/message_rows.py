"""The lines of a list of messages: whatever table they are from, one shape."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.events.models import EntryState, OutboxEntry
from crm.events.registry import registry
from crm.mobiletech.events import INBOUND
from crm.mobiletech.message_log import Kind, Position
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage, SmsTemplate
from crm.mobiletech.words import InboundState, MessageState, state_of

SHOWN_TEXT = 400  # characters of an SMS in a list
SECRET_TEXT = N_("A one-time code; its text is not shown.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One line of the list: an SMS from a reader, to one, or one that was not made (`inbound_id`: for whom)."""

    kind: Kind
    id: int
    at: datetime
    number: str | None
    text: str
    state: MessageState | InboundState
    operator: str | None = None
    template_code: str | None = None
    billkey: str | None = None
    paid: bool = False
    conflict: bool = False
    status: str | None = None
    reason: str | None = None
    inbound_id: int | None = None
    is_secret: bool = False
    template_version: int | None = None
    short_number: str | None = None
    mobiletech_id: str | None = None
    language: str | None = None  # of the text; None: Slovak


def read_rows(
    session: Session, positions: Sequence[Position], *, shown: int | None = SHOWN_TEXT
) -> list[LogRow]:
    """Return the rows that stand at the positions, in their order; `shown` characters of each text, None: all."""
    ids: dict[int, list[int]] = {kind: [] for kind in Kind}
    for position in positions:
        ids[position.kind].append(position.id)
    rows = [
        *inbound_rows(session, ids[Kind.INBOUND], shown=shown),
        *outbound_rows(session, OutboundMessage.id.in_(ids[Kind.OUTBOUND]), shown=shown),
        *not_sent_rows(session, NotSent.id.in_(ids[Kind.NOT_SENT])),
    ]
    found = {(row.kind, row.id): row for row in rows}
    return [found[Kind(each.kind), each.id] for each in positions if (Kind(each.kind), each.id) in found]


def inbound_rows(session: Session, ids: Sequence[int], *, shown: int | None = SHOWN_TEXT) -> Iterable[LogRow]:
    """Yield the SMS from readers with these ids; the reason of one is why it got no answer."""
    if not ids:
        return
    answered = exists().where(OutboundMessage.rcv_msg_id == InboundMessage.mobiletech_id)
    messages = session.execute(select(InboundMessage, answered).where(InboundMessage.id.in_(ids))).all()
    open_work, refused = _open_work(session, ids), _refusals(session, ids)
    for message, is_answered in messages:
        work = open_work.get(message.id, [])
        reason = None if is_answered else refused.get(message.id)
        yield LogRow(
            kind=Kind.INBOUND,
            id=message.id,
            at=message.created_at,
            number=message.from_,
            text=message.content[:shown],
            operator=message.operator_type,
            state=inbound_state(message, work, is_answered=is_answered, is_refused=reason is not None),
            reason=reason,
            short_number=message.to,
            mobiletech_id=message.mobiletech_id,
        )


def outbound_rows(
    session: Session, condition: ColumnElement[bool], *, shown: int | None = SHOWN_TEXT
) -> Iterable[LogRow]:
    """Yield the SMS to readers of which the condition is true."""
    statement = (
        select(OutboundMessage, SmsTemplate.code)
        .outerjoin(SmsTemplate, SmsTemplate.id == OutboundMessage.mobiletech_template_id)
        .where(condition)
    )
    for message, code in session.execute(statement):
        yield LogRow(
            kind=Kind.OUTBOUND,
            id=message.id,
            at=message.created_at,
            number=message.to,
            text=SECRET_TEXT if message.is_secret else message.content[:shown],
            operator=message.operator_type,
            state=state_of(message.state, message.billing),
            template_code=code,
            billkey=message.billkey,
            paid=message.paid,
            conflict=message.conflict,
            status=message.status,
            reason=message.state_reason,
            is_secret=message.is_secret,
            language=message.language,
            template_version=message.template_version,
            short_number=message.from_,
            mobiletech_id=message.mobiletech_id,
        )


def not_sent_rows(session: Session, condition: ColumnElement[bool]) -> Iterable[LogRow]:
    """Yield what was not made and of which the condition is true."""
    for row in session.execute(select(NotSent).where(condition)).scalars():
        yield LogRow(
            kind=Kind.NOT_SENT,
            id=row.id,
            at=row.created_at,
            number=row.to,
            text=row.detail,
            state=MessageState.NOT_SENT,
            template_code=row.template_code,
            billkey=row.billkey,
            reason=row.reason,
            inbound_id=row.inbound_message_id,
        )


def _open_work(session: Session, ids: Sequence[int]) -> Mapping[int, list[OutboxEntry]]:
    """Return the work that is not done of each message; most messages have none."""
    unfinished = select(OutboxEntry).where(
        OutboxEntry.key.in_(work_keys(ids)), OutboxEntry.state.in_([EntryState.READY, EntryState.DEAD])
    )
    work: dict[int, list[OutboxEntry]] = {}
    for entry in session.execute(unfinished).scalars():
        work.setdefault(entry.payload["mobiletech_inbound_message_id"], []).append(entry)
    return work


def _refusals(session: Session, ids: Sequence[int]) -> Mapping[int, str]:
    """Return why answers to these messages were not made, the newest reason of each."""
    refused = select(NotSent.inbound_message_id, NotSent.reason).where(NotSent.inbound_message_id.in_(ids))
    return {row.inbound_message_id: row.reason for row in session.execute(refused.order_by(NotSent.id))}


def work_keys(ids: Sequence[int]) -> list[str]:
    """Return the keys under which the outbox may have work of these inbound messages."""
    handlers = [name for name, _ in registry.handlers_of(INBOUND, None)]
    return [
        key for each in ids for key in (f"inbound:{each}", *(f"inbound:{each}/{name}" for name in handlers))
    ]


def inbound_state(
    message: InboundMessage, work: Iterable[OutboxEntry], *, is_answered: bool, is_refused: bool = False
) -> InboundState:
    """Return what became of an SMS from a reader, from the pieces of its work that are known."""
    unfinished = [entry for entry in work if entry.state in (EntryState.READY, EntryState.DEAD)]
    if any(entry.state == EntryState.DEAD for entry in unfinished):
        return InboundState.FAILED
    if any(entry.attempts for entry in unfinished):
        return InboundState.RETRIED
    if unfinished:
        return InboundState.WAITS
    if message.duplicate_of is not None:
        return InboundState.REPEATED
    if is_answered:
        return InboundState.ANSWERED
    return InboundState.NOT_ANSWERED if is_refused else InboundState.HANDLED
