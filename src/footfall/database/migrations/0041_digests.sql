-- What a rebuild from raw has to know of loads: what they were asked for and saw, which batches they took, and what they left out.

ALTER TABLE raw.load_batch ADD COLUMN asked jsonb;
COMMENT ON COLUMN raw.load_batch.asked IS 'of a job that computes satellites: as_of, most, minimum_age; seen: the latest load whose rows it saw; taken: how many of which tenant, when there were more than it may take. NULL: a load, or of before it was kept';

ALTER TABLE raw.ingest_batch ADD COLUMN former_load_dates timestamptz[];
COMMENT ON COLUMN raw.ingest_batch.former_load_dates IS 'of the loads that took it before the one of load_date: its refused events were tried again since';

CREATE TABLE raw.left_out (
    tenant_hk bytea NOT NULL,
    raw_event_id bigint PRIMARY KEY,
    batch_id bigint NOT NULL,
    received_timestamp timestamptz NOT NULL,
    left_out_until timestamptz NOT NULL,
    errors text[] NOT NULL
);
COMMENT ON TABLE raw.left_out IS 'Events that loads of their batch left out for a reason that raw alone does not tell: set aside as PostgreSQL refused them, or refused by a rule that was mended since.';
COMMENT ON COLUMN raw.left_out.left_out_until IS 'when it was tried again for the last time: loads of before left it out; infinity: it is set aside still';
-- Usage: staging.leave_out: the events of a load's batches
CREATE INDEX left_out_batch ON raw.left_out (batch_id);
