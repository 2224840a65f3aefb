-- Rollups: figures of a day by the values of a dimension. They are computed when a day, or an hour of a day with many visits, has been quiet for a
-- while (rolling_up.sql), from the bridge; as long as they are not, reports count from the bridge itself, with the very same function.

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

-- The rollups of whole days.
CREATE OR REPLACE FUNCTION business.rollup_of(p_tenant_hk bytea, p_days date[], p_dimensions text[])
RETURNS SETOF business.rollup_b
LANGUAGE sql STABLE AS $$
    SELECT c.tenant_hk, c.dimension, c.day, c.value, c.previous_day, c.events, c.page_views, c.interactions, c.visits, c.visitors, c.begun,
           c.bounces, c.duration_seconds, c.conversions, c.converted, c.revenue, business.name_of(c.latest_name), c.refunds,
           c.views_without_visit
    FROM business.count_figures(p_tenant_hk, p_days, p_dimensions, 'infinity', NULL) c
$$;

-- The rollups of a day until a moment of it: of its hours that are rolled up, and whose visits had ended by then, from those, of the others from
-- the bridge. Of a day that is not divided: all.
CREATE OR REPLACE FUNCTION business.rollup_of_hours(p_tenant_hk bytea, p_day date, p_dimensions text[], p_until timestamptz)
RETURNS SETOF business.rollup_b
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_zone constant text := (SELECT t.time_zone FROM auth.tenant_v t WHERE t.tenant_hk = p_tenant_hk);
    v_rolled constant timestamptz[] := ARRAY(
        SELECT w.hour FROM business.day_w d JOIN business.hour_w w USING (tenant_hk, day)
        WHERE d.tenant_hk = p_tenant_hk AND d.day = p_day AND d.is_divided AND w.is_rolled_up AND w.ends_at < p_until);
    -- all others, whether anything is known of them or not: so none is missed
    v_others constant timestamptz[] := ARRAY(
        SELECT h.hour FROM generate_series(date_trunc('hour', util.day_start(p_day, v_zone), 'UTC'),
                                           util.day_start(p_day + 1, v_zone), interval '1 hour') AS h(hour)
        WHERE h.hour <> ALL (v_rolled));
    v_first constant date := business.first_day(p_tenant_hk, 'marts');
BEGIN
    RETURN QUERY
    SELECT p_tenant_hk, c.dimension, p_day, c.value, k.previous_day, sum(c.events)::bigint, sum(c.page_views)::bigint,
           sum(c.interactions)::bigint, sum(c.visits)::bigint, sum(c.visitors)::bigint, sum(c.begun)::bigint, sum(c.bounces)::bigint,
           sum(c.duration_seconds)::bigint, sum(c.conversions)::bigint, sum(c.converted)::bigint, sum(c.revenue),
           business.name_of(max(c.latest_name COLLATE "C"))::varchar(255), sum(c.refunds), sum(c.views_without_visit)::bigint
    FROM (
        SELECT r.* FROM unnest(v_rolled) AS h(hour)
        CROSS JOIN LATERAL (
            SELECT r.* FROM business.rollup_hour_w r
            WHERE r.tenant_hk = p_tenant_hk AND r.day = p_day AND r.hour = h.hour AND r.dimension = ANY (p_dimensions) OFFSET 0
        ) r
        UNION ALL
        SELECT c.*
        FROM business.count_figures(p_tenant_hk, ARRAY[p_day], p_dimensions, p_until, CASE WHEN cardinality(v_rolled) > 0 THEN v_others END) c
    ) c
    -- as business.count_figures has it: the first day of which visits are kept may be another one since
    CROSS JOIN LATERAL (SELECT CASE WHEN c.previous_day >= v_first THEN c.previous_day ELSE '-infinity' END AS previous_day) k
    GROUP BY c.dimension, c.value, k.previous_day;
END
$$;

-- Every dimension of rollup_b.
CREATE OR REPLACE FUNCTION business.rolled_dimensions() RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(d.dimension) || '{currency,funnel,transaction}'::text[] FROM business.dimensions() d
$$;

-- The days of a range whose rollups are not good: events came since.
CREATE OR REPLACE FUNCTION business.live_days(p_tenant_hk bytea, p_from date, p_to date) RETURNS date[]
LANGUAGE sql STABLE
RETURN ARRAY(
    SELECT w.day FROM business.day_w w
    WHERE w.tenant_hk = p_tenant_hk AND w.day BETWEEN p_from AND p_to AND NOT w.is_rolled_up);

-- The figures of whole days, counted now: of divided ones what is rolled up of their hours is not counted again.
CREATE OR REPLACE FUNCTION business.count_days(p_tenant_hk bytea, p_days date[], p_dimensions text[])
RETURNS SETOF business.rollup_b
LANGUAGE sql STABLE AS $$
    SELECT r.*
    FROM (
        SELECT coalesce(array_agg(w.day) FILTER (WHERE w.is_divided), '{}') AS divided,
               coalesce(array_agg(w.day) FILTER (WHERE NOT w.is_divided), '{}') AS whole
        FROM business.day_w w WHERE w.tenant_hk = p_tenant_hk AND w.day = ANY (p_days)
    ) d
    CROSS JOIN LATERAL (
        SELECT r.* FROM business.rollup_of(p_tenant_hk, d.whole, p_dimensions) r
        UNION ALL
        SELECT r.* FROM unnest(d.divided) AS u(day) CROSS JOIN LATERAL business.rollup_of_hours(p_tenant_hk, u.day, p_dimensions, 'infinity') r
    ) r
$$;

-- A tenant's figures of a dimension in a range of days, wherever they are: of days whose rollups are good from those, of the others
-- (today, as a rule) from their hours and from the bridge. The distinct visits, visitors and conversions of any part of the range that begins on
-- day a are the sums over previous_day < a.
CREATE OR REPLACE FUNCTION business.rollups(p_tenant_hk bytea, p_from date, p_to date, p_dimensions text[])
RETURNS SETOF business.rollup_b
LANGUAGE sql STABLE AS $$
    SELECT r.* FROM business.rollup_b r
    WHERE r.tenant_hk = p_tenant_hk AND r.dimension = ANY (p_dimensions) AND r.day BETWEEN p_from AND p_to
      -- once, not once a row
      AND r.day <> ALL ((SELECT business.live_days(p_tenant_hk, p_from, p_to))::date[])
    UNION ALL
    SELECT r.* FROM business.count_days(p_tenant_hk, business.live_days(p_tenant_hk, p_from, p_to), p_dimensions) r
$$;

-- The same until p_until, a moment of the last day.
CREATE OR REPLACE FUNCTION business.rollups_until(
    p_tenant_hk bytea, p_from date, p_to date, p_dimensions text[], p_until timestamptz
) RETURNS SETOF business.rollup_b
LANGUAGE sql STABLE AS $$
    SELECT r.* FROM business.rollups(p_tenant_hk, p_from, p_to - 1, p_dimensions) r
    UNION ALL
    SELECT r.* FROM business.rollup_of_hours(p_tenant_hk, p_to, p_dimensions, p_until) r
$$;
