-- How long events are kept in raw and in staging, and what has been removed from there; the vault keeps its own.

CREATE TABLE ref.retention (
    tenant_hk bytea NOT NULL,
    layer varchar(10) NOT NULL CHECK (layer IN ('raw', 'staging')),
    kept_days integer NOT NULL CHECK (kept_days > 0),
    PRIMARY KEY (tenant_hk, layer)
);
COMMENT ON TABLE ref.retention IS 'For how many days after receipt events are kept in a layer. A tenant''s own row comes before the general one; without any, for ever.';

CREATE TABLE raw.kept_since (
    tenant_hk bytea NOT NULL,
    layer varchar(10) NOT NULL,
    kept_since timestamptz NOT NULL,
    PRIMARY KEY (tenant_hk, layer)
);
COMMENT ON TABLE raw.kept_since IS 'From when on a tenant''s events are still in a layer: what was received before has been removed.';
