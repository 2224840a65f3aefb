-- What visits did next, or before.

-- Each thing on the way of a visit with the thing after it: up to level $depth, at each level the $top most frequent things by name.
-- name: following
WITH event AS (
    SELECT e.site_session_hk, e.event_timestamp AS t, e.raw_event_id AS o, e.site_event_hk AS g, :is_step AS is_step,
           :what AS what, (:is_start AND :is_step) IS TRUE AS is_start
    FROM asked.events AS e
    WHERE e.is_visit
), anchored AS (
    -- looking back, events come the last first: the anchor is the first that starts, either way
    SELECT a.*, bool_or(a.is_start) OVER (PARTITION BY a.site_session_hk ORDER BY :order) AS is_since FROM event AS a
), step AS (
    SELECT a.site_session_hk, a.what, a.t, a.o, a.g, lag(a.what) OVER (PARTITION BY a.site_session_hk ORDER BY :order) AS before
    FROM anchored AS a WHERE a.is_since AND a.is_step
), numbered AS (
    SELECT a.site_session_hk, a.g, a.what, row_number() OVER (PARTITION BY a.site_session_hk ORDER BY :order) - 1 AS level
    FROM step AS a WHERE a.what IS DISTINCT FROM a.before
), kept AS (
    SELECT n.* FROM numbered AS n WHERE n.level <= $depth
), counted AS (
    -- windows, no join: without statistics the planner loops over what it takes for a row. By keys, which sort faster than names
    SELECT k.*, count(*) OVER (PARTITION BY k.level, k.what) AS n FROM kept AS k
), ranked AS (
    SELECT c.*, dense_rank() OVER (PARTITION BY c.level ORDER BY c.n DESC, c.what COLLATE "C") AS rank FROM asked.called AS c
), named AS (
    SELECT r.site_session_hk, r.g, r.level, CASE WHEN r.rank <= $top THEN r.what ELSE '(other)' END AS what FROM ranked AS r
)
SELECT n.*, coalesce(lead(n.what) OVER (PARTITION BY n.site_session_hk ORDER BY n.level), :end) AS next FROM named AS n

-- name: called_pages
SELECT k.site_session_hk, k.g, k.level, k.n, h.site_page_bk AS what
FROM counted AS k JOIN business.site_page_h AS h ON h.site_page_hk = k.what

-- name: called_events
SELECT k.* FROM counted AS k

-- name: paths
WITH following AS MATERIALIZED (SELECT f.* FROM asked.following AS f), link AS (
    SELECT f.level, f.what AS source, f.next AS target, count(*) AS visits
    FROM following AS f WHERE f.level < $depth
    GROUP BY 1, 2, 3
)
SELECT jsonb_build_object(
    'visits', (SELECT count(*) FROM following AS f WHERE f.level = 0),
    'links', coalesce((
        SELECT jsonb_agg(jsonb_build_object('level', l.level, 'source', l.source, 'target', l.target, 'visits', l.visits)
                         ORDER BY l.level, l.visits DESC, l.source COLLATE "C", l.target COLLATE "C") FROM link AS l), '[]'))

-- The events behind a link: of each visit that went from the source to the target, the event at the source.
-- name: events
SELECT f.g, f.site_session_hk FROM asked.following AS f WHERE f.level = $level AND f.what = $source AND f.next = $target
