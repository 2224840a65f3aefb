-- Secrets of visitors are in no log: what is written to the write-ahead log stays there, and in every backup of it, after it was
-- destroyed. An unlogged table is empty after a crash, and on a standby: visitors of the day then count anew.
ALTER TABLE auth.visitor_secret RENAME TO visitor_secret_logged;
ALTER INDEX auth.visitor_secret_pkey RENAME TO visitor_secret_logged_pkey;
CREATE UNLOGGED TABLE auth.visitor_secret (
    tenant_hk bytea NOT NULL,
    day date NOT NULL,
    secret bytea NOT NULL CHECK (octet_length(secret) = 32),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_hk, day)
);
COMMENT ON TABLE auth.visitor_secret IS 'Random, one for each tenant and day of its time zone; destroyed within 48 hours of creation, with the file that held it.';
INSERT INTO auth.visitor_secret SELECT s.tenant_hk, s.day, s.secret, s.created_at FROM auth.visitor_secret_logged s;
DROP TABLE auth.visitor_secret_logged;

-- The hash of an address alone is made no longer: of few addresses it would be one of few.
DROP FUNCTION IF EXISTS auth.address_hash(bytea, inet);
DROP FUNCTION IF EXISTS raw.land_tracking_events(
    text[], timestamptz[], text[], text[], text[], text[], inet[], boolean[], boolean[], text[], boolean[]);
