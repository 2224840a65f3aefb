-- Retention: what has been kept in raw and staging for long enough is removed, by dropping whole months where that can be done.
-- Nothing that waits to be loaded, or was set aside, is ever removed.

-- From when on a tenant's events are to be kept in a layer, in whole days of UTC: -infinity for ever, as it is under a legal hold.
-- p_days: as if that were the rule.
CREATE OR REPLACE FUNCTION util.keep_from(p_tenant_hk bytea, p_layer text, p_now timestamptz, p_days integer DEFAULT NULL) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN CASE WHEN EXISTS (SELECT FROM ref.legal_hold h WHERE h.tenant_hk = p_tenant_hk) THEN '-infinity' ELSE coalesce(
    date_trunc('day', p_now - make_interval(days => coalesce(p_days, (
        SELECT r.kept_days FROM ref.retention r WHERE r.tenant_hk IN (p_tenant_hk, '\x') AND r.layer = p_layer
        ORDER BY r.tenant_hk DESC LIMIT 1))), 'UTC'), '-infinity') END;

-- Whether what a tenant received then is still in the layer.
CREATE OR REPLACE FUNCTION util.is_kept(p_tenant_hk bytea, p_layer text, p_received timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN NOT EXISTS (
    SELECT FROM raw.kept_since k WHERE k.tenant_hk = p_tenant_hk AND k.layer = p_layer AND k.kept_since > p_received);

-- From when on a tenant has all that is kept in a layer; -infinity when nothing was removed.
CREATE OR REPLACE FUNCTION util.kept_since(p_tenant_hk bytea, p_layer text) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN coalesce((SELECT k.kept_since FROM raw.kept_since k WHERE k.tenant_hk = p_tenant_hk AND k.layer = p_layer), '-infinity');

-- The months of a layer ('raw' or 'staging') that nobody wants any more, or that leave raw as the archive has them; the oldest first.
CREATE OR REPLACE FUNCTION util.months_to_drop(p_layer text, p_now timestamptz) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT format('%I.%I', n.nspname, c.relname)
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE i.inhparent = CASE p_layer WHEN 'raw' THEN 'raw.site_tracking_events_r'::regclass
                                     WHEN 'staging' THEN 'staging.site_events_staging'::regclass END
      AND (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') AT TIME ZONE 'UTC' <= least(
          (SELECT min(greatest(util.keep_from(t.tenant_hk, p_layer, p_now),
                               CASE p_layer WHEN 'raw' THEN archive.leaves_until(t.tenant_hk, p_now) END))
           FROM (SELECT '\x'::bytea AS tenant_hk UNION ALL SELECT h.tenant_hk FROM auth.tenant_h h) t),
          (SELECT min(b.received_from) FROM raw.ingest_batch b WHERE b.processing_status <> 'PROCESSED'))
    ORDER BY c.relname
$$;

-- Drops one month that util.months_to_drop names; whether it did. For a transaction of its own: until it ends nothing can be landed,
-- and it gives up rather than have the door wait for it (lock_not_available).
CREATE OR REPLACE FUNCTION util.drop_month(p_layer text, p_table text, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    -- what leaves for the archive is as its parts say: nobody changes it from now on
    PERFORM util.take_turn('load');
    PERFORM set_config('lock_timeout', '200ms', true);
    IF p_table IN (SELECT util.months_to_drop(p_layer, p_now)) THEN
        EXECUTE format('DROP TABLE IF EXISTS %s', p_table);
        IF p_layer = 'raw' THEN
            PERFORM archive.forget_expired(p_now);
        END IF;
        RETURN true;
    END IF;
    RETURN false;
END
$$;

-- Whether a tenant moves to another cell, or has left: nothing of it is changed meanwhile, and who goes through all tenants leaves it out.
CREATE OR REPLACE FUNCTION util.is_moving(p_tenant_hk bytea) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM util.tenant_move m WHERE m.tenant = p_tenant_hk);

-- Deletes what is older than its tenant wants it kept in this layer, from months that others want; returns how many rows. A tenant's
-- rows are found batch by batch through the primary key.
CREATE OR REPLACE FUNCTION util.delete_expired(p_layer text, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_table constant regclass := CASE p_layer WHEN 'raw' THEN 'raw.site_tracking_events_r'::regclass
                                              WHEN 'staging' THEN 'staging.site_events_staging'::regclass END;
    v_tenant record;
    v_rows bigint;
    v_deleted bigint := 0;
BEGIN
    IF NOT util.try_turn('retention') THEN
        RETURN 0; -- another worker is at it
    END IF;
    FOR v_tenant IN
        SELECT h.tenant_hk, coalesce(k.kept_since, '-infinity') AS kept_since,
               least(util.keep_from(h.tenant_hk, p_layer, p_now), u.received_from) AS keep_from
        FROM auth.tenant_h h
        LEFT JOIN raw.kept_since k ON k.tenant_hk = h.tenant_hk AND k.layer = p_layer
        CROSS JOIN LATERAL (
            SELECT min(b.received_from) AS received_from FROM raw.ingest_batch b
            WHERE b.tenant_hk = h.tenant_hk AND b.processing_status <> 'PROCESSED'
        ) u
        WHERE NOT util.is_moving(h.tenant_hk)
    LOOP
        CONTINUE WHEN v_tenant.keep_from <= v_tenant.kept_since;
        EXECUTE format($delete$
            DELETE FROM %s e USING raw.ingest_batch b
            WHERE b.tenant_hk = $1 AND b.received_from >= $2 AND b.received_from < $3 AND e.batch_id = b.batch_id
              AND e.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
              AND e.received_timestamp BETWEEN b.received_from AND b.received_to
            $delete$, v_table) USING v_tenant.tenant_hk, v_tenant.kept_since, v_tenant.keep_from;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_deleted := v_deleted + v_rows;
        INSERT INTO raw.kept_since VALUES (v_tenant.tenant_hk, p_layer, v_tenant.keep_from)
        ON CONFLICT (tenant_hk, layer) DO UPDATE SET kept_since = excluded.kept_since, is_archived = false;
    END LOOP;
    RETURN v_deleted;
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
