"""Which payment each imported message charged: what was billed has one, and no other message charged it."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import text

from crm.core.errors import N_
from crm.importer.batches import Batch
from crm.importer.columns import Line
from crm.importer.message_rules import Resolved, Row, S, payment_column, refuse
from crm.importer.message_statuses import Told
from crm.mobiletech.models import LIVE
from crm.mobiletech.wire.delivery_status import Billing

# Which payments have a message that charged them, or may yet; what this import itself has brought is claimed.
_HAVE_MESSAGE = text(f"""
    SELECT payment_id, mobiletech_id FROM mobiletech_outbound_messages
    WHERE payment_id = ANY(:ids) AND payment_id IS NOT NULL AND {LIVE} AND import_id IS DISTINCT FROM :import_id
""")  # noqa: S608 - put together from constants


def refuse_unpaid(
    batch: Batch,
    lines: Sequence[Line[S]],
    known: Mapping[int, Row],
    resolved: Mapping[int, Resolved],
    statuses: Mapping[int, Told],
) -> None:
    """Refuse a message that took money of a reader and does not say for which payment."""
    for line in lines:
        named, record = resolved.get(line.number), line.record
        names_payment = bool(record.payment_external_id or record.payment_variable_symbol)
        has_payment = known.get(line.number, {}).get("payment_id") is not None
        if named is None or not named.is_paid or names_payment or has_payment:
            continue
        if statuses[line.number].billing is Billing.BILLED:
            told = N_(
                "It was billed, so it has a payment: import the payment first and name it here, or leave the message"
                " out."
            )
            refuse(batch, line, "payment_external_id", "payment_missing", told)


def find_charged(
    batch: Batch, lines: Sequence[Line[S]], resolved: Mapping[int, Resolved], statuses: Mapping[int, Told]
) -> Callable[[Line[S]], int | None]:
    """Return which payment a line has charged, or may have; such a payment has one message, failed ones may be several.

    Lines whose payment has a message here are refused; those of the file are parted by a claim.
    """
    charged = {
        line.number: payment
        for line in batch.open(lines)
        if (payment := resolved[line.number].payment) is not None
        and statuses[line.number].billing is not Billing.FAILED
    }
    values = {"ids": [row["id"] for row in charged.values()], "import_id": batch.context.import_id}
    holders = {row[0]: row[1] for row in batch.session.execute(_HAVE_MESSAGE, values)}
    for line in batch.open(lines):
        payment = charged.get(line.number)
        holder = holders.get(payment["id"]) if payment is not None else None
        if holder not in (None, line.record.mobiletech_id):
            told = N_("The payment was charged by the message %(mobiletech_id)s already.")
            column = payment_column(line.record)
            refuse(batch, line, column, "payment_has_message", told, mobiletech_id=holder)

    return lambda line: charged[line.number]["id"] if line.number in charged else None
