-- One visitor: since when, how often, how engaged (seconds a visit), worth what.
-- name: visitor
WITH part AS (
    SELECT v.* FROM business.visit_b AS v WHERE v.tenant_hk = $tenant AND v.site_visitor_hk = $key
), event AS MATERIALIZED (
    SELECT e.*
    FROM (SELECT DISTINCT p.site_session_hk FROM part AS p) AS o
    CROSS JOIN LATERAL business.visit_bridge(o.site_session_hk) AS e
    WHERE NOT e.is_bot
)
SELECT jsonb_build_object(
    'visitor', encode($key::bytea, 'hex'), 'first_day', min(v.day), 'last_day', max(v.day),
    'visits', count(DISTINCT v.site_session_hk), 'page_views', sum(v.page_views), 'events', sum(v.events),
    'engaged_time', (
        SELECT round(coalesce(sum(w.seconds), 0)::numeric / nullif((SELECT count(DISTINCT p.site_session_hk) FROM part AS p WHERE p.is_visit), 0), 2)
        FROM asked.views AS w),
    'details', (
        SELECT jsonb_strip_nulls(jsonb_build_object(
            'segment', d.visitor_segment, 'transactions', d.total_transactions, 'lifetime_value', trim_scale(d.lifetime_value),
            'favorite_items', d.favorite_items))
        FROM business.site_visitor_details_s AS d
        WHERE d.site_visitor_hk = $key AND d.tenant_hk = $tenant AND d.load_end_date IS NULL))
FROM part AS v
