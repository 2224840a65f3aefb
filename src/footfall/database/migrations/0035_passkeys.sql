-- Passkeys (Web Authentication, level 3): who signs in by one, or shows it after the password.
CREATE TABLE auth.passkey (
    passkey_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    credential_id bytea NOT NULL UNIQUE CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    account_id bigint NOT NULL,
    relying_party varchar(255) NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    transports text[] NOT NULL,
    passkey_name varchar(100) NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    doubted_at timestamptz
);
-- Usage: auth.passkeys, auth.passkeys_of, auth.remove_passkey, auth.end_passkeys: somebody's own
CREATE INDEX passkey_account ON auth.passkey (account_id);
COMMENT ON TABLE auth.passkey IS 'Passkeys of people: what an authenticator made for this host, and proves that it has. Only its public half is here.';
COMMENT ON COLUMN auth.passkey.relying_party IS 'the host that it was made for: browsers show it to no other';
COMMENT ON COLUMN auth.passkey.sign_count IS 'how often the authenticator says that it was used; 0: it does not count';
COMMENT ON COLUMN auth.passkey.doubted_at IS 'when its count went back, as that of a copy does: it opens nothing since';

CREATE TABLE auth.passkey_challenge (
    token_hash bytea PRIMARY KEY,
    purpose varchar(20) NOT NULL,
    challenge bytea NOT NULL,
    account_id bigint,
    expires_at timestamptz NOT NULL
);
-- Usage: auth.begin_passkey_challenge, which forgets those that have expired
CREATE INDEX passkey_challenge_expires ON auth.passkey_challenge (expires_at);
COMMENT ON TABLE auth.passkey_challenge IS 'What passkeys are asked to sign, each for once and one browser. Only SHA-256 of the token in its cookie is stored: a token is 256 random bits.';
COMMENT ON COLUMN auth.passkey_challenge.purpose IS 'register, sign_in or second_factor: what is signed for one is nothing to another';
COMMENT ON COLUMN auth.passkey_challenge.account_id IS 'whose passkey is wanted; NULL: anybody''s';

ALTER TABLE auth.account ADD COLUMN passkey_handle bytea CHECK (octet_length(passkey_handle) = 32);
COMMENT ON COLUMN auth.account.passkey_handle IS 'what their authenticators know them by: random, and nothing of theirs';
COMMENT ON COLUMN auth.account.recovery_codes IS 'SHA-256 of those that are left, each for one sign-in, of who has a second factor: a code is 80 random bits';

ALTER TABLE auth.sign_in
    ADD COLUMN method varchar(30),
    ADD COLUMN passkey_id bigint;
COMMENT ON COLUMN auth.sign_in.method IS 'how somebody signed in: password, password_and_code, password_and_passkey, passkey, single_sign_on, single_sign_on_and_code; NULL: the first, or single_sign_on';
COMMENT ON COLUMN auth.sign_in.passkey_id IS 'the passkey that was shown; NULL: none';
COMMENT ON COLUMN auth.sign_in.is_multi_factor IS 'the provider asked for a second factor, or a passkey was shown';
