"""Delivery reports: append what was said, then fold all that was said about a message into its state.

A report may come before we know the id it speaks of. Both sides (the report, and the id becoming known)
first take the id's advisory lock, so whichever commits second sees the other: nothing falls between.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core import metrics
from crm.core.clock import db_now
from crm.core.log import get_logger
from crm.events.publish import publish
from crm.mobiletech.events import OUTBOUND_STATUS, lane_of
from crm.mobiletech.models import OutboundMessage, StatusReport
from crm.mobiletech.wire.commands import Status
from crm.mobiletech.wire.delivery_status import DeliveryStatus, classify, fold

log = get_logger(__name__)

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
        _announce(session, report_id, message.id, message.to, command.status)
    return True


def announce_waiting(session: Session, mobiletech_ids: Sequence[str]) -> None:
    """Put into the outbox the reports that came before their message's id was known. Needs `lock_ids`."""
    statement = (
        select(StatusReport.id, StatusReport.status, OutboundMessage.id, OutboundMessage.to)
        .join(OutboundMessage, OutboundMessage.mobiletech_id == StatusReport.mobiletech_id)
        .where(StatusReport.mobiletech_id.in_(mobiletech_ids), StatusReport.applied_at.is_(None))
        .order_by(StatusReport.id)
    )
    for report_id, status, message_id, to in session.execute(statement).all():
        _announce(session, report_id, message_id, to, status)


def apply_statuses(session: Session, outbound_message_id: int) -> OutboundMessage:
    """Fold every report about the message into its state; running it again changes nothing."""
    message = session.get_one(OutboundMessage, outbound_message_id, with_for_update=True)
    reports = StatusReport.mobiletech_id == message.mobiletech_id
    codes = session.execute(select(StatusReport.status).where(reports)).scalars().all()
    folded = fold(codes, message.operator_type)
    message.billing = folded.billing
    message.status = folded.strongest_code
    if folded.conflict and not message.conflict:
        log.error("status_conflict", outbound_id=message.id, codes=sorted(codes))
    message.conflict = folded.conflict
    mark = update(StatusReport).where(reports, StatusReport.applied_at.is_(None)).values(applied_at=db_now())
    for code in session.execute(mark.returning(StatusReport.status)).scalars():
        metrics.count("statuses_total", code=_label(code, message.operator_type))
    return message


def count_orphans(session: Session, *, older_than_seconds: int) -> int:
    """Return how many reports speak of an id that is none of ours and have done so for that long."""
    age = func.make_interval(0, 0, 0, 0, 0, 0, older_than_seconds)
    known = select(OutboundMessage.id).where(OutboundMessage.mobiletech_id == StatusReport.mobiletech_id)
    statement = select(func.count()).where(
        StatusReport.applied_at.is_(None), StatusReport.received_at < db_now() - age, ~known.exists()
    )
    return session.execute(statement).scalar_one()


def _announce(session: Session, report_id: int, message_id: int, to: str, status: str) -> None:
    publish(
        session,
        OUTBOUND_STATUS,
        {"mobiletech_outbound_message_id": message_id, "status": status},
        key=f"status:{report_id}",
        lane=lane_of(to),
    )


def _label(code: str, operator: str) -> str:
    """Return the code for the metrics; what is no code is one label, or a stranger could make a million."""
    return "unknown" if classify(code, operator) is DeliveryStatus.UNKNOWN else code
