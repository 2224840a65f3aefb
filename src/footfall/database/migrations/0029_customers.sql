-- Customers: who is disabled, what was deleted, under which names a tenant is known, and who operates by program.

CREATE TABLE auth.tenant_receipt (
    receipt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id varchar(255) NOT NULL,
    begun_at timestamptz NOT NULL,
    done_at timestamptz,
    deleted jsonb NOT NULL DEFAULT '{}',
    sha256 bytea
);
COMMENT ON TABLE auth.tenant_receipt IS 'What was deleted with a tenant: proof that it is gone, and nothing of it or of its people but the id.';
COMMENT ON COLUMN auth.tenant_receipt.done_at IS 'NULL: it was interrupted, and goes on when it is asked for again';
COMMENT ON COLUMN auth.tenant_receipt.deleted IS 'rows by table';
COMMENT ON COLUMN auth.tenant_receipt.sha256 IS 'of the receipt that was given out';

CREATE TABLE auth.operator_token (
    operator_token_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Usage: auth.is_operator_token, at each request with one
    token_hash bytea NOT NULL UNIQUE,
    label varchar(100) NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON TABLE auth.operator_token IS 'For programs of operators, such as billing: all tenants'' usage, and no event. Only SHA-256 of the 192 random bits is stored.';

-- Public ids that a tenant got after its first, which its keys are made of and which stays true for ever.
CREATE TABLE auth.tenant_alias (
    -- Usage: auth.tenant_named
    alias varchar(255) PRIMARY KEY,
    tenant_hk bytea NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE auth.tenant_alias IS 'All ids that a tenant was renamed to: each goes on to name it.';
-- Usage: auth.key_owner: the names of one tenant
CREATE INDEX tenant_alias_tenant ON auth.tenant_alias (tenant_hk);
ALTER TABLE auth.tenant_details_s ADD COLUMN public_id varchar(255);
COMMENT ON COLUMN auth.tenant_details_s.public_id IS 'the id that people see; NULL: the first, tenant_bk';

-- A tenant's sites: hosts under a name, and the keys that send for these alone.
CREATE TABLE auth.site (
    tenant_hk bytea NOT NULL,
    site varchar(100) NOT NULL,
    hosts text[] NOT NULL CHECK (cardinality(hosts) > 0),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_hk, site)
);
COMMENT ON COLUMN auth.site.hosts IS 'with those under them; as tenant_details_s.allowed_hosts';
ALTER TABLE auth.access_key ADD COLUMN site varchar(100);
COMMENT ON COLUMN auth.access_key.site IS 'it sends of pages of this site only; NULL: of the hosts that the tenant allows';
