-- Bots: how often each read pages, how many different ones, and when it was last there. Of those that came before kinds were told, the
-- kind is not known, and the name is that of the browser.
-- name: bots
WITH met AS (
    SELECT v.bot_kind AS kind, coalesce(v.bot_name, v.browser_name) AS bot, e.site_page_hk, e.event_type, e.event_timestamp
    FROM asked.events AS e
    WHERE e.is_bot
), figure AS (
    SELECT grouping(m.bot) = 1 AS is_of_kind, m.kind, m.bot, count(*) FILTER (WHERE m.event_type = 'page_view') AS page_views,
           count(DISTINCT m.site_page_hk) FILTER (WHERE m.event_type = 'page_view') AS pages, count(*) AS events,
           count(DISTINCT coalesce(m.bot, '')) AS bots, max(m.event_timestamp) AS last_seen
    FROM met AS m
    GROUP BY GROUPING SETS ((m.kind), (m.kind, m.bot))
), ranked AS (
    SELECT f.*, row_number() OVER (ORDER BY f.page_views DESC, f.events DESC, f.kind COLLATE "C", f.bot COLLATE "C") AS position
    FROM figure AS f WHERE NOT f.is_of_kind
), shown AS (
    SELECT r.* FROM ranked AS r ORDER BY r.position OFFSET $cursor LIMIT $limit + 1
)
SELECT jsonb_build_object(
    'kinds', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'kind', f.kind, 'bots', f.bots, 'page_views', f.page_views, 'pages', f.pages, 'events', f.events,
            'last_seen', api.local_moment(f.last_seen, $time_zone)) ORDER BY f.page_views DESC, f.events DESC, f.kind COLLATE "C"), '[]')
        FROM figure AS f WHERE f.is_of_kind),
    'rows', coalesce(jsonb_agg(jsonb_build_object(
        'kind', s.kind, 'bot', s.bot, 'page_views', s.page_views, 'pages', s.pages, 'events', s.events,
        'last_seen', api.local_moment(s.last_seen, $time_zone)) ORDER BY s.position)
        FILTER (WHERE s.position <= $cursor + $limit), '[]'),
    'nextCursor', CASE WHEN count(*) > $limit THEN $cursor + $limit END)
FROM shown AS s
