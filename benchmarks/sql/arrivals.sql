-- Messages first..last as the webhook stores them, all at once; the work becomes due with the commit.
WITH received AS (
    INSERT INTO mobiletech_inbound_messages
        (mobiletech_id, serv_id, project_id, "from", "to", content, content_coding, dcs, esm, operator_type,
         receive_date, receive_date_raw, problems, raw, body_sha256)
    SELECT (70000000 + n)::text, '1703', '76', '+421908' || lpad(((n * 7919) %% 1000000)::text, 6, '0'), '8877',
           'M9PFLF ' || n, 'text', '0', '0', 'O', crm_now(), '2611230730001', '{}',
           convert_to(repeat('x', 345), 'UTF8'), sha256(n::text::bytea)
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    RETURNING id, "from"
)
INSERT INTO outbox (key, event, payload, lane)
SELECT 'inbound:' || id, 'mobiletech-inbound', jsonb_build_object('mobiletech_inbound_message_id', id),
       '0' || right("from", 9)
FROM received ORDER BY id
