-- What visits did next, or before.

-- Each thing on the way of a visit, by its key, up to level $depth.
-- name: kept
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
)
SELECT n.* FROM numbered AS n WHERE n.level <= $depth

-- How many visits went from what at a level to what at the next one, unless it was the last. NULL stands for all that is not among the
-- $top most frequent of its level, nor as frequent as the last of these: which of those it is depends on names.
-- name: linked
WITH link AS (
    SELECT o.level, o.what, o.next, count(*) AS visits
    FROM (
        SELECT k.level, k.what, lead(k.what) OVER (PARTITION BY k.site_session_hk ORDER BY k.level) AS next FROM asked.kept AS k
    ) AS o
    GROUP BY o.level, o.what, o.next
), counted AS (
    -- windows, no join: without statistics the planner loops over what it takes for a row. Who is at the next level came by one link
    SELECT l.level, l.what, l.next, l.visits, sum(l.visits) OVER (PARTITION BY l.level, l.what) AS n,
           sum(l.visits) OVER (PARTITION BY l.level, l.next) AS next_n
    FROM link AS l
), least AS (
    SELECT r.level, min(r.n) AS n
    FROM (
        SELECT l.level, sum(l.visits) AS n, rank() OVER (PARTITION BY l.level ORDER BY sum(l.visits) DESC) AS rank
        FROM link AS l GROUP BY l.level, l.what
    ) AS r
    WHERE r.rank <= $top
    GROUP BY r.level
)
SELECT c.level, CASE WHEN c.n >= s.n THEN c.what END AS what, CASE WHEN c.next_n >= t.n THEN c.next END AS next,
       c.next IS NULL AS is_last, sum(c.visits) AS visits
FROM counted AS c
JOIN least AS s ON s.level = c.level
LEFT JOIN least AS t ON t.level = c.level + 1
GROUP BY 1, 2, 3, 4

-- At each level the $top most frequent things have names. Windows and no joins, as above: each link has both its things beside it.
-- name: paths
WITH linked AS MATERIALIZED (SELECT l.* FROM asked.linked AS l), counted AS (
    SELECT l.*, sum(l.visits) OVER (PARTITION BY l.level, l.what) AS n, sum(l.visits) OVER (PARTITION BY l.level, l.next) AS next_n
    FROM linked AS l
), ranked AS (
    SELECT c.*, dense_rank() OVER (PARTITION BY c.level, c.name IS NULL ORDER BY c.n DESC, c.name COLLATE "C") AS rank,
           dense_rank() OVER (PARTITION BY c.level, c.next_name IS NULL ORDER BY c.next_n DESC, c.next_name COLLATE "C") AS next_rank
    FROM asked.named AS c
), link AS (
    SELECT r.level, CASE WHEN r.name IS NOT NULL AND r.rank <= $top THEN r.name ELSE '(other)' END AS source,
           CASE WHEN r.is_last THEN :end WHEN r.next_name IS NOT NULL AND r.next_rank <= $top THEN r.next_name ELSE '(other)' END AS target,
           sum(r.visits) AS visits
    FROM ranked AS r
    WHERE r.level < $depth
    GROUP BY 1, 2, 3
)
SELECT jsonb_build_object(
    'visits', (SELECT coalesce(sum(l.visits), 0) FROM linked AS l WHERE l.level = 0),
    'links', coalesce((
        SELECT jsonb_agg(jsonb_build_object('level', l.level, 'source', l.source, 'target', l.target, 'visits', l.visits)
                         ORDER BY l.level, l.visits DESC, l.source COLLATE "C", l.target COLLATE "C") FROM link AS l), '[]'))

-- name: named_pages
SELECT c.*, h.site_page_bk AS name, o.site_page_bk AS next_name
FROM counted AS c
LEFT JOIN business.site_page_h AS h ON h.site_page_hk = c.what
LEFT JOIN business.site_page_h AS o ON o.site_page_hk = c.next

-- name: named_events
SELECT c.*, c.what AS name, c.next AS next_name FROM counted AS c

-- name: called_pages
SELECT k.*, h.site_page_bk AS name FROM counted AS k JOIN business.site_page_h AS h ON h.site_page_hk = k.what

-- name: called_events
SELECT k.*, k.what AS name FROM counted AS k

-- The same visit by visit, for the events behind a link.
-- name: following
WITH kept AS (SELECT k.* FROM asked.kept AS k), counted AS (
    -- windows, no join: without statistics the planner loops over what it takes for a row. By keys, which sort faster than names
    SELECT k.*, count(*) OVER (PARTITION BY k.level, k.what) AS n FROM kept AS k
), ranked AS (
    SELECT c.*, dense_rank() OVER (PARTITION BY c.level ORDER BY c.n DESC, c.name COLLATE "C") AS rank FROM asked.called AS c
), named AS (
    SELECT r.site_session_hk, r.g, r.level, CASE WHEN r.rank <= $top THEN r.name ELSE '(other)' END AS what FROM ranked AS r
)
SELECT n.*, coalesce(lead(n.what) OVER (PARTITION BY n.site_session_hk ORDER BY n.level), :end) AS next FROM named AS n

-- The events behind a link: of each visit that went from the source to the target, the event at the source.
-- name: events
SELECT f.g, f.site_session_hk FROM asked.following AS f WHERE f.level = $level AND f.what = $source AND f.next = $target
