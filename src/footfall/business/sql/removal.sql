-- Events are taken out again, as if they had never come: the vault, and all that is made of it.

-- The temporary tables in which a removal lays out what it is about; empty. They are the transaction's own.
CREATE OR REPLACE FUNCTION business.empty_removal() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('pg_temp.gone_event') IS NULL THEN
        CREATE TEMP TABLE gone_event (site_event_hk bytea PRIMARY KEY) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE touched_key (hub text, hash_key bytea, PRIMARY KEY (hub, hash_key)) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE touched_session (LIKE business.site_session_w) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE left_event (site_event_hk bytea PRIMARY KEY, site_session_hk bytea, is_staged boolean) ON COMMIT DELETE ROWS;
    END IF;
    DELETE FROM pg_temp.gone_event;
    DELETE FROM pg_temp.touched_key;
    DELETE FROM pg_temp.touched_session;
    DELETE FROM pg_temp.left_event;
END
$$;

-- Removes a tenant's events with these keys from the vault and the marts: their hub rows, links and satellites; sessions, visitors,
-- pages and items that only they had brought; and of visits that keep other events all that was computed, which is made anew from
-- those: the half hours that are one visit, where it came from, its figures. Nothing of other events is written anew. Returns
-- how many events were removed.
--
-- It leaves raw, staging, the queue and the identities of events to who calls it, and these: what had been computed of pages, items and
-- visitors that others have met too stays in their history, and they are due to be computed anew; a visit one of whose other
-- events has gone from staging and raw keeps where it came from; what a removed event of a trusted sender superseded stays superseded.
-- All upkeep and all loads wait until the transaction ends.
CREATE OR REPLACE FUNCTION business.remove_events(p_tenant_hk bytea, p_site_event_hks bytea[], p_job text DEFAULT 'removal') RETURNS bigint
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE
    v_load_date timestamptz;
    v_zone constant text := (SELECT t.time_zone FROM auth.tenant_v t WHERE t.tenant_hk = p_tenant_hk);
    v_days date[];
    v_removed bigint;
    v_first bytea;
    v_last bytea;
    v_anew bytea[];
    v_again bigint[];
    v_met bytea[];    -- pages and items of those events
BEGIN
    -- in the order in which jobs take them: their own turn, then the load's
    PERFORM util.take_turn(w) FROM unnest('{sessions,site_visitor_details,site_page_details,business_item_details,rollups}'::text[]) w;
    PERFORM util.take_turn('load');
    PERFORM business.empty_removal();
    INSERT INTO pg_temp.gone_event (site_event_hk)
    SELECT DISTINCT h.site_event_hk
    FROM unnest(p_site_event_hks) AS e(site_event_hk)
    CROSS JOIN LATERAL (
        SELECT h.site_event_hk FROM business.site_event_h h WHERE h.site_event_hk = e.site_event_hk AND h.tenant_hk = p_tenant_hk LIMIT 1
    ) h;
    GET DIAGNOSTICS v_removed = ROW_COUNT;
    IF v_removed = 0 THEN
        RETURN 0;
    END IF;
    ANALYZE pg_temp.gone_event;
    v_load_date := business.open_load(p_job);

    -- the visits that these events are of, with all their half hours, those before and after in the same sessions and chains of half
    -- hours, and what else is in them
    INSERT INTO pg_temp.touched_session
    SELECT w.*
    FROM (
        SELECT DISTINCT o.root_session_hk
        FROM (
            SELECT DISTINCT r.root_session_hk
            FROM pg_temp.gone_event g
            CROSS JOIN LATERAL business.visit_of(g.site_event_hk) AS r(root_session_hk)
        ) r
        CROSS JOIN LATERAL (SELECT w.* FROM business.site_session_w w WHERE w.root_session_hk = r.root_session_hk OFFSET 0) w
        CROSS JOIN LATERAL (
            SELECT w.root_session_hk
            UNION ALL
            SELECT o.root_session_hk FROM business.site_session_w o
            WHERE o.site_session_hk = coalesce(w.of_session_hk, w.site_session_hk) OR o.of_session_hk = coalesce(w.of_session_hk, w.site_session_hk)
            UNION ALL
            SELECT o.root_session_hk FROM business.site_session_w o
            WHERE o.chain_session_hk = coalesce(w.chain_session_hk, w.root_session_hk) OR o.root_session_hk = w.chain_session_hk
        ) o
    ) r
    CROSS JOIN LATERAL (SELECT w.* FROM business.site_session_w w WHERE w.root_session_hk = r.root_session_hk OFFSET 0) w;
    v_again := business.stage_again(ARRAY(
        SELECT d.raw_event_id
        FROM pg_temp.touched_session t
        CROSS JOIN LATERAL (
            SELECT l.site_event_hk FROM business.event_session_l l WHERE l.site_session_hk = t.site_session_hk OFFSET 0
        ) l
        CROSS JOIN LATERAL (
            SELECT d.raw_event_id FROM business.site_event_details_s d WHERE d.site_event_hk = l.site_event_hk LIMIT 1
        ) d
        WHERE NOT EXISTS (SELECT FROM pg_temp.gone_event g WHERE g.site_event_hk = l.site_event_hk)));
    INSERT INTO pg_temp.left_event (site_event_hk, site_session_hk, is_staged)
    SELECT l.site_event_hk, l.site_session_hk, EXISTS (
               SELECT FROM staging.site_events_staging s
               WHERE s.raw_event_id = d.raw_event_id AND s.site_event_hk = l.site_event_hk)
    FROM pg_temp.touched_session t
    CROSS JOIN LATERAL (
        SELECT l.site_event_hk, l.site_session_hk FROM business.event_session_l l WHERE l.site_session_hk = t.site_session_hk OFFSET 0
    ) l
    CROSS JOIN LATERAL (
        SELECT d.raw_event_id FROM business.site_event_details_s d WHERE d.site_event_hk = l.site_event_hk LIMIT 1
    ) d
    WHERE NOT EXISTS (SELECT FROM pg_temp.gone_event g WHERE g.site_event_hk = l.site_event_hk);

    -- the days on which something counts otherwise now: theirs, and those on which somebody or something of them was met again
    SELECT substr(min(e.site_event_hk), 1, 6), util.last_key_of(max(e.site_event_hk)) INTO v_first, v_last
    FROM (SELECT g.site_event_hk FROM pg_temp.gone_event g UNION ALL SELECT l.site_event_hk FROM pg_temp.left_event l) e;
    WITH removed AS (
        DELETE FROM business.event_b e
        USING (SELECT g.site_event_hk FROM pg_temp.gone_event g UNION ALL SELECT l.site_event_hk FROM pg_temp.left_event l) o
        WHERE e.tenant_hk = p_tenant_hk AND e.site_event_hk = o.site_event_hk AND e.site_event_hk BETWEEN v_first AND v_last
        RETURNING e.day, e.transaction_id, e.site_visitor_hk
    ), visits AS (
        DELETE FROM business.visit_b v USING pg_temp.touched_session t
        WHERE v.site_session_hk = t.site_session_hk
        RETURNING v.day, v.site_visitor_hk
    )
    SELECT array_agg(d.day) INTO v_days
    FROM (
        SELECT r.day FROM removed r
        UNION
        SELECT v.day FROM visits v
        UNION
        SELECT o.day FROM (SELECT v.site_visitor_hk FROM visits v UNION SELECT r.site_visitor_hk FROM removed r) v
        JOIN business.visit_b o ON o.site_visitor_hk = v.site_visitor_hk
        UNION
        SELECT o.day FROM (SELECT DISTINCT r.transaction_id FROM removed r WHERE r.transaction_id IS NOT NULL) r
        JOIN business.event_b o ON o.tenant_hk = p_tenant_hk AND o.transaction_id = r.transaction_id
    ) d;
    DELETE FROM business.superseded_w s USING pg_temp.gone_event g WHERE s.site_event_hk = g.site_event_hk;
    PERFORM business.remove_grain();

    PERFORM business.gather_left(v_load_date);
    PERFORM business.remove_visits();
    PERFORM l.inserted FROM business.load_shared(v_load_date) l;
    v_anew := business.touch_sessions(v_load_date);
    PERFORM l.inserted FROM business.load_earliest(v_load_date) l;
    PERFORM business.join_sessions(v_load_date, v_anew);
    UPDATE business.event_b e SET is_superseded = true
    FROM pg_temp.left_event l JOIN business.superseded_w s USING (site_event_hk)
    WHERE e.tenant_hk = p_tenant_hk AND e.site_event_hk = l.site_event_hk;
    PERFORM business.supersede(v_load_date);
    PERFORM business.unstage(v_again);

    v_met := ARRAY(SELECT t.hash_key FROM pg_temp.touched_key t WHERE t.hub IN ('site_page', 'business_item'));
    PERFORM business.remove_unlinked();
    PERFORM business.forget_pages(ARRAY(
        SELECT m.hash_key FROM unnest(v_met) AS m(hash_key)
        WHERE NOT EXISTS (SELECT FROM business.site_page_h h WHERE h.site_page_hk = m.hash_key)));
    PERFORM business.forget_items(ARRAY(
        SELECT m.hash_key FROM unnest(v_met) AS m(hash_key)
        WHERE NOT EXISTS (SELECT FROM business.business_item_h h WHERE h.business_item_hk = m.hash_key)));
    DELETE FROM business.refresh_w w
    WHERE w.tenant_hk = p_tenant_hk AND NOT EXISTS (SELECT FROM business.site_visitor_h h WHERE h.site_visitor_hk = w.hash_key)
      AND NOT EXISTS (SELECT FROM business.site_page_h h WHERE h.site_page_hk = w.hash_key)
      AND NOT EXISTS (SELECT FROM business.business_item_h h WHERE h.business_item_hk = w.hash_key);
    INSERT INTO business.refresh_w (satellite, hash_key, load_date, tenant_hk)
    SELECT t.hub || '_details', t.hash_key, v_load_date, p_tenant_hk FROM pg_temp.touched_key t
    WHERE t.hub IN ('site_visitor', 'site_page', 'business_item')
    ON CONFLICT DO NOTHING;

    PERFORM business.mark_whole_days(p_tenant_hk, v_days, v_load_date);
    DELETE FROM business.rollup_b r
    WHERE r.tenant_hk = p_tenant_hk AND r.day = ANY (v_days) AND r.day >= business.first_day(p_tenant_hk, 'events');
    DELETE FROM business.rollup_hour_w r WHERE r.tenant_hk = p_tenant_hk AND r.day = ANY (v_days);
    DELETE FROM business.day_w w
    WHERE w.tenant_hk = p_tenant_hk AND w.day = ANY (v_days) AND NOT EXISTS (
        SELECT FROM business.event_b e
        WHERE e.tenant_hk = w.tenant_hk AND e.site_event_hk >= util.time_prefix(util.day_start(w.day, v_zone))
          AND e.site_event_hk < util.time_prefix(util.day_start(w.day + 1, v_zone)));
    RETURN v_removed;
END
$$;

-- Lays out in pg_temp.fresh_event what is left of the visits that lost events, as the load had it: as it is staged; what has gone
-- from staging as the vault has it, which lacks what a visit's context is made of.
CREATE OR REPLACE FUNCTION business.gather_left(p_load_date timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM business.gather_events('{}');
    INSERT INTO pg_temp.fresh_event
    SELECT s.*
    FROM pg_temp.left_event l
    CROSS JOIN LATERAL (
        SELECT d.raw_event_id FROM business.site_event_details_s d WHERE d.site_event_hk = l.site_event_hk LIMIT 1
    ) d
    CROSS JOIN LATERAL (
        SELECT s.* FROM staging.site_events_staging s
        WHERE s.raw_event_id = d.raw_event_id AND s.site_event_hk = l.site_event_hk ORDER BY s.attempt DESC LIMIT 1
    ) s
    WHERE l.is_staged;
    INSERT INTO pg_temp.fresh_event (
        staging_event_id, raw_event_id, batch_id, received_timestamp, attempt, tenant_hk, tenant_id, site_event_hk, site_session_hk,
        site_session_bk, site_visitor_hk, site_visitor_bk, link_session_visitor_hk, site_page_hk, site_page_bk, business_item_hk,
        business_item_bk, session_bucket, known_as_hk, session_id, event_timestamp, event_type, event_category, event_action,
        event_label, event_value, event_currency, page_url, page_referrer, business_item_info, transaction_info, traffic_class,
        do_not_track, validation_status, validation_errors, validation_flags, enrichment_applied, processing_timestamp, record_source)
    SELECT 0, d.raw_event_id, 0, d.event_timestamp, 1, d.tenant_hk, n.tenant_bk, d.site_event_hk, h.site_session_hk,
           h.site_session_bk, v.site_visitor_hk, v.site_visitor_bk, v.link_session_visitor_hk, p.site_page_hk, p.site_page_bk,
           i.business_item_hk, i.business_item_bk, w.session_bucket, w.known_as_hk,
           CASE WHEN w.session_bucket IS NULL AND w.is_visit THEN h.site_session_bk END, d.event_timestamp, d.event_type,
           d.event_category, d.event_action, d.event_label, d.event_value, d.event_currency, d.page_url, d.page_referrer,
           d.business_item_info,
           jsonb_strip_nulls(jsonb_build_object('transaction_id', d.transaction_id, 'funnel_step', d.transaction_funnel_step)),
           d.traffic_class, false, 'VALID', '{}', '{}', true, p_load_date, d.record_source
    FROM pg_temp.left_event l
    JOIN pg_temp.touched_session w ON w.site_session_hk = l.site_session_hk
    JOIN business.site_event_details_s d ON d.site_event_hk = l.site_event_hk
    JOIN business.site_session_h h ON h.site_session_hk = l.site_session_hk
    JOIN auth.tenant_h n ON n.tenant_hk = d.tenant_hk
    LEFT JOIN LATERAL (
        SELECT v.site_visitor_hk, v.site_visitor_bk, o.link_session_visitor_hk
        FROM business.session_visitor_l o JOIN business.site_visitor_h v USING (site_visitor_hk)
        WHERE o.site_session_hk = l.site_session_hk
        ORDER BY v.site_visitor_hk = w.site_visitor_hk DESC NULLS LAST LIMIT 1
    ) v ON true
    LEFT JOIN LATERAL (
        SELECT p.site_page_hk, p.site_page_bk FROM business.event_page_l o JOIN business.site_page_h p USING (site_page_hk)
        WHERE o.site_event_hk = l.site_event_hk
          AND o.link_event_page_hk BETWEEN substr(l.site_event_hk, 1, 6) AND util.last_key_of(l.site_event_hk) LIMIT 1
    ) p ON true
    LEFT JOIN LATERAL (
        SELECT i.business_item_hk, i.business_item_bk
        FROM business.event_business_item_l o JOIN business.business_item_h i USING (business_item_hk)
        WHERE o.site_event_hk = l.site_event_hk
          AND o.link_event_business_item_hk BETWEEN substr(l.site_event_hk, 1, 6) AND util.last_key_of(l.site_event_hk) LIMIT 1
    ) i ON true
    WHERE NOT l.is_staged;
END
$$;

-- Removes what was computed of the visits that lost events: what is left of them makes it anew. Where they came from stays where that
-- cannot be made anew.
CREATE OR REPLACE FUNCTION business.remove_visits() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_all constant bytea[] := ARRAY(SELECT t.site_session_hk FROM pg_temp.touched_session t);
    v_told constant bytea[] := ARRAY(
        SELECT t.site_session_hk FROM pg_temp.touched_session t
        WHERE NOT EXISTS (
            SELECT FROM pg_temp.left_event l
            WHERE l.site_session_hk = coalesce(t.of_session_hk, t.site_session_hk) AND NOT l.is_staged));
BEGIN
    INSERT INTO pg_temp.touched_key (hub, hash_key)
    SELECT DISTINCT 'site_visitor', l.site_visitor_hk FROM business.session_visitor_l l WHERE l.site_session_hk = ANY (v_all)
    ON CONFLICT DO NOTHING;
    DELETE FROM business.session_visitor_l l WHERE l.site_session_hk = ANY (v_told);
    DELETE FROM business.site_session_context_s c WHERE c.site_session_hk = ANY (v_told);
    -- later visits of a session are found anew, under the same keys if they begin as before
    DELETE FROM business.site_session_h h USING pg_temp.touched_session t
    WHERE h.site_session_hk = t.site_session_hk AND t.of_session_hk IS NOT NULL AND t.site_session_hk = ANY (v_told);
    DELETE FROM business.site_session_visit_s v WHERE v.site_session_hk = ANY (v_all);
    DELETE FROM business.site_session_same_as_s a WHERE a.site_session_hk = ANY (v_all);
    DELETE FROM business.site_session_details_s d WHERE d.site_session_hk = ANY (v_all);
    DELETE FROM business.site_session_judgement_s j WHERE j.site_session_hk = ANY (v_all);
    DELETE FROM business.site_session_w w WHERE w.site_session_hk = ANY (v_all);
    PERFORM business.count_visits('{}', v_all, NULL);
END
$$;

-- Takes an import back, whose events have this record source and no others have: from raw, staging, the queue, the vault and the
-- marts. Events that others sent too and that counted as repetitions of these wait to be loaded from there. A second time it finds
-- nothing. Returns how many raw events were removed, and how many of others are to be loaded.
--
-- What was received is not paid back: the usage of the tenant's plan and the counters of what workers did stay.
CREATE OR REPLACE FUNCTION business.remove_import(p_tenant_hk bytea, p_record_source text)
RETURNS TABLE (removed bigint, reloaded bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_import raw.import;
    v_batch_ids bigint[];
    v_repeated bigint[];
    v_events bytea[];
BEGIN
    SELECT i.* INTO v_import FROM raw.import i WHERE i.tenant_hk = p_tenant_hk AND i.record_source = p_record_source FOR UPDATE;
    -- its batches hold nothing else. A worker that loads some of them is waited for; clocks of two machines differ
    SELECT coalesce(array_agg(b.batch_id), '{}') INTO v_batch_ids FROM (
        SELECT b.batch_id FROM raw.ingest_batch b
        WHERE b.tenant_hk = p_tenant_hk AND b.received_from >= v_import.begun_at - interval '1 hour'
          AND b.received_from <= coalesce(v_import.done_at, 'infinity') + interval '1 hour'
          AND (EXISTS (
              SELECT FROM raw.site_tracking_events_r r
              WHERE r.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
                AND r.received_timestamp BETWEEN b.received_from AND b.received_to AND r.batch_id = b.batch_id
                AND r.record_source = p_record_source)
           OR EXISTS (
              SELECT FROM staging.site_events_staging s
              WHERE s.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
                AND s.received_timestamp BETWEEN b.received_from AND b.received_to AND s.batch_id = b.batch_id
                AND s.record_source = p_record_source))
        ORDER BY b.batch_id FOR UPDATE) b;

    IF EXISTS (SELECT FROM raw.ingest_batch b
               WHERE b.tenant_hk = p_tenant_hk AND b.batch_id = ANY (v_batch_ids)
                 AND NOT (util.is_kept(b.tenant_hk, 'staging', b.received_from) AND business.is_staged(b.tenant_hk, b.received_from)))
       OR NOT util.is_kept(p_tenant_hk, 'raw', v_import.begun_at)
    THEN
        SELECT coalesce(array_agg(h.site_event_hk), '{}') INTO v_events FROM business.site_event_h h
        WHERE h.tenant_hk = p_tenant_hk AND h.record_source = p_record_source;
    ELSE
        SELECT coalesce(array_agg(d.site_event_hk), '{}') INTO v_events
        FROM staging.events_of(v_batch_ids) s
        CROSS JOIN LATERAL (
            SELECT d.site_event_hk FROM business.site_event_details_s d
            WHERE d.site_event_hk = s.site_event_hk AND d.raw_event_id = s.raw_event_id LIMIT 1
        ) d
        WHERE s.validation_status = 'VALID';
    END IF;
    PERFORM business.remove_events(p_tenant_hk, v_events);

    -- a batch that a worker holds is pending already
    SELECT coalesce(array_agg(DISTINCT s.batch_id), '{}'), count(DISTINCT s.site_event_hk) INTO v_repeated, reloaded
    FROM raw.ingest_batch b
    CROSS JOIN LATERAL (
        SELECT s.batch_id, s.site_event_hk FROM staging.site_events_staging s
        WHERE s.batch_id = b.batch_id AND s.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
          AND s.received_timestamp BETWEEN b.received_from AND b.received_to AND s.validation_status = 'VALID' OFFSET 0
    ) s
    JOIN unnest(v_events) AS e(site_event_hk) ON e.site_event_hk = s.site_event_hk
    WHERE b.tenant_hk = p_tenant_hk AND b.processing_status = 'PROCESSED' AND b.duplicate_count > 0 AND b.batch_id <> ALL (v_batch_ids);
    UPDATE raw.ingest_batch b
    SET processing_status = 'PENDING', retry_count = 0, next_attempt_at = util.current_load_date()
    WHERE b.batch_id = ANY (v_repeated);

    DELETE FROM staging.event_identity f
    USING (
        SELECT DISTINCT staging.identity_of(r.tenant_id, staging.usable_id(r.raw_payload ->> 'event_id')) AS identity
        FROM raw.events_of(v_batch_ids) r
    ) o
    WHERE f.identity = o.identity;
    DELETE FROM staging.note n USING raw.ingest_batch b
    WHERE b.batch_id = ANY (v_batch_ids) AND n.tenant_hk = p_tenant_hk
      AND n.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id;
    DELETE FROM staging.site_events_staging s USING raw.ingest_batch b
    WHERE b.batch_id = ANY (v_batch_ids) AND s.batch_id = b.batch_id
      AND s.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
      AND s.received_timestamp BETWEEN b.received_from AND b.received_to;
    DELETE FROM raw.site_tracking_events_r r USING raw.ingest_batch b
    WHERE b.batch_id = ANY (v_batch_ids) AND r.batch_id = b.batch_id
      AND r.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
      AND r.received_timestamp BETWEEN b.received_from AND b.received_to;
    WITH gone AS (DELETE FROM raw.ingest_batch b WHERE b.batch_id = ANY (v_batch_ids) RETURNING b.event_count)
    SELECT coalesce(sum(g.event_count), 0) INTO removed FROM gone g;
    UPDATE raw.import i SET undone_at = coalesce(i.undone_at, util.current_load_date())
    WHERE i.tenant_hk = p_tenant_hk AND i.import_id = v_import.import_id;
    RETURN NEXT;
END
$$;
