-- A person is found, handed over and forgotten: what keeps them from coming back, what proves it, and who asked.

CREATE TABLE auth.erasure_secret (
    tenant_hk bytea PRIMARY KEY,
    secret bytea NOT NULL
);
COMMENT ON TABLE auth.erasure_secret IS '128 bytes that a tenant''s tombstones and receipts are hashed under; made at its first erasure.';

CREATE TABLE auth.tombstone (
    tenant_hk bytea NOT NULL,
    mark bytea NOT NULL,
    erasure_id bigint NOT NULL,
    -- Usage: business.refuse_erased: whether what an event is known by was erased
    PRIMARY KEY (tenant_hk, mark)
);
COMMENT ON TABLE auth.tombstone IS 'What erased people were known by, as keyed hashes: whatever comes under it is refused, whenever and from wherever it comes.';
COMMENT ON COLUMN auth.tombstone.mark IS 'auth.erasure_mark: HMAC-SHA-256 of the kind and the id';

CREATE TABLE auth.erasure (
    tenant_hk bytea NOT NULL,
    erasure_id bigint NOT NULL,
    erased_at timestamptz NOT NULL,
    mode varchar(10) NOT NULL CHECK (mode IN ('forget', 'delete')),
    actor_kind varchar(20) NOT NULL,
    actor varchar(255) NOT NULL,
    via varchar(20) NOT NULL,
    counts jsonb NOT NULL,
    digest_before bytea NOT NULL,
    digest_after bytea NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    -- Usage: the row before; auth.erasure_breaks
    PRIMARY KEY (tenant_hk, erasure_id)
);
COMMENT ON TABLE auth.erasure IS 'Receipts of erasures, without anything of the person: each carries the hash of the one before it of its tenant.';
COMMENT ON COLUMN auth.erasure.erasure_id IS 'from 1, without gaps';
COMMENT ON COLUMN auth.erasure.counts IS 'rows that were the person''s, by table';
COMMENT ON COLUMN auth.erasure.digest_before IS 'HMAC-SHA-256 of the person''s rows: shows that a copy held elsewhere is what went';
COMMENT ON COLUMN auth.erasure.digest_after IS 'the same of what stands in their place';
COMMENT ON COLUMN auth.erasure.hash IS 'auth.erasure_hash: of all other columns, the hash before it among them';

CREATE TABLE auth.privacy_request (
    tenant_hk bytea NOT NULL,
    request_id bigint NOT NULL,
    kind varchar(20) NOT NULL CHECK (kind IN ('access', 'erasure', 'portability', 'rectification', 'objection', 'opt_out')),
    law varchar(10) NOT NULL CHECK (law IN ('gdpr', 'ccpa')),
    reference varchar(100) NOT NULL,
    received_on date NOT NULL,
    due_on date NOT NULL,
    state varchar(20) NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'refused')),
    closed_at timestamptz,
    closed_by varchar(255),
    erasure_id bigint,
    PRIMARY KEY (tenant_hk, request_id)
);
COMMENT ON TABLE auth.privacy_request IS 'What people asked of a tenant, and until when it is due. Nothing of the person: a reference leads to the tenant''s own papers.';
COMMENT ON COLUMN auth.privacy_request.due_on IS 'one month after receipt under the GDPR, 45 days under the CCPA';
COMMENT ON COLUMN auth.privacy_request.erasure_id IS 'the receipt of what was done: auth.erasure';

-- Usage: business.gather_person: a person by their user id, in what is staged
CREATE INDEX site_events_staging_user ON staging.site_events_staging (tenant_hk, user_id) WHERE user_id IS NOT NULL;
-- Usage: business.gather_person: repetitions of an event
CREATE INDEX site_events_staging_event ON staging.site_events_staging (site_event_hk);
-- Usage: business.gather_person: what was refused of a tenant
CREATE INDEX site_events_staging_invalid ON staging.site_events_staging (tenant_hk) WHERE validation_status = 'INVALID';
-- Usage: business.gather_person, business.remove_events: the visitors of a session
CREATE INDEX ON business.session_visitor_l (site_session_hk);
-- Usage: business.gather_person: the sessions of a user id
CREATE INDEX ON business.site_session_context_s (tenant_hk, user_id) WHERE user_id IS NOT NULL;
