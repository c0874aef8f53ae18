-- The answers: most delivered, some refused, failed, expired or of unknown fate; five templates.
INSERT INTO mobiletech_outbound_messages
    (id, key, mobiletech_id, mobiletech_template_id, template_version, status, billing, state, state_reason, purpose,
     paid, serv_id, project_id, rcv_msg_id, "from", "to", billkey, content, content_length, encoding, parts, dcs, esm,
     expiration, operator_type, attempts, sending_at, sent_at, created_at, updated_at)
SELECT id, 'history:' || id, CASE WHEN state = 'accepted' THEN '5000' || mobiletech_id END,
       (SELECT min(template.id) FROM mobiletech_templates AS template), 1,
       CASE WHEN state = 'accepted' THEN CASE WHEN id %% 9 = 0 THEN 'D6' ELSE 'D1' END END,
       CASE WHEN state <> 'accepted' THEN 'none' WHEN id %% 9 = 0 THEN 'failed' ELSE 'billed' END,
       state, CASE WHEN state <> 'accepted' THEN 'The gateway said why.' END, 'test',
       false, serv_id, project_id, mobiletech_id, "to", "from", CASE WHEN id %% 5000 = 7 THEN 'AA99' ELSE 'AZ19' END, 'Prijali sme: ' || content,
       length('Prijali sme: ' || content), 'gsm7', 1, '0', '0', 100, operator_type, 1,
       created_at + interval '1 second', created_at + interval '2 seconds', created_at + interval '1 second',
       created_at + interval '9 seconds'
FROM mobiletech_inbound_messages,
     LATERAL (SELECT CASE id %% 100 WHEN 1 THEN 'rejected' WHEN 2 THEN 'unknown' WHEN 3 THEN 'expired' ELSE 'accepted' END)
         AS fate (state)
WHERE id BETWEEN %(first)s AND %(last)s
