-- Outside of a transaction, statement by statement:
DROP INDEX CONCURRENTLY IF EXISTS raw.ingest_batch_error;
-- Usage: api.measures: batches that were set aside, of which there are none
CREATE INDEX CONCURRENTLY ingest_batch_error ON raw.ingest_batch (batch_id) WHERE processing_status = 'ERROR';
DROP INDEX CONCURRENTLY IF EXISTS raw.ingest_batch_received;
-- Usage: auth.customers, auth.usage_of_month: batches come in the order of their receipt
CREATE INDEX CONCURRENTLY ingest_batch_received ON raw.ingest_batch USING brin (received_from) WITH (autosummarize = on);
