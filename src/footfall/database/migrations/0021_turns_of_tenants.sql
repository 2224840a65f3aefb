-- What waits to be loaded is taken in turns of its tenants.
DROP INDEX raw.ingest_batch_pending;
-- Usage: business.claim_batches, the next batches of one tenant, and the next tenant
CREATE INDEX ingest_batch_turns ON raw.ingest_batch (tenant_hk, next_attempt_at, batch_id)
    WHERE processing_status = 'PENDING' AND retry_count = 0;
-- Usage: business.claim_failed
CREATE INDEX ingest_batch_failed ON raw.ingest_batch (next_attempt_at, batch_id)
    WHERE processing_status = 'PENDING' AND retry_count > 0;
