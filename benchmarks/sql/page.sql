(SELECT created_at, id, 1 AS kind, "from" AS number, content, operator_type, NULL AS state, NULL AS billing, NULL AS billkey
 FROM mobiletech_inbound_messages ORDER BY created_at DESC, id DESC LIMIT 50)
UNION ALL
(SELECT created_at, id, 3, "to", content, operator_type, state, billing, billkey
 FROM mobiletech_outbound_messages ORDER BY created_at DESC, id DESC LIMIT 50)
ORDER BY created_at DESC, kind DESC, id DESC
LIMIT 50
