-- Claim: the work state of every session knows its first and last event
-- Hint: business.site_session_w was changed by hand, or events of the session were
WITH known AS (
    SELECT coalesce(w.of_session_hk, w.site_session_hk) AS site_session_hk, min(w.first_event_timestamp) AS first_event_timestamp,
           max(w.last_event_timestamp) AS last_event_timestamp
    FROM business.site_session_w w
    WHERE {{tenant w}} AND w.first_event_timestamp <= w.last_event_timestamp AND NOT w.is_retired
    GROUP BY 1
)
SELECT encode(l.site_session_hk, 'hex')
FROM business.event_session_l l
JOIN business.site_event_details_s d ON d.site_event_hk = l.site_event_hk
LEFT JOIN known w ON w.site_session_hk = l.site_session_hk
WHERE {{tenant l}} AND ({{since w.last_event_timestamp}} OR w.site_session_hk IS NULL)
GROUP BY l.site_session_hk, w.first_event_timestamp, w.last_event_timestamp
HAVING (min(d.event_timestamp), max(d.event_timestamp)) IS DISTINCT FROM (w.first_event_timestamp, w.last_event_timestamp)
