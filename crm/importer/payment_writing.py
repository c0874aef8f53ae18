"""Write imported payments and all that hangs on each: items, metas, the way to pay again, the subscription.

A handful of COPYs however many there are. Nothing is told to anybody: the subscription is written in the state that
its dates give it now, so that one that is over never ends once more.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from crm.core.copying import copy_rows, take_ids
from crm.importer.batches import Batch
from crm.importer.payment_methods import Method, make_methods
from crm.importer.payment_rules import PaidRecord, Resolved
from crm.payments.figures.keeping import forget_days
from crm.payments.items import fit
from crm.payments.making import read_items
from crm.payments.statuses import PaymentStatus
from crm.subscriptions.extension import Extension
from crm.subscriptions.lifecycle import link_following, lock_readers
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.periods import Period, Terms, Wish, period_of
from crm.subscriptions.statuses import Kind, status_at


class WrittenRecord(PaidRecord, Protocol):
    """A record with all that is stored of a payment."""

    @property
    def note(self) -> str | None: ...
    @property
    def ip(self) -> str | None: ...
    @property
    def user_agent(self) -> str | None: ...
    @property
    def referer(self) -> str | None: ...
    @property
    def additional_amount(self) -> Decimal | None: ...
    @property
    def additional_type(self) -> str | None: ...


Row = tuple[WrittenRecord, Resolved]

PAYMENT_COLUMNS = (
    "id", "variable_symbol", "amount", "currency", "additional_amount", "additional_type", "payment_gateway_id",
    "subscription_id", "subscription_type_id", "user_id", "status", "referer", "paid_at", "note", "ip", "user_agent",
    "subscription_start_at", "subscription_end_at", "recurrent_charge", "external_id", "import_id", "created_at",
    "modified_at",
)  # fmt: skip
SUBSCRIPTION_COLUMNS = (
    "id", "user_id", "subscription_type_id", "type", "is_recurrent", "is_paid", "start_time", "end_time", "length",
    "internal_status", "created_at", "updated_at",
)  # fmt: skip
ITEM_COLUMNS = (
    "payment_id", "subscription_type_id", "subscription_type_item_id", "name", "amount", "amount_without_vat", "vat",
    "created_at", "updated_at",
)  # fmt: skip

NO_ADDRESS = "cli"  # as of all that nobody's browser began


def write_payments(batch: Batch, rows: Sequence[Row]) -> None:
    """Write payments of which nothing is here yet, the earliest first."""
    if not rows:
        return
    ordered = sorted(rows, key=lambda row: row[0].paid_at)
    users = {named.user_id for _, named in ordered}
    lock_readers(batch.session, users)  # a live payment of one of them waits, and sees what was written
    subscriptions, since = _write_subscriptions(batch, ordered, users)
    ids = take_ids(batch.session, "payments", len(ordered))
    stored = (
        _stored(batch, payment_id, row, subscription_id)
        for payment_id, row, subscription_id in zip(ids, ordered, subscriptions, strict=True)
    )
    copy_rows(batch.session, "payments", PAYMENT_COLUMNS, stored)
    _write_items(batch, ids, ordered)
    metas = (
        (payment_id, key, value)
        for payment_id, (_, named) in zip(ids, ordered, strict=True)
        for key, value in named.metas.as_metas().items()
    )
    copy_rows(batch.session, "payment_meta", ("payment_id", "key", "value"), metas)
    _write_methods(batch, ordered)
    forget_days(batch.session, min(since, ordered[0][0].paid_at))


def _stored(batch: Batch, payment_id: int, row: Row, subscription_id: int | None) -> tuple[object, ...]:
    record, named = row
    return (
        payment_id, record.variable_symbol, record.amount, record.currency, record.additional_amount or Decimal(0),
        record.additional_type, named.gateway_id, subscription_id, named.type.id, named.user_id,
        str(PaymentStatus.PAID), record.referer, record.paid_at, record.note, record.ip or NO_ADDRESS,
        record.user_agent or "", record.subscription_start_at, record.subscription_end_at, record.recurrent_charge,
        record.external_id, batch.context.import_id, record.created_at or record.paid_at, batch.context.now,
    )  # fmt: skip


def _write_subscriptions(
    batch: Batch, rows: Sequence[Row], users: Iterable[int]
) -> tuple[list[int | None], datetime]:
    """Write the subscriptions that were paid for; return their ids, None for a type without, and the first moment."""
    period_of_row = _periods(batch)
    ids = iter(
        take_ids(batch.session, "subscriptions", sum(not named.type.no_subscription for _, named in rows))
    )
    written: list[tuple[object, ...]] = []
    placed: list[int | None] = []
    since = batch.context.now
    for record, named in rows:
        if named.type.no_subscription:
            placed.append(None)
            continue
        period, subscription_id = period_of_row(record, named.type), next(ids)
        status = status_at(batch.context.now, period.start, period.end)
        written.append((
            subscription_id, named.user_id, named.type.id, str(Kind.REGULAR), named.is_recurrent, True,
            period.start, period.end, period.days, str(status), record.paid_at, batch.context.now,
        ))  # fmt: skip
        placed.append(subscription_id)
        since = min(since, period.start)
    copy_rows(batch.session, "subscriptions", SUBSCRIPTION_COLUMNS, written)
    if written:
        link_following(batch.session, list(users), since=since)
    return placed, since


def _periods(batch: Batch) -> Callable[[PaidRecord, SubscriptionType], Period]:
    """Return what finds the period that a payment paid for: as the file says it, else from the day of paying."""
    terms: dict[int, Terms] = {}

    def find(record: PaidRecord, kind: SubscriptionType) -> Period:
        if kind.id not in terms:
            terms[kind.id] = Terms(
                length_method=kind.length_method,
                length=kind.length,
                fixed_start=kind.fixed_start,
                fixed_end=kind.fixed_end,
            )
        wish = Wish(start=record.subscription_start_at, end=record.subscription_end_at)
        paid = Extension(start=record.paid_at, is_extending=False, is_after_another=False)
        return period_of(terms[kind.id], wish, paid, now=record.paid_at, zone=batch.context.zone)

    return find


def _write_items(batch: Batch, ids: Sequence[int], rows: Sequence[Row]) -> None:
    parts = read_items(batch.session, {named.type.id: named.type for _, named in rows}.values())
    fitted: dict[tuple[int, Decimal], list[tuple[object, ...]]] = {}

    def list_items() -> Iterable[tuple[object, ...]]:
        for payment_id, (record, named) in zip(ids, rows, strict=True):
            at: datetime = record.created_at or record.paid_at
            key = (named.type.id, record.amount)
            if key not in fitted:
                fitted[key] = [
                    (
                        item.subscription_type_id,
                        item.subscription_type_item_id,
                        item.name,
                        item.amount,
                        item.amount_without_vat,
                        item.vat,
                    )
                    for item in fit(parts[named.type.id], record.amount)
                ]
            for item in fitted[key]:
                yield (payment_id, *item, at, batch.context.now)

    copy_rows(batch.session, "payment_items", ITEM_COLUMNS, list_items())


def _write_methods(batch: Batch, rows: Sequence[Row]) -> None:
    """Write by what the readers are charged again."""
    again = (
        Method(named.user_id, named.gateway_id, record.cid, record.paid_at)
        for record, named in rows
        if named.is_recurrent
    )
    make_methods(batch.session, list(again))
