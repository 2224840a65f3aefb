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

-- Each visitor's part in each group, where visits need not be told apart.
-- name: by_visitor_of_events
SELECT :g AS g, :visitor AS site_visitor_hk, :facts
FROM asked.events AS e
WHERE :g_is
GROUP BY 1, 2

-- name: by_visitor_of_visits
SELECT :g AS g, :visitor AS site_visitor_hk, :facts
FROM asked.visits AS v
WHERE :g_is
GROUP BY 1, 2

-- name: by_visitor
SELECT b.g, b.site_visitor_hk, :of_visits FROM asked.by_visit AS b GROUP BY 1, 2

-- name: figures
WITH by_visitor AS (SELECT b.* FROM asked.by_visitor AS b), by_group AS (
    SELECT b.g, :of_visitors FROM by_visitor AS b GROUP BY b.g
)
SELECT b.* FROM by_group AS b

-- Figures, and beside them what is taken of other rows of the same groups.
-- name: figures_with_taken
SELECT b.*, :columns
FROM asked.figures AS b
LEFT JOIN (SELECT o.g, :taken FROM asked.rows AS o GROUP BY o.g) AS o ON :same

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
    e.tenant_hk, e.event_type, e.event_action, e.event_label, e.event_timestamp, e.event_value, e.event_currency,
    e.is_superseded) AS c

-- Those that meet the filter.
-- name: chosen_conversions
SELECT c.* FROM asked.conversions AS c WHERE c.is_chosen

-- Views: each a page view, with what its visit tells of that page until the next one: how long (seconds) and how far (percent) it was
-- read. Attention grows within a view; NULL: it was not told.
-- name: views
SELECT (array_agg(m.g) FILTER (WHERE m.is_view))[1] AS g, max(d.time_on_page) AS seconds, max(d.scroll_depth) AS depth
FROM (
    SELECT :g AS g, e.site_page_hk, e.site_session_hk, e.site_event_hk, e.event_type = 'page_view' AS is_view,
           count(*) FILTER (WHERE e.event_type = 'page_view')
               OVER (PARTITION BY e.site_session_hk ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk) AS view_number
    FROM asked.events AS e
    WHERE e.event_type = 'page_view' OR e.event_type = 'engagement' AND e.event_action = 'attention'
) AS m
LEFT JOIN LATERAL (
    SELECT d.time_on_page, d.scroll_depth FROM business.site_event_details_s AS d
    WHERE d.site_event_hk = m.site_event_hk AND NOT m.is_view LIMIT 1
) AS d ON true
GROUP BY m.site_page_hk, m.site_session_hk, m.view_number
HAVING bool_or(m.is_view)

-- Loads: what one visit tells of one page with one ttfb; of that the last word counts. Vitals that are no numbers, or negative, are
-- NULL.
-- name: loads
SELECT l.g, (jsonb_path_query_first(l.told, 'strict $.lcp ? (@ >= 0)', '{}', true))::numeric AS lcp,
       (jsonb_path_query_first(l.told, 'strict $.inp ? (@ >= 0)', '{}', true))::numeric AS inp,
       (jsonb_path_query_first(l.told, 'strict $.cls ? (@ >= 0)', '{}', true))::numeric AS cls,
       (jsonb_path_query_first(l.told, 'strict $.fcp ? (@ >= 0)', '{}', true))::numeric AS fcp,
       (jsonb_path_query_first(l.told, 'strict $.ttfb ? (@ >= 0)', '{}', true))::numeric AS ttfb
FROM (
    SELECT DISTINCT ON (t.site_session_hk, t.site_page_hk, t.told -> 'ttfb') t.g, t.told
    FROM (
        SELECT :g AS g, e.site_session_hk, e.site_page_hk, e.event_timestamp, e.raw_event_id, e.site_event_hk,
               d.custom_properties AS told
        FROM asked.events AS e
        WHERE e.event_type = 'engagement' AND e.event_action = 'web_vitals' AND jsonb_typeof(d.custom_properties) = 'object'
    ) AS t
    ORDER BY t.site_session_hk, t.site_page_hk, t.told -> 'ttfb', t.event_timestamp DESC, t.raw_event_id DESC, t.site_event_hk DESC
) AS l

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
