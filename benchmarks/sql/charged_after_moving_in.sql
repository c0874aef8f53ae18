-- What is wrong after the renewals that were due have been charged: each due one once, on its key, at its price,
-- to its number, and nobody else. Readers are numbered by their id in the old system; one of :due_each was due.
WITH reader AS (
    SELECT person.id, (CAST(person.external_id AS int) - 1) %% %(due_each)s = 0 AS is_due,
           '+421' || substr(phone.phone_number, 2) AS number
    FROM users AS person JOIN mobiletech_phone_numbers AS phone ON phone.user_id = person.id
    WHERE person.external_id IS NOT NULL
), charged AS (
    SELECT payment.user_id, payment.id, payment.amount, payment.currency, payment.status
    FROM payments AS payment WHERE payment.import_id IS NULL
), sent AS (
    SELECT message.payment_id, message.billkey, message."to", message.paid, message.billing
    FROM mobiletech_outbound_messages AS message WHERE message.import_id IS NULL AND message.paid
)
SELECT count(*) FROM reader WHERE
    (SELECT count(*) FROM charged WHERE charged.user_id = reader.id) <> CAST(is_due AS int)
    OR (SELECT count(*) FROM charged JOIN sent ON sent.payment_id = charged.id
        WHERE charged.user_id = reader.id AND charged.status = 'paid' AND charged.amount = 4.90
          AND charged.currency = 'EUR' AND sent.billkey = 'MV49' AND sent."to" = reader.number
          AND sent.billing = 'billed') <> CAST(is_due AS int)
    OR (SELECT count(*) FROM recurrent_payments AS row
        WHERE row.user_id = reader.id AND row.state = 'active' AND row.charge_at > crm_now()) <> 1
