-- Sign-ins can be seen and ended, and end by themselves when nobody uses them.
ALTER TABLE auth.sign_in
    ADD COLUMN sign_in_id bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN last_seen_at timestamptz,
    ADD COLUMN agent varchar(200) NOT NULL DEFAULT '';
UPDATE auth.sign_in SET last_seen_at = clock_timestamp();
ALTER TABLE auth.sign_in ALTER COLUMN last_seen_at SET NOT NULL;
COMMENT ON COLUMN auth.sign_in.last_seen_at IS 'to some minutes';
COMMENT ON COLUMN auth.sign_in.agent IS 'what the browser calls itself, for the person to know it by';
-- Usage: auth.sign_ins, auth.end_sign_ins: somebody's own
CREATE INDEX sign_in_account ON auth.sign_in (account_id) WHERE account_id IS NOT NULL;

-- A password that somebody else was shown is for one sign-in.
ALTER TABLE auth.account ADD COLUMN one_time varchar(10) CHECK (one_time IN ('new', 'used'));
COMMENT ON COLUMN auth.account.one_time IS 'of a password that an owner was shown: new, or used for its one sign-in; NULL: chosen by whose it is';

-- Keys say who made them, and may end by themselves.
ALTER TABLE auth.access_key ADD COLUMN created_by varchar(255), ADD COLUMN expires_at timestamptz;
COMMENT ON COLUMN auth.access_key.created_by IS 'the e-mail address of who made it; NULL: the operator, by a command';

-- They have got more to know, or to tell.
DROP FUNCTION IF EXISTS auth.account_of(text);
DROP FUNCTION IF EXISTS auth.open_sign_in(bigint, bigint, bytea, interval);
DROP FUNCTION IF EXISTS auth.signed_in(bytea);
DROP FUNCTION IF EXISTS auth.set_password(text, text, bytea);
