"""What was reported of imported messages: the file's code together with all that the gateway has told us meanwhile.

A report may have come here before the message did, when the webhook was switched over first. It waits in the log, and
is weighed now: nobody is told of it, for the payment of an imported message is paid already.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol, TypeVar

from sqlalchemy import select, update

from crm.core.copying import among, copy_rows
from crm.importer.batches import Batch
from crm.importer.columns import Line
from crm.mobiletech.models import OutboundMessage, StatusReport
from crm.mobiletech.status_reports import lock_ids
from crm.mobiletech.wire.delivery_status import Billing, Folded, fold

PORTED = "_OPERATOR_CHANGE"
# An SMS waits for ten hours at most. Of what is older nothing is reported any more, and nobody need be kept waiting.
MAY_BE_REPORTED = timedelta(hours=24)
MOST_HELD = 2_000  # the server has room for so many locks


class ReportedRecord(Protocol):
    """A record of a message."""

    @property
    def mobiletech_id(self) -> str: ...
    @property
    def status(self) -> str | None: ...
    @property
    def operator_type(self) -> str: ...
    @property
    def began_at(self) -> datetime: ...


M = TypeVar("M", bound=ReportedRecord)


@dataclass(frozen=True, slots=True)
class Told:
    """What all reports of a message come to; `new_code` is the file's, unless the log has it already."""

    status: str | None
    billing: Billing
    conflict: bool
    new_code: str | None
    waits: bool  # a report in the log is not applied yet


def hold_recent(batch: Batch, lines: Sequence[Line[M]]) -> None:
    """Let reports of messages that may still be reported about take turns with the batch (status_reports.py).

    Those of messages that are not held so find no message, and are applied by the next step (late_reports.py); those of
    messages that are here already wait for their rows, so that nothing older is written over them.
    """
    since = batch.context.now - MAY_BE_REPORTED
    recent = [line.record for line in lines if line.record.began_at > since]
    newest = sorted(recent, key=lambda record: record.began_at)[-MOST_HELD:]
    if newest:
        lock_ids(batch.session, [record.mobiletech_id for record in newest])
        wanted = among(OutboundMessage.mobiletech_id, {record.mobiletech_id for record in recent})
        here = select(OutboundMessage.id).where(wanted, OutboundMessage.import_id.is_not(None))
        batch.session.execute(here.order_by(OutboundMessage.id).with_for_update())


def read_statuses(batch: Batch, lines: Sequence[Line[M]]) -> dict[int, Told]:
    """Return what the file and the log tell of each line's message."""
    columns = (StatusReport.mobiletech_id, StatusReport.status, StatusReport.applied_at)
    ids = {line.record.mobiletech_id for line in lines}
    logged: defaultdict[str, set[str]] = defaultdict(set)
    waiting: set[str] = set()
    for mobiletech_id, code, applied_at in batch.session.execute(
        select(*columns).where(among(StatusReport.mobiletech_id, ids))
    ):
        logged[mobiletech_id].add(code)
        if applied_at is None:
            waiting.add(mobiletech_id)
    told: dict[int, Told] = {}
    for line in lines:
        record, known = line.record, logged.get(line.record.mobiletech_id, set())
        new_code = record.status if record.status not in known else None
        folded = _fold(frozenset({*known, record.status} - {None}), record.operator_type)
        waits = record.mobiletech_id in waiting
        told[line.number] = Told(folded.strongest_code, folded.billing, folded.conflict, new_code, waits)
    return told


def write_statuses(batch: Batch, records: Iterable[tuple[ReportedRecord, Told]]) -> None:
    """Write the file's codes to the log, as applied; what waited there is applied now."""
    now = batch.context.now
    rows: list[tuple[object, ...]] = []
    waiting: list[str] = []
    for record, told in records:
        if told.new_code is not None:
            rows.append((record.mobiletech_id, told.new_code, record.began_at, now))
        if told.waits:
            waiting.append(record.mobiletech_id)
    copy_rows(
        batch.session, "mobiletech_status_log", ("mobiletech_id", "status", "received_at", "applied_at"), rows
    )
    _apply(batch, waiting)


def strongest(stored: Mapping[str, object], told: Told) -> dict[str, object]:
    """Return the status of a message that is here, with what is told now; what is billed stays so."""
    billing = max(Billing(str(stored["billing"])), told.billing, key=tuple(Billing).index)
    return {
        "status": told.status or stored["status"],
        "billing": str(billing),
        "conflict": bool(stored["conflict"]) or told.conflict,
    }


def _apply(batch: Batch, mobiletech_ids: Collection[str]) -> None:
    if mobiletech_ids:
        waiting = update(StatusReport).where(
            among(StatusReport.mobiletech_id, mobiletech_ids), StatusReport.applied_at.is_(None)
        )
        batch.session.execute(waiting.values(applied_at=batch.context.now))


@lru_cache(maxsize=10_000)
def _fold(codes: frozenset[str], operator: str) -> Folded:
    return fold(codes, operator)
