-- Of the visitors whose first period in the range is this one, how many were there again how many periods later.
-- name: retention
WITH seen AS (
    SELECT DISTINCT s.site_visitor_hk, s.period FROM asked.seen AS s WHERE s.site_visitor_hk IS NOT NULL
), cohort AS (
    SELECT s.period, min(s.period) OVER (PARTITION BY s.site_visitor_hk) AS first_period FROM seen AS s
), counted AS (
    SELECT c.first_period, c.period, count(*) AS visitors FROM cohort AS c GROUP BY c.first_period, c.period
), period AS (
    SELECT p.period, row_number() OVER (ORDER BY p.period) AS number
    FROM (SELECT DISTINCT :bucket AS period
          FROM generate_series($first_day::timestamp, $last_day::timestamp, interval '1 day') AS d(day)) AS p
), line AS (
    SELECT f.period, jsonb_build_object(
        'start', f.period, 'visitors', coalesce(max(c.visitors) FILTER (WHERE p.period = f.period), 0),
        'retained', jsonb_agg(coalesce(c.visitors, 0) ORDER BY p.period),
        'percent', jsonb_agg(coalesce(round(100.0 * c.visitors / nullif(a.visitors, 0), 2), 0) ORDER BY p.period)) AS cohort
    FROM period AS f
    JOIN period AS p ON p.number >= f.number
    LEFT JOIN counted AS c ON c.first_period = f.period AND c.period = p.period
    LEFT JOIN counted AS a ON a.first_period = f.period AND a.period = f.period
    GROUP BY f.period
)
SELECT jsonb_build_object('cohorts', coalesce(jsonb_agg(l.cohort ORDER BY l.period), '[]')) FROM line AS l

-- name: seen_in_visits
SELECT v.site_visitor_hk, :period AS period FROM asked.visits AS v

-- name: seen_in_events
SELECT e.site_visitor_hk, :period AS period FROM asked.events AS e

-- The events behind a cell: of the visitors whose first period is that of the cohort, the first event in a period after it.
-- name: events
SELECT o.g, o.site_session_hk
FROM (
    SELECT f.*, min(f.period) OVER (PARTITION BY f.site_visitor_hk) AS first_period
    FROM (
        SELECT DISTINCT ON (e.site_visitor_hk, :period)
               e.site_visitor_hk, :period AS period, e.site_event_hk AS g, e.site_session_hk
        FROM asked.events AS e
        WHERE e.site_visitor_hk IS NOT NULL
        ORDER BY e.site_visitor_hk, :period, e.event_timestamp, e.raw_event_id, e.site_event_hk) AS f
) AS o
WHERE o.first_period = :cohort AND o.period = (:cohort + $period * :interval)::date
