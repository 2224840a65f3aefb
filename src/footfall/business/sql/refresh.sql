-- Satellites that are computed at snapshots: visitors (at most daily), pages and items.

-- Recomputes what is due of one of these satellites: keys with new events whose current row is at least p_minimum_age old, at
-- most p_limit. Returns how many keys were looked at; 0 when nothing is due.
CREATE OR REPLACE FUNCTION business.refresh_due(
    p_satellite text, p_minimum_age interval, p_as_of timestamptz, p_limit integer DEFAULT 2000
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_due bytea[];
    v_keys bytea[];
    v_dates timestamptz[];
    v_load_date timestamptz;
    v_inserted bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('footfall:' || p_satellite, 0));
    EXECUTE format($due$
        SELECT array_agg(d.hash_key) FROM (
            SELECT DISTINCT w.hash_key FROM business.refresh_w w
            WHERE w.satellite = $1 AND NOT EXISTS (
                SELECT FROM business.%I s WHERE s.%I = w.hash_key AND s.load_end_date IS NULL AND s.load_date > $2 - $3)
            ORDER BY w.hash_key LIMIT $4) d
        $due$, p_satellite || '_s', replace(p_satellite, '_details', '_hk'))
    INTO v_due USING p_satellite, p_as_of, p_minimum_age, p_limit;
    IF v_due IS NULL THEN
        RETURN 0;
    END IF;
    -- done is what is seen now: what a load appends meanwhile stays due
    SELECT array_agg(w.hash_key), array_agg(w.load_date) INTO v_keys, v_dates
    FROM business.refresh_w w WHERE w.satellite = p_satellite AND w.hash_key = ANY (v_due);

    v_load_date := business.open_load(p_satellite);
    EXECUTE format('SELECT business.refresh_%s($1, $2)', p_satellite) INTO v_inserted USING v_due, v_load_date;
    UPDATE raw.load_batch l SET counts = jsonb_build_object(p_satellite || '_s', v_inserted) WHERE l.load_date = v_load_date;

    DELETE FROM business.refresh_w w USING unnest(v_keys, v_dates) AS d(hash_key, load_date)
    WHERE w.satellite = p_satellite AND w.hash_key = d.hash_key AND w.load_date = d.load_date;
    RETURN cardinality(v_due);
END
$$;

-- Visitors as computed from their closed sessions; device and language are those of the latest. Definitions: docs/metrics.md.
CREATE OR REPLACE FUNCTION business.site_visitor_details_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (
    site_visitor_hk bytea, tenant_hk bytea, visitor_ip_hash text, user_agent text, device_type text, browser_name text,
    browser_version text, operating_system text, screen_resolution text, viewport_size text, timezone text, language text,
    do_not_track boolean, first_visit_date timestamptz, last_visit_date timestamptz, total_sessions integer,
    total_page_views integer, favorite_items text[], total_transactions integer, lifetime_value numeric, visitor_segment text
)
LANGUAGE sql STABLE AS $$
    WITH session AS MATERIALIZED (
        SELECT c.site_visitor_hk, d.site_session_hk, d.tenant_hk, d.session_start_time, d.total_page_views,
               c.visitor_ip_hash, c.user_agent, c.device_type, c.browser_name, c.browser_version, c.operating_system,
               c.screen_resolution, c.viewport_size, c.timezone, c.language, c.do_not_track
        FROM business.session_visitor_l l
        JOIN business.site_session_context_s c
          ON c.site_session_hk = l.site_session_hk AND c.load_end_date IS NULL AND c.site_visitor_hk = l.site_visitor_hk
        JOIN business.site_session_details_s d
          ON d.site_session_hk = l.site_session_hk AND d.load_end_date IS NULL AND d.total_events > 0
        WHERE l.site_visitor_hk = ANY (p_keys)
    ), event AS MATERIALIZED (
        SELECT s.site_visitor_hk, s.site_session_hk, e.*
        FROM session s
        JOIN business.site_session_w w ON w.root_session_hk = s.site_session_hk
        JOIN business.event_session_l l ON l.site_session_hk = w.site_session_hk
        JOIN business.site_event_details_s e ON e.site_event_hk = l.site_event_hk AND e.load_end_date IS NULL
    ), conversion AS (
        SELECT DISTINCT ON (e.site_visitor_hk, i.identity) e.site_visitor_hk, c.value, c.currency,
               e.event_type = 'transaction_step' AND e.event_action = 'complete' AS is_transaction
        FROM event e
        CROSS JOIN LATERAL business.conversion_of(e.tenant_hk, e.event_type, e.event_action, e.event_label,
                                                  e.event_timestamp, e.event_value, e.event_currency) c
        CROSS JOIN LATERAL (SELECT business.conversion_identity(
            e.event_type, e.transaction_id, e.site_session_hk, e.transaction_funnel_step, e.site_event_hk) AS identity) i
        ORDER BY e.site_visitor_hk, i.identity, e.event_timestamp, e.site_event_hk
    ), worth AS (
        SELECT c.site_visitor_hk, count(*) FILTER (WHERE c.is_transaction) AS transactions,
               coalesce(sum(c.value) FILTER (WHERE c.currency = t.currency), 0) AS value
        FROM conversion c
        JOIN business.site_visitor_h v ON v.site_visitor_hk = c.site_visitor_hk
        JOIN auth.tenant_v t ON t.tenant_hk = v.tenant_hk
        GROUP BY c.site_visitor_hk
    ), favourite AS (
        SELECT f.site_visitor_hk, array_agg(f.item_key ORDER BY f.place) AS items
        FROM (
            SELECT e.site_visitor_hk, e.business_item_info ->> 'item_key' AS item_key, row_number() OVER (
                PARTITION BY e.site_visitor_hk
                ORDER BY count(*) DESC, (e.business_item_info ->> 'item_key') COLLATE "C") AS place
            FROM event e
            WHERE e.event_type = 'item_interaction' AND e.business_item_info IS NOT NULL
            GROUP BY e.site_visitor_hk, e.business_item_info ->> 'item_key'
        ) f
        WHERE f.place <= 5
        GROUP BY f.site_visitor_hk
    ), total AS (
        SELECT s.site_visitor_hk, min(s.session_start_time) AS first_visit, max(s.session_start_time) AS last_visit,
               count(*)::integer AS sessions, sum(s.total_page_views)::integer AS page_views
        FROM session s GROUP BY s.site_visitor_hk
    ), latest AS (
        SELECT DISTINCT ON (s.site_visitor_hk) s.*
        FROM session s ORDER BY s.site_visitor_hk, s.session_start_time DESC, s.site_session_hk
    )
    SELECT l.site_visitor_hk, l.tenant_hk, l.visitor_ip_hash, l.user_agent, l.device_type, l.browser_name, l.browser_version,
           l.operating_system, l.screen_resolution, l.viewport_size, l.timezone, l.language, l.do_not_track,
           t.first_visit, t.last_visit, t.sessions, t.page_views, f.items, coalesce(w.transactions, 0)::integer,
           coalesce(w.value, 0), g.segment
    FROM latest l
    JOIN total t USING (site_visitor_hk)
    LEFT JOIN worth w USING (site_visitor_hk)
    LEFT JOIN favourite f USING (site_visitor_hk)
    LEFT JOIN LATERAL (
        SELECT r.segment FROM ref.visitor_segment r
        WHERE r.tenant_hk IN (l.tenant_hk, '\x') AND t.sessions >= r.minimum_sessions
          AND coalesce(w.transactions, 0) >= r.minimum_transactions AND coalesce(w.value, 0) >= r.minimum_lifetime_value
        ORDER BY r.tenant_hk DESC, r.position LIMIT 1
    ) g ON true
$$;

-- Pages as computed from the sessions that saw them; bots are left out. Definitions: docs/metrics.md.
CREATE OR REPLACE FUNCTION business.site_page_details_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (
    site_page_hk bytea, tenant_hk bytea, page_url text, page_title text, page_path text, page_hostname text, page_category text,
    page_type text, total_views integer, unique_visitors integer, avg_time_on_page integer, bounce_rate numeric,
    conversion_rate numeric
)
LANGUAGE sql STABLE AS $$
    WITH seen AS MATERIALIZED (
        SELECT DISTINCT p.site_page_hk, w.root_session_hk
        FROM business.event_page_l p
        JOIN business.event_session_l l
          ON l.site_event_hk = p.site_event_hk
         AND l.link_event_session_hk BETWEEN substr(p.site_event_hk, 1, 6) AND util.last_key_of(p.site_event_hk)
        JOIN business.site_session_w w ON w.site_session_hk = l.site_session_hk
        WHERE p.site_page_hk = ANY (p_keys)
    ), event AS MATERIALIZED (
        SELECT s.root_session_hk, d.site_event_hk, d.event_timestamp, d.event_type, d.event_action, d.time_on_page,
               d.page_title, p.site_page_hk,
               count(*) FILTER (WHERE d.event_type = 'page_view')
                   OVER (PARTITION BY s.root_session_hk ORDER BY d.event_timestamp, d.site_event_hk) AS view_number
        FROM (SELECT DISTINCT root_session_hk FROM seen) s
        JOIN business.site_session_w w ON w.root_session_hk = s.root_session_hk
        JOIN business.event_session_l l ON l.site_session_hk = w.site_session_hk
        JOIN business.site_event_details_s d ON d.site_event_hk = l.site_event_hk AND d.load_end_date IS NULL
        LEFT JOIN business.event_page_l p
          ON p.site_event_hk = d.site_event_hk
         AND p.link_event_page_hk BETWEEN substr(d.site_event_hk, 1, 6) AND util.last_key_of(d.site_event_hk)
        WHERE d.traffic_class = 'human'
    ), view AS MATERIALIZED (
        -- a page view, what the client measured on its page before the next one, and when that came
        SELECT v.root_session_hk, v.view_number, v.site_page_hk, v.page_title,
               coalesce(v.client_seconds, CASE WHEN v.next_view - v.event_timestamp <= interval '30 minutes'
                                               THEN extract(epoch FROM v.next_view - v.event_timestamp) END) AS seconds
        FROM (
            SELECT e.*, max(e.time_on_page) OVER (PARTITION BY e.root_session_hk, e.view_number, e.site_page_hk) AS client_seconds,
                   min(e.event_timestamp) FILTER (WHERE e.event_type = 'page_view') OVER (
                       PARTITION BY e.root_session_hk ORDER BY e.view_number
                       GROUPS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) AS next_view
            FROM event e
        ) v
        WHERE v.event_type = 'page_view'
    ), views AS (
        SELECT v.site_page_hk, count(*)::integer AS total_views, round(avg(v.seconds))::integer AS seconds,
               mode() WITHIN GROUP (ORDER BY v.page_title COLLATE "C") AS title
        FROM view v WHERE v.site_page_hk = ANY (p_keys) GROUP BY v.site_page_hk
    ), entries AS (
        SELECT v.site_page_hk, round(100.0 * count(*) FILTER (WHERE d.is_bounce) / count(*), 2) AS bounce_rate
        FROM view v
        JOIN business.site_session_details_s d ON d.site_session_hk = v.root_session_hk AND d.load_end_date IS NULL
        WHERE v.view_number = 1 AND v.site_page_hk = ANY (p_keys)
        GROUP BY v.site_page_hk
    ), outcome AS (
        -- sessions that saw the page, and those of them that completed a transaction after that
        SELECT f.site_page_hk, count(*) AS sessions, count(*) FILTER (WHERE c.completed >= f.first_seen) AS converted
        FROM (SELECT e.site_page_hk, e.root_session_hk, min(e.event_timestamp) AS first_seen
              FROM event e WHERE e.site_page_hk = ANY (p_keys) GROUP BY 1, 2) f
        LEFT JOIN (SELECT e.root_session_hk, max(e.event_timestamp) AS completed
                   FROM event e WHERE e.event_type = 'transaction_step' AND e.event_action = 'complete' GROUP BY 1) c
          USING (root_session_hk)
        GROUP BY f.site_page_hk
    ), visitors AS (
        SELECT e.site_page_hk, count(DISTINCT c.site_visitor_hk)::integer AS unique_visitors
        FROM (SELECT DISTINCT site_page_hk, root_session_hk FROM event WHERE site_page_hk = ANY (p_keys)) e
        JOIN business.site_session_context_s c ON c.site_session_hk = e.root_session_hk AND c.load_end_date IS NULL
        GROUP BY e.site_page_hk
    )
    SELECT h.site_page_hk, h.tenant_hk, h.site_page_bk, v.title, a.path, a.host, staging.page_category(a.path),
           staging.page_type(a.path), coalesce(v.total_views, 0), coalesce(u.unique_visitors, 0), v.seconds, n.bounce_rate,
           round(100.0 * o.converted / nullif(o.sessions, 0), 2)
    FROM business.site_page_h h
    CROSS JOIN LATERAL (
        SELECT nullif(split_part(h.site_page_bk, '/', 1), '') AS host,
               regexp_replace(substr(h.site_page_bk, strpos(h.site_page_bk, '/')), '\?.*$', '') AS path
    ) a
    LEFT JOIN views v USING (site_page_hk)
    LEFT JOIN entries n USING (site_page_hk)
    LEFT JOIN outcome o USING (site_page_hk)
    LEFT JOIN visitors u USING (site_page_hk)
    WHERE h.site_page_hk = ANY (p_keys)
$$;

-- Items as computed from the events about them; bots are left out. Definitions: docs/metrics.md.
CREATE OR REPLACE FUNCTION business.business_item_details_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (
    business_item_hk bytea, tenant_hk bytea, item_name text, item_type text, item_category text, item_description text,
    item_value numeric, item_currency text, is_active boolean, popularity_score integer, conversion_rate numeric,
    total_interactions integer, total_conversions integer, business_metadata jsonb
)
LANGUAGE sql STABLE AS $$
    WITH event AS MATERIALIZED (
        SELECT i.business_item_hk, w.root_session_hk, d.event_timestamp, d.site_event_hk, d.event_type, d.event_currency,
               d.traffic_class, d.business_item_info AS info
        FROM business.event_business_item_l i
        JOIN business.site_event_details_s d ON d.site_event_hk = i.site_event_hk AND d.load_end_date IS NULL
        JOIN business.event_session_l l
          ON l.site_event_hk = i.site_event_hk
         AND l.link_event_session_hk BETWEEN substr(i.site_event_hk, 1, 6) AND util.last_key_of(i.site_event_hk)
        JOIN business.site_session_w w ON w.site_session_hk = l.site_session_hk
        WHERE i.business_item_hk = ANY (p_keys)
    ), described AS (
        -- each description from the latest event that carries it
        SELECT e.business_item_hk,
               (array_agg(e.info ->> 'item_name' ORDER BY e.event_timestamp DESC, e.site_event_hk DESC)
                   FILTER (WHERE e.info ? 'item_name'))[1] AS item_name,
               (array_agg(e.info ->> 'item_category' ORDER BY e.event_timestamp DESC, e.site_event_hk DESC)
                   FILTER (WHERE e.info ? 'item_category'))[1] AS item_category,
               (array_agg(e.info ->> 'item_description' ORDER BY e.event_timestamp DESC, e.site_event_hk DESC)
                   FILTER (WHERE e.info ? 'item_description'))[1] AS item_description,
               (array_agg((e.info ->> 'item_value')::numeric ORDER BY e.event_timestamp DESC, e.site_event_hk DESC)
                   FILTER (WHERE e.info ? 'item_value'))[1] AS item_value,
               (array_agg(e.event_currency ORDER BY e.event_timestamp DESC, e.site_event_hk DESC)
                   FILTER (WHERE e.info ? 'item_value'))[1] AS item_currency,
               (array_agg(e.info -> 'item_metadata' ORDER BY e.event_timestamp DESC, e.site_event_hk DESC)
                   FILTER (WHERE e.info ? 'item_metadata'))[1] AS item_metadata
        FROM event e GROUP BY e.business_item_hk
    ), interaction AS (
        SELECT e.business_item_hk, count(*)::integer AS total,
               count(*) FILTER (WHERE e.event_timestamp > p_as_of - interval '30 days')::integer AS recent
        FROM event e WHERE e.event_type = 'item_interaction' AND e.traffic_class = 'human'
        GROUP BY e.business_item_hk
    ), met AS MATERIALIZED (
        SELECT e.business_item_hk, e.root_session_hk, min(e.event_timestamp) AS first_met
        FROM event e WHERE e.event_type = 'item_interaction' AND e.traffic_class = 'human'
        GROUP BY e.business_item_hk, e.root_session_hk
    ), completed AS (
        SELECT w.root_session_hk, max(d.event_timestamp) AS completed_at
        FROM (SELECT DISTINCT root_session_hk FROM met) m
        JOIN business.site_session_w w ON w.root_session_hk = m.root_session_hk
        JOIN business.event_session_l l ON l.site_session_hk = w.site_session_hk
        JOIN business.site_event_details_s d ON d.site_event_hk = l.site_event_hk AND d.load_end_date IS NULL
        WHERE d.event_type = 'transaction_step' AND d.event_action = 'complete'
        GROUP BY w.root_session_hk
    ), outcome AS (
        SELECT m.business_item_hk, count(*) AS sessions,
               count(*) FILTER (WHERE c.completed_at >= m.first_met)::integer AS converted
        FROM met m LEFT JOIN completed c USING (root_session_hk) GROUP BY m.business_item_hk
    )
    SELECT h.business_item_hk, h.tenant_hk, left(coalesce(d.item_name, h.business_item_bk), 255),
           left(split_part(h.business_item_bk, ':', 1), 100), d.item_category, d.item_description, d.item_value,
           d.item_currency, coalesce(i.recent, 0) > 0, coalesce(i.recent, 0),
           round(100.0 * o.converted / nullif(o.sessions, 0), 2), coalesce(i.total, 0), coalesce(o.converted, 0),
           d.item_metadata
    FROM business.business_item_h h
    LEFT JOIN described d USING (business_item_hk)
    LEFT JOIN interaction i USING (business_item_hk)
    LEFT JOIN outcome o USING (business_item_hk)
    WHERE h.business_item_hk = ANY (p_keys)
$$;
