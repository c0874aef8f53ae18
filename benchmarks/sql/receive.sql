\set id random(1, 9000000000000000000)
\set number random(1000000, 9999999)
WITH received AS (
    INSERT INTO mobiletech_inbound_messages
        (mobiletech_id, serv_id, project_id, "from", "to", content, content_coding, dcs, esm,
         operator_type, receive_date, receive_date_raw, problems, raw, body_sha256, user_id)
    VALUES
        (:id::text, '1703', '76', '+42190' || :number::text, '8877', 'M9PFLF 1234567', 'text', '0', '0', 'O', crm_now(),
         '2611230730001', '{}', convert_to(repeat('x', 420), 'UTF8'), decode(repeat('5a', 32), 'hex'),
         (SELECT user_id FROM mobiletech_phone_numbers WHERE phone_number = '090' || :number::text))
    ON CONFLICT (mobiletech_id) DO NOTHING
    RETURNING id
)
INSERT INTO outbox (key, event, payload, lane)
SELECT 'inbound:' || id, 'mobiletech-inbound', jsonb_build_object('mobiletech_inbound_message_id', id),
       '090' || :number::text
FROM received
RETURNING id;
