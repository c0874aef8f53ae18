"""A renewal follows the last payment of its message: if there is a later one, the old system has charged it already.

A later SMS of which nobody knows whether it was billed may be that charge: nothing else is charged for the period.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.copying import array_text, by_indexes
from crm.core.errors import N_
from crm.importer.batches import Batch
from crm.importer.message_statuses import PORTED
from crm.importer.renewals.records import is_open
from crm.importer.renewals.references import PARENT, Resolved
from crm.payments.trials import BEGAN_BY

# Written so that only the index by reader, or by number, can serve it: those by status and by date would be read for
# each line.
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
# Also one that was reported as billed here, until its payment has come in. One that found the number at another
# operator, or of which a person has said that it was not billed, bars nothing.
_IS_OPEN = f"""(message.paid AND message.billing <> 'failed' AND message.import_id IS NOT NULL
    AND message.status IS DISTINCT FROM '{PORTED}' AND message.payment_id IS NULL
    AND message.given_up_at IS NULL AND message.created_at > parent.paid_at) IS TRUE"""
_FIND_OPEN = """
    SELECT wanted.key, max(message.mobiletech_id) AS name FROM ({wanted}) AS wanted
    JOIN payments AS parent ON parent.id = wanted.parent_id, LATERAL (
        SELECT message.mobiletech_id FROM mobiletech_outbound_messages AS message
        WHERE message.user_id = parent.user_id AND {is_open}
        UNION ALL
        SELECT message.mobiletech_id FROM mobiletech_outbound_messages AS message
        WHERE message."to" = wanted.number AND {is_open}
    ) AS message
    GROUP BY wanted.key
"""
_OPEN_OF_LINES = text(
    _FIND_OPEN.format(
        is_open=_IS_OPEN,
        wanted="""SELECT * FROM unnest(
            CAST(CAST(:lines AS text) AS bigint[]), CAST(CAST(:parents AS text) AS bigint[]),
            CAST(CAST(:numbers AS text) AS text[])
        ) AS wanted (key, parent_id, number)""",
    )
)
_OPEN_OF_RENEWALS = text(
    _FIND_OPEN.format(
        is_open=_IS_OPEN,
        wanted="""SELECT row.id AS key, row.period_payment_id AS parent_id, origin."from" AS number
        FROM unnest(CAST(CAST(:ids AS text) AS bigint[])) AS named (id)
        JOIN recurrent_payments AS row ON row.id = named.id
        LEFT JOIN mobiletech_inbound_messages AS origin ON origin.mobiletech_id = row.cid""",
    )
)


def refuse_later(batch: Batch, resolved: Sequence[Resolved]) -> None:
    """Refuse what is to be charged though something was paid, or may yet be, after the payment that it follows."""
    going = [each for each in resolved if is_open(each.record)]
    if not going:
        return
    values = {
        "lines": array_text(each.number for each in going),
        "parents": array_text(each.parent["id"] for each in going),
        "inbounds": array_text(each.origin.id for each in going),
        "numbers": array_text(each.origin.number for each in going),
    }
    named = {each.number: each.record.parent_payment_external_id or "" for each in going}
    with by_indexes(batch.session):
        later = batch.session.execute(_LATER, values).all()
        on_its_way = batch.session.execute(_OPEN_OF_LINES, values).all()
    told = N_(
        "Payment %(payment)s of this cid was paid after the one that it follows, so the old system has charged it"
        " already: export the renewals anew, after the payments."
    )
    for line, name in later:
        batch.refuse(line, PARENT, "later_payment", told, value=named[line], payment=name)
    told = N_(
        "SMS %(mobiletech_id)s may have charged it after the payment that it follows, and nobody knows: import that"
        " SMS anew with its status, and its payment if it was billed, or export the renewals anew."
    )
    for line, name in on_its_way:
        batch.refuse(line, PARENT, "charge_open", told, value=named[line], mobiletech_id=name)


def list_open_charges(session: Session, renewal_ids: Collection[int]) -> list[int]:
    """Return the renewals here that an old SMS may have charged: one that came in before that SMS is charged by us."""
    found = session.execute(_OPEN_OF_RENEWALS, {"ids": array_text(renewal_ids)})
    return [row.key for row in found]
