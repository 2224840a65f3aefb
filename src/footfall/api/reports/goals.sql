-- How each goal was reached. What goals look at is the same for many events, of one visit (a part of it) and of many (a kind of parts):
-- which goals a kind meets is told once. So a hundred goals cost little more than a few.
-- name: goals
WITH part AS MATERIALIZED (
    SELECT e.site_session_hk, e.site_visitor_hk, e.is_visit, count(*) AS events,
           sum(e.event_value) FILTER (WHERE e.event_currency = $currency) AS told, :columns
    FROM asked.events AS e
    GROUP BY e.site_session_hk, e.site_visitor_hk, e.is_visit, :looked_at
), goal AS (
    SELECT g.number, g.goal, g.filter, g.value, g.is_worth
    FROM unnest($numbers::integer[], $goals::text[], $filters::text[], $worths::numeric[], $are_worth::boolean[])
        AS g(number, goal, filter, value, is_worth)
), called AS MATERIALIZED (
    SELECT p.*, ARRAY[:names]::text[] AS kind FROM part AS p
), kind AS MATERIALIZED (
    SELECT p.kind, array_remove(:met, NULL) AS met FROM (SELECT DISTINCT ON (p.kind) p.* FROM called AS p) AS p
), by_visit AS (
    SELECT u.number, p.site_session_hk, p.site_visitor_hk, p.is_visit, sum(p.events) AS events, sum(p.told) AS told
    FROM called AS p
    JOIN kind AS k ON k.kind = p.kind
    CROSS JOIN LATERAL unnest(k.met) AS u(number)
    GROUP BY 1, 2, 3, 4
), reached AS (
    SELECT b.number, sum(b.events) AS events, count(*) FILTER (WHERE b.is_visit) AS visits,
           count(DISTINCT b.site_visitor_hk) AS visitors, sum(b.told) AS told
    FROM by_visit AS b GROUP BY b.number
), visit AS (
    SELECT count(*) AS visits FROM (SELECT DISTINCT p.site_session_hk FROM part AS p WHERE p.is_visit) AS v
)
SELECT jsonb_build_object(
    'goals', coalesce(jsonb_agg(jsonb_build_object(
        'goal', g.goal, 'filter', g.filter, 'events', coalesce(r.events, 0), 'visits', coalesce(r.visits, 0),
        'visitors', coalesce(r.visitors, 0),
        'conversion_rate', coalesce(round(100.0 * r.visits / nullif(v.visits, 0), 2), 0),
        'value', trim_scale(coalesce(CASE WHEN g.value IS NULL THEN r.told WHEN g.is_worth THEN g.value * r.events END, 0)))
        ORDER BY g.number), '[]'),
    'visits', (SELECT v.visits FROM visit AS v))
FROM goal AS g
CROSS JOIN visit AS v
LEFT JOIN reached AS r ON r.number = g.number

-- What goals are worth whose value is another one from days on, in each of the times between those ($changes): an event counts by its day.
-- name: worth
WITH part AS MATERIALIZED (
    SELECT width_bucket(e.day, $changes::date[]) AS period, count(*) AS events,
           sum(e.event_value) FILTER (WHERE e.event_currency = $currency) AS told, :columns
    FROM asked.events AS e
    GROUP BY width_bucket(e.day, $changes::date[]), :looked_at
), value AS (
    SELECT v.number, v.period, v.value, v.is_worth
    FROM unnest($numbers::integer[], $periods::integer[], $worths::numeric[], $are_worth::boolean[]) AS v(number, period, value, is_worth)
), reached AS (
    SELECT u.number, p.period, sum(p.events) AS events, sum(p.told) AS told
    FROM part AS p
    CROSS JOIN LATERAL unnest(array_remove(:met, NULL)) AS u(number)
    GROUP BY 1, 2
), worth AS (
    SELECT v.number,
           trim_scale(coalesce(sum(CASE WHEN v.value IS NULL THEN r.told WHEN v.is_worth THEN v.value * r.events END), 0)) AS worth
    FROM value AS v
    LEFT JOIN reached AS r ON r.number = v.number AND r.period = v.period
    GROUP BY v.number
)
SELECT jsonb_object_agg(w.number, w.worth) FROM worth AS w
