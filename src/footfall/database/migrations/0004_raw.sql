-- Events as received: append-only. What becomes of them is kept in the narrow queue beside them, never in the rows themselves:
-- rewriting a 600-byte row to flip a status costs more than loading it.

CREATE SEQUENCE raw.raw_event_id_seq;

CREATE TABLE raw.site_tracking_events_r (
    raw_event_id bigint NOT NULL,
    batch_id bigint NOT NULL,
    received_timestamp timestamptz NOT NULL,
    is_trusted boolean NOT NULL,
    do_not_track boolean NOT NULL,
    tenant_hk bytea NOT NULL,
    tenant_id varchar(255) NOT NULL,
    client_ip inet,
    visitor_id varchar(255),
    visitor_ip_hash varchar(64),
    user_agent text,
    record_source varchar(100) NOT NULL,
    raw_payload jsonb NOT NULL,
    PRIMARY KEY (raw_event_id, received_timestamp)
) PARTITION BY RANGE (received_timestamp);
COMMENT ON TABLE raw.site_tracking_events_r IS 'Tracking events as received, without what privacy forbids to keep.';
COMMENT ON COLUMN raw.site_tracking_events_r.is_trusted IS 'sent with an admin key, by SQL or by an import: may back-date without limit';
COMMENT ON COLUMN raw.site_tracking_events_r.client_ip IS 'cut to /24 or /48 if the tenant keeps it, else NULL; never whole';
COMMENT ON COLUMN raw.site_tracking_events_r.visitor_id IS 'keyed hash made at the edge; NULL for visitors who ask not to be tracked';

CREATE TABLE raw.ingest_batch (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_hk bytea NOT NULL,
    received_from timestamptz NOT NULL,
    received_to timestamptz NOT NULL,
    first_raw_event_id bigint NOT NULL,
    last_raw_event_id bigint NOT NULL,
    event_count integer NOT NULL,
    processing_status varchar(20) NOT NULL DEFAULT 'PENDING'
        CHECK (processing_status IN ('PENDING', 'PROCESSED', 'ERROR')),
    retry_count integer NOT NULL DEFAULT 0,
    error_message text,
    next_attempt_at timestamptz NOT NULL,
    load_date timestamptz,
    loaded_count integer,
    duplicate_count integer,
    invalid_count integer
) WITH (fillfactor = 80);
COMMENT ON TABLE raw.ingest_batch IS 'The queue, and its memory: one tenant''s events of one commit at the door.';
COMMENT ON COLUMN raw.ingest_batch.load_date IS 'of the load that took it: raw.load_batch';
COMMENT ON COLUMN raw.ingest_batch.processing_status IS 'PENDING, locked while a worker loads it, so that a dead worker leaves it PENDING; PROCESSED; ERROR: set aside';
-- Usage: business.claim_batches
CREATE INDEX ingest_batch_pending ON raw.ingest_batch (next_attempt_at, batch_id) WHERE processing_status = 'PENDING';
-- Usage: api.event_balance_v, one tenant's hours
CREATE INDEX ingest_batch_tenant_hour ON raw.ingest_batch (tenant_hk, received_from);

CREATE TABLE raw.refusal (
    tenant_hk bytea NOT NULL,
    refused_hour timestamptz NOT NULL,
    reason varchar(50) NOT NULL,
    refused_count bigint NOT NULL,
    PRIMARY KEY (tenant_hk, refused_hour, reason)
);
COMMENT ON TABLE raw.refusal IS 'What the door did not take, counted by reason; requests without a valid key under the empty tenant key.';

CREATE TABLE raw.load_batch (
    load_date timestamptz PRIMARY KEY,
    job varchar(50) NOT NULL,
    recipe_version integer NOT NULL,
    counts jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE raw.load_batch IS 'Every load of the vault: one load, one load_date, the same in every table it wrote to; and how many rows.';
