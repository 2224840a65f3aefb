-- A person in the store: found by what leads to them, deleted, and kept from coming back. How they are forgotten: forgetting.sql.

-- The hash key of a session or visitor of this business key.
CREATE OR REPLACE FUNCTION business.key_of(p_tenant_id text, p_business_key text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN {{key_of}};

-- The temporary tables in which a person is laid out; empty. They are the transaction's own.
CREATE OR REPLACE FUNCTION business.empty_person() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('pg_temp.person_id') IS NULL THEN
        CREATE TEMP TABLE person_id (kind text, id text, PRIMARY KEY (kind, id)) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE person_session (site_session_hk bytea PRIMARY KEY) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE person_visitor (site_visitor_hk bytea PRIMARY KEY) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE person_event (site_event_hk bytea PRIMARY KEY) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE person_raw (
            raw_event_id bigint PRIMARY KEY, received_timestamp timestamptz, batch_id bigint, event_hk bytea, load_date timestamptz,
            moment timestamptz, is_staged boolean, errors text[]) ON COMMIT DELETE ROWS;
        -- how many rows there are, the planner is told; what is in them must not stay in the catalog
        ALTER TABLE pg_temp.person_id ALTER COLUMN kind SET STATISTICS 0, ALTER COLUMN id SET STATISTICS 0;
        ALTER TABLE pg_temp.person_session ALTER COLUMN site_session_hk SET STATISTICS 0;
        ALTER TABLE pg_temp.person_visitor ALTER COLUMN site_visitor_hk SET STATISTICS 0;
        ALTER TABLE pg_temp.person_event ALTER COLUMN site_event_hk SET STATISTICS 0;
        ALTER TABLE pg_temp.person_raw ALTER COLUMN event_hk SET STATISTICS 0, ALTER COLUMN errors SET STATISTICS 0;
    END IF;
    DELETE FROM pg_temp.person_id;
    DELETE FROM pg_temp.person_session;
    DELETE FROM pg_temp.person_visitor;
    DELETE FROM pg_temp.person_event;
    DELETE FROM pg_temp.person_raw;
END
$$;

-- What a raw event is known by: its visitor as staging has it, by the id that came with consent, else by the key of the day.
CREATE OR REPLACE FUNCTION raw.ids_of(p_event raw.site_tracking_events_r) RETURNS TABLE (kind text, id text)
LANGUAGE sql STABLE ROWS 3 AS $$
    SELECT i.kind, i.id
    FROM (VALUES ('session', staging.usable_id(p_event.raw_payload ->> 'session_id')),
                 ('visitor', coalesce(staging.usable_id(p_event.raw_payload ->> 'visitor_id'), p_event.visitor_id)),
                 ('user', staging.usable_id(p_event.raw_payload ->> 'user_id'))) AS i(kind, id)
    WHERE i.id IS NOT NULL
$$;

-- The business key of the event that a visitor's code is the id of (footfall.whoami() in the tracker): milliseconds since 1970 in base 36, a dash,
-- something random. A clock that was set right makes it another moment: then that of the day before or after; NULL: there is none.
CREATE OR REPLACE FUNCTION business.event_of_code(p_tenant_hk bytea, p_code text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_code constant text := lower(btrim(p_code) COLLATE "C");
    v_moment timestamptz;
    v_around interval;
    v_event text;
BEGIN
    IF v_code !~ '^[0-9a-z]{8,9}-[0-9a-z]{1,16}$' THEN
        RETURN NULL;
    END IF;
    SELECT to_timestamp(sum((strpos('0123456789abcdefghijklmnopqrstuvwxyz', d.digit) - 1) * 36::numeric ^ (length(m.ms) - d.place)) / 1000)
    INTO v_moment
    FROM (SELECT split_part(v_code, '-', 1) AS ms) m
    CROSS JOIN LATERAL string_to_table(m.ms, NULL) WITH ORDINALITY AS d(digit, place);
    -- few clocks are set right: a second around it is looked at first
    FOREACH v_around IN ARRAY '{1 second,1 day}'::interval[] LOOP
        SELECT h.site_event_bk INTO v_event FROM business.site_event_h h
        WHERE h.site_event_hk >= util.time_prefix(v_moment - v_around) AND h.site_event_hk < util.time_prefix(v_moment + v_around)
          AND h.tenant_hk = p_tenant_hk AND split_part(h.site_event_bk, '_', 3) = v_code LIMIT 1;
        EXIT WHEN FOUND;
    END LOOP;
    RETURN v_event;
END
$$;

-- Lays out in pg_temp.person_… whoever is known by this id: p_kind session, visitor, user, event (an event's business key), or code, as visitors
-- read it out.
-- Sessions lead to their visitors and visitors to their sessions, until nothing is new; a user id only to the sessions it was in.
-- Raises person_too_large: an id that more than p_most sessions share is nobody's.
CREATE OR REPLACE FUNCTION business.gather_person(p_tenant_hk bytea, p_kind text, p_id text, p_most integer) RETURNS void
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE
    v_tenant_id constant text := (SELECT h.tenant_bk FROM auth.tenant_h h WHERE h.tenant_hk = p_tenant_hk);
    v_key constant bytea := business.key_of(v_tenant_id, p_id);
    v_staged_since constant timestamptz := coalesce(
        (SELECT k.kept_since FROM raw.kept_since k WHERE k.tenant_hk = p_tenant_hk AND k.layer = 'staging'), '-infinity');
    v_events_since constant timestamptz := util.kept_since(p_tenant_hk, 'events');
    v_sessions bigint := -1;
    v_visitors bigint := -1;
    v_found bigint;
BEGIN
    IF p_kind = 'code' THEN
        PERFORM business.gather_person(p_tenant_hk, 'event', coalesce(business.event_of_code(p_tenant_hk, p_id), ''), p_most);
        RETURN;
    END IF;
    PERFORM business.empty_person();
    IF p_kind <> 'event' THEN
        INSERT INTO pg_temp.person_id VALUES (p_kind, p_id);
    END IF;
    IF p_kind = 'session' THEN
        INSERT INTO pg_temp.person_session SELECT h.site_session_hk FROM business.site_session_h h WHERE h.site_session_hk = v_key;
    ELSIF p_kind = 'visitor' THEN
        INSERT INTO pg_temp.person_visitor SELECT h.site_visitor_hk FROM business.site_visitor_h h WHERE h.site_visitor_hk = v_key;
    ELSIF p_kind = 'user' THEN
        INSERT INTO pg_temp.person_session
        SELECT c.site_session_hk FROM business.site_session_context_s c WHERE c.tenant_hk = p_tenant_hk AND c.user_id = p_id
        UNION
        SELECT s.site_session_hk FROM staging.site_events_staging s
        WHERE s.tenant_hk = p_tenant_hk AND s.user_id = p_id AND s.site_session_hk IS NOT NULL
        UNION
        -- retention has taken it from the context, and staging has let it go: raw alone tells it, and is read whole
        SELECT l.site_session_hk
        FROM raw.site_tracking_events_r r
        JOIN business.site_event_details_s d ON d.raw_event_id = r.raw_event_id AND d.tenant_hk = r.tenant_hk
        JOIN business.event_session_l l ON l.site_event_hk = d.site_event_hk
        WHERE r.tenant_hk = p_tenant_hk AND util.kept_since(p_tenant_hk, 'context') > '-infinity'
          AND EXISTS (SELECT FROM raw.ids_of(r) i WHERE (i.kind, i.id) = ('user', p_id));
    ELSIF p_id ~ '^evt_[0-9]{1,15}_' THEN
        INSERT INTO pg_temp.person_session
        SELECT l.site_session_hk
        FROM (SELECT {{event_key_of}} AS site_event_hk) k
        JOIN business.event_session_l l ON l.site_event_hk = k.site_event_hk
         AND l.link_event_session_hk BETWEEN substr(k.site_event_hk, 1, 6) AND util.last_key_of(k.site_event_hk);
    END IF;

    LOOP
        -- a later visit of a session id, and the half hours that are one visit, are the same person's
        INSERT INTO pg_temp.person_session
        SELECT o.site_session_hk
        FROM pg_temp.person_session p
        JOIN business.site_session_w w ON w.site_session_hk = p.site_session_hk
        CROSS JOIN LATERAL (
            SELECT coalesce(w.of_session_hk, w.site_session_hk) AS site_session_hk
            UNION ALL
            SELECT o.site_session_hk FROM business.site_session_w o WHERE o.of_session_hk = coalesce(w.of_session_hk, w.site_session_hk)
            UNION ALL
            SELECT o.site_session_hk FROM business.site_session_w o WHERE o.root_session_hk = w.root_session_hk
        ) o
        ON CONFLICT DO NOTHING;
        INSERT INTO pg_temp.person_visitor
        SELECT l.site_visitor_hk
        FROM pg_temp.person_session p
        CROSS JOIN LATERAL (
            SELECT l.site_visitor_hk FROM business.session_visitor_l l WHERE l.site_session_hk = p.site_session_hk OFFSET 0) l
        ON CONFLICT DO NOTHING;
        INSERT INTO pg_temp.person_session
        SELECT l.site_session_hk
        FROM pg_temp.person_visitor p
        CROSS JOIN LATERAL (
            SELECT l.site_session_hk FROM business.session_visitor_l l WHERE l.site_visitor_hk = p.site_visitor_hk LIMIT p_most + 1) l
        ON CONFLICT DO NOTHING;
        SELECT count(*) INTO v_found FROM pg_temp.person_session;
        IF v_found > p_most THEN
            RAISE EXCEPTION 'person_too_large' USING ERRCODE = 'FF409', DETAIL = v_found::text;
        END IF;
        EXIT WHEN v_found = v_sessions AND (SELECT count(*) FROM pg_temp.person_visitor) = v_visitors;
        v_sessions := v_found;
        v_visitors := (SELECT count(*) FROM pg_temp.person_visitor);
    END LOOP;
    ANALYZE pg_temp.person_session, pg_temp.person_visitor;

    INSERT INTO pg_temp.person_id
    SELECT 'session', h.site_session_bk FROM pg_temp.person_session p JOIN business.site_session_h h USING (site_session_hk)
    UNION ALL
    SELECT 'visitor', h.site_visitor_bk FROM pg_temp.person_visitor p JOIN business.site_visitor_h h USING (site_visitor_hk)
    ON CONFLICT DO NOTHING;
    INSERT INTO pg_temp.person_event
    SELECT l.site_event_hk
    FROM pg_temp.person_session p
    CROSS JOIN LATERAL (SELECT l.site_event_hk FROM business.event_session_l l WHERE l.site_session_hk = p.site_session_hk OFFSET 0) l
    ON CONFLICT DO NOTHING;
    ANALYZE pg_temp.person_id, pg_temp.person_event;

    -- raw: what was loaded; its repetitions; what was refused; what was not loaded yet or set aside; what has gone from staging
    INSERT INTO pg_temp.person_raw (raw_event_id, received_timestamp, batch_id, event_hk, load_date, moment)
    SELECT r.raw_event_id, r.received_timestamp, r.batch_id, d.site_event_hk, d.load_date, d.event_timestamp
    FROM pg_temp.person_event p
    CROSS JOIN LATERAL (
        SELECT d.site_event_hk, d.raw_event_id, d.load_date, d.event_timestamp FROM business.site_event_details_s d
        WHERE d.site_event_hk = p.site_event_hk LIMIT 1
    ) d
    CROSS JOIN LATERAL (SELECT r.* FROM raw.site_tracking_events_r r WHERE r.raw_event_id = d.raw_event_id OFFSET 0) r
    WHERE r.tenant_hk = p_tenant_hk
    ON CONFLICT DO NOTHING;
    INSERT INTO pg_temp.person_raw (raw_event_id, received_timestamp, batch_id, event_hk)
    SELECT s.raw_event_id, s.received_timestamp, s.batch_id, s.site_event_hk
    FROM pg_temp.person_event p
    CROSS JOIN LATERAL (SELECT s.* FROM staging.site_events_staging s WHERE s.site_event_hk = p.site_event_hk OFFSET 0) s
    WHERE s.tenant_hk = p_tenant_hk
    ON CONFLICT DO NOTHING;
    INSERT INTO pg_temp.person_raw (raw_event_id, received_timestamp, batch_id)
    SELECT r.raw_event_id, r.received_timestamp, r.batch_id
    FROM (
        SELECT r FROM (
            SELECT s.raw_event_id FROM staging.site_events_staging s
            WHERE s.tenant_hk = p_tenant_hk AND s.validation_status = 'INVALID'
        ) s
        CROSS JOIN LATERAL (SELECT r FROM raw.site_tracking_events_r r WHERE r.raw_event_id = s.raw_event_id OFFSET 0) r
        UNION ALL
        SELECT r FROM raw.ingest_batch b
        CROSS JOIN LATERAL (
            SELECT r FROM raw.site_tracking_events_r r
            WHERE r.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id AND r.batch_id = b.batch_id
              AND r.received_timestamp BETWEEN b.received_from AND b.received_to OFFSET 0
        ) r
        WHERE b.tenant_hk = p_tenant_hk AND b.processing_status <> 'PROCESSED'
        UNION ALL
        SELECT r FROM raw.site_tracking_events_r r WHERE r.tenant_hk = p_tenant_hk AND r.received_timestamp < v_staged_since
        UNION ALL
        -- where the vault keeps events no longer, raw alone knows whose they were: all of it is read
        SELECT r FROM raw.site_tracking_events_r r WHERE r.tenant_hk = p_tenant_hk AND v_events_since > '-infinity'
    ) a(r)
    CROSS JOIN LATERAL (SELECT (a.r).*) r
    WHERE r.tenant_hk = p_tenant_hk
      AND EXISTS (SELECT FROM raw.ids_of(a.r) i JOIN pg_temp.person_id p USING (kind, id))
    ON CONFLICT DO NOTHING;
    -- what was refused, or is kept in the vault no longer, and is in staging alone
    INSERT INTO pg_temp.person_raw (raw_event_id, received_timestamp, batch_id)
    SELECT s.raw_event_id, s.received_timestamp, s.batch_id
    FROM staging.site_events_staging s
    WHERE s.tenant_hk = p_tenant_hk AND (s.validation_status = 'INVALID' OR s.event_timestamp < v_events_since)
      AND EXISTS (SELECT FROM pg_temp.person_id p WHERE (p.kind, p.id) IN
                  (('session', s.session_id), ('visitor', s.visitor_id), ('user', s.user_id)))
    ON CONFLICT DO NOTHING;
    UPDATE pg_temp.person_raw p
    SET is_staged = s.raw_event_id IS NOT NULL, errors = CASE WHEN s.validation_status = 'INVALID' THEN s.validation_errors END
    FROM pg_temp.person_raw o
    LEFT JOIN LATERAL (
        SELECT s.raw_event_id, s.validation_status, s.validation_errors FROM staging.site_events_staging s
        WHERE s.raw_event_id = o.raw_event_id AND s.received_timestamp = o.received_timestamp ORDER BY s.attempt DESC LIMIT 1
    ) s ON true
    WHERE o.raw_event_id = p.raw_event_id;
    -- of an event that the vault keeps no longer the one that came first was loaded, as a rule
    UPDATE pg_temp.person_raw p SET load_date = b.load_date
    FROM (
        SELECT DISTINCT ON (s.site_event_hk) s.raw_event_id, s.batch_id
        FROM pg_temp.person_raw o
        JOIN staging.site_events_staging s ON s.raw_event_id = o.raw_event_id AND s.received_timestamp = o.received_timestamp
        WHERE o.event_hk IS NULL AND s.validation_status = 'VALID' AND s.event_timestamp < v_events_since
        ORDER BY s.site_event_hk, s.raw_event_id
    ) f
    JOIN raw.ingest_batch b USING (batch_id)
    WHERE p.raw_event_id = f.raw_event_id;
    -- and of what staging has let go of all: it was loaded, or a repetition, which nobody can tell any more
    UPDATE pg_temp.person_raw p SET load_date = b.load_date
    FROM raw.ingest_batch b
    WHERE v_events_since > '-infinity' AND p.event_hk IS NULL AND p.errors IS NULL AND NOT p.is_staged AND b.batch_id = p.batch_id
      AND b.processing_status = 'PROCESSED';
    ANALYZE pg_temp.person_raw;
END
$$;

-- Writes tombstones of all that pg_temp.person_id says; returns how many are new. Of user ids only the one that was asked for is in it:
-- others that were met in the same browser may be other people's.
CREATE OR REPLACE FUNCTION business.bury_person(p_tenant_hk bytea, p_erasure_id bigint) RETURNS bigint
LANGUAGE sql AS $$
    -- examples of a preview may be theirs
    DELETE FROM ref.rule_task t WHERE t.tenant_hk = p_tenant_hk AND t.kind = 'preview' AND t.finished_at IS NOT NULL;
    WITH buried AS (
        INSERT INTO auth.tombstone (tenant_hk, mark, erasure_id)
        SELECT p_tenant_hk, auth.erasure_mark(s.secret, p.kind, p.id), p_erasure_id
        FROM (SELECT auth.erasure_secret_of(p_tenant_hk) AS secret OFFSET 0) s CROSS JOIN pg_temp.person_id p
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT count(*) FROM buried
$$;

-- Under which ids and times a raw event may be known (staging.event_identity): all that leads to an event by its id.
CREATE OR REPLACE FUNCTION staging.identities_of(p_event raw.site_tracking_events_r) RETURNS SETOF uuid
LANGUAGE sql STABLE AS $$
    SELECT staging.identity_of(p_event.tenant_id, i.name)
    FROM (VALUES
        (staging.usable_id(p_event.raw_payload ->> 'event_id')), (' view ' || staging.usable_id(p_event.raw_payload ->> 'page_view_id')),
        (CASE WHEN jsonb_typeof(p_event.raw_payload) = 'object' THEN 'payload ' || encode(util.hash_binary(
            (p_event.raw_payload - ARRAY['sent_at', 'retry', 'client_ip', 'user_agent'])::text), 'hex') END)) AS i(name)
    WHERE i.name IS NOT NULL
$$;

-- Forgets under which ids and times these raw events were known.
CREATE OR REPLACE FUNCTION staging.forget_events(p_raw_event_ids bigint[]) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM staging.event_identity f
    USING (
        SELECT DISTINCT i.identity
        FROM unnest(p_raw_event_ids) AS e(raw_event_id)
        CROSS JOIN LATERAL (SELECT r FROM raw.site_tracking_events_r r WHERE r.raw_event_id = e.raw_event_id OFFSET 0) r
        CROSS JOIN LATERAL staging.identities_of(r.r) AS i(identity)
    ) o
    WHERE f.identity = o.identity
$$;

-- Leaves of these raw events nothing but that they came, and sets them aside with these reasons; they are INVALID from now on, here and
-- in every rebuild.
CREATE OR REPLACE FUNCTION business.empty_events(p_raw_event_ids bigint[], p_errors text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM staging.forget_events(p_raw_event_ids);
    UPDATE raw.site_tracking_events_r r
    SET raw_payload = '{}', client_ip = NULL, visitor_id = NULL, visitor_ip_hash = NULL, user_agent = NULL, client_hints = NULL,
        own_network = NULL
    WHERE r.raw_event_id = ANY (p_raw_event_ids);
    DELETE FROM staging.site_events_staging s WHERE s.raw_event_id = ANY (p_raw_event_ids);
    INSERT INTO raw.left_out AS o (tenant_hk, raw_event_id, batch_id, received_timestamp, left_out_until, errors)
    SELECT r.tenant_hk, r.raw_event_id, r.batch_id, r.received_timestamp, 'infinity', p_errors
    FROM raw.site_tracking_events_r r WHERE r.raw_event_id = ANY (p_raw_event_ids)
    ON CONFLICT (raw_event_id) DO UPDATE SET left_out_until = excluded.left_out_until, errors = excluded.errors;
    PERFORM staging.leave_out(
        ARRAY(SELECT DISTINCT o.batch_id FROM raw.left_out o WHERE o.raw_event_id = ANY (p_raw_event_ids)), util.current_load_date());
END
$$;

-- Takes out of a load what is known by a tombstone: it stays as an INVALID event (person_erased) of which nothing is kept. For the load, in
-- its turn: whatever was erased until then is seen. All events come this way: late ones, repetitions, imports, those that wait.
CREATE OR REPLACE FUNCTION business.refuse_erased(p_batch_ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_tenants constant bytea[] := ARRAY(
        SELECT b.tenant_hk FROM (SELECT DISTINCT b.tenant_hk FROM raw.ingest_batch b WHERE b.batch_id = ANY (p_batch_ids)) b
        WHERE EXISTS (SELECT FROM auth.tombstone t WHERE t.tenant_hk = b.tenant_hk));
    v_erased bigint[];
BEGIN
    IF cardinality(v_tenants) = 0 THEN
        RETURN;
    END IF;
    WITH said AS MATERIALIZED (
        SELECT r.tenant_hk, r.raw_event_id, i.kind, i.id
        FROM raw.events_of(p_batch_ids) r CROSS JOIN LATERAL raw.ids_of(r) i
        WHERE r.tenant_hk = ANY (v_tenants)
    ), erased AS (
        SELECT d.tenant_hk, d.kind, d.id
        FROM (SELECT DISTINCT s.tenant_hk, s.kind, s.id FROM said s) d
        JOIN auth.erasure_secret k USING (tenant_hk)
        WHERE EXISTS (SELECT FROM auth.tombstone t WHERE t.tenant_hk = d.tenant_hk AND t.mark = auth.erasure_mark(k.secret, d.kind, d.id))
    )
    SELECT array_agg(DISTINCT s.raw_event_id) INTO v_erased FROM said s JOIN erased e USING (tenant_hk, kind, id);
    IF v_erased IS NOT NULL THEN
        PERFORM business.empty_events(v_erased, '{person_erased}');
        DELETE FROM pg_temp.fresh_event f WHERE f.raw_event_id = ANY (v_erased);
    END IF;
END
$$;

-- The last step of a person's deletion: their raw events go, and their batches count as if these had never been in them.
CREATE OR REPLACE FUNCTION business.delete_person(p_tenant_hk bytea) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM staging.forget_events(ARRAY(SELECT p.raw_event_id FROM pg_temp.person_raw p));
    DELETE FROM staging.site_events_staging s USING pg_temp.person_raw p
    WHERE s.raw_event_id = p.raw_event_id AND s.received_timestamp = p.received_timestamp;
    DELETE FROM raw.left_out o USING pg_temp.person_raw p WHERE o.raw_event_id = p.raw_event_id;
    DELETE FROM raw.site_tracking_events_r r USING pg_temp.person_raw p
    WHERE r.raw_event_id = p.raw_event_id AND r.received_timestamp = p.received_timestamp;
    -- of what has gone from staging and was not loaded nobody knows whether it was a repetition or refused: a repetition, as most are
    UPDATE raw.ingest_batch b
    SET event_count = b.event_count - g.events, loaded_count = b.loaded_count - g.loaded, invalid_count = b.invalid_count - g.invalid,
        duplicate_count = b.duplicate_count - (g.events - g.loaded - g.invalid)
    FROM (
        SELECT p.batch_id, count(*) AS events, count(p.load_date) AS loaded, count(p.errors) AS invalid
        FROM pg_temp.person_raw p GROUP BY p.batch_id
    ) g
    WHERE b.batch_id = g.batch_id;
    DELETE FROM raw.ingest_batch b USING pg_temp.person_raw p WHERE b.batch_id = p.batch_id AND b.event_count = 0;
    PERFORM business.date_hubs(p_tenant_hk);
END
$$;

-- Says of pages and items that a removed event had brought and that others have met since when those did: as a rebuild without it would.
CREATE OR REPLACE FUNCTION business.date_hubs(p_tenant_hk bytea) RETURNS void
LANGUAGE sql AS $$
    UPDATE business.site_page_h h SET load_date = o.load_date, record_source = o.record_source
    FROM pg_temp.touched_key t
    CROSS JOIN LATERAL (
        SELECT l.load_date, l.record_source FROM business.event_page_l l WHERE l.site_page_hk = t.hash_key
        ORDER BY l.load_date, l.record_source LIMIT 1
    ) o
    WHERE t.hub = 'site_page' AND h.site_page_hk = t.hash_key AND h.tenant_hk = p_tenant_hk
      AND NOT EXISTS (
          SELECT FROM business.event_page_l l
          WHERE l.site_page_hk = t.hash_key AND l.load_date = h.load_date AND l.record_source = h.record_source);
    UPDATE business.business_item_h h SET load_date = o.load_date, record_source = o.record_source
    FROM pg_temp.touched_key t
    CROSS JOIN LATERAL (
        SELECT l.load_date, l.record_source FROM business.event_business_item_l l WHERE l.business_item_hk = t.hash_key
        ORDER BY l.load_date, l.record_source LIMIT 1
    ) o
    WHERE t.hub = 'business_item' AND h.business_item_hk = t.hash_key AND h.tenant_hk = p_tenant_hk
      AND NOT EXISTS (
          SELECT FROM business.event_business_item_l l
          WHERE l.business_item_hk = t.hash_key AND l.load_date = h.load_date AND l.record_source = h.record_source)
$$;
