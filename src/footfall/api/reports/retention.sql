-- How many visitors whose first period in the range is this one were there in which; by g, what a dimension said when they were first seen.
-- name: counted
WITH seen AS (
    SELECT s.site_visitor_hk, s.period, :first_of_period FROM asked.seen AS s WHERE s.site_visitor_hk IS NOT NULL GROUP BY 1, 2
), cohort AS (
    SELECT s.period, min(s.period) OVER (PARTITION BY s.site_visitor_hk) AS first_period, :first FROM seen AS s
)
SELECT c.first_period, c.period, count(*) AS visitors, :g FROM cohort AS c GROUP BY c.first_period, c.period, :by

-- Of the visitors whose first period in the range is this one, how many were there again how many periods later.
-- name: retention
WITH known AS (SELECT c.* FROM asked.counted AS c), counted AS (
    SELECT k.first_period, k.period, sum(k.visitors) AS visitors FROM known AS k GROUP BY k.first_period, k.period
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
SELECT jsonb_build_object('cohorts', coalesce(jsonb_agg(l.cohort ORDER BY l.period), '[]')) || :groups FROM line AS l

-- The same visitors by what a dimension said when they were first seen, those with most first. Percent are of those for whom so many
-- periods have passed within the range.
-- name: groups
WITH aged AS (
    SELECT k.g, dense_rank() OVER (ORDER BY k.g) AS n, f.number, p.number - f.number AS age, k.visitors
    FROM known AS k
    JOIN period AS p ON p.period = k.period
    JOIN period AS f ON f.period = k.first_period
), age AS (
    SELECT p.number - 1 AS age, max(p.number) OVER () - p.number + 1 AS last_number FROM period AS p
), shown AS (
    SELECT w.n, w.name, w.visitors
    FROM (SELECT a.n, :name AS name, sum(a.visitors) AS visitors FROM aged AS a WHERE a.age = 0 GROUP BY a.n, a.g) AS w
    ORDER BY w.visitors DESC, w.name COLLATE "C" LIMIT $limit
), line_of AS (
    SELECT s.n, s.name, s.visitors, o.age, coalesce(sum(a.visitors) FILTER (WHERE a.age = o.age), 0) AS retained,
           sum(a.visitors) FILTER (WHERE a.age = 0 AND a.number <= o.last_number) AS possible
    FROM shown AS s
    CROSS JOIN age AS o
    JOIN aged AS a ON a.n = s.n
    GROUP BY s.n, s.name, s.visitors, o.age
), figures_of AS (
    SELECT o.name, o.visitors, jsonb_build_object(
        'value', o.name, 'visitors', o.visitors, 'retained', jsonb_agg(o.retained ORDER BY o.age),
        'percent', jsonb_agg(coalesce(round(100.0 * o.retained / nullif(o.possible, 0), 2), 0) ORDER BY o.age)) AS figures
    FROM line_of AS o
    GROUP BY o.n, o.name, o.visitors
)
SELECT jsonb_build_object('groups', coalesce(jsonb_agg(f.figures ORDER BY f.visitors DESC, f.name COLLATE "C"), '[]'))
FROM figures_of AS f

-- name: seen_in_visits
SELECT v.site_visitor_hk, :period AS period, :facts FROM asked.visits AS v

-- name: seen_in_events
SELECT e.site_visitor_hk, :period AS period, :facts FROM asked.events AS e

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
