-- How far visits (or visitors) came on a way of steps.

-- The events on the way: m1, m2, … tell which steps an event meets.
-- name: matched
SELECT :actor AS actor, e.event_timestamp AS t, e.raw_event_id AS o, e.site_event_hk AS hk, e.site_session_hk AS visit, :g AS g, :matches
FROM asked.events AS e
WHERE :has_actor AND :on_the_way

-- s1: when a way began, at an event that meets the first step.
-- name: begun
SELECT e.*, CASE WHEN e.m1 THEN e.t END AS s1 FROM asked.rows AS e

-- The event completes a step; the value is when the latest such way began. Each step looks at what came strictly before it; in a loose
-- funnel other events may come between.
-- name: loose
SELECT e.*, CASE WHEN :matches AND e.t - max(:before) OVER w <= $window * interval '1 minute' THEN max(:before) OVER w END AS since
FROM asked.rows AS e
WINDOW w AS (PARTITION BY e.actor ORDER BY e.t, e.o, e.hk ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)

-- Strict: each step is the very next event.
-- name: strict
SELECT e.*, CASE WHEN :matches AND e.t - lag(:before) OVER w <= $window * interval '1 minute' THEN lag(:before) OVER w END AS since
FROM asked.rows AS e
WINDOW w AS (PARTITION BY e.actor ORDER BY e.t, e.o, e.hk)

-- When each visit (or visitor) first reached each step: t1, t2, …
-- name: reached
SELECT s.actor, :firsts
FROM asked.way AS s
GROUP BY s.actor

-- The dimension's value at its first event that meets the first step.
-- name: entered
(array_agg(s.g ORDER BY s.t, s.o, s.hk) FILTER (WHERE s.m1))[1]

-- The same, and the event that reached one step first.
-- name: reached_by
SELECT s.actor, :firsts,
       (array_agg(s.hk ORDER BY s.t, s.o, s.hk) FILTER (WHERE :step IS NOT NULL))[1] AS site_event_hk,
       (array_agg(s.visit ORDER BY s.t, s.o, s.hk) FILTER (WHERE :step IS NOT NULL))[1] AS site_session_hk
FROM asked.way AS s
GROUP BY s.actor

-- How many reached each step: n1, n2, …; and how long half of them took at most from the step before: m1, m2, …, in microseconds.
-- name: counted
SELECT :counts FROM asked.reached AS r

-- The same, and by the values of a dimension.
-- name: counted_by
WITH reached AS MATERIALIZED (SELECT r.* FROM asked.reached AS r)
SELECT true AS is_all, NULL AS g, :counts FROM reached AS r
UNION ALL
SELECT false AS is_all, r.g, :counts FROM reached AS r WHERE r.t1 IS NOT NULL AND r.g IS NOT NULL GROUP BY r.g

-- name: median
extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY :here - :before) FILTER (WHERE :here IS NOT NULL)) * 1000000

-- name: median_in_files
quantile_cont(epoch_us(:here) - epoch_us(:before), 0.5) FILTER (WHERE :here IS NOT NULL)

-- name: step
jsonb_build_object(
    'step', :number, 'filter', :text::text, 'count', :here,
    'percent_of_start', coalesce(round(100.0 * :here / nullif(c.n1, 0), 2), 0),
    'percent_of_previous', coalesce(round(100.0 * :here / nullif(:before, 0), 2), 0),
    'drop_off', :before - :here,
    'median_seconds', round(:median / 1000000, 1))

-- name: funnel
SELECT jsonb_build_object('steps', jsonb_build_array(:steps)) FROM asked.counted AS c

-- The same, and by the values of a dimension, those with most on the first step first.
-- name: funnel_by
WITH counted AS MATERIALIZED (SELECT c.* FROM asked.counted AS c), shown AS (
    SELECT :name AS name, c.n1 AS n, jsonb_build_array(:steps) AS steps
    FROM counted AS c WHERE NOT c.is_all
    ORDER BY c.n1 DESC, (:name) COLLATE "C" LIMIT $limit
)
SELECT jsonb_build_object(
    'steps', (SELECT jsonb_build_array(:steps) FROM counted AS c WHERE c.is_all),
    'groups', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('value', o.name, 'steps', o.steps) ORDER BY o.n DESC, o.name COLLATE "C"), '[]')
        FROM shown AS o))

-- The events behind a figure: of those who reached a step, the event that reached it first; of those who were dropped before it, the
-- event that reached the step before.
-- name: events
SELECT r.site_event_hk AS g, r.site_session_hk FROM asked.reached AS r WHERE :chosen
