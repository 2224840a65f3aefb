-- Claim: every raw event of a processed batch is staged, or was and is in the vault
-- Hint: staging rows were deleted before their raw events
SELECT 'raw event ' || r.raw_event_id
FROM raw.ingest_batch b
JOIN raw.site_tracking_events_r r ON r.batch_id = b.batch_id
LEFT JOIN business.site_event_details_s d ON d.raw_event_id = r.raw_event_id
LEFT JOIN staging.site_events_staging s ON s.raw_event_id = r.raw_event_id AND s.received_timestamp = r.received_timestamp
WHERE {{tenant b}} AND {{since b.received_from}} AND b.processing_status = 'PROCESSED' AND s.raw_event_id IS NULL AND util.is_kept(b.tenant_hk, 'staging', b.received_from)
  AND (d.raw_event_id IS NULL OR business.is_staged(b.tenant_hk, b.received_from))
  -- nor in the vault any more, where events are kept no longer
  AND (business.is_staged(b.tenant_hk, b.received_from) OR util.kept_since(b.tenant_hk, 'events') = '-infinity')
