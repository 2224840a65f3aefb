-- Visits {first} to {last} of {most}, five events each, spread evenly over the year that ends today, straight into the marts; those of
-- the large tenant, every second visit, into the vault too. benchmarks/reports.py completes the numbers.
--
-- Skewed as sites are: few pages, sources and countries have most of the traffic. Seven visitors of ten come once; the others are of
-- {people} people a tenant who come again and again.
SELECT setseed({first}::float8 / {most});
CREATE TEMP TABLE visit ON COMMIT DROP AS
SELECT v.n, t.tenant_hk, substr(sha256(('s' || v.n)::bytea), 1, 20) AS session_hk,
       substr(sha256(convert_to(CASE WHEN r.a < 0.7 THEN 'v' || v.n ELSE t.number || 'p' || (r.b * {people})::integer END, 'UTF8')), 1, 20) AS visitor_hk,
       date_trunc('milliseconds', current_date - interval '365 days' + v.n::float8 / {most} * interval '365 days') AS began,
       ('{google,direct,newsletter,bing,facebook,instagram,chatgpt.com,linkedin,reddit,hacker news,x,duckduckgo}'::text[])
           [1 + (12 * r.c ^ 2)::integer % 12] AS source,
       ('{search,direct,email,search,social,social,ai,social,social,referral,social,search}'::text[])
           [1 + (12 * r.c ^ 2)::integer % 12] AS channel,
       ('{desktop,mobile,tablet}'::text[])[1 + (3 * r.d ^ 2)::integer % 3] AS device,
       ('{Chrome,Safari,Edge,Firefox,Samsung Internet}'::text[])[1 + (5 * r.e ^ 2)::integer % 5] AS browser,
       ('{Windows,iOS,Android,Mac OS X,Linux}'::text[])[1 + (5 * r.d ^ 2)::integer % 5] AS os,
       ('{DE,US,GB,FR,AT,CH,NL,IT,ES,PL,SE,DK,IN,BR,JP,CA,AU,IE,BE,NO}'::text[])[1 + (20 * r.f ^ 2)::integer % 20] AS country,
       r.e AS luck
FROM generate_series({first}::bigint, {last}::bigint) AS v(n)
CROSS JOIN LATERAL (SELECT random() AS a, random() AS b, random() AS c, random() AS d, random() AS e, random() AS f, v.n) r
CROSS JOIN LATERAL (SELECT CASE v.n % 2 WHEN 0 THEN 0 ELSE 1 + v.n / 2 % 19 END AS number) k
JOIN public.bench_tenant t ON t.number = k.number;

CREATE TEMP TABLE event ON COMMIT DROP AS
SELECT v.*, e.k, e.moment, util.time_prefix(e.moment) || substr(sha256(('e' || v.n || '-' || e.k)::bytea), 1, 14) AS event_hk,
       (e.moment AT TIME ZONE 'UTC')::date AS day, e.type, e.category, e.action,
       substr(sha256(convert_to(v.tenant_hk::text || 'page' || (1000 * e.page ^ 3)::integer % 1000, 'UTF8')), 1, 20) AS page_hk,
       (1000 * e.page ^ 3)::integer % 1000 AS page_number,
       CASE WHEN e.type <> 'page_view' THEN substr(sha256(convert_to(v.tenant_hk::text || 'item' || (300 * e.page ^ 2)::integer % 300, 'UTF8')), 1, 20) END AS item_hk,
       CASE WHEN e.type = 'item_interaction' THEN 'Item ' || (300 * e.page ^ 2)::integer % 300 END AS label,
       CASE WHEN e.action = 'complete' THEN 20 + (e.page * 80)::integer END AS value
FROM visit v
CROSS JOIN LATERAL (
    SELECT k, random() AS page, v.began + k * interval '20 seconds' AS moment,
           CASE WHEN k = 2 THEN 'item_interaction' WHEN k > 2 AND v.luck < 0.1 THEN 'transaction_step' ELSE 'page_view' END AS type,
           CASE WHEN k = 2 THEN 'items' WHEN k > 2 AND v.luck < 0.1 THEN 'transactions' ELSE 'navigation' END AS category,
           CASE WHEN k = 3 AND v.luck < 0.1 THEN 'start' WHEN k = 4 AND v.luck < 0.04 THEN 'complete'
                WHEN k = 4 AND v.luck < 0.1 THEN 'progress' ELSE 'view' END AS action
    FROM generate_series(0, CASE WHEN v.luck > 0.6 THEN 0 ELSE 4 END + CASE WHEN v.luck > 0.6 THEN (v.n % 11)::integer % 6 ELSE 2 END) AS k
) e;

INSERT INTO business.event_b (
    tenant_hk, site_event_hk, site_session_hk, site_visitor_hk, site_page_hk, business_item_hk, item_name, event_timestamp, day,
    is_bot, event_type, event_category, event_action, event_label, event_value, event_currency, transaction_funnel_step, source,
    channel, device_type, country)
SELECT tenant_hk, event_hk, session_hk, visitor_hk, page_hk, item_hk, label, moment, day, false, type, category, action, label,
       value, CASE WHEN value IS NOT NULL THEN 'USD' END, CASE WHEN category = 'transactions' THEN 'checkout_step' END, source,
       channel, device, country
FROM event ORDER BY tenant_hk, event_hk;
INSERT INTO business.visit_b (
    site_session_hk, day, tenant_hk, site_visitor_hk, events, page_views, first_event_timestamp, last_event_timestamp, start_day,
    is_bounce, duration_seconds, entry_page_hk, exit_page_hk, source, channel, utm_source, device_type, browser_name,
    operating_system, country)
SELECT session_hk, day, min(tenant_hk::text)::bytea, min(visitor_hk::text)::bytea, count(*),
       count(*) FILTER (WHERE type = 'page_view'), min(moment), max(moment), min(began::date), count(*) = 1,
       extract(epoch FROM max(moment) - min(moment)), (array_agg(page_hk ORDER BY k) FILTER (WHERE type = 'page_view'))[1],
       (array_agg(page_hk ORDER BY k DESC) FILTER (WHERE type = 'page_view'))[1], min(source), min(channel),
       min(source) FILTER (WHERE channel = 'email'), min(device), min(browser), min(os), min(country)
FROM event GROUP BY session_hk, day ORDER BY 1;
UPDATE business.visit_b v SET spans_days = true, previous_day = CASE WHEN v.day > p.first THEN p.first END
FROM (SELECT session_hk, min(day) AS first FROM event GROUP BY session_hk HAVING count(DISTINCT day) > 1) p
WHERE v.site_session_hk = p.session_hk;
INSERT INTO business.day_w SELECT DISTINCT tenant_hk, day, now(), false FROM event ON CONFLICT DO NOTHING;
INSERT INTO business.site_page_h
SELECT DISTINCT page_hk, 'site.example/pages/' || page_number, tenant_hk, now(), 'fill' FROM event ORDER BY 1 ON CONFLICT DO NOTHING;
INSERT INTO business.business_item_h
SELECT DISTINCT item_hk, 'product:' || label, tenant_hk, now(), 'fill' FROM event WHERE label IS NOT NULL ORDER BY 1
ON CONFLICT DO NOTHING;

-- the vault, of the large tenant; load dates are the events' own, by which the plan's query goes
DELETE FROM event WHERE tenant_hk <> (SELECT tenant_hk FROM public.bench_tenant WHERE number = 0);
INSERT INTO business.site_event_h SELECT event_hk, 'evt_' || n || '_' || k, tenant_hk, moment, 'fill' FROM event ORDER BY 1;
INSERT INTO business.event_session_l
SELECT substr(event_hk, 1, 6) || substr(sha256(event_hk || session_hk), 1, 14), event_hk, session_hk, tenant_hk, moment, 'fill'
FROM event ORDER BY 1;
INSERT INTO business.event_page_l
SELECT substr(event_hk, 1, 6) || substr(sha256(event_hk || page_hk), 1, 14), event_hk, page_hk, tenant_hk, moment, 'fill'
FROM event ORDER BY 1;
INSERT INTO business.site_event_details_s (
    site_event_hk, tenant_hk, load_date, hash_diff, event_timestamp, event_type, event_category, event_action, event_label,
    event_value, event_currency, page_url, traffic_class, raw_event_id, record_source)
SELECT event_hk, tenant_hk, moment, '\x00', moment, type, category, action, label, value,
       CASE WHEN value IS NOT NULL THEN 'USD' END, 'https://site.example/pages/' || page_number, 'human', -n, 'fill'
FROM event ORDER BY 1;
INSERT INTO business.site_session_h
SELECT session_hk, 'session-' || min(n), min(tenant_hk::text)::bytea, min(moment), 'fill' FROM event GROUP BY 1 ORDER BY 1;
INSERT INTO business.site_visitor_h
SELECT DISTINCT ON (visitor_hk) visitor_hk, 'visitor-' || n, tenant_hk, moment, 'fill' FROM event ORDER BY 1 ON CONFLICT DO NOTHING;
INSERT INTO business.session_visitor_l
SELECT DISTINCT ON (session_hk) substr(sha256(session_hk || visitor_hk), 1, 20), session_hk, visitor_hk, tenant_hk, moment, 'fill'
FROM event ORDER BY session_hk;
INSERT INTO business.site_session_details_s (
    site_session_hk, tenant_hk, load_date, hash_diff, session_start_time, session_end_time, total_page_views, total_events,
    session_duration_seconds, traffic_class, record_source)
SELECT session_hk, min(tenant_hk::text)::bytea, min(moment), '\x00', min(moment), max(moment),
       count(*) FILTER (WHERE type = 'page_view'), count(*), extract(epoch FROM max(moment) - min(moment)), 'human', 'fill'
FROM event GROUP BY 1 ORDER BY 1;
