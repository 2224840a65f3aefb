-- VALID rows of staging are in between: once the vault holds what they say, they go after some days, and raw and the vault tell all that is
-- asked. INVALID rows stay, and what the vault does not tell: repetitions, and the user ids but one of a session that had several, by which
-- an erasure finds it (business.gather_person). What needs a row again has it staged again.

-- The receipt of a tenant's earliest events that are not loaded, each kind by an index of its own; NULL: all are.
CREATE OR REPLACE FUNCTION business.waiting_from(p_tenant_hk bytea) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN least(
    (SELECT min(b.received_from) FROM raw.ingest_batch b
     WHERE b.tenant_hk = p_tenant_hk AND b.processing_status = 'PENDING' AND b.retry_count = 0),
    (SELECT min(b.received_from) FROM raw.ingest_batch b
     WHERE b.tenant_hk = p_tenant_hk AND b.processing_status = 'PENDING' AND b.retry_count > 0),
    (SELECT min(b.received_from) FROM raw.ingest_batch b WHERE b.tenant_hk = p_tenant_hk AND b.processing_status = 'ERROR'));

-- Whether VALID rows of what a tenant received then are still in staging.
CREATE OR REPLACE FUNCTION business.is_staged(p_tenant_hk bytea, p_received timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN NOT EXISTS (SELECT FROM staging.proved p WHERE p.tenant_hk = p_tenant_hk AND p.proved_until > p_received);

-- Deletes the VALID rows of staging that were loaded longer than p_kept ago and whose very event the vault holds; returns how many. A slice:
-- of each tenant about p_most batches, the earliest received first, each by its range of the primary key. Reads what it has not read before.
CREATE OR REPLACE FUNCTION business.forget_proved(p_now timestamptz, p_kept interval, p_most integer DEFAULT 200) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant record;
    v_until timestamptz;
    v_rows bigint;
    v_deleted bigint := 0;
BEGIN
    IF NOT util.try_turn('retention') THEN
        RETURN 0; -- another worker is at it
    END IF;
    FOR v_tenant IN
        SELECT h.tenant_hk, coalesce(p.proved_until, '-infinity') AS proved_until,
               least(p_now - p_kept, business.waiting_from(h.tenant_hk)) AS most_until
        FROM auth.tenant_h h LEFT JOIN staging.proved p ON p.tenant_hk = h.tenant_hk
    LOOP
        -- until the first batch that was loaded lately, or that is one too many; those of one moment together
        SELECT least(min(b.received_from) FILTER (WHERE b.load_date > p_now - p_kept),
                     CASE WHEN count(*) <= p_most THEN v_tenant.most_until
                          WHEN min(b.received_from) < max(b.received_from) THEN max(b.received_from)
                          ELSE max(b.received_from) + interval '1 microsecond' END)
        INTO v_until
        FROM (
            SELECT b.received_from, b.load_date FROM raw.ingest_batch b
            WHERE b.tenant_hk = v_tenant.tenant_hk AND b.received_from >= v_tenant.proved_until
              AND b.received_from < v_tenant.most_until
            ORDER BY b.received_from FETCH FIRST (p_most + 1) ROWS WITH TIES
        ) b
        HAVING count(*) > 0;
        CONTINUE WHEN v_until IS NULL OR v_until <= v_tenant.proved_until;
        DELETE FROM staging.site_events_staging s
        USING (
            SELECT b.* FROM raw.ingest_batch b
            WHERE b.tenant_hk = v_tenant.tenant_hk AND b.received_from >= v_tenant.proved_until AND b.received_from < v_until OFFSET 0
        ) b
        WHERE s.batch_id = b.batch_id AND s.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
          AND s.received_timestamp BETWEEN b.received_from AND b.received_to AND s.validation_status = 'VALID'
          AND EXISTS (
              SELECT FROM business.site_event_details_s d
              WHERE d.site_event_hk = s.site_event_hk AND d.raw_event_id = s.raw_event_id AND d.tenant_hk = s.tenant_hk OFFSET 0)
          AND (s.user_id IS NULL OR EXISTS (
              SELECT FROM business.site_session_context_s c
              WHERE c.site_session_hk = s.site_session_hk AND c.load_end_date IS NULL AND c.user_id = s.user_id OFFSET 0));
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_deleted := v_deleted + v_rows;
        INSERT INTO staging.proved VALUES (v_tenant.tenant_hk, v_until)
        ON CONFLICT (tenant_hk) DO UPDATE SET proved_until = excluded.proved_until;
    END LOOP;
    RETURN v_deleted;
END
$$;

-- Stages again those of these raw events, all of the vault, whose rows have gone from staging, as far as raw has them; returns which. They
-- are no longer than needed: business.unstage.
CREATE OR REPLACE FUNCTION business.stage_again(p_raw_event_ids bigint[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    v_gone bigint[];
    v_batch_ids bigint[];
BEGIN
    SELECT array_agg(r.raw_event_id), array_agg(DISTINCT r.batch_id) INTO v_gone, v_batch_ids
    FROM unnest(p_raw_event_ids) AS e(raw_event_id)
    CROSS JOIN LATERAL (
        SELECT r.raw_event_id, r.batch_id FROM raw.site_tracking_events_r r WHERE r.raw_event_id = e.raw_event_id LIMIT 1
    ) r
    WHERE NOT EXISTS (SELECT FROM staging.site_events_staging s WHERE s.raw_event_id = e.raw_event_id OFFSET 0);
    IF v_gone IS NULL THEN
        RETURN '{}';
    END IF;
    PERFORM staging.validate_and_enrich(v_batch_ids, v_gone);
    -- rules of now may refuse what was loaded: it stays loaded
    DELETE FROM staging.site_events_staging s WHERE s.raw_event_id = ANY (v_gone) AND s.validation_status = 'INVALID';
    RETURN v_gone;
END
$$;

-- Deletes the rows that business.stage_again made.
CREATE OR REPLACE FUNCTION business.unstage(p_raw_event_ids bigint[]) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM staging.site_events_staging s WHERE s.raw_event_id = ANY (p_raw_event_ids)
$$;
