-- What the worker keeps of all of them: the numbers, and the words of the last 90 days.
INSERT INTO known_numbers (number, created_at)
SELECT "from", min(created_at) FROM mobiletech_inbound_messages GROUP BY "from" ORDER BY min(created_at), "from";
INSERT INTO mobiletech_message_words (kind, message_id, at, words)
SELECT 1, id, created_at, crm_words(content, created_at) FROM mobiletech_inbound_messages
WHERE created_at > crm_now() - interval '90 days';
INSERT INTO mobiletech_message_words (kind, message_id, at, words)
SELECT 3, id, created_at, crm_words(content, created_at) FROM mobiletech_outbound_messages
WHERE created_at > crm_now() - interval '90 days';
