"""The inbox: which readers' messages wait for a person, who has taken them, and who has closed them.

What is open stands with the oldest first: who has waited longest is answered first, and what comes while
somebody reads is added at the end, so nothing moves under the hand. What is done stands the other way round.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import Select, Update, func, literal_column, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.core.clock import db_now
from crm.core.keyset import KeysetPage, Place, read_oldest_first, read_page
from crm.mobiletech.conversations.errors import ItemNotFoundError
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.conversations.words import InboxReason
from crm.users.audit_log import record_act

COUNTED = 1000
MOST_AT_ONCE = 200


class ItemState(StrEnum):
    """Whether a message still waits for a person."""

    OPEN = "open"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxFilter:
    """What to list; None is "any". `person_id`: who has taken what is open, who has closed what is done."""

    state: ItemState = ItemState.OPEN
    person_id: int | None = None
    reason: InboxReason | None = None
    short_number: str | None = None


def list_items(
    session: Session,
    wanted: InboxFilter,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[InboxItem]:
    """Return one page: what comes after (is older than) a place, or before (is newer)."""
    if wanted.state is ItemState.OPEN:
        key = (InboxItem.created_at, InboxItem.id)
        return read_oldest_first(session, _found(wanted), key, limit=limit, after=after, before=before)
    # What is done has the moment.
    done_at = cast("InstrumentedAttribute[datetime]", InboxItem.done_at)
    return read_page(
        session, _found(wanted), (done_at, InboxItem.id), limit=limit, after=after, before=before
    )


def count_items(session: Session, wanted: InboxFilter) -> int:
    """Return how many match, at most COUNTED + 1."""
    rows = _found(wanted).with_only_columns(InboxItem.id).limit(COUNTED + 1).subquery()
    return session.execute(select(func.count()).select_from(rows)).scalar_one()


def count_open(session: Session, *, person_id: int | None = None) -> int:
    """Return how many wait, of all or of those that one person has taken; at most COUNTED + 1."""
    return count_items(session, InboxFilter(person_id=person_id))


def find_waiting_since(session: Session) -> datetime | None:
    """Return when the message came that has waited longest, None if none waits."""
    oldest = _in_state(ItemState.OPEN).with_only_columns(InboxItem.created_at)
    found: datetime | None = session.execute(
        oldest.order_by(InboxItem.created_at, InboxItem.id).limit(1)
    ).scalar_one_or_none()
    return found


def find_last_done(session: Session) -> datetime | None:
    """Return when a message was last marked as done, None if none ever was."""
    newest = _in_state(ItemState.DONE).with_only_columns(InboxItem.done_at)
    return session.execute(
        newest.order_by(InboxItem.done_at.desc(), InboxItem.id.desc()).limit(1)
    ).scalar_one_or_none()


def list_open_of(session: Session, number_id: int) -> Sequence[InboxItem]:
    """Return what waits from one number, oldest first; at most as many as one press can close."""
    found = _in_state(ItemState.OPEN).where(InboxItem.number_id == number_id)
    rows = found.order_by(InboxItem.created_at, InboxItem.id).limit(MOST_AT_ONCE)
    return session.execute(rows).scalars().all()


def find_next(session: Session, item: InboxItem) -> InboxItem | None:
    """Return what is answered after the item: the oldest of another number that came after it."""
    later = tuple_(InboxItem.created_at, InboxItem.id) > (item.created_at, item.id)
    found = _in_state(ItemState.OPEN).where(later, InboxItem.number_id != item.number_id)
    return session.execute(found.order_by(InboxItem.created_at, InboxItem.id).limit(1)).scalar_one_or_none()


def finish(session: Session, item_ids: Collection[int], *, by: int) -> list[int]:
    """Mark as done; return the ids of those that were open.

    Raises: ItemNotFoundError if one does not exist.
    """
    values = {"state": ItemState.DONE, "done_at": db_now(), "done_by": by}
    change = update(InboxItem).where(InboxItem.state == ItemState.OPEN).values(values)
    return _change(session, item_ids, change, "inbox.done")


def reopen(session: Session, item_ids: Collection[int]) -> list[int]:
    """Let them wait again; return the ids of those that were done.

    Raises: ItemNotFoundError if one does not exist.
    """
    values = {"state": ItemState.OPEN, "done_at": None, "done_by": None}
    change = update(InboxItem).where(InboxItem.state == ItemState.DONE).values(values)
    return _change(session, item_ids, change, "inbox.reopen")


def take(session: Session, item_ids: Collection[int], *, by: int) -> list[int]:
    """Say that one sees to them, whoever did before; return the ids of those that are open and were not theirs.

    Raises: ItemNotFoundError if one does not exist.
    """
    others = InboxItem.assigned_to.is_distinct_from(by)
    change = update(InboxItem).where(InboxItem.state == ItemState.OPEN, others).values(assigned_to=by)
    return _change(session, item_ids, change, "inbox.take")


def give_back(session: Session, item_ids: Collection[int], *, by: int) -> list[int]:
    """Leave to all what one had taken; return the ids of those.

    Raises: ItemNotFoundError if one does not exist.
    """
    change = update(InboxItem).where(InboxItem.assigned_to == by).values(assigned_to=None)
    return _change(session, item_ids, change, "inbox.give_back")


def _in_state(state: ItemState) -> Select[InboxItem]:
    """As a literal: the indexes hold one state each, and a value that comes later proves nothing to the planner."""
    return select(InboxItem).where(InboxItem.state == literal_column(f"'{state}'"))


def _found(wanted: InboxFilter) -> Select[InboxItem]:
    found = _in_state(wanted.state)
    if wanted.person_id is not None:
        is_open = wanted.state is ItemState.OPEN
        found = found.where((InboxItem.assigned_to if is_open else InboxItem.done_by) == wanted.person_id)
    if wanted.reason is not None:
        found = found.where(InboxItem.reason == wanted.reason)
    if wanted.short_number is not None:
        found = found.where(InboxItem.short_number == wanted.short_number)
    return found


def _change(session: Session, item_ids: Collection[int], change: Update, act: str) -> list[int]:
    known = select(func.count()).select_from(InboxItem).where(InboxItem.id.in_(item_ids))
    if not item_ids or session.execute(known).scalar_one() != len(set(item_ids)):
        raise ItemNotFoundError
    changed = (
        change.where(InboxItem.id.in_(item_ids))
        .returning(InboxItem.id, InboxItem.number_id)
        .execution_options(synchronize_session=False)
    )
    rows = sorted(tuple(row) for row in session.execute(changed))
    for item_id, number_id in rows:
        record_act(session, act, f"thread {number_id}", after={"inbox_item": item_id})
    return [item_id for item_id, _ in rows]
