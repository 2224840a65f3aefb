-- Passkeys: what is asked of authenticators, and whose passkeys there are. Called by the web process, which checks what they sign.

-- Remembers what is asked of a passkey, and forgets what has expired. p_account_id: whose passkey is wanted; NULL: anybody's.
CREATE OR REPLACE FUNCTION auth.begin_passkey_challenge(
    p_token_hash bytea, p_purpose text, p_challenge bytea, p_account_id bigint, p_lasts interval
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    DELETE FROM auth.passkey_challenge WHERE expires_at < util.current_load_date();
    INSERT INTO auth.passkey_challenge (token_hash, purpose, challenge, account_id, expires_at)
    VALUES (p_token_hash, p_purpose, p_challenge, p_account_id, util.current_load_date() + p_lasts)
$$;

-- What was asked for this purpose in the browser with this token, and of whom: once, and within its time. No row: nothing.
CREATE OR REPLACE FUNCTION auth.take_passkey_challenge(p_token_hash bytea, p_purpose text)
RETURNS TABLE (challenge bytea, account_id bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    DELETE FROM auth.passkey_challenge c
    WHERE c.token_hash = p_token_hash AND c.purpose = p_purpose AND c.expires_at > util.current_load_date()
    RETURNING c.challenge, c.account_id
$$;

-- What the authenticators of an account know it by: p_new, when they know it by nothing yet.
CREATE OR REPLACE FUNCTION auth.passkey_handle(p_account_id bigint, p_new bytea) RETURNS bytea
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE auth.account a SET passkey_handle = coalesce(a.passkey_handle, p_new) WHERE a.account_id = p_account_id
    RETURNING a.passkey_handle
$$;

-- Keeps a passkey of whose sign-in this is, which is one of two factors from now on; p_most of an account at most. No second account
-- gets the same one. Who had no second factor may sign in with these recovery codes (hashes), each once: has_codes.
-- refused: passkey_there, passkeys_full; NULL: it is kept.
CREATE OR REPLACE FUNCTION auth.add_passkey(
    p_token_hash bytea, p_relying_party text, p_credential_id bytea, p_public_key bytea, p_sign_count bigint, p_transports text[],
    p_name text, p_most bigint, p_code_hashes bytea[]
) RETURNS TABLE (passkey_id bigint, has_codes boolean, refused text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_account auth.account;
    v_has bigint;
    v_passkey_id bigint;
BEGIN
    -- two at once do not both find room, nor both bring codes
    SELECT a.* INTO v_account FROM auth.account a
    WHERE a.account_id = (SELECT s.account_id FROM auth.sign_in s WHERE s.token_hash = p_token_hash) FOR UPDATE;
    SELECT count(*) INTO v_has FROM auth.passkey k WHERE k.account_id = v_account.account_id;
    IF v_has >= p_most THEN
        RETURN QUERY SELECT NULL::bigint, false, 'passkeys_full';
        RETURN;
    END IF;
    INSERT INTO auth.passkey AS k (credential_id, account_id, relying_party, public_key, sign_count, transports, passkey_name, created_at)
    VALUES (p_credential_id, v_account.account_id, p_relying_party, p_public_key, p_sign_count, p_transports, p_name,
            util.current_load_date())
    ON CONFLICT (credential_id) DO NOTHING
    RETURNING k.passkey_id INTO v_passkey_id;
    IF v_passkey_id IS NULL THEN
        RETURN QUERY SELECT NULL::bigint, false, 'passkey_there';
        RETURN;
    END IF;
    IF v_has = 0 AND v_account.totp_confirmed_at IS NULL THEN
        UPDATE auth.account a SET recovery_codes = p_code_hashes WHERE a.account_id = v_account.account_id;
    END IF;
    UPDATE auth.sign_in s SET is_multi_factor = true WHERE s.token_hash = p_token_hash;
    RETURN QUERY SELECT v_passkey_id, v_has = 0 AND v_account.totp_confirmed_at IS NULL, NULL;
END
$$;

-- The passkeys of whose sign-in this is, the first of them first.
CREATE OR REPLACE FUNCTION auth.passkeys(p_token_hash bytea)
RETURNS TABLE (passkey_id bigint, passkey_name text, relying_party text, created_at timestamptz, last_used_at timestamptz, is_doubted boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT k.passkey_id, k.passkey_name, k.relying_party, k.created_at, k.last_used_at, k.doubted_at IS NOT NULL
    FROM auth.passkey k JOIN auth.sign_in s ON s.account_id = k.account_id
    WHERE s.token_hash = p_token_hash ORDER BY k.passkey_id
$$;

-- The passkeys of an account, as authenticators are told of them.
CREATE OR REPLACE FUNCTION auth.passkeys_of(p_account_id bigint)
RETURNS TABLE (credential_id bytea, relying_party text, transports text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT k.credential_id, k.relying_party, k.transports FROM auth.passkey k WHERE k.account_id = p_account_id ORDER BY k.passkey_id
$$;

-- The passkey with this id, which a host's pages were shown, and whose it is; handle: what their authenticators know them by. No row: it
-- opens nothing. An account without a password is its provider's (single sign-on): whom that lets in no more has no other way.
CREATE OR REPLACE FUNCTION auth.passkey_shown(p_credential_id bytea, p_relying_party text)
RETURNS TABLE (passkey_id bigint, account_id bigint, email text, public_key bytea, handle bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT k.passkey_id, k.account_id, a.email, k.public_key, a.passkey_handle
    FROM auth.passkey k JOIN auth.account a ON a.account_id = k.account_id
    WHERE k.credential_id = p_credential_id AND k.relying_party = p_relying_party AND a.password_hash IS NOT NULL
$$;

-- Notes that a passkey was used, and how often its authenticator says that it was. Returns whether that goes on from what was known (0: it
-- does not count): otherwise there are two of it, and it opens nothing from now on.
CREATE OR REPLACE FUNCTION auth.use_passkey(p_passkey_id bigint, p_sign_count bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE auth.passkey k SET sign_count = p_sign_count, last_used_at = util.current_load_date()
    WHERE k.passkey_id = p_passkey_id AND k.doubted_at IS NULL
      AND (k.sign_count < p_sign_count OR k.sign_count = 0 AND p_sign_count = 0);
    IF NOT FOUND THEN
        UPDATE auth.passkey k SET doubted_at = util.current_load_date() WHERE k.passkey_id = p_passkey_id AND k.doubted_at IS NULL;
        RETURN false;
    END IF;
    RETURN true;
END
$$;

-- Calls a passkey of whose sign-in this is something else. Returns whether there is one.
CREATE OR REPLACE FUNCTION auth.rename_passkey(p_token_hash bytea, p_passkey_id bigint, p_name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE auth.passkey k SET passkey_name = p_name FROM auth.sign_in s
    WHERE s.token_hash = p_token_hash AND k.account_id = s.account_id AND k.passkey_id = p_passkey_id;
    RETURN FOUND;
END
$$;

-- Removes a passkey of whose sign-in this is, and ends what was signed in to with it elsewhere. Returns whether there was one.
CREATE OR REPLACE FUNCTION auth.remove_passkey(p_token_hash bytea, p_passkey_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_account_id bigint;
BEGIN
    DELETE FROM auth.passkey k USING auth.sign_in s
    WHERE s.token_hash = p_token_hash AND k.account_id = s.account_id AND k.passkey_id = p_passkey_id
    RETURNING k.account_id INTO v_account_id;
    DELETE FROM auth.sign_in s
    WHERE s.account_id = v_account_id AND s.passkey_id = p_passkey_id AND s.token_hash <> p_token_hash;
    PERFORM auth.forget_recovery_codes(v_account_id);
    RETURN v_account_id IS NOT NULL;
END
$$;

-- Ends all passkeys of an account, and its sign-ins: whoever has one of them may be signed in. Returns how many passkeys.
CREATE OR REPLACE FUNCTION auth.end_passkeys(p_account_id bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_ended bigint;
BEGIN
    DELETE FROM auth.passkey k WHERE k.account_id = p_account_id;
    GET DIAGNOSTICS v_ended = ROW_COUNT;
    DELETE FROM auth.passkey_challenge c WHERE c.account_id = p_account_id;
    DELETE FROM auth.sign_in s WHERE s.account_id = p_account_id AND v_ended > 0;
    PERFORM auth.forget_recovery_codes(p_account_id);
    RETURN v_ended;
END
$$;

-- Recovery codes stand for a second factor: they go with the last.
CREATE OR REPLACE FUNCTION auth.forget_recovery_codes(p_account_id bigint) RETURNS void
LANGUAGE sql AS $$
    UPDATE auth.account a SET recovery_codes = '{}'
    WHERE a.account_id = p_account_id AND a.totp_confirmed_at IS NULL AND a.recovery_codes <> '{}'
      AND NOT EXISTS (SELECT FROM auth.passkey k WHERE k.account_id = a.account_id)
$$;
