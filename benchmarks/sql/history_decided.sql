-- What rules decided about each, and what waits for a person: every hundredth, most of it done.
INSERT INTO mobiletech_decisions (inbound_message_id, outcome, steps, created_at)
SELECT id, CASE WHEN id % 40 = 0 THEN 'stop' ELSE 'unmatched' END, '[]', created_at
FROM mobiletech_inbound_messages WHERE created_at > crm_now() - interval '60 days';
INSERT INTO inbox_items (inbound_message_id, number_id, short_number, reason, state, done_at, created_at)
SELECT message.id, number.id, message."to", 'unmatched', CASE WHEN message.id % 5000 = 0 THEN 'open' ELSE 'done' END,
       CASE WHEN message.id % 5000 = 0 THEN NULL ELSE message.created_at + interval '1 hour' END, message.created_at
FROM mobiletech_inbound_messages AS message JOIN known_numbers AS number ON number.number = message."from"
WHERE message.id % 100 = 0;
INSERT INTO mobiletech_rules (position, match, text, action, template_id)
SELECT 1, 'exact', 'INFO', 'reply', min(id) FROM mobiletech_templates;
INSERT INTO billkeys (code, kind, price) VALUES ('AZ19', 'free', 0), ('AA99', 'paid', 4.99);
-- Every tenth number is a reader's.
WITH readers AS (
    INSERT INTO users (email, public_name, created_at)
    SELECT 'reader' || id || '@example.sk', 'Reader ' || id, created_at FROM known_numbers WHERE id % 10 = 0
    RETURNING id, email, created_at
), linked AS (
    INSERT INTO mobiletech_phone_numbers (phone_number, user_id, created_at)
    SELECT '0' || substr(number.number, 5), readers.id, readers.created_at
    FROM readers JOIN known_numbers AS number ON readers.email = 'reader' || number.id || '@example.sk'
    RETURNING phone_number, user_id, created_at
)
INSERT INTO phone_number_links (phone_number, user_id, since) SELECT * FROM linked;
