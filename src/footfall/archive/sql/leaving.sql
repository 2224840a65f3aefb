-- Rows of raw leave their table when the archive has them. That is retention with a copy: they go the way of rows that nobody wants any more
-- (util.months_to_drop, util.delete_expired), in the order of their months, so that raw.kept_since says of which there are rows still.

-- Whether the archive alone has what a tenant received in a month.
CREATE OR REPLACE FUNCTION archive.has_left(p_tenant_hk bytea, p_layer text, p_month date) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT p_layer = 'raw' AND EXISTS (
        SELECT FROM raw.kept_since k WHERE k.tenant_hk = p_tenant_hk AND k.layer = 'raw' AND k.is_archived
          AND k.kept_since >= (p_month + interval '1 month') AT TIME ZONE 'UTC')
$$;

-- Whether the archive alone has some of what a tenant was sent.
CREATE OR REPLACE FUNCTION archive.lacks_raw(p_tenant_hk bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (
        SELECT FROM archive.part p
        WHERE p.tenant_hk = p_tenant_hk AND p.layer = 'raw' AND p.is_live AND p.row_count > 0
          AND archive.has_left(p.tenant_hk, p.layer, p.month))
$$;

-- Until when a tenant's rows of raw leave: whole months, UTC, that its rule lets go and the archive has, each proved within the last hour; -infinity:
-- none does. What waits to be loaded stays, with all of its month. Under a legal hold, or while the tenant moves, nothing leaves.
CREATE OR REPLACE FUNCTION archive.leaves_until(p_tenant_hk bytea, p_now timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_until constant timestamptz := archive.may_leave_until(p_tenant_hk, p_now);
    v_missing timestamptz;
BEGIN
    IF v_until > '-infinity' THEN
        SELECT min(m.month) INTO v_missing
        FROM archive.months_of_raw(p_tenant_hk, v_until) m
        WHERE NOT EXISTS (
            SELECT FROM archive.part p
            WHERE p.tenant_hk = p_tenant_hk AND p.layer = 'raw' AND p.month = (m.month AT TIME ZONE 'UTC')::date
              AND p.is_live AND p.stale_since IS NULL AND p.proved_at > p_now - interval '1 hour'
              -- what is being written anew is read from the table
              AND NOT EXISTS (SELECT FROM archive.part n WHERE n.tenant_hk = p.tenant_hk AND n.layer = 'raw' AND n.month = p.month AND NOT n.is_live));
    END IF;
    RETURN least(v_until, v_missing, date_trunc('month', business.waiting_from(p_tenant_hk), 'UTC'));
END
$$;

-- Until when a tenant's rule lets rows of raw leave, whatever the archive has of them.
CREATE OR REPLACE FUNCTION archive.may_leave_until(p_tenant_hk bytea, p_now timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN CASE WHEN EXISTS (SELECT FROM ref.legal_hold h WHERE h.tenant_hk = p_tenant_hk) OR util.is_moving(p_tenant_hk) THEN '-infinity'
       ELSE coalesce(date_trunc('month', p_now - make_interval(days => (
           SELECT r.leaves_after_days FROM ref.archive_rule r WHERE r.tenant_hk IN (p_tenant_hk, '\x') AND r.layer = 'raw'
           ORDER BY r.tenant_hk DESC LIMIT 1)), 'UTC'), '-infinity') END;

-- The months before p_until in which a tenant has rows of raw still, by when they begin: one look at the index of its batches each.
CREATE OR REPLACE FUNCTION archive.months_of_raw(p_tenant_hk bytea, p_until timestamptz) RETURNS TABLE (month timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT m.month
    FROM (SELECT greatest(util.kept_since(p_tenant_hk, 'raw'), b.received_from) AS first
          FROM raw.ingest_batch b WHERE b.tenant_hk = p_tenant_hk ORDER BY b.received_from LIMIT 1) f
    CROSS JOIN LATERAL generate_series(date_trunc('month', f.first, 'UTC'), p_until - interval '1 day', interval '1 month', 'UTC') AS m(month)
    WHERE EXISTS (
        SELECT FROM raw.ingest_batch b
        -- a batch is of one commit, and may lie across midnight
        WHERE b.tenant_hk = p_tenant_hk AND b.received_from >= m.month - interval '1 hour'
          AND b.received_from < date_trunc('month', m.month + interval '32 days', 'UTC') AND b.received_to >= m.month)
$$;

-- The files whose parts have to be proved, so that rows leave now: of each tenant whose rule lets months go the parts that hold them.
CREATE OR REPLACE FUNCTION archive.files_to_prove(p_now timestamptz) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT p.file_id
    FROM auth.tenant_h h
    CROSS JOIN LATERAL (SELECT archive.may_leave_until(h.tenant_hk, p_now) AS until) u
    JOIN archive.part p ON p.tenant_hk = h.tenant_hk AND p.layer = 'raw' AND p.month::timestamp AT TIME ZONE 'UTC' < u.until
    WHERE u.until > '-infinity' AND p.month::timestamp AT TIME ZONE 'UTC' >= date_trunc('month', util.kept_since(h.tenant_hk, 'raw'), 'UTC')
      AND p.is_live AND p.stale_since IS NULL AND coalesce(p.proved_at, '-infinity') < p_now - interval '10 minutes'
$$;

-- Has the rows of one month of one tenant, the earliest that is due, leave raw; returns how many, NULL when none is due. For a transaction of its own:
-- loads wait meanwhile, and nobody changes a row after it was seen that its part still tells it.
CREATE OR REPLACE FUNCTION archive.leave(p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_due record;
    v_to timestamptz;
    v_rows bigint;
BEGIN
    IF NOT util.try_turn('retention') THEN
        RETURN NULL; -- another worker is at it
    END IF;
    PERFORM util.take_turn('load');
    SELECT h.tenant_hk, s.since, l.until INTO v_due
    FROM auth.tenant_h h
    CROSS JOIN LATERAL (SELECT util.kept_since(h.tenant_hk, 'raw') AS since) s
    CROSS JOIN LATERAL (SELECT archive.leaves_until(h.tenant_hk, p_now) AS until) l
    WHERE l.until > s.since AND EXISTS (SELECT FROM archive.months_of_raw(h.tenant_hk, l.until))
    ORDER BY h.tenant_hk LIMIT 1;
    IF v_due.tenant_hk IS NULL THEN
        RETURN NULL;
    END IF;
    v_to := (SELECT least(v_due.until, date_trunc('month', min(m.month) + interval '32 days', 'UTC')) FROM archive.months_of_raw(v_due.tenant_hk, v_due.until) m);
    PERFORM set_config('footfall.leaving', 'on', true);
    DELETE FROM raw.site_tracking_events_r r USING raw.ingest_batch b
    WHERE b.tenant_hk = v_due.tenant_hk AND b.received_from >= greatest(v_due.since, '-infinity') - interval '1 hour' AND b.received_from < v_to
      AND r.batch_id = b.batch_id AND r.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
      AND r.received_timestamp BETWEEN b.received_from AND b.received_to AND r.received_timestamp < v_to;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    PERFORM set_config('footfall.leaving', '', true);
    INSERT INTO raw.kept_since VALUES (v_due.tenant_hk, 'raw', v_to, true)
    ON CONFLICT (tenant_hk, layer) DO UPDATE SET kept_since = excluded.kept_since, is_archived = true;
    PERFORM auth.tell(ARRAY[v_due.tenant_hk], 'archive.left', 'raw', jsonb_build_object('until', v_to, 'events', v_rows));
    RETURN v_rows;
END
$$;

-- A month of a tenant is in its tables again. Of raw: until the rule has it leave again. For who has put the rows there, in that transaction.
CREATE OR REPLACE FUNCTION archive.come_back(p_tenant_hk bytea, p_layer text, p_month date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF archive.has_left(p_tenant_hk, p_layer, p_month) THEN
        -- of before the first month that left retention may have removed some
        UPDATE raw.kept_since k
        SET kept_since = p_month::timestamp AT TIME ZONE 'UTC',
            is_archived = EXISTS (SELECT FROM archive.part p WHERE p.tenant_hk = p_tenant_hk AND p.layer = 'raw' AND p.month < p_month AND p.is_live)
        WHERE k.tenant_hk = p_tenant_hk AND k.layer = 'raw';
    END IF;
    PERFORM auth.tell(ARRAY[p_tenant_hk], 'archive.restored', p_layer, jsonb_build_object('month', to_char(p_month, 'YYYY-MM')));
END
$$;

-- Lets go of months of raw that retention wants no longer, whole ones. Where rows of a month are in their table still, retention makes the part stale.
CREATE OR REPLACE FUNCTION archive.forget_expired(p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_files bigint[];
    v_parts bigint;
BEGIN
    WITH gone AS (
        DELETE FROM archive.part p
        WHERE p.layer = 'raw' AND p.is_live AND (p.month + interval '1 month') AT TIME ZONE 'UTC' <= util.keep_from(p.tenant_hk, 'raw', p_now)
        RETURNING p.file_id
    )
    SELECT array_agg(DISTINCT g.file_id), count(*) INTO v_files, v_parts FROM gone g;
    UPDATE archive.file f SET state = 'dead', changed_at = p_now
    WHERE f.file_id = ANY (v_files) AND f.state = 'live' AND NOT EXISTS (SELECT FROM archive.part p WHERE p.file_id = f.file_id);
    RETURN v_parts;
END
$$;
