"""How much of its trial has a renewal used, and what is it charged as: one question, asked by charges and by lists.

What was paid in a chain are the first payment, that of each charged row, and what was imported of it: an old system
may have charged many periods of which it exports only the renewal that comes next. Each payment counts once.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

# The meta that the payments of a chain share: the reader's message by which it began (interface.md 6).
BEGAN_BY = "mobiletech_inbound_message_id"
# Of `row`, a renewal, and `wanted`, the type that it names.
PERIODS_USED = f"""(
    SELECT count(*) FROM (
        SELECT charged.payment_id AS id FROM recurrent_payments AS charged
        WHERE charged.payment_method_id = row.payment_method_id AND charged.state = 'charged'
        UNION (
            SELECT first.parent_payment_id FROM recurrent_payments AS first
            WHERE first.payment_method_id = row.payment_method_id ORDER BY first.id LIMIT 1)
        UNION
        SELECT imported.id FROM payment_meta AS began
        JOIN payments AS imported ON imported.user_id = row.user_id
        JOIN payment_meta AS same
          ON same.payment_id = imported.id AND same.key = began.key AND same.value = began.value
        WHERE began.payment_id = row.period_payment_id AND began.key = '{BEGAN_BY}'
          AND imported.import_id IS NOT NULL AND imported.status IN ('paid', 'refund')
    ) AS used JOIN payments AS payment ON payment.id = used.id WHERE payment.subscription_type_id = wanted.id
)"""  # noqa: S608 - constants alone
# The id of the type that is charged next: next_charge.find_next_type_id, for statements.
CHARGED_TYPE = f"""CASE
    WHEN wanted.next_subscription_type_id IS NULL OR wanted.trial_periods = 0 THEN wanted.id
    WHEN {PERIODS_USED} >= coalesce(wanted.trial_periods, 1) THEN wanted.next_subscription_type_id
    ELSE wanted.id END"""
_READ_USED = text(f"""
    SELECT row.id, {PERIODS_USED} AS periods FROM recurrent_payments AS row
    JOIN subscription_types AS wanted ON wanted.id = coalesce(row.next_subscription_type_id, row.subscription_type_id)
    WHERE row.id = ANY(CAST(:ids AS bigint[]))
""")  # noqa: S608 - constants alone


def read_periods_used(session: Session, renewal_ids: Collection[int]) -> Mapping[int, int]:
    """Return, by renewal, how many periods of the type that it names were paid in its chain."""
    if not renewal_ids:
        return {}
    return {row.id: row.periods for row in session.execute(_READ_USED, {"ids": list(renewal_ids)})}
