-- Sessions: which events are one visit, and when a visit is over. One writer at a time.
--
-- A visit is over after a silence, or when it has lasted for a day: what comes then begins another one, of the same visitor. That is a
-- function of the set of events: a session's events in the order of their time, cut where one comes too long after the one before it,
-- or too long after the first of the visit.
--
-- Events with a session id: the session is a fact and stays as it was sent (event_session_l). Its first visit goes by its key; a later one
-- has a key of its own, made of its first event's time, and a row in site_session_w (of_session_hk). Nearly every session is one visit,
-- as its first and last event tell; only where they do not, and where it was divided before, its visits are found again. Events without one: half_hours.sql.

-- The silence after which a visit is over. (The half hours of sessions without an id are as long: a longer silence would need longer ones.)
CREATE OR REPLACE FUNCTION business.visit_timeout() RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN interval '30 minutes';

-- How long a visit lasts at most, from its first event; without a session id, from the half hour of that.
CREATE OR REPLACE FUNCTION business.visit_limit() RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN interval '24 hours';

-- Whether a session's events, of which these are the first and the last, are one visit for sure.
CREATE OR REPLACE FUNCTION business.is_short(p_first timestamptz, p_last timestamptz, p_session_bucket timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_last - p_first <= business.visit_timeout() OR p_session_bucket IS NOT NULL;

-- Whether a visit and further events, of which these are the first and the last and which are one visit, are one visit for sure.
CREATE OR REPLACE FUNCTION business.is_one_visit(
    p_first timestamptz, p_last timestamptz, p_further_first timestamptz, p_further_last timestamptz
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_further_first - p_last <= business.visit_timeout() AND p_first - p_further_last <= business.visit_timeout()
   AND greatest(p_last, p_further_last) - least(p_first, p_further_first) < business.visit_limit();

-- Whether what is between these is too long for a visit; to the millisecond, as the keys of events have it.
CREATE OR REPLACE FUNCTION business.is_too_long(p_first timestamptz, p_last timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN date_trunc('milliseconds', p_last) - date_trunc('milliseconds', p_first) >= business.visit_limit();

-- Whether an event begins another visit than the one whose first and latest event were then.
CREATE OR REPLACE FUNCTION business.begins_visit(p_first timestamptz, p_latest timestamptz, p_moment timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN p_moment - p_latest > business.visit_timeout() OR business.is_too_long(p_first, p_moment);

-- The visits that events of these times, in order, are: first and last event of each.
CREATE OR REPLACE FUNCTION business.visits_among(p_moments timestamptz[])
RETURNS TABLE (first_event_timestamp timestamptz, last_event_timestamp timestamptz)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_moment timestamptz;
BEGIN
    FOREACH v_moment IN ARRAY p_moments LOOP
        IF business.begins_visit(first_event_timestamp, last_event_timestamp, v_moment) THEN
            RETURN NEXT;
            first_event_timestamp := v_moment;
        END IF;
        first_event_timestamp := coalesce(first_event_timestamp, v_moment);
        last_event_timestamp := v_moment;
    END LOOP;
    IF first_event_timestamp IS NOT NULL THEN
        RETURN NEXT;
    END IF;
END
$$;

-- The visits that these sessions' events are now, with those in pg_temp.fresh_event: the ones that are not what they were, with first
-- and last event; is_first: it goes by the session's key. A visit that is known is taken as a whole; its events are looked at only
-- where they cannot be one visit with what comes before them.
CREATE OR REPLACE FUNCTION business.cut_sessions(p_sessions bytea[])
RETURNS TABLE (of_session_hk bytea, is_first boolean, first_event_timestamp timestamptz, last_event_timestamp timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_part record;      -- an event, or a visit that is known
    v_visit record;
    v_n integer := 0;   -- the visits so far, and of each
    v_sessions bytea[] := '{}';
    v_are_first boolean[] := '{}';
    v_firsts timestamptz[] := '{}';
    v_lasts timestamptz[] := '{}';
    v_are_same boolean[] := '{}';
BEGIN
    FOR v_part IN
        SELECT f.site_session_hk AS session_hk, f.event_timestamp AS first, f.event_timestamp AS last, false AS is_known, false AS is_own
        FROM pg_temp.fresh_event f WHERE f.site_session_hk = ANY (p_sessions)
        UNION ALL
        SELECT s.session_hk, w.first_event_timestamp, w.last_event_timestamp, true, w.of_session_hk IS NULL
        FROM unnest(p_sessions) AS s(session_hk)
        CROSS JOIN LATERAL business.session_visits(s.session_hk) w
        -- of one time the longest first
        ORDER BY session_hk, first, last DESC
    LOOP
        IF v_n = 0 OR v_sessions[v_n] <> v_part.session_hk OR business.begins_visit(v_firsts[v_n], v_lasts[v_n], v_part.first) THEN
            v_n := v_n + 1;
            v_sessions[v_n] := v_part.session_hk;
            v_are_first[v_n] := v_n = 1 OR v_sessions[v_n - 1] <> v_part.session_hk;
            v_firsts[v_n] := v_part.first;
            v_lasts[v_n] := v_part.last;
            v_are_same[v_n] := v_part.is_known AND v_part.is_own = v_are_first[v_n];
        ELSIF v_part.first < v_firsts[v_n] THEN
            NULL; -- it was looked at with the visit that it was in
        ELSIF business.is_too_long(v_firsts[v_n], v_part.last) THEN
            FOR v_visit IN
                SELECT a.* FROM business.visits_among(ARRAY(
                    SELECT m.* FROM business.session_moments(v_part.session_hk, v_firsts[v_n], v_part.last) m ORDER BY 1)) a
            LOOP
                v_sessions[v_n] := v_part.session_hk;
                v_are_first[v_n] := v_n = 1 OR v_sessions[v_n - 1] <> v_part.session_hk;
                v_firsts[v_n] := v_visit.first_event_timestamp;
                v_lasts[v_n] := v_visit.last_event_timestamp;
                v_are_same[v_n] := false;
                v_n := v_n + 1;
            END LOOP;
            v_n := v_n - 1;
        ELSE
            v_lasts[v_n] := greatest(v_lasts[v_n], v_part.last);
            v_are_same[v_n] := false;
        END IF;
    END LOOP;
    RETURN QUERY
    SELECT v.session_hk, v.is_first, v.first, v.last
    FROM unnest(v_sessions, v_are_first, v_firsts, v_lasts, v_are_same) AS v(session_hk, is_first, first, last, is_same)
    WHERE NOT v.is_same;
END
$$;

-- A session's visits: the one that goes by its key, and later ones.
CREATE OR REPLACE FUNCTION business.session_visits(p_session_hk bytea) RETURNS SETOF business.site_session_w
LANGUAGE sql STABLE AS $$
    SELECT w.* FROM business.site_session_w w WHERE w.site_session_hk = p_session_hk
    UNION ALL
    SELECT w.* FROM business.site_session_w w
    WHERE w.of_session_hk = p_session_hk AND w.first_event_timestamp <= w.last_event_timestamp
$$;

-- When a session's events of [p_first, p_last] were, also those of the load under way.
CREATE OR REPLACE FUNCTION business.session_moments(p_session_hk bytea, p_first timestamptz, p_last timestamptz)
RETURNS SETOF timestamptz
LANGUAGE sql STABLE AS $$
    SELECT d.event_timestamp
    FROM (SELECT l.site_event_hk FROM business.event_session_l l WHERE l.site_session_hk = p_session_hk OFFSET 0) l
    CROSS JOIN LATERAL (
        SELECT d.event_timestamp FROM business.site_event_details_s d WHERE d.site_event_hk = l.site_event_hk LIMIT 1
    ) d
    WHERE l.site_event_hk >= util.time_prefix(p_first) AND l.site_event_hk < util.time_prefix(p_last + interval '1 millisecond')
$$;

-- Whether an event of a visit's session is of the visit itself, by the time that its key begins with.
CREATE OR REPLACE FUNCTION business.is_within(p_visit business.site_session_w, p_event_hk bytea) RETURNS boolean
LANGUAGE sql STABLE
RETURN NOT (p_visit).is_split AND (p_visit).of_session_hk IS NULL
    OR p_event_hk >= util.time_prefix((p_visit).first_event_timestamp)
       AND p_event_hk < util.time_prefix((p_visit).last_event_timestamp + interval '1 millisecond');

-- Divides these sessions into visits, now that more is known. Events in pg_temp.fresh_event get the key of their visit for that of
-- their session. Returns the visits that have got events which others had before, and those others: what is known of their first
-- event is found again. For a load, whose turn it is.
CREATE OR REPLACE FUNCTION business.split_sessions(p_sessions bytea[], p_load_date timestamptz) RETURNS bytea[]
LANGUAGE plpgsql AS $$
DECLARE
    v_moved bytea[];     -- visits that are gone, or lost events
    v_anew bytea[];      -- and whoever got those
    v_begun bytea[];     -- visits that begin, or are none any more
    v_again bigint[];    -- events that staging has no more
BEGIN
    IF to_regclass('pg_temp.visit_now') IS NULL THEN
        CREATE TEMP TABLE visit_now (
            site_session_hk bytea, visit_bk text, of_session_hk bytea, tenant_hk bytea, first_event_timestamp timestamptz,
            last_event_timestamp timestamptz) ON COMMIT DELETE ROWS;
    END IF;
    DELETE FROM pg_temp.visit_now;
    INSERT INTO pg_temp.visit_now
    SELECT CASE WHEN v.is_first THEN v.of_session_hk ELSE {{visit_key}} END, b.visit_bk, v.of_session_hk, h.tenant_hk,
           v.first_event_timestamp, v.last_event_timestamp
    FROM business.cut_sessions(p_sessions) v
    CROSS JOIN LATERAL (SELECT h.* FROM business.site_session_h h WHERE h.site_session_hk = v.of_session_hk LIMIT 1) h
    CROSS JOIN LATERAL (SELECT n.tenant_bk FROM auth.tenant_h n WHERE n.tenant_hk = h.tenant_hk LIMIT 1) n
    -- no id begins with a blank
    CROSS JOIN LATERAL (
        SELECT ' visit ' || util.milliseconds(v.first_event_timestamp) || ' ' || h.site_session_bk AS visit_bk OFFSET 0
    ) b;

    WITH known AS MATERIALIZED (
        SELECT s.session_hk, w.site_session_hk, w.first_event_timestamp AS first, w.last_event_timestamp AS last
        FROM unnest(p_sessions) AS s(session_hk)
        CROSS JOIN LATERAL business.session_visits(s.session_hk) w
    ), moved AS MATERIALIZED (
        SELECT k.* FROM known k
        WHERE EXISTS (
            SELECT FROM pg_temp.visit_now v WHERE v.of_session_hk = k.session_hk AND v.first_event_timestamp <= k.last
              AND v.last_event_timestamp >= k.first)
          AND NOT EXISTS (
            SELECT FROM pg_temp.visit_now v WHERE v.site_session_hk = k.site_session_hk AND v.first_event_timestamp <= k.first
              AND v.last_event_timestamp >= k.last)
    )
    SELECT (SELECT coalesce(array_agg(m.site_session_hk), '{}') FROM moved m),
           (SELECT coalesce(array_agg(DISTINCT v.site_session_hk), '{}') FROM moved m JOIN pg_temp.visit_now v
                ON v.of_session_hk = m.session_hk AND v.first_event_timestamp <= m.last AND v.last_event_timestamp >= m.first),
           (SELECT coalesce(array_agg(v.site_session_hk), '{}') FROM pg_temp.visit_now v
            WHERE v.site_session_hk <> v.of_session_hk AND NOT EXISTS (
                SELECT FROM known k WHERE k.site_session_hk = v.site_session_hk AND k.first = v.first_event_timestamp))
    INTO v_moved, v_anew, v_begun;
    v_anew := v_anew || v_moved;

    INSERT INTO business.site_session_h (site_session_hk, site_session_bk, tenant_hk, load_date, record_source)
    SELECT v.site_session_hk, v.visit_bk, v.tenant_hk, p_load_date, 'computed:visit'
    FROM pg_temp.visit_now v WHERE v.site_session_hk = ANY (v_begun) ORDER BY v.site_session_hk
    ON CONFLICT DO NOTHING;

    -- visits that are none any more: what was known of them is of the visit that their first event is in now
    WITH gone AS (
        UPDATE business.site_session_w w
        SET root_session_hk = v.site_session_hk, last_event_timestamp = w.first_event_timestamp - interval '1 day',
            touched_load_date = p_load_date, is_open = true, look_at = '-infinity'
        FROM pg_temp.visit_now v
        WHERE w.site_session_hk = ANY (v_moved) AND v.of_session_hk = w.of_session_hk
          AND w.first_event_timestamp BETWEEN v.first_event_timestamp AND v.last_event_timestamp
          AND NOT EXISTS (SELECT FROM pg_temp.visit_now o WHERE o.site_session_hk = w.site_session_hk)
        RETURNING w.site_session_hk, v.site_session_hk AS root_now
    ), gone_before AS (
        UPDATE business.site_session_w w SET root_session_hk = g.root_now
        FROM gone g WHERE w.root_session_hk = g.site_session_hk AND w.site_session_hk <> g.site_session_hk
    )
    SELECT v_begun || coalesce(array_agg(g.site_session_hk), '{}') INTO v_begun FROM gone g;

    INSERT INTO business.site_session_w AS w (
        site_session_hk, tenant_hk, root_session_hk, of_session_hk, first_event_timestamp, last_event_timestamp, touched_load_date,
        is_visit, is_open, look_at)
    SELECT v.site_session_hk, v.tenant_hk, v.site_session_hk, nullif(v.of_session_hk, v.site_session_hk), v.first_event_timestamp,
           v.last_event_timestamp, p_load_date, true, true, v.last_event_timestamp + business.visit_timeout()
    FROM pg_temp.visit_now v ORDER BY v.site_session_hk
    ON CONFLICT (site_session_hk) DO UPDATE SET
        root_session_hk = excluded.root_session_hk, first_event_timestamp = excluded.first_event_timestamp,
        last_event_timestamp = excluded.last_event_timestamp, touched_load_date = excluded.touched_load_date, is_open = true,
        look_at = excluded.look_at;
    UPDATE business.site_session_w w SET is_split = false
    FROM unnest(p_sessions) AS s(session_hk)
    WHERE w.site_session_hk = s.session_hk AND NOT EXISTS (
        SELECT FROM business.session_visits(s.session_hk) o WHERE o.site_session_hk <> s.session_hk);

    UPDATE pg_temp.fresh_event f SET site_session_hk = v.site_session_hk
    FROM pg_temp.visit_now v
    WHERE v.site_session_hk <> v.of_session_hk AND f.site_session_hk = v.of_session_hk
      AND f.event_timestamp BETWEEN v.first_event_timestamp AND v.last_event_timestamp;

    PERFORM business.refresh_site_session_visit(v_begun, p_load_date);
    IF cardinality(v_anew) > 0 THEN
        v_again := business.stage_again(ARRAY(
            SELECT d.raw_event_id FROM unnest(v_anew) AS v(site_session_hk) CROSS JOIN LATERAL business.visit_events(v.site_session_hk) d));
        PERFORM business.refresh_site_session_context(v_anew, p_load_date);
        PERFORM business.unstage(v_again);
    END IF;
    RETURN v_anew;
END
$$;

-- The later visits of sessions that came back, and when they began; those that turned out to be none have no beginning.
CREATE OR REPLACE FUNCTION business.site_session_visit_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (site_session_hk bytea, tenant_hk bytea, of_session_hk bytea, begins timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT w.site_session_hk, w.tenant_hk, w.of_session_hk,
           CASE WHEN w.first_event_timestamp <= w.last_event_timestamp THEN w.first_event_timestamp END
    FROM business.site_session_w w
    WHERE w.site_session_hk = ANY (p_keys) AND w.of_session_hk IS NOT NULL
$$;

-- What staging still has of these visits' events, under the keys of the visits.
CREATE OR REPLACE FUNCTION business.site_session_staged(p_keys bytea[]) RETURNS SETOF staging.site_events_staging
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_key bytea;
    v_staged staging.site_events_staging;
BEGIN
    FOREACH v_key IN ARRAY p_keys LOOP
        FOR v_staged IN
            SELECT s.*
            FROM business.visit_events(v_key) d
            CROSS JOIN LATERAL (
                SELECT s.* FROM staging.site_events_staging s
                WHERE s.raw_event_id = d.raw_event_id AND s.site_event_hk = d.site_event_hk LIMIT 1
            ) s
        LOOP
            v_staged.site_session_hk := v_key;
            RETURN NEXT v_staged;
        END LOOP;
    END LOOP;
END
$$;

-- What is known of these visits' first events, under the keys of the visits: by whichever visit of their session had those events before.
-- Where staging has none of a visit's events any more and nothing is known of them, what is known of the session has to do.
CREATE OR REPLACE FUNCTION business.site_session_context_known(p_keys bytea[]) RETURNS SETOF business.site_session_context_s
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_visit business.site_session_w;
    v_session_hk bytea;
    v_context business.site_session_context_s;
    v_is_known boolean;
BEGIN
    FOR v_visit IN
        SELECT w.* FROM business.site_session_w w WHERE w.site_session_hk = ANY (p_keys) AND w.root_session_hk = w.site_session_hk
    LOOP
        v_session_hk := coalesce(v_visit.of_session_hk, v_visit.site_session_hk);
        v_is_known := false;
        FOR v_context IN
            SELECT c.*
            FROM (SELECT v_session_hk AS site_session_hk
                  UNION ALL
                  SELECT w.site_session_hk FROM business.site_session_w w WHERE w.of_session_hk = v_session_hk) s
            JOIN business.site_session_context_s c ON c.site_session_hk = s.site_session_hk AND c.load_end_date IS NULL
            WHERE business.is_within(v_visit, c.entry_event_hk)
        LOOP
            v_context.site_session_hk := v_visit.site_session_hk;
            v_is_known := true;
            RETURN NEXT v_context;
        END LOOP;
        CONTINUE WHEN v_is_known OR EXISTS (SELECT FROM business.site_session_staged(ARRAY[v_visit.site_session_hk]));
        SELECT c.* INTO v_context FROM business.site_session_context_s c
        WHERE c.site_session_hk = v_session_hk AND c.load_end_date IS NULL;
        IF FOUND THEN
            v_context.site_session_hk := v_visit.site_session_hk;
            RETURN NEXT v_context;
        END IF;
    END LOOP;
END
$$;

-- The events of a visit: of all its half hours, or those of its session that are its own. LATERAL with OFFSET 0 or LIMIT says "for each, by its index" in a way that the
-- planner keeps: without statistics, as in a new month's partition, it would rather join whole tables (seen: 100 s instead of
-- 0.1 s for 2,000 visits). So the cost of a visit is that of its events, however large the tables are.
CREATE OR REPLACE FUNCTION business.visit_events(p_session_hk bytea) RETURNS SETOF business.site_event_details_s
LANGUAGE sql STABLE AS $$
    SELECT d.*
    FROM business.site_session_w w
    CROSS JOIN LATERAL (
        -- in the index of every month: to bound the months by the session's time would tempt the planner to read all that
        -- happened in that time instead
        SELECT l.site_event_hk FROM business.event_session_l l WHERE l.site_session_hk = coalesce(w.of_session_hk, w.site_session_hk)
        OFFSET 0
    ) l
    CROSS JOIN LATERAL (
        SELECT d.* FROM business.site_event_details_s d WHERE d.site_event_hk = l.site_event_hk LIMIT 1
    ) d
    WHERE w.root_session_hk = p_session_hk AND business.is_within(w, l.site_event_hk)
    OFFSET 0
$$;

-- The visit that an event belongs to. An event's links share the first 6 bytes of its key: they are found through the primary key.
CREATE OR REPLACE FUNCTION business.visit_of(p_event_hk bytea) RETURNS SETOF bytea
LANGUAGE sql STABLE AS $$
    SELECT w.root_session_hk
    FROM business.event_session_l l
    CROSS JOIN LATERAL (
        SELECT w.root_session_hk FROM business.session_visits(l.site_session_hk) w WHERE business.is_within(w, p_event_hk) LIMIT 1
    ) w
    WHERE l.site_event_hk = p_event_hk
      AND l.link_event_session_hk BETWEEN substr(p_event_hk, 1, 6) AND util.last_key_of(p_event_hk)
    OFFSET 0
$$;

-- Sessions as computed from their events: for each key that is a visit, its details; for a half hour that had details and turned
-- out to continue another visit, an empty row. The definitions are those of docs/ask/metrics.md.
CREATE OR REPLACE FUNCTION business.site_session_details_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (
    site_session_hk bytea, tenant_hk bytea, session_start_time timestamptz, session_end_time timestamptz,
    total_page_views integer, total_events integer, session_duration_seconds integer, entry_page_url text, exit_page_url text,
    referrer_url text, utm_source text, utm_medium text, utm_campaign text, is_bounce boolean, items_viewed text[],
    transaction_attempted boolean, transaction_completed boolean, total_conversion_value numeric, business_context jsonb,
    traffic_class text
)
LANGUAGE sql STABLE AS $$
    WITH event AS MATERIALIZED (
        SELECT k.root_session_hk, d.tenant_hk, d.site_event_hk, d.event_timestamp, d.raw_event_id, d.event_type, d.event_action, d.event_label,
               d.event_value, d.event_currency, d.page_url, d.business_item_info ->> 'item_key' AS item_key,
               d.business_item_info IS NOT NULL AS is_of_item, d.transaction_id, d.transaction_funnel_step, d.traffic_class
        FROM unnest(p_keys) AS k(root_session_hk)
        CROSS JOIN LATERAL business.visit_events(k.root_session_hk) d
    ), conversion AS (
        -- of most events a look at what they are says that they are none
        SELECT e.root_session_hk, e.event_timestamp, e.raw_event_id, c.value, c.currency, t.currency AS tenant_currency,
               row_number() OVER (PARTITION BY e.root_session_hk, i.identity ORDER BY e.event_timestamp, e.raw_event_id) = 1 AS is_counted
        FROM event e
        CROSS JOIN LATERAL (SELECT t.currency FROM auth.tenant_v t WHERE t.tenant_hk = e.tenant_hk LIMIT 1) t
        CROSS JOIN LATERAL business.conversion_of(e.tenant_hk, e.event_type, e.event_action, e.event_label, e.event_timestamp,
                                                  e.event_value, e.event_currency, business.is_superseded(e.site_event_hk)) c
        CROSS JOIN LATERAL (SELECT business.conversion_identity(
            e.event_type, e.transaction_id, e.root_session_hk, e.transaction_funnel_step, e.site_event_hk, e.event_value,
            c.is_refund) AS identity) i
        WHERE e.event_type = 'transaction_step'
           OR (e.event_type, e.event_action) IN (SELECT r.event_type, r.event_action FROM ref.conversion_rule r)
    ), worth AS (
        SELECT c.root_session_hk, sum(c.value) FILTER (WHERE c.currency = c.tenant_currency) AS value,
               array_agg(c.currency || ' ' || c.value ORDER BY c.event_timestamp, c.raw_event_id) FILTER (
                   WHERE c.currency <> c.tenant_currency) AS other_values
        FROM conversion c WHERE c.is_counted GROUP BY c.root_session_hk
    ), session AS (
        SELECT e.root_session_hk, e.tenant_hk, min(e.event_timestamp) AS started, max(e.event_timestamp) AS ended,
               count(*) FILTER (WHERE e.event_type = 'page_view') AS page_views, count(*) AS events,
               array_agg(e.page_url ORDER BY e.event_timestamp, e.raw_event_id) FILTER (WHERE e.event_type = 'page_view') AS view_urls,
               count(*) FILTER (WHERE e.event_type IN ('item_interaction', 'transaction_step', 'contact_interaction')) AS acts,
               array_agg(DISTINCT e.item_key COLLATE "C" ORDER BY e.item_key COLLATE "C") FILTER (WHERE e.is_of_item) AS items,
               bool_or(e.event_type = 'transaction_step') AS attempted,
               bool_or(e.event_type = 'transaction_step' AND e.event_action = 'complete') AS completed,
               array_agg(DISTINCT (e.transaction_funnel_step || ':' || e.event_action) COLLATE "C"
                         ORDER BY (e.transaction_funnel_step || ':' || e.event_action) COLLATE "C")
                   FILTER (WHERE e.transaction_funnel_step IS NOT NULL) AS funnel_steps,
               count(*) FILTER (WHERE e.event_type = 'contact_interaction') AS contacts,
               CASE WHEN bool_or(e.traffic_class = 'bot') THEN 'bot' ELSE 'human' END AS traffic_class
        FROM event e
        GROUP BY e.root_session_hk, e.tenant_hk
    )
    SELECT s.root_session_hk, s.tenant_hk, s.started, s.ended, s.page_views::integer, s.events::integer,
           floor(extract(epoch FROM s.ended - s.started))::integer, s.view_urls[1], s.view_urls[s.page_views],
           c.referrer_url, c.utm_source, c.utm_medium, c.utm_campaign,
           s.page_views = 1 AND s.acts = 0, s.items[1:100], s.attempted, s.completed, util.money(coalesce(v.value, 0)),
           jsonb_strip_nulls(jsonb_build_object(
               'industry', t.industry, 'funnel_steps', to_jsonb(s.funnel_steps), 'contacts', nullif(s.contacts, 0),
               'values_in_other_currencies', to_jsonb(v.other_values))),
           coalesce(j.traffic_class, s.traffic_class)
    FROM session s
    LEFT JOIN worth v USING (root_session_hk)
    CROSS JOIN LATERAL (SELECT t.industry FROM auth.tenant_v t WHERE t.tenant_hk = s.tenant_hk LIMIT 1) t
    LEFT JOIN LATERAL (
        SELECT o.* FROM business.site_session_context_s o
        WHERE o.site_session_hk = s.root_session_hk AND o.load_end_date IS NULL LIMIT 1
    ) c ON true
    LEFT JOIN LATERAL business.judged_class(s.root_session_hk) j(traffic_class) ON true
    UNION ALL
    SELECT w.site_session_hk, w.tenant_hk, d.session_start_time, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, 0, jsonb_build_object('continues_session', encode(w.root_session_hk, 'hex')), d.traffic_class
    FROM business.site_session_w w
    CROSS JOIN LATERAL (
        SELECT d.* FROM business.site_session_details_s d
        WHERE d.site_session_hk = w.site_session_hk AND d.load_end_date IS NULL LIMIT 1
    ) d
    WHERE w.site_session_hk = ANY (p_keys) AND w.root_session_hk <> w.site_session_hk
$$;

-- Every session as it stands now: closed ones as stored, open ones computed from the events so far (without an end).
CREATE OR REPLACE VIEW business.site_session_current_v WITH (security_invoker = true) AS
SELECT d.site_session_hk, d.tenant_hk, d.session_start_time, d.session_end_time, d.total_page_views, d.total_events,
       d.session_duration_seconds, d.entry_page_url, d.exit_page_url, d.referrer_url, d.utm_source, d.utm_medium,
       d.utm_campaign, d.is_bounce, d.items_viewed, d.transaction_attempted, d.transaction_completed,
       d.total_conversion_value, d.business_context, d.traffic_class, false AS is_open
FROM business.site_session_details_s d
WHERE d.load_end_date IS NULL AND d.total_events > 0
  AND NOT EXISTS (SELECT FROM business.site_session_w w WHERE w.root_session_hk = d.site_session_hk AND w.is_open)
UNION ALL
SELECT o.site_session_hk, o.tenant_hk, o.session_start_time, NULL, o.total_page_views, o.total_events, NULL, o.entry_page_url,
       o.exit_page_url, o.referrer_url, o.utm_source, o.utm_medium, o.utm_campaign, NULL, o.items_viewed,
       o.transaction_attempted, o.transaction_completed, o.total_conversion_value, o.business_context, o.traffic_class, true
FROM business.site_session_details_of(
    ARRAY(SELECT DISTINCT w.root_session_hk FROM business.site_session_w w WHERE w.is_open AND w.is_visit), NULL) o
WHERE o.total_events > 0;
