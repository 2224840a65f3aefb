-- The rows that a question chooses from, and what stands beside them: what `FROM asked.events AS e` and its sisters in reports become.

-- A tenant's events of the range, from the bridge.
-- name: events
SELECT FROM business.event_b AS e
WHERE e.tenant_hk = $tenant AND e.site_event_hk >= util.time_prefix($since) AND e.site_event_hk < util.time_prefix($until)

-- The same as the vault knew them at a load date, in the same words.
-- name: events_as_of
SELECT FROM business.events_as_of($tenant, $since, $until, $as_of) AS e
WHERE e.tenant_hk = $tenant AND e.site_event_hk >= util.time_prefix($since) AND e.site_event_hk < util.time_prefix($until)

-- Parts of visits, one for each day they have; e names what events inherit of them.
-- name: visits
SELECT FROM business.visit_b AS v
CROSS JOIN LATERAL (SELECT v.source, v.channel, v.device_type, v.country) AS e
WHERE v.tenant_hk = $tenant AND v.day BETWEEN $first_day AND $last_day AND v.events > 0

-- The same rows in files, and of months that no file has: `engines.columns` gives the tenant's of the range, and no other.
-- name: events_in_files
SELECT FROM event_b AS e

-- name: visits_in_files
SELECT FROM visit_b AS v
WHERE v.day BETWEEN $first_day AND $last_day AND v.events > 0

-- What is known of an event's visit.
-- name: v
SELECT FROM e JOIN business.visit_b AS v ON v.site_session_hk = e.site_session_hk AND v.day = e.day

-- As of a load date events carry it themselves.
-- name: v_as_of
SELECT FROM e CROSS JOIN LATERAL (SELECT e.*) AS v

-- name: v_in_files
SELECT FROM e JOIN visit_b AS v ON v.site_session_hk = e.site_session_hk AND v.day = e.day

-- name: p
SELECT FROM e LEFT JOIN business.site_page_h AS p ON p.site_page_hk = e.site_page_hk

-- name: i
SELECT FROM e LEFT JOIN business.business_item_h AS i ON i.business_item_hk = e.business_item_hk

-- name: d
SELECT FROM e LEFT JOIN LATERAL (
    SELECT s.custom_properties FROM business.site_event_details_s AS s WHERE s.site_event_hk = e.site_event_hk LIMIT 1
) AS d ON true

-- The events of a page of visits, found by their visits.
-- name: of_visits
SELECT FROM e CROSS JOIN LATERAL business.visit_bridge(o.site_session_hk) AS e
