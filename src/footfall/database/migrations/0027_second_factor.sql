-- A second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for who has lost it.
ALTER TABLE auth.account
    ADD COLUMN totp_secret bytea CHECK (octet_length(totp_secret) = 20),
    ADD COLUMN totp_confirmed_at timestamptz,
    ADD COLUMN totp_last_step bigint,
    ADD COLUMN recovery_codes bytea[] NOT NULL DEFAULT '{}',
    ADD COLUMN devices bytea[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN auth.account.totp_secret IS 'what the authenticator makes codes of; asked for once it is confirmed';
COMMENT ON COLUMN auth.account.totp_last_step IS 'of the last code that was used: none is used twice';
COMMENT ON COLUMN auth.account.recovery_codes IS 'SHA-256 of those that are left, each for one sign-in: a code is 80 random bits';
COMMENT ON COLUMN auth.account.devices IS 'SHA-256 of the tokens of browsers that somebody has signed in with, the latest last: their attempts are counted apart, so that who tries the password elsewhere keeps nobody out';

ALTER TABLE auth.tenant_details_s ADD COLUMN require_second_factor boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN auth.tenant_details_s.require_second_factor IS 'whoever looks at it in the dashboard has a second factor';
