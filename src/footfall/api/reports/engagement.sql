-- How long and how far pages were read, in all and by page, and which pages there were not. A view is measured when the tracker told
-- its attention.
-- name: engagement
WITH view AS (
    SELECT v.* FROM asked.views AS v
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
