-- Claim: a batch counts as many invalid events as staging holds for it
-- Hint: staging rows were deleted or changed by hand
SELECT 'batch ' || b.batch_id || ' counts ' || b.invalid_count || ', staging holds ' || count(s.raw_event_id)
FROM raw.ingest_batch b
LEFT JOIN staging.site_events_staging s ON s.batch_id = b.batch_id AND s.validation_status = 'INVALID'
WHERE {{tenant b}} AND {{since b.received_from}} AND b.processing_status = 'PROCESSED' AND util.is_kept(b.tenant_hk, 'staging', b.received_from)
GROUP BY b.batch_id
HAVING b.invalid_count <> count(s.raw_event_id)
