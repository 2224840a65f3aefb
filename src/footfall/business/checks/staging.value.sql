-- Claim: an event carries the same value in staging and in the vault
-- Hint: event_value was changed by hand
SELECT 'raw event ' || s.raw_event_id || ': ' || coalesce(s.event_value::text, 'none') || ' staged, '
       || coalesce(d.event_value::text, 'none') || ' loaded'
FROM staging.site_events_staging s
JOIN business.site_event_details_s d ON d.site_event_hk = s.site_event_hk AND d.raw_event_id = s.raw_event_id
WHERE {{tenant s}} AND {{since s.received_timestamp}} AND d.event_value IS DISTINCT FROM s.event_value
