-- The tenant of the login role that is connected, NULL when it is no analyst's. By session_user: no setting and no SET ROLE changes it.
-- Raises tenant_disabled: policies ask for it, so that whatever such a login asks is refused with a reason.
CREATE OR REPLACE FUNCTION auth.analyst_tenant() RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_tenant_hk bytea;
    v_is_active boolean;
BEGIN
    SELECT a.tenant_hk, d.is_active INTO v_tenant_hk, v_is_active
    FROM auth.sql_access a
    JOIN auth.tenant_details_s d ON d.tenant_hk = a.tenant_hk AND d.load_end_date IS NULL
    WHERE a.role_name = session_user;
    IF NOT v_is_active THEN
        RAISE EXCEPTION 'tenant_disabled' USING ERRCODE = 'FF403';
    END IF;
    RETURN v_tenant_hk;
END
$$;

-- The name of a tenant's login role, which tells nobody whose it is: every login sees all names. Roles belong to the whole cluster: it
-- is made of database and tenant.
CREATE OR REPLACE FUNCTION auth.sql_role_name(p_tenant_hk bytea) RETURNS name
LANGUAGE sql STABLE
RETURN 'footfall_sql_' || left(encode(util.hash_binary(current_database() || ' ' || encode(p_tenant_hk, 'hex')), 'hex'), 16);

-- Makes a tenant's login role if need be, and has it be as all of them are, with this password (or its SCRAM verifier; NULL: it opens
-- nothing until it is given one).
CREATE OR REPLACE FUNCTION auth.make_sql_role(p_role name, p_password text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = p_role) THEN
        EXECUTE format('CREATE ROLE %I', p_role);
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L CONNECTION LIMIT 10', p_role, p_password);
    EXECUTE format('GRANT footfall_analyst TO %I', p_role);
    IF NOT pg_has_role(p_role, 'USAGE') THEN
        -- only who has its rights may end its sessions
        EXECUTE format('GRANT %I TO CURRENT_USER', p_role);
    END IF;
    EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', p_role);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = ''60s''', p_role);
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''60s''', p_role);
    EXECUTE format('ALTER ROLE %I SET search_path = api', p_role);
    BEGIN
        -- no login can change this one for itself; nor can an owner who is no superuser set it
        EXECUTE format('ALTER ROLE %I SET temp_file_limit = ''1GB''', p_role);
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;
END
$$;

-- Lets a tenant ask in SQL, with this password (or its SCRAM verifier); a second time: with the new one. Returns the role's name. For
-- the schema's owner, who needs CREATEROLE.
CREATE OR REPLACE FUNCTION auth.grant_sql_access(p_tenant_hk bytea, p_password text) RETURNS name
LANGUAGE plpgsql AS $$
DECLARE
    v_role constant name := auth.sql_role_name(p_tenant_hk);
BEGIN
    -- logins of former versions had the tenant's name
    PERFORM auth.end_sql_role(a.role_name) FROM auth.sql_access a WHERE a.tenant_hk = p_tenant_hk AND a.role_name <> v_role;
    PERFORM auth.make_sql_role(v_role, p_password);
    INSERT INTO auth.sql_access VALUES (v_role, p_tenant_hk, util.current_load_date()) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM auth.tell(ARRAY[p_tenant_hk], 'sql_login.changed', v_role, '{}');
    END IF;
    RETURN v_role;
END
$$;

-- Takes it away; whether there was any.
CREATE OR REPLACE FUNCTION auth.revoke_sql_access(p_tenant_hk bytea) RETURNS boolean
LANGUAGE sql AS $$
    SELECT coalesce(bool_or(auth.end_sql_role(r.role_name)), false)
    FROM (SELECT a.role_name FROM auth.sql_access a WHERE a.tenant_hk = p_tenant_hk
          UNION SELECT auth.sql_role_name(p_tenant_hk)) r
$$;

-- Ends a login: it opens nothing from here on, its sessions end, and all that it owns or was granted goes. Whether there was one. A role
-- that another database of the cluster still knows cannot be dropped: it stays, and cannot log in.
CREATE OR REPLACE FUNCTION auth.end_sql_role(p_role name) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM auth.sql_access a WHERE a.role_name = p_role;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = p_role) THEN
        RETURN false;
    END IF;
    EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', p_role);
    EXECUTE format('REVOKE footfall_analyst FROM %I', p_role);
    IF NOT pg_has_role(p_role, 'MEMBER') THEN
        EXECUTE format('GRANT %I TO CURRENT_USER', p_role);
    END IF;
    PERFORM pg_terminate_backend(s.pid) FROM pg_stat_activity s WHERE s.usename = p_role;
    EXECUTE format('DROP OWNED BY %I', p_role);
    BEGIN
        EXECUTE format('DROP ROLE %I', p_role);
    EXCEPTION WHEN dependent_objects_still_exist THEN
        NULL;
    END;
    RETURN true;
END
$$;

-- Ends what tenants' logins do for too long, whatever timeouts they set themselves: statements of more than p_most, transactions, and
-- with them snapshots, of more than twice that. Returns how many sessions were ended.
CREATE OR REPLACE FUNCTION auth.end_overdue_sql(p_most interval DEFAULT '60 seconds') RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT count(*) FILTER (WHERE pg_terminate_backend(s.pid))::integer
    FROM pg_stat_activity s
    JOIN auth.sql_access a ON a.role_name = s.usename
    WHERE s.datname = current_database()
      AND (s.state = 'active' AND s.query_start < clock_timestamp() - p_most OR s.xact_start < clock_timestamp() - 2 * p_most)
$$;
