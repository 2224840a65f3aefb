-- Now: visitors of the last 5 and 30 minutes, views minute by minute, where they are and where from, and the latest events.
-- name: realtime
WITH event AS MATERIALIZED (
    SELECT e.*, v.referrer_host FROM asked.events AS e WHERE e.event_timestamp >= $since AND e.event_timestamp < $until
), page AS (
    SELECT h.site_page_bk AS name, count(DISTINCT e.site_visitor_hk) AS visitors, count(*) AS views
    FROM event AS e JOIN business.site_page_h AS h ON h.site_page_hk = e.site_page_hk
    WHERE e.event_type = 'page_view' GROUP BY 1 ORDER BY count(*) DESC, h.site_page_bk COLLATE "C" LIMIT $limit
), source AS (
    SELECT e.source AS name, count(DISTINCT e.site_session_hk) AS visits
    FROM event AS e WHERE e.source IS NOT NULL AND e.is_visit GROUP BY 1
    ORDER BY count(DISTINCT e.site_session_hk) DESC, e.source COLLATE "C" LIMIT $limit
), latest AS (
    SELECT e.* FROM event AS e ORDER BY e.event_timestamp DESC, e.raw_event_id DESC, e.site_event_hk LIMIT $limit
)
SELECT jsonb_build_object(
    'visitors_5_minutes', (SELECT count(DISTINCT e.site_visitor_hk) FROM event AS e WHERE e.event_timestamp >= $until - interval '5 minutes'),
    'visitors_30_minutes', (SELECT count(DISTINCT e.site_visitor_hk) FROM event AS e),
    'minutes', (
        SELECT jsonb_agg(jsonb_build_object('start', api.local_moment(m.minute, $time_zone), 'page_views', (
            SELECT count(*) FROM event AS e WHERE e.event_type = 'page_view' AND e.event_timestamp >= m.minute
            AND e.event_timestamp < m.minute + interval '1 minute')) ORDER BY m.minute)
        FROM generate_series($since, $until - interval '1 minute', interval '1 minute') AS m(minute)),
    'pages', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('value', t.name, 'visitors', t.visitors, 'page_views', t.views)
                                  ORDER BY t.views DESC, t.name COLLATE "C"), '[]') FROM page AS t),
    'sources', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('value', t.name, 'visits', t.visits) ORDER BY t.visits DESC, t.name COLLATE "C"), '[]')
        FROM source AS t),
    'events', (
        SELECT coalesce(jsonb_agg(api.event_line(t.site_event_hk, $time_zone)
                                  ORDER BY t.event_timestamp DESC, t.raw_event_id DESC, t.site_event_hk), '[]') FROM latest AS t))
