-- Claim: every visit counts the events that it has, on every day that it has some, and knows its other days
-- Hint: run `footfall rebuild-marts`
WITH counted AS (
    SELECT e.site_session_hk, e.day, count(*) FILTER (WHERE NOT e.is_bot) AS events,
           count(*) FILTER (WHERE NOT e.is_bot AND e.event_type = 'page_view') AS page_views,
           min(e.event_timestamp) FILTER (WHERE NOT e.is_bot) AS first_event_timestamp,
           max(e.event_timestamp) FILTER (WHERE NOT e.is_bot) AS last_event_timestamp
    FROM business.event_b e WHERE {{tenant e}} GROUP BY e.site_session_hk, e.day
), chained AS (
    SELECT c.*, max(c.day) FILTER (WHERE c.events > 0) OVER (
               PARTITION BY c.site_session_hk ORDER BY c.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS previous_day,
           count(*) FILTER (WHERE c.events > 0) OVER (PARTITION BY c.site_session_hk) > 1 AS spans_days
    FROM counted c
)
SELECT encode(site_session_hk, 'hex') || ' ' || day
FROM chained c
FULL JOIN business.visit_b v USING (site_session_hk, day)
WHERE ({{tenant v}} OR v.tenant_hk IS NULL) AND {{since day}}
  -- of visits whose events have gone nothing can be counted
  AND (c.site_session_hk IS NOT NULL OR NOT EXISTS (
      SELECT FROM business.site_session_w w WHERE w.site_session_hk = v.site_session_hk AND w.is_retired))
  AND (c.events, c.page_views, c.first_event_timestamp, c.last_event_timestamp, c.previous_day, c.spans_days)
   IS DISTINCT FROM (v.events, v.page_views, v.first_event_timestamp, v.last_event_timestamp, v.previous_day, v.spans_days)
