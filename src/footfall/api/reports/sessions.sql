-- A page of visits, described by their events that the question chooses; how long and how far they read by their measured views.
-- name: sessions
WITH page AS MATERIALIZED (
    SELECT p.site_session_hk, min(p.first) AS first
    FROM asked.found AS p
    GROUP BY p.site_session_hk
    HAVING :is_after
    ORDER BY min(p.first) DESC, p.site_session_hk OFFSET $skipped LIMIT $limit + 1
), event AS MATERIALIZED (
    SELECT o.first AS found, e.site_session_hk, e.site_visitor_hk, e.site_event_hk, e.site_page_hk, e.event_timestamp, e.raw_event_id,
           e.event_type, e.event_action, e.source, business.channel_of(v.channel_name, e.channel) AS channel, e.device_type, e.country, v.browser_name, v.operating_system, v.is_bounce,
           v.duration_seconds, v.entry_page_hk, v.exit_page_hk
    FROM page AS o
    JOIN asked.events AS e ON e.site_session_hk = o.site_session_hk
), visit AS (
    SELECT e.site_session_hk, e.site_visitor_hk, e.found, min(e.event_timestamp) AS first, max(e.event_timestamp) AS last,
           count(*) AS events, count(*) FILTER (WHERE e.event_type = 'page_view') AS page_views,
           min(e.source) AS source, min(e.channel) AS channel, min(e.device_type) AS device, min(e.country) AS country,
           min(e.browser_name) AS browser, min(e.operating_system) AS os, bool_or(e.is_bounce) AS is_bounce,
           max(e.duration_seconds) AS duration_seconds, min(encode(e.entry_page_hk, 'hex')) AS entry_page,
           min(encode(e.exit_page_hk, 'hex')) AS exit_page
    FROM event AS e
    GROUP BY 1, 2, 3
), read AS (
    SELECT w.g AS site_session_hk, sum(w.seconds) AS seconds, round(avg(w.depth), 1) AS depth FROM asked.views AS w GROUP BY w.g
), numbered AS (
    SELECT v.*, r.seconds, r.depth, row_number() OVER (ORDER BY v.found DESC, v.site_session_hk) AS position
    FROM visit AS v
    LEFT JOIN read AS r ON r.site_session_hk = v.site_session_hk
)
SELECT jsonb_build_object(
    'sessions', coalesce(jsonb_agg(jsonb_build_object(
        'session', encode(n.site_session_hk, 'hex'), 'visitor', encode(n.site_visitor_hk, 'hex'),
        'start', api.local_moment(n.first, $time_zone), 'end', api.local_moment(n.last, $time_zone), 'events', n.events,
        'page_views', n.page_views, 'duration_seconds', n.duration_seconds, 'engaged_time', n.seconds, 'scroll_depth', n.depth,
        'is_bounce', n.is_bounce, 'source', n.source, 'channel', n.channel, 'device', n.device, 'browser', n.browser, 'os', n.os, 'country', n.country,
        'entry_page', (SELECT h.site_page_bk FROM business.site_page_h AS h WHERE h.site_page_hk = decode(n.entry_page, 'hex')),
        'exit_page', (SELECT h.site_page_bk FROM business.site_page_h AS h WHERE h.site_page_hk = decode(n.exit_page, 'hex')))
        ORDER BY n.position) FILTER (WHERE n.position <= $limit), '[]'),
    'nextCursor', CASE WHEN count(*) > $limit THEN concat_ws('~',
        $cursor + $limit, (extract(epoch FROM max(n.found) FILTER (WHERE n.position = $limit)) * 1000000)::bigint,
        max(encode(n.site_session_hk, 'hex')) FILTER (WHERE n.position = $limit)) END)
FROM numbered AS n

-- name: is_after
min(p.first) < $after_moment OR min(p.first) = $after_moment AND p.site_session_hk > $after_key

-- name: found_in_visits
SELECT v.site_session_hk, v.first_event_timestamp AS first FROM asked.visits AS v WHERE v.is_visit

-- name: found_in_events
SELECT e.site_session_hk, e.event_timestamp AS first FROM asked.events AS e WHERE e.is_visit

-- name: found_of_visitor
SELECT v.site_session_hk, v.first_event_timestamp AS first FROM asked.visits AS v WHERE v.site_visitor_hk = $key

-- name: found_itself
SELECT $key::bytea AS site_session_hk, NULL::timestamptz AS first
