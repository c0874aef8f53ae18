"""The invariants of the money: what is paid is billed, what is billed is paid, and every renewal goes on.

They look 31 days back by an index of a date: older rows change no more, and a scan of ten million each ten
minutes would slow down what it watches; three days for items, which are written once. What is open (form,
pending, due) is looked at whole. Nothing asks for two open renewals of a chain, two payments of a try or two live
SMS of a payment: unique indexes forbid them. Source: reliability.md 6.

What an import brought was not proved and not renewed here, so nobody asks for that: `crm import check` has rules of its
own. All that holds of imported rows as well (a subscription for each, items that sum up, prices) is asked of them too.
"""

from crm.audit.kinds import Invariant
from crm.core.errors import N_
from crm.payments.due import IS_OPEN, OLD_IS_OPEN

INVARIANTS = (
    Invariant(
        "paid_without_subscription",
        N_("Every paid payment of a type that gives a subscription has one."),
        """SELECT payment.id FROM payments AS payment
           JOIN subscription_types AS type ON type.id = payment.subscription_type_id
           WHERE payment.paid_at > crm_now() - interval '31 days' AND payment.status = 'paid'
             AND payment.subscription_id IS NULL AND NOT type.no_subscription""",
    ),
    Invariant(
        "subscription_without_payment",
        N_("Every paid subscription has a payment that was paid."),
        """SELECT subscription.id FROM subscriptions AS subscription
           WHERE subscription.created_at > crm_now() - interval '31 days' AND subscription.is_paid AND NOT EXISTS (
               SELECT 1 FROM payments WHERE payments.subscription_id = subscription.id
                 AND payments.status IN ('paid', 'refund', 'imported', 'prepaid'))""",
    ),
    Invariant(
        "paid_without_proof",
        N_("Every payment that was paid by SMS has an SMS that was billed, or a person's decision."),
        """SELECT payment.id FROM payments AS payment
           WHERE payment.paid_at > crm_now() - interval '31 days' AND payment.status = 'paid'
             AND payment.import_id IS NULL AND payment.payment_gateway_id IN
               (SELECT id FROM payment_gateways WHERE code LIKE 'mobiletech%')
             AND NOT EXISTS (
               SELECT 1 FROM mobiletech_outbound_messages AS message
               LEFT JOIN sms_settled_outcomes AS settled ON settled.outbound_message_id = message.id
               WHERE message.payment_id = payment.id
                 AND (message.billing = 'billed' OR settled.decision = 'billed'))""",
    ),
    Invariant(
        "billed_without_payment",
        N_("Every SMS of a payment that was billed has paid it."),
        """SELECT message.id, payment.id AS payment_id, payment.status
           FROM mobiletech_outbound_messages AS message JOIN payments AS payment ON payment.id = message.payment_id
           WHERE message.created_at > crm_now() - interval '31 days'
             AND message.state = 'accepted' AND message.billing = 'billed'
             AND payment.status NOT IN ('paid', 'refund') AND NOT EXISTS (
               SELECT 1 FROM outbox WHERE outbox.state = 'ready'
                 AND outbox.payload ->> 'mobiletech_outbound_message_id' = message.id::text)""",
    ),
    Invariant(
        "paid_without_renewal",
        N_("Every payment by which a reader is charged again has a renewal."),
        """SELECT payment.id FROM payments AS payment
           JOIN payment_gateways AS gateway ON gateway.id = payment.payment_gateway_id
           WHERE payment.paid_at > crm_now() - interval '31 days' AND payment.status = 'paid' AND gateway.is_recurrent
             AND payment.import_id IS NULL
             AND NOT EXISTS (SELECT 1 FROM recurrent_payments AS row WHERE row.parent_payment_id = payment.id)
             AND NOT EXISTS (SELECT 1 FROM recurrent_payments AS row WHERE row.payment_id = payment.id)""",
    ),
    Invariant(
        "renewal_without_successor",
        N_("After every renewal that was charged, failed or gave way another one is planned."),
        """SELECT row.id, row.state FROM recurrent_payments AS row
           WHERE row.state IN ('charged', 'charge_failed', 'system_stop')
             AND row.updated_at > crm_now() - interval '31 days'
             AND (row.import_id IS NULL OR EXISTS (  -- one that was imported, and charged here
               SELECT 1 FROM payments WHERE payments.id = row.payment_id AND payments.import_id IS NULL))
             AND (row.state <> 'system_stop' OR row.note LIKE 'A later report shows that the period is paid;%')
             AND NOT EXISTS (SELECT 1 FROM recurrent_payments AS later
                             WHERE later.payment_method_id = row.payment_method_id AND later.id > row.id)""",
    ),
    Invariant(
        "retry_though_paid",
        N_("No charge is tried again for a period that is paid."),
        """SELECT row.id FROM recurrent_payments AS row
           WHERE row.state = 'active' AND row.attempt > 0 AND EXISTS (
               SELECT 1 FROM recurrent_payments AS other
               WHERE other.period_payment_id = row.period_payment_id AND other.state = 'charged'
                 AND other.payment_method_id = row.payment_method_id)""",
    ),
    Invariant(
        "charged_too_early",
        N_("No renewal is charged before four fifths of the period that was paid are over."),
        """SELECT row.id, payment.id AS payment_id FROM recurrent_payments AS row
           JOIN payments AS payment ON payment.id = row.payment_id
           JOIN payments AS former ON former.id = row.period_payment_id
           JOIN subscription_types AS type ON type.id = former.subscription_type_id
           LEFT JOIN subscriptions AS subscription ON subscription.id = former.subscription_id
           WHERE row.created_at > crm_now() - interval '31 days' AND payment.import_id IS NULL AND payment.created_at
             < former.paid_at + 0.8 * coalesce(subscription.length, type.length) * interval '1 day'""",
    ),
    Invariant(
        "pending_without_charge",
        N_("Every renewal that is on its way has a payment that waits for its outcome."),
        """SELECT row.id, payment.status FROM recurrent_payments AS row
           JOIN payments AS payment ON payment.id = row.payment_id
           WHERE row.state = 'pending' AND payment.status <> 'form'""",
    ),
    Invariant(
        "charge_without_renewal",
        N_("Every charge that waits for its outcome belongs to a renewal that is on its way."),
        """SELECT payment.id, row.state FROM payments AS payment
           LEFT JOIN recurrent_payments AS row ON row.payment_id = payment.id
           WHERE payment.status = 'form' AND payment.recurrent_charge AND row.state IS DISTINCT FROM 'pending'""",
    ),
    Invariant(
        "payment_waits_for_nothing",
        N_("Every payment by SMS that waits for its outcome has an SMS that may still decide it."),
        """SELECT payment.id FROM payments AS payment
           WHERE payment.status = 'form' AND payment.payment_gateway_id IN
               (SELECT id FROM payment_gateways WHERE code LIKE 'mobiletech%')
             AND NOT EXISTS (
               SELECT 1 FROM mobiletech_outbound_messages AS message
               WHERE message.payment_id = payment.id AND message.resent_as IS NULL
                 AND (message.state IN ('queued', 'sending', 'held', 'unknown')
                      OR (message.state = 'accepted' AND message.billing = 'none')
                      OR EXISTS (
                        SELECT 1 FROM outbox WHERE outbox.state = 'ready'
                          AND outbox.payload ->> 'mobiletech_outbound_message_id' = message.id::text)))""",
    ),
    Invariant(
        "payment_waits_too_long",
        N_("No payment waits for more than three days for an SMS that nothing was reported about."),
        """SELECT payment.id, message.id AS outbound_id FROM payments AS payment
           JOIN mobiletech_outbound_messages AS message ON message.payment_id = payment.id
           WHERE payment.status = 'form' AND message.state = 'accepted' AND message.status IS NULL
             AND message.resent_as IS NULL AND message.sent_at < crm_now() - interval '3 days'""",
    ),
    Invariant(
        "key_of_another_price",
        N_("Every SMS of a payment was sent on a key of just that price."),
        """SELECT message.id, message.billkey, key.price, payment.amount
           FROM mobiletech_outbound_messages AS message
           JOIN payments AS payment ON payment.id = message.payment_id
           JOIN billkeys AS key ON key.code = message.billkey
           WHERE message.created_at > crm_now() - interval '31 days' AND message.created_at >= key.updated_at
             AND (key.price, key.currency) <> (payment.amount, payment.currency)""",
    ),
    Invariant(
        "items_differ",
        N_("The items of every payment sum up to its amount."),
        """SELECT payment.id, payment.amount, items.total FROM payments AS payment,
             LATERAL (SELECT coalesce(sum(item.amount * item.count), 0) AS total FROM payment_items AS item
                      WHERE item.payment_id = payment.id) AS items
           WHERE payment.created_at > crm_now() - interval '3 days' AND items.total <> payment.amount
             AND payment.status NOT IN ('imported', 'prepaid')""",
    ),
    Invariant(
        "sums_differ",
        N_("What was paid is what was billed, for each day and each key."),
        """WITH proof AS (
               SELECT DISTINCT ON (message.payment_id) message.payment_id, message.billkey, key.price
               FROM mobiletech_outbound_messages AS message JOIN billkeys AS key ON key.code = message.billkey
               WHERE message.created_at > crm_now() - interval '31 days' AND message.created_at >= key.updated_at
                 AND message.state = 'accepted' AND message.billing = 'billed' AND message.payment_id IS NOT NULL
               ORDER BY message.payment_id, message.id)
           SELECT payment.paid_at::date AS day, proof.billkey, sum(payment.amount) AS paid, sum(proof.price) AS billed
           FROM proof JOIN payments AS payment ON payment.id = proof.payment_id
           WHERE payment.status = 'paid'
           GROUP BY day, proof.billkey HAVING sum(payment.amount) <> sum(proof.price)""",
    ),
    Invariant(
        "renewals_overdue",
        N_(
            "Nothing is due for more than a quarter of an hour: renewals are charged, or a person holds them."
        ),
        """SELECT id, charge_at FROM recurrent_payments
           WHERE state = 'active' AND paused_at IS NULL AND charge_at < crm_now() - interval '15 minutes'
             AND NOT EXISTS (SELECT 1 FROM charging_state WHERE held_at IS NOT NULL)
             AND NOT EXISTS (SELECT 1 FROM configs WHERE name = 'recurrent_max_charges_per_hour' AND value <> '0')
           ORDER BY charge_at""",
    ),
    Invariant(
        "renewal_waits_too_long",
        N_("No renewal waits for more than three days for another SMS that may have charged it."),
        f"""SELECT row.id, row.charge_at FROM recurrent_payments AS row
            JOIN payments AS period ON period.id = row.period_payment_id
            JOIN subscription_types AS type ON type.id = row.subscription_type_id
            LEFT JOIN subscriptions AS subscription ON subscription.id = period.subscription_id
            WHERE row.state = 'active' AND row.paused_at IS NULL AND row.approval IN ('{IS_OPEN}', '{OLD_IS_OPEN}')
              AND row.charge_at < crm_now() + interval '1 hour'
              AND coalesce(subscription.end_time, period.paid_at + type.length * interval '1 day')
                  < crm_now() - interval '3 days'""",  # noqa: S608 - constants
    ),
)

# A try that was reported as failed and billed later: the reader was charged twice, and has two periods for it. A
# second try of a period exists only because the first was reported as failed, so it is no fault of ours.
REMARKS = (
    Invariant(
        "period_charged_twice",
        "Renewals within 31 days that were billed although they were reported as failed, and tried again.",
        """SELECT row.id, row.payment_id, row.user_id FROM recurrent_payments AS row
           WHERE row.state = 'charged' AND row.updated_at > crm_now() - interval '31 days' AND EXISTS (
               SELECT 1 FROM recurrent_payments AS other
               WHERE other.period_payment_id = row.period_payment_id AND other.state = 'charged'
                 AND other.payment_method_id = row.payment_method_id AND other.id < row.id)
           ORDER BY row.id DESC""",
    ),
)
