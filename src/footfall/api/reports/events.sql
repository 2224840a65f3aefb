-- The events that a figure counts, the latest first, each with what proves it: its raw event, its load date, its hash. `figure` is the
-- figure itself, counted (of revenue: summed) from these very rows.
-- name: events
WITH counted AS MATERIALIZED (SELECT c.* FROM asked.counted AS c), shown AS (
    SELECT c.* FROM counted AS c WHERE :is_after ORDER BY c.g DESC OFFSET $skipped LIMIT $limit + 1
), numbered AS (
    SELECT s.*, row_number() OVER (ORDER BY s.g DESC) AS position FROM shown AS s
)
SELECT jsonb_build_object(
    'figure', (SELECT trim_scale(coalesce(:figure, 0)::numeric) FROM counted AS c),
    'rows', (
        SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'event', encode(d.site_event_hk, 'hex'), 'time', api.local_moment(d.event_timestamp, $time_zone),
            'type', d.event_type, 'action', d.event_action, 'label', d.event_label,
            'value', trim_scale(coalesce(:value, d.event_value)), 'currency', coalesce(:currency, d.event_currency),
            'page', h.site_page_bk, 'session', encode(n.site_session_hk, 'hex'), 'raw_event_id', d.raw_event_id,
            'load_date', d.load_date, 'hash', encode(d.hash_diff, 'hex'))) ORDER BY n.position), '[]')
        FROM numbered AS n
        JOIN business.site_event_details_s AS d ON d.site_event_hk = n.g
        LEFT JOIN LATERAL (
            SELECT b.site_page_hk FROM business.event_b AS b WHERE b.tenant_hk = $tenant AND b.site_event_hk = n.g LIMIT 1
        ) AS b ON true
        LEFT JOIN business.site_page_h AS h ON h.site_page_hk = b.site_page_hk
        WHERE n.position <= $limit),
    'nextCursor', (
        SELECT CASE WHEN count(*) > $limit THEN concat_ws('~',
            $cursor + $limit, max(encode(n.g, 'hex')) FILTER (WHERE n.position = $limit)) END
        FROM numbered AS n))

-- name: counted_events
SELECT e.site_event_hk AS g, e.site_session_hk FROM asked.events AS e WHERE :counts

-- Where a figure does not count events themselves, each thing it counts has one: the first in the range.
-- name: counted_firsts
SELECT DISTINCT ON (:thing) e.site_event_hk AS g, e.site_session_hk
FROM asked.events AS e
WHERE :counts
ORDER BY :thing, e.event_timestamp, e.raw_event_id, e.site_event_hk

-- name: counted_conversions
SELECT c.g, c.site_session_hk, c.value, c.currency FROM asked.conversions AS c WHERE c.is_first AND c.is_chosen AND :counts
