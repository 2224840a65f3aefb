-- Claim: the marts say of every event what the vault says
-- Hint: run `footfall rebuild-marts`
-- as business.events_as_of says it of one tenant and range; here all at once, and what is said of a visit once for all its events
WITH later AS (
    SELECT y.*, lead(y.begins, 1, 'infinity') OVER (PARTITION BY y.of_session_hk ORDER BY y.begins) AS ends
    FROM business.site_session_visit_s y WHERE {{tenant y}} AND y.load_end_date IS NULL AND y.begins IS NOT NULL
), part AS MATERIALIZED (
    -- a session, or half hour, and the visit that its events from then to then are in
    SELECT o.site_session_hk AS part_hk, o.is_visit, coalesce(a.same_as_session_hk, o.site_session_hk) AS site_session_hk,
           '-infinity'::timestamptz AS begins, coalesce(y.begins, 'infinity') AS ends
    FROM business.site_session_w o
    LEFT JOIN business.site_session_same_as_s a ON a.site_session_hk = o.site_session_hk AND a.load_end_date IS NULL
    LEFT JOIN (SELECT y.of_session_hk, min(y.begins) AS begins FROM later y GROUP BY y.of_session_hk) y
        ON y.of_session_hk = o.site_session_hk
    WHERE {{tenant o}} AND o.of_session_hk IS NULL
    UNION ALL
    SELECT y.of_session_hk, true, y.site_session_hk, y.begins, y.ends FROM later y
), event AS MATERIALIZED (
    SELECT d.tenant_hk, d.site_event_hk, o.site_session_hk, p.site_page_hk, i.business_item_hk,
           d.business_item_info ->> 'item_name' AS item_name, d.event_timestamp,
           (d.event_timestamp AT TIME ZONE t.time_zone)::date AS day, d.traffic_class, d.event_type::text,
           d.event_category::text, d.event_action::text, d.event_label::text, d.event_value, d.event_currency::text,
           d.transaction_id::text, d.transaction_funnel_step::text, o.is_visit, d.raw_event_id,
           s.site_event_hk IS NOT NULL AS is_superseded
    FROM business.site_event_details_s d
    JOIN business.event_session_l l ON l.site_event_hk = d.site_event_hk
    JOIN part o ON o.part_hk = l.site_session_hk AND d.event_timestamp >= o.begins AND d.event_timestamp < o.ends
    JOIN auth.tenant_v t ON t.tenant_hk = d.tenant_hk
    LEFT JOIN business.event_page_l p ON p.site_event_hk = d.site_event_hk
    LEFT JOIN business.event_business_item_l i ON i.site_event_hk = d.site_event_hk AND d.business_item_info IS NOT NULL
    LEFT JOIN business.superseded_w s ON s.site_event_hk = d.site_event_hk
    WHERE {{tenant d}} AND {{since_key d.site_event_hk}}
), page AS (
    SELECT o.site_session_hk, array_agg(p.site_page_hk ORDER BY d.event_timestamp, d.raw_event_id) AS pages
    FROM (SELECT DISTINCT e.site_session_hk FROM event e) v
    JOIN part o ON o.site_session_hk = v.site_session_hk
    JOIN business.event_session_l l ON l.site_session_hk = o.part_hk
    JOIN business.site_event_details_s d ON d.site_event_hk = l.site_event_hk AND d.event_type = 'page_view'
        AND d.event_timestamp >= o.begins AND d.event_timestamp < o.ends
    LEFT JOIN business.event_page_l p ON p.site_event_hk = d.site_event_hk
    GROUP BY o.site_session_hk
), visit AS MATERIALIZED (
    SELECT v.site_session_hk, c.*, o.*, p.pages[1] AS entry_page_hk, p.pages[cardinality(p.pages)] AS exit_page_hk
    FROM (SELECT DISTINCT e.site_session_hk FROM event e) v
    LEFT JOIN page p ON p.site_session_hk = v.site_session_hk
    LEFT JOIN LATERAL business.visit_context(v.site_session_hk, 'infinity') c ON true
    LEFT JOIN LATERAL business.visit_outcome(v.site_session_hk, 'infinity') o ON true
), said AS (
    SELECT e.site_event_hk, (
               e.tenant_hk, e.site_session_hk, v.site_visitor_hk, e.site_page_hk, e.business_item_hk, e.item_name, e.event_timestamp,
               e.day, coalesce(v.judged_class, e.traffic_class) <> 'human', e.event_type, e.event_category, e.event_action,
               e.event_label, e.event_value, e.event_currency,
               e.transaction_id, e.transaction_funnel_step, v.source, v.channel, v.device_type, v.country, v.referrer_host,
               v.utm_source, v.utm_medium, v.utm_campaign, v.utm_content, v.utm_term, v.utm_id, v.channel_name, v.browser_name, v.browser_version,
               v.operating_system, v.language, v.start_day, v.is_bounce, v.session_duration_seconds, v.entry_page_hk, v.exit_page_hk,
               e.is_visit, e.raw_event_id, e.is_superseded, v.operating_system_version, v.bot_kind, v.bot_name, v.consent) AS facts
    FROM event e
    JOIN visit v ON v.site_session_hk = e.site_session_hk
), mart AS (
    SELECT e.site_event_hk, (
               e.tenant_hk, e.site_session_hk, e.site_visitor_hk, e.site_page_hk, e.business_item_hk, e.item_name::text,
               e.event_timestamp, e.day, e.is_bot, e.event_type::text, e.event_category::text, e.event_action::text,
               e.event_label::text, e.event_value, e.event_currency::text, e.transaction_id::text,
               e.transaction_funnel_step::text, e.source::text, e.channel::text, e.device_type::text, e.country::text,
               v.referrer_host::text, v.utm_source::text, v.utm_medium::text, v.utm_campaign::text, v.utm_content::text,
               v.utm_term::text, v.utm_id::text, v.channel_name::text, v.browser_name::text, v.browser_version::text, v.operating_system::text, v.language::text,
               v.start_day, v.is_bounce, v.duration_seconds, v.entry_page_hk, v.exit_page_hk, e.is_visit,
               -- kept since events of one time go by it
               coalesce(e.raw_event_id, d.raw_event_id), e.is_superseded, v.operating_system_version::text, v.bot_kind::text,
               v.bot_name::text, v.consent::text) AS facts
    FROM business.event_b e
    JOIN business.site_event_details_s d ON d.site_event_hk = e.site_event_hk
    LEFT JOIN business.visit_b v ON v.site_session_hk = e.site_session_hk AND v.day = e.day
    WHERE {{tenant e}} AND {{since_key e.site_event_hk}}
)
SELECT encode(site_event_hk, 'hex')
FROM said
FULL JOIN mart USING (site_event_hk)
WHERE said.facts IS DISTINCT FROM mart.facts
