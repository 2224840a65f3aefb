-- Claim: every valid staged event of a processed batch is in the vault, under the key that was computed for it
-- Hint: an event is missing from the vault
SELECT 'raw event ' || s.raw_event_id || ' ' || encode(s.site_event_hk, 'hex')
FROM staging.site_events_staging s
JOIN raw.ingest_batch b ON b.batch_id = s.batch_id AND b.processing_status = 'PROCESSED'
LEFT JOIN business.site_event_h h ON h.site_event_hk = s.site_event_hk AND h.tenant_hk = s.tenant_hk
WHERE {{tenant s}} AND {{since s.received_timestamp}} AND s.validation_status = 'VALID' AND h.site_event_hk IS NULL
  AND s.event_timestamp >= util.kept_since(s.tenant_hk, 'events')
