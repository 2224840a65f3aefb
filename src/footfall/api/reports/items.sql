-- Items: how often they were viewed and interacted with, in how many visits, and what conversions about them brought.
-- name: items
WITH met AS (
    SELECT e.business_item_hk AS g, e.site_session_hk, e.is_visit,
           count(*) FILTER (WHERE e.event_type = 'item_interaction') AS interactions,
           count(*) FILTER (WHERE e.event_type = 'item_interaction' AND e.event_action = 'view') AS views
    FROM asked.events AS e
    WHERE e.business_item_hk IS NOT NULL
    GROUP BY 1, 2, 3
), item AS (
    SELECT m.g, sum(m.interactions) AS interactions, sum(m.views) AS views, count(*) FILTER (WHERE m.is_visit) AS visits
    FROM met AS m GROUP BY m.g
), worth AS (
    SELECT c.g, count(*) FILTER (WHERE NOT c.is_refund) AS conversions,
           coalesce(sum(c.value) FILTER (WHERE c.currency = $currency), 0) AS value
    FROM asked.conversions AS c WHERE c.is_first AND c.is_chosen GROUP BY c.g
), ranked AS (
    SELECT h.business_item_bk AS item, i.*, coalesce(w.conversions, 0) AS conversions, coalesce(w.value, 0) AS value,
           row_number() OVER (ORDER BY i.interactions DESC, h.business_item_bk COLLATE "C") AS position
    FROM item AS i
    JOIN business.business_item_h AS h ON h.business_item_hk = i.g
    LEFT JOIN worth AS w ON w.g = i.g
), shown AS (
    SELECT r.* FROM ranked AS r ORDER BY r.position OFFSET $cursor LIMIT $limit + 1
)
SELECT jsonb_build_object(
    'rows', coalesce(jsonb_agg(jsonb_build_object(
        'item', s.item, 'name', n.item_name, 'views', s.views, 'interactions', s.interactions, 'visits', s.visits,
        'conversions', s.conversions, 'value', trim_scale(s.value)) ORDER BY s.position)
        FILTER (WHERE s.position <= $cursor + $limit), '[]'),
    'nextCursor', CASE WHEN count(*) > $limit THEN $cursor + $limit END)
FROM shown AS s
LEFT JOIN LATERAL (
    -- as its details say; before there are any, as its latest event did
    SELECT coalesce(
        (SELECT d.item_name FROM business.business_item_details_s AS d
         WHERE d.business_item_hk = s.g AND d.load_end_date IS NULL LIMIT 1),
        (SELECT b.item_name FROM business.event_b AS b
         WHERE b.tenant_hk = $tenant AND b.business_item_hk = s.g AND b.item_name IS NOT NULL
           AND b.site_event_hk >= util.time_prefix($since) AND b.site_event_hk < util.time_prefix($until)
         ORDER BY b.site_event_hk DESC LIMIT 1)) AS item_name
) AS n ON true
