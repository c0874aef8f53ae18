-- All rows of one renewal that is charged, sent, reported and paid, in one transaction.
\set id random(1, 9000000000000000000)
\set number random(1000000, 9999999)
BEGIN;
INSERT INTO payments (key, variable_symbol, amount, payment_gateway_id, subscription_type_id, user_id, recurrent_charge)
VALUES ('charge:' || :id::text, :id::text, 4.99, :gateway, :type, 1, true) RETURNING id AS payment \gset
INSERT INTO payment_items (payment_id, subscription_type_id, name, amount, amount_without_vat, vat)
VALUES (:payment, :type, 'month', 4.99, 4.99, 0);
INSERT INTO payment_meta (payment_id, key, value)
VALUES (:payment, 'mobiletech_billkey', 'AA99'), (:payment, 'mobiletech_inbound_message_id', '1'),
       (:payment, 'mobiletech_template_code', 'renewal'), (:payment, 'mobiletech_template_params', '{}');
INSERT INTO mobiletech_outbound_messages
    (key, user_id, payment_id, charges_for, mobiletech_template_id, template_version, purpose, paid, serv_id, "from", "to",
     billkey, content, content_length, encoding, parts, expiration, operator_type)
VALUES ('pay:' || :payment::text, 1, :payment, 'period ' || :id::text, :template, 1, 'paid', true, '1703', '8877',
        '+42190' || :number::text, 'AA99', 'Mesacne, 4,99 EUR/mesiac. Zrusit: STOP na 8877', 47, 'gsm7', 1, 600, 'O')
RETURNING id AS outbound \gset
INSERT INTO mobiletech_message_words (kind, message_id, at, words)
VALUES (3, :outbound, crm_now(), crm_words('Mesacne, 4,99 EUR/mesiac. Zrusit: STOP na 8877', crm_now()));
INSERT INTO payment_logs (payment_id, status, message, source_url) VALUES (:payment, 'OK', '', 'recurring-payment-automatic-charge');
INSERT INTO outbox (key, event, payload, lane) VALUES ('send:' || :outbound::text, 'mobiletech-send', '{}', '090' || :number::text)
RETURNING id AS sending \gset
UPDATE mobiletech_outbound_messages SET state = 'sending', sending_at = crm_now(), attempts = 1 WHERE id = :outbound;
UPDATE outbox SET available_at = crm_now() + interval '60 seconds' WHERE id = :sending;
UPDATE mobiletech_outbound_messages SET state = 'accepted', mobiletech_id = 'mock-' || :id::text, sent_at = crm_now() WHERE id = :outbound;
INSERT INTO mobiletech_send_attempts (outbound_message_id, outcome, detail, took_ms) VALUES (:outbound, 'accepted', 'taken', 0);
INSERT INTO mobiletech_status_log (mobiletech_id, status) VALUES ('mock-' || :id::text, 'D1') RETURNING id AS report \gset
INSERT INTO outbox (key, event, payload, lane) VALUES ('status:' || :report::text, 'mobiletech-outbound-status', '{}', '090' || :number::text)
RETURNING id AS reported \gset
UPDATE outbox SET state = 'done', finished_at = crm_now() WHERE id = :sending;
UPDATE mobiletech_outbound_messages SET billing = 'billed', status = 'D1' WHERE id = :outbound;
UPDATE mobiletech_status_log SET applied_at = crm_now() WHERE id = :report;
INSERT INTO subscriptions (user_id, subscription_type_id, is_recurrent, is_paid, start_time, end_time, length, internal_status)
VALUES (1, :type, true, true, crm_now(), crm_now() + interval '30 days', 30, 'active') RETURNING id AS subscription \gset
UPDATE payments SET status = 'paid', paid_at = crm_now(), subscription_id = :subscription WHERE id = :payment;
INSERT INTO payment_methods (user_id, payment_gateway_id, external_token) VALUES (1, :gateway, :id::text) RETURNING id AS method \gset
INSERT INTO recurrent_payments
    (cid, payment_method_id, payment_gateway_id, user_id, subscription_type_id, parent_payment_id, period_payment_id, charge_at, retries)
VALUES (:id::text, :method, :gateway, 1, :type, :payment, :payment, crm_now() + interval '30 days', 4);
INSERT INTO payment_logs (payment_id, status, message, source_url) VALUES (:payment, 'OK', '', 'report');
INSERT INTO outbox (key, event, payload, state, finished_at)
VALUES ('payment:' || :payment::text || ':paid', 'payment-status-change', '{}', 'done', crm_now()),
       ('subscription:' || :subscription::text, 'new-subscription', '{}', 'done', crm_now());
UPDATE outbox SET state = 'done', finished_at = crm_now() WHERE id = :reported;
COMMIT;
