-- A person is forgotten: what leads to them goes from what was sent, and what is left is loaded once more.

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
