-- Sign-ins. The web process acts as footfall_admin, which sees one tenant at most: what has to look across tenants is a function.

-- The account of an e-mail address and its password's hash; no row: there is none.
CREATE OR REPLACE FUNCTION auth.account_of(p_email text) RETURNS TABLE (account_id bigint, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.account_id, a.password_hash FROM auth.account a WHERE a.email = lower(btrim(p_email))
$$;
ALTER FUNCTION auth.account_of(text) OWNER TO footfall_worker;

-- Remembers a sign-in, and forgets those that have expired.
CREATE OR REPLACE FUNCTION auth.open_sign_in(p_account_id bigint, p_token_hash bytea, p_lasts interval) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    DELETE FROM auth.sign_in WHERE expires_at < util.current_load_date();
    INSERT INTO auth.sign_in (token_hash, account_id, created_at, expires_at)
    VALUES (p_token_hash, p_account_id, util.current_load_date(), util.current_load_date() + p_lasts)
$$;
ALTER FUNCTION auth.open_sign_in(bigint, bytea, interval) OWNER TO footfall_worker;

CREATE OR REPLACE FUNCTION auth.close_sign_in(p_token_hash bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    DELETE FROM auth.sign_in WHERE token_hash = p_token_hash
$$;
ALTER FUNCTION auth.close_sign_in(bytea) OWNER TO footfall_worker;

-- Who is signed in with this token, and the tenants that are theirs, by name; no row: nobody.
CREATE OR REPLACE FUNCTION auth.signed_in(p_token_hash bytea)
RETURNS TABLE (account_id bigint, email text, account_name text, is_operator boolean, tenants jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.account_id, a.email, a.account_name, a.is_operator,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'tenant', t.tenant_bk, 'name', t.tenant_name, 'industry', t.industry, 'timeZone', t.time_zone,
                       'currency', t.currency, 'role', CASE WHEN a.is_operator THEN 'owner' ELSE m.role END
                   ) ORDER BY t.tenant_name, t.tenant_bk), '[]')
            FROM auth.tenant_v t
            LEFT JOIN auth.membership m ON m.tenant_hk = t.tenant_hk AND m.account_id = a.account_id
            WHERE t.is_active AND (a.is_operator OR m.role IS NOT NULL))
    FROM auth.sign_in s
    JOIN auth.account a USING (account_id)
    WHERE s.token_hash = p_token_hash AND s.expires_at > util.current_load_date()
$$;
ALTER FUNCTION auth.signed_in(bytea) OWNER TO footfall_worker;
