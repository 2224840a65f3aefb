-- Satellites that are computed at snapshots: visitors (at most daily); pages and items, of what is carried of them (carried.sql).

-- Recomputes what is due of one of these satellites: keys with new events whose current row is at least p_minimum_age old, at
-- most p_limit, in turns of their tenants, the longest due first. Returns how many keys were looked at; 0 when nothing is due.
--
-- All of a visitor's history is read each time, so who has much of it waits for longer: as many times p_minimum_age as there are p_much views.
-- So in that time nobody costs more than about p_much of them, for however long they have been coming. NULL: all wait alike, as they did until
-- version 50, and as pages and items do, whose sums are carried. Not p_closed: pages and items with visits that are not over, as until versions
-- 51 and 52.
CREATE OR REPLACE FUNCTION business.refresh_due(
    p_satellite text, p_minimum_age interval, p_as_of timestamptz, p_limit integer DEFAULT 2000, p_much integer DEFAULT 10000,
    p_closed boolean DEFAULT true
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_carried constant text := CASE p_satellite WHEN 'site_page_details' THEN 'pages' WHEN 'business_item_details' THEN 'items' END;
    v_total constant text := CASE p_satellite
        WHEN 'site_visitor_details' THEN 'total_page_views'
        WHEN 'site_page_details' THEN 'total_views'
        ELSE 'total_interactions' END;
    v_much constant integer := CASE WHEN v_carried IS NULL OR NOT p_closed THEN p_much END;
    v_due bytea[];
    v_keys bytea[];
    v_dates timestamptz[];
    v_load_date timestamptz;
    v_seen timestamptz;
    v_inserted bigint;
BEGIN
    IF v_carried IS NOT NULL THEN
        -- what visits did with them is added to their sums in that turn, and stays as it is meanwhile
        PERFORM util.take_turn('sessions');
    END IF;
    PERFORM util.take_turn(p_satellite);
    -- what is due and what is computed of it is seen at one point between loads, for a rebuild to find it again: if a load came in
    -- between, once more
    LOOP
        v_seen := business.seen_load();
        EXECUTE format($due$
            SELECT array_agg(d.hash_key) FROM (
                SELECT w.hash_key FROM (
                    SELECT w.hash_key, w.tenant_hk, min(w.load_date) AS since FROM business.refresh_w w
                    WHERE w.satellite = $1 AND NOT EXISTS (
                        SELECT FROM business.%I s WHERE s.%I = w.hash_key AND s.load_end_date IS NULL
                          AND s.load_date > $2 - $3 * greatest(s.%I / $5::numeric, 1))
                    GROUP BY w.hash_key, w.tenant_hk
                ) w
                ORDER BY row_number() OVER (PARTITION BY w.tenant_hk ORDER BY w.since, w.hash_key), w.tenant_hk LIMIT $4) d
            $due$, p_satellite || '_s', replace(p_satellite, '_details', '_hk'), v_total)
        INTO v_due USING p_satellite, p_as_of, p_minimum_age, p_limit, v_much;
        IF v_due IS NULL THEN
            DELETE FROM raw.load_batch l WHERE l.load_date = v_load_date;
            RETURN 0;
        END IF;
        -- done is what is seen now: what a load appends meanwhile stays due
        SELECT array_agg(w.hash_key), array_agg(w.load_date) INTO v_keys, v_dates
        FROM business.refresh_w w WHERE w.satellite = p_satellite AND w.hash_key = ANY (v_due);
        v_load_date := coalesce(v_load_date, business.open_load(p_satellite));
        EXIT WHEN business.seen_load() IS NOT DISTINCT FROM v_seen;
    END LOOP;

    IF v_carried IS NOT NULL THEN
        IF NOT p_closed THEN
            EXECUTE format('SELECT business.forget_%s($1)', v_carried) USING v_due;
        END IF;
        EXECUTE format('SELECT business.sum_%s($1, $2)', v_carried) USING v_due, NOT p_closed;
    END IF;
    EXECUTE format('SELECT business.refresh_%s($1, $2)', p_satellite) INTO v_inserted USING v_due, v_load_date;
    IF v_carried IS NOT NULL AND NOT p_closed THEN
        EXECUTE format('SELECT business.forget_%s($1)', v_carried) USING v_due;
    END IF;
    UPDATE raw.load_batch l
    SET counts = jsonb_build_object(p_satellite || '_s', v_inserted),
        asked = jsonb_build_object('as_of', p_as_of, 'most', p_limit, 'minimum_age', p_minimum_age, 'much', v_much,
                                   -- which satellites count visits that are over
                                   'closed', CASE WHEN p_closed THEN '["site_page_details", "business_item_details"]' ELSE '[]' END::jsonb,
                                   'seen', v_seen, 'taken', (
            SELECT jsonb_object_agg(encode(t.tenant_hk, 'hex'), t.keys)
            FROM (SELECT w.tenant_hk, count(DISTINCT w.hash_key) AS keys FROM business.refresh_w w
                  WHERE cardinality(v_due) >= p_limit AND w.satellite = p_satellite AND w.hash_key = ANY (v_due)
                  GROUP BY w.tenant_hk) t))
    WHERE l.load_date = v_load_date;

    DELETE FROM business.refresh_w w USING unnest(v_keys, v_dates) AS d(hash_key, load_date)
    WHERE w.satellite = p_satellite AND w.hash_key = d.hash_key AND w.load_date = d.load_date;
    RETURN cardinality(v_due);
END
$$;

-- The closed sessions of a visitor: the visits that are theirs, also those in which they got their id only later.
CREATE OR REPLACE FUNCTION business.visitor_sessions(p_site_visitor_hk bytea)
RETURNS SETOF business.site_session_details_s
LANGUAGE sql STABLE AS $$
    SELECT d.*
    FROM (
        SELECT DISTINCT w.root_session_hk
        FROM business.session_visitor_l l
        CROSS JOIN LATERAL (
            SELECT w.root_session_hk FROM business.session_visits(l.site_session_hk) w OFFSET 0
        ) w
        WHERE l.site_visitor_hk = p_site_visitor_hk
    ) v
    CROSS JOIN LATERAL (
        SELECT d.* FROM business.site_session_details_s d
        WHERE d.site_session_hk = v.root_session_hk AND d.load_end_date IS NULL LIMIT 1
    ) d
    CROSS JOIN LATERAL business.visit_context(v.root_session_hk) c
    WHERE c.site_visitor_hk = p_site_visitor_hk AND d.total_events > 0
    OFFSET 0
$$;

-- Visitors as computed from their closed sessions; device and language are those of the latest. Definitions: docs/ask/metrics.md.
--
-- A visitor's visits are found by session_visitor_l_site_visitor_hk, their details and context by their keys; their events are read once,
-- and only those that may be conversions, or are about items, go on from there.
CREATE OR REPLACE FUNCTION business.site_visitor_details_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (
    site_visitor_hk bytea, tenant_hk bytea, visitor_ip_hash text, user_agent text, device_type text, browser_name text,
    browser_version text, operating_system text, screen_resolution text, viewport_size text, timezone text, language text,
    do_not_track boolean, first_visit_date timestamptz, last_visit_date timestamptz, total_sessions integer,
    total_page_views integer, favorite_items text[], total_transactions integer, lifetime_value numeric, visitor_segment text
)
LANGUAGE sql STABLE AS $$
    WITH visit AS MATERIALIZED (
        SELECT h.site_visitor_hk, h.tenant_hk, t.currency, d.site_session_hk, d.session_start_time, d.total_page_views,
               d.transaction_completed, d.total_conversion_value
        FROM unnest(p_keys) AS k(site_visitor_hk)
        CROSS JOIN LATERAL (
            SELECT h.site_visitor_hk, h.tenant_hk FROM business.site_visitor_h h WHERE h.site_visitor_hk = k.site_visitor_hk LIMIT 1
        ) h
        CROSS JOIN LATERAL (SELECT t.currency FROM auth.tenant_v t WHERE t.tenant_hk = h.tenant_hk LIMIT 1) t
        CROSS JOIN LATERAL business.visitor_sessions(h.site_visitor_hk) d
    ), visited AS (
        SELECT v.site_visitor_hk, v.tenant_hk, v.currency,
               (array_agg(c.context ORDER BY v.session_start_time DESC, v.site_session_hk))[1] AS latest,
               min(v.session_start_time) AS first_visit, max(v.session_start_time) AS last_visit,
               count(*)::integer AS sessions, sum(v.total_page_views)::integer AS page_views,
               -- of visits whose events have gone: what their details say
               count(*) FILTER (WHERE v.transaction_completed AND r.is_retired) AS transactions_before,
               coalesce(sum(v.total_conversion_value) FILTER (WHERE r.is_retired), 0) AS value_before
        FROM visit v
        CROSS JOIN LATERAL (
            SELECT c AS context FROM business.site_session_context_s c
            WHERE c.site_session_hk = v.site_session_hk AND c.load_end_date IS NULL LIMIT 1
        ) c
        LEFT JOIN LATERAL (
            SELECT w.is_retired FROM business.site_session_w w WHERE w.site_session_hk = v.site_session_hk LIMIT 1
        ) r ON true
        GROUP BY v.site_visitor_hk, v.tenant_hk, v.currency
    ), event AS MATERIALIZED (
        SELECT v.site_visitor_hk, v.site_session_hk AS root_session_hk, v.currency AS tenant_currency, e.*
        FROM visit v
        CROSS JOIN LATERAL (
            SELECT e.site_event_hk, e.tenant_hk, e.event_timestamp, e.event_type, e.event_action, e.event_label, e.event_value,
                   e.event_currency, e.transaction_id, e.transaction_funnel_step, e.raw_event_id,
                   e.business_item_info ->> 'item_key' AS item_key, e.business_item_info IS NOT NULL AS is_of_item
            FROM business.visit_events(v.site_session_hk) e
            WHERE e.event_type IN ('transaction_step', 'item_interaction')
               OR (e.event_type, e.event_action) IN (SELECT r.event_type, r.event_action FROM ref.conversion_rule r)
        ) e
    ), converted AS (
        SELECT c.site_visitor_hk, count(*) FILTER (WHERE c.is_transaction) AS transactions,
               sum(c.value) FILTER (WHERE c.currency = c.tenant_currency) AS value
        FROM (
            SELECT DISTINCT ON (e.site_visitor_hk, i.identity) e.site_visitor_hk, e.tenant_currency, c.value, c.currency,
                   e.event_type = 'transaction_step' AND e.event_action = 'complete' AND NOT c.is_refund AS is_transaction
            FROM event e
            CROSS JOIN LATERAL business.conversion_of(e.tenant_hk, e.event_type, e.event_action, e.event_label,
                                                      e.event_timestamp, e.event_value, e.event_currency,
                                                      business.is_superseded(e.site_event_hk)) c
            CROSS JOIN LATERAL (SELECT business.conversion_identity(
                e.event_type, e.transaction_id, e.root_session_hk, e.transaction_funnel_step, e.site_event_hk, e.event_value,
                c.is_refund) AS identity) i
            ORDER BY e.site_visitor_hk, i.identity, e.event_timestamp, e.raw_event_id
        ) c
        GROUP BY c.site_visitor_hk
    ), favorite AS (
        SELECT i.site_visitor_hk, array_agg(i.item_key ORDER BY i.interactions DESC, i.item_key COLLATE "C")
                   FILTER (WHERE i.place <= 5) AS items
        FROM (
            SELECT e.site_visitor_hk, e.item_key, count(*) AS interactions,
                   row_number() OVER (PARTITION BY e.site_visitor_hk ORDER BY count(*) DESC, e.item_key COLLATE "C") AS place
            FROM event e WHERE e.event_type = 'item_interaction' AND e.is_of_item
            GROUP BY e.site_visitor_hk, e.item_key
        ) i
        GROUP BY i.site_visitor_hk
    )
    SELECT s.site_visitor_hk, s.tenant_hk, (s.latest).visitor_ip_hash, (s.latest).user_agent, (s.latest).device_type,
           (s.latest).browser_name, (s.latest).browser_version, (s.latest).operating_system, (s.latest).screen_resolution,
           (s.latest).viewport_size, (s.latest).timezone, (s.latest).language, (s.latest).do_not_track,
           s.first_visit, s.last_visit, s.sessions, s.page_views, f.items, w.transactions, w.value, g.segment
    FROM visited s
    LEFT JOIN converted c USING (site_visitor_hk)
    LEFT JOIN favorite f USING (site_visitor_hk)
    CROSS JOIN LATERAL (
        SELECT (s.transactions_before + coalesce(c.transactions, 0))::integer AS transactions,
               util.money(s.value_before + coalesce(c.value, 0)) AS value
    ) w
    LEFT JOIN LATERAL (
        SELECT r.segment FROM ref.visitor_segment r
        WHERE r.tenant_hk IN (s.tenant_hk, '\x') AND s.sessions >= r.minimum_sessions
          AND w.transactions >= r.minimum_transactions AND w.value >= r.minimum_lifetime_value
        ORDER BY r.tenant_hk DESC, r.position LIMIT 1
    ) g ON true
$$;
