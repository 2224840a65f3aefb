-- One visitor: since when, how often, worth what.
-- name: visitor
SELECT jsonb_build_object(
    'visitor', encode($key::bytea, 'hex'), 'first_day', min(v.day), 'last_day', max(v.day),
    'visits', count(DISTINCT v.site_session_hk), 'page_views', sum(v.page_views), 'events', sum(v.events),
    'details', (
        SELECT jsonb_strip_nulls(jsonb_build_object(
            'segment', d.visitor_segment, 'transactions', d.total_transactions, 'lifetime_value', trim_scale(d.lifetime_value),
            'favorite_items', d.favorite_items))
        FROM business.site_visitor_details_s AS d
        WHERE d.site_visitor_hk = $key AND d.tenant_hk = $tenant AND d.load_end_date IS NULL))
FROM business.visit_b AS v
WHERE v.tenant_hk = $tenant AND v.site_visitor_hk = $key
