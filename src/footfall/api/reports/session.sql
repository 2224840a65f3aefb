-- On which days a visit was.
-- name: days
SELECT jsonb_build_array(min(v.day), max(v.day)) FROM business.visit_b AS v WHERE v.tenant_hk = $tenant AND v.site_session_hk = $key

-- What was said of consent in it, each time.
-- name: consent
SELECT jsonb_build_object('consent', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'state', n.consent_state, 'purposes', n.purposes, 'version', n.text_version, 'at', api.local_moment(n.consented_at, $time_zone),
    'stated_at', api.local_moment(n.stated_at, $time_zone), 'event', encode(n.site_event_hk, 'hex')))
    ORDER BY n.stated_at, n.raw_event_id), '[]'))
FROM business.visit_consents($key, NULL) AS n

-- Its events, in order.
-- name: events
WITH event AS (SELECT e.* FROM asked.events AS e WHERE e.site_session_hk = $key)
SELECT jsonb_build_object('events', coalesce(jsonb_agg(
    jsonb_strip_nulls(jsonb_build_object(
        'event', encode(e.site_event_hk, 'hex'), 'time', api.local_moment(e.event_timestamp, $time_zone), 'type', e.event_type,
        'category', e.event_category, 'action', e.event_action, 'label', e.event_label, 'value', trim_scale(e.event_value),
        'currency', e.event_currency, 'page', h.site_page_bk, 'title', s.page_title, 'item', t.business_item_bk,
        'transaction', e.transaction_id, 'funnel_step', e.transaction_funnel_step, 'is_bot', nullif(e.is_bot, false),
        'time_on_page', s.time_on_page, 'scroll_depth', s.scroll_depth))
    -- whole: a property that was sent as null is one
    || CASE WHEN s.custom_properties IS NULL THEN '{}' ELSE jsonb_build_object('properties', s.custom_properties) END
    ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk), '[]'))
FROM event AS e
LEFT JOIN business.site_page_h AS h ON h.site_page_hk = e.site_page_hk
LEFT JOIN business.business_item_h AS t ON t.business_item_hk = e.business_item_hk
LEFT JOIN LATERAL (
    SELECT s.page_title, s.custom_properties, s.time_on_page, s.scroll_depth FROM business.site_event_details_s AS s WHERE s.site_event_hk = e.site_event_hk LIMIT 1
) AS s ON true
