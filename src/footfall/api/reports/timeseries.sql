-- Metrics by buckets of time.
-- name: timeseries
SELECT jsonb_build_object('buckets', jsonb_agg(jsonb_build_object('start', :start) || jsonb_build_object(:metrics) ORDER BY s.g))
FROM asked.buckets AS s
LEFT JOIN asked.figures AS f ON f.g = s.g

-- name: minutes
SELECT m.g FROM generate_series($since, $until - interval '1 microsecond', interval '1 minute') AS m(g)

-- name: hours
SELECT h.g FROM generate_series($since, $until - interval '1 microsecond', interval '1 hour') AS h(g)

-- Days, weeks, months: those that the days of the range are in.
-- name: periods
SELECT DISTINCT :bucket AS g FROM generate_series($first_day::timestamp, $last_day::timestamp, interval '1 day') AS d(day)
