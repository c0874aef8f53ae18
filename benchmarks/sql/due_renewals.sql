-- That many readers whose month has just ended: what an order, its SMS and its payment left behind, 30 days ago.
CREATE TEMP TABLE buyer AS SELECT n, '09' || lpad((8000000 + n)::text, 8, '0') AS phone
FROM generate_series(1, %(count)s::bigint) AS n;
INSERT INTO users (id, public_name) OVERRIDING SYSTEM VALUE SELECT n, phone FROM buyer;
INSERT INTO mobiletech_phone_numbers (phone_number, user_id) SELECT phone, n FROM buyer;
INSERT INTO phone_number_links (phone_number, user_id, since) SELECT phone, n, crm_now() - interval '31 days' FROM buyer;
INSERT INTO known_numbers (number) SELECT '+421' || right(phone, 9) FROM buyer;
INSERT INTO mobiletech_inbound_messages
    (id, mobiletech_id, serv_id, project_id, "from", "to", content, content_coding, dcs, esm, operator_type, receive_date,
     receive_date_raw, user_id, created_at)
OVERRIDING SYSTEM VALUE
SELECT n, 'mo-' || n, '1703', '76', '+421' || right(phone, 9), '8877', 'START', 'text', '0', '0', 'O',
       crm_now() - interval '30 days 1 hour', '2610230730001', n, crm_now() - interval '30 days 1 hour'
FROM buyer;
INSERT INTO subscriptions
    (id, user_id, subscription_type_id, is_recurrent, is_paid, start_time, end_time, length, internal_status, created_at)
OVERRIDING SYSTEM VALUE
SELECT n, n, %(type)s, true, true, crm_now() - interval '30 days 1 hour', crm_now() - interval '1 hour', 30, 'after_end',
       crm_now() - interval '30 days 1 hour'
FROM buyer;
INSERT INTO payments
    (id, variable_symbol, amount, payment_gateway_id, subscription_id, subscription_type_id, user_id, status, paid_at, created_at)
OVERRIDING SYSTEM VALUE
SELECT n, 'bench-' || n, 4.99, %(gateway)s, n, %(type)s, n, 'paid', crm_now() - interval '30 days 1 hour',
       crm_now() - interval '30 days 1 hour'
FROM buyer;
INSERT INTO payment_items (payment_id, subscription_type_id, name, amount, amount_without_vat, vat)
SELECT n, %(type)s, 'month', 4.99, 4.99, 0 FROM buyer;
INSERT INTO mobiletech_outbound_messages
    (key, user_id, mobiletech_id, payment_id, mobiletech_template_id, template_version, status, billing, state, purpose, paid,
     serv_id, project_id, rcv_msg_id, "from", "to", billkey, content, content_length, encoding, parts, expiration,
     operator_type, attempts, sending_at, sent_at, created_at)
SELECT 'pay:' || n, n, 'mt-' || n, n, %(template)s, 1, 'A0', 'billed', 'accepted', 'paid', true, '1703', '76', 'mo-' || n,
       '8877', '+421' || right(phone, 9), 'AA99', 'Mesacne, 4,99 EUR/mesiac. Zrusit: STOP na 8877', 47, 'gsm7', 1, 100, 'O', 1,
       crm_now() - interval '30 days 1 hour', crm_now() - interval '30 days 1 hour', crm_now() - interval '30 days 1 hour'
FROM buyer;
INSERT INTO payment_methods (id, user_id, payment_gateway_id, external_token) OVERRIDING SYSTEM VALUE
SELECT n, n, %(gateway)s, 'mo-' || n FROM buyer;
INSERT INTO recurrent_payments
    (id, cid, payment_method_id, payment_gateway_id, user_id, subscription_type_id, parent_payment_id, period_payment_id,
     charge_at, retries, noticed_at)
OVERRIDING SYSTEM VALUE
SELECT n, 'mo-' || n, n, %(gateway)s, n, %(type)s, n, n, crm_now() - interval '1 hour', 4, crm_now() - interval '1 day'
FROM buyer;
SELECT setval(pg_get_serial_sequence(name, 'id'), %(count)s)
FROM unnest(ARRAY['users', 'mobiletech_inbound_messages', 'subscriptions', 'payments', 'payment_methods', 'recurrent_payments']) AS name;
DROP TABLE buyer;
