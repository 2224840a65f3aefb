-- How fast pages were: for each vital the value that three of four loads do not exceed, and how many loads were good, in between, and
-- poor (web.dev: milliseconds, but for cls, which has no unit); in all and by page.
-- name: vitals
WITH load AS (
    SELECT l.* FROM asked.loads AS l
), measured AS (
    SELECT l.g, k.vital, k.good, k.poor, k.value
    FROM load AS l
    CROSS JOIN LATERAL (VALUES
        ('lcp', l.lcp, 2500, 4000), ('inp', l.inp, 200, 500), ('cls', l.cls, 0.1, 0.25), ('fcp', l.fcp, 1800, 3000),
        ('ttfb', l.ttfb, 800, 1800)) AS k(vital, value, good, poor)
    WHERE k.value IS NOT NULL
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
