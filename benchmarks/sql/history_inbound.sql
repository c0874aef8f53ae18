-- Inbound messages number first..last of total: spread over a time, the newest an hour ago, from 200,000 numbers.
INSERT INTO mobiletech_inbound_messages
    (id, mobiletech_id, serv_id, project_id, "from", "to", content, content_coding, dcs, esm, operator_type,
     receive_date, receive_date_raw, problems, raw, body_sha256, created_at, updated_at)
SELECT n, (10000000 + n)::text, '1703', '76', '+421908' || lpad(((n * 7919) %% 200000)::text, 6, '0'),
       CASE WHEN n %% 50 = 0 THEN '8866' ELSE '8877' END,
       CASE WHEN n %% 40 = 0 THEN 'STOP' ELSE 'M9PFLF ' || n END,
       'text', '0', '0', (ARRAY['O', 'T', 'E'])[1 + n %% 3],
       moment, to_char(moment, 'YYMMDDHH24MISS') || '1', '{}',
       convert_to('<?xml version="1.0" encoding="UTF-8"?>' || rpad('', 310, md5(n::text)), 'UTF8'),
       sha256(n::text::bytea), moment, moment
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n,
     LATERAL (SELECT crm_now() - interval '1 hour' - (%(total)s::bigint - n) * (%(over)s::interval / %(total)s::bigint))
         AS written (moment)
