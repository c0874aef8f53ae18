"""Delivery reports: append what was said, then fold all that was said about a message into its state.

A report may come before we know the id it speaks of. Both sides (the report, and the id becoming known)
first take the id's advisory lock, so whichever commits second sees the other: nothing falls between.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core import metrics
from crm.core.clock import db_now
from crm.core.db import after_commit
from crm.core.log import get_logger
from crm.events.publish import Work, publish_many
from crm.mobiletech.events import OUTBOUND_STATUS, lane_of
from crm.mobiletech.models import OutboundMessage, StatusReport
from crm.mobiletech.wire.commands import Status
from crm.mobiletech.wire.delivery_status import Billing, DeliveryStatus, billing_of, classify, fold

log = get_logger(__name__)

UNKNOWN_LABEL = "unknown"

# In order of the hash: two who lock several ids never wait for each other in a circle.
_LOCK_IDS = text("""
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(id, 1) AS key FROM unnest(CAST(:ids AS text[])) AS id ORDER BY key
    ) AS keys
""").bindparams(bindparam("ids"))


def lock_ids(session: Session, mobiletech_ids: Sequence[str]) -> None:
    """Hold the gateway's ids until the transaction ends; call it before the first look at them."""
    session.execute(_LOCK_IDS, {"ids": list(mobiletech_ids)})


def record_status(session: Session, command: Status, body: bytes | None) -> bool:
    """Append the report (the same one again changes nothing); return whether its message is known."""
    lock_ids(session, [command.id])
    statement = (
        insert(StatusReport)
        .values(mobiletech_id=command.id, status=command.status, raw=body)
        .on_conflict_do_nothing(index_elements=["mobiletech_id", "status"])
        .returning(StatusReport.id)
    )
    report_id = session.execute(statement).scalar_one_or_none()
    message = session.execute(
        select(OutboundMessage.id, OutboundMessage.to).where(OutboundMessage.mobiletech_id == command.id)
    ).one_or_none()
    if message is None:
        return False
    if report_id is not None:
        _announce(session, [_Report(report_id, command.status, message.id, message.to)])
    return True


def announce_waiting(session: Session, mobiletech_ids: Sequence[str]) -> None:
    """Put into the outbox the reports that came before their message's id was known. Needs `lock_ids`."""
    statement = (
        select(StatusReport.id, StatusReport.status, OutboundMessage.id, OutboundMessage.to)
        .join(OutboundMessage, OutboundMessage.mobiletech_id == StatusReport.mobiletech_id)
        .where(StatusReport.mobiletech_id.in_(mobiletech_ids), StatusReport.applied_at.is_(None))
        .order_by(StatusReport.id)
    )
    waiting = session.execute(statement).all()
    _announce(session, [_Report(*row) for row in waiting])


def apply_statuses(session: Session, outbound_message_ids: Sequence[int]) -> None:
    """Fold every report about the messages into their states; running it again changes nothing."""
    wanted = select(OutboundMessage).where(OutboundMessage.id.in_(outbound_message_ids))
    messages = session.execute(wanted.order_by(OutboundMessage.id).with_for_update()).scalars().all()
    codes: defaultdict[str, set[str]] = defaultdict(set)
    reports = StatusReport.mobiletech_id.in_([message.mobiletech_id for message in messages])
    for mobiletech_id, code in session.execute(
        select(StatusReport.mobiletech_id, StatusReport.status).where(reports)
    ):
        codes[mobiletech_id].add(code)
    for message in messages:
        _fold(message, codes[message.mobiletech_id or ""])
    mark = update(StatusReport).where(reports, StatusReport.applied_at.is_(None)).values(applied_at=db_now())
    for mobiletech_id, code in session.execute(
        mark.returning(StatusReport.mobiletech_id, StatusReport.status)
    ):
        label = _label(code)
        after_commit(session, partial(metrics.count, "statuses_total", code=label))
        if label == UNKNOWN_LABEL:
            log.error("status_code_unknown", mobiletech_id=mobiletech_id, code=code)
    session.flush()


def _fold(message: OutboundMessage, codes: set[str]) -> None:
    """Fold the codes in; what a person has found out about the money stands beside them, and only ever grows."""
    folded = fold(codes, message.operator_type)
    settled = max(Billing(message.billing), folded.billing, key=tuple(Billing).index)
    refused = settled is Billing.BILLED and any(_is_refused(code) for code in codes)
    message.billing, message.status = settled, folded.strongest_code
    if refused and not message.conflict:
        log.error("status_conflict", outbound_id=message.id, codes=sorted(codes))
    message.conflict = refused


def _is_refused(code: str) -> bool:
    return code.startswith("A") and billing_of(classify(code, None)) is Billing.FAILED


def count_orphans(session: Session, *, older_than_seconds: int) -> int:
    """Return how many reports speak of an id that is none of ours and have done so for that long."""
    age = func.make_interval(0, 0, 0, 0, 0, 0, older_than_seconds)
    known = select(OutboundMessage.id).where(OutboundMessage.mobiletech_id == StatusReport.mobiletech_id)
    statement = select(func.count()).where(
        StatusReport.applied_at.is_(None), StatusReport.received_at < db_now() - age, ~known.exists()
    )
    return session.execute(statement).scalar_one()


class _Report(NamedTuple):
    id: int
    status: str
    message_id: int
    to: str


def _announce(session: Session, reports: Sequence[_Report]) -> None:
    work = [
        Work(
            key=f"status:{report.id}",
            payload={"mobiletech_outbound_message_id": report.message_id, "status": report.status},
            lane=lane_of(report.to),
        )
        for report in reports
    ]
    publish_many(session, OUTBOUND_STATUS, work)


def _label(code: str) -> str:
    """Return the code for the metrics; what is no code is one label, or a stranger could make a million."""
    return UNKNOWN_LABEL if classify(code, None) is DeliveryStatus.UNKNOWN else code
