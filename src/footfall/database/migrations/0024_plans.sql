-- What a tenant may cost: its plan, and what it used.
CREATE TABLE auth.tenant_plan (
    tenant_hk bytea PRIMARY KEY,
    events_per_second integer CHECK (events_per_second > 0),
    events_per_month bigint CHECK (events_per_month > 0),
    bytes_per_day bigint CHECK (bytes_per_day > 0),
    pages_per_day integer CHECK (pages_per_day > 0),
    items_per_day integer CHECK (items_per_day > 0),
    values_per_day bigint CHECK (values_per_day > 0)
);
COMMENT ON TABLE auth.tenant_plan IS 'The most that a tenant may send; NULL: as all. The row of the empty key is for all: NULL there is without limit.';
COMMENT ON COLUMN auth.tenant_plan.events_per_second IS 'on average over five seconds, at each server process; NULL for all: the setting FOOTFALL_KEY_EVENTS_PER_SECOND';
COMMENT ON COLUMN auth.tenant_plan.bytes_per_day IS 'of events as they were sent; days and months are those of UTC';
COMMENT ON COLUMN auth.tenant_plan.pages_per_day IS 'pages that were never seen before; likewise items_per_day';
COMMENT ON COLUMN auth.tenant_plan.values_per_day IS 'values of properties';
-- ten to a hundred times what large sites send
INSERT INTO auth.tenant_plan VALUES ('\x', NULL, 300000000, 50000000000, 100000, 100000, 100000000);

CREATE TABLE auth.tenant_usage (
    tenant_hk bytea NOT NULL,
    day date NOT NULL,
    events bigint NOT NULL,
    bytes bigint NOT NULL,
    pages integer NOT NULL,
    items integer NOT NULL,
    property_values bigint NOT NULL,
    -- Usage: auth.limits_of, a tenant's month
    PRIMARY KEY (tenant_hk, day)
) WITH (fillfactor = 70);
COMMENT ON TABLE auth.tenant_usage IS 'What was loaded of a tenant, by the day (UTC) of the load.';

ALTER TABLE raw.ingest_batch ADD COLUMN payload_bytes bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN raw.ingest_batch.payload_bytes IS 'of its events as they were sent, together; 0 before it was kept';

-- It tells more.
DROP FUNCTION IF EXISTS auth.key_owner(bytea);
