-- Claim: no two sessions of a visitor that were inferred are less than 30 minutes apart
-- Hint: business.site_session_w was changed by hand
SELECT encode(w.site_session_hk, 'hex')
FROM business.site_session_w w
JOIN business.site_session_w b
  ON b.site_visitor_hk = w.site_visitor_hk AND b.session_bucket = w.session_bucket - interval '30 minutes'
 AND w.first_event_timestamp - b.last_event_timestamp <= business.visit_timeout()
WHERE {{tenant w}} AND {{since w.last_event_timestamp}} AND coalesce(w.chain_session_hk, w.root_session_hk) <> coalesce(b.chain_session_hk, b.root_session_hk)
