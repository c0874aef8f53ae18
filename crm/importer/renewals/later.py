"""A renewal follows the last payment of its message: if there is a later one, the old system has charged it already."""

from collections.abc import Sequence

from sqlalchemy import text

from crm.core.copying import array_text, by_indexes
from crm.core.errors import N_
from crm.importer.batches import Batch
from crm.importer.renewals.records import is_open
from crm.importer.renewals.references import PARENT, Resolved
from crm.payments.trials import BEGAN_BY

# Written so that only the index by reader can serve it: those by status and by date would be read for each line.
_LATER = text(f"""
    SELECT wanted.line, coalesce(later.external_id, later.variable_symbol) AS name FROM unnest(
        CAST(CAST(:lines AS text) AS bigint[]), CAST(CAST(:parents AS text) AS bigint[]),
        CAST(CAST(:inbounds AS text) AS text[])
    ) AS wanted (line, parent_id, inbound_id)
    JOIN payments AS parent ON parent.id = wanted.parent_id, LATERAL (
        SELECT payment.external_id, payment.variable_symbol FROM payments AS payment
        JOIN payment_meta AS meta ON meta.payment_id = payment.id AND meta.key = '{BEGAN_BY}'
        WHERE payment.user_id = parent.user_id AND meta.value = wanted.inbound_id
          AND (payment.status = 'paid' AND payment.paid_at > parent.paid_at) IS TRUE
        ORDER BY payment.user_id DESC, payment.id DESC LIMIT 1
    ) AS later
""")  # noqa: S608 - a constant


def refuse_later(batch: Batch, resolved: Sequence[Resolved]) -> None:
    """Refuse what is to be charged though something was paid after the payment that it follows."""
    going = [each for each in resolved if is_open(each.record)]
    if not going:
        return
    values = {
        "lines": array_text(each.number for each in going),
        "parents": array_text(each.parent["id"] for each in going),
        "inbounds": array_text(each.origin.id for each in going),
    }
    named = {each.number: each.record.parent_payment_external_id or "" for each in going}
    told = N_(
        "Payment %(payment)s of this cid was paid after the one that it follows, so the old system has charged it"
        " already: export the renewals anew, after the payments."
    )
    with by_indexes(batch.session):
        found = batch.session.execute(_LATER, values).all()
    for line, name in found:
        batch.refuse(line, PARENT, "later_payment", told, value=named[line], payment=name)
