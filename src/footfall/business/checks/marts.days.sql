-- Claim: every day with events is known, so that a range has all of them
-- Hint: run `footfall rebuild-marts`
SELECT encode(e.tenant_hk, 'hex') || ' ' || e.day
FROM (SELECT DISTINCT e.tenant_hk, e.day FROM business.event_b e WHERE {{tenant e}} AND {{since_key e.site_event_hk}}) e
WHERE e.day >= business.first_day(e.tenant_hk, 'events')
  AND NOT EXISTS (SELECT FROM business.day_w w WHERE w.tenant_hk = e.tenant_hk AND w.day = e.day)
