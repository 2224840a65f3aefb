-- Grants privileges on all tables and views of these schemas; not on partitions, which have no policies of their own, and not on views
-- that would ask with other rights than those of who looks.
CREATE OR REPLACE FUNCTION util.grant_on_relations(p_privileges text, p_schemas text[], p_roles text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_relation regclass;
BEGIN
    FOR v_relation IN
        SELECT c.oid::regclass FROM pg_class c
        WHERE c.relnamespace::regnamespace::text = ANY (p_schemas) AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
          AND (c.relkind <> 'v' OR c.reloptions @> '{security_invoker=true}')
    LOOP
        EXECUTE format('GRANT %s ON %s TO %s', p_privileges, v_relation, p_roles);
    END LOOP;
END
$$;

-- Takes from everybody what a login could use against others, and Footfall does not need: advisory locks, large objects, temporary
-- tables (the worker's loads have them). What the schema's owner may not take away, on a server that is not the owner's, stays, with a
-- warning. pg_sleep stays: it holds nothing but its own connection, which auth.end_overdue_sql ends.
CREATE OR REPLACE FUNCTION util.close_catalog() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname ~ '^(pg_(try_)?advisory_|lo_|lo(creat|open|read|write|unlink)$)'
          AND has_function_privilege('footfall_analyst', p.oid, 'EXECUTE')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO footfall_worker', current_database());
END
$$;

-- Who may touch what. Run after every deployment, so that a new table, view or function is closed until it is named here.
--   footfall_ingest  the collector: lands events, resolves keys; reads no event
--   footfall_worker  stages, loads, computes: all tenants
--   footfall_reader  answers questions of one tenant: the one in app.tenant_hk
--   footfall_admin   signs people in; sets up one tenant, the one in app.tenant_hk: keys, goals, funnels, people, share links
--   footfall_analyst what tenants' own login roles may: the same, of the tenant that is theirs
CREATE OR REPLACE FUNCTION util.secure_access() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_table regclass;
    v_schema text;
BEGIN
    FOREACH v_schema IN ARRAY ARRAY['util', 'auth', 'ref', 'raw', 'staging', 'business', 'api'] LOOP
        EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA %I FROM PUBLIC', v_schema);
        EXECUTE format('GRANT EXECUTE ON ALL ROUTINES IN SCHEMA %I TO footfall_worker', v_schema);
        -- what is not named below was opened by hand
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I'
                       ' FROM PUBLIC, footfall_reader, footfall_analyst, footfall_admin, footfall_ingest', v_schema);
    END LOOP;

    -- Every table that names a tenant shows a role only the rows of that tenant; without app.tenant_hk, none. The sub-select is
    -- evaluated once a query and can be an index condition.
    FOR v_table IN
        SELECT c.oid::regclass
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_hk' AND NOT a.attisdropped
        WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business')
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', v_table);
        EXECUTE format('DROP POLICY IF EXISTS one_tenant ON %s', v_table);
        EXECUTE format($policy$
            CREATE POLICY one_tenant ON %s TO footfall_reader, footfall_ingest, footfall_admin
            USING (tenant_hk = (SELECT decode(nullif(current_setting('app.tenant_hk', true), ''), 'hex')) %s)
            WITH CHECK (tenant_hk = (SELECT decode(nullif(current_setting('app.tenant_hk', true), ''), 'hex')))
            $policy$, v_table,
            -- the rules that hold for all tenants belong to none
            CASE WHEN v_table::text LIKE 'ref.%' THEN $all$OR tenant_hk = '\x'::bytea$all$ ELSE '' END);
        EXECUTE format('DROP POLICY IF EXISTS own_tenant ON %s', v_table);
        EXECUTE format('CREATE POLICY own_tenant ON %s TO footfall_analyst USING (tenant_hk = (SELECT auth.analyst_tenant()) %s)',
                       v_table, CASE WHEN v_table::text LIKE 'ref.%' THEN $all$OR tenant_hk = '\x'::bytea$all$ ELSE '' END);
        EXECUTE format('DROP POLICY IF EXISTS all_tenants ON %s', v_table);
        EXECUTE format('CREATE POLICY all_tenants ON %s TO footfall_worker USING (true) WITH CHECK (true)', v_table);
    END LOOP;

    PERFORM util.close_catalog();
    GRANT USAGE ON SCHEMA util, auth, ref, raw, staging, business, api
        TO footfall_worker, footfall_reader, footfall_ingest, footfall_admin;
    PERFORM util.close_partition(c.oid) FROM pg_class c
    WHERE c.relnamespace::regnamespace::text IN ('raw', 'staging', 'business') AND c.relkind IN ('r', 'p') AND c.relispartition;
    PERFORM util.grant_on_relations('SELECT, INSERT, UPDATE, DELETE', '{auth,ref,raw,staging,business}', 'footfall_worker');
    PERFORM util.grant_on_relations('SELECT', '{api}', 'footfall_worker');
    PERFORM util.grant_on_relations('SELECT', '{business,api}', 'footfall_reader, footfall_analyst');
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA raw, staging TO footfall_worker;

    BEGIN
        -- from PostgreSQL 17 on others than owners may vacuum: the worker freezes months that are over
        GRANT pg_maintain TO footfall_worker;
    EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
        NULL;
    END;

    GRANT SELECT, UPDATE ON util.work TO footfall_worker;
    GRANT SELECT ON util.backup TO footfall_worker;

    -- which version the schema is
    GRANT SELECT ON util.migration, util.definition TO footfall_worker, footfall_reader;

    -- raw.load_batch counts all tenants together, ref.user_agent belongs to none: neither is for readers
    GRANT SELECT ON raw.site_tracking_events_r, raw.site_tracking_events_v, raw.ingest_batch, raw.refusal TO footfall_reader;
    GRANT SELECT ON staging.site_events_staging, staging.note TO footfall_reader;
    GRANT SELECT ON auth.tenant_h, auth.tenant_details_s, auth.tenant_v TO footfall_reader, footfall_ingest;
    GRANT SELECT ON ref.event_type, ref.conversion_rule, ref.visitor_segment, ref.goal, ref.time_zone TO footfall_reader;
    GRANT EXECUTE ON ALL ROUTINES IN SCHEMA util, business, api TO footfall_reader;
    GRANT EXECUTE ON FUNCTION auth.key_owner(bytea), auth.request_tenant(jsonb), auth.analyst_tenant() TO footfall_reader;
    GRANT EXECUTE ON FUNCTION staging.url_parts(text), staging.without_www(text), staging.canonical_escapes(text),
        staging.escaped(text) TO footfall_reader;

    GRANT USAGE ON SCHEMA util, auth, ref, raw, staging, business, api TO footfall_analyst;
    GRANT SELECT ON raw.ingest_batch TO footfall_analyst;
    GRANT SELECT ON auth.tenant_h, auth.tenant_details_s, auth.tenant_v TO footfall_analyst;
    GRANT SELECT ON ref.event_type, ref.conversion_rule, ref.visitor_segment, ref.goal, ref.time_zone TO footfall_analyst;
    GRANT EXECUTE ON ALL ROUTINES IN SCHEMA util, business, api TO footfall_analyst;
    GRANT EXECUTE ON FUNCTION auth.request_tenant(jsonb), auth.analyst_tenant(), staging.url_parts(text), staging.without_www(text),
        staging.canonical_escapes(text), staging.escaped(text) TO footfall_analyst;

    GRANT EXECUTE ON FUNCTION auth.key_owner(bytea), auth.visitor_secret_of(bytea, date), auth.request_tenant(jsonb),
        auth.analyst_tenant() TO footfall_ingest;
    GRANT EXECUTE ON FUNCTION raw.land_tracking_events, raw.are_storable, raw.count_refusals, raw.ingest_tracking_event,
        raw.ingest_tracking_events TO footfall_ingest;
    GRANT EXECUTE ON FUNCTION api.track_event, api.failure TO footfall_ingest;
    GRANT EXECUTE ON ALL ROUTINES IN SCHEMA util TO footfall_ingest;
    GRANT EXECUTE ON FUNCTION auth.account_of(text), auth.share_link_of(bytea), auth.open_sign_in, auth.touch_sign_in(bytea),
        auth.sign_ins(bytea), auth.end_sign_ins(bytea, bigint), auth.renew_password(text, text),
        auth.begin_second_factor(bytea, bytea), auth.unconfirmed_secret(bytea), auth.confirm_second_factor(bytea, bigint, bytea[]),
        auth.end_second_factor(text), auth.use_step(bigint, bigint), auth.use_recovery_code(bigint, bytea),
        auth.is_device_of(text, bytea), auth.remember_device(bigint, bytea),
        auth.close_sign_in(bytea), auth.signed_in(bytea), auth.people(), auth.set_person(text, text, text, boolean),
        auth.set_password(text, text), auth.add_tenant,
        auth.own_limits(), auth.request_tenant(jsonb), auth.analyst_tenant() TO footfall_admin;
    GRANT SELECT ON auth.tenant_h, auth.tenant_details_s, auth.tenant_v TO footfall_admin;
    GRANT SELECT (access_key_id, tenant_hk, kind, label, created_at, revoked_at, created_by, expires_at), INSERT, UPDATE (revoked_at)
        ON auth.access_key TO footfall_admin;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ref.goal, ref.funnel TO footfall_admin;
    -- a funnel is saved when its report would answer it
    GRANT SELECT ON ref.conversion_rule, raw.ingest_batch TO footfall_admin;
    GRANT SELECT, INSERT, DELETE ON auth.share_link TO footfall_admin;
    GRANT EXECUTE ON ALL ROUTINES IN SCHEMA util, business, api TO footfall_admin;
    -- these change what every tenant stands on
    REVOKE ALL ON FUNCTION util.secure_access(), util.grant_on_relations(text, text[], text), util.close_catalog(), util.close_partition(regclass),
        util.ensure_month(timestamptz, regtype),
        util.ensure_partitions(timestamptz, integer), util.analyze_grown(), util.drop_month(text, text, timestamptz),
        util.delete_expired(text, timestamptz), util.take_turn(text), util.try_turn(text)
        FROM footfall_reader, footfall_ingest, footfall_analyst, footfall_admin;
    -- these act with the worker's rights: only the web process, which knows who asks, may call them
    REVOKE ALL ON FUNCTION business.reprocess_invalid(text, timestamptz), business.change_tenant, business.add_event_type,
        business.remove_event_type, business.event_types, business.sending_hosts(timestamptz), api.store_health()
        FROM footfall_reader, footfall_ingest, footfall_analyst;
END
$$;
