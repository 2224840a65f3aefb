-- Judgements: what a tenant's own rules make of its visits and pages, over what the general rules made of them when they were loaded.
-- Who looks at each distinct input by the rules is footfall.judgement.rules, which keeps what they say of it in ref.rule_match: here it
-- is looked up. A judgement is a function of what is stored and of the rules in force at a load date; so a set that is taken back
-- leaves no trace in any answer, and whoever judges again at another time, or in another order, comes to the same.

-- The host that a referrer names, as rules and reports know it.
CREATE OR REPLACE FUNCTION business.referrer_host(p_url text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(staging.without_www(lower((staging.url_parts(p_url))[2] COLLATE "C")), 253);

-- The same with its path, as the general lists look at it.
CREATE OR REPLACE FUNCTION business.referrer_origin(p_url text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN staging.origin_host(staging.url_parts(p_url)) || coalesce((staging.url_parts(p_url))[4], '');

-- The path of a page, from its business key.
CREATE OR REPLACE FUNCTION business.page_path(p_page_bk text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(substr(p_page_bk, strpos(p_page_bk, '/')), '\?.*$', '');

-- What a tenant's rules in force at a load date make of these visits: of those that are not what their context says, or were not once.
--
-- What was loaded before a set that names the general lists was put in force is judged by those first: its agent, but for the kind of device,
-- which the site may have said, and its referrer where nothing else told where it came from.
--
-- Internal traffic is told by the address at which a visit begins, else by the network that its first event came from. It comes before the tenant's bots by agent, those before its bots by behaviour. A rule for campaigns goes before what the
-- general rules say; one for a referrer holds for visits without a campaign, as in those.
CREATE OR REPLACE FUNCTION business.site_session_judgement_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (site_session_hk bytea, tenant_hk bytea, traffic_class text, traffic_rule text, bot_kind text, bot_name text, source text,
               channel text, channel_name text, device_type text, browser_name text, browser_version text, operating_system text,
               operating_system_version text, country text, rule_set integer)
LANGUAGE sql STABLE AS $$
    SELECT c.site_session_hk, c.tenant_hk, t.traffic_class, t.rule,
           t.bot_kind, t.bot_name, coalesce(o.source, g.source, c.source), coalesce(o.channel, g.channel, c.channel),
           coalesce(o.channel_name, g.channel_name, c.channel_name), c.device_type, coalesce(l.browser_name, c.browser_name),
           coalesce(l.browser_version, c.browser_version), coalesce(l.operating_system, c.operating_system),
           coalesce(l.operating_system_version, c.operating_system_version),
           (SELECT z.country FROM ref.time_zone z WHERE z.time_zone = c.timezone), coalesce(r.version, 0)
    FROM unnest(p_keys) AS k(site_session_hk)
    CROSS JOIN LATERAL (
        SELECT c.* FROM business.site_session_context_s c
        WHERE c.site_session_hk = k.site_session_hk AND c.load_end_date IS NULL LIMIT 1
    ) c
    LEFT JOIN LATERAL (
        SELECT r.version, r.rules, r.lists IS NOT NULL AND c.load_date < r.lists_from AS by_lists, coalesce(c.entry_timestamp >= (r.rules ->> 'since')::date::timestamp AT TIME ZONE 'UTC', true) AS holds
        FROM ref.rule_set r
        WHERE r.tenant_hk = c.tenant_hk AND r.in_force_from <= p_as_of AND (r.in_force_until IS NULL OR r.in_force_until > p_as_of) LIMIT 1
    ) r ON true
    LEFT JOIN LATERAL (
        SELECT m.* FROM ref.rule_match m
        WHERE r.by_lists AND m.tenant_hk = c.tenant_hk AND m.version = r.version AND m.input = 'device'
          AND m.input_hash = staging.agent_key(c.user_agent, c.client_hints) LIMIT 1
    ) l ON true
    LEFT JOIN LATERAL (
        SELECT m.source, m.channel, m.channel_name FROM ref.rule_match m
        WHERE r.by_lists AND m.tenant_hk = c.tenant_hk AND m.version = r.version AND m.input = 'origin'
          AND m.input_hash = util.hash_binary(business.referrer_origin(c.referrer_url)) AND c.channel <> 'direct'
          AND num_nonnulls(c.utm_source, c.utm_medium, c.utm_campaign, c.utm_id, c.click_id) = 0
          -- an address may say who led to it in other words
          AND NOT EXISTS (SELECT FROM business.site_event_details_s d
                          WHERE d.site_event_hk = c.entry_event_hk AND strpos(d.page_url, 'ref=') > 0)
        LIMIT 1
    ) g ON true
    LEFT JOIN LATERAL (
        SELECT m.rule FROM ref.rule_match m
        WHERE r.holds AND r.rules ? 'bots' AND m.tenant_hk = c.tenant_hk AND m.version = r.version AND m.input = 'agent'
          AND m.input_hash = util.hash_binary(c.user_agent) LIMIT 1
    ) a ON true
    LEFT JOIN LATERAL (
        SELECT m.rule FROM (
            SELECT d.page_url FROM business.site_event_details_s d
            WHERE r.holds AND r.rules ? 'internal' AND d.site_event_hk = c.entry_event_hk LIMIT 1
        ) d
        CROSS JOIN LATERAL (
            SELECT m.rule FROM ref.rule_match m
            WHERE m.tenant_hk = c.tenant_hk AND m.version = r.version AND m.input = 'landing' AND m.input_hash = util.hash_binary(d.page_url)
            LIMIT 1
        ) m
        UNION ALL
        -- the range counts as long as the rules in force have one of its name
        SELECT n.own_network FROM business.site_session_network_s n
        WHERE r.holds AND r.rules ? 'networks' AND n.site_event_hk = c.entry_event_hk
          AND r.rules -> 'networks' @> jsonb_build_array(jsonb_build_object('name', n.own_network))
        LIMIT 1
    ) i ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN max(v.in_a_minute) > (r.rules #>> '{behaviour,views_per_minute}')::integer THEN 'views_per_minute'
                    WHEN count(*) FILTER (WHERE v.event_type = 'page_view') > (r.rules #>> '{behaviour,views_without_engagement}')::integer
                         AND NOT bool_or(v.event_type <> 'page_view' OR v.scroll_depth > 0 OR v.time_on_page > 0) IS TRUE
                    THEN 'views_without_engagement' END AS rule
        FROM (
            SELECT d.event_type, d.scroll_depth, d.time_on_page,
                   count(*) FILTER (WHERE d.event_type = 'page_view') OVER (
                       ORDER BY d.event_timestamp RANGE BETWEEN interval '59.999999 seconds' PRECEDING AND CURRENT ROW) AS in_a_minute
            FROM business.visit_events(c.site_session_hk) d
            WHERE r.holds AND r.rules ? 'behaviour'
        ) v
    ) b ON true
    CROSS JOIN LATERAL (
        SELECT w.rule,
               CASE WHEN i.rule IS NOT NULL THEN 'internal' WHEN coalesce(a.rule, b.rule) IS NOT NULL THEN 'bot'
                    ELSE coalesce(l.traffic_class, c.traffic_class) END AS traffic_class,
               CASE WHEN i.rule IS NOT NULL THEN 'internal' WHEN coalesce(a.rule, b.rule) IS NOT NULL THEN 'own'
                    WHEN l.traffic_class IS NOT NULL THEN l.bot_kind ELSE c.bot_kind END AS bot_kind,
               CASE WHEN coalesce(i.rule, a.rule, b.rule) IS NOT NULL THEN left(w.rule, 50)
                    WHEN l.traffic_class IS NOT NULL THEN l.bot_name ELSE c.bot_name END AS bot_name
        FROM (SELECT coalesce(i.rule, a.rule, b.rule, CASE WHEN l.traffic_class <> c.traffic_class THEN l.rule END) AS rule) w
    ) t
    LEFT JOIN LATERAL (
        SELECT m.source, m.channel, m.channel_name FROM ref.rule_match m
        WHERE r.holds AND r.rules ? 'campaigns' AND m.tenant_hk = c.tenant_hk AND m.version = r.version AND m.input = 'campaign'
          AND m.input_hash = staging.campaign_key(c.utm_source, c.utm_medium, c.utm_campaign, NULL)
        UNION ALL
        SELECT m.source, m.channel, m.channel_name FROM ref.rule_match m
        WHERE r.holds AND r.rules ? 'sources' AND m.tenant_hk = c.tenant_hk AND m.version = r.version AND m.input = 'referrer'
          AND m.input_hash = util.hash_binary(business.referrer_host(c.referrer_url)) AND c.channel <> 'direct'
          AND num_nonnulls(c.utm_source, c.utm_medium, c.utm_campaign, c.utm_id, c.click_id) = 0
        LIMIT 1
    ) o ON true
    WHERE t.rule IS NOT NULL
       OR (coalesce(o.source, g.source, c.source), coalesce(o.channel, g.channel, c.channel),
           coalesce(o.channel_name, g.channel_name, c.channel_name), t.bot_kind, t.bot_name)
          IS DISTINCT FROM (c.source, c.channel, c.channel_name, c.bot_kind, c.bot_name)
       OR (coalesce(l.browser_name, c.browser_name), coalesce(l.browser_version, c.browser_version),
           coalesce(l.operating_system, c.operating_system), coalesce(l.operating_system_version, c.operating_system_version))
          IS DISTINCT FROM (c.browser_name, c.browser_version, c.operating_system, c.operating_system_version)
       OR EXISTS (SELECT FROM business.site_session_judgement_s j
                  WHERE j.site_session_hk = c.site_session_hk AND j.load_end_date IS NULL)
$$;

-- What a tenant's rules in force at a load date make of these pages: of those that are not what their path says, or were not once.
CREATE OR REPLACE FUNCTION business.site_page_judgement_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (site_page_hk bytea, tenant_hk bytea, page_category text, page_type text, rule_set integer)
LANGUAGE sql STABLE AS $$
    SELECT h.site_page_hk, h.tenant_hk, coalesce(m.page_category, g.page_class[1]), coalesce(m.page_type, g.page_class[2]),
           coalesce(r.version, 0)
    FROM business.site_page_h h
    CROSS JOIN LATERAL (SELECT staging.page_class(business.page_path(h.site_page_bk)) AS page_class OFFSET 0) g
    LEFT JOIN LATERAL (
        SELECT r.version FROM ref.rule_set r
        WHERE r.tenant_hk = h.tenant_hk AND r.in_force_from <= p_as_of AND (r.in_force_until IS NULL OR r.in_force_until > p_as_of) LIMIT 1
    ) r ON true
    LEFT JOIN LATERAL (
        SELECT m.rule, m.page_category, m.page_type FROM ref.rule_match m
        WHERE m.tenant_hk = h.tenant_hk AND m.version = r.version AND m.input = 'page' AND m.input_hash = h.site_page_hk LIMIT 1
    ) m ON true
    WHERE h.site_page_hk = ANY (p_keys)
      AND (m.rule IS NOT NULL
           OR EXISTS (SELECT FROM business.site_page_judgement_s j WHERE j.site_page_hk = h.site_page_hk AND j.load_end_date IS NULL))
$$;

-- What rules say of all events of a visit, as of a load date (NULL: now): no row where each is what its agent says.
CREATE OR REPLACE FUNCTION business.judged_class(p_session_hk bytea, p_as_of timestamptz DEFAULT NULL) RETURNS SETOF text
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT j.traffic_class FROM business.site_session_judgement_s j
    WHERE j.site_session_hk = p_session_hk AND j.traffic_rule IS NOT NULL
      AND CASE WHEN p_as_of IS NULL THEN j.load_end_date IS NULL
               ELSE j.load_date <= p_as_of AND (j.load_end_date IS NULL OR j.load_end_date > p_as_of) END
    LIMIT 1
$$;

-- The tenants with events in pg_temp.fresh_event that have rules of their own, or had.
CREATE OR REPLACE FUNCTION business.fresh_tenants_with_rules() RETURNS bytea[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT r.tenant_hk FROM ref.rule_set r
                 WHERE r.tenant_hk IN (SELECT DISTINCT f.tenant_hk FROM pg_temp.fresh_event f));
END
$$;

-- Judges these visits by the rules in force at a load date; returns those that are judged otherwise now.
CREATE OR REPLACE FUNCTION business.judge_visits(p_visits bytea[], p_load_date timestamptz) RETURNS bytea[]
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM business.refresh_site_session_judgement(p_visits, p_load_date);
    RETURN ARRAY(
        SELECT j.site_session_hk FROM unnest(p_visits) AS v(site_session_hk)
        CROSS JOIN LATERAL (
            SELECT j.site_session_hk FROM business.site_session_judgement_s j
            WHERE j.site_session_hk = v.site_session_hk AND j.load_date = p_load_date LIMIT 1
        ) j);
END
$$;

-- Says of the bridge's rows of these visits whether they count, as the visits are judged now; returns the visits of which some changed.
CREATE OR REPLACE FUNCTION business.align_classes(p_visits bytea[]) RETURNS bytea[]
LANGUAGE sql AS $$
    WITH aligned AS (
        UPDATE business.event_b e SET is_bot = b.is_bot
        FROM (SELECT DISTINCT v.site_session_hk FROM unnest(p_visits) AS v(site_session_hk)) s
        LEFT JOIN LATERAL business.judged_class(s.site_session_hk) j(traffic_class) ON true
        CROSS JOIN LATERAL (
            SELECT b.tenant_hk, b.site_event_hk, coalesce(j.traffic_class, d.traffic_class) <> 'human' AS is_bot
            FROM business.visit_bridge(s.site_session_hk) b
            CROSS JOIN LATERAL (
                SELECT d.traffic_class FROM business.site_event_details_s d WHERE d.site_event_hk = b.site_event_hk LIMIT 1
            ) d
            OFFSET 0
        ) b
        WHERE e.tenant_hk = b.tenant_hk AND e.site_event_hk = b.site_event_hk AND e.is_bot <> b.is_bot
        RETURNING s.site_session_hk
    )
    SELECT coalesce(array_agg(DISTINCT a.site_session_hk), '{}') FROM aligned a
$$;

-- Judges what a load has brought, and the visits p_visits, into which half hours moved: visits and pages of tenants with rules of their
-- own. Returns the visits of which earlier events count now and did not, or the other way round.
CREATE OR REPLACE FUNCTION business.judge_fresh(p_load_date timestamptz, p_visits bytea[]) RETURNS bytea[]
LANGUAGE plpgsql AS $$
DECLARE
    v_tenants constant bytea[] := business.fresh_tenants_with_rules();
    v_visits bytea[];
BEGIN
    IF cardinality(v_tenants) = 0 THEN
        RETURN '{}';
    END IF;
    v_visits := ARRAY(
        SELECT w.root_session_hk
        FROM (SELECT DISTINCT f.site_session_hk FROM pg_temp.fresh_event f WHERE f.tenant_hk = ANY (v_tenants)) f
        CROSS JOIN LATERAL (SELECT w.root_session_hk FROM business.site_session_w w WHERE w.site_session_hk = f.site_session_hk LIMIT 1) w
        UNION
        SELECT v.site_session_hk FROM unnest(p_visits) AS v(site_session_hk) WHERE v.site_session_hk IS NOT NULL);
    PERFORM business.refresh_site_page_judgement(ARRAY(
        SELECT DISTINCT f.site_page_hk FROM pg_temp.fresh_event f
        WHERE f.tenant_hk = ANY (v_tenants) AND f.site_page_hk IS NOT NULL
          -- who is forgotten is loaded under old dates: a page that others have met has been judged since
          AND NOT EXISTS (SELECT FROM business.site_page_judgement_s j WHERE j.site_page_hk = f.site_page_hk AND j.load_date > p_load_date)),
        p_load_date);
    RETURN business.align_classes(business.judge_visits(v_visits, p_load_date) || p_visits);
END
$$;

-- Says of the bridge's rows in pg_temp.fresh_b, which a load has laid out, whether they count, where rules say so of their visits.
CREATE OR REPLACE FUNCTION business.align_fresh() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_tenants constant bytea[] := business.fresh_tenants_with_rules();
BEGIN
    IF cardinality(v_tenants) > 0 THEN
        UPDATE pg_temp.fresh_b f SET is_bot = j.traffic_class <> 'human'
        FROM (SELECT DISTINCT b.site_session_hk FROM pg_temp.fresh_b b WHERE b.tenant_hk = ANY (v_tenants)) v
        CROSS JOIN LATERAL business.judged_class(v.site_session_hk) j(traffic_class)
        WHERE f.site_session_hk = v.site_session_hk;
    END IF;
END
$$;

-- What would become of these visits under the rules in force at a load date: each aspect that would be another one.
CREATE OR REPLACE FUNCTION business.visit_changes(p_visits bytea[], p_as_of timestamptz)
RETURNS TABLE (site_session_hk bytea, aspect text, was text, becomes text)
LANGUAGE sql STABLE AS $$
    SELECT n.site_session_hk, a.aspect, a.was, a.becomes
    FROM business.site_session_judgement_of(p_visits, p_as_of) n
    CROSS JOIN LATERAL (
        SELECT c.* FROM business.site_session_context_s c
        WHERE c.site_session_hk = n.site_session_hk AND c.load_end_date IS NULL LIMIT 1
    ) c
    LEFT JOIN business.site_session_judgement_s j ON j.site_session_hk = n.site_session_hk AND j.load_end_date IS NULL
    CROSS JOIN LATERAL (VALUES
        ('traffic', coalesce(j.traffic_class, c.traffic_class), n.traffic_class),
        ('channel', business.channel_of(coalesce(j.channel_name, c.channel_name), coalesce(j.channel, c.channel)),
                    business.channel_of(n.channel_name, n.channel)),
        ('source', coalesce(j.source, c.source), n.source),
        ('bot', CASE WHEN j.site_session_hk IS NULL THEN c.bot_name ELSE j.bot_name END, n.bot_name),
        ('browser', coalesce(j.browser_name, c.browser_name), n.browser_name),
        ('system', coalesce(j.operating_system, c.operating_system), n.operating_system)
    ) a(aspect, was, becomes)
    WHERE a.was IS DISTINCT FROM a.becomes
$$;

-- The same, counted: how many visits and events of theirs, and one visit of each as an example.
CREATE OR REPLACE FUNCTION business.count_visit_changes(p_visits bytea[], p_as_of timestamptz)
RETURNS TABLE (aspect text, was text, becomes text, visits bigint, events bigint, example bytea)
LANGUAGE sql STABLE AS $$
    SELECT v.aspect, v.was, v.becomes, count(*), sum(e.events)::bigint, min(v.site_session_hk)
    FROM business.visit_changes(p_visits, p_as_of) v
    CROSS JOIN LATERAL (SELECT count(*) AS events FROM business.visit_bridge(v.site_session_hk)) e
    GROUP BY v.aspect, v.was, v.becomes
$$;

-- The same of a tenant's pages.
CREATE OR REPLACE FUNCTION business.count_page_changes(p_tenant_hk bytea, p_as_of timestamptz)
RETURNS TABLE (aspect text, was text, becomes text, pages bigint, example bytea)
LANGUAGE sql STABLE AS $$
    SELECT a.aspect, a.was, a.becomes, count(*), min(n.site_page_hk)
    FROM business.site_page_judgement_of(
        ARRAY(SELECT h.site_page_hk FROM business.site_page_h h WHERE h.tenant_hk = p_tenant_hk), p_as_of) n
    JOIN business.site_page_h h USING (site_page_hk)
    CROSS JOIN LATERAL (SELECT staging.page_class(business.page_path(h.site_page_bk)) AS page_class OFFSET 0) g
    LEFT JOIN business.site_page_judgement_s j ON j.site_page_hk = n.site_page_hk AND j.load_end_date IS NULL
    CROSS JOIN LATERAL (VALUES
        ('page category', CASE WHEN j.site_page_hk IS NULL THEN g.page_class[1] ELSE j.page_category END, n.page_category),
        ('page type', CASE WHEN j.site_page_hk IS NULL THEN g.page_class[2] ELSE j.page_type END, n.page_type)
    ) a(aspect, was, becomes)
    WHERE a.was IS DISTINCT FROM a.becomes
    GROUP BY a.aspect, a.was, a.becomes
$$;

-- Puts a set of rules in force from a load date on, in the place of the one before it; returns its version. p_reverts: the version that
-- it takes back. p_lists: the digest of the general lists by which what was loaded before is judged; p_lists_of: the version that had them
-- and whose judgements by them are taken over, NULL: they are judged by now.
CREATE OR REPLACE FUNCTION business.put_rules_in_force(
    p_tenant_hk bytea, p_rules jsonb, p_digest text, p_reason text, p_reverts integer, p_lists text, p_lists_of integer,
    p_load_date timestamptz
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_version integer;
BEGIN
    UPDATE ref.rule_set r SET in_force_until = p_load_date WHERE r.tenant_hk = p_tenant_hk AND r.in_force_until IS NULL;
    INSERT INTO ref.rule_set (tenant_hk, version, rules, digest, lists, lists_from, made_by, made_at, reason, reverts, in_force_from)
    SELECT p_tenant_hk, v.version, p_rules, p_digest, p_lists,
           CASE WHEN p_lists IS NOT NULL THEN coalesce(
               (SELECT r.lists_from FROM ref.rule_set r WHERE r.tenant_hk = p_tenant_hk AND r.version = p_lists_of), p_load_date) END,
           left(a.kind || ' ' || a.name, 255), util.current_load_date(), p_reason, p_reverts, p_load_date
    FROM (SELECT coalesce(max(r.version), 0) + 1 AS version FROM ref.rule_set r WHERE r.tenant_hk = p_tenant_hk) v
    CROSS JOIN auth.acting() a
    RETURNING version INTO v_version;
    INSERT INTO ref.rule_match (tenant_hk, version, input, input_hash, rule, traffic_class, bot_kind, bot_name, browser_name,
        browser_version, operating_system, operating_system_version, source, channel, channel_name)
    SELECT m.tenant_hk, v_version, m.input, m.input_hash, m.rule, m.traffic_class, m.bot_kind, m.bot_name, m.browser_name,
           m.browser_version, m.operating_system, m.operating_system_version, m.source, m.channel, m.channel_name
    FROM ref.rule_match m
    WHERE p_lists IS NOT NULL AND m.tenant_hk = p_tenant_hk AND m.version = p_lists_of AND m.input IN ('device', 'origin');
    UPDATE raw.load_batch l SET asked = jsonb_build_object('tenant', encode(p_tenant_hk, 'hex'), 'version', v_version)
    WHERE l.load_date = p_load_date;
    RETURN v_version;
END
$$;

-- Judges some of a tenant's visits again, those with keys of (p_after, p_until], by the rules in force, and brings along their details and
-- the marts. Loads and closings wait meanwhile: so few at a time. Returns what became of them, as business.count_visit_changes says it.
CREATE OR REPLACE FUNCTION business.judge_visits_again(p_tenant_hk bytea, p_after bytea, p_until bytea)
RETURNS TABLE (aspect text, was text, becomes text, visits bigint, events bigint)
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE
    v_load_date timestamptz;
    v_visits bytea[];
    v_changed bytea[];
    v_over bytea[];
    v_closed bytea[];
BEGIN
    PERFORM util.take_turn('sessions');
    PERFORM util.take_turn('load');
    v_load_date := business.open_load('rules');
    v_visits := ARRAY(
        SELECT w.site_session_hk FROM business.site_session_w w
        WHERE w.site_session_hk > p_after AND w.site_session_hk <= p_until AND w.tenant_hk = p_tenant_hk
          AND w.root_session_hk = w.site_session_hk AND NOT w.is_retired
        ORDER BY w.site_session_hk);
    RETURN QUERY SELECT c.aspect, c.was, c.becomes, c.visits, c.events FROM business.count_visit_changes(v_visits, v_load_date) c;
    v_changed := business.judge_visits(v_visits, v_load_date);
    IF cardinality(v_changed) = 0 THEN
        DELETE FROM raw.load_batch l WHERE l.load_date = v_load_date;
        RETURN;
    END IF;
    UPDATE raw.load_batch l
    SET counts = jsonb_build_object('site_session_judgement_s', cardinality(v_changed)),
        asked = jsonb_build_object('tenant', encode(p_tenant_hk, 'hex'), 'after', encode(p_after, 'hex'), 'until', encode(p_until, 'hex'))
    WHERE l.load_date = v_load_date;

    v_over := ARRAY(
        SELECT v.site_session_hk FROM unnest(business.align_classes(v_changed)) AS v(site_session_hk)
        WHERE NOT EXISTS (SELECT FROM business.site_session_w w WHERE w.root_session_hk = v.site_session_hk AND w.is_open));
    v_closed := ARRAY(
        SELECT v.site_session_hk FROM unnest(v_over) AS v(site_session_hk)
        WHERE EXISTS (SELECT FROM business.site_session_details_s d
                      WHERE d.site_session_hk = v.site_session_hk AND d.load_end_date IS NULL));
    PERFORM business.refresh_site_session_details(v_closed, v_load_date);
    PERFORM business.empty_fresh_bridge();
    PERFORM business.store_marts(v_load_date, NULL, NULL, v_changed);
    PERFORM business.count_visits(v_over, v_over, v_load_date);
    PERFORM business.mark_visitors_due(v_closed, v_load_date);
END
$$;

-- Judges all pages of a tenant again by the rules in force; what is told of them is due. Returns what became of them.
CREATE OR REPLACE FUNCTION business.judge_pages_again(p_tenant_hk bytea)
RETURNS TABLE (aspect text, was text, becomes text, pages bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_load_date timestamptz;
BEGIN
    PERFORM util.take_turn('load');
    v_load_date := business.open_load('rules');
    RETURN QUERY SELECT c.aspect, c.was, c.becomes, c.pages FROM business.count_page_changes(p_tenant_hk, v_load_date) c;
    PERFORM business.refresh_site_page_judgement(
        ARRAY(SELECT h.site_page_hk FROM business.site_page_h h WHERE h.tenant_hk = p_tenant_hk), v_load_date);
    WITH due AS (
        INSERT INTO business.refresh_w (satellite, hash_key, load_date, tenant_hk)
        SELECT 'site_page_details', j.site_page_hk, v_load_date, j.tenant_hk FROM business.site_page_judgement_s j
        WHERE j.tenant_hk = p_tenant_hk AND j.load_date = v_load_date
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    UPDATE raw.load_batch l
    SET counts = jsonb_build_object('site_page_judgement_s', (SELECT count(*) FROM due)),
        asked = jsonb_build_object('tenant', encode(p_tenant_hk, 'hex'), 'pages', true)
    WHERE l.load_date = v_load_date;
    DELETE FROM raw.load_batch l WHERE l.load_date = v_load_date AND l.counts ->> 'site_page_judgement_s' = '0';
END
$$;
