-- Outside of a transaction, statement by statement:
DROP INDEX CONCURRENTLY IF EXISTS raw.ingest_batch_error;
-- Usage: api.measures: batches that were set aside, of which there are none
CREATE INDEX CONCURRENTLY ingest_batch_error ON raw.ingest_batch (batch_id) WHERE processing_status = 'ERROR';
