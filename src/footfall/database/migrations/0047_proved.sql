CREATE TABLE staging.proved (
    tenant_hk bytea PRIMARY KEY,
    proved_until timestamptz NOT NULL
);
COMMENT ON TABLE staging.proved IS 'Until when a tenant''s VALID rows have gone from staging, by the receipt of their batches: the vault holds what they said.';
