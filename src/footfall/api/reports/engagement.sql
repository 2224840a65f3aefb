-- How long and how far pages were read, in all and by page, and which pages there were not. A view is a page view and what its visit
-- tells of that page until the next one; it is measured when the tracker told its attention, which grows within a view.
-- name: engagement
WITH met AS (
    SELECT e.site_page_hk AS g, e.site_session_hk, e.site_event_hk, e.event_type = 'page_view' AS is_view,
           count(*) FILTER (WHERE e.event_type = 'page_view')
               OVER (PARTITION BY e.site_session_hk ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk) AS view_number
    FROM asked.events AS e
    WHERE e.event_type = 'page_view' OR e.event_type = 'engagement' AND e.event_action = 'attention'
), view AS (
    SELECT m.g, max(d.time_on_page) AS seconds, max(d.scroll_depth) AS depth
    FROM met AS m
    LEFT JOIN LATERAL (
        SELECT d.time_on_page, d.scroll_depth FROM business.site_event_details_s AS d
        WHERE d.site_event_hk = m.site_event_hk AND NOT m.is_view LIMIT 1
    ) AS d ON true
    GROUP BY m.g, m.site_session_hk, m.view_number
    HAVING bool_or(m.is_view)
), figure AS (
    SELECT grouping(v.g) = 1 AS is_all, h.site_page_bk AS page,
           jsonb_build_object(
               'views', count(*), 'measured', count(coalesce(v.seconds, v.depth)),
               'time_on_page', percentile_cont(0.5) WITHIN GROUP (ORDER BY v.seconds),
               'scroll_depth', round(avg(v.depth), 1)) AS figures,
           count(*) AS views
    FROM view AS v
    LEFT JOIN business.site_page_h AS h ON h.site_page_hk = v.g
    GROUP BY GROUPING SETS ((), (v.g, h.site_page_bk))
), ranked AS (
    SELECT f.*, row_number() OVER (ORDER BY f.views DESC, f.page COLLATE "C") AS position FROM figure AS f WHERE f.page IS NOT NULL
), shown AS (
    SELECT r.* FROM ranked AS r ORDER BY r.position OFFSET $cursor LIMIT $limit + 1
), absent AS (
    SELECT e.site_page_hk, e.site_event_hk, e.site_session_hk, e.is_visit
    FROM asked.events AS e WHERE e.event_type = 'engagement' AND e.event_action = 'not_found'
), missing AS (
    SELECT h.site_page_bk AS page, d.page_referrer AS referrer, count(*) AS events,
           count(DISTINCT a.site_session_hk) FILTER (WHERE a.is_visit) AS visits
    FROM absent AS a
    JOIN business.site_page_h AS h ON h.site_page_hk = a.site_page_hk
    LEFT JOIN LATERAL (
        SELECT d.page_referrer FROM business.site_event_details_s AS d WHERE d.site_event_hk = a.site_event_hk LIMIT 1
    ) AS d ON true
    GROUP BY 1, 2
    ORDER BY count(*) DESC, h.site_page_bk COLLATE "C", d.page_referrer COLLATE "C" LIMIT $limit
)
SELECT jsonb_build_object(
    'all', (SELECT f.figures FROM figure AS f WHERE f.is_all),
    'rows', coalesce(jsonb_agg(jsonb_build_object('page', s.page) || s.figures ORDER BY s.position)
                     FILTER (WHERE s.position <= $cursor + $limit), '[]'),
    'nextCursor', CASE WHEN count(*) > $limit THEN $cursor + $limit END,
    'not_found', (
        SELECT coalesce(jsonb_agg(to_jsonb(m) ORDER BY m.events DESC, m.page COLLATE "C", m.referrer COLLATE "C"), '[]')
        FROM missing AS m))
FROM shown AS s
