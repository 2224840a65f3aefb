-- Figures of days by the values of a dimension, counted from the bridge: for the rollups, and for who asks about what is not rolled up yet.

-- The dimensions that are rolled up, as they are declared (api/questions/dimensions).
--   grain       visit: a property of the visit, the same for all its events; event: of the event itself
--   expression  over e (event_b), v (visit_b), p (site_page_h), i (business_item_h)
--   kind        what values are: text; page or item: the hub's hash key
CREATE OR REPLACE FUNCTION business.dimensions() RETURNS TABLE (dimension text, grain text, expression text, kind text)
LANGUAGE sql IMMUTABLE AS $$
    VALUES
{{dimensions}}
$$;

-- A dimension's value as rollup_b writes it: keys in hex.
CREATE OR REPLACE FUNCTION business.rolled_value(p_expression text, p_kind text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN p_kind = 'text' THEN p_expression ELSE format('encode(%s, ''hex'')', p_expression) END;

-- VALUES lists that turn a row into one row for each of these dimensions; p_alias replaces e where a visit stands alone.
CREATE OR REPLACE FUNCTION business.unpivoted(p_dimensions text[], p_grain text, p_alias text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT '(VALUES ' || coalesce(string_agg(format('(%L, %s)', d.dimension, business.rolled_value(
               CASE WHEN p_alias = 'v' THEN replace(d.expression, 'e.', 'v.') ELSE d.expression END, d.kind)), ', '),
               '(''none'', NULL::text)') || ') AS d(dimension, value)'
    FROM business.dimensions() d
    WHERE d.dimension = ANY (p_dimensions) AND d.grain = p_grain
$$;

-- The rollups of some days of a tenant, counted from the bridge: for each dimension (also `currency`: conversions by theirs; `funnel`:
-- visits of one day that started, progressed, completed a transaction; `transaction`: completed transactions) and value, by the day
-- on which what can recur was last seen with that value. Until p_until, a moment of the last of these days. p_hours: only of the visits whose first
-- event of the day lies in one of these hours (UTC); NULL: of all. The figures of all hours add up to those of the day: what recurs within it counts in
-- the hour in which it comes first. Of latest_name: business.name_of.
CREATE OR REPLACE FUNCTION business.count_figures(
    p_tenant_hk bytea, p_days date[], p_dimensions text[], p_until timestamptz, p_hours timestamptz[]
) RETURNS SETOF business.rollup_hour_w
-- Of a partition that was filled a moment ago there are no statistics, and a nested loop over ten thousand visits takes minutes. What is
-- looked up by an index is asked for row by row (LATERAL); all else is hashed, however few rows the planner thinks there are.
LANGUAGE plpgsql STABLE SET enable_nestloop = off SET jit = off AS $$
DECLARE
    v_zone text;
    v_currency text;
    v_query text;
    v_of_both text;
    -- what a part of a visit counts is of its whole day
    v_needs_events boolean := p_until < 'infinity' OR EXISTS (
        SELECT FROM business.dimensions() d WHERE d.dimension = ANY (p_dimensions) AND d.grain = 'event');
BEGIN
    IF cardinality(p_days) = 0 OR cardinality(p_hours) = 0 THEN
        RETURN;
    END IF;
    SELECT t.time_zone, t.currency INTO v_zone, v_currency FROM auth.tenant_v t WHERE t.tenant_hk = p_tenant_hk;
    SELECT '(VALUES ' || coalesce(string_agg(format('(%L, %s)', d.dimension, business.rolled_value(d.expression, d.kind)), ', ')
               || ', ', '') || '(''currency'', e.currency)) AS d(dimension, value)'
    INTO v_of_both FROM business.dimensions() d WHERE d.dimension = ANY (p_dimensions);

    -- $1 the tenant, $2 the days, $3 and $4 when they begin and end, $5 the dimensions, $6 the tenant's currency, $7 until when, $8 the first day of
    -- which visits are kept, $9 the hours
    v_query := $query$
    WITH visit AS MATERIALIZED (
        SELECT v.*, date_trunc('hour', v.first_event_timestamp, 'UTC') AS hour FROM business.visit_b v
        WHERE $9 IS NULL AND v.tenant_hk = $1 AND v.day = ANY ($2) AND v.events > 0 AND v.first_event_timestamp < $7
        UNION ALL
        SELECT v.*, h.hour
        FROM unnest($9) AS h(hour)
        CROSS JOIN LATERAL (
            SELECT v.* FROM business.visit_b v
            WHERE v.tenant_hk = $1 AND v.day = ANY ($2) AND v.events > 0 AND v.first_event_timestamp >= h.hour
              AND v.first_event_timestamp < least(h.hour + interval '1 hour', $7) OFFSET 0
        ) v
        WHERE $9 IS NOT NULL
    ), event AS MATERIALIZED (
        SELECT e.* FROM business.event_b e
        WHERE $9 IS NULL AND e.tenant_hk = $1 AND e.day = ANY ($2) AND NOT e.is_bot
          AND e.site_event_hk >= util.time_prefix($3) AND e.site_event_hk < util.time_prefix(least($4, $7)) AND <is_needed>
        UNION ALL
        SELECT e.*
        FROM (
            SELECT v.hour, max(v.last_event_timestamp) AS last_event_timestamp FROM visit v WHERE $9 IS NOT NULL GROUP BY v.hour
        ) h
        CROSS JOIN LATERAL (
            SELECT e.* FROM business.event_b e
            WHERE e.tenant_hk = $1 AND e.day = ANY ($2) AND NOT e.is_bot AND e.site_event_hk >= util.time_prefix(h.hour)
              AND e.site_event_hk < util.time_prefix(least(h.last_event_timestamp + interval '1 second', $7)) AND <is_needed> OFFSET 0
        ) e
        JOIN visit v ON v.site_session_hk = e.site_session_hk AND v.day = e.day AND v.hour = h.hour
    ), counted AS (
        SELECT e.site_session_hk, e.day, count(*) AS events, count(*) FILTER (WHERE e.event_type = 'page_view') AS page_views
        FROM event e WHERE $7 < 'infinity' GROUP BY e.site_session_hk, e.day
    ), of_visit AS (
        SELECT d.dimension, d.value, v.day, v.hour, v.site_session_hk, v.site_visitor_hk, v.previous_day, v.is_visit,
               coalesce(n.events, v.events) AS events, coalesce(n.page_views, v.page_views) AS page_views,
               (v.start_day = v.day)::integer AS begun, (v.start_day = v.day AND v.is_bounce)::integer AS bounces,
               CASE WHEN v.start_day = v.day THEN v.duration_seconds END AS duration_seconds
        FROM visit v
        LEFT JOIN counted n USING (site_session_hk, day)
        CROSS JOIN LATERAL <of_visit>
        WHERE d.value IS NOT NULL
    ), visitor AS (
        -- each once a day and value, in the hour of its first visit with that value, with the last day before on which one had it
        SELECT o.dimension, o.value, o.day, r.previous_day, count(*) AS visitors
        FROM (SELECT o.dimension, o.value, o.day, o.site_visitor_hk, min(o.hour) AS hour FROM of_visit o
              WHERE o.site_visitor_hk IS NOT NULL GROUP BY o.dimension, o.value, o.day, o.site_visitor_hk) o
        LEFT JOIN (
            SELECT d.dimension, d.value, t.day, t.site_visitor_hk, max(v.day) FILTER (WHERE v.day < t.day) AS previous_day,
                   min(date_trunc('hour', v.first_event_timestamp, 'UTC')) FILTER (WHERE v.day = t.day) AS first_hour
            FROM (SELECT DISTINCT v.site_visitor_hk, v.day FROM visit v WHERE v.site_visitor_hk IS NOT NULL) t
            CROSS JOIN LATERAL (
                SELECT v.* FROM business.visit_b v
                WHERE v.site_visitor_hk = t.site_visitor_hk AND (v.day < t.day OR ($9 IS NOT NULL AND v.day = t.day)) AND v.events > 0
                OFFSET 0
            ) v
            CROSS JOIN LATERAL <of_visit>
            WHERE d.value IS NOT NULL
            GROUP BY d.dimension, d.value, t.day, t.site_visitor_hk
        ) r USING (dimension, value, day, site_visitor_hk)
        WHERE coalesce(r.first_hour >= o.hour, true)
        GROUP BY o.dimension, o.value, o.day, r.previous_day
    ), of_event AS (
        SELECT d.dimension, d.value, e.day, e.site_session_hk, bool_or(e.is_visit) AS is_visit, count(*) AS events,
               count(*) FILTER (WHERE e.event_type = 'page_view') AS page_views,
               count(*) FILTER (WHERE e.event_type = 'item_interaction') AS interactions,
               max((util.canonical(e.event_timestamp) || encode(e.site_event_hk, 'hex') || e.item_name) COLLATE "C")
                   FILTER (WHERE d.dimension = 'item' AND e.event_type = 'item_interaction') AS latest_name
        FROM event e
        LEFT JOIN LATERAL (
            SELECT p.* FROM business.site_page_h p WHERE 'host' = ANY ($5) AND p.site_page_hk = e.site_page_hk LIMIT 1
        ) p ON true
        LEFT JOIN LATERAL (
            SELECT i.* FROM business.business_item_h i
            WHERE 'item_type' = ANY ($5) AND i.business_item_hk = e.business_item_hk LIMIT 1
        ) i ON true
        CROSS JOIN LATERAL <of_event>
        WHERE d.value IS NOT NULL AND <needs_events>
        GROUP BY d.dimension, d.value, e.day, e.site_session_hk
    ), of_event_before AS (
        -- what visits of several days met on their earlier days
        SELECT d.dimension, d.value, t.day, t.site_session_hk, max(e.day) AS previous_day
        FROM visit t
        CROSS JOIN LATERAL (
            SELECT e.* FROM business.visit_bridge(t.site_session_hk) e WHERE e.day < t.day AND NOT e.is_bot OFFSET 0
        ) e
        LEFT JOIN LATERAL (
            SELECT p.* FROM business.site_page_h p WHERE 'host' = ANY ($5) AND p.site_page_hk = e.site_page_hk LIMIT 1
        ) p ON true
        LEFT JOIN LATERAL (
            SELECT i.* FROM business.business_item_h i
            WHERE 'item_type' = ANY ($5) AND i.business_item_hk = e.business_item_hk LIMIT 1
        ) i ON true
        CROSS JOIN LATERAL <of_event>
        WHERE t.previous_day IS NOT NULL AND d.value IS NOT NULL AND <needs_events>
        GROUP BY d.dimension, d.value, t.day, t.site_session_hk
    ), conversion AS MATERIALIZED (
        SELECT e.*, c.value, c.currency, c.is_refund, i.identity,
               -- a conversion is its first event; what repeats it adds nothing
               row_number() OVER (PARTITION BY e.day, i.identity
                                  ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk) = 1
               AND ($9 IS NULL OR e.transaction_id IS NULL OR NOT EXISTS (
                   SELECT FROM business.event_b o
                   CROSS JOIN LATERAL business.conversion_of(o.tenant_hk, o.event_type, o.event_action, o.event_label, o.event_timestamp,
                                                             o.event_value, o.event_currency, o.is_superseded) oc
                   WHERE o.tenant_hk = $1 AND o.transaction_id = e.transaction_id AND o.day = e.day AND NOT o.is_bot
                     AND business.comes_before(o, e.event_timestamp, e.raw_event_id, e.site_event_hk)
                     AND i.identity = business.conversion_identity(
                         o.event_type, o.transaction_id, o.site_session_hk, o.transaction_funnel_step, o.site_event_hk, o.event_value,
                         oc.is_refund))) AS is_first
        FROM event e
        CROSS JOIN LATERAL business.conversion_of(e.tenant_hk, e.event_type, e.event_action, e.event_label, e.event_timestamp,
                                                  e.event_value, e.event_currency, e.is_superseded) c
        CROSS JOIN LATERAL (SELECT business.conversion_identity(
            e.event_type, e.transaction_id, e.site_session_hk, e.transaction_funnel_step, e.site_event_hk, e.event_value,
            c.is_refund) AS identity) i
    ), of_conversion AS MATERIALIZED (
        SELECT d.dimension, d.value, e.day, e.site_session_hk, e.identity, e.is_first, e.value AS worth, e.currency, e.is_refund,
               e.is_visit AND NOT e.is_refund AS is_of_visit
        FROM conversion e
        JOIN visit v ON v.site_session_hk = e.site_session_hk AND v.day = e.day
        LEFT JOIN LATERAL (SELECT p.* FROM business.site_page_h p WHERE p.site_page_hk = e.site_page_hk LIMIT 1) p ON true
        LEFT JOIN LATERAL (
            SELECT i.* FROM business.business_item_h i WHERE i.business_item_hk = e.business_item_hk LIMIT 1
        ) i ON true
        CROSS JOIN LATERAL <of_both>
        WHERE d.value IS NOT NULL
    ), earlier AS MATERIALIZED (
        -- conversions of earlier days that are the same, or of the same visit: of one transaction, or of a visit of several days
        SELECT t.day AS later_day, t.site_session_hk AS later_session_hk, t.identity AS later_identity, e.*, c.currency,
               business.conversion_identity(
                   e.event_type, e.transaction_id, e.site_session_hk, e.transaction_funnel_step, e.site_event_hk,
                   e.event_value, c.is_refund) AS identity
        FROM (SELECT DISTINCT c.day, c.site_session_hk, c.identity, c.transaction_id, v.previous_day FROM conversion c
              JOIN visit v ON v.site_session_hk = c.site_session_hk AND v.day = c.day) t
        CROSS JOIN LATERAL (
            SELECT e.* FROM business.event_b e
            WHERE e.tenant_hk = $1 AND e.transaction_id = t.transaction_id AND e.day < t.day AND NOT e.is_bot
            UNION
            SELECT e.* FROM business.visit_bridge(t.site_session_hk) e
            WHERE t.previous_day IS NOT NULL AND e.day < t.day AND NOT e.is_bot
        ) e
        CROSS JOIN LATERAL business.conversion_of(e.tenant_hk, e.event_type, e.event_action, e.event_label, e.event_timestamp,
                                                  e.event_value, e.event_currency, e.is_superseded) c
        WHERE NOT c.is_refund
    ), counted_conversion AS (
        SELECT o.dimension, o.value, o.day, b.previous_day, count(*) FILTER (WHERE NOT o.is_refund) AS conversions,
               sum(o.worth) FILTER (WHERE o.currency = $6 OR o.dimension = 'currency') AS revenue,
               -sum(o.worth) FILTER (WHERE o.is_refund AND (o.currency = $6 OR o.dimension = 'currency')) AS refunds
        FROM of_conversion o
        LEFT JOIN (
            SELECT b.day, b.identity, max(b.previous_day) AS previous_day
            FROM (
                SELECT b.later_day AS day, b.identity, b.day AS previous_day FROM earlier b WHERE b.identity = b.later_identity
                UNION ALL
                SELECT c.day, c.identity, r.day
                FROM conversion c
                JOIN business.retired_order_w r
                  ON r.tenant_hk = $1 AND r.order_hash = util.hash_binary(c.identity) AND r.day < c.day
                WHERE c.transaction_id IS NOT NULL
            ) b
            GROUP BY b.day, b.identity
        ) b USING (day, identity)
        WHERE o.is_first
        GROUP BY o.dimension, o.value, o.day, b.previous_day
    ), converted AS (
        SELECT o.dimension, o.value, o.day, b.previous_day, count(*) AS converted
        FROM (SELECT DISTINCT o.dimension, o.value, o.day, o.site_session_hk FROM of_conversion o WHERE o.is_of_visit) o
        LEFT JOIN (
            SELECT d.dimension, d.value, e.later_day AS day, e.site_session_hk, max(e.day) AS previous_day
            FROM earlier e
            CROSS JOIN LATERAL (
                SELECT v.* FROM business.visit_b v WHERE v.site_session_hk = e.site_session_hk AND v.day = e.day LIMIT 1
            ) v
            LEFT JOIN LATERAL (SELECT p.* FROM business.site_page_h p WHERE p.site_page_hk = e.site_page_hk LIMIT 1) p ON true
            LEFT JOIN LATERAL (
                SELECT i.* FROM business.business_item_h i WHERE i.business_item_hk = e.business_item_hk LIMIT 1
            ) i ON true
            CROSS JOIN LATERAL <of_both>
            WHERE e.site_session_hk = e.later_session_hk AND d.value IS NOT NULL
            GROUP BY d.dimension, d.value, e.later_day, e.site_session_hk
        ) b USING (dimension, value, day, site_session_hk)
        GROUP BY o.dimension, o.value, o.day, b.previous_day
    ), step AS (
        SELECT e.day, e.site_session_hk, bool_or(e.event_action = 'start') AS started,
               bool_or(e.event_action = 'progress') AS progressed, bool_or(e.event_action = 'complete') AS completed
        FROM event e
        JOIN visit v ON v.site_session_hk = e.site_session_hk AND v.day = e.day AND v.is_visit AND NOT v.spans_days
        WHERE 'funnel' = ANY ($5) AND e.event_type = 'transaction_step'
        GROUP BY e.day, e.site_session_hk
    ), completion AS (
        SELECT e.day, i.identity, max(b.day) AS previous_day
        FROM event e
        JOIN visit v ON v.site_session_hk = e.site_session_hk AND v.day = e.day
        CROSS JOIN LATERAL (SELECT business.conversion_identity(
            e.event_type, e.transaction_id, e.site_session_hk, e.transaction_funnel_step, e.site_event_hk, e.event_value,
            false) AS identity) i
        LEFT JOIN LATERAL (
            SELECT b.day FROM business.event_b b
            WHERE b.tenant_hk = $1 AND b.transaction_id = e.transaction_id AND b.day < e.day AND NOT b.is_bot
              AND b.event_type = 'transaction_step' AND b.event_action = 'complete' AND coalesce(b.event_value, 0) >= 0
              AND NOT b.is_superseded
            UNION ALL
            SELECT b.day FROM business.visit_bridge(e.site_session_hk) b
            WHERE e.transaction_id IS NULL AND v.previous_day IS NOT NULL AND b.day < e.day AND NOT b.is_bot
              AND b.event_type = 'transaction_step' AND b.event_action = 'complete' AND b.transaction_id IS NULL
              AND NOT b.is_superseded
              AND b.transaction_funnel_step IS NOT DISTINCT FROM e.transaction_funnel_step
              AND b.event_value IS NOT DISTINCT FROM e.event_value
        ) b ON true
        WHERE 'transaction' = ANY ($5) AND e.event_type = 'transaction_step' AND e.event_action = 'complete'
          AND coalesce(e.event_value, 0) >= 0 AND NOT e.is_superseded
          -- of all hours it counts in that of the first
          AND ($9 IS NULL OR e.transaction_id IS NULL OR NOT EXISTS (
              SELECT FROM business.event_b o
              WHERE o.tenant_hk = $1 AND o.transaction_id = e.transaction_id AND o.day = e.day AND NOT o.is_bot
                AND o.event_type = 'transaction_step' AND o.event_action = 'complete' AND coalesce(o.event_value, 0) >= 0
                AND NOT o.is_superseded AND business.comes_before(o, e.event_timestamp, e.raw_event_id, e.site_event_hk)
                AND i.identity = business.conversion_identity(
                    o.event_type, o.transaction_id, o.site_session_hk, o.transaction_funnel_step, o.site_event_hk, o.event_value,
                    false)))
        GROUP BY e.day, i.identity
    ), figure AS (
        -- what is merely counted
        SELECT o.dimension, o.value, o.day, NULL::date AS previous_day, sum(o.events) AS events, sum(o.page_views) AS page_views,
               0::bigint AS interactions, 0::bigint AS visits, 0::bigint AS visitors, sum(o.begun) AS begun, sum(o.bounces) AS bounces,
               sum(o.duration_seconds) AS duration_seconds, 0::bigint AS conversions, 0::bigint AS converted, 0::numeric AS revenue,
               NULL::text AS latest_name, 0::numeric AS refunds,
               coalesce(sum(o.page_views) FILTER (WHERE NOT o.is_visit), 0) AS views_without_visit
        FROM of_visit o GROUP BY o.dimension, o.value, o.day
        UNION ALL
        SELECT o.dimension, o.value, o.day, NULL, sum(o.events), sum(o.page_views), sum(o.interactions), 0, NULL, NULL, NULL, NULL,
               0, 0, 0, max(o.latest_name COLLATE "C"), 0,
               coalesce(sum(o.page_views) FILTER (WHERE NOT o.is_visit), 0)
        FROM of_event o GROUP BY o.dimension, o.value, o.day
        -- what can recur
        UNION ALL
        SELECT o.dimension, o.value, o.day, o.previous_day, 0, 0, 0, count(*) FILTER (WHERE o.is_visit), 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0
        FROM of_visit o GROUP BY o.dimension, o.value, o.day, o.previous_day
        UNION ALL
        SELECT o.dimension, o.value, o.day, o.previous_day, 0, 0, 0, 0, o.visitors, 0, 0, 0, 0, 0, 0, NULL, 0, 0 FROM visitor o
        UNION ALL
        SELECT o.dimension, o.value, o.day, b.previous_day, 0, 0, 0, count(*) FILTER (WHERE o.is_visit), NULL, NULL, NULL, NULL, 0, 0, 0,
               NULL, 0, 0
        FROM of_event o LEFT JOIN of_event_before b USING (dimension, value, day, site_session_hk)
        GROUP BY o.dimension, o.value, o.day, b.previous_day
        UNION ALL
        SELECT o.dimension, o.value, o.day, o.previous_day, 0, 0, 0, 0, NULL, NULL, NULL, NULL, o.conversions, 0,
               coalesce(o.revenue, 0), NULL, coalesce(o.refunds, 0), 0
        FROM counted_conversion o WHERE o.dimension = ANY ($5)
        UNION ALL
        SELECT o.dimension, o.value, o.day, o.previous_day, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, o.converted, 0, NULL, 0, 0
        FROM converted o WHERE o.dimension = ANY ($5)
        UNION ALL
        SELECT 'funnel', f.value, s.day, NULL, 0, 0, 0, count(*), NULL, NULL, NULL, NULL, 0, 0, 0, NULL, 0, 0
        FROM step s
        CROSS JOIN LATERAL (VALUES ('started', s.started), ('progressed', s.started AND s.progressed),
                                   ('completed', s.started AND s.completed)) AS f(value, holds)
        WHERE f.holds GROUP BY f.value, s.day
        UNION ALL
        SELECT 'transaction', '', c.day, c.previous_day, 0, 0, 0, 0, NULL, NULL, NULL, NULL, count(*), 0, 0, NULL, 0, 0
        FROM completion c GROUP BY c.day, c.previous_day
    )
    SELECT $1, f.day, NULL::timestamptz, f.dimension::varchar(30), f.value::text, r.previous_day, sum(f.events)::bigint,
           sum(f.page_views)::bigint, sum(f.interactions)::bigint, sum(f.visits)::bigint, sum(f.visitors)::bigint,
           sum(f.begun)::bigint, sum(f.bounces)::bigint, sum(f.duration_seconds)::bigint, sum(f.conversions)::bigint,
           sum(f.converted)::bigint, sum(f.revenue), max(f.latest_name COLLATE "C"), sum(f.refunds),
           sum(f.views_without_visit)::bigint
    FROM figure f
    -- of days whose visits have gone nobody asks any more
    CROSS JOIN LATERAL (SELECT CASE WHEN f.previous_day >= $8 THEN f.previous_day ELSE '-infinity' END AS previous_day) r
    GROUP BY f.dimension, f.day, f.value, r.previous_day
    $query$;
    v_query := replace(v_query, '<of_visit>', business.unpivoted(p_dimensions, 'visit', 'v'));
    v_query := replace(v_query, '<of_event>', business.unpivoted(p_dimensions, 'event', 'e'));
    v_query := replace(v_query, '<of_both>', v_of_both);
    v_query := replace(v_query, '<is_needed>', $needed$(<needs_events> OR e.event_type = 'transaction_step'
        OR (e.event_type, e.event_action) IN (
            SELECT r.event_type, r.event_action FROM ref.conversion_rule r WHERE r.tenant_hk IN ($1, '\x')))$needed$);
    v_query := replace(v_query, '<needs_events>', v_needs_events::text);
    RETURN QUERY EXECUTE v_query
    USING p_tenant_hk, p_days, util.day_start((SELECT min(d) FROM unnest(p_days) d), v_zone),
          util.day_start((SELECT max(d) FROM unnest(p_days) d) + 1, v_zone), p_dimensions, v_currency, p_until,
          business.first_day(p_tenant_hk, 'marts'), p_hours;
END
$$;

-- Whether an event comes before one of this time, number and key: as window functions order them.
CREATE OR REPLACE FUNCTION business.comes_before(p_event business.event_b, p_event_timestamp timestamptz, p_raw_event_id bigint, p_event_hk bytea)
RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN (p_event.event_timestamp, coalesce(p_event.raw_event_id, 9223372036854775807), p_event.site_event_hk)
       < (p_event_timestamp, coalesce(p_raw_event_id, 9223372036854775807), p_event_hk);

-- The name in a latest_name that has before it when it was met: a time and an event's key.
CREATE OR REPLACE FUNCTION business.name_of(p_latest_name text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN substr(p_latest_name, 68);
