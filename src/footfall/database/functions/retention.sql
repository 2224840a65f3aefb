-- Retention: what has been kept in raw and staging for long enough is removed, by dropping whole months where that can be done.
-- Nothing that waits to be loaded, or was set aside, is ever removed.

-- From when on a tenant's events are to be kept in a layer, in whole days of UTC: -infinity for ever.
CREATE OR REPLACE FUNCTION util.keep_from(p_tenant_hk bytea, p_layer text, p_now timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN coalesce((
    SELECT date_trunc('day', p_now - make_interval(days => r.kept_days), 'UTC')
    FROM ref.retention r WHERE r.tenant_hk IN (p_tenant_hk, '\x') AND r.layer = p_layer
    ORDER BY r.tenant_hk DESC LIMIT 1), '-infinity');

-- Whether what a tenant received then is still in the layer.
CREATE OR REPLACE FUNCTION util.is_kept(p_tenant_hk bytea, p_layer text, p_received timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN NOT EXISTS (
    SELECT FROM raw.kept_since k WHERE k.tenant_hk = p_tenant_hk AND k.layer = p_layer AND k.kept_since > p_received);

-- Removes what is older than its tenant wants it kept in this layer ('raw' or 'staging'); returns the months dropped and the rows
-- deleted. A month is dropped when no tenant wants any of it; of months that others want, a tenant's rows are found batch by batch
-- through the primary key.
CREATE OR REPLACE FUNCTION util.apply_retention(p_layer text, p_now timestamptz, OUT months_dropped integer, OUT rows_deleted bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '5s' AS $$
DECLARE
    v_table constant regclass := CASE p_layer WHEN 'raw' THEN 'raw.site_tracking_events_r'::regclass
                                              WHEN 'staging' THEN 'staging.site_events_staging'::regclass END;
    v_everybody timestamptz;
    v_tenant record;
    v_month record;
    v_rows bigint;
BEGIN
    months_dropped := 0;
    rows_deleted := 0;
    IF NOT pg_try_advisory_xact_lock(hashtextextended('footfall:retention', 0)) THEN
        RETURN; -- another worker is at it
    END IF;
    SELECT min(util.keep_from(t.tenant_hk, p_layer, p_now)) INTO v_everybody
    FROM (SELECT '\x'::bytea AS tenant_hk UNION ALL SELECT h.tenant_hk FROM auth.tenant_h h) t;
    SELECT least(v_everybody, min(b.received_from)) INTO v_everybody
    FROM raw.ingest_batch b WHERE b.processing_status <> 'PROCESSED';

    FOR v_month IN
        SELECT t.relid, to_timestamp(right(t.relid::regclass::text, 6) || '01 00 +00', 'YYYYMMDD HH24 TZH') AS first_moment
        FROM pg_partition_tree(v_table) t WHERE t.isleaf
    LOOP
        IF date_trunc('month', v_month.first_moment + interval '32 days', 'UTC') <= v_everybody THEN
            EXECUTE format('DROP TABLE %s', v_month.relid::regclass);
            months_dropped := months_dropped + 1;
        END IF;
    END LOOP;

    FOR v_tenant IN
        SELECT h.tenant_hk, coalesce(k.kept_since, '-infinity') AS kept_since,
               least(util.keep_from(h.tenant_hk, p_layer, p_now), u.received_from) AS keep_from
        FROM auth.tenant_h h
        LEFT JOIN raw.kept_since k ON k.tenant_hk = h.tenant_hk AND k.layer = p_layer
        CROSS JOIN LATERAL (
            SELECT min(b.received_from) AS received_from FROM raw.ingest_batch b
            WHERE b.tenant_hk = h.tenant_hk AND b.processing_status <> 'PROCESSED'
        ) u
    LOOP
        CONTINUE WHEN v_tenant.keep_from <= v_tenant.kept_since;
        EXECUTE format($delete$
            DELETE FROM %s e USING raw.ingest_batch b
            WHERE b.tenant_hk = $1 AND b.received_from >= $2 AND b.received_from < $3 AND e.batch_id = b.batch_id
              AND e.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
              AND e.received_timestamp BETWEEN b.received_from AND b.received_to
            $delete$, v_table) USING v_tenant.tenant_hk, v_tenant.kept_since, v_tenant.keep_from;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        rows_deleted := rows_deleted + v_rows;
        INSERT INTO raw.kept_since VALUES (v_tenant.tenant_hk, p_layer, v_tenant.keep_from)
        ON CONFLICT (tenant_hk, layer) DO UPDATE SET kept_since = excluded.kept_since;
    END LOOP;
END
$$;

-- The months that are over and hold rows that have never been frozen: VACUUM (FREEZE) them once, and no later vacuum has to read them.
CREATE OR REPLACE FUNCTION util.months_to_freeze(p_now timestamptz) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT format('%I.%I', s.schemaname, s.relname)
    FROM pg_stat_user_tables s
    WHERE s.schemaname IN ('raw', 'staging', 'business') AND s.relname ~ '_[0-9]{6}$'
      AND right(s.relname, 6) < to_char(p_now AT TIME ZONE 'UTC' - interval '1 day', 'YYYYMM')
      AND s.n_ins_since_vacuum > 0
    ORDER BY s.relname
$$;
