-- Claim: the work state of every session knows its first and last event
-- Hint: business.site_session_w was changed by hand, or events of the session were
SELECT encode(l.site_session_hk, 'hex')
FROM business.event_session_l l
JOIN business.site_event_details_s d ON d.site_event_hk = l.site_event_hk
LEFT JOIN business.site_session_w w ON w.site_session_hk = l.site_session_hk
WHERE {{tenant l}} AND ({{since w.last_event_timestamp}} OR w.site_session_hk IS NULL)
GROUP BY l.site_session_hk, w.first_event_timestamp, w.last_event_timestamp
HAVING (min(d.event_timestamp), max(d.event_timestamp)) IS DISTINCT FROM (w.first_event_timestamp, w.last_event_timestamp)
