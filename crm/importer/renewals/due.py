"""Renewals whose date is past would be charged at once: they come in only if that is confirmed, and are counted.

Asked for last, of what has passed all else: so count and sum are those of just what is charged when it is confirmed,
whether it is or not. What is left out for want of that holds what it has claimed, as if it were in.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal

from sqlalchemy import select

from crm.core.copying import among
from crm.core.errors import N_
from crm.importer.batches import Batch
from crm.importer.due_sums import sum_up
from crm.importer.renewals.references import Resolved
from crm.payments.due import read_due
from crm.payments.models import RecurrentPayment
from crm.subscriptions.models import SubscriptionType


def is_due(batch: Batch, each: Resolved) -> bool:
    """Return whether its date is past."""
    return each.record.charge_at <= batch.context.now


def settle_due(batch: Batch, lines: Mapping[int, Resolved]) -> list[int]:
    """Count what of the renewals, by id, is due; return those that are refused, for nobody has confirmed it."""
    due = {row_id: each for row_id, each in lines.items() if is_due(batch, each)}
    if not due:
        return []
    batch.due_count += len(due)
    batch.due_sums = sum_up([*batch.due_sums.items(), *_list_amounts(batch, due)])
    if batch.context.confirm_due:
        return []
    told = N_(
        "Its date is past, so it would be charged at once: correct the date, or import with --confirm-due once you"
        " have seen how many there are."
    )
    for each in due.values():
        batch.refuse(
            each.number,
            "charge_at",
            "due",
            told,
            value=f"{each.record.charge_at.astimezone(batch.context.zone):%Y-%m-%d %H:%M:%S}",
        )
        batch.hold(each.number)
    return list(due)


def _list_amounts(batch: Batch, ids: Collection[int]) -> list[tuple[str, Decimal]]:
    """Return the currency and the amount of each, as the charges themselves ask."""
    wanted = select(RecurrentPayment).where(among(RecurrentPayment.id, ids))
    rows = batch.session.execute(wanted.execution_options(populate_existing=True)).scalars().all()
    types = {each.id: each for each in batch.session.execute(select(SubscriptionType)).scalars()}
    charges = [due.charge for due in read_due(batch.session, rows, types)]
    return [(charge.currency, charge.amount) for charge in charges]
