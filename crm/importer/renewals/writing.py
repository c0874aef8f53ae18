"""Write renewals: new ones at once, and what the file has changed of those that still wait as they came.

A row that waits as it came has one moment as `created_at` and `updated_at`; whoever touches it later moves the second.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text, update

from crm.core.business_settings import get_setting
from crm.core.copying import among, array_text, copy_rows, take_ids
from crm.core.errors import Said
from crm.importer.batches import Batch, differing
from crm.importer.models import ImportStop
from crm.importer.payment_methods import Method, make_methods
from crm.importer.renewals.here import Row
from crm.importer.renewals.references import Resolved, own_gateway
from crm.payments.models import RecurrentPayment
from crm.payments.retry_rules import read_schedule
from crm.payments.statuses import RecurrentState
from crm.sms_billing.reader_stops import NOTE as WROTE_STOP

TABLE = "recurrent_payments"
# What the file may still change of a renewal that waits here as it came, and the column that must be in it.
CHANGEABLE = {
    "charge_at": "charge_at",
    "expires_at": "expires_at",
    "retries": "retries",
    "custom_amount": "custom_amount",
    "next_subscription_type_id": "next_subscription_type",
    "external_id": "external_id",
}
_READ_METHODS = text("""
    SELECT method.user_id, method.external_token, method.id FROM unnest(
        CAST(CAST(:users AS text) AS bigint[]), CAST(CAST(:tokens AS text) AS text[])
    ) AS wanted (user_id, token), LATERAL (
        SELECT * FROM payment_methods WHERE user_id = wanted.user_id AND payment_gateway_id = :gateway
          AND external_token = wanted.token OFFSET 0
    ) AS method
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A line that comes in, and as what: the file's state, or `user_stop` with a note for who wrote STOP to us."""

    resolved: Resolved
    state: str
    note: str | None

    @property
    def is_active(self) -> bool:
        """Whether it is to be charged."""
        return self.state == RecurrentState.ACTIVE


def insert(batch: Batch, decided: Sequence[Decided]) -> dict[int, Decided]:
    """Add new rows, and return them by their ids.

    Whoever reads a chain takes the highest id for the newest row: what is planned comes after what is over.
    """
    ordered = sorted(decided, key=lambda each: (each.is_active, each.resolved.record.charge_at))
    if not ordered:
        return {}
    gateway, methods = own_gateway(batch), _find_or_make_methods(batch, ordered)
    retries = default_retries(batch)
    ids = take_ids(batch.session, TABLE, len(ordered))
    rows = [
        {
            "id": row_id,
            "payment_method_id": methods[each.resolved.user_id, each.resolved.record.cid],
            "payment_gateway_id": gateway,
            **_values(batch, each, retries),
        }
        for row_id, each in zip(ids, ordered, strict=True)
    ]
    copy_rows(batch.session, TABLE, tuple(rows[0]), (tuple(row.values()) for row in rows))
    return dict(zip(ids, ordered, strict=True))


def list_active(batch: Batch, row_ids: Collection[int]) -> list[int]:
    """Return those of new rows that nothing has stopped since they were written."""
    if not row_ids:
        return []
    active = select(RecurrentPayment.id).where(
        among(RecurrentPayment.id, row_ids), RecurrentPayment.state == RecurrentState.ACTIVE
    )
    return list(batch.session.execute(active).scalars())


def take_out(batch: Batch, row_ids: Collection[int]) -> None:
    """Delete new rows whose lines are refused after all."""
    if row_ids:
        gone = delete(RecurrentPayment).where(among(RecurrentPayment.id, row_ids))
        batch.session.execute(gone, execution_options={"synchronize_session": False})


def stop_for_readers(batch: Batch, stops: Mapping[int, int]) -> None:
    """Stop new rows, by id, whose readers wrote STOP, by the id of that SMS."""
    now = batch.context.now
    _update(
        batch,
        [
            {
                "id": row_id,
                "state": RecurrentState.USER_STOP,
                "note": str(Said(WROTE_STOP, id=inbound_id)),
                "updated_at": now,
            }
            for row_id, inbound_id in stops.items()
        ],
    )


def find_changes(batch: Batch, each: Resolved, row: Row, most_retries: int) -> dict[str, Any]:
    """Return what the file says otherwise of a renewal that waits here as it came; never its state.

    An empty cell says nothing, so it takes nothing away.
    """
    record, given = each.record, batch.context.given
    wanted = {
        "charge_at": record.charge_at,
        "expires_at": record.expires_at,
        "retries": None if record.retries is None else min(record.retries, most_retries),
        "custom_amount": record.custom_amount,
        "next_subscription_type_id": each.next_kind.id if each.next_kind else None,
        "external_id": record.external_id,
    }
    said = {
        name: wanted[name]
        for name, column in CHANGEABLE.items()
        if column in given and wanted[name] is not None
    }
    changes = differing(row, said)
    if "charge_at" in changes:
        changes |= {"noticed_at": None, "notice": None}  # the reader has to hear of the other day
    return changes


def change(batch: Batch, changes: Sequence[tuple[Row, Mapping[str, Any]]]) -> None:
    """Write changes of renewals that go on waiting: each is still as it came."""
    _update(
        batch, [{"id": row["id"], **changed, "updated_at": row["created_at"]} for row, changed in changes]
    )


def close(batch: Batch, closed: Sequence[tuple[Resolved, Row]]) -> None:
    """Let renewals that waited here as they came be over, as the old system now says."""
    if closed:
        _update(batch, [_closed(batch, each, row) for each, row in closed])
        ids = [row["id"] for _, row in closed]
        batch.session.execute(delete(ImportStop).where(among(ImportStop.recurrent_payment_id, ids)))


def default_retries(batch: Batch) -> int:
    """Return how often a charge is tried again by the settings."""
    charges = get_setting(batch.session, "recurrent_payment_charges")
    return read_schedule(charges, get_setting(batch.session, "recurrent_payment_gateway_fail_delay")).retries


def _update(batch: Batch, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, each with its id and what changes of it."""
    if rows:
        batch.session.execute(update(RecurrentPayment), list(rows))


def _closed(batch: Batch, each: Resolved, row: Row) -> dict[str, Any]:
    record = each.record
    return {
        "id": row["id"],
        "state": record.state,
        "payment_id": each.payment["id"] if each.payment else None,
        "status": record.status,
        "approval": record.approval,
        "note": record.note,
        "charge_at": record.charge_at,
        "updated_at": _ended_at(each) or batch.context.now,
    }


def _values(batch: Batch, each: Decided, retries: int) -> dict[str, Any]:
    resolved, record = each.resolved, each.resolved.record
    created_at: datetime = record.created_at or resolved.parent["paid_at"]
    ended_at = None if each.is_active else _ended_at(resolved) or _guessed_end(batch, each, created_at)
    return {
        "cid": record.cid,
        "user_id": resolved.user_id,
        "subscription_type_id": resolved.kind.id,
        "next_subscription_type_id": resolved.next_kind.id if resolved.next_kind else None,
        "parent_payment_id": resolved.parent["id"],
        "period_payment_id": resolved.parent["id"],
        "payment_id": resolved.payment["id"] if resolved.payment else None,
        "charge_at": record.charge_at,
        "expires_at": record.expires_at,
        "attempt": 0,
        "retries": retries if record.retries is None else min(record.retries, retries),
        "state": str(each.state),
        "status": record.status,
        "approval": record.approval,
        "custom_amount": record.custom_amount,
        "note": each.note,
        "external_id": record.external_id,
        "import_id": batch.context.import_id,
        "created_at": created_at,
        "updated_at": ended_at or created_at,
    }


def _ended_at(each: Resolved) -> datetime | None:
    """Return when one that is over ended: a charged one when it was paid."""
    return each.payment["paid_at"] if each.payment else each.record.updated_at


def _guessed_end(batch: Batch, each: Decided, created_at: datetime) -> datetime:
    """What the old system ended, who knows when, is no news of today; what the reader stopped here is."""
    is_news = each.state != each.resolved.record.state
    return batch.context.now if is_news else min(created_at, batch.context.now)


def _find_or_make_methods(batch: Batch, decided: Sequence[Decided]) -> Mapping[tuple[int, str], int]:
    gateway, now = own_gateway(batch), batch.context.now
    pairs = [(each.resolved.user_id, each.resolved.record.cid) for each in decided]
    make_methods(batch.session, [Method(user_id, gateway, token, now) for user_id, token in pairs])
    users, tokens = map(array_text, zip(*pairs, strict=True))
    found = batch.session.execute(_READ_METHODS, {"users": users, "tokens": tokens, "gateway": gateway})
    return {(row[0], row[1]): row[2] for row in found}
