-- Tenants, the keys their sites and tools use, and the secrets behind their visitors' keys.

CREATE TABLE auth.tenant_h (
    tenant_hk bytea PRIMARY KEY,
    tenant_bk varchar(255) NOT NULL UNIQUE,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL
);
COMMENT ON TABLE auth.tenant_h IS 'A customer of the operator. Business key: the public tenant id.';

CREATE TABLE auth.tenant_details_s (
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    tenant_name varchar(255) NOT NULL,
    industry varchar(50) NOT NULL,
    time_zone varchar(50) NOT NULL,
    currency varchar(10) NOT NULL,
    default_item_type varchar(100) NOT NULL,
    page_query_keys text[] NOT NULL,
    honour_do_not_track boolean NOT NULL,
    keep_truncated_ip boolean NOT NULL,
    is_active boolean NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (tenant_hk, load_date)
);
-- Usage: exactly one current row for each tenant, and the way to it
CREATE UNIQUE INDEX tenant_details_s_current ON auth.tenant_details_s (tenant_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN auth.tenant_details_s.time_zone IS 'IANA name: days of reports and of visitor keys begin at its midnight';
COMMENT ON COLUMN auth.tenant_details_s.currency IS 'ISO 4217: of values sent without one, and of totals';
COMMENT ON COLUMN auth.tenant_details_s.default_item_type IS 'item type of items sent without one';
COMMENT ON COLUMN auth.tenant_details_s.page_query_keys IS 'query keys that tell pages apart; all others are not part of a page';
COMMENT ON COLUMN auth.tenant_details_s.honour_do_not_track IS 'DNT and Sec-GPC: count only, no visitor, no user agent';
COMMENT ON COLUMN auth.tenant_details_s.keep_truncated_ip IS 'store addresses cut to /24 (IPv4) or /48 (IPv6); otherwise none';

CREATE TABLE auth.access_key (
    access_key_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Usage: auth.key_owner, at most once a minute for each key and collector
    key_hash bytea NOT NULL UNIQUE,
    tenant_hk bytea NOT NULL,
    kind varchar(10) NOT NULL CHECK (kind IN ('write', 'read', 'admin')),
    label varchar(100) NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
COMMENT ON TABLE auth.access_key IS 'Only SHA-256 of a key is stored: a key is 192 random bits, so a plain hash cannot be searched.';
COMMENT ON COLUMN auth.access_key.kind IS 'write: public, lands events only; read: one tenant''s answers; admin: both, and trusted';

CREATE TABLE auth.visitor_secret (
    tenant_hk bytea NOT NULL,
    day date NOT NULL,
    secret bytea NOT NULL CHECK (octet_length(secret) = 32),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_hk, day)
);
COMMENT ON TABLE auth.visitor_secret IS 'Random, one for each tenant and day of its time zone; destroyed within 48 hours of creation.';
