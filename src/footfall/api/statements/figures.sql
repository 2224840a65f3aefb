-- The figures of groups: of events to visits, of visits to visitors, of visitors to groups, so that nothing distinct is counted twice.

-- Each visit's part in each group.
-- name: by_visit_of_events
SELECT :g AS g, e.site_session_hk, :visitor AS site_visitor_hk, bool_or(e.is_visit) AS is_visit, :facts
FROM asked.events AS e
WHERE :g_is
GROUP BY 1, 2, 3

-- The same of parts of visits, when all that is asked is about visits.
-- name: by_visit_of_visits
SELECT :g AS g, v.site_session_hk, :visitor AS site_visitor_hk, bool_or(v.is_visit) AS is_visit, :facts
FROM asked.visits AS v
WHERE :g_is
GROUP BY 1, 2, 3

-- name: figures
WITH by_visit AS (SELECT b.* FROM asked.by_visit AS b), by_visitor AS (
    SELECT b.g, b.site_visitor_hk, :of_visits FROM by_visit AS b GROUP BY 1, 2
), by_group AS (
    SELECT b.g, :of_visitors FROM by_visitor AS b GROUP BY b.g
)
SELECT b.* FROM by_group AS b

-- name: figures_and_conversions
WITH by_visit AS (SELECT b.* FROM asked.by_visit AS b), by_visitor AS (
    SELECT b.g, b.site_visitor_hk, :of_visits FROM by_visit AS b GROUP BY 1, 2
), by_group AS (
    SELECT b.g, :of_visitors FROM by_visitor AS b GROUP BY b.g
), converted AS (
    SELECT c.g, :of_conversions FROM asked.conversions AS c WHERE c.is_chosen GROUP BY c.g
)
SELECT b.*, :converted FROM by_group AS b LEFT JOIN converted AS c ON c.g IS NOT DISTINCT FROM b.g

-- Conversions and refunds of the range: every event that is one. is_first: not a repetition within its bucket of time, or in the whole
-- range; is_chosen: meets the filter; is_of_visit: a conversion that a visit has.
-- name: conversions
SELECT :g AS g, e.site_session_hk, c.value, c.currency, (:chosen) AS is_chosen,
       row_number() OVER (
           PARTITION BY :bucket, business.conversion_identity(e.event_type, e.transaction_id, e.site_session_hk,
               e.transaction_funnel_step, e.site_event_hk, e.event_value, c.is_refund)
           ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk) = 1 AS is_first,
       c.is_refund, e.is_visit AND NOT c.is_refund AS is_of_visit
FROM asked.converting_events AS e
CROSS JOIN LATERAL business.conversion_of(
    e.tenant_hk, e.event_type, e.event_action, e.event_label, e.event_timestamp, e.event_value, e.event_currency) AS c

-- Of the rollups: what can recur was counted on the first day of the range that it was seen on.
-- name: figures_of_rollups
SELECT :g AS g, :measures
FROM asked.rolled AS r
WHERE r.previous_day < :since
GROUP BY 1
HAVING sum(r.events) FILTER (WHERE :own) > 0

-- name: rolled
SELECT r.* FROM business.rollups($tenant, $first_day, $last_day, :dimensions) AS r

-- The last day until a moment.
-- name: rolled_until
SELECT r.* FROM business.rollups_until($tenant, $first_day, $last_day, :dimensions, $until) AS r
