-- Month partitions. A table ranges on a time (raw, staging: when an event was received), on a time-ordered key (event grain: when it
-- happened) or on a day (rollups); its bounds are the first moments of two months in UTC.

-- Closes a partition: it is reached through its table alone, whose policies hold then. By its own name no role gets at it, not even one
-- that somebody granted all tables of a schema: what was granted is taken back, and row-level security without a policy shows nothing.
-- Takes no lock when all is as it should be.
CREATE OR REPLACE FUNCTION util.close_partition(p_partition regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    v_role text;
BEGIN
    IF NOT (SELECT c.relrowsecurity AND NOT c.relforcerowsecurity FROM pg_class c WHERE c.oid = p_partition) THEN
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', p_partition);
    END IF;
    FOR v_role IN
        SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END
        FROM util.grants_of(p_partition) g
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', p_partition, v_role);
    END LOOP;
END
$$;

-- What others than its owner may do with a relation, on all of it or on a column; grantee 0 is everybody.
CREATE OR REPLACE FUNCTION util.grants_of(p_relation regclass) RETURNS TABLE (grantee oid, privilege text)
LANGUAGE sql STABLE AS $$
    SELECT g.grantee, g.privilege_type FROM pg_class c
    CROSS JOIN LATERAL (
        SELECT x.grantee, x.privilege_type FROM aclexplode(c.relacl) x
        UNION ALL
        SELECT x.grantee, x.privilege_type FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE a.attrelid = c.oid
    ) g
    WHERE c.oid = p_relation AND g.grantee <> c.relowner
$$;

-- Makes sure that every such table has the partition of this month. Attaching takes no lock that a running insert would wait for.
CREATE OR REPLACE FUNCTION util.ensure_month(p_month timestamptz, p_key_type regtype) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_from timestamptz := date_trunc('month', p_month, 'UTC');
    v_to timestamptz := date_trunc('month', v_from + interval '32 days', 'UTC');
    v_parent record;
    v_name text;
    v_created integer := 0;
BEGIN
    FOR v_parent IN
        SELECT n.nspname AS schema, c.relname AS name
        FROM pg_partitioned_table p
        JOIN pg_class c ON c.oid = p.partrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
        WHERE n.nspname IN ('raw', 'staging', 'business') AND a.atttypid = p_key_type
        ORDER BY 1, 2
    LOOP
        v_name := v_parent.name || to_char(v_from AT TIME ZONE 'UTC', '"_"YYYYMM');
        CONTINUE WHEN to_regclass(format('%I.%I', v_parent.schema, v_name)) IS NOT NULL;
        -- two that need the same month at once: the second waits here, and then finds it made
        EXECUTE format('LOCK TABLE %I.%I IN SHARE UPDATE EXCLUSIVE MODE', v_parent.schema, v_parent.name);
        CONTINUE WHEN to_regclass(format('%I.%I', v_parent.schema, v_name)) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                       v_parent.schema, v_name, v_parent.schema, v_parent.name);
        EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
                       v_parent.schema, v_parent.name, v_parent.schema, v_name,
                       CASE WHEN p_key_type = 'bytea'::regtype THEN util.time_prefix(v_from)::text ELSE v_from::text END,
                       CASE WHEN p_key_type = 'bytea'::regtype THEN util.time_prefix(v_to)::text ELSE v_to::text END);
        PERFORM util.close_partition(format('%I.%I', v_parent.schema, v_name)::regclass);
        v_created := v_created + 1;
    END LOOP;
    RETURN v_created;
END
$$;

-- Makes sure of the partitions from this month to p_months_ahead months later, for receiving, events and rollups; returns
-- how many it made. The worker calls it; loads and rollups call util.ensure_month for older events.
CREATE OR REPLACE FUNCTION util.ensure_partitions(p_now timestamptz, p_months_ahead integer DEFAULT 2) RETURNS integer
LANGUAGE sql AS $$
    SELECT coalesce(sum(util.ensure_month(month, 'timestamptz') + util.ensure_month(month, 'bytea')
                        + util.ensure_month(month, 'date')), 0)::integer
    FROM generate_series(date_trunc('month', p_now, 'UTC'),
                         date_trunc('month', p_now, 'UTC') + make_interval(months => p_months_ahead),
                         interval '1 month', 'UTC') AS month
$$;

-- Statistics of the partitioned tables as wholes, which autovacuum does not take, and of new partitions before autovacuum comes
-- round: the planner needs both. Looks only at tables that have grown by a fifth since; returns how many it analysed.
CREATE OR REPLACE FUNCTION util.analyze_grown() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_table regclass;
    v_analyzed integer := 0;
BEGIN
    FOR v_table IN
        SELECT c.oid::regclass
        FROM pg_class c
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(pg_stat_get_live_tuples(t.relid)), pg_stat_get_live_tuples(c.oid)) AS live_rows
            FROM pg_partition_tree(c.oid) t WHERE t.isleaf
        ) s
        WHERE c.relnamespace::regnamespace::text IN ('raw', 'staging', 'business') AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition
          AND s.live_rows > greatest(c.reltuples, 0) * 1.2 + 1000
    LOOP
        EXECUTE format('ANALYZE %s', v_table);
        v_analyzed := v_analyzed + 1;
    END LOOP;
    RETURN v_analyzed;
END
$$;

-- Statistics of the tables that somebody was erased from since they were taken: the planner keeps frequent values, also of what is gone, until it
-- is told otherwise. (Of a table that is empty now PostgreSQL takes none.) Returns how many it analysed.
CREATE OR REPLACE FUNCTION util.analyze_erased() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_table regclass;
    v_analyzed integer := 0;
BEGIN
    FOR v_table IN
        SELECT DISTINCT c.oid::regclass
        FROM pg_class c
        CROSS JOIN LATERAL (
            SELECT t.relid, t.isleaf FROM pg_partition_tree(c.oid) t
            UNION ALL
            SELECT c.oid, true WHERE c.relkind = 'r'
        ) t
        WHERE c.relnamespace::regnamespace::text IN ('raw', 'staging', 'business') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND EXISTS (SELECT FROM pg_statistic s WHERE s.starelid = t.relid)
          AND greatest(pg_stat_get_last_analyze_time(t.relid), pg_stat_get_last_autoanalyze_time(t.relid), '-infinity')
              < (SELECT max(e.erased_at) FROM auth.erasure e)
          -- of a month that nobody was erased from nothing has changed
          AND (NOT t.isleaf OR pg_stat_get_mod_since_analyze(t.relid) > 0)
    LOOP
        EXECUTE format('ANALYZE %s', v_table);
        v_analyzed := v_analyzed + 1;
    END LOOP;
    RETURN v_analyzed;
END
$$;
