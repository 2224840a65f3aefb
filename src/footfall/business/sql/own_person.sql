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

-- How many of the laid out person's events retention has removed from raw: they cannot be loaded again.
CREATE OR REPLACE FUNCTION business.own_events_gone_from_raw() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT count(*)
    FROM pg_temp.person_event p
    WHERE NOT EXISTS (
        SELECT FROM pg_temp.person_raw o
        JOIN raw.site_tracking_events_r r ON r.raw_event_id = o.raw_event_id AND r.received_timestamp = o.received_timestamp
        WHERE o.event_hk = p.site_event_hk AND o.load_date IS NOT NULL)
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
    IF p_mode = 'forget' THEN
        -- what staging has let go of is asked for, and made again
        v_again := business.stage_again(ARRAY(SELECT p.raw_event_id FROM pg_temp.person_raw p WHERE p.load_date IS NOT NULL));
    END IF;
    PERFORM business.remove_events(v_tenant_hk, ARRAY(SELECT p.site_event_hk FROM pg_temp.person_event p), 'erasure');
    IF p_mode = 'delete' THEN
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
    v_left := business.count_own_person(true);
    IF v_left <> '{}' THEN
        RAISE EXCEPTION 'an erasure left rows: %', v_left;
    END IF;
    PERFORM business.renew_person();
    PERFORM business.unstage(v_again);
    RETURN auth.write_receipt(v_tenant_hk, v_number, p_mode, v_counts, v_before, business.digest_person(v_secret));
END
$$;
