"""Renewals page by page: what is due or planned, on its way, failed, recovered, stopped, unproven or paused.

What waits is listed by the moment it waits for, the longest first; what is over by the moment it ended, the newest
first. Each view has an index that gives it in its order.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.core.clock import db_now
from crm.core.keyset import ById, Key, KeysetPage, Place, read_oldest_first, read_page
from crm.payments.chains import REPLACED
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import OPEN, STOPS, Failure, RecurrentState

R = RecurrentPayment
COUNTED = 1000


class RenewalView(StrEnum):
    """What people ask for; without one it is all of them, the newest first."""

    DUE = "due"
    PLANNED = "planned"
    PENDING = "pending"
    UNPROVEN = "unproven"
    PAUSED = "paused"
    REFUSED = "refused"
    FAILED = "failed"
    RECOVERED = "recovered"
    STOPPED = "stopped"


class StoppedBy(StrEnum):
    """Who ended a renewal: the reader, somebody of the staff, or the schedule of tries."""

    READER = "reader"
    STAFF = "staff"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalFilter:
    """What to list; None is "any". `unproven` are the payments of which nobody knows whether they were billed."""

    view: RenewalView | None = None
    stopped_by: StoppedBy | None = None
    type_id: int | None = None
    failure: Failure | None = None
    user_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    unproven: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class _View:
    """The rows of a view, the moment by which it is ordered, and whether the oldest comes first."""

    condition: Callable[[], ColumnElement[bool]]
    at: InstrumentedAttribute[Any]
    oldest_first: bool = False


def list_renewals(
    session: Session,
    wanted: RenewalFilter,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[RecurrentPayment]:
    """Return one page of renewals in the order of its view."""
    view = _VIEWS.get(wanted.view) if wanted.view else None
    key: Key = (view.at, R.id) if view else ById(R.created_at, R.id)
    read = read_oldest_first if view and view.oldest_first else read_page
    return read(session, _found(wanted, view), key, limit=limit, after=after, before=before)


def count_views(session: Session, unproven: Collection[int]) -> Mapping[RenewalView, int]:
    """Return how many rows each view has, up to one more than COUNTED."""
    return {
        view: count_renewals(session, RenewalFilter(view=view, unproven=unproven)) for view in RenewalView
    }


def count_renewals(session: Session, wanted: RenewalFilter) -> int:
    """Return how many rows there are, up to one more than COUNTED."""
    view = _VIEWS.get(wanted.view) if wanted.view else None
    found = _found(wanted, view).with_only_columns(literal(1))
    # In the order of its index: the planner expects many more than there are, and would walk another one.
    some = found.order_by(view.at if view else R.id).limit(COUNTED + 1).subquery()
    return session.execute(select(func.count()).select_from(some)).scalar_one()


def is_oldest_first(view: RenewalView | None) -> bool:
    """Return whether the view begins with what has waited longest."""
    return view is not None and _VIEWS[view].oldest_first


def _found(wanted: RenewalFilter, view: _View | None) -> Select[Any]:
    found = select(R)
    if view is not None:
        found = found.where(view.condition())
    if wanted.view is RenewalView.UNPROVEN:
        found = found.where(R.payment_id.in_(wanted.unproven))
    if wanted.stopped_by is not None:
        found = found.where(_is(_STOPS[wanted.stopped_by]), *_not_superseded(wanted.stopped_by))
    for column, value in ((R.subscription_type_id, wanted.type_id), (R.user_id, wanted.user_id)):
        if value is not None:
            found = found.where(column == value)
    if wanted.failure is not None:
        found = found.where(R.failure == wanted.failure)
    at = view.at if view else R.created_at
    if wanted.since is not None:
        found = found.where(at >= wanted.since)
    if wanted.until is not None:
        found = found.where(at < wanted.until)
    return found


def _is(*states: RecurrentState) -> ColumnElement[bool]:
    """Say the states in the statement itself: with a value beside it the planner may not see a partial index."""
    words: Sequence[ColumnElement[str]] = [literal(str(state), literal_execute=True) for state in states]
    return R.state == words[0] if len(words) == 1 else R.state.in_(words)


def _not_superseded(by: StoppedBy) -> list[ColumnElement[bool]]:
    """One that made place for another was not given up."""
    return [_was_meant()] if by is StoppedBy.GIVEN_UP else []


def _was_meant() -> ColumnElement[bool]:
    return func.coalesce(R.note, "").not_in(REPLACED)


_STOPS = {
    StoppedBy.READER: RecurrentState.USER_STOP,
    StoppedBy.STAFF: RecurrentState.ADMIN_STOP,
    StoppedBy.GIVEN_UP: RecurrentState.SYSTEM_STOP,
}
S, V = RecurrentState, RenewalView
_NONE: ColumnElement[int] = literal(0, literal_execute=True)
_VIEWS: Mapping[RenewalView, _View] = {
    V.DUE: _View(
        lambda: _is(S.ACTIVE) & (R.charge_at <= db_now()) & R.paused_at.is_(None), R.charge_at, True
    ),
    V.PLANNED: _View(lambda: _is(S.ACTIVE) & (R.charge_at > db_now()), R.charge_at, True),
    V.PENDING: _View(lambda: _is(S.PENDING), R.charge_at, True),
    V.UNPROVEN: _View(lambda: _is(S.PENDING), R.charge_at, True),
    V.PAUSED: _View(lambda: _is(*OPEN) & R.paused_at.is_not(None), R.paused_at, True),
    V.REFUSED: _View(lambda: _is(S.ACTIVE) & (R.gateway_fails > _NONE), R.charge_at, True),
    V.FAILED: _View(lambda: _is(S.CHARGE_FAILED), R.updated_at),
    V.RECOVERED: _View(lambda: _is(S.CHARGED) & (R.attempt > _NONE), R.updated_at),
    V.STOPPED: _View(lambda: _is(*STOPS) & _was_meant(), R.updated_at),
}
