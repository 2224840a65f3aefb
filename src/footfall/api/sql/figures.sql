-- From a question to SQL: which table answers, and the statement. Every statement is run by api.run, with the parameters
--     $1 tenant_hk   $2 from, $3 to: the range as moments   $4 as of   $5 first day, $6 last day   $7 time zone   $8 currency
-- Values of questions get into the text only as literals (%L); names only out of registries.

-- Runs a statement that answers a question, and returns its one value.
CREATE OR REPLACE FUNCTION api.run(p_tenant auth.tenant_v, p_query jsonb, p_sql text) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_result jsonb;
BEGIN
    EXECUTE p_sql INTO v_result USING
        p_tenant.tenant_hk,
        (p_query ->> 'dateFrom')::date::timestamp AT TIME ZONE p_tenant.time_zone,
        ((p_query ->> 'dateTo')::date + 1)::timestamp AT TIME ZONE p_tenant.time_zone,
        (p_query ->> 'asOf')::timestamptz, (p_query ->> 'dateFrom')::date, (p_query ->> 'dateTo')::date,
        p_tenant.time_zone, p_tenant.currency;
    RETURN v_result;
END
$$;

-- What p_needs names, joined to events e: v (visit_b), p (site_page_h), i (business_item_h), d (custom_properties). As of a load date
-- events carry what v would say.
CREATE OR REPLACE FUNCTION api.beside_sql(p_query jsonb, p_needs text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN p_query ->> 'asOf' IS NOT NULL THEN ' CROSS JOIN LATERAL (SELECT e.*) v'
            WHEN p_needs LIKE '%v%' THEN ' JOIN business.visit_b v ON v.site_session_hk = e.site_session_hk AND v.day = e.day'
            ELSE '' END
    || CASE WHEN p_needs LIKE '%p%' THEN ' LEFT JOIN business.site_page_h p ON p.site_page_hk = e.site_page_hk' ELSE '' END
    || CASE WHEN p_needs LIKE '%i%' THEN ' LEFT JOIN business.business_item_h i ON i.business_item_hk = e.business_item_hk' ELSE '' END
    || CASE WHEN p_needs LIKE '%d%' THEN
           ' LEFT JOIN LATERAL (SELECT s.custom_properties FROM business.site_event_details_s s'
           ' WHERE s.site_event_hk = e.site_event_hk LIMIT 1) d ON true' ELSE '' END;

-- FROM and WHERE of a tenant's events of the range that the question is about, as e (event_b), with what p_needs names beside it. As
-- of a load date they come from the vault, in the same words. p_condition is added to the filter, NULL as p_filter leaves the
-- question's out; p_bridge gives other rows of the bridge.
CREATE OR REPLACE FUNCTION api.events_sql(
    p_query jsonb, p_needs text, p_filter text, p_condition text DEFAULT 'true', p_bridge text DEFAULT 'business.event_b e'
) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN ' FROM ' || CASE WHEN p_query ->> 'asOf' IS NULL THEN p_bridge ELSE 'business.events_as_of($1, $2, $3, $4) e' END
    || api.beside_sql(p_query, p_needs)
    || ' WHERE e.tenant_hk = $1 AND e.site_event_hk >= util.time_prefix($2) AND e.site_event_hk < util.time_prefix($3)'
    || CASE WHEN (p_query ->> 'includeBots')::boolean THEN '' ELSE ' AND NOT e.is_bot' END
    || ' AND (' || coalesce(p_filter, 'true') || ') AND (' || p_condition || ')';

-- The same of visits, by properties of theirs alone: one row for each visit and day, as v, with e naming what events inherit.
CREATE OR REPLACE FUNCTION api.visits_sql(p_filter text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN ' FROM business.visit_b v'
       ' CROSS JOIN LATERAL (SELECT v.source, v.channel, v.device_type, v.country) e'
       ' WHERE v.tenant_hk = $1 AND v.day BETWEEN $5 AND $6 AND v.events > 0 AND (' || p_filter || ')';

-- Which events can be conversions of a tenant, as a condition with constants: an index on what is no page view finds them.
CREATE OR REPLACE FUNCTION api.conversion_condition(p_tenant_hk bytea) RETURNS text
LANGUAGE sql STABLE
RETURN coalesce((
    SELECT string_agg(DISTINCT format('(e.event_type = %L AND e.event_action = %L)', r.event_type, r.event_action), ' OR ')
    FROM ref.conversion_rule r WHERE r.tenant_hk IN (p_tenant_hk, '\x')), 'false');

-- Conversions of the range, as rows (g, visit, value, currency, is_first, is_chosen): every event that is one by ref.conversion_rule;
-- is_first: not a repetition within its bucket (p_bucket, an expression; the whole range when NULL); is_chosen: meets the filter.
CREATE OR REPLACE FUNCTION api.conversions_sql(
    p_tenant_hk bytea, p_query jsonb, p_group text, p_needs text, p_filter text, p_bucket text DEFAULT NULL
) RETURNS text
LANGUAGE sql STABLE
RETURN 'SELECT ' || p_group || ' AS g, e.site_session_hk, c.value, c.currency, (' || p_filter || ') AS is_chosen,'
    ' row_number() OVER (PARTITION BY ' || coalesce(p_bucket || ', ', '') || 'business.conversion_identity(e.event_type,'
    ' e.transaction_id, e.site_session_hk, e.transaction_funnel_step, e.site_event_hk)'
    ' ORDER BY e.event_timestamp, e.site_event_hk) = 1 AS is_first FROM (SELECT e.* '
    || api.events_sql(p_query, '', NULL, api.conversion_condition(p_tenant_hk))
    || ' OFFSET 0) e' || api.beside_sql(p_query, p_needs)
    || ' CROSS JOIN LATERAL business.conversion_of(e.tenant_hk, e.event_type, e.event_action, e.event_label,'
       ' e.event_timestamp, e.event_value, e.event_currency) c';

-- The bucket of time that a day (or, for hours and minutes, an event) belongs to: hours and minutes are counted from the first
-- local midnight of the range on, so that each lasts as long as every other, whatever the clocks do.
CREATE OR REPLACE FUNCTION api.bucket_sql(p_interval text, p_day text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE p_interval
    WHEN 'minute' THEN $e$date_bin('1 minute', e.event_timestamp, $2)$e$
    WHEN 'hour' THEN $e$date_bin('1 hour', e.event_timestamp, $2)$e$
    WHEN 'day' THEN p_day
    WHEN 'week' THEN format($e$date_trunc('week', %s::timestamp)::date$e$, p_day)
    WHEN 'month' THEN format($e$date_trunc('month', %s::timestamp)::date$e$, p_day)
END;

-- The figures of each group, in rows (g, events, page_views, visits, visitors, begun, bounces, duration_seconds, conversions,
-- converted, revenue): groups are the values of a dimension ('all': one group), or buckets of time when p_interval is given. The
-- plan says from where: rollups, visits, events, or vault (as of a load date).
CREATE OR REPLACE FUNCTION api.figures_sql(
    p_tenant_hk bytea, p_query jsonb, p_dimension text, p_interval text, p_metrics text[], OUT sql text, OUT plan text
)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_dimension record;
    v_filter record;
    v_group text;
    v_needs text;
    v_begun text;
    v_needs_begun boolean := EXISTS (SELECT FROM api.metrics() m WHERE m.metric = ANY (p_metrics) AND m.of_begun);
    v_needs_conversions boolean := p_metrics && '{conversions,conversion_rate,revenue}';
    v_has_visitors boolean := EXISTS (SELECT FROM api.metrics() m WHERE m.metric = ANY (p_metrics) AND m.of_visitor);
BEGIN
    SELECT d.* INTO v_dimension FROM (
        SELECT * FROM business.dimensions() a WHERE a.dimension = 'all' UNION ALL SELECT * FROM api.dimension_of(p_dimension)) d
    WHERE d.dimension = p_dimension;
    v_filter := api.filter_sql(p_tenant_hk, p_query ->> 'filter', 'filter');
    plan := CASE
        WHEN p_query ->> 'asOf' IS NOT NULL THEN 'vault'
        WHEN (p_query ->> 'includeBots')::boolean OR p_interval IN ('minute', 'hour') THEN 'events'
        WHEN p_query ->> 'filter' = '' AND v_dimension.is_rolled AND (v_dimension.grain = 'visit' OR NOT v_has_visitors)
             AND (v_dimension.grain = 'visit' OR v_dimension.dimension = 'page' OR NOT v_needs_begun) THEN 'rollups'
        WHEN v_filter.is_of_visits AND v_dimension.grain = 'visit' THEN 'visits'
        ELSE 'events'
    END;

    IF plan = 'rollups' THEN
        -- bounces and durations of a page are those of the visits that entered there
        sql := format($query$
            SELECT %1$s AS g, sum(r.events) FILTER (WHERE %2$s) AS events, sum(r.page_views) FILTER (WHERE %2$s) AS page_views,
                   coalesce(sum(r.visits) FILTER (WHERE %2$s), 0) AS visits, coalesce(sum(r.visitors) FILTER (WHERE %2$s), 0) AS visitors,
                   sum(r.begun) AS begun, coalesce(sum(r.bounces), 0) AS bounces,
                   coalesce(sum(r.duration_seconds), 0) AS duration_seconds,
                   coalesce(sum(r.conversions) FILTER (WHERE %2$s), 0) AS conversions,
                   coalesce(sum(r.converted) FILTER (WHERE %2$s), 0) AS converted,
                   coalesce(sum(r.revenue) FILTER (WHERE %2$s), 0) AS revenue
            FROM business.rollups($1, $5, $6, %3$L) r
            WHERE r.previous_day < %4$s
            GROUP BY 1 HAVING sum(r.visits) FILTER (WHERE %2$s) > 0$query$,
            CASE WHEN p_interval IS NOT NULL THEN api.bucket_sql(p_interval, 'r.day')
                 WHEN v_dimension.kind = 'text' THEN 'r.value' ELSE $e$decode(r.value, 'hex')$e$ END,
            format('r.dimension = %L', p_dimension),
            CASE WHEN p_dimension = 'page' AND v_needs_begun THEN '{page,entry_page}'::text[] ELSE ARRAY[p_dimension] END,
            CASE WHEN p_interval IS NULL THEN '$5' ELSE format('greatest(%s, $5)', api.bucket_sql(p_interval, 'r.day')) END);
        RETURN;
    END IF;

    v_needs := v_dimension.needs || v_filter.needs || CASE WHEN v_needs_begun THEN 'v' ELSE '' END;
    v_group := CASE WHEN p_interval IS NULL THEN v_dimension.expression
                    ELSE api.bucket_sql(p_interval, CASE plan WHEN 'visits' THEN 'v.day' ELSE 'e.day' END) END;
    v_begun := 'v.start_day BETWEEN $5 AND $6'
        || CASE WHEN p_interval IN ('day', 'week', 'month')
                THEN format(' AND %s = %s', api.bucket_sql(p_interval, 'v.start_day'), v_group)
                WHEN p_dimension = 'page' THEN ' AND v.entry_page_hk = e.site_page_hk' ELSE '' END;
    sql := format($query$
        WITH by_visit AS (
            SELECT %1$s AS g, %2$s.site_session_hk, %10$s AS site_visitor_hk, %3$s AS events, %4$s AS page_views, %5$s
            %6$s AND (%1$s) IS NOT NULL
            GROUP BY 1, 2, 3
        ), by_visitor AS (
            SELECT b.g, b.site_visitor_hk, sum(b.events) AS events, sum(b.page_views) AS page_views, count(*) AS visits,
                   count(*) FILTER (WHERE b.has_begun) AS begun, count(*) FILTER (WHERE b.has_begun AND b.is_bounce) AS bounces,
                   sum(b.duration_seconds) FILTER (WHERE b.has_begun) AS duration_seconds
            FROM by_visit b GROUP BY 1, 2
        ), by_group AS (
            SELECT b.g, sum(b.events) AS events, sum(b.page_views) AS page_views, sum(b.visits) AS visits,
                   count(b.site_visitor_hk) AS visitors, sum(b.begun) AS begun, sum(b.bounces) AS bounces,
                   coalesce(sum(b.duration_seconds), 0) AS duration_seconds
            FROM by_visitor b GROUP BY b.g
        )%7$s
        SELECT b.*, %8$s FROM by_group b%9$s$query$,
        v_group,
        CASE plan WHEN 'visits' THEN 'v' ELSE 'e' END,
        CASE plan WHEN 'visits' THEN 'sum(v.events)' ELSE 'count(*)' END,
        CASE plan WHEN 'visits' THEN 'sum(v.page_views)' ELSE $e$count(*) FILTER (WHERE e.event_type = 'page_view')$e$ END,
        CASE WHEN v_needs_begun
             THEN format('bool_or(%s) AS has_begun, bool_or(v.is_bounce) AS is_bounce, max(v.duration_seconds) AS duration_seconds', v_begun)
             ELSE 'false AS has_begun, false AS is_bounce, 0 AS duration_seconds' END,
        CASE plan WHEN 'visits' THEN api.visits_sql(v_filter.condition)
                  ELSE api.events_sql(p_query, v_needs, v_filter.condition) END,
        CASE WHEN v_needs_conversions THEN format($with$, conversion AS (%s), converted AS (
            SELECT c.g, count(*) FILTER (WHERE c.is_first) AS conversions, count(DISTINCT c.site_session_hk) AS converted,
                   coalesce(sum(c.value) FILTER (WHERE c.is_first AND c.currency = $8), 0) AS revenue
            FROM conversion c WHERE c.is_chosen GROUP BY c.g)$with$,
            api.conversions_sql(p_tenant_hk, p_query, replace(v_group, 'v.day', 'e.day'), v_dimension.needs || v_filter.needs, v_filter.condition,
                                CASE WHEN p_interval IS NOT NULL THEN replace(v_group, 'v.day', 'e.day') END)) ELSE '' END,
        CASE WHEN v_needs_conversions
             THEN 'coalesce(c.conversions, 0) AS conversions, coalesce(c.converted, 0) AS converted, coalesce(c.revenue, 0) AS revenue'
             ELSE '0 AS conversions, 0 AS converted, 0 AS revenue' END,
        CASE WHEN v_needs_conversions THEN ' LEFT JOIN converted c ON c.g = b.g' ELSE '' END,
        -- visitors that nobody asks for need not be told apart
        CASE WHEN NOT v_has_visitors THEN 'NULL::bytea' WHEN plan = 'visits' THEN 'v.site_visitor_hk' ELSE 'e.site_visitor_hk' END);
END
$$;

-- The metrics of figures f, as the arguments of jsonb_build_object.
CREATE OR REPLACE FUNCTION api.metrics_sql(p_metrics text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format('%L, %s', m.metric, m.formula), ', ' ORDER BY array_position(p_metrics, m.metric))
    FROM api.metrics() m WHERE m.metric = ANY (p_metrics)
$$;
