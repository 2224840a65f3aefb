-- How fast pages were: for each vital the value that three of four loads do not exceed, and how many loads were good, in between, and
-- poor (web.dev: milliseconds, but for cls, which has no unit); in all and by page. A load is what one visit tells of one page with one
-- ttfb: of that the last word counts.
-- name: vitals
WITH told AS (
    SELECT e.site_session_hk, e.site_page_hk, e.event_timestamp, e.raw_event_id, e.site_event_hk, d.custom_properties
    FROM asked.events AS e
    WHERE e.event_type = 'engagement' AND e.event_action = 'web_vitals' AND jsonb_typeof(d.custom_properties) = 'object'
), load AS (
    SELECT DISTINCT ON (t.site_session_hk, t.site_page_hk, t.custom_properties -> 'ttfb')
           t.site_page_hk AS g, t.custom_properties AS told
    FROM told AS t
    ORDER BY t.site_session_hk, t.site_page_hk, t.custom_properties -> 'ttfb', t.event_timestamp DESC, t.raw_event_id DESC,
             t.site_event_hk DESC
), known AS (
    SELECT k.vital, k.good, k.poor
    FROM (VALUES ('lcp', 2500, 4000), ('inp', 200, 500), ('cls', 0.1, 0.25), ('fcp', 1800, 3000), ('ttfb', 800, 1800))
        AS k(vital, good, poor)
), measured AS (
    SELECT l.g, k.vital, k.good, k.poor, (l.told ->> k.vital)::numeric AS value
    FROM load AS l
    JOIN known AS k ON CASE WHEN jsonb_typeof(l.told -> k.vital) = 'number' THEN (l.told ->> k.vital)::numeric >= 0 END
), rated AS (
    SELECT m.g, grouping(m.g) = 1 AS is_all, m.vital, jsonb_build_object(
               'loads', count(*), 'p75', percentile_disc(0.75) WITHIN GROUP (ORDER BY m.value),
               'good', round(100.0 * count(*) FILTER (WHERE m.value <= m.good) / count(*), 2),
               'needs_improvement', round(100.0 * count(*) FILTER (WHERE m.value > m.good AND m.value <= m.poor) / count(*), 2),
               'poor', round(100.0 * count(*) FILTER (WHERE m.value > m.poor) / count(*), 2)) AS figures
    FROM measured AS m GROUP BY GROUPING SETS ((m.vital), (m.g, m.vital))
), page AS (
    SELECT h.site_page_bk AS page, n.g, n.loads,
           row_number() OVER (ORDER BY n.loads DESC, h.site_page_bk COLLATE "C") AS position
    FROM (SELECT l.g, count(*) AS loads FROM load AS l GROUP BY l.g) AS n
    JOIN business.site_page_h AS h ON h.site_page_hk = n.g
), shown AS (
    SELECT p.* FROM page AS p ORDER BY p.position OFFSET $cursor LIMIT $limit + 1
), vitals_of AS (
    SELECT s.page, s.loads, s.position, (
        SELECT coalesce(jsonb_object_agg(r.vital, r.figures), '{}') FROM rated AS r WHERE r.g = s.g AND NOT r.is_all) AS vitals
    FROM shown AS s
)
SELECT jsonb_build_object(
    'loads', (SELECT count(*) FROM load),
    'vitals', (SELECT coalesce(jsonb_object_agg(r.vital, r.figures), '{}') FROM rated AS r WHERE r.is_all),
    'rows', coalesce(jsonb_agg(jsonb_build_object('page', o.page, 'loads', o.loads) || o.vitals ORDER BY o.position)
                     FILTER (WHERE o.position <= $cursor + $limit), '[]'),
    'nextCursor', CASE WHEN count(*) > $limit THEN $cursor + $limit END)
FROM vitals_of AS o
