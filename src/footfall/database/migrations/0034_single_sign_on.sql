-- Single sign-on: who a provider (OpenID Connect) says that somebody is, and what of a sign-in is known by it.
CREATE TABLE auth.identity (
    issuer varchar(500) NOT NULL,
    subject varchar(255) NOT NULL,
    account_id bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
-- Usage: auth.account_of_identity, auth.renew_password, auth.end_single_sign_on: somebody's own
CREATE INDEX identity_account ON auth.identity (account_id);
COMMENT ON TABLE auth.identity IS 'Whose account it is that signs in as this subject of this provider: the two say for ever who somebody is, an e-mail address does not.';

CREATE TABLE auth.sign_on (
    token_hash bytea PRIMARY KEY,
    account_id bigint,
    expires_at timestamptz NOT NULL
);
-- Usage: auth.begin_sign_on, which forgets those that have expired
CREATE INDEX sign_on_expires ON auth.sign_on (expires_at);
COMMENT ON TABLE auth.sign_on IS 'Single sign-ons under way, each for once. Only SHA-256 of the token in the browser''s cookie is stored: a token is 256 random bits.';
COMMENT ON COLUMN auth.sign_on.account_id IS 'who the provider said it is, and whose code is waited for; NULL: the browser is at the provider';

ALTER TABLE auth.account ALTER COLUMN password_hash DROP NOT NULL;
COMMENT ON COLUMN auth.account.password_hash IS 'Argon2id, with its salt and parameters; NULL: signs in by single sign-on alone';

ALTER TABLE auth.sign_in
    ADD COLUMN is_single_sign_on boolean NOT NULL DEFAULT false,
    ADD COLUMN is_multi_factor boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN auth.sign_in.is_multi_factor IS 'the provider asked for a second factor';

ALTER TABLE auth.tenant_details_s ADD COLUMN require_single_sign_on boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN auth.tenant_details_s.require_single_sign_on IS 'whoever looks at it in the dashboard signed in by single sign-on';
