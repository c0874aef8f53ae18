"""What stands at the places of a conversation: whatever table it is from, one shape."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.mobiletech.conversations.answers import find_author
from crm.mobiletech.conversations.by_number import find_last_inbound
from crm.mobiletech.conversations.inbox import ItemState
from crm.mobiletech.conversations.line import LineKind
from crm.mobiletech.conversations.models import InboxItem, Note
from crm.mobiletech.conversations.words import InboxReason
from crm.mobiletech.message_log import Position
from crm.mobiletech.message_rows import LogRow, not_sent_rows, outbound_rows
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage
from crm.mobiletech.wire.operators import Operator, find_operator
from crm.users.models import PhoneLink

SLOVAK = "sk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing on the line. `text` is None where it may not be shown.

    `row` is what the list of messages says of an SMS of ours, sent or not. `by_id` is who wrote or closed it, `by`
    who linked or unlinked, in words, and `person_id` whose the number was. `operator_before` is given where an SMS
    shows that the number has changed its operator. `waits_because` is why a message is open in the inbox; one that
    asked to stop says so for ever. `is_repeat` is what the operator has sent a second time.
    """

    kind: LineKind
    id: int
    at: datetime
    text: str | None = None
    language: str = SLOVAK
    encoding: str = ""
    parts: int = 1
    row: LogRow | None = None
    operator: str | None = None
    operator_before: str | None = None
    waits_because: str | None = None
    is_repeat: bool = False
    by_id: int | None = None
    by: str = ""
    reason: str = ""
    person_id: int | None = None


def read_entries(session: Session, number: str, positions: Sequence[Position]) -> list[Entry]:
    """Return what stands at the places, in their order; `number` as the gateway writes it."""
    found: dict[tuple[int, int], Entry] = {}
    for kind, read in _READERS.items():
        ids = [each.id for each in positions if each.kind == kind]
        if ids:
            found |= {(entry.kind, entry.id): entry for entry in read(session, ids)}
    entries = [found[each.kind, each.id] for each in positions if (each.kind, each.id) in found]
    return list(_with_changes(session, number, entries))


def _with_changes(session: Session, number: str, entries: Iterable[Entry]) -> Iterable[Entry]:
    """Note at each SMS of the reader whether it came by another operator than the one before it."""
    before: str | None = None
    for entry in entries:
        if entry.kind is not LineKind.INBOUND or find_operator(entry.operator or "") is None:
            yield entry
            continue
        if before is None:
            earlier = find_last_inbound(session, number, operators=Operator, before=entry.at)
            before = earlier.operator_type if earlier is not None else None
        is_other = before is not None and before != entry.operator
        yield replace(entry, operator_before=before) if is_other else entry
        before = entry.operator


def _inbound(session: Session, ids: Sequence[int]) -> Iterable[Entry]:
    statement = (
        select(InboundMessage, InboxItem.reason)
        .outerjoin(
            InboxItem,
            (InboxItem.inbound_message_id == InboundMessage.id)
            & ((InboxItem.state == ItemState.OPEN) | (InboxItem.reason == InboxReason.STOP)),
        )
        .where(InboundMessage.id.in_(ids))
    )
    for message, reason in session.execute(statement):
        yield Entry(
            kind=LineKind.INBOUND,
            id=message.id,
            at=message.created_at,
            text=message.content,
            operator=message.operator_type,
            waits_because=reason,
            is_repeat=message.duplicate_of is not None,
        )


def _outbound(session: Session, ids: Sequence[int]) -> Iterable[Entry]:
    messages = session.execute(select(OutboundMessage).where(OutboundMessage.id.in_(ids))).scalars()
    found = {message.id: message for message in messages}
    for row in outbound_rows(session, OutboundMessage.id.in_(ids)):
        message = found[row.id]
        yield Entry(
            kind=LineKind.OUTBOUND,
            id=row.id,
            at=row.at,
            text=None if message.is_secret else message.content,
            language=message.language or SLOVAK,
            encoding=message.encoding,
            parts=message.parts,
            row=row,
            by_id=find_author(message.key, message.context),
        )


def _not_sent(session: Session, ids: Sequence[int]) -> Iterable[Entry]:
    contexts = {
        row.id: row.context for row in session.execute(select(NotSent).where(NotSent.id.in_(ids))).scalars()
    }
    for row in not_sent_rows(session, NotSent.id.in_(ids)):
        author = find_author(None, contexts[row.id])
        yield Entry(kind=LineKind.NOT_SENT, id=row.id, at=row.at, row=row, by_id=author)


def _notes(session: Session, ids: Sequence[int]) -> Iterable[Entry]:
    for note in session.execute(select(Note).where(Note.id.in_(ids))).scalars():
        yield Entry(
            kind=LineKind.NOTE, id=note.id, at=note.created_at, text=note.content, by_id=note.author_id
        )


def _done(session: Session, ids: Sequence[int]) -> Iterable[Entry]:
    for item in session.execute(select(InboxItem).where(InboxItem.id.in_(ids))).scalars():
        if item.done_at is not None:
            yield Entry(kind=LineKind.DONE, id=item.id, at=item.done_at, by_id=item.done_by)


def _linked(session: Session, ids: Sequence[int]) -> Iterable[Entry]:
    for link in session.execute(select(PhoneLink).where(PhoneLink.id.in_(ids))).scalars():
        yield Entry(
            kind=LineKind.LINKED,
            id=link.id,
            at=link.since,
            person_id=link.user_id,
            by=link.linked_by,
            reason=link.link_reason,
        )


def _unlinked(session: Session, ids: Sequence[int]) -> Iterable[Entry]:
    for link in session.execute(select(PhoneLink).where(PhoneLink.id.in_(ids))).scalars():
        if link.until is not None:
            yield Entry(
                kind=LineKind.UNLINKED,
                id=link.id,
                at=link.until,
                person_id=link.user_id,
                by=link.unlinked_by,
                reason=link.unlink_reason,
            )


_READERS: Mapping[LineKind, Callable[[Session, Sequence[int]], Iterable[Entry]]] = {
    LineKind.INBOUND: _inbound,
    LineKind.OUTBOUND: _outbound,
    LineKind.NOT_SENT: _not_sent,
    LineKind.NOTE: _notes,
    LineKind.DONE: _done,
    LineKind.LINKED: _linked,
    LineKind.UNLINKED: _unlinked,
}
