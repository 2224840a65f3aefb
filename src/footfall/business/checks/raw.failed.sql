-- Claim: no ingest batch has been set aside
-- Hint: see error_message in raw.ingest_batch; after the cause is mended, set processing_status to PENDING and retry_count to 0
SELECT 'batch ' || b.batch_id || ': ' || b.error_message FROM raw.ingest_batch b WHERE {{tenant b}} AND {{since b.received_from}} AND b.processing_status = 'ERROR'
