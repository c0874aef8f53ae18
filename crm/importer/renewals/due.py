"""Renewals whose date is past would be charged at once: they come in only if that is confirmed, and are counted."""

from crm.core.errors import N_
from crm.importer.batches import Batch
from crm.importer.renewals.references import Resolved


def is_due(batch: Batch, each: Resolved) -> bool:
    """Return whether it would be charged at once."""
    return each.record.charge_at <= batch.context.now


def count_due(batch: Batch, each: Resolved) -> None:
    """Count it, with what it comes to."""
    batch.due_count += 1
    batch.due_amount += each.amount


def refuse_due(batch: Batch, each: Resolved) -> None:
    """Refuse it if it is due and nobody has confirmed that; it is counted all the same, so that people see how many."""
    if is_due(batch, each) and not batch.context.confirm_due:
        count_due(batch, each)
        told = N_(
            "Its date is past, so it would be charged at once: correct the date, or import with --confirm-due once you"
            " have seen how many there are."
        )
        batch.refuse(each.number, "charge_at", "due", told, value=each.record.charge_at.isoformat())
