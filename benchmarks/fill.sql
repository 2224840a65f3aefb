-- Events {first} to {last} of {most}, straight into the vault: rows of the shape and with the keys of real ones, spread evenly over
-- this month. Four events to a session, three sessions to a visitor. benchmarks/growth.py completes the numbers.
CREATE TEMP TABLE base ON COMMIT DROP AS
SELECT i, util.time_prefix(t) || substr(sha256(('e' || i)::bytea), 1, 14) AS event_hk,
       substr(sha256(('s' || i / 4)::bytea), 1, 20) AS session_hk, substr(sha256(('v' || i / 12)::bytea), 1, 20) AS visitor_hk,
       substr(sha256(('p' || i % 5000)::bytea), 1, 20) AS page_hk, substr(sha256(('i' || i % 2000)::bytea), 1, 20) AS item_hk,
       t AS moment, util.tenant_key('demo-shop') AS tenant_hk, now() AS load_date
FROM (SELECT i, date_trunc('month', now()) + (i::float8 / {most}) * (now() - date_trunc('month', now())) AS t
      FROM generate_series({first}::bigint, {last}::bigint) i) s;
INSERT INTO business.site_event_h
SELECT event_hk, 'evt_' || util.milliseconds(moment) || '_fill-' || i, tenant_hk, load_date, 'fill' FROM base ORDER BY 1;
INSERT INTO business.event_session_l
SELECT substr(event_hk, 1, 6) || substr(sha256(event_hk || session_hk), 1, 14), event_hk, session_hk, tenant_hk, load_date, 'fill'
FROM base ORDER BY 1;
INSERT INTO business.event_page_l
SELECT substr(event_hk, 1, 6) || substr(sha256(event_hk || page_hk), 1, 14), event_hk, page_hk, tenant_hk, load_date, 'fill'
FROM base ORDER BY 1;
INSERT INTO business.event_business_item_l
SELECT substr(event_hk, 1, 6) || substr(sha256(event_hk || item_hk), 1, 14), event_hk, item_hk, tenant_hk, load_date, 'fill'
FROM base WHERE i % 5 < 2 ORDER BY 1;
INSERT INTO business.site_event_details_s (
    site_event_hk, tenant_hk, load_date, hash_diff, event_timestamp, event_type, event_category, event_action, page_url,
    page_title, traffic_class, raw_event_id, record_source)
SELECT event_hk, tenant_hk, load_date, sha256(event_hk), moment, 'page_view', 'navigation', 'view',
       'https://fill.example/products/' || i % 5000, 'A page of the fill, number ' || i % 5000, 'human', -i, 'fill'
FROM base ORDER BY 1;
INSERT INTO business.site_session_h
SELECT DISTINCT session_hk, 'fill-session-' || i / 4, tenant_hk, load_date, 'fill' FROM base ORDER BY 1 ON CONFLICT DO NOTHING;
INSERT INTO business.site_visitor_h
SELECT DISTINCT visitor_hk, 'fill-visitor-' || i / 12, tenant_hk, load_date, 'fill' FROM base ORDER BY 1 ON CONFLICT DO NOTHING;
INSERT INTO business.session_visitor_l
SELECT DISTINCT substr(sha256(session_hk || visitor_hk), 1, 20), session_hk, visitor_hk, tenant_hk, load_date, 'fill'
FROM base ORDER BY 1 ON CONFLICT DO NOTHING;
INSERT INTO business.site_session_context_s (
    site_session_hk, tenant_hk, load_date, hash_diff, entry_event_hk, entry_timestamp, site_visitor_hk, traffic_class,
    record_source)
SELECT DISTINCT ON (session_hk) session_hk, tenant_hk, load_date, sha256(session_hk), event_hk, moment, visitor_hk, 'human',
       'fill'
FROM base ORDER BY session_hk, event_hk ON CONFLICT DO NOTHING;
INSERT INTO business.site_session_w (
    site_session_hk, tenant_hk, root_session_hk, first_event_timestamp, last_event_timestamp, touched_load_date, is_open)
SELECT session_hk, min(tenant_hk::text)::bytea, session_hk, min(moment), max(moment), min(load_date), false
FROM base GROUP BY session_hk ORDER BY 1 ON CONFLICT DO NOTHING;
