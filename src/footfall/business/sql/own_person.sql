-- What is done with a person of one tenant, for who may do it to no other: its owners over HTTP, and commands. All of these act with the
-- worker's rights on the session's tenant (app.tenant_hk) and run no SQL but what business/reach.py lists. Nobody but the worker may make
-- temporary tables (util.close_catalog): those in which a person is laid out are out of the callers' reach.

-- Where a person is held, as business/reach.py has it: which rows of a table, as t, are theirs; and which would still lead to them after
-- an erasure.
CREATE OR REPLACE FUNCTION business.reach() RETURNS TABLE (place integer, relation text, is_theirs text, is_left text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM (VALUES
{{reach}}
    ) AS r
$$;

-- Lays out whoever of the tenant is known by one of these ids, the first that leads to somebody; returns whether there is one.
-- p_is_to_change: loads and upkeep wait, and nothing is added to the person meanwhile.
CREATE OR REPLACE FUNCTION business.gather_own_person(p_kinds text[], p_ids text[], p_most integer, p_is_to_change boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_id record;
BEGIN
    IF p_is_to_change THEN
        PERFORM util.take_turn('sessions');
        PERFORM util.take_turn('site_visitor_details');
        PERFORM util.take_turn('site_page_details');
        PERFORM util.take_turn('business_item_details');
        PERFORM util.take_turn('rollups');
        PERFORM util.take_turn('load');
    END IF;
    FOR v_id IN
        SELECT i.kind, i.id FROM unnest(p_kinds, p_ids) WITH ORDINALITY AS i(kind, id, place) ORDER BY i.place
    LOOP
        PERFORM business.gather_person(util.current_tenant(), v_id.kind, v_id.id, p_most);
        IF EXISTS (SELECT FROM pg_temp.person_raw) OR EXISTS (SELECT FROM pg_temp.person_session) THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$$;

-- How many rows of each table are the laid out person's, those without any left out. p_is_left: rows that would still lead to them.
CREATE OR REPLACE FUNCTION business.count_own_person(p_is_left boolean) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_part record;
    v_rows bigint;
    v_counts jsonb := '{}';
BEGIN
    FOR v_part IN SELECT r.* FROM business.reach() r LOOP
        EXECUTE format('SELECT count(*) FROM %s t WHERE %s', v_part.relation,
                       CASE WHEN p_is_left THEN v_part.is_left ELSE v_part.is_theirs END) INTO v_rows;
        IF v_rows > 0 THEN
            v_counts := v_counts || jsonb_build_object(v_part.relation, v_rows);
        END IF;
    END LOOP;
    RETURN v_counts;
END
$$;

-- The laid out person: what they are known by, user ids that were met in their sessions, how many events and rows.
CREATE OR REPLACE FUNCTION business.tell_own_person() RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT jsonb_build_object(
        'visitors', (SELECT jsonb_agg(p.id ORDER BY p.id) FROM pg_temp.person_id p WHERE p.kind = 'visitor'),
        'sessions', (SELECT jsonb_agg(p.id ORDER BY p.id) FROM pg_temp.person_id p WHERE p.kind = 'session'),
        'users', (
            SELECT jsonb_agg(u.user_id ORDER BY u.user_id) FROM (
                SELECT c.user_id FROM pg_temp.person_session p JOIN business.site_session_context_s c USING (site_session_hk)
                WHERE c.user_id IS NOT NULL
                UNION
                SELECT s.user_id FROM pg_temp.person_raw p
                JOIN staging.site_events_staging s USING (raw_event_id, received_timestamp)
                WHERE s.user_id IS NOT NULL) u),
        'events', (SELECT count(*) FROM pg_temp.person_event),
        'counts', business.count_own_person(false))
$$;

-- The laid out person's rows of a table of business.reach; of any other none.
CREATE OR REPLACE FUNCTION business.rows_of_own_person(p_relation text) RETURNS SETOF jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_part record;
BEGIN
    FOR v_part IN SELECT r.* FROM business.reach() r WHERE r.relation = p_relation LOOP
        RETURN QUERY EXECUTE format('SELECT to_jsonb(t) FROM %s t WHERE %s ORDER BY t', v_part.relation, v_part.is_theirs);
    END LOOP;
END
$$;

-- HMAC-SHA-256 of the laid out person's rows of all tables, by a secret of 128 bytes as auth.erasure_mark: the order of rows says nothing.
CREATE OR REPLACE FUNCTION business.digest_person(p_secret bytea) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    v_part record;
    v_rows bytea;
    v_whole bytea := '';
BEGIN
    FOR v_part IN SELECT r.* FROM business.reach() r ORDER BY r.place LOOP
        EXECUTE format($query$
            SELECT string_agg(d.digest, ''::bytea ORDER BY d.digest)
            FROM (SELECT sha256(convert_to(to_jsonb(t)::text, 'UTF8')) AS digest FROM %s t WHERE %s) d
            $query$, v_part.relation, v_part.is_theirs) INTO v_rows;
        v_whole := v_whole || convert_to(v_part.relation, 'UTF8') || coalesce(v_rows, '');
    END LOOP;
    RETURN sha256(substr(p_secret, 65) || sha256(substr(p_secret, 1, 64) || v_whole));
END
$$;

-- Hosts and campaigns of the laid out person's batches that nobody has judged: after new lists those of old events are. What they are
-- judged to be, judge_own_origins is told.
CREATE OR REPLACE FUNCTION business.unjudged_own_origins() RETURNS TABLE (
    host text, campaign_hash bytea, utm_source text, utm_medium text, utm_campaign text, ref text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM staging.gather_addresses(ARRAY(SELECT DISTINCT p.batch_id FROM pg_temp.person_raw p WHERE p.event_hk IS NOT NULL ORDER BY 1));
    RETURN QUERY
    SELECT h.host, NULL::bytea, NULL, NULL, NULL, NULL
    FROM (SELECT p.host FROM pg_temp.page_address p UNION SELECT r.host FROM pg_temp.referrer_address r) h
    WHERE length(h.host) <= 253 AND NOT EXISTS (SELECT FROM ref.origin o WHERE o.host = h.host AND o.path = '')
    UNION ALL
    SELECT NULL, c.campaign_hash, c.utm_source, c.utm_medium, c.utm_campaign, c.ref
    FROM pg_temp.campaign c
    WHERE NOT EXISTS (SELECT FROM ref.campaign k WHERE k.campaign_hash = c.campaign_hash);
END
$$;

-- Keeps what hosts and campaigns of business.unjudged_own_origins were judged to be; of others, and of what is judged, nothing.
CREATE OR REPLACE FUNCTION business.judge_own_origins(p_origins ref.origin[], p_campaigns ref.campaign[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO ref.origin
    SELECT o.* FROM unnest(p_origins) o
    WHERE o.host IN (SELECT u.host FROM business.unjudged_own_origins() u)
    ON CONFLICT DO NOTHING;
    INSERT INTO ref.campaign
    SELECT c.* FROM unnest(p_campaigns) c
    WHERE c.campaign_hash IN (SELECT u.campaign_hash FROM business.unjudged_own_origins() u)
    ON CONFLICT DO NOTHING;
$$;

-- Keeps of the agents that business.forget_person has written what they say of themselves. footfall.judgement.agents reads them alike,
-- and does when they come again: as in a rebuild.
CREATE OR REPLACE FUNCTION business.judge_forgotten() RETURNS void
LANGUAGE sql AS $$
    INSERT INTO ref.user_agent (user_agent_hash, device_type, browser_name, browser_version, operating_system, operating_system_version,
                                traffic_class, bot_kind, bot_name, parser_version)
    SELECT DISTINCT staging.agent_key(r.user_agent, r.client_hints), d.device ->> 'device_type', d.device ->> 'browser_name',
           d.device ->> 'browser_version', d.device ->> 'operating_system', d.device ->> 'operating_system_version',
           coalesce(d.device ->> 'traffic_class', 'human'), d.device ->> 'bot_kind', d.device ->> 'bot_name', 'forgotten'
    FROM pg_temp.person_raw p
    CROSS JOIN LATERAL (
        SELECT r.* FROM raw.site_tracking_events_r r
        WHERE r.raw_event_id = p.raw_event_id AND r.received_timestamp = p.received_timestamp OFFSET 0
    ) r
    CROSS JOIN LATERAL (SELECT substr(r.user_agent, length('forgotten ') + 1)::jsonb AS device) d
    WHERE p.event_hk IS NOT NULL AND starts_with(r.user_agent, 'forgotten {')
    ON CONFLICT DO NOTHING
$$;

-- How many of the laid out person's events retention has removed from raw, and how many of their visits have lost their events: they cannot
-- be loaded again.
CREATE OR REPLACE FUNCTION business.own_events_gone_from_raw() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT (
        SELECT count(*)
        FROM pg_temp.person_event p
        WHERE NOT EXISTS (
            SELECT FROM pg_temp.person_raw o
            JOIN raw.site_tracking_events_r r ON r.raw_event_id = o.raw_event_id AND r.received_timestamp = o.received_timestamp
            WHERE o.event_hk = p.site_event_hk AND o.load_date IS NOT NULL)
    ) + (SELECT count(*) FROM pg_temp.person_session p JOIN business.site_session_w w USING (site_session_hk) WHERE w.is_retired)
$$;

-- Removes what is left of the laid out person's visits whose events have gone: all that the vault, the marts and the work tables have of them.
-- The figures of their days stay: nobody can be read in them, and nothing is there to count them again.
CREATE OR REPLACE FUNCTION business.remove_retired() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_part record;
BEGIN
    IF EXISTS (SELECT FROM pg_temp.person_session p JOIN business.site_session_w w USING (site_session_hk) WHERE w.is_retired) THEN
        FOR v_part IN SELECT r.* FROM business.reach() r WHERE starts_with(r.relation, 'business.') LOOP
            EXECUTE format('DELETE FROM %s t WHERE %s', v_part.relation, v_part.is_theirs);
        END LOOP;
    END IF;
END
$$;

-- What the laid out person said of pages and items: titles, descriptions, metadata. To be asked before their events go; for
-- business.remove_told.
CREATE OR REPLACE FUNCTION business.told_by_person() RETURNS jsonb
LANGUAGE sql AS $$
    SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('hub', t.hub, 'key', encode(t.hash_key, 'hex'), 'said', t.said)), '[]')
    FROM pg_temp.person_event p
    CROSS JOIN LATERAL (
        SELECT d.page_title, d.business_item_info FROM business.site_event_details_s d WHERE d.site_event_hk = p.site_event_hk LIMIT 1
    ) d
    CROSS JOIN LATERAL (
        SELECT 'page' AS hub, l.site_page_hk AS hash_key, to_jsonb(d.page_title::text) AS said FROM business.event_page_l l
        WHERE l.site_event_hk = p.site_event_hk
          AND l.link_event_page_hk BETWEEN substr(p.site_event_hk, 1, 6) AND util.last_key_of(p.site_event_hk)
        UNION ALL
        SELECT 'item', l.business_item_hk, i.said
        FROM business.event_business_item_l l
        CROSS JOIN LATERAL (VALUES (d.business_item_info -> 'item_description'), (d.business_item_info -> 'item_metadata')) AS i(said)
        WHERE l.site_event_hk = p.site_event_hk
          AND l.link_event_business_item_hk BETWEEN substr(p.site_event_hk, 1, 6) AND util.last_key_of(p.site_event_hk)
        OFFSET 0
    ) t
    WHERE t.said IS NOT NULL
$$;

-- Removes snapshots of pages and items that say what an erased person (business.told_by_person) alone said of them. What they had then is told by
-- the snapshots before; what they have now is due. After the person's events have gone.
CREATE OR REPLACE FUNCTION business.remove_told(p_told jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_pages bytea[];
    v_items bytea[];
BEGIN
    WITH told AS MATERIALIZED (
        SELECT decode(t.key, 'hex') AS hash_key, t.said #>> '{}' AS title
        FROM jsonb_to_recordset(p_told) AS t(hub text, key text, said jsonb) WHERE t.hub = 'page'
    ), gone AS (
        DELETE FROM business.site_page_details_s s USING told t
        WHERE s.site_page_hk = t.hash_key AND s.page_title = t.title AND NOT EXISTS (
            SELECT FROM business.event_page_l l
            JOIN business.site_event_details_s d ON d.site_event_hk = l.site_event_hk AND d.page_title = t.title
            WHERE l.site_page_hk = t.hash_key)
        RETURNING s.site_page_hk
    )
    SELECT array_agg(DISTINCT g.site_page_hk) INTO v_pages FROM gone g;
    WITH told AS MATERIALIZED (
        SELECT decode(t.key, 'hex') AS hash_key, t.said
        FROM jsonb_to_recordset(p_told) AS t(hub text, key text, said jsonb) WHERE t.hub = 'item'
    ), gone AS (
        DELETE FROM business.business_item_details_s s USING told t
        WHERE s.business_item_hk = t.hash_key AND (s.business_metadata = t.said OR s.item_description = t.said #>> '{}') AND NOT EXISTS (
            SELECT FROM business.event_business_item_l l
            JOIN business.site_event_details_s d ON d.site_event_hk = l.site_event_hk
                AND t.said IN (d.business_item_info -> 'item_description', d.business_item_info -> 'item_metadata')
            WHERE l.business_item_hk = t.hash_key)
        RETURNING s.business_item_hk
    )
    SELECT array_agg(DISTINCT g.business_item_hk) INTO v_items FROM gone g;

    -- each of those left ends where the next one begins, and says something else than the one before
    DELETE FROM business.site_page_details_s s
    USING (SELECT o.site_page_hk, o.load_date, o.hash_diff = lag(o.hash_diff) OVER (PARTITION BY o.site_page_hk ORDER BY o.load_date) AS repeats
           FROM business.site_page_details_s o WHERE o.site_page_hk = ANY (v_pages)) o
    WHERE o.repeats AND s.site_page_hk = o.site_page_hk AND s.load_date = o.load_date;
    UPDATE business.site_page_details_s s SET load_end_date = o.successor
    FROM (SELECT o.site_page_hk, o.load_date, lead(o.load_date) OVER (PARTITION BY o.site_page_hk ORDER BY o.load_date) AS successor
          FROM business.site_page_details_s o WHERE o.site_page_hk = ANY (v_pages)) o
    WHERE s.site_page_hk = o.site_page_hk AND s.load_date = o.load_date AND s.load_end_date IS DISTINCT FROM o.successor;
    DELETE FROM business.business_item_details_s s
    USING (SELECT o.business_item_hk, o.load_date,
                  o.hash_diff = lag(o.hash_diff) OVER (PARTITION BY o.business_item_hk ORDER BY o.load_date) AS repeats
           FROM business.business_item_details_s o WHERE o.business_item_hk = ANY (v_items)) o
    WHERE o.repeats AND s.business_item_hk = o.business_item_hk AND s.load_date = o.load_date;
    UPDATE business.business_item_details_s s SET load_end_date = o.successor
    FROM (SELECT o.business_item_hk, o.load_date,
                 lead(o.load_date) OVER (PARTITION BY o.business_item_hk ORDER BY o.load_date) AS successor
          FROM business.business_item_details_s o WHERE o.business_item_hk = ANY (v_items)) o
    WHERE s.business_item_hk = o.business_item_hk AND s.load_date = o.load_date AND s.load_end_date IS DISTINCT FROM o.successor;
END
$$;

-- Erases whoever of the tenant is laid out (business.gather_own_person, to change them), in the mode forget or delete; returns the receipt.
-- Raises person_unknown: there is nothing of them; tenant_held: a legal hold keeps them; raw_gone: they can only be deleted.
CREATE OR REPLACE FUNCTION business.erase_own_person(p_mode text) RETURNS auth.erasure
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_tenant_hk constant bytea := util.current_tenant();
    v_counts constant jsonb := business.count_own_person(false);
    v_secret bytea;
    v_before bytea;
    v_number bigint;
    v_again bigint[];
    v_left jsonb;
    v_told jsonb;
BEGIN
    IF v_counts = '{}' THEN
        RAISE EXCEPTION 'person_unknown' USING ERRCODE = 'FF404';
    END IF;
    -- callers have said so in more words; whoever calls this past them is refused all the same
    IF EXISTS (SELECT FROM ref.legal_hold h WHERE h.tenant_hk = v_tenant_hk) THEN
        RAISE EXCEPTION 'tenant_held' USING ERRCODE = 'FF409';
    END IF;
    IF p_mode = 'forget' AND business.own_events_gone_from_raw() > 0 THEN
        RAISE EXCEPTION 'raw_gone' USING ERRCODE = 'FF409';
    END IF;
    v_secret := auth.erasure_secret_of(v_tenant_hk);
    v_before := business.digest_person(v_secret);
    v_number := (SELECT coalesce(max(e.erasure_id), 0) + 1 FROM auth.erasure e WHERE e.tenant_hk = v_tenant_hk);
    PERFORM business.bury_person(v_tenant_hk, v_number);
    v_told := business.told_by_person();
    IF p_mode = 'forget' THEN
        -- what staging has let go of is asked for, and made again
        v_again := business.stage_again(ARRAY(SELECT p.raw_event_id FROM pg_temp.person_raw p WHERE p.load_date IS NOT NULL));
    END IF;
    PERFORM business.remove_events(v_tenant_hk, ARRAY(SELECT p.site_event_hk FROM pg_temp.person_event p), 'erasure');
    IF p_mode = 'delete' THEN
        PERFORM business.remove_retired();
        PERFORM business.delete_person(v_tenant_hk);
    ELSE
        PERFORM business.forget_person(v_tenant_hk);
        PERFORM business.judge_forgotten();
        -- the addresses that were gathered are those of before
        IF to_regclass('pg_temp.gathered') IS NOT NULL THEN
            DELETE FROM pg_temp.gathered;
        END IF;
        PERFORM business.reload_person(v_tenant_hk);
    END IF;
    PERFORM business.remove_told(v_told);
    v_left := business.count_own_person(true);
    IF v_left <> '{}' THEN
        RAISE EXCEPTION 'an erasure left rows: %', v_left;
    END IF;
    PERFORM business.renew_person();
    PERFORM business.unstage(v_again);
    RETURN auth.write_receipt(v_tenant_hk, v_number, p_mode, v_counts, v_before, business.digest_person(v_secret));
END
$$;
