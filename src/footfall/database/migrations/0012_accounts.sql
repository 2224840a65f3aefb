-- People who sign in to the dashboard, what they may do in which tenant, and their open sign-ins.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'footfall_admin') THEN
        BEGIN
            CREATE ROLE footfall_admin NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    GRANT footfall_admin TO CURRENT_USER;
END
$$;

CREATE TABLE auth.account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Usage: auth.account_of, at each sign-in
    email varchar(255) NOT NULL UNIQUE CHECK (email = lower(email)),
    account_name varchar(255) NOT NULL,
    password_hash text NOT NULL,
    is_operator boolean NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE auth.account IS 'A person who may sign in.';
COMMENT ON COLUMN auth.account.password_hash IS 'Argon2id, with its salt and parameters';
COMMENT ON COLUMN auth.account.is_operator IS 'runs the service: owner of every tenant';

CREATE TABLE auth.membership (
    account_id bigint NOT NULL,
    tenant_hk bytea NOT NULL,
    role varchar(10) NOT NULL CHECK (role IN ('owner', 'admin', 'viewer')),
    PRIMARY KEY (account_id, tenant_hk)
);
COMMENT ON COLUMN auth.membership.role IS 'viewer: looks; admin: also sets up keys and goals; owner: also people';

CREATE TABLE auth.sign_in (
    token_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE auth.sign_in IS 'Only SHA-256 of the token in the browser''s cookie is stored: a token is 256 random bits.';
