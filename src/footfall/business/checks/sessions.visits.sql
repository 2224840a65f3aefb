-- Claim: the events of every session id are the visits that a silence and the longest duration make of them
-- Hint: business.site_session_w was changed by hand, or events of the session were
WITH known AS MATERIALIZED (
    SELECT w.site_session_hk FROM business.site_session_w w
    WHERE {{tenant w}} AND w.of_session_hk IS NULL AND w.session_bucket IS NULL AND w.is_visit AND w.has_end
      AND {{since w.touched_load_date}}
), computed AS (
    SELECT s.site_session_hk, v.first_event_timestamp, v.last_event_timestamp
    FROM (
        SELECT l.site_session_hk, array_agg(d.event_timestamp ORDER BY d.event_timestamp) AS moments
        FROM known k
        JOIN business.event_session_l l ON l.site_session_hk = k.site_session_hk
        JOIN business.site_event_details_s d ON d.site_event_hk = l.site_event_hk
        GROUP BY l.site_session_hk
    ) s
    CROSS JOIN LATERAL business.visits_among(s.moments) v
), stored AS (
    SELECT k.site_session_hk, v.first_event_timestamp, v.last_event_timestamp
    FROM known k
    CROSS JOIN LATERAL business.session_visits(k.site_session_hk) v
    WHERE NOT v.is_retired
)
SELECT DISTINCT encode(x.site_session_hk, 'hex')
FROM ((SELECT * FROM computed EXCEPT SELECT * FROM stored) UNION ALL (SELECT * FROM stored EXCEPT SELECT * FROM computed)) x
