-- Sign-ins. The web process acts as footfall_admin, which sees one tenant at most: what has to look across tenants is a function.

-- The account of an e-mail address, its password's hash (NULL: it has none), whether that was for one sign-in and is used, and what its authenticator makes
-- codes of (NULL: it has none); no row: there is none.
CREATE OR REPLACE FUNCTION auth.account_of(p_email text)
RETURNS TABLE (account_id bigint, password_hash text, is_used boolean, totp_secret bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.account_id, a.password_hash, a.one_time IS NOT DISTINCT FROM 'used',
           CASE WHEN a.totp_confirmed_at IS NOT NULL THEN a.totp_secret END
    FROM auth.account a WHERE a.email = lower(btrim(p_email))
$$;

-- The share link of a token's hash, its password's hash (NULL: it needs none) and when it ends; no row: unknown or expired.
CREATE OR REPLACE FUNCTION auth.share_link_of(p_token_hash bytea)
RETURNS TABLE (share_link_id bigint, password_hash text, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT l.share_link_id, l.password_hash, l.expires_at FROM auth.share_link l
    WHERE l.token_hash = p_token_hash AND l.expires_at > util.current_load_date()
$$;

-- For how long a sign-in that nobody uses lasts.
CREATE OR REPLACE FUNCTION auth.idle_sign_in_lasts() RETURNS interval
LANGUAGE sql IMMUTABLE
RETURN interval '3 days';

-- Remembers the sign-in of an account, or of a share link's guest, and forgets those that have ended. A password for one sign-in is used
-- with it, unless a provider or a passkey said who it is; p_is_multi_factor: the provider asked for a second factor, or p_passkey_id was
-- shown; p_method: as auth.sign_in_method says it (a program of before says neither).
CREATE OR REPLACE FUNCTION auth.open_sign_in(
    p_account_id bigint, p_share_link_id bigint, p_token_hash bytea, p_lasts interval, p_agent text,
    p_is_single_sign_on boolean, p_is_multi_factor boolean, p_method text DEFAULT NULL, p_passkey_id bigint DEFAULT NULL
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    DELETE FROM auth.sign_in WHERE expires_at < util.current_load_date();
    UPDATE auth.account SET one_time = 'used'
    WHERE account_id = p_account_id AND one_time = 'new' AND NOT p_is_single_sign_on AND p_method IS DISTINCT FROM 'passkey';
    INSERT INTO auth.sign_in (token_hash, account_id, share_link_id, created_at, expires_at, last_seen_at, agent,
                              is_single_sign_on, is_multi_factor, method, passkey_id)
    VALUES (p_token_hash, p_account_id, p_share_link_id, util.current_load_date(), util.current_load_date() + p_lasts,
            util.current_load_date(), left(p_agent, 200), p_is_single_sign_on, p_is_multi_factor, p_method, p_passkey_id)
$$;

-- Notes that a sign-in is in use.
CREATE OR REPLACE FUNCTION auth.touch_sign_in(p_token_hash bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE auth.sign_in SET last_seen_at = util.current_load_date() WHERE token_hash = p_token_hash
$$;

-- The open sign-ins of whose sign-in this is, the latest first.
CREATE OR REPLACE FUNCTION auth.sign_ins(p_token_hash bytea)
RETURNS TABLE (sign_in_id bigint, created_at timestamptz, last_seen_at timestamptz, agent text, is_this boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT s.sign_in_id, s.created_at, s.last_seen_at, s.agent, s.token_hash = p_token_hash
    FROM auth.sign_in o
    JOIN auth.sign_in s ON s.account_id = o.account_id
    WHERE o.token_hash = p_token_hash AND s.expires_at > util.current_load_date()
      AND s.last_seen_at > util.current_load_date() - auth.idle_sign_in_lasts()
    ORDER BY s.last_seen_at DESC, s.sign_in_id DESC
$$;

-- Whose sign-in this is; NULL: a guest's, or nobody's.
CREATE OR REPLACE FUNCTION auth.account_signed_in(p_token_hash bytea) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT s.account_id FROM auth.sign_in s WHERE s.token_hash = p_token_hash
$$;

-- How somebody signed in: password, password_and_code, password_and_passkey, passkey, single_sign_on, single_sign_on_and_code.
CREATE OR REPLACE FUNCTION auth.sign_in_method(p_sign_in_id bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT coalesce(s.method, CASE WHEN s.is_single_sign_on THEN 'single_sign_on' ELSE 'password' END)
    FROM auth.sign_in s WHERE s.sign_in_id = p_sign_in_id
$$;

-- Ends a sign-in of whose sign-in this is, or all others of theirs (NULL); returns how many.
CREATE OR REPLACE FUNCTION auth.end_sign_ins(p_token_hash bytea, p_sign_in_id bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH ended AS (
        DELETE FROM auth.sign_in s USING auth.sign_in o
        WHERE o.token_hash = p_token_hash AND s.account_id = o.account_id
          AND CASE WHEN p_sign_in_id IS NULL THEN s.token_hash <> p_token_hash ELSE s.sign_in_id = p_sign_in_id END
        RETURNING 1
    )
    SELECT count(*) FROM ended
$$;

-- Ends the sign-in with this token: whoever has it acts.
CREATE OR REPLACE FUNCTION auth.close_sign_in(p_token_hash bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT set_config('app.actor', (coalesce(nullif(current_setting('app.actor', true), '')::jsonb, '{}')
                                    || jsonb_build_object('kind', 'person', 'name', a.email, 'via', 'dashboard'))::text, true)
    FROM auth.sign_in s JOIN auth.account a USING (account_id) WHERE s.token_hash = p_token_hash;
    DELETE FROM auth.sign_in WHERE token_hash = p_token_hash
$$;

-- What a tenant wants and a sign-in lacks: single_sign_on, second_factor; NULL: nothing.
CREATE OR REPLACE FUNCTION auth.lacking(p_tenant auth.tenant_v, p_account auth.account, p_sign_in auth.sign_in) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN p_tenant.require_single_sign_on AND NOT p_sign_in.is_single_sign_on THEN 'single_sign_on'
    WHEN p_tenant.require_second_factor AND p_account.totp_confirmed_at IS NULL AND NOT p_sign_in.is_multi_factor THEN 'second_factor'
END;

-- A tenant as whoever signed in sees it; isLocked: it wants what they have not, which lacks names; isDisabled: nobody looks at it.
CREATE OR REPLACE FUNCTION auth.tenant_line(p_tenant auth.tenant_v, p_role text, p_lacks text) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN p_lacks IS NULL THEN '{}' ELSE jsonb_build_object('isLocked', true, 'lacks', p_lacks) END
    || CASE WHEN p_tenant.is_active THEN '{}' ELSE '{"isDisabled": true}' END::jsonb
    || CASE WHEN p_tenant.require_second_factor THEN '{"wantsSecondFactor": true}' ELSE '{}' END::jsonb
    || CASE WHEN p_tenant.require_single_sign_on THEN '{"wantsSingleSignOn": true}' ELSE '{}' END::jsonb
    || jsonb_build_object('tenant', p_tenant.public_id, 'name', p_tenant.tenant_name, 'industry', p_tenant.industry,
                          'timeZone', p_tenant.time_zone, 'currency', p_tenant.currency, 'weekStart', p_tenant.week_start, 'role', p_role);

-- The tenants of an account by name, as one of its sign-ins sees them: those whose name or id has all words of a text, p_most at most.
CREATE OR REPLACE FUNCTION auth.tenants_of(p_account auth.account, p_sign_in auth.sign_in, p_search text, p_most integer)
RETURNS SETOF jsonb
LANGUAGE sql STABLE AS $$
    SELECT auth.tenant_line(t, CASE WHEN p_account.is_operator THEN 'owner' ELSE m.role END,
                            auth.lacking(t, p_account, p_sign_in))
    FROM auth.tenant_v t
    LEFT JOIN auth.membership m ON m.tenant_hk = t.tenant_hk AND m.account_id = p_account.account_id
    WHERE (p_account.is_operator OR m.role IS NOT NULL) AND auth.has_words(t.tenant_name || ' ' || t.public_id, p_search)
    -- whose name begins with it comes first
    ORDER BY NOT starts_with(lower(t.tenant_name), lower(p_search)), t.tenant_name, t.tenant_bk
    LIMIT p_most
$$;

-- Whether a text has all words of another, in whatever case.
CREATE OR REPLACE FUNCTION auth.has_words(p_text text, p_words text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN NOT EXISTS (SELECT FROM regexp_split_to_table(btrim(lower(p_words)), '\s+') AS w(word) WHERE strpos(lower(p_text), w.word) = 0);

-- Who is signed in with this token; no row: nobody. A guest has no e-mail address and sees the tenant of the share link, as long as that
-- lasts. `named`: the tenant that the request names, as they see it, and the id that its keys are made of; NULL: it is not theirs.
-- is_unseen: that it is in use should be noted; is_used_up: the password was for this sign-in only, and a passkey did not stand for it.
CREATE OR REPLACE FUNCTION auth.signed_in(p_token_hash bytea, p_named text)
RETURNS TABLE (email text, account_name text, is_operator boolean, named jsonb, tenant_id text, is_used_up boolean,
               has_second_factor boolean, is_single_sign_on boolean, is_multi_factor boolean, is_unseen boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.email, a.account_name, a.is_operator,
           CASE WHEN t.tenant_hk IS NOT NULL AND (a.is_operator OR m.role IS NOT NULL) THEN
               auth.tenant_line(t, CASE WHEN a.is_operator THEN 'owner' ELSE m.role END,
                                auth.lacking(t, a, s)) END,
           t.tenant_bk, a.one_time IS NOT NULL AND NOT s.is_single_sign_on AND s.method IS DISTINCT FROM 'passkey',
           a.totp_confirmed_at IS NOT NULL,
           s.is_single_sign_on, s.is_multi_factor,
           s.last_seen_at < util.current_load_date() - interval '5 minutes'
    FROM auth.sign_in s
    JOIN auth.account a USING (account_id)
    LEFT JOIN auth.tenant_v t ON t.tenant_hk = auth.tenant_named(p_named)
    LEFT JOIN auth.membership m ON m.tenant_hk = t.tenant_hk AND m.account_id = a.account_id
    WHERE s.token_hash = p_token_hash AND s.expires_at > util.current_load_date()
      AND s.last_seen_at > util.current_load_date() - auth.idle_sign_in_lasts()
    UNION ALL
    SELECT '', l.label, false, CASE WHEN t.tenant_hk = auth.tenant_named(p_named) THEN auth.tenant_line(t, 'guest', NULL) END,
           t.tenant_bk, false, false, false, false, false
    FROM auth.sign_in s
    JOIN auth.share_link l USING (share_link_id)
    JOIN auth.tenant_v t ON t.tenant_hk = l.tenant_hk
    WHERE s.token_hash = p_token_hash AND s.expires_at > util.current_load_date() AND l.expires_at > util.current_load_date()
$$;

-- The tenants of who is signed in with this token, by name, p_most at most: those whose name or id has all words of a text. A guest has
-- that of the share link.
CREATE OR REPLACE FUNCTION auth.own_tenants(p_token_hash bytea, p_search text, p_most integer) RETURNS SETOF jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT o.* FROM auth.sign_in s
    JOIN auth.account a USING (account_id)
    CROSS JOIN LATERAL auth.tenants_of(a, s, p_search, p_most) o
    WHERE s.token_hash = p_token_hash
    UNION ALL
    SELECT auth.tenant_line(t, 'guest', NULL) FROM auth.sign_in s
    JOIN auth.share_link l USING (share_link_id)
    JOIN auth.tenant_v t ON t.tenant_hk = l.tenant_hk
    WHERE s.token_hash = p_token_hash
$$;

-- The people of the session's tenant, with their roles. Operators, who own every tenant, are not among them.
CREATE OR REPLACE FUNCTION auth.people() RETURNS TABLE (email text, account_name text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.email, a.account_name, m.role FROM auth.membership m JOIN auth.account a USING (account_id)
    WHERE m.tenant_hk = util.current_tenant() AND NOT a.is_operator ORDER BY a.email
$$;

-- Gives somebody a role in the session's tenant, or takes it away (NULL). Whoever has no account yet gets one with this password.
-- Returns whether one was made. Unless an operator asks, raises last_owner when nobody would own the tenant; account_elsewhere for
-- somebody who has an account but no role here: nothing proves whose address it is, and another tenant's owner may know that
-- account's password. The password is for one sign-in: an owner was shown it.
CREATE OR REPLACE FUNCTION auth.set_person(p_email text, p_role text, p_password_hash text, p_is_operator boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_email text := lower(btrim(p_email));
    v_is_new boolean := false;
    v_had_owner constant boolean := EXISTS (
        SELECT FROM auth.membership m WHERE m.tenant_hk = util.current_tenant() AND m.role = 'owner');
BEGIN
    IF p_role IS NOT NULL THEN
        INSERT INTO auth.account (email, account_name, password_hash, is_operator, created_at, one_time)
        VALUES (v_email, v_email, p_password_hash, false, util.current_load_date(), 'new')
        ON CONFLICT (email) DO NOTHING;
        v_is_new := FOUND;
        IF NOT v_is_new AND NOT p_is_operator AND NOT EXISTS (
            SELECT FROM auth.membership m JOIN auth.account a USING (account_id)
            WHERE a.email = v_email AND m.tenant_hk = util.current_tenant()) THEN
            RAISE EXCEPTION 'account_elsewhere' USING ERRCODE = 'FF409';
        END IF;
    END IF;
    IF p_role IS NULL THEN
        DELETE FROM auth.membership m USING auth.account a
        WHERE a.email = v_email AND m.account_id = a.account_id AND m.tenant_hk = util.current_tenant();
    ELSE
        INSERT INTO auth.membership (account_id, tenant_hk, role)
        SELECT a.account_id, util.current_tenant(), p_role FROM auth.account a WHERE a.email = v_email
        ON CONFLICT (account_id, tenant_hk) DO UPDATE SET role = excluded.role;
    END IF;
    IF v_had_owner AND NOT p_is_operator AND NOT EXISTS (
        SELECT FROM auth.membership m WHERE m.tenant_hk = util.current_tenant() AND m.role = 'owner') THEN
        RAISE EXCEPTION 'last_owner' USING ERRCODE = 'FF409';
    END IF;
    RETURN v_is_new;
END
$$;

-- Gives somebody of the session's tenant a new password for one sign-in; their sign-ins end. Returns whether that may be: they have a role
-- here, in no other tenant, are no operator, and do not sign in by single sign-on, which may give them a role elsewhere tomorrow.
-- Otherwise who owns this tenant could become who they are elsewhere.
CREATE OR REPLACE FUNCTION auth.renew_password(p_email text, p_password_hash text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_account_id bigint;
BEGIN
    UPDATE auth.account a SET password_hash = p_password_hash, one_time = 'new'
    WHERE a.email = lower(btrim(p_email)) AND NOT a.is_operator
      AND NOT EXISTS (SELECT FROM auth.identity i WHERE i.account_id = a.account_id)
      AND EXISTS (SELECT FROM auth.membership m WHERE m.account_id = a.account_id AND m.tenant_hk = util.current_tenant())
      AND NOT EXISTS (SELECT FROM auth.membership m WHERE m.account_id = a.account_id AND m.tenant_hk <> util.current_tenant())
    RETURNING a.account_id INTO v_account_id;
    DELETE FROM auth.sign_in s WHERE s.account_id = v_account_id;
    RETURN v_account_id IS NOT NULL;
END
$$;

-- Changes an account's password, which is nobody else's then, and ends its sign-ins. Returns whether there is such an account.
CREATE OR REPLACE FUNCTION auth.set_password(p_email text, p_password_hash text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_account_id bigint;
BEGIN
    UPDATE auth.account a SET password_hash = p_password_hash, one_time = NULL WHERE a.email = lower(btrim(p_email))
    RETURNING a.account_id INTO v_account_id;
    DELETE FROM auth.sign_in s WHERE s.account_id = v_account_id;
    RETURN v_account_id IS NOT NULL;
END
$$;

-- Keeps what the authenticator of whose sign-in this is makes codes of; asked for only when it is confirmed. Returns whether that may
-- be: who has one ends it first.
CREATE OR REPLACE FUNCTION auth.begin_second_factor(p_token_hash bytea, p_secret bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE auth.account a SET totp_secret = p_secret, totp_last_step = NULL
    FROM auth.sign_in s WHERE s.token_hash = p_token_hash AND a.account_id = s.account_id AND a.totp_confirmed_at IS NULL;
    RETURN FOUND;
END
$$;

-- What is to be confirmed of whose sign-in this is; NULL: nothing.
CREATE OR REPLACE FUNCTION auth.unconfirmed_secret(p_token_hash bytea) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.totp_secret FROM auth.sign_in s JOIN auth.account a USING (account_id)
    WHERE s.token_hash = p_token_hash AND a.totp_confirmed_at IS NULL
$$;

-- Asks for codes from now on, and lets one sign in with these recovery codes (hashes), each once.
CREATE OR REPLACE FUNCTION auth.confirm_second_factor(p_token_hash bytea, p_step bigint, p_code_hashes bytea[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE auth.account a
    SET totp_confirmed_at = util.current_load_date(), totp_last_step = p_step, recovery_codes = p_code_hashes
    FROM auth.sign_in s WHERE s.token_hash = p_token_hash AND a.account_id = s.account_id
$$;

-- Asks this account for no code any more. Returns whether it was asked for one.
CREATE OR REPLACE FUNCTION auth.end_second_factor(p_email text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_account_id bigint;
BEGIN
    UPDATE auth.account a SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = NULL
    WHERE a.email = lower(btrim(p_email)) AND a.totp_confirmed_at IS NOT NULL
    RETURNING a.account_id INTO v_account_id;
    PERFORM auth.forget_recovery_codes(v_account_id);
    RETURN v_account_id IS NOT NULL;
END
$$;

-- Uses the code of a step of 30 seconds; false: it, or a later one, was used before.
CREATE OR REPLACE FUNCTION auth.use_step(p_account_id bigint, p_step bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE auth.account a SET totp_last_step = p_step WHERE a.account_id = p_account_id AND coalesce(a.totp_last_step < p_step, true);
    RETURN FOUND;
END
$$;

-- Uses a recovery code; false: there is none such, or it was used.
CREATE OR REPLACE FUNCTION auth.use_recovery_code(p_account_id bigint, p_code_hash bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE auth.account a SET recovery_codes = array_remove(a.recovery_codes, p_code_hash)
    WHERE a.account_id = p_account_id AND p_code_hash = ANY (a.recovery_codes);
    RETURN FOUND;
END
$$;

-- Whether this account was signed in to before from the device with this token.
CREATE OR REPLACE FUNCTION auth.is_device_of(p_email text, p_token_hash bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT FROM auth.account a WHERE a.email = lower(btrim(p_email)) AND p_token_hash = ANY (a.devices))
$$;

-- Remembers a device of an account, and of each account the latest twenty.
CREATE OR REPLACE FUNCTION auth.remember_device(p_account_id bigint, p_token_hash bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE auth.account a SET devices = (array_remove(a.devices, p_token_hash) || p_token_hash)[greatest(1, cardinality(a.devices) - 18):]
    WHERE a.account_id = p_account_id
$$;
