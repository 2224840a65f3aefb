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

-- When each visit (or visitor) first reached each step: t1, t2, …; g is the dimension's value at its first event that meets the first.
-- name: reached
SELECT s.actor, :firsts, (array_agg(s.g ORDER BY s.t, s.o, s.hk) FILTER (WHERE s.m1))[1] AS g
FROM asked.way AS s
GROUP BY s.actor

-- The same, and the event that reached one step first.
-- name: reached_by
SELECT s.actor, :firsts, (array_agg(s.g ORDER BY s.t, s.o, s.hk) FILTER (WHERE s.m1))[1] AS g,
       (array_agg(s.hk ORDER BY s.t, s.o, s.hk) FILTER (WHERE :step IS NOT NULL))[1] AS site_event_hk,
       (array_agg(s.visit ORDER BY s.t, s.o, s.hk) FILTER (WHERE :step IS NOT NULL))[1] AS site_session_hk
FROM asked.way AS s
GROUP BY s.actor

-- name: step
jsonb_build_object(
    'step', :number, 'filter', :text::text, 'count', count(:here),
    'percent_of_start', coalesce(round(100.0 * count(:here) / nullif(count(r.t1), 0), 2), 0),
    'percent_of_previous', coalesce(round(100.0 * count(:here) / nullif(count(:before), 0), 2), 0),
    'drop_off', count(:before) - count(:here),
    'median_seconds', round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY :here - :before)
                            FILTER (WHERE :here IS NOT NULL))::numeric, 1))

-- name: funnel
WITH reached AS MATERIALIZED (SELECT r.* FROM asked.reached AS r)
SELECT jsonb_build_object('steps', (SELECT jsonb_build_array(:steps) FROM reached AS r))

-- The same, and by the values of a dimension, those with most on the first step first.
-- name: funnel_by
WITH reached AS MATERIALIZED (SELECT r.* FROM asked.reached AS r), grouped AS (
    SELECT :name AS name, count(*) AS n, jsonb_build_array(:steps) AS steps
    FROM reached AS r WHERE r.t1 IS NOT NULL AND r.g IS NOT NULL
    GROUP BY r.g
), shown AS (
    SELECT o.* FROM grouped AS o ORDER BY o.n DESC, o.name COLLATE "C" LIMIT $limit
)
SELECT jsonb_build_object(
    'steps', (SELECT jsonb_build_array(:steps) FROM reached AS r),
    'groups', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('value', o.name, 'steps', o.steps) ORDER BY o.n DESC, o.name COLLATE "C"), '[]')
        FROM shown AS o))

-- The events behind a figure: of those who reached a step, the event that reached it first; of those who were dropped before it, the
-- event that reached the step before.
-- name: events
SELECT r.site_event_hk AS g, r.site_session_hk FROM asked.reached AS r WHERE :chosen
