-- Single sign-on: what is under way, and whose account it is that a provider names. Called by the web process, which has checked what
-- the provider signed.

-- Remembers a sign-on, and forgets those that have expired. p_account_id: who it is, whose code is waited for; NULL: not known yet.
CREATE OR REPLACE FUNCTION auth.begin_sign_on(p_token_hash bytea, p_account_id bigint, p_lasts interval) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    DELETE FROM auth.sign_on WHERE expires_at < util.current_load_date();
    INSERT INTO auth.sign_on (token_hash, account_id, expires_at)
    VALUES (p_token_hash, p_account_id, util.current_load_date() + p_lasts)
$$;

-- Ends a sign-on that came back from the provider. Returns whether there was one: each comes back once.
CREATE OR REPLACE FUNCTION auth.take_sign_on(p_token_hash bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM auth.sign_on s
    WHERE s.token_hash = p_token_hash AND s.account_id IS NULL AND s.expires_at > util.current_load_date();
    RETURN FOUND;
END
$$;

-- Whose code a sign-on waits for, and what the authenticator makes codes of; no row: none waits.
CREATE OR REPLACE FUNCTION auth.waiting_sign_on(p_token_hash bytea) RETURNS TABLE (account_id bigint, totp_secret bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.account_id, CASE WHEN a.totp_confirmed_at IS NOT NULL THEN a.totp_secret END
    FROM auth.sign_on s JOIN auth.account a USING (account_id)
    WHERE s.token_hash = p_token_hash AND s.expires_at > util.current_load_date()
$$;

-- Ends a sign-on whose code was right. Returns whether it still waited.
CREATE OR REPLACE FUNCTION auth.end_sign_on(p_token_hash bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM auth.sign_on s WHERE s.token_hash = p_token_hash;
    RETURN FOUND;
END
$$;

-- The account of who a provider names, with the roles that their groups give: p_tenants and p_roles beside each other, of the tenants
-- p_named, which are all that the operator's mapping speaks of, with the keys of those of which it is known where they live, in another cell
-- perhaps (p_keys beside p_named; NULL: this store looks for it); p_is_operator NULL: it does not speak of operators. An account of the same
-- e-mail address is linked when the provider has proved it (p_is_proved); otherwise one is made, for who has a role. refused: why not.
CREATE OR REPLACE FUNCTION auth.account_of_identity(
    p_issuer text, p_subject text, p_email text, p_is_proved boolean, p_name text,
    p_named text[], p_tenants text[], p_roles text[], p_is_operator boolean, p_keys bytea[] DEFAULT NULL
) RETURNS TABLE (account_id bigint, totp_secret bytea, refused text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_email constant text := lower(btrim(p_email));
    v_account_id bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM auth.identity i WHERE i.issuer = p_issuer AND i.subject = p_subject) THEN
        -- two browsers of somebody new make one account
        LOCK TABLE auth.identity IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    SELECT i.account_id INTO v_account_id FROM auth.identity i WHERE i.issuer = p_issuer AND i.subject = p_subject;
    IF v_account_id IS NULL THEN
        SELECT a.account_id INTO v_account_id FROM auth.account a WHERE a.email = v_email;
        IF v_account_id IS NULL THEN
            IF cardinality(p_tenants) = 0 AND p_is_operator IS NOT TRUE THEN
                RETURN QUERY SELECT NULL::bigint, NULL::bytea, 'no_role';
                RETURN;
            ELSIF v_email !~ '^[^@]+@[^@]+$' THEN
                RETURN QUERY SELECT NULL::bigint, NULL::bytea, 'email_missing';
                RETURN;
            END IF;
            INSERT INTO auth.account AS a (email, account_name, is_operator, created_at)
            VALUES (v_email, coalesce(nullif(left(p_name, 255), ''), v_email), false, util.current_load_date())
            RETURNING a.account_id INTO v_account_id;
        ELSIF NOT p_is_proved OR EXISTS (
            -- an address that somebody else had before them
            SELECT FROM auth.identity i WHERE i.account_id = v_account_id AND i.issuer = p_issuer) THEN
            RETURN QUERY SELECT NULL::bigint, NULL::bytea, 'email_taken';
            RETURN;
        ELSE
            PERFORM auth.claim_account(v_account_id);
        END IF;
        INSERT INTO auth.identity (issuer, subject, account_id, created_at)
        VALUES (p_issuer, p_subject, v_account_id, util.current_load_date());
    END IF;
    UPDATE auth.account a SET is_operator = p_is_operator WHERE a.account_id = v_account_id AND a.is_operator <> p_is_operator;
    PERFORM auth.follow_groups(v_account_id, p_named, p_keys, p_tenants, p_roles);
    RETURN QUERY SELECT a.account_id, CASE WHEN a.totp_confirmed_at IS NOT NULL THEN a.totp_secret END,
                        CASE WHEN NOT a.is_operator AND NOT EXISTS (
                            SELECT FROM auth.membership m WHERE m.account_id = a.account_id) THEN 'no_role' END
                 FROM auth.account a WHERE a.account_id = v_account_id;
END
$$;

-- An account is its address's owner's from now on: until this moment nothing proved whose address it is, and whoever gave them a role
-- may know the password, even one that was chosen since, or have made passkeys with it. So they end, with all sign-ins. Not an operator's:
-- a command made that.
CREATE OR REPLACE FUNCTION auth.claim_account(p_account_id bigint) RETURNS void
LANGUAGE sql AS $$
    UPDATE auth.account SET password_hash = NULL, one_time = NULL WHERE account_id = p_account_id AND NOT is_operator;
    SELECT auth.end_passkeys(p_account_id) FROM auth.account WHERE account_id = p_account_id AND NOT is_operator;
    DELETE FROM auth.sign_in WHERE account_id = p_account_id
$$;

-- Gives an account the highest role that its groups give in each tenant of p_named, or takes it away; no other tenant's. The last owner
-- of a tenant stays that.
CREATE OR REPLACE FUNCTION auth.follow_groups(p_account_id bigint, p_named text[], p_keys bytea[], p_tenants text[], p_roles text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_wanted record;
BEGIN
    FOR v_wanted IN
        SELECT t.tenant_hk, (array_agg(g.role ORDER BY array_position('{owner,admin,viewer}', g.role)))[1] AS role
        FROM unnest(p_named, p_keys) AS n(tenant, tenant_hk)
        CROSS JOIN LATERAL (
            SELECT n.tenant_hk WHERE n.tenant_hk IS NOT NULL
            UNION ALL
            SELECT h.tenant_hk FROM auth.tenant_h h WHERE n.tenant_hk IS NULL AND h.tenant_hk = auth.tenant_named(n.tenant)) AS t
        LEFT JOIN unnest(p_tenants, p_roles) AS g(tenant, role) ON g.tenant = n.tenant
        GROUP BY t.tenant_hk
    LOOP
        -- of two owners who lose their group at the same moment the second stays
        PERFORM FROM auth.membership m WHERE m.tenant_hk = v_wanted.tenant_hk AND m.role = 'owner' FOR UPDATE;
        CONTINUE WHEN v_wanted.role IS DISTINCT FROM 'owner' AND p_account_id = ALL (
            SELECT m.account_id FROM auth.membership m WHERE m.tenant_hk = v_wanted.tenant_hk AND m.role = 'owner')
            AND EXISTS (SELECT FROM auth.membership m WHERE m.tenant_hk = v_wanted.tenant_hk AND m.role = 'owner');
        IF v_wanted.role IS NULL THEN
            DELETE FROM auth.membership m WHERE m.tenant_hk = v_wanted.tenant_hk AND m.account_id = p_account_id;
        ELSE
            INSERT INTO auth.membership AS m (account_id, tenant_hk, role)
            VALUES (p_account_id, v_wanted.tenant_hk, v_wanted.role)
            ON CONFLICT (account_id, tenant_hk) DO UPDATE SET role = excluded.role WHERE m.role <> excluded.role;
        END IF;
    END LOOP;
END
$$;

-- Forgets whom providers call this account, and ends its sign-ins. Returns whether they called it anything: the next sign-on links anew.
CREATE OR REPLACE FUNCTION auth.end_single_sign_on(p_account_id bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM auth.identity i WHERE i.account_id = p_account_id;
    IF FOUND THEN
        DELETE FROM auth.sign_in s WHERE s.account_id = p_account_id;
        RETURN true;
    END IF;
    RETURN false;
END
$$;
