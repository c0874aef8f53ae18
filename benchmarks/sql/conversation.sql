-- All rows of one message, from its arrival to the applied report on its answer, in one transaction.
\set id random(1, 9000000000000000000)
\set number random(1000000, 9999999)
BEGIN;
INSERT INTO mobiletech_inbound_messages
    (mobiletech_id, serv_id, project_id, "from", "to", content, content_coding, dcs, esm, operator_type, receive_date,
     receive_date_raw, problems, raw, body_sha256)
VALUES (:id::text, '1703', '76', '+42190' || :number::text, '8877', 'M9PFLF 12345', 'text', '0', '0', 'O', crm_now(),
        '2611230730001', '{}', convert_to(repeat('x', 345), 'UTF8'), decode(repeat('5a', 32), 'hex'))
RETURNING id AS inbound \gset
INSERT INTO outbox (key, event, payload, lane)
VALUES ('inbound:' || :inbound::text, 'mobiletech-inbound',
        jsonb_build_object('mobiletech_inbound_message_id', :inbound::bigint), '090' || :number::text)
RETURNING id AS work \gset
INSERT INTO mobiletech_outbound_messages
    (key, mobiletech_template_id, template_version, purpose, paid, serv_id, project_id, rcv_msg_id, "from", "to",
     billkey, content, content_length, encoding, parts, expiration, operator_type)
VALUES ('test-answer:' || :inbound::text, 1, 1, 'test', false, '1703', '76', :id::text, '8877', '+42190' || :number::text,
        'AZ19', 'Prijali sme: M9PFLF 12345', 25, 'gsm7', 1, 100, 'O')
RETURNING id AS outbound \gset
INSERT INTO outbox (key, event, payload, lane)
VALUES ('send:' || :outbound::text, 'mobiletech-send',
        jsonb_build_object('mobiletech_outbound_message_id', :outbound::bigint), '090' || :number::text)
RETURNING id AS sending \gset
INSERT INTO known_numbers (number) VALUES ('+42190' || :number::text)
ON CONFLICT (number) DO UPDATE SET number = excluded.number RETURNING id AS known \gset
INSERT INTO mobiletech_message_words (kind, message_id, at, words)
VALUES (1, :inbound, crm_now(), crm_words('M9PFLF 12345', crm_now())),
       (3, :outbound, crm_now(), crm_words('Prijali sme: M9PFLF 12345', crm_now()));
INSERT INTO mobiletech_decisions (inbound_message_id, outcome, steps) VALUES (:inbound, 'unmatched', '[]');
INSERT INTO inbox_items (inbound_message_id, number_id, short_number, reason)
VALUES (:inbound, :known, '8877', 'unmatched');
UPDATE outbox SET state = 'done', finished_at = crm_now() WHERE id = :work;
UPDATE mobiletech_outbound_messages SET state = 'sending', sending_at = crm_now(), attempts = 1 WHERE id = :outbound;
UPDATE outbox SET available_at = crm_now() + interval '60 seconds' WHERE id = :sending;
UPDATE mobiletech_outbound_messages
SET state = 'accepted', mobiletech_id = 'mock-' || :id::text, sent_at = crm_now() WHERE id = :outbound;
INSERT INTO mobiletech_send_attempts (outbound_message_id, outcome, detail, took_ms)
VALUES (:outbound, 'accepted', 'The mock client took it; nothing was sent.', 0);
INSERT INTO mobiletech_status_log (mobiletech_id, status) VALUES ('mock-' || :id::text, 'D1') RETURNING id AS report \gset
INSERT INTO outbox (key, event, payload, lane)
VALUES ('status:' || :report::text, 'mobiletech-outbound-status',
        jsonb_build_object('mobiletech_outbound_message_id', :outbound::bigint, 'status', 'D1'), '090' || :number::text)
RETURNING id AS reported \gset
UPDATE outbox SET state = 'done', finished_at = crm_now() WHERE id = :sending;
UPDATE mobiletech_outbound_messages SET billing = 'billed', status = 'D1' WHERE id = :outbound;
UPDATE mobiletech_status_log SET applied_at = crm_now() WHERE id = :report;
UPDATE outbox SET state = 'done', finished_at = crm_now() WHERE id = :reported;
COMMIT;
