-- Tenants that ask in SQL: a login role each, which sees that tenant's rows and no others, whatever it sets.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'footfall_analyst') THEN
        CREATE ROLE footfall_analyst NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;

CREATE TABLE auth.sql_access (
    role_name name PRIMARY KEY,
    tenant_hk bytea NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE auth.sql_access IS 'Whose rows a login role in footfall_analyst sees.';
