-- Grants privileges on all tables and views of these schemas; not on partitions, which have no policies of their own, and not
-- on views that would ask with other rights than those of who looks.
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

-- Takes from everybody what a login could use against others, and Footfall does not need: advisory locks, large objects,
-- temporary tables (the worker's loads have them). What the schema's owner may not take away, on a server that is not the
-- owner's, stays, with a warning. pg_sleep stays: it holds nothing but its own connection, which auth.end_overdue_sql ends.
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

-- The policies that a table of tenants has to have, each with the statement that makes it. Every table that names a tenant
-- shows a role only the rows of that tenant; without app.tenant_hk, none. The sub-select is evaluated once a query and can be
-- an index condition.
CREATE OR REPLACE FUNCTION util.wanted_policies(p_table regclass) RETURNS TABLE (policy name, statement text)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    -- the rules that hold for all tenants belong to none
    WITH shared AS (SELECT CASE WHEN p_table::text LIKE 'ref.%' THEN $all$OR tenant_hk = '\x'::bytea$all$ ELSE '' END AS rows)
    SELECT 'one_tenant'::name, format($policy$
        CREATE POLICY one_tenant ON %s TO footfall_reader, footfall_ingest, footfall_admin
        USING (tenant_hk = (SELECT decode(nullif(current_setting('app.tenant_hk', true), ''), 'hex')) %s)
        WITH CHECK (tenant_hk = (SELECT decode(nullif(current_setting('app.tenant_hk', true), ''), 'hex')))
        $policy$, p_table, shared.rows)
    FROM shared
    UNION ALL
    SELECT 'own_tenant', format($policy$
        CREATE POLICY own_tenant ON %s TO footfall_analyst USING (tenant_hk = (SELECT auth.analyst_tenant()) %s)
        $policy$, p_table, shared.rows)
    FROM shared
    UNION ALL
    SELECT 'all_tenants', format('CREATE POLICY all_tenants ON %s TO footfall_worker USING (true) WITH CHECK (true)', p_table)
$$;

-- What tells a policy that was made from this statement, and has not been touched since; it stands in the policy's comment.
CREATE OR REPLACE FUNCTION util.policy_mark(p_policy oid, p_statement text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT md5(concat_ws(' | ', p_statement, p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid),
                         pg_get_expr(p.polwithcheck, p.polrelid),
                         (SELECT string_agg(pg_get_userbyid(r.role), ',' ORDER BY r.role) FROM unnest(p.polroles) r(role))))
    FROM pg_policy p WHERE p.oid = p_policy
$$;

-- Tables that are not as they have to be: with row-level security, with the policies that are wanted and no others; partitions,
-- which are reached through their tables alone, with none. Not for their owner: who owns a store dumps it.
CREATE OR REPLACE FUNCTION util.unsecured_tables() RETURNS SETOF regclass
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT c.oid::regclass
    FROM pg_class c
    WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive') AND c.relkind IN ('r', 'p')
      AND CASE WHEN c.relispartition
          THEN NOT c.relrowsecurity OR c.relforcerowsecurity OR EXISTS (SELECT FROM util.grants_of(c.oid))
               OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
          ELSE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_hk' AND NOT a.attisdropped)
               AND (NOT c.relrowsecurity OR c.relforcerowsecurity
                    OR EXISTS (SELECT FROM util.wanted_policies(c.oid) w
                               FULL JOIN (SELECT * FROM pg_policy p WHERE p.polrelid = c.oid) p ON p.polname = w.policy
                               WHERE w.policy IS NULL OR p.oid IS NULL
                                  OR obj_description(p.oid, 'pg_policy') IS DISTINCT FROM util.policy_mark(p.oid, w.statement)))
          END
$$;

-- Makes one of them right. Locks it: one table a transaction, so that others wait for moments only.
CREATE OR REPLACE FUNCTION util.secure_table(p_table regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    v_policy record;
BEGIN
    IF (SELECT c.relispartition FROM pg_class c WHERE c.oid = p_table) THEN
        PERFORM util.close_partition(p_table);
    ELSE
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', p_table);
        FOR v_policy IN
            SELECT p.polname AS name FROM pg_policy p WHERE p.polrelid = p_table
        LOOP
            EXECUTE format('DROP POLICY %I ON %s', v_policy.name, p_table);
        END LOOP;
        FOR v_policy IN
            SELECT w.policy AS name, w.statement FROM util.wanted_policies(p_table) w
        LOOP
            EXECUTE v_policy.statement;
            EXECUTE format('COMMENT ON POLICY %I ON %s IS %L', v_policy.name, p_table,
                           (SELECT util.policy_mark(p.oid, v_policy.statement) FROM pg_policy p
                            WHERE p.polrelid = p_table AND p.polname = v_policy.name));
        END LOOP;
    END IF;
END
$$;

-- All that util.secure_access decides about, in one text: equal before and after when nothing had to be changed.
CREATE OR REPLACE FUNCTION util.access_digest() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    WITH ours AS (
        SELECT n.oid FROM pg_namespace n WHERE n.nspname IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api')
    ), things AS (
        SELECT 'pg_class'::regclass AS kind, c.oid, 0 AS part, c.relowner AS owner,
               coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)) AS acl
        FROM pg_class c WHERE c.relnamespace IN (SELECT o.oid FROM ours o) AND c.relkind <> 'i'
        UNION ALL
        SELECT 'pg_attribute'::regclass, a.attrelid, a.attnum, 0, a.attacl
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace IN (SELECT o.oid FROM ours o)
        WHERE a.attacl IS NOT NULL
        UNION ALL
        SELECT 'pg_proc'::regclass, p.oid, 0, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
        FROM pg_proc p
        WHERE p.pronamespace IN (SELECT o.oid FROM ours o)
           OR p.pronamespace = 'pg_catalog'::regnamespace AND p.proacl IS NOT NULL
        UNION ALL
        SELECT 'pg_namespace'::regclass, n.oid, 0, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
        FROM pg_namespace n WHERE n.oid IN (SELECT o.oid FROM ours o)
        UNION ALL
        SELECT 'pg_database'::regclass, d.oid, 0, 0, coalesce(d.datacl, acldefault('d', d.datdba))
        FROM pg_database d WHERE d.datname = current_database()
    )
    SELECT md5(string_agg(format('%s %s %s %s %s', t.kind::oid, t.oid, t.part, t.owner, g.grants), ' '
                          ORDER BY t.kind::oid, t.oid, t.part))
    FROM things t
    CROSS JOIN LATERAL (SELECT string_agg(x::text, ',' ORDER BY x::text) AS grants FROM aclexplode(t.acl) x) g
$$;

-- Gives everything to who migrates, but functions that act with the worker's rights to the worker: that is what SECURITY
-- DEFINER is for here. The few that have to act with the owner's make and drop tables, or end tenants' logins. Changes only
-- what differs.
CREATE OR REPLACE FUNCTION util.own_everything() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    v_schemas constant text[] := ARRAY['util', 'auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api'];
    v_of_owner constant text[] := ARRAY['auth.destroy_visitor_secrets', 'auth.end_overdue_sql', 'business.forget_rollups', 'archive.watch', 'archive.claim', 'archive.release'];
    v_worker constant oid := (SELECT r.oid FROM pg_roles r WHERE r.rolname = 'footfall_worker');
    v_self constant oid := (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user);
    v_thing record;
BEGIN
    FOR v_thing IN
        SELECT format('SCHEMA %I', n.nspname) AS name, v_self AS owner, n.nspname AS schema
        FROM pg_namespace n WHERE n.nspname = ANY (v_schemas) AND n.nspowner <> v_self
        UNION ALL
        SELECT format('%s %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass),
               v_self, n.nspname
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY (v_schemas) AND c.relowner <> v_self
          AND (c.relkind IN ('r', 'p', 'v')
               -- a sequence that belongs to a column goes with its table
               OR c.relkind = 'S' AND NOT EXISTS (
                   SELECT FROM pg_depend d
                   WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
        UNION ALL
        SELECT format('ROUTINE %s', p.oid::regprocedure), w.owner, n.nspname
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        CROSS JOIN LATERAL (
            SELECT CASE WHEN p.prosecdef AND n.nspname <> 'util' AND NOT n.nspname || '.' || p.proname = ANY (v_of_owner)
                        THEN v_worker ELSE v_self END AS owner) w
        WHERE n.nspname = ANY (v_schemas) AND p.proowner <> w.owner
    LOOP
        -- who is given something has to be allowed to make things there, for the moment
        EXECUTE format('GRANT CREATE ON SCHEMA %I TO footfall_worker', v_thing.schema);
        EXECUTE format('ALTER %s OWNER TO %I', v_thing.name, pg_get_userbyid(v_thing.owner));
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM footfall_worker', v_thing.schema);
    END LOOP;
END
$$;

-- Who may touch what. Run at every deployment, so that a new table, view or function is closed until it is named here, and that
-- what a store went through (a restore, another owner, a grant by hand) is made right.
--   footfall_ingest  the collector: lands events, resolves keys; reads no event
--   footfall_worker  stages, loads, computes: all tenants
--   footfall_reader  answers questions of one tenant: the one in app.tenant_hk
--   footfall_admin   signs people in; sets up one tenant, the one in app.tenant_hk: keys, goals, funnels, people, share links
--   footfall_analyst what tenants' own login roles may: the same, of the tenant that is theirs
CREATE OR REPLACE FUNCTION util.secure_access() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_schema text;
BEGIN
    PERFORM util.own_everything();
    -- what is new is nobody's yet; what only differs waits for a transaction of its own
    PERFORM util.secure_table(t) FROM util.unsecured_tables() t JOIN pg_class c ON c.oid = t WHERE NOT c.relrowsecurity;
    FOREACH v_schema IN ARRAY ARRAY['util', 'auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api'] LOOP
        -- what is not named below was opened by hand, or by an earlier version
        EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA %I'
                       ' FROM PUBLIC, footfall_reader, footfall_analyst, footfall_admin, footfall_ingest', v_schema);
        EXECUTE format('GRANT EXECUTE ON ALL ROUTINES IN SCHEMA %I TO footfall_worker', v_schema);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I'
                       ' FROM PUBLIC, footfall_reader, footfall_analyst, footfall_admin, footfall_ingest', v_schema);
        EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA %I'
                       ' FROM footfall_reader, footfall_analyst, footfall_admin, footfall_ingest', v_schema);
    END LOOP;

    PERFORM util.close_catalog();
    GRANT USAGE ON SCHEMA util, auth, ref, raw, staging, business, archive, api
        TO footfall_worker, footfall_reader, footfall_ingest, footfall_admin;
    PERFORM util.grant_on_relations('SELECT, INSERT, UPDATE, DELETE', '{auth,ref,raw,staging,business,archive}', 'footfall_worker');
    PERFORM util.grant_on_relations('SELECT', '{api}', 'footfall_worker');
    PERFORM util.grant_on_relations('SELECT', '{business,api}', 'footfall_reader, footfall_analyst');
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA raw, staging TO footfall_worker;
    -- what was done is not undone: rows are added to chains, by the functions that tell
    REVOKE UPDATE, DELETE ON auth.audit_event FROM footfall_worker;
    REVOKE DELETE ON auth.audit_head FROM footfall_worker;

    BEGIN
        -- from PostgreSQL 17 on others than owners may vacuum: the worker freezes months that are over
        GRANT pg_maintain TO footfall_worker;
    EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
        NULL;
    END;

    GRANT SELECT, UPDATE ON util.work TO footfall_worker;
    GRANT SELECT ON util.backup, util.cell TO footfall_worker;
    GRANT SELECT, INSERT, UPDATE ON util.check_result TO footfall_worker;
    GRANT SELECT, INSERT, UPDATE, DELETE ON util.work_done, util.worker, util.event_fate, util.tenant_move TO footfall_worker;

    -- which version the schema is
    GRANT SELECT ON util.migration, util.definition, util.schema_version TO footfall_worker, footfall_reader;

    -- raw.load_batch counts all tenants together, ref.user_agent belongs to none: neither is for readers
    GRANT SELECT ON raw.site_tracking_events_r, raw.site_tracking_events_v, raw.ingest_batch, raw.refusal, raw.kept_since TO footfall_reader;
    GRANT SELECT ON staging.site_events_staging, staging.note TO footfall_reader;
    -- which months of its tenant are in files; files hold many tenants, so they are the worker's: which copies there may be is told by their SHA-256
    GRANT SELECT ON archive.part TO footfall_reader;
    GRANT EXECUTE ON FUNCTION archive.copies(text[]) TO footfall_reader;
    GRANT EXECUTE ON FUNCTION archive.live_parts(bytea, text, date, date) TO footfall_reader;
    GRANT EXECUTE ON FUNCTION archive.lacks_raw(bytea) TO footfall_admin;
    GRANT SELECT ON auth.tenant_h, auth.tenant_details_s, auth.tenant_v, auth.tenant_alias TO footfall_reader, footfall_ingest;
    GRANT SELECT ON ref.event_type, ref.conversion_rule, ref.visitor_segment, ref.goal, ref.time_zone TO footfall_reader;
    GRANT EXECUTE ON ALL ROUTINES IN SCHEMA util, business, api TO footfall_reader;
    GRANT EXECUTE ON FUNCTION auth.key_owner(bytea), auth.request_tenant(jsonb), auth.tenant_named(text),
        auth.analyst_tenant() TO footfall_reader;
    GRANT EXECUTE ON FUNCTION staging.url_parts(text), staging.without_www(text), staging.canonical_escapes(text),
        staging.escaped(text) TO footfall_reader;

    GRANT USAGE ON SCHEMA util, auth, ref, raw, staging, business, api TO footfall_analyst;
    GRANT SELECT ON raw.ingest_batch, raw.kept_since TO footfall_analyst;
    GRANT SELECT ON auth.tenant_h, auth.tenant_details_s, auth.tenant_v, auth.tenant_alias TO footfall_analyst;
    GRANT SELECT ON ref.event_type, ref.conversion_rule, ref.visitor_segment, ref.goal, ref.time_zone TO footfall_analyst;
    GRANT EXECUTE ON ALL ROUTINES IN SCHEMA util, business, api TO footfall_analyst;
    GRANT EXECUTE ON FUNCTION auth.request_tenant(jsonb), auth.tenant_named(text), auth.analyst_tenant(),
        staging.url_parts(text), staging.without_www(text),
        staging.canonical_escapes(text), staging.escaped(text) TO footfall_analyst;

    GRANT EXECUTE ON FUNCTION auth.key_owner(bytea), auth.own_networks(bytea), auth.visitor_secret_of(bytea, date), auth.request_tenant(jsonb),
        auth.tenant_named(text), auth.analyst_tenant() TO footfall_ingest;
    GRANT EXECUTE ON FUNCTION auth.cell_tenants(), auth.tenants_moving(text[]) TO footfall_ingest;
    GRANT EXECUTE ON FUNCTION auth.memberships(bytea), auth.tenant_lines TO footfall_admin;
    GRANT EXECUTE ON FUNCTION raw.land_tracking_events, raw.are_storable, raw.count_refusals, raw.ingest_tracking_event,
        raw.ingest_tracking_events TO footfall_ingest;
    GRANT EXECUTE ON FUNCTION api.track_event, api.failure TO footfall_ingest;
    GRANT EXECUTE ON ALL ROUTINES IN SCHEMA util TO footfall_ingest;
    GRANT EXECUTE ON FUNCTION auth.account_of(text), auth.share_link_of(bytea), auth.open_sign_in, auth.touch_sign_in(bytea),
        auth.sign_ins(bytea), auth.end_sign_ins(bytea, bigint), auth.renew_password(text, text),
        auth.begin_second_factor(bytea, bytea), auth.unconfirmed_secret(bytea), auth.confirm_second_factor(bytea, bigint, bytea[]),
        auth.end_second_factor(text), auth.use_step(bigint, bigint), auth.use_recovery_code(bigint, bytea),
        auth.is_device_of(text, bytea), auth.remember_device(bigint, bytea),
        auth.begin_sign_on(bytea, bigint, interval), auth.take_sign_on(bytea), auth.waiting_sign_on(bytea), auth.end_sign_on(bytea),
        auth.account_of_identity, auth.sign_in_method(bigint), auth.account_signed_in(bytea),
        auth.begin_passkey_challenge, auth.take_passkey_challenge(bytea, text), auth.passkey_handle(bigint, bytea),
        auth.add_passkey, auth.passkeys(bytea), auth.passkeys_of(bigint), auth.passkey_shown(bytea, text),
        auth.use_passkey(bigint, bigint), auth.rename_passkey(bytea, bigint, text), auth.remove_passkey(bytea, bigint),
        auth.tell, auth.tell_failure(bigint, bigint, text), auth.tell_looked_in(bytea),
        auth.tell_download(bytea, text, bigint), auth.own_audit, auth.all_audit,
        auth.close_sign_in(bytea), auth.signed_in(bytea, text), auth.own_tenants(bytea, text, integer), auth.people(),
        auth.set_person(text, text, text, boolean),
        auth.set_password(text, text), auth.add_tenant,
        auth.own_limits(), auth.is_operator_token(bytea), auth.customers(text, text, timestamptz), auth.usage_of_month(date),
        auth.request_tenant(jsonb), auth.tenant_named(text), auth.analyst_tenant() TO footfall_admin;
    GRANT SELECT ON auth.tenant_h, auth.tenant_details_s, auth.tenant_v, auth.tenant_alias TO footfall_admin;
    GRANT SELECT (access_key_id, tenant_hk, kind, label, created_at, revoked_at, created_by, expires_at, site), INSERT,
        UPDATE (revoked_at)
        ON auth.access_key TO footfall_admin;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ref.goal, ref.funnel TO footfall_admin;
    -- a funnel is saved when its report would answer it
    GRANT SELECT ON ref.conversion_rule, raw.ingest_batch TO footfall_admin;
    -- the record of processing tells how long
    GRANT SELECT ON ref.retention, ref.legal_hold, raw.kept_since TO footfall_admin;
    -- what people asked, and what was done
    GRANT SELECT ON auth.privacy_request, auth.erasure TO footfall_admin;
    GRANT EXECUTE ON FUNCTION auth.add_privacy_request, auth.close_privacy_request TO footfall_admin;
    -- rules are shown to owners, who ask a worker to change them
    GRANT SELECT ON ref.rule_set, ref.rule_task TO footfall_admin;
    GRANT SELECT, INSERT, DELETE ON auth.share_link TO footfall_admin;
    GRANT SELECT, DELETE ON auth.site TO footfall_admin;
    GRANT EXECUTE ON ALL ROUTINES IN SCHEMA util, business, api TO footfall_admin;
    -- these change what every tenant stands on
    REVOKE ALL ON FUNCTION util.secure_access(), util.own_everything(), util.secure_table(regclass),
        util.grant_on_relations(text, text[], text), util.close_catalog(), util.close_partition(regclass),
        util.ensure_month(timestamptz, regtype),
        util.ensure_partitions(timestamptz, integer), util.analyze_grown(), util.analyze_erased(), util.drop_month(text, text, timestamptz),
        util.delete_expired(text, timestamptz), util.take_turn(text), util.try_turn(text),
        util.begin_sequences(integer), util.is_moving(bytea),
        business.retire_context(timestamptz, integer), business.remove_personal(bytea, timestamptz, integer),
        business.retire(text, timestamptz, integer), business.retire_events_of(bytea, timestamptz, integer),
        business.retire_marts_of(bytea, timestamptz, integer), business.freeze_days(bytea, timestamptz, date)
        FROM footfall_reader, footfall_ingest, footfall_analyst, footfall_admin;
    -- these act with the worker's rights: only the web process, which knows who asks, may call them
    REVOKE ALL ON FUNCTION business.reprocess_invalid(text, timestamptz), business.change_tenant, business.set_active(boolean),
        business.set_site(text, text[]), business.add_event_type, business.remove_event_type, business.event_types,
        business.sending_hosts(timestamptz), business.gather_own_person, business.count_own_person, business.tell_own_person,
        business.rows_of_own_person, business.unjudged_own_origins, business.judge_own_origins, business.own_events_gone_from_raw,
        business.erase_own_person, business.ask_rules, business.maker_of_rules,
        api.store_health(), api.measures(integer)
        FROM footfall_reader, footfall_ingest, footfall_analyst;
    -- how all tenants together are doing
    REVOKE ALL ON FUNCTION api.progress() FROM footfall_analyst;
END
$$;
