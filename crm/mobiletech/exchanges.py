"""What went over the wire between us and the gateway: calls of ours, readers' SMS and reports, newest first.

Ids are in order of time, so a page is a stretch of ids and a day is a stretch of them too. A filter that no
index serves looks at LOOKED_AT rows; a page that ends there says how far it has looked, and the next goes on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.core.keyset import KeysetPage, Place, read_page
from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.models import InboundMessage, OutboundMessage, SendAttempt, StatusReport

LOOKED_AT = 100_000
# Two that were written at once may have their ids the other way round: a day is cut with this to spare.
OUT_OF_ORDER = timedelta(minutes=5)

# Halves the ids until they are those since the moment: some twenty-five looks at the primary key.
_FIRST_ID = """
    WITH RECURSIVE halves (low, high) AS (
        SELECT coalesce(min(id), 1), coalesce(max(id), 0) + 1 FROM {table}
        UNION ALL
        SELECT CASE WHEN probe.at < :moment THEN probe.id + 1 ELSE low END,
               CASE WHEN probe.at < :moment THEN high ELSE middle END
        FROM halves, LATERAL (SELECT (low + high) / 2 AS middle) AS half,
             LATERAL (SELECT id, {at} AS at FROM {table} WHERE id >= middle ORDER BY id LIMIT 1) AS probe
        WHERE low < high
    )
    SELECT max(low) FROM halves
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFilter:
    """What to list; None is "any". `since` is the first moment, `until` the first one after.

    `outcome` is of calls, `code` and `is_matched` are of reports.
    """

    gateway_id: str | None = None
    outcome: OutcomeKind | None = None
    code: str | None = None
    is_matched: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangePage(KeysetPage[Any]):
    """One page, newest first. `is_cut`: the search stopped at `older`, and nothing is known beyond it."""

    is_cut: bool = False


class LastHeard(NamedTuple):
    """When a reader's SMS came last, when we last called the gateway, when a report came last."""

    received_at: datetime | None
    called_at: datetime | None
    reported_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Messages of ours, by our id and by the gateway's."""

    by_id: Mapping[int, OutboundMessage]
    by_gateway_id: Mapping[str, OutboundMessage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One of the three logs: its table, when a row was written, what an index serves, and what is looked at."""

    table: Any
    at: InstrumentedAttribute[datetime]

    def served(self, session: Session, wanted: ExchangeFilter) -> list[ColumnElement[bool]]:
        """Return the conditions that an index serves."""
        conditions: list[ColumnElement[bool]] = []
        if wanted.since is not None:
            first = self._first_id(session, wanted.since - OUT_OF_ORDER)
            conditions += [self.table.id >= first, self.at >= wanted.since]
        if wanted.until is not None:
            first = self._first_id(session, wanted.until + OUT_OF_ORDER)
            conditions += [self.table.id < first, self.at < wanted.until]
        return conditions

    def _first_id(self, session: Session, moment: datetime) -> int:
        statement = _FIRST_ID.format(table=self.table.__tablename__, at=self.at.key)  # both are ours
        return int(session.execute(text(statement), {"moment": moment}).scalar_one())


SENDS = Log(table=SendAttempt, at=SendAttempt.created_at)
RECEIVES = Log(table=InboundMessage, at=InboundMessage.created_at)
REPORTS = Log(table=StatusReport, at=StatusReport.received_at)


def list_exchanges(
    session: Session,
    log: Log,
    wanted: ExchangeFilter,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> ExchangePage:
    """Return one page of a log: the newest, what comes after (is older than) a place, or before (is newer)."""
    if log is RECEIVES:
        return _list_receives(session, wanted, limit, after, before)
    found = _Search(session, log, wanted, limit)
    if before is not None:
        page = found.read(before.id, older=False)
        if page.newer is not None:
            return page
        after = None  # the top is reached: show all of the first page, not the piece above
    return found.read(after.id if after else None, older=True)


def _list_receives(
    session: Session, wanted: ExchangeFilter, limit: int, after: Place | None, before: Place | None
) -> ExchangePage:
    """Readers' SMS have an index by time, and may have been brought along from elsewhere with times of old."""
    found = select(InboundMessage).where(*_of_gateway_id(RECEIVES, wanted))
    if wanted.since is not None:
        found = found.where(InboundMessage.created_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(InboundMessage.created_at < wanted.until)
    key = (InboundMessage.created_at, InboundMessage.id)
    page = read_page(session, found, key, limit=limit, after=after, before=before)
    return ExchangePage(rows=page.rows, newer=page.newer, older=page.older)


def find_last_heard(session: Session) -> LastHeard:
    """Return when each of the three last happened."""
    newest = [
        session.execute(select(log.at).order_by(order.desc()).limit(1)).scalar_one_or_none()
        for log, order in ((RECEIVES, RECEIVES.at), (SENDS, SENDS.table.id), (REPORTS, REPORTS.table.id))
    ]
    return LastHeard(*newest)


def list_messages_of(session: Session, rows: Sequence[SendAttempt | StatusReport]) -> Messages:
    """Return our messages that calls or reports are about: by their id and by the gateway's."""
    ids = [row.outbound_message_id for row in rows if isinstance(row, SendAttempt)]
    gateway_ids = [row.mobiletech_id for row in rows if isinstance(row, StatusReport)]
    is_meant = OutboundMessage.id.in_(ids) | OutboundMessage.mobiletech_id.in_(gateway_ids)
    found = session.execute(select(OutboundMessage).where(is_meant)).scalars().all()
    return Messages(
        by_id={message.id: message for message in found},
        by_gateway_id={message.mobiletech_id: message for message in found if message.mobiletech_id},
    )


class _Search:
    def __init__(self, session: Session, log: Log, wanted: ExchangeFilter, limit: int) -> None:
        self.session = session
        self.log = log
        self.limit = limit
        self.served = [*log.served(session, wanted), *_of_gateway_id(log, wanted), *_of_match(log, wanted)]
        self.looked_at = _looked_at(wanted)

    def read(self, start: int | None, *, older: bool) -> ExchangePage:
        ids, end = self._ids(start, older=older)
        shown, has_more = ids[: self.limit], len(ids) > self.limit
        rows = self._rows(shown)
        onward = shown[-1] if has_more else end
        backward = (shown[0] if shown else start) if start is not None else None
        first, last = (backward, onward) if older else (onward, backward)
        return ExchangePage(
            rows=rows,
            newer=self._place(first),
            older=self._place(last),
            is_cut=end is not None and not has_more,
        )

    def _ids(self, start: int | None, *, older: bool) -> tuple[list[int], int | None]:
        """Return up to limit + 1 ids away from the place, and the id at which the search gave up, if it did."""
        table = self.log.table
        order = table.id.desc() if older else table.id.asc()
        stretch: Select[Any] = select(table.id).where(*self.served).order_by(order)
        if start is not None:
            stretch = stretch.where(table.id < start if older else table.id > start)
        if not self.looked_at:
            return list(self.session.execute(stretch.limit(self.limit + 1)).scalars()), None
        columns = [column for column, _ in self.looked_at]
        seen = stretch.add_columns(*columns).limit(LOOKED_AT).subquery()
        matches = [seen.c[column.key] == value for column, value in self.looked_at]
        found = select(seen.c.id).where(*matches).order_by(seen.c.id.desc() if older else seen.c.id.asc())
        ids = list(self.session.execute(found.limit(self.limit + 1)).scalars())
        if len(ids) > self.limit:
            return ids, None
        return ids, self.session.execute(stretch.offset(LOOKED_AT - 1).limit(1)).scalar_one_or_none()

    def _rows(self, ids: Sequence[int]) -> Sequence[Any]:
        table = self.log.table
        found = select(table).where(table.id.in_(ids)).order_by(table.id.desc())
        return self.session.execute(found).scalars().all()

    def _place(self, row_id: int | None) -> Place | None:
        """Return the place of a row; its time is for the page, the id alone decides."""
        if row_id is None:
            return None
        at = self.session.execute(select(self.log.at).where(self.log.table.id == row_id)).scalar_one_or_none()
        return Place(at, row_id) if at is not None else None


def _of_gateway_id(log: Log, wanted: ExchangeFilter) -> list[ColumnElement[bool]]:
    if wanted.gateway_id is None:
        return []
    if log.table is SendAttempt:
        message = select(OutboundMessage.id).where(OutboundMessage.mobiletech_id == wanted.gateway_id)
        return [SendAttempt.outbound_message_id == message.scalar_subquery()]
    return [log.table.mobiletech_id == wanted.gateway_id]


def _of_match(log: Log, wanted: ExchangeFilter) -> list[ColumnElement[bool]]:
    """A report of a message of ours is applied at once; among the few that are not stand those of nobody's."""
    if wanted.is_matched is None or log.table is not StatusReport:
        return []
    known = select(OutboundMessage.id).where(OutboundMessage.mobiletech_id == StatusReport.mobiletech_id)
    if wanted.is_matched:
        return [known.exists()]
    return [StatusReport.applied_at.is_(None), ~known.exists()]


def _looked_at(wanted: ExchangeFilter) -> list[tuple[InstrumentedAttribute[Any], Any]]:
    columns = ((SendAttempt.outcome, wanted.outcome), (StatusReport.status, wanted.code))
    return [(column, value) for column, value in columns if value is not None]
