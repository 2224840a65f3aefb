-- All metrics of a range, and its revenue by currency.
-- name: overview
SELECT jsonb_build_object(
    'metrics', jsonb_build_object(:metrics),
    'revenue_by_currency', (
        SELECT coalesce(jsonb_object_agg(c.currency, trim_scale(c.revenue)), '{}') FROM asked.revenue AS c WHERE c.revenue <> 0))
FROM (SELECT 1) AS one
LEFT JOIN asked.figures AS f ON true

-- Rollups are asked once, for the metrics and for the currencies: of a day that is counted live, to plan that takes longer than to count. Values of
-- dimension all are empty, those of currency never are: so they are not mixed up.
-- name: rolled_once
SELECT r.* FROM found AS r

-- name: revenue_of_rollups
SELECT r.value AS currency, sum(r.revenue) AS revenue
FROM asked.rolled AS r
WHERE r.dimension = 'currency' AND r.previous_day < $first_day
GROUP BY r.value

-- Conversions are found once, for the metrics and for the currencies.
-- name: converted_once
SELECT c.* FROM found AS c

-- name: revenue_of_conversions
SELECT c.currency, sum(c.value) AS revenue
FROM asked.conversions AS c
WHERE c.is_first AND c.is_chosen AND c.currency IS NOT NULL
GROUP BY c.currency
