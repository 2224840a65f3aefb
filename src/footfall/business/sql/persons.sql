-- A person in the store: found by what leads to them, forgotten or deleted, and kept from coming back.

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

-- Lays out in pg_temp.person_… whoever is known by this id: p_kind session, visitor, user, or event (an event's business key).
-- Sessions lead to their visitors and visitors to their sessions, until nothing is new; a user id only to the sessions it was in.
-- Raises person_too_large: an id that more than p_most sessions share is nobody's.
CREATE OR REPLACE FUNCTION business.gather_person(p_tenant_hk bytea, p_kind text, p_id text, p_most integer) RETURNS void
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE
    v_tenant_id constant text := (SELECT h.tenant_bk FROM auth.tenant_h h WHERE h.tenant_hk = p_tenant_hk);
    v_key constant bytea := business.key_of(v_tenant_id, p_id);
    v_staged_since constant timestamptz := coalesce(
        (SELECT k.kept_since FROM raw.kept_since k WHERE k.tenant_hk = p_tenant_hk AND k.layer = 'staging'), '-infinity');
    v_sessions bigint := -1;
    v_visitors bigint := -1;
    v_found bigint;
BEGIN
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
        WHERE s.tenant_hk = p_tenant_hk AND s.user_id = p_id AND s.site_session_hk IS NOT NULL;
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
    ) a(r)
    CROSS JOIN LATERAL (SELECT (a.r).*) r
    WHERE r.tenant_hk = p_tenant_hk
      AND EXISTS (SELECT FROM raw.ids_of(a.r) i JOIN pg_temp.person_id p USING (kind, id))
    ON CONFLICT DO NOTHING;
    -- what was refused, and is in staging alone
    INSERT INTO pg_temp.person_raw (raw_event_id, received_timestamp, batch_id)
    SELECT s.raw_event_id, s.received_timestamp, s.batch_id
    FROM staging.site_events_staging s
    WHERE s.tenant_hk = p_tenant_hk AND s.validation_status = 'INVALID'
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
    ANALYZE pg_temp.person_raw;
END
$$;

-- Writes tombstones of all that pg_temp.person_id says; returns how many are new. Of user ids only the one that was asked for is in it:
-- others that were met in the same browser may be other people's.
CREATE OR REPLACE FUNCTION business.bury_person(p_tenant_hk bytea, p_erasure_id bigint) RETURNS bigint
LANGUAGE sql AS $$
    WITH buried AS (
        INSERT INTO auth.tombstone (tenant_hk, mark, erasure_id)
        SELECT p_tenant_hk, auth.erasure_mark(s.secret, p.kind, p.id), p_erasure_id
        FROM (SELECT auth.erasure_secret_of(p_tenant_hk) AS secret OFFSET 0) s CROSS JOIN pg_temp.person_id p
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT count(*) FROM buried
$$;

-- Forgets under which ids and times these raw events were known (staging.event_identity): all that leads to an event by its id.
CREATE OR REPLACE FUNCTION staging.forget_events(p_raw_event_ids bigint[]) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM staging.event_identity f
    USING (
        SELECT DISTINCT staging.identity_of(r.tenant_id, i.name) AS identity
        FROM unnest(p_raw_event_ids) AS e(raw_event_id)
        CROSS JOIN LATERAL (SELECT r.* FROM raw.site_tracking_events_r r WHERE r.raw_event_id = e.raw_event_id OFFSET 0) r
        CROSS JOIN LATERAL (VALUES
            (staging.usable_id(r.raw_payload ->> 'event_id')), (' view ' || staging.usable_id(r.raw_payload ->> 'page_view_id')),
            (CASE WHEN jsonb_typeof(r.raw_payload) = 'object' THEN 'payload ' || encode(util.hash_binary(
                (r.raw_payload - ARRAY['sent_at', 'retry', 'client_ip', 'user_agent'])::text), 'hex') END)) AS i(name)
        WHERE i.name IS NOT NULL
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
    SET raw_payload = '{}', client_ip = NULL, visitor_id = NULL, visitor_ip_hash = NULL, user_agent = NULL, client_hints = NULL
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

-- Of a query what tells pages apart and what campaigns are told by; of a click id only that there was one.
CREATE OR REPLACE FUNCTION staging.impersonal_query(p_query text, p_keys text[]) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT string_agg(CASE WHEN w.means = 'click_id' THEN split_part(q.pair, '=', 1) || '=1' ELSE q.pair END, '&' ORDER BY q.position)
    FROM string_to_table(replace(p_query, '&amp;', '&'), '&') WITH ORDINALITY AS q(pair, position)
    LEFT JOIN ref.parameter w ON w.parameter = lower(split_part(q.pair, '=', 1) COLLATE "C") AND w.means <> 'hidden'
    WHERE strpos(q.pair, '=') > 0
      AND (w.parameter IS NOT NULL
           OR split_part(staging.canonical_escapes(replace(q.pair, '+', '%20')), '=', 1) = ANY (p_keys))
$$;

-- The address of a page without what of it says nothing about the page.
CREATE OR REPLACE FUNCTION staging.impersonal_url(p_url text, p_keys text[], p_has_page_hash boolean) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT u.bare || coalesce('?' || staging.impersonal_query(u.query, p_keys), '')
           || coalesce('#' || nullif(CASE WHEN p_has_page_hash OR u.route ~ '^!?/' THEN u.route ELSE '' END
                                     || coalesce('?' || staging.impersonal_query(u.route_query, p_keys), ''), ''), '')
    FROM (
        SELECT substring(p_url FROM '^[^?#]*') AS bare, substring(p_url FROM '^[^?#]*[?]([^#]*)') AS query,
               CASE WHEN f.fragment LIKE '%?%' OR f.fragment NOT LIKE '%=%' THEN split_part(f.fragment, '?', 1) ELSE '' END AS route,
               CASE WHEN f.fragment LIKE '%?%' THEN substr(f.fragment, strpos(f.fragment, '?') + 1)
                    WHEN f.fragment LIKE '%=%' THEN f.fragment END AS route_query
        FROM (SELECT substring(p_url FROM '#(.*)$') AS fragment) f
    ) u
$$;

-- Whom a visit came from: the referrer's host, and of its path what sources are told apart by.
CREATE OR REPLACE FUNCTION staging.impersonal_referrer(p_url text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT substring(btrim(p_url) FROM '^[^/?#]*//[^/?#]*') || coalesce(nullif(o.path, ''), '/')
    FROM (SELECT staging.url_parts(btrim(p_url)) AS part) p
    LEFT JOIN LATERAL (
        SELECT o.path FROM ref.origin o WHERE o.host = staging.origin_host(p.part) AND starts_with(coalesce(p.part[4], '/'), o.path)
        ORDER BY length(o.path) DESC LIMIT 1
    ) o ON true
    WHERE p.part[2] IS NOT NULL
$$;

-- The keys of a payload that figures are counted by, and that a forgotten person's events keep; what leads to somebody or is free text is
-- not among them: that is replaced, cut or gone (business.forget_person).
CREATE OR REPLACE FUNCTION raw.counted_keys() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['evt_type', 'evt_category', 'evt_action', 'evt_label', 'evt_value', 'currency', 'page_hash', 'item_id', 'item_type',
             'item_name', 'item_category', 'item_value', 'funnel', 'scroll_depth', 'time_on_page', 'click_x', 'click_y', 'timezone',
             'language', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term', 'utm_id'];

-- Takes the identity out of a person's raw events: each key that leads to them becomes a random one, the same for the same key, so that what
-- was counted once is counted once; the browser becomes what it was judged to be (footfall.judgement.agents reads it); free texts go.
-- What was refused keeps its reasons and nothing else. business.reload_person loads them again. After business.remove_events.
CREATE OR REPLACE FUNCTION business.forget_person(p_tenant_hk bytea) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_loaded constant bigint[] := ARRAY(SELECT p.raw_event_id FROM pg_temp.person_raw p WHERE p.event_hk IS NOT NULL);
    v_keys constant text[] := (SELECT t.page_query_keys FROM auth.tenant_v t WHERE t.tenant_hk = p_tenant_hk);
    v_errors text[];
BEGIN
    -- what cannot be told from others any more, as staging has it no longer, is not counted as a repetition but as refused
    UPDATE raw.ingest_batch b
    SET duplicate_count = b.duplicate_count - g.events, invalid_count = b.invalid_count + g.events
    FROM (
        SELECT p.batch_id, count(*) AS events FROM pg_temp.person_raw p
        WHERE p.event_hk IS NULL AND p.errors IS NULL AND NOT p.is_staged GROUP BY p.batch_id
    ) g
    WHERE b.batch_id = g.batch_id AND b.processing_status = 'PROCESSED';
    FOR v_errors IN
        SELECT DISTINCT coalesce(p.errors, '{person_erased}') FROM pg_temp.person_raw p WHERE p.event_hk IS NULL
    LOOP
        PERFORM business.empty_events(ARRAY(
            SELECT p.raw_event_id FROM pg_temp.person_raw p
            WHERE p.event_hk IS NULL AND coalesce(p.errors, '{person_erased}') = v_errors), v_errors);
    END LOOP;

    PERFORM staging.forget_events(v_loaded);
    DROP TABLE IF EXISTS pg_temp.forgotten;
    CREATE TEMP TABLE forgotten ON COMMIT DROP AS
    SELECT r.raw_event_id, r.received_timestamp, r.raw_payload AS payload, r.visitor_id, r.user_agent,
           -- what a trusted sender restates has the same id, and another time
           coalesce(s.restates_hk, p.event_hk) AS event_hk,
           coalesce(s.event_timestamp, p.moment) AS moment,
           coalesce(s.device_info, '{}') AS device, s.traffic_class, s.page_url, r.client_hints, a.*
    FROM pg_temp.person_raw p
    CROSS JOIN LATERAL (
        SELECT r.* FROM raw.site_tracking_events_r r
        WHERE r.raw_event_id = p.raw_event_id AND r.received_timestamp = p.received_timestamp OFFSET 0
    ) r
    LEFT JOIN LATERAL (
        SELECT s.* FROM staging.site_events_staging s
        WHERE s.raw_event_id = p.raw_event_id AND s.received_timestamp = p.received_timestamp ORDER BY s.attempt DESC LIMIT 1
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_strip_nulls(to_jsonb(a) - '{user_agent_hash,parser_version}'::text[]) AS judged, a.parser_version
        FROM ref.user_agent a WHERE a.user_agent_hash = staging.agent_key(r.user_agent, r.client_hints)
    ) a ON true
    WHERE p.event_hk IS NOT NULL;

    DROP TABLE IF EXISTS pg_temp.pseudonym;
    CREATE TEMP TABLE pseudonym ON COMMIT DROP AS
    SELECT n.name, replace(gen_random_uuid()::text, '-', '') AS instead
    FROM (
        SELECT encode(f.event_hk, 'hex') AS name FROM pg_temp.forgotten f
        UNION
        SELECT i.name FROM pg_temp.forgotten f
        CROSS JOIN LATERAL (VALUES
            ('session ' || staging.usable_id(f.payload ->> 'session_id')), ('visitor ' || staging.usable_id(f.payload ->> 'visitor_id')),
            ('visitor ' || f.visitor_id), ('order ' || staging.usable_id(f.payload ->> 'transaction_id'))) AS i(name)
    ) n
    WHERE n.name IS NOT NULL;

    UPDATE raw.site_tracking_events_r r
    SET client_ip = NULL, visitor_ip_hash = NULL, client_hints = NULL, visitor_id = o.visitor_id, raw_payload = o.payload,
        user_agent = CASE WHEN o.device <> '{}' THEN 'forgotten ' || o.device::text END
    FROM (
        SELECT f.raw_event_id, f.received_timestamp, v.instead AS visitor_id,
               CASE WHEN f.traffic_class IS NOT NULL THEN
                        CASE WHEN f.user_agent IS NOT NULL OR f.device ?| '{device_type,browser_name}' THEN jsonb_strip_nulls(jsonb_build_object(
                            'device_type', f.device ->> 'device_type', 'browser_name', f.device ->> 'browser_name',
                            'browser_version', f.device ->> 'browser_version', 'operating_system', f.device ->> 'operating_system',
                            'operating_system_version', f.device ->> 'operating_system_version', 'traffic_class', f.traffic_class,
                            'bot_kind', f.device ->> 'bot_kind', 'bot_name', f.device ->> 'bot_name')) ELSE '{}' END
                    ELSE coalesce(f.judged, '{}') END AS device,
               coalesce((SELECT jsonb_object_agg(k.key, k.value) FROM jsonb_each(
                             CASE WHEN jsonb_typeof(f.payload) = 'object' THEN f.payload ELSE '{}' END) k
                         WHERE k.key = ANY (raw.counted_keys()) AND jsonb_typeof(k.value) IN ('string', 'number', 'boolean')
                           AND CASE WHEN k.key IN ('evt_value', 'item_value', 'scroll_depth', 'time_on_page', 'click_x', 'click_y')
                                    THEN staging.number_of(btrim(k.value #>> '{}')) IS NOT NULL
                                    WHEN k.key = 'page_hash' THEN k.value #>> '{}' IN ('true', '1') ELSE true END), '{}')
               || jsonb_strip_nulls(jsonb_build_object(
                   'event_id', e.instead, 'event_timestamp', util.canonical(f.moment), 'session_id', s.instead, 'visitor_id', c.instead,
                   'transaction_id', t.instead, 'page_referrer', staging.impersonal_referrer(f.payload ->> 'page_referrer'),
                   'page_url', staging.impersonal_url(f.payload ->> 'page_url', v_keys, f.payload ->> 'page_hash' IN ('true', '1')))) AS payload
        FROM pg_temp.forgotten f
        LEFT JOIN pg_temp.pseudonym e ON e.name = encode(f.event_hk, 'hex')
        LEFT JOIN pg_temp.pseudonym s ON s.name = 'session ' || staging.usable_id(f.payload ->> 'session_id')
        LEFT JOIN pg_temp.pseudonym c ON c.name = 'visitor ' || staging.usable_id(f.payload ->> 'visitor_id')
        LEFT JOIN pg_temp.pseudonym v ON v.name = 'visitor ' || f.visitor_id
        LEFT JOIN pg_temp.pseudonym t ON t.name = 'order ' || staging.usable_id(f.payload ->> 'transaction_id')
    ) o
    WHERE r.raw_event_id = o.raw_event_id AND r.received_timestamp = o.received_timestamp;
    -- what a tenant's own rules made of browser and address they make of what stands in their place
    INSERT INTO ref.rule_match (tenant_hk, version, input, input_hash, rule, traffic_class, bot_kind, bot_name, browser_name,
        browser_version, operating_system, operating_system_version, source, channel, channel_name)
    SELECT m.tenant_hk, m.version, m.input, o.becomes, m.rule, m.traffic_class, m.bot_kind, m.bot_name, m.browser_name,
           m.browser_version, m.operating_system, m.operating_system_version, m.source, m.channel, m.channel_name
    FROM (
        SELECT DISTINCT i.input, i.was, i.becomes
        FROM pg_temp.forgotten f
        CROSS JOIN LATERAL (
            SELECT r.* FROM raw.site_tracking_events_r r
            WHERE r.raw_event_id = f.raw_event_id AND r.received_timestamp = f.received_timestamp OFFSET 0
        ) r
        CROSS JOIN LATERAL (VALUES
            ('agent', util.hash_binary(f.user_agent), util.hash_binary(r.user_agent)),
            ('device', staging.agent_key(f.user_agent, f.client_hints), staging.agent_key(r.user_agent, NULL)),
            ('landing', util.hash_binary(f.page_url), util.hash_binary(left(r.raw_payload ->> 'page_url', 2000)))) AS i(input, was, becomes)
        WHERE i.was <> i.becomes
    ) o
    JOIN ref.rule_match m ON m.tenant_hk = p_tenant_hk AND m.input = o.input AND m.input_hash = o.was
    ON CONFLICT DO NOTHING;
    DELETE FROM staging.site_events_staging s USING pg_temp.forgotten f
    WHERE s.raw_event_id = f.raw_event_id AND s.received_timestamp = f.received_timestamp;
    DROP TABLE pg_temp.forgotten, pg_temp.pseudonym;
END
$$;

-- Loads a forgotten person's events again, each under the load date under which it was loaded before; and judges them again whenever a
-- tenant's own rules judged what was stored: as a rebuild of the store would.
CREATE OR REPLACE FUNCTION business.reload_person(p_tenant_hk bytea) RETURNS void
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE
    v_step record;
    v_anew bytea[];
    v_sessions bytea[] := '{}';
    v_judged bytea[];
BEGIN
    FOR v_step IN
        SELECT l.load_date, array_agg(DISTINCT p.batch_id) AS batch_ids, array_agg(p.raw_event_id) AS raw_event_ids,
               NULL::bytea AS after, NULL::bytea AS until
        FROM pg_temp.person_raw p
        JOIN raw.ingest_batch b USING (batch_id)
        CROSS JOIN LATERAL (SELECT coalesce(p.load_date, b.former_load_dates[1], b.load_date) AS load_date) l
        WHERE p.event_hk IS NOT NULL
        GROUP BY l.load_date
        UNION ALL
        SELECT l.load_date, NULL, NULL, decode(l.asked ->> 'after', 'hex'), decode(l.asked ->> 'until', 'hex')
        FROM raw.load_batch l
        WHERE l.job = 'rules' AND l.asked ->> 'tenant' = encode(p_tenant_hk, 'hex') AND l.asked ? 'until'
        ORDER BY load_date
    LOOP
        IF v_step.until IS NULL THEN
            PERFORM staging.validate_and_enrich(v_step.batch_ids, v_step.raw_event_ids);
            PERFORM business.gather_events(v_step.batch_ids);
            DELETE FROM pg_temp.fresh_event f WHERE f.raw_event_id <> ALL (v_step.raw_event_ids);
            PERFORM l.inserted FROM business.load_vault(v_step.load_date) l;
            v_anew := business.touch_sessions(v_step.load_date);
            PERFORM l.inserted FROM business.load_earliest(v_step.load_date) l;
            PERFORM business.join_sessions(v_step.load_date, v_anew);
            PERFORM business.supersede(v_step.load_date);
            v_sessions := v_sessions || ARRAY(SELECT DISTINCT f.site_session_hk FROM pg_temp.fresh_event f);
        ELSE
            v_judged := business.judge_visits(ARRAY(
                SELECT DISTINCT w.root_session_hk FROM business.site_session_w w
                WHERE w.site_session_hk = ANY (v_sessions) AND w.root_session_hk > v_step.after AND w.root_session_hk <= v_step.until),
                v_step.load_date);
            IF cardinality(v_judged) > 0 THEN
                PERFORM business.align_classes(v_judged);
                PERFORM business.empty_fresh_bridge();
                PERFORM business.store_marts(v_step.load_date, NULL, NULL, v_judged);
            END IF;
        END IF;
    END LOOP;
END
$$;

-- Lays out in place of the person who stands there now: nobody after a deletion, somebody whom nobody knows after a forgetting.
CREATE OR REPLACE FUNCTION business.renew_person() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM pg_temp.person_session;
    DELETE FROM pg_temp.person_visitor;
    DELETE FROM pg_temp.person_event;
    INSERT INTO pg_temp.person_event
    SELECT s.site_event_hk FROM pg_temp.person_raw p JOIN staging.site_events_staging s USING (raw_event_id, received_timestamp)
    WHERE s.site_event_hk IS NOT NULL ON CONFLICT DO NOTHING;
    INSERT INTO pg_temp.person_session
    SELECT s.site_session_hk FROM pg_temp.person_raw p JOIN staging.site_events_staging s USING (raw_event_id, received_timestamp)
    WHERE s.site_session_hk IS NOT NULL ON CONFLICT DO NOTHING;
    INSERT INTO pg_temp.person_visitor
    SELECT s.site_visitor_hk FROM pg_temp.person_raw p JOIN staging.site_events_staging s USING (raw_event_id, received_timestamp)
    WHERE s.site_visitor_hk IS NOT NULL ON CONFLICT DO NOTHING;
END
$$;
