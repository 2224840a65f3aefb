-- Claim: no open session is looked at later than it may be over
-- Hint: business.site_session_w was changed by hand; set look_at to -infinity, and the session is looked at next
SELECT encode(w.site_session_hk, 'hex')
FROM business.site_session_w w
WHERE {{tenant w}} AND {{since w.last_event_timestamp}} AND w.is_open AND w.look_at > w.last_event_timestamp + business.visit_timeout()
