-- The tenant of the login role that is connected, NULL when it is no analyst's. By session_user: no setting and no SET ROLE changes it.
CREATE OR REPLACE FUNCTION auth.analyst_tenant() RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.tenant_hk FROM auth.sql_access a WHERE a.role_name = session_user
$$;
ALTER FUNCTION auth.analyst_tenant() OWNER TO footfall_worker;

-- The name of a tenant's login role. Roles belong to the whole cluster: its last part tells databases and tenants apart.
CREATE OR REPLACE FUNCTION auth.sql_role_name(p_tenant_hk bytea) RETURNS name
LANGUAGE sql STABLE
RETURN (
    SELECT 'footfall_sql_' || left(regexp_replace(lower(h.tenant_bk COLLATE "C"), '[^a-z0-9]', '_', 'g'), 30) || '_'
        || left(encode(util.hash_binary(current_database() || ' ' || h.tenant_bk), 'hex'), 8)
    FROM auth.tenant_h h WHERE h.tenant_hk = p_tenant_hk);

-- Lets a tenant ask in SQL, with this password (or its SCRAM verifier); a second time: with the new one. Returns the role's name. For
-- the schema's owner, who needs CREATEROLE.
CREATE OR REPLACE FUNCTION auth.grant_sql_access(p_tenant_hk bytea, p_password text) RETURNS name
LANGUAGE plpgsql AS $$
DECLARE
    v_role name := auth.sql_role_name(p_tenant_hk);
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
        EXECUTE format('CREATE ROLE %I', v_role);
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L CONNECTION LIMIT 10', v_role, p_password);
    EXECUTE format('GRANT footfall_analyst TO %I', v_role);
    EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', v_role);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = ''60s''', v_role);
    EXECUTE format('ALTER ROLE %I SET search_path = api', v_role);
    INSERT INTO auth.sql_access VALUES (v_role, p_tenant_hk, util.current_load_date()) ON CONFLICT DO NOTHING;
    RETURN v_role;
END
$$;

-- Takes it away; whether there was any.
CREATE OR REPLACE FUNCTION auth.revoke_sql_access(p_tenant_hk bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_role name := auth.sql_role_name(p_tenant_hk);
BEGIN
    DELETE FROM auth.sql_access a WHERE a.role_name = v_role;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP ROLE %I', v_role);
    RETURN true;
END
$$;
