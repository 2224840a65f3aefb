-- Claim: the marts say of every event what the vault says
-- Hint: run `footfall rebuild-marts`
WITH bounds AS (
    SELECT d.tenant_hk, min(d.event_timestamp) AS first, max(d.event_timestamp) + interval '1 second' AS last
    FROM business.site_event_details_s d WHERE {{tenant d}} AND {{since_key d.site_event_hk}} GROUP BY d.tenant_hk
), said AS (
    SELECT v.* FROM bounds b CROSS JOIN LATERAL business.events_as_of(b.tenant_hk, b.first, b.last, 'infinity') v
), mart AS (
    SELECT e.tenant_hk, e.site_event_hk, e.site_session_hk, e.site_visitor_hk, e.site_page_hk, e.business_item_hk, e.item_name::text,
           e.event_timestamp, e.day, e.is_bot, e.event_type::text, e.event_category::text, e.event_action::text,
           e.event_label::text, e.event_value, e.event_currency::text, e.transaction_id::text, e.transaction_funnel_step::text,
           e.source::text, e.channel::text, e.device_type::text, e.country::text, v.referrer_host::text, v.utm_source::text,
           v.utm_medium::text, v.utm_campaign::text, v.utm_content::text, v.utm_term::text, v.browser_name::text,
           v.browser_version::text, v.operating_system::text, v.language::text, v.start_day, v.is_bounce, v.duration_seconds,
           v.entry_page_hk, v.exit_page_hk, e.is_visit,
           -- kept since events of one time go by it
           coalesce(e.raw_event_id, d.raw_event_id), e.is_superseded
    FROM business.event_b e
    JOIN business.site_event_details_s d ON d.site_event_hk = e.site_event_hk
    LEFT JOIN business.visit_b v ON v.site_session_hk = e.site_session_hk AND v.day = e.day
    WHERE {{tenant e}} AND {{since_key e.site_event_hk}}
)
SELECT encode(x.site_event_hk, 'hex')
FROM ((SELECT * FROM said EXCEPT SELECT * FROM mart) UNION (SELECT * FROM mart EXCEPT SELECT * FROM said)) x
