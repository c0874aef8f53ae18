-- What their way left behind: attempts, reports, and the work that is done.
WITH answers AS (
    SELECT * FROM mobiletech_outbound_messages WHERE id BETWEEN %(first)s AND %(last)s
), attempts AS (
    INSERT INTO mobiletech_send_attempts (outbound_message_id, outcome, detail, http_status, reply, took_ms, created_at)
    SELECT id, CASE state WHEN 'accepted' THEN 'accepted' WHEN 'rejected' THEN 'rejected' ELSE 'unknown' END,
           'The gateway took it.', 200, rpad('<message command="send_rsp"><id>', 130, '5'), 84, sent_at
    FROM answers
), reports AS (
    INSERT INTO mobiletech_status_log (id, mobiletech_id, status, raw, received_at, applied_at)
    SELECT id, mobiletech_id, status, convert_to(rpad('<?xml version="1.0"?>', 140, 'x'), 'UTF8'), updated_at, updated_at
    FROM answers WHERE state = 'accepted'
)
INSERT INTO outbox (key, event, payload, lane, state, available_at, created_at, finished_at)
SELECT work.key || answers.id, work.event, work.payload, '0' || right("to", 9), 'done', sent_at, created_at, sent_at
FROM answers, LATERAL (VALUES
    ('inbound:', 'mobiletech-inbound', jsonb_build_object('mobiletech_inbound_message_id', id)),
    ('send:', 'mobiletech-send', jsonb_build_object('mobiletech_outbound_message_id', id)),
    ('status:', 'mobiletech-outbound-status', jsonb_build_object('mobiletech_outbound_message_id', id, 'status', 'D1'))
) AS work (key, event, payload)
