-- A second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for who has lost it.
ALTER TABLE auth.account
    ADD COLUMN totp_secret bytea CHECK (octet_length(totp_secret) = 20),
    ADD COLUMN totp_confirmed_at timestamptz,
    ADD COLUMN totp_last_step bigint;
COMMENT ON COLUMN auth.account.totp_secret IS 'what the authenticator makes codes of; asked for once it is confirmed';
COMMENT ON COLUMN auth.account.totp_last_step IS 'of the last code that was used: none is used twice';
CREATE TABLE auth.recovery_code (
    account_id bigint NOT NULL,
    code_hash bytea NOT NULL,
    -- Usage: auth.use_recovery_code, and all of an account
    PRIMARY KEY (account_id, code_hash)
);
COMMENT ON TABLE auth.recovery_code IS 'Only SHA-256 of a code is stored: it is 80 random bits. Each is for one sign-in.';

-- Whoever tries an account's password from elsewhere keeps nobody out who has signed in before on a device of theirs.
CREATE TABLE auth.device (
    token_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL,
    last_used_at timestamptz NOT NULL
);
COMMENT ON TABLE auth.device IS 'Browsers in which somebody has signed in: their attempts are counted apart. Only SHA-256 of the token in the cookie is stored.';
-- Usage: auth.remember_device, which forgets the oldest of an account
CREATE INDEX device_account ON auth.device (account_id, last_used_at);

ALTER TABLE auth.tenant_details_s ADD COLUMN require_second_factor boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN auth.tenant_details_s.require_second_factor IS 'whoever looks at it in the dashboard has a second factor';
