-- Claim: received = loaded + duplicate + invalid in every batch that has been processed
-- Hint: counters of raw.ingest_batch were changed by hand
SELECT 'batch ' || b.batch_id
FROM raw.ingest_batch b
WHERE {{tenant b}} AND {{since b.received_from}} AND b.processing_status = 'PROCESSED'
  AND b.event_count IS DISTINCT FROM b.loaded_count + b.duplicate_count + b.invalid_count
