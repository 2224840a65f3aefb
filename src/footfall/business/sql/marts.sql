-- The marts event_b and visit_b, kept in the load from the events that were new in the hub. Everything here is a function of the set
-- of events, not of the order in which they came: counts add up, first and last are least and greatest.

-- The temporary table in which a load, or a rebuild, lays out the bridge's rows of new events; empty.
CREATE OR REPLACE FUNCTION business.empty_fresh_bridge() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('pg_temp.fresh_b') IS NULL THEN
        CREATE TEMP TABLE fresh_b (LIKE business.event_b) ON COMMIT DELETE ROWS;
    END IF;
    DELETE FROM pg_temp.fresh_b;
END
$$;

-- Lays out what a load has just loaded.
CREATE OR REPLACE FUNCTION business.gather_bridge() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM business.empty_fresh_bridge();
    INSERT INTO pg_temp.fresh_b (
        tenant_hk, site_event_hk, site_session_hk, site_page_hk, business_item_hk, item_name, event_timestamp, day, is_bot,
        event_type, event_category, event_action, event_label, event_value, event_currency, transaction_id,
        transaction_funnel_step, is_visit, raw_event_id, is_superseded)
    SELECT f.tenant_hk, f.site_event_hk, w.root_session_hk, f.site_page_hk, f.business_item_hk,
           f.business_item_info ->> 'item_name', f.event_timestamp, (f.event_timestamp AT TIME ZONE t.time_zone)::date,
           f.traffic_class = 'bot', f.event_type, f.event_category, f.event_action, f.event_label, f.event_value,
           f.event_currency, f.transaction_info ->> 'transaction_id', f.transaction_info ->> 'funnel_step', w.is_visit,
           f.raw_event_id, false
    FROM pg_temp.fresh_event f
    CROSS JOIN LATERAL (
        SELECT w.root_session_hk, w.is_visit FROM business.site_session_w w WHERE w.site_session_hk = f.site_session_hk LIMIT 1
    ) w
    CROSS JOIN LATERAL (SELECT t.time_zone FROM auth.tenant_v t WHERE t.tenant_hk = f.tenant_hk LIMIT 1) t;
END
$$;

-- What was said of consent in a visit, each time, as of a load date (NULL: now); what was said last holds.
CREATE OR REPLACE FUNCTION business.visit_consents(p_session_hk bytea, p_as_of timestamptz DEFAULT NULL) RETURNS SETOF business.site_session_consent_s
LANGUAGE sql STABLE AS $$
    SELECT n.*
    FROM business.site_session_w w
    CROSS JOIN LATERAL (
        SELECT n.* FROM business.site_session_consent_s n
        WHERE n.site_session_hk = coalesce(w.of_session_hk, w.site_session_hk)
          AND n.stated_at BETWEEN w.first_event_timestamp AND w.last_event_timestamp
          AND (p_as_of IS NULL OR n.load_date <= p_as_of)
        OFFSET 0
    ) n
    WHERE w.root_session_hk = p_session_hk
$$;

-- What a visit's context says of it, in the words of reports, as of a load date (NULL: now). Its visitor is that of its first event
-- that has one, or who they turned out to be when an id came with consent in mid-visit.
CREATE OR REPLACE FUNCTION business.visit_context(p_session_hk bytea, p_as_of timestamptz DEFAULT NULL)
RETURNS TABLE (site_visitor_hk bytea, source text, channel text, referrer_host text, utm_source text, utm_medium text,
               utm_campaign text, utm_content text, utm_term text, utm_id text, channel_name text, device_type text,
               browser_name text, browser_version text, operating_system text, language text, country text, operating_system_version text, bot_kind text, bot_name text,
               consent text, judged_class text)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT coalesce(k.site_visitor_hk, c.site_visitor_hk), coalesce(j.source, c.source), coalesce(j.channel, c.channel),
           -- a referrer on the site itself is none
           CASE WHEN c.channel <> 'direct' THEN
               business.referrer_host(c.referrer_url) END,
           c.utm_source, c.utm_medium, c.utm_campaign, c.utm_content, c.utm_term, c.utm_id, coalesce(j.channel_name, c.channel_name),
           coalesce(j.device_type, c.device_type), coalesce(j.browser_name, c.browser_name), coalesce(j.browser_version, c.browser_version),
           coalesce(j.operating_system, c.operating_system), c.language,
           coalesce(j.country, (SELECT z.country FROM ref.time_zone z WHERE z.time_zone = c.timezone)),
           coalesce(j.operating_system_version, c.operating_system_version), CASE WHEN j.site_session_hk IS NULL THEN c.bot_kind ELSE j.bot_kind END,
           CASE WHEN j.site_session_hk IS NULL THEN c.bot_name ELSE j.bot_name END,
           (SELECT n.consent_state FROM business.visit_consents(c.site_session_hk, p_as_of) n
            ORDER BY n.stated_at DESC, n.raw_event_id DESC LIMIT 1),
           CASE WHEN j.traffic_rule IS NOT NULL THEN j.traffic_class END
    FROM business.site_session_context_s c
    LEFT JOIN LATERAL (
        SELECT j.* FROM business.site_session_judgement_s j
        WHERE j.site_session_hk = c.site_session_hk
          AND CASE WHEN p_as_of IS NULL THEN j.load_end_date IS NULL
                   ELSE j.load_date <= p_as_of AND (j.load_end_date IS NULL OR j.load_end_date > p_as_of) END
        LIMIT 1
    ) j ON true
    LEFT JOIN LATERAL (
        SELECT w.site_visitor_hk FROM business.site_session_w w
        WHERE w.root_session_hk = c.site_session_hk AND w.known_as_hk = c.site_visitor_hk
          AND (p_as_of IS NULL OR w.site_session_hk = w.root_session_hk OR EXISTS (
              SELECT FROM business.site_session_same_as_s a
              WHERE a.site_session_hk = w.site_session_hk AND a.load_date <= p_as_of
                AND (a.load_end_date IS NULL OR a.load_end_date > p_as_of)))
        ORDER BY w.session_bucket LIMIT 1
    ) k ON true
    WHERE c.site_session_hk = p_session_hk
      AND CASE WHEN p_as_of IS NULL THEN c.load_end_date IS NULL
               ELSE c.load_date <= p_as_of AND (c.load_end_date IS NULL OR c.load_end_date > p_as_of) END
    ORDER BY c.load_date DESC LIMIT 1
$$;

-- A visit's channel: of one that was judged before there were so many only the group is known, and it is what that is called now.
CREATE OR REPLACE FUNCTION business.channel_of(p_channel text, p_group text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(p_channel, CASE p_group WHEN 'search' THEN 'Organic Search' WHEN 'social' THEN 'Organic Social' WHEN 'paid' THEN 'Paid Other'
                                        WHEN 'ai' THEN 'AI' ELSE initcap(p_group) END);

-- Stores what lies in pg_temp.fresh_b, and moves the visits p_before, which turned out to belong to the visits p_now (pairs, or
-- NULL). Of the visits p_anew, which have got events of others or lost some, everything is counted once more. For a load, whose turn
-- it is; p_load_date is its own.
CREATE OR REPLACE FUNCTION business.store_marts(p_load_date timestamptz, p_before bytea[], p_now bytea[], p_anew bytea[] DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_visits bytea[];    -- visits with new events or parts
    v_days date[];       -- and the days of those
    v_changed bytea[];   -- visits whose context is another one now: those and their visitors count anew on all their days
    v_visitors bytea[];
    v_spanning bytea[];
    v_left bytea[];      -- whose visits those were that are counted once more
BEGIN
    IF cardinality(p_anew) > 0 THEN
        -- when they began may be another hour afterwards
        PERFORM business.mark_visits(p_load_date, array_agg(v.site_session_hk), array_agg(v.day))
        FROM business.visit_b v WHERE v.site_session_hk = ANY (p_anew);
        WITH gone AS (
            DELETE FROM business.visit_b v WHERE v.site_session_hk = ANY (p_anew) RETURNING v.site_visitor_hk
        )
        SELECT array_agg(DISTINCT g.site_visitor_hk) FILTER (WHERE g.site_visitor_hk IS NOT NULL) INTO v_left FROM gone g;
    END IF;

    WITH move AS MATERIALIZED (
        SELECT DISTINCT m.root_before, m.root_now FROM unnest(p_before, p_now) AS m(root_before, root_now)
    ), absorbed AS (
        DELETE FROM business.visit_b v USING move m WHERE v.site_session_hk = m.root_before
        RETURNING m.root_now, v.*
    ), part AS (
        SELECT f.site_session_hk, f.day, f.tenant_hk, f.is_visit, (NOT f.is_bot)::integer AS events,
               (NOT f.is_bot AND f.event_type = 'page_view')::integer AS page_views,
               CASE WHEN NOT f.is_bot THEN f.event_timestamp END AS first_event_timestamp,
               CASE WHEN NOT f.is_bot THEN f.event_timestamp END AS last_event_timestamp,
               CASE WHEN f.event_type = 'page_view' THEN f.event_timestamp END AS view_timestamp,
               int8send(coalesce(f.raw_event_id, 0)) || f.site_event_hk AS view_order, f.site_page_hk AS view_page_hk
        FROM (
            SELECT f.site_session_hk, f.day, f.tenant_hk, f.is_visit, f.is_bot, f.event_type, f.event_timestamp, f.raw_event_id,
                   f.site_event_hk, f.site_page_hk
            FROM pg_temp.fresh_b f
            UNION ALL
            -- what came earlier
            SELECT p.site_session_hk, e.day, e.tenant_hk, e.is_visit, e.is_bot, e.event_type, e.event_timestamp, e.raw_event_id,
                   e.site_event_hk, e.site_page_hk
            FROM (SELECT DISTINCT p.site_session_hk FROM unnest(p_anew) AS p(site_session_hk)) p
            CROSS JOIN LATERAL business.visit_bridge(p.site_session_hk) e
        ) f
        UNION ALL
        SELECT a.root_now, a.day, a.tenant_hk, a.is_visit, a.events, a.page_views, a.first_event_timestamp,
               a.last_event_timestamp, a.first_view_timestamp, a.first_view_order, a.first_view_page_hk
        FROM absorbed a
        UNION ALL
        SELECT a.root_now, a.day, a.tenant_hk, a.is_visit, 0, 0, a.first_event_timestamp, a.last_event_timestamp,
               a.last_view_timestamp, a.last_view_order, a.last_view_page_hk
        FROM absorbed a
    ), folded AS (
        SELECT p.site_session_hk, p.day, p.tenant_hk, bool_or(p.is_visit) AS is_visit, sum(p.events)::integer AS events, sum(p.page_views)::integer AS page_views,
               min(p.first_event_timestamp) AS first_event_timestamp, max(p.last_event_timestamp) AS last_event_timestamp,
               array_agg(p.view_timestamp ORDER BY p.view_timestamp, p.view_order)
                   FILTER (WHERE p.view_timestamp IS NOT NULL) AS view_timestamps,
               array_agg(p.view_order ORDER BY p.view_timestamp, p.view_order)
                   FILTER (WHERE p.view_timestamp IS NOT NULL) AS view_orders,
               array_agg(p.view_page_hk ORDER BY p.view_timestamp, p.view_order)
                   FILTER (WHERE p.view_timestamp IS NOT NULL) AS view_page_hks
        FROM part p
        GROUP BY p.site_session_hk, p.day, p.tenant_hk
    ), described AS MATERIALIZED (
        SELECT f.*, cardinality(f.view_timestamps) AS n, c.*
        FROM folded f
        LEFT JOIN LATERAL business.visit_context(f.site_session_hk) c ON true
    ), before AS (
        -- as it was: nothing that this statement writes
        SELECT d.site_session_hk, v.site_visitor_hk
        FROM described d
        CROSS JOIN LATERAL (SELECT v.* FROM business.visit_b v WHERE v.site_session_hk = d.site_session_hk OFFSET 0) v
        WHERE (v.site_visitor_hk, v.source, v.channel, v.referrer_host, v.utm_source, v.utm_medium, v.utm_campaign,
               v.utm_content, v.utm_term, v.utm_id, v.channel_name, v.device_type, v.browser_name, v.browser_version,
               v.operating_system, v.language, v.country, v.operating_system_version, v.bot_kind, v.bot_name, v.consent)
              IS DISTINCT FROM
              (d.site_visitor_hk, d.source, d.channel, d.referrer_host, d.utm_source, d.utm_medium, d.utm_campaign,
               d.utm_content, d.utm_term, d.utm_id, d.channel_name, d.device_type, d.browser_name, d.browser_version,
               d.operating_system, d.language, d.country, d.operating_system_version, d.bot_kind, d.bot_name, d.consent)
    ), stored AS (
        INSERT INTO business.visit_b AS v (
            site_session_hk, day, tenant_hk, site_visitor_hk, is_visit, events, page_views, first_event_timestamp, last_event_timestamp,
            first_view_timestamp, first_view_order, first_view_page_hk, last_view_timestamp, last_view_order,
            last_view_page_hk, entry_page_hk, exit_page_hk, source, channel, referrer_host, utm_source, utm_medium,
            utm_campaign, utm_content, utm_term, utm_id, channel_name, device_type, browser_name, browser_version,
            operating_system, language, country, operating_system_version, bot_kind, bot_name, consent)
        SELECT d.site_session_hk, d.day, d.tenant_hk, d.site_visitor_hk, d.is_visit, d.events, d.page_views, d.first_event_timestamp,
               d.last_event_timestamp, d.view_timestamps[1], d.view_orders[1], d.view_page_hks[1], d.view_timestamps[d.n],
               d.view_orders[d.n], d.view_page_hks[d.n], d.view_page_hks[1], d.view_page_hks[d.n], d.source, d.channel,
               d.referrer_host, d.utm_source, d.utm_medium, d.utm_campaign, d.utm_content, d.utm_term, d.utm_id, d.channel_name, d.device_type,
               d.browser_name, d.browser_version, d.operating_system, d.language, d.country, d.operating_system_version,
               d.bot_kind, d.bot_name, d.consent
        FROM described d
        ORDER BY d.site_session_hk, d.day
        ON CONFLICT (site_session_hk, day) DO UPDATE SET
            is_visit = v.is_visit OR excluded.is_visit,
            events = v.events + excluded.events,
            page_views = v.page_views + excluded.page_views,
            first_event_timestamp = least(v.first_event_timestamp, excluded.first_event_timestamp),
            last_event_timestamp = greatest(v.last_event_timestamp, excluded.last_event_timestamp),
            (first_view_timestamp, first_view_order, first_view_page_hk, entry_page_hk) = (
                SELECT excluded.first_view_timestamp, excluded.first_view_order, excluded.first_view_page_hk,
                       excluded.entry_page_hk
                WHERE v.first_view_timestamp IS NULL
                   OR (excluded.first_view_timestamp, excluded.first_view_order) < (v.first_view_timestamp, v.first_view_order)
                UNION ALL
                SELECT v.first_view_timestamp, v.first_view_order, v.first_view_page_hk, v.entry_page_hk LIMIT 1),
            (last_view_timestamp, last_view_order, last_view_page_hk, exit_page_hk) = (
                SELECT excluded.last_view_timestamp, excluded.last_view_order, excluded.last_view_page_hk,
                       excluded.exit_page_hk
                WHERE v.last_view_timestamp IS NULL
                   OR (excluded.last_view_timestamp, excluded.last_view_order) > (v.last_view_timestamp, v.last_view_order)
                UNION ALL
                SELECT v.last_view_timestamp, v.last_view_order, v.last_view_page_hk, v.exit_page_hk LIMIT 1),
            (site_visitor_hk, source, channel, referrer_host, utm_source, utm_medium, utm_campaign, utm_content, utm_term, utm_id, channel_name,
             device_type, browser_name, browser_version, operating_system, language, country, operating_system_version, bot_kind,
             bot_name, consent) = (
                SELECT excluded.site_visitor_hk, excluded.source, excluded.channel, excluded.referrer_host, excluded.utm_source,
                       excluded.utm_medium, excluded.utm_campaign, excluded.utm_content, excluded.utm_term, excluded.utm_id,
                       excluded.channel_name,
                       excluded.device_type, excluded.browser_name, excluded.browser_version, excluded.operating_system,
                       excluded.language, excluded.country, excluded.operating_system_version, excluded.bot_kind,
                       excluded.bot_name, excluded.consent)
    )
    SELECT coalesce(array_agg(d.site_session_hk), '{}'), array_agg(d.day),
           (SELECT coalesce(array_agg(DISTINCT b.site_session_hk), '{}') FROM before b),
           (SELECT coalesce(array_agg(DISTINCT b.site_visitor_hk) FILTER (WHERE b.site_visitor_hk IS NOT NULL), '{}') FROM before b)
    INTO v_visits, v_days, v_changed, v_visitors
    FROM described d;

    SELECT coalesce(array_agg(t.site_session_hk), '{}') INTO v_spanning
    FROM (SELECT DISTINCT s.site_session_hk FROM unnest(v_visits) AS s(site_session_hk)) t
    CROSS JOIN LATERAL (
        SELECT count(*) AS days FROM business.visit_b v WHERE v.site_session_hk = t.site_session_hk
    ) n
    WHERE n.days > 1;
    PERFORM business.align_days(v_spanning);
    PERFORM business.close_visits(v_spanning || coalesce(p_now, '{}') || p_anew);
    PERFORM business.align_events(v_changed || coalesce(p_now, '{}') || p_anew);

    INSERT INTO business.event_b (
        tenant_hk, site_event_hk, site_session_hk, site_visitor_hk, site_page_hk, business_item_hk, item_name, event_timestamp,
        day, is_bot, event_type, event_category, event_action, event_label, event_value, event_currency, transaction_id,
        transaction_funnel_step, source, channel, device_type, country, is_visit, raw_event_id, is_superseded)
    SELECT f.tenant_hk, f.site_event_hk, f.site_session_hk, v.site_visitor_hk, f.site_page_hk, f.business_item_hk, f.item_name,
           f.event_timestamp, f.day, f.is_bot, f.event_type, f.event_category, f.event_action, f.event_label, f.event_value,
           f.event_currency, f.transaction_id, f.transaction_funnel_step, v.source, v.channel, v.device_type, v.country,
           v.is_visit, f.raw_event_id, f.is_superseded
    FROM pg_temp.fresh_b f
    CROSS JOIN LATERAL (
        SELECT v.site_visitor_hk, v.source, v.channel, v.device_type, v.country, v.is_visit FROM business.visit_b v
        WHERE v.site_session_hk = f.site_session_hk AND v.day = f.day LIMIT 1
    ) v
    ORDER BY f.tenant_hk, f.site_event_hk;

    PERFORM business.mark_days(p_load_date, v_visits, v_days, v_visitors || coalesce(v_left, '{}'));
END
$$;

-- Makes the days of these visits one visit: each knows the one before it, and all know where the visit entered, left and came from.
CREATE OR REPLACE FUNCTION business.align_days(p_visits bytea[]) RETURNS void
LANGUAGE sql AS $$
    UPDATE business.visit_b v
    SET previous_day = s.previous_day, spans_days = s.days > 1, entry_page_hk = s.entry_page_hk, exit_page_hk = s.exit_page_hk,
        site_visitor_hk = c.site_visitor_hk, source = c.source, channel = c.channel, referrer_host = c.referrer_host,
        utm_source = c.utm_source, utm_medium = c.utm_medium, utm_campaign = c.utm_campaign, utm_content = c.utm_content,
        utm_term = c.utm_term, utm_id = c.utm_id, channel_name = c.channel_name, device_type = c.device_type, browser_name = c.browser_name,
        browser_version = c.browser_version, operating_system = c.operating_system, language = c.language, country = c.country,
        operating_system_version = c.operating_system_version, bot_kind = c.bot_kind, bot_name = c.bot_name, consent = c.consent
    FROM (
        SELECT o.site_session_hk, o.day,
               max(o.day) FILTER (WHERE o.events > 0) OVER (
                   PARTITION BY o.site_session_hk ORDER BY o.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS previous_day,
               count(*) FILTER (WHERE o.events > 0) OVER (PARTITION BY o.site_session_hk) AS days,
               first_value(o.first_view_page_hk) OVER (
                   PARTITION BY o.site_session_hk ORDER BY o.first_view_timestamp IS NULL, o.day) AS entry_page_hk,
               first_value(o.last_view_page_hk) OVER (
                   PARTITION BY o.site_session_hk ORDER BY o.last_view_timestamp IS NULL, o.day DESC) AS exit_page_hk
        FROM unnest(p_visits) AS p(site_session_hk)
        CROSS JOIN LATERAL (
            SELECT o.* FROM business.visit_b o WHERE o.site_session_hk = p.site_session_hk OFFSET 0
        ) o
    ) s
    LEFT JOIN LATERAL business.visit_context(s.site_session_hk) c ON true
    WHERE v.site_session_hk = s.site_session_hk AND v.day = s.day
$$;

-- Brings to these visits what is known when they are closed: the day they began, bounce and duration, of humans.
CREATE OR REPLACE FUNCTION business.close_visits(p_visits bytea[]) RETURNS void
LANGUAGE sql AS $$
    WITH closed AS (
        UPDATE business.visit_b v
        SET start_day = d.start_day, is_bounce = d.is_bounce, duration_seconds = d.session_duration_seconds
        FROM (SELECT DISTINCT p.site_session_hk FROM unnest(p_visits) AS p(site_session_hk)) p
        -- a visit that turned out to be a bot's has none any more
        LEFT JOIN LATERAL business.visit_outcome(p.site_session_hk) d ON true
        WHERE v.site_session_hk = p.site_session_hk
          AND (v.start_day, v.is_bounce, v.duration_seconds)
              IS DISTINCT FROM (d.start_day, d.is_bounce, d.session_duration_seconds)
        RETURNING v.site_session_hk, v.day
    )
    SELECT business.mark_visits(util.current_load_date(), array_agg(c.site_session_hk), array_agg(c.day)) FROM closed c
$$;

-- How a visit went, as its details said at a load date (NULL: now): no row while it is open for the first time, or of a bot; and none while
-- its session is divided otherwise than it was, and the event that its details begin with is another visit's.
CREATE OR REPLACE FUNCTION business.visit_outcome(p_session_hk bytea, p_as_of timestamptz DEFAULT NULL)
RETURNS TABLE (start_day date, is_bounce boolean, session_duration_seconds integer)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT (d.session_start_time AT TIME ZONE t.time_zone)::date, d.is_bounce, d.session_duration_seconds
    FROM business.site_session_details_s d
    CROSS JOIN LATERAL (SELECT t.time_zone FROM auth.tenant_v t WHERE t.tenant_hk = d.tenant_hk LIMIT 1) t
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT w.of_session_hk FROM business.site_session_w w WHERE w.site_session_hk = p_session_hk), p_session_hk)
               AS session_hk
    ) s
    WHERE d.site_session_hk = p_session_hk AND d.traffic_class = 'human' AND d.total_events > 0
      -- events of nobody had details once, when each was taken for a visit
      AND NOT EXISTS (SELECT FROM business.site_session_w w WHERE w.site_session_hk = p_session_hk AND NOT w.is_visit)
      AND CASE WHEN p_as_of IS NULL THEN d.load_end_date IS NULL
               ELSE d.load_date <= p_as_of AND (d.load_end_date IS NULL OR d.load_end_date > p_as_of) END
      AND coalesce((
          SELECT y.site_session_hk FROM business.site_session_visit_s y
          WHERE y.of_session_hk = s.session_hk AND y.begins <= d.session_start_time
            AND CASE WHEN p_as_of IS NULL THEN y.load_end_date IS NULL
                     ELSE y.load_date <= p_as_of AND (y.load_end_date IS NULL OR y.load_end_date > p_as_of) END
          ORDER BY y.begins DESC LIMIT 1), s.session_hk) = p_session_hk
    ORDER BY d.load_date DESC LIMIT 1
$$;

-- The bridge's rows of a visit.
CREATE OR REPLACE FUNCTION business.visit_bridge(p_session_hk bytea) RETURNS SETOF business.event_b
LANGUAGE sql STABLE AS $$
    SELECT e.*
    FROM business.site_session_w w
    CROSS JOIN LATERAL (
        SELECT l.site_event_hk FROM business.event_session_l l WHERE l.site_session_hk = coalesce(w.of_session_hk, w.site_session_hk)
        OFFSET 0
    ) l
    CROSS JOIN LATERAL (
        SELECT e.* FROM business.event_b e WHERE e.tenant_hk = w.tenant_hk AND e.site_event_hk = l.site_event_hk LIMIT 1
    ) e
    WHERE w.root_session_hk = p_session_hk AND business.is_within(w, l.site_event_hk)
    OFFSET 0
$$;

-- Writes into the bridge's rows of these visits what their visits are now. Seldom needed: a half hour joined another one, or an
-- earlier event arrived late.
CREATE OR REPLACE FUNCTION business.align_events(p_visits bytea[]) RETURNS void
LANGUAGE sql AS $$
    UPDATE business.event_b e
    SET site_session_hk = s.site_session_hk, site_visitor_hk = c.site_visitor_hk, source = c.source, channel = c.channel,
        device_type = c.device_type, country = c.country
    FROM (SELECT DISTINCT p.site_session_hk FROM unnest(p_visits) AS p(site_session_hk)) s
    CROSS JOIN LATERAL (SELECT b.tenant_hk, b.site_event_hk FROM business.visit_bridge(s.site_session_hk) b OFFSET 0) b
    LEFT JOIN LATERAL business.visit_context(s.site_session_hk) c ON true
    WHERE e.tenant_hk = b.tenant_hk AND e.site_event_hk = b.site_event_hk
      AND (e.site_session_hk, e.site_visitor_hk, e.source, e.channel, e.device_type, e.country)
          IS DISTINCT FROM (s.site_session_hk, c.site_visitor_hk, c.source, c.channel, c.device_type, c.country)
$$;

-- Has counted anew what these parts of visits touch: the visits on all their days; and what comes after them of the same visitors and
-- transactions, whose last time before may be another one now. p_visitors: whose visits these were until now.
CREATE OR REPLACE FUNCTION business.mark_days(p_load_date timestamptz, p_visits bytea[], p_days date[], p_visitors bytea[])
RETURNS void
LANGUAGE sql AS $$
    SELECT business.mark_visits(p_load_date, array_agg(t.site_session_hk), array_agg(t.day))
    FROM (
        SELECT p.site_session_hk, v.day
        FROM (SELECT DISTINCT p.site_session_hk FROM unnest(p_visits) AS p(site_session_hk)) p
        CROSS JOIN LATERAL (SELECT v.day FROM business.visit_b v WHERE v.site_session_hk = p.site_session_hk OFFSET 0) v
        UNION
        SELECT o.site_session_hk, o.day
        FROM (
            SELECT v.site_visitor_hk, min(p.day) AS day, min(v.first_event_timestamp) AS first_event_timestamp
            FROM unnest(p_visits, p_days) AS p(site_session_hk, day)
            CROSS JOIN LATERAL (
                SELECT v.site_visitor_hk, v.first_event_timestamp FROM business.visit_b v
                WHERE v.site_session_hk = p.site_session_hk AND v.day = p.day LIMIT 1
            ) v
            GROUP BY v.site_visitor_hk
        ) v
        CROSS JOIN LATERAL (
            SELECT o.site_session_hk, o.day FROM business.visit_b o
            WHERE o.site_visitor_hk = v.site_visitor_hk AND o.day >= v.day
              AND (o.day > v.day OR o.last_event_timestamp >= v.first_event_timestamp) OFFSET 0
        ) o
        UNION
        SELECT o.site_session_hk, o.day
        FROM unnest(p_visitors) AS p(site_visitor_hk)
        CROSS JOIN LATERAL (
            SELECT o.site_session_hk, o.day FROM business.visit_b o WHERE o.site_visitor_hk = p.site_visitor_hk OFFSET 0
        ) o
        UNION
        SELECT e.site_session_hk, e.day
        FROM pg_temp.fresh_b f
        CROSS JOIN LATERAL (
            SELECT e.site_session_hk, e.day FROM business.event_b e
            WHERE e.tenant_hk = f.tenant_hk AND e.transaction_id = f.transaction_id AND e.day >= f.day
              AND (e.day > f.day OR e.event_timestamp >= f.event_timestamp) OFFSET 0
        ) e
        WHERE f.transaction_id IS NOT NULL
    ) t
$$;
