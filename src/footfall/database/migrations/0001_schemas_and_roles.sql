-- The plan's four layers, and what they stand on: auth (tenants, keys), ref (reference data), util (hashing, clock).
CREATE SCHEMA IF NOT EXISTS util;
CREATE SCHEMA auth;
CREATE SCHEMA ref;
CREATE SCHEMA raw;
CREATE SCHEMA staging;
CREATE SCHEMA business;
CREATE SCHEMA api;

-- Roles belong to the whole cluster: another Footfall database in it may have made them already.
DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['footfall_ingest', 'footfall_worker', 'footfall_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        EXECUTE format('GRANT %I TO CURRENT_USER', v_role);
    END LOOP;
END
$$;
