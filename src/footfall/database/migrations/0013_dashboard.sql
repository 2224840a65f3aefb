-- What the dashboard keeps: funnels that somebody saved, and links by which others may look without signing in.
CREATE TABLE ref.funnel (
    tenant_hk bytea NOT NULL,
    funnel varchar(100) NOT NULL,
    steps text[] NOT NULL,
    step_order varchar(10) NOT NULL CHECK (step_order IN ('loose', 'strict')),
    window_minutes integer NOT NULL CHECK (window_minutes BETWEEN 1 AND 525600),
    per varchar(10) NOT NULL CHECK (per IN ('visit', 'visitor')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_hk, funnel)
);
COMMENT ON TABLE ref.funnel IS 'Saved questions of api.report_funnel, by name.';
COMMENT ON COLUMN ref.funnel.steps IS '2 to 10 filters, in order';

CREATE TABLE auth.share_link (
    share_link_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_hk bytea NOT NULL,
    label varchar(100) NOT NULL,
    -- Usage: auth.share_link_of, when a link is opened
    token_hash bytea NOT NULL UNIQUE,
    password_hash text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE auth.share_link IS 'Links that show a tenant''s figures, and no single visitor''s doings, to whoever has them.';
COMMENT ON COLUMN auth.share_link.token_hash IS 'SHA-256 of the 192 random bits in the link';
COMMENT ON COLUMN auth.share_link.password_hash IS 'Argon2id; NULL: the link alone opens it';

-- who opened a link is signed in too: as its guest
ALTER TABLE auth.sign_in ALTER COLUMN account_id DROP NOT NULL;
ALTER TABLE auth.sign_in ADD COLUMN share_link_id bigint;
-- Usage: auth.open_sign_in, which forgets those that have expired
CREATE INDEX sign_in_expires ON auth.sign_in (expires_at);
ALTER TABLE auth.sign_in ADD CHECK (num_nonnulls(account_id, share_link_id) = 1);
DROP FUNCTION IF EXISTS auth.signed_in(bytea);
DROP FUNCTION IF EXISTS auth.open_sign_in(bigint, bytea, interval);
