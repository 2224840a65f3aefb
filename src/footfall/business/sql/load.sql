-- From the queue into the vault: one transaction, one load_date.

-- Opens a load: a load_date later than every one before it. In a store that is being rebuilt, and nowhere else, the very one that the
-- session's clock (footfall.now) says: a job that did not see a load under way has a later date than that load, and comes before it.
CREATE OR REPLACE FUNCTION business.open_load(p_job text) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    v_load_date timestamptz;
BEGIN
    IF util.is_rebuild() THEN
        INSERT INTO raw.load_batch (load_date, job, recipe_version)
        VALUES (current_setting('footfall.now')::timestamptz, p_job, {{recipe_version}})
        RETURNING load_date INTO v_load_date;
        RETURN v_load_date;
    END IF;
    LOOP
        INSERT INTO raw.load_batch (load_date, job, recipe_version)
        SELECT greatest(util.current_load_date(), max(l.load_date) + interval '1 microsecond'), p_job, {{recipe_version}}
        FROM raw.load_batch l
        ON CONFLICT DO NOTHING
        RETURNING load_date INTO v_load_date;
        -- a load that runs at the same time may have taken this very microsecond
        EXIT WHEN v_load_date IS NOT NULL;
    END LOOP;
    RETURN v_load_date;
END
$$;

-- The latest load, judging by new rules or removal of old events, whose rows a statement sees now. A job that computes satellites goes on beside loads and has a date of its own, later
-- than that of a load which it does not see yet: so a rebuild is told after which load the job comes.
CREATE OR REPLACE FUNCTION business.seen_load() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN (SELECT l.load_date FROM raw.load_batch l WHERE l.job IN ('load', 'rules', 'retention') ORDER BY l.load_date DESC LIMIT 1);

-- Claims pending ingest batches until they hold p_batch_size events; returns their numbers, none when nothing is pending. Tenants take
-- turns: whose earlier batches hold fewer events come first, so that whoever sends much waits for nobody's sake but his own. What is of
-- long ago, or is tried once more, comes behind what is of today, of whichever tenant. Batches
-- that another worker holds are passed over, and so are those that failed before. The claim is a row lock and ends with the
-- transaction: a worker that dies leaves its batches pending.
CREATE OR REPLACE FUNCTION business.claim_batches(p_batch_size integer) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    v_pending refcursor;
    v_batch record;
    v_batch_ids bigint[] := '{}';
    v_events bigint := 0;
    v_now constant timestamptz := util.current_load_date();
BEGIN
    OPEN v_pending NO SCROLL FOR
        -- each tenant that has something, by one look at the index each
        WITH RECURSIVE waiting AS (
            (SELECT b.tenant_hk FROM raw.ingest_batch b
             WHERE b.processing_status = 'PENDING' AND b.retry_count = 0 ORDER BY b.tenant_hk LIMIT 1)
            UNION ALL
            SELECT (SELECT b.tenant_hk FROM raw.ingest_batch b
                    WHERE b.processing_status = 'PENDING' AND b.retry_count = 0 AND b.tenant_hk > w.tenant_hk
                    ORDER BY b.tenant_hk LIMIT 1)
            FROM waiting w WHERE w.tenant_hk IS NOT NULL
        ), tenant AS (
            SELECT w.tenant_hk, greatest(p_batch_size / count(*) OVER (), 100) AS most FROM waiting w WHERE w.tenant_hk IS NOT NULL
        ), turn AS (
            SELECT o.batch_id, sum(o.event_count) OVER (PARTITION BY t.tenant_hk ORDER BY o.next_attempt_at, o.batch_id) - o.event_count
                   AS events_before, o.next_attempt_at
            FROM tenant t
            CROSS JOIN LATERAL (
                SELECT b.batch_id, b.event_count, b.next_attempt_at FROM raw.ingest_batch b
                WHERE b.tenant_hk = t.tenant_hk AND b.processing_status = 'PENDING' AND b.retry_count = 0 AND b.next_attempt_at <= v_now
                ORDER BY b.next_attempt_at, b.batch_id LIMIT t.most
            ) o
        )
        SELECT b.batch_id, b.event_count
        FROM turn t
        JOIN raw.ingest_batch b ON b.batch_id = t.batch_id
        WHERE b.processing_status = 'PENDING' AND b.retry_count = 0
        ORDER BY t.next_attempt_at > '-infinity', t.events_before, t.next_attempt_at, t.batch_id
        FOR UPDATE OF b SKIP LOCKED;
    WHILE v_events < p_batch_size LOOP
        FETCH v_pending INTO v_batch;
        EXIT WHEN NOT FOUND;
        v_batch_ids := v_batch_ids || v_batch.batch_id;
        v_events := v_events + v_batch.event_count;
    END LOOP;
    CLOSE v_pending;
    RETURN v_batch_ids;
END
$$;

-- Claims the batch that has failed and whose next attempt is due for longest; an empty array: none is.
CREATE OR REPLACE FUNCTION business.claim_failed() RETURNS bigint[]
LANGUAGE sql AS $$
    SELECT ARRAY(
        SELECT b.batch_id FROM raw.ingest_batch b
        WHERE b.processing_status = 'PENDING' AND b.retry_count > 0 AND b.next_attempt_at <= util.current_load_date()
        ORDER BY b.next_attempt_at, b.batch_id LIMIT 1
        FOR UPDATE SKIP LOCKED)
$$;

-- Claims those of these batches that are pending still and that no other worker holds.
CREATE OR REPLACE FUNCTION business.claim_these(p_batch_ids bigint[]) RETURNS bigint[]
LANGUAGE sql AS $$
    SELECT ARRAY(
        SELECT b.batch_id FROM raw.ingest_batch b
        WHERE b.batch_id = ANY (p_batch_ids) AND b.processing_status = 'PENDING'
        ORDER BY b.batch_id
        FOR UPDATE SKIP LOCKED)
$$;

-- Notes that these batches could not be loaded: they are tried again, each alone, after 1, 2, 4, 8 seconds, and then set aside as
-- ERROR with the reason, for an operator to look at; nothing of theirs is lost. Returns how often the most failing has failed.
CREATE OR REPLACE FUNCTION business.fail_batches(p_batch_ids bigint[], p_error text) RETURNS integer
LANGUAGE sql AS $$
    WITH failed AS (
        UPDATE raw.ingest_batch b
        SET retry_count = b.retry_count + 1, error_message = left(p_error, 1000),
            next_attempt_at = util.current_load_date() + make_interval(secs => 2 ^ b.retry_count),
            processing_status = CASE WHEN b.retry_count >= 4 THEN 'ERROR' ELSE 'PENDING' END
        WHERE b.batch_id = ANY (p_batch_ids) AND b.processing_status = 'PENDING'
        RETURNING b.retry_count
    )
    SELECT coalesce(max(f.retry_count), 0) FROM failed f
$$;

-- Notes that the store, not these batches, is in trouble: they are tried again in five seconds, as often as it takes.
CREATE OR REPLACE FUNCTION business.postpone_batches(p_batch_ids bigint[], p_error text) RETURNS void
LANGUAGE sql AS $$
    UPDATE raw.ingest_batch b
    SET error_message = left(p_error, 1000), next_attempt_at = util.current_load_date() + interval '5 seconds'
    WHERE b.batch_id = ANY (p_batch_ids) AND b.processing_status = 'PENDING'
$$;

-- Lays out the VALID staged events of these batches in pg_temp.fresh_event, and waits until it is this load's turn: from then on no
-- other load comes, and no other rules come into force, until this one is committed.
--
-- Staging goes on beside; what follows runs one at a time, and a load_date is taken only when it is its turn. So load dates rise in the
-- order in which loads become visible: what is asked as of a load_date has the same answer for ever, and a timeline never has to be
-- written into its past.
CREATE OR REPLACE FUNCTION business.gather_load(p_batch_ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_months timestamptz[];
    v_month timestamptz;
BEGIN
    PERFORM business.gather_events(p_batch_ids);
    -- older events than the partitions that are made ahead: imports, late arrivals
    v_months := ARRAY(
        SELECT m.month FROM (SELECT DISTINCT date_trunc('month', f.event_timestamp, 'UTC') AS month FROM pg_temp.fresh_event f) m
        WHERE to_regclass('business.event_b_' || to_char(m.month AT TIME ZONE 'UTC', 'YYYYMM')) IS NULL ORDER BY 1);
    -- Each costs a dozen tables: batches that bring many wait for themselves alone, each in a load of its own.
    IF cardinality(v_months) > 24 AND cardinality(p_batch_ids) > 1 THEN
        RAISE EXCEPTION 'too many new months for one load' USING ERRCODE = 'FF413';
    END IF;
    FOREACH v_month IN ARRAY v_months LOOP
        PERFORM util.ensure_month(v_month, 'bytea');
    END LOOP;

    PERFORM util.take_turn('load');
    PERFORM business.refuse_erased(p_batch_ids);
    PERFORM business.refuse_retired();
END
$$;

-- Loads what was gathered of these batches under a load_date of its own; returns the rows inserted into each table.
CREATE OR REPLACE FUNCTION business.load_gathered(p_batch_ids bigint[]) RETURNS TABLE (loaded text, inserted bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_load_date timestamptz;
    v_counts jsonb;
    v_anew bytea[];
BEGIN
    v_load_date := business.open_load('load');
    SELECT jsonb_object_agg(l.loaded, l.inserted) INTO v_counts FROM business.load_vault(v_load_date) l;
    v_anew := business.touch_sessions(v_load_date);
    v_counts := v_counts || (SELECT jsonb_object_agg(l.loaded, l.inserted) FROM business.load_earliest(v_load_date) l);
    v_counts := v_counts || business.join_sessions(v_load_date, v_anew);
    PERFORM business.supersede(v_load_date);
    PERFORM business.count_usage(p_batch_ids, v_load_date);
    UPDATE raw.load_batch l SET counts = v_counts WHERE l.load_date = v_load_date;
    UPDATE raw.ingest_batch b
    SET former_load_dates = CASE WHEN b.load_date IS NULL THEN b.former_load_dates ELSE b.former_load_dates || b.load_date END,
        load_date = v_load_date
    WHERE b.batch_id = ANY (p_batch_ids) AND b.processing_status = 'PENDING';
    RETURN QUERY SELECT k, v::bigint FROM jsonb_each_text(v_counts) AS j(k, v);
END
$$;

-- Stages and gathers these batches: after that, and before business.load_prepared, in the same transaction, is the time to judge what is
-- new in pg_temp.fresh_event by tenants' own rules (footfall.judgement.rules).
CREATE OR REPLACE FUNCTION business.prepare_load(p_batch_ids bigint[]) RETURNS void
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
BEGIN
    PERFORM staging.validate_and_enrich(p_batch_ids);
    PERFORM business.gather_load(p_batch_ids);
END
$$;

-- Loads these batches, which are prepared, and accounts for every event of theirs: event_count = loaded + duplicate + invalid, batch by
-- batch. Can be repeated: the second time it inserts nothing.
CREATE OR REPLACE FUNCTION business.load_prepared(p_batch_ids bigint[]) RETURNS TABLE (loaded text, inserted bigint)
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE
    v_first constant bigint[] := ARRAY(SELECT b.batch_id FROM raw.ingest_batch b WHERE b.batch_id = ANY (p_batch_ids) AND b.load_date IS NULL);
BEGIN
    RETURN QUERY SELECT l.loaded, l.inserted FROM business.load_gathered(p_batch_ids) l;

    UPDATE raw.ingest_batch b
    SET processing_status = 'PROCESSED', error_message = NULL, loaded_count = c.loaded_count, invalid_count = c.invalid_count,
        duplicate_count = b.event_count - c.loaded_count - c.invalid_count
    FROM (
        -- a batch that is processed again has loaded something before, and perhaps staging has nothing of it any more
        SELECT o.batch_id, count(*) FILTER (WHERE s.validation_status = 'INVALID') AS invalid_count,
               coalesce(min(o.loaded_count), 0) + count(f.raw_event_id) AS loaded_count
        FROM raw.ingest_batch o
        LEFT JOIN staging.events_of(p_batch_ids) s USING (batch_id)
        LEFT JOIN pg_temp.fresh_event f USING (raw_event_id)
        WHERE o.batch_id = ANY (p_batch_ids) AND (s.batch_id IS NOT NULL OR o.batch_id <> ALL (v_first))
        GROUP BY o.batch_id
    ) c
    WHERE b.batch_id = c.batch_id AND b.processing_status = 'PENDING';
    PERFORM business.count_fates(v_first);
END
$$;

-- Both: a load whose inputs have all been judged before, as in a rebuild, or are not.
CREATE OR REPLACE FUNCTION business.load_claimed(p_batch_ids bigint[]) RETURNS TABLE (loaded text, inserted bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM business.prepare_load(p_batch_ids);
    RETURN QUERY SELECT l.loaded, l.inserted FROM business.load_prepared(p_batch_ids) l;
END
$$;

-- Stages and loads some events of a batch, to find out whether that can be done: for a transaction that is rolled back.
CREATE OR REPLACE FUNCTION business.try_events(p_batch_id bigint, p_raw_event_ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM staging.validate_and_enrich(ARRAY[p_batch_id], p_raw_event_ids);
    PERFORM business.gather_load(ARRAY[p_batch_id]);
    PERFORM business.load_gathered(ARRAY[p_batch_id]);
END
$$;

-- What a load leaves for the jobs that follow it: sessions with new events are open (again). Returns
-- the visits that have got events of others, or lost some: sessions whose events are no single visit are divided
-- (business.split_sessions); of most a look at their first and last event tells that they are one.
CREATE OR REPLACE FUNCTION business.touch_sessions(p_load_date timestamptz) RETURNS bytea[]
LANGUAGE plpgsql AS $$
DECLARE
    v_split bytea[];
BEGIN
    WITH touched AS (
    INSERT INTO business.site_session_w AS w (
        site_session_hk, tenant_hk, root_session_hk, site_visitor_hk, session_bucket, known_as_hk,
        first_event_timestamp, last_event_timestamp, touched_load_date, is_visit, is_open, is_split, look_at)
    -- the events of an inferred session are all of one visitor and half hour; one that somebody sent under such a name joins them
    SELECT f.site_session_hk, f.tenant_hk, f.site_session_hk,
           (array_agg(f.site_visitor_hk) FILTER (WHERE f.session_bucket IS NOT NULL))[1], min(f.session_bucket),
           (array_agg(f.known_as_hk ORDER BY f.event_timestamp, f.raw_event_id) FILTER (WHERE f.session_bucket IS NOT NULL))[1],
           min(f.event_timestamp),
           -- of events that may be several visits the first alone is one for sure
           CASE WHEN business.is_short(min(f.event_timestamp), max(f.event_timestamp), min(f.session_bucket)) THEN max(f.event_timestamp)
                ELSE min(f.event_timestamp) END,
           p_load_date, v.is_visit, true,
           NOT business.is_short(min(f.event_timestamp), max(f.event_timestamp), min(f.session_bucket)),
           min(f.event_timestamp) + business.visit_timeout()
    FROM pg_temp.fresh_event f
    -- an event of nobody is no visit; what it saw of a page or did with an item is counted like theirs, when it is closed
    CROSS JOIN LATERAL (SELECT f.session_id IS NOT NULL OR f.session_bucket IS NOT NULL AS is_visit) v
    GROUP BY f.site_session_hk, f.tenant_hk, v.is_visit
    ORDER BY f.site_session_hk
    ON CONFLICT (site_session_hk) DO UPDATE SET
        (first_event_timestamp, last_event_timestamp, is_split, is_open) = (
            SELECT least(w.first_event_timestamp, excluded.first_event_timestamp),
                   greatest(w.last_event_timestamp, excluded.last_event_timestamp), false, true
            WHERE NOT w.is_split AND NOT excluded.is_split AND (w.session_bucket IS NOT NULL OR business.is_one_visit(
                w.first_event_timestamp, w.last_event_timestamp, excluded.first_event_timestamp, excluded.last_event_timestamp))
            UNION ALL
            SELECT w.first_event_timestamp, w.last_event_timestamp, true, w.is_open LIMIT 1),
        touched_load_date = excluded.touched_load_date,
        is_visit = w.is_visit OR excluded.is_visit
    -- the same load again changes nothing
    WHERE w.touched_load_date <> excluded.touched_load_date
    RETURNING w.site_session_hk, w.is_split
    )
    SELECT array_agg(t.site_session_hk) INTO v_split FROM touched t WHERE t.is_split;
    RETURN CASE WHEN v_split IS NULL THEN '{}' ELSE business.split_sessions(v_split, p_load_date) END;
END
$$;

-- Which half hours are one visit, now that more is known; and the marts, where the visits p_anew have got events of others or lost
-- some. Returns the rows inserted, by table.
CREATE OR REPLACE FUNCTION business.join_sessions(p_load_date timestamptz, p_anew bytea[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_moved bytea[];
    v_before bytea[];
    v_now bytea[];
    v_anew bytea[];
    v_inserted bigint := 0;
BEGIN
    SELECT coalesce(array_agg(m.site_session_hk), '{}'), array_agg(m.root_before), array_agg(m.root_session_hk)
    INTO v_moved, v_before, v_now FROM business.join_half_hours() m;
    IF cardinality(v_moved) > 0 THEN
        v_inserted := business.refresh_site_session_same_as(v_moved, p_load_date);
    END IF;
    -- visits whose half hours are not all in one other visit now, since they began earlier than was known and last no longer than a
    -- day; and whoever got them, with all else that it got
    SELECT coalesce(array_agg(x.visit_hk), '{}') INTO v_anew
    FROM (SELECT m.root_before, count(DISTINCT m.root_now) AS visits
          FROM unnest(v_before, v_now) AS m(root_before, root_now) GROUP BY m.root_before) b
    JOIN unnest(v_before, v_now) AS m(root_before, root_now) ON m.root_before = b.root_before
    CROSS JOIN LATERAL (VALUES (m.root_before), (m.root_now)) AS x(visit_hk)
    WHERE b.visits > 1 OR EXISTS (SELECT FROM business.site_session_w w WHERE w.root_session_hk = b.root_before);
    -- and visits of which earlier events count now, or do not any more, as rules of the tenant's own have it
    v_anew := v_anew || business.judge_fresh(p_load_date, p_anew || coalesce(v_now, '{}'));
    IF cardinality(v_anew) > 0 THEN
        -- they may have no new event themselves, and have been closed as something else
        UPDATE business.site_session_w w SET is_open = true
        WHERE w.root_session_hk = ANY (v_anew) AND w.is_visit AND NOT w.is_open;
        SELECT v_anew || coalesce(array_agg(m.root_before) FILTER (WHERE m.is_anew), '{}'),
               array_agg(m.root_before) FILTER (WHERE NOT m.is_anew), array_agg(m.root_now) FILTER (WHERE NOT m.is_anew)
        INTO v_anew, v_before, v_now
        FROM (SELECT m.*, m.root_now = ANY (v_anew) OR m.root_before = ANY (v_anew) AS is_anew
              FROM unnest(v_before, v_now) AS m(root_before, root_now)) m;
    END IF;
    PERFORM business.gather_bridge();
    PERFORM business.align_fresh();
    PERFORM business.store_marts(p_load_date, v_before, v_now, p_anew || v_anew);
    RETURN jsonb_build_object('site_session_same_as_s', v_inserted);
END
$$;

-- The plan's load: claims up to p_batch_size pending events, stages and loads them, and returns the events taken and the rows
-- that are new in each hub. User agents that no worker has parsed yet leave device and browser empty: the worker, which parses
-- them first, is the usual caller of the parts (claim_batches, load_claimed).
CREATE OR REPLACE FUNCTION business.process_tracking_events(p_batch_size integer DEFAULT 100)
RETURNS TABLE (processed_count integer, session_count integer, visitor_count integer, event_count integer,
               page_count integer, item_count integer)
LANGUAGE plpgsql AS $$
DECLARE
    v_batch_ids bigint[] := business.claim_batches(p_batch_size);
    v_new jsonb := '{}';
BEGIN
    IF cardinality(v_batch_ids) > 0 THEN
        SELECT jsonb_object_agg(l.loaded, l.inserted) INTO v_new FROM business.load_claimed(v_batch_ids) l;
    END IF;
    RETURN QUERY SELECT
        coalesce((SELECT sum(b.event_count) FROM raw.ingest_batch b WHERE b.batch_id = ANY (v_batch_ids)), 0)::integer,
        coalesce((v_new ->> 'site_session_h')::integer, 0), coalesce((v_new ->> 'site_visitor_h')::integer, 0),
        coalesce((v_new ->> 'site_event_h')::integer, 0), coalesce((v_new ->> 'site_page_h')::integer, 0),
        coalesce((v_new ->> 'business_item_h')::integer, 0);
END
$$;

-- The one-event form of the load, with the plan's arguments: lands the event as a trusted one, stages and loads it, and returns
-- its key (NULL when it is INVALID). An event that was stored before is found, not stored again.
CREATE OR REPLACE FUNCTION business.create_comprehensive_site_event(
    p_tenant_hk bytea, p_session_id varchar, p_visitor_id varchar, p_event_timestamp timestamptz, p_event_type varchar,
    p_event_category varchar, p_event_action varchar, p_event_label varchar, p_event_value numeric, p_page_url varchar,
    p_page_title varchar, p_business_item_info jsonb DEFAULT NULL, p_transaction_info jsonb DEFAULT NULL,
    p_custom_properties jsonb DEFAULT NULL
) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id text;
    v_raw_event_id bigint;
BEGIN
    SELECT t.tenant_bk INTO v_tenant_id FROM auth.tenant_v t WHERE t.tenant_hk = p_tenant_hk;
    IF v_tenant_id IS NULL THEN
        RAISE EXCEPTION 'tenant_unknown' USING ERRCODE = 'FF404';
    END IF;
    v_raw_event_id := raw.ingest_tracking_event(v_tenant_id, NULL, NULL, jsonb_strip_nulls(jsonb_build_object(
        'session_id', p_session_id, 'visitor_id', p_visitor_id, 'event_timestamp', util.canonical(p_event_timestamp),
        'evt_type', p_event_type, 'evt_category', p_event_category, 'evt_action', p_event_action, 'evt_label', p_event_label,
        'evt_value', p_event_value, 'page_url', p_page_url, 'page_title', p_page_title, 'properties', p_custom_properties)
        || jsonb_build_object(
        'item_id', p_business_item_info ->> 'item_id', 'item_type', p_business_item_info ->> 'item_type',
        'item_name', p_business_item_info ->> 'item_name', 'item_category', p_business_item_info ->> 'item_category',
        'item_value', p_business_item_info ->> 'item_value',
        'funnel', p_transaction_info ->> 'funnel', 'transaction_id', p_transaction_info ->> 'transaction_id')));
    PERFORM business.load_claimed(ARRAY[r.batch_id]) FROM raw.site_tracking_events_r r WHERE r.raw_event_id = v_raw_event_id;
    RETURN (SELECT s.site_event_hk FROM staging.site_events_staging s WHERE s.raw_event_id = v_raw_event_id);
END
$$;
