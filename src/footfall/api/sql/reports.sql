-- The reports: each a function of the tenant and the resolved question. api.answer is their one way in.

-- The figures of the whole range, and of the ranges it is compared with: those just before, of as many days, and of a year ago.
CREATE OR REPLACE FUNCTION api.overview(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_days integer := (p_query ->> 'dateTo')::date - (p_query ->> 'dateFrom')::date + 1;
    v_now jsonb := api.overview_of_range(p_tenant, p_query);
    v_comparison jsonb := '{}';
    v_name text;
    v_range jsonb;
    v_before jsonb;
BEGIN
    FOREACH v_name IN ARRAY ARRAY(SELECT jsonb_array_elements_text(p_query -> 'compare')) LOOP
        CONTINUE WHEN v_name = 'none';
        v_range := CASE v_name
            WHEN 'previous_period' THEN jsonb_build_object(
                'dateFrom', (p_query ->> 'dateFrom')::date - v_days, 'dateTo', (p_query ->> 'dateTo')::date - v_days)
            ELSE jsonb_build_object(
                'dateFrom', ((p_query ->> 'dateFrom')::date - interval '1 year')::date,
                'dateTo', ((p_query ->> 'dateTo')::date - interval '1 year')::date) END;
        v_before := api.overview_of_range(p_tenant, p_query || v_range) -> 'metrics';
        v_comparison := v_comparison || jsonb_build_object(v_name, v_range || jsonb_build_object(
            'metrics', v_before,
            'change', (SELECT jsonb_object_agg(m.key, round(100 * ((v_now -> 'metrics' ->> m.key)::numeric - m.value::numeric)
                                                            / nullif(m.value::numeric, 0), 1))
                       FROM jsonb_each_text(v_before) m)));
    END LOOP;
    RETURN v_now || CASE WHEN v_comparison = '{}' THEN '{}' ELSE jsonb_build_object('comparison', v_comparison) END;
END
$$;

CREATE OR REPLACE FUNCTION api.overview_of_range(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_metrics text[] := ARRAY(SELECT m.metric FROM api.metrics() m);
    v_figures record := api.figures_sql(p_tenant.tenant_hk, p_query, 'all', NULL, v_metrics);
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
BEGIN
    RETURN api.run(p_tenant, p_query, format(
        'SELECT jsonb_build_object(''metrics'', jsonb_build_object(%s), ''revenue_by_currency'', (%s))'
        ' FROM (SELECT 1) one LEFT JOIN (%s) f ON true',
        (SELECT string_agg(format('%L, coalesce(%s, 0)', m.metric, m.formula), ', ') FROM api.metrics() m),
        CASE v_figures.plan
            WHEN 'rollups' THEN
                'SELECT coalesce(jsonb_object_agg(c.value, trim_scale(c.revenue)), ''{}'') FROM ('
                'SELECT r.value, sum(r.revenue) AS revenue FROM business.rollups($1, $5, $6, ''{currency}'') r'
                ' WHERE r.previous_day < $5 GROUP BY r.value HAVING sum(r.revenue) <> 0) c'
            ELSE
                'SELECT coalesce(jsonb_object_agg(c.currency, trim_scale(c.revenue)), ''{}'') FROM ('
                'SELECT c.currency, sum(c.value) AS revenue FROM ('
                || api.conversions_sql(p_tenant.tenant_hk, p_query, $e$''$e$, v_filter.needs, v_filter.condition)
                || ') c WHERE c.is_first AND c.is_chosen AND c.currency IS NOT NULL GROUP BY c.currency HAVING sum(c.value) <> 0) c'
        END, v_figures.sql));
END
$$;

-- Metrics by buckets of time, without gaps.
CREATE OR REPLACE FUNCTION api.timeseries(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_interval text := p_query ->> 'interval';
    v_metrics text[] := ARRAY(SELECT jsonb_array_elements_text(p_query -> 'metrics'));
    v_figures record := api.figures_sql(p_tenant.tenant_hk, p_query, 'all', v_interval, v_metrics);
BEGIN
    RETURN api.run(p_tenant, p_query, format($query$
        WITH f AS (%s)
        SELECT jsonb_build_object('buckets', jsonb_agg(
            jsonb_build_object('start', %s) || jsonb_build_object(%s) ORDER BY s.g))
        FROM %s LEFT JOIN f ON f.g = s.g$query$,
        v_figures.sql,
        CASE WHEN v_interval IN ('minute', 'hour') THEN 'api.local_moment(s.g, $7)' ELSE 's.g' END,
        (SELECT string_agg(format('%L, coalesce(%s, 0)', m.metric, m.formula), ', ' ORDER BY array_position(v_metrics, m.metric))
         FROM api.metrics() m WHERE m.metric = ANY (v_metrics)),
        CASE WHEN v_interval IN ('minute', 'hour')
             THEN format('generate_series($2, $3 - interval ''1 microsecond'', interval ''1 %s'') AS s(g)', v_interval)
             ELSE format('(SELECT DISTINCT %s AS g FROM generate_series($5::timestamp, $6::timestamp, interval ''1 day'') AS d(day)) s',
                         api.bucket_sql(v_interval, 'd.day::date')) END));
END
$$;

-- A moment as the clocks of a time zone showed it, with its distance from UTC: 2026-03-29T03:00:00+02:00.
CREATE OR REPLACE FUNCTION api.local_moment(p_moment timestamptz, p_time_zone text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT to_char(p_moment AT TIME ZONE p_time_zone, 'YYYY-MM-DD"T"HH24:MI:SS') || CASE WHEN o.minutes < 0 THEN '-' ELSE '+' END
        || to_char(abs(o.minutes) / 60, 'FM00') || ':' || to_char(abs(o.minutes) % 60, 'FM00')
    FROM (SELECT (extract(epoch FROM (p_moment AT TIME ZONE p_time_zone) - (p_moment AT TIME ZONE 'UTC')) / 60)::integer AS minutes) o
);

-- Metrics by the values of a dimension: sorted, searched, in pages. Values that are not known are left out.
CREATE OR REPLACE FUNCTION api.breakdown(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_dimension record;
    v_metrics text[] := ARRAY(SELECT jsonb_array_elements_text(p_query -> 'metrics'));
    v_figures record := api.figures_sql(p_tenant.tenant_hk, p_query, p_query ->> 'dimension', NULL, v_metrics);
    v_sort text := ltrim(p_query ->> 'sort', '-');
BEGIN
    SELECT * INTO v_dimension FROM api.dimension_of(p_query ->> 'dimension');
    RETURN api.run(p_tenant, p_query, format($query$
        WITH f AS (%1$s), named AS (
            SELECT f.*, %2$s AS name FROM f%3$s
        ), shown AS (
            SELECT f.*, (%4$s)::numeric AS rank FROM named f WHERE %5$s
            ORDER BY (%4$s)::numeric %6$s, f.name COLLATE "C" OFFSET %7$s LIMIT %8$s + 1
        ), numbered AS (
            SELECT f.*, row_number() OVER (ORDER BY f.rank %6$s, f.name COLLATE "C") AS position FROM shown f
        )
        SELECT jsonb_build_object(
            'rows', coalesce(jsonb_agg(jsonb_build_object('value', f.name) || jsonb_build_object(%9$s) ORDER BY f.position)
                             FILTER (WHERE f.position <= %8$s), '[]'),
            'nextCursor', CASE WHEN count(*) > %8$s THEN %7$s + %8$s END)
        FROM numbered f$query$,
        v_figures.sql,
        CASE v_dimension.kind WHEN 'page' THEN 'h.site_page_bk' WHEN 'item' THEN 'h.business_item_bk' ELSE 'f.g' END,
        CASE v_dimension.kind WHEN 'page' THEN ' JOIN business.site_page_h h ON h.site_page_hk = f.g'
                              WHEN 'item' THEN ' JOIN business.business_item_h h ON h.business_item_hk = f.g' ELSE '' END,
        (SELECT m.formula FROM api.metrics() m WHERE m.metric = v_sort),
        CASE WHEN p_query ->> 'search' = '' THEN 'true'
             ELSE format('f.name ILIKE ANY (%L)', api.contains_patterns(ARRAY[p_query ->> 'search'])) END,
        CASE WHEN p_query ->> 'sort' LIKE '-%' THEN 'DESC' ELSE 'ASC' END,
        p_query ->> 'cursor', p_query ->> 'limit', api.metrics_sql(v_metrics)));
END
$$;

-- Each goal of the tenant: how many events, visits and visitors reached it, of all in the question, and what they are worth in the
-- tenant's currency.
CREATE OR REPLACE FUNCTION api.goals(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
    v_needs text := v_filter.needs;
    v_goal record;
    v_condition record;
    v_columns text := '';
    v_rows text := '';
    v_number integer := 0;
BEGIN
    FOR v_goal IN SELECT g.* FROM ref.goal g WHERE g.tenant_hk = p_tenant.tenant_hk ORDER BY g.goal COLLATE "C" LOOP
        v_condition := api.filter_sql(p_tenant.tenant_hk, v_goal.filter, 'goal');
        v_needs := v_needs || v_condition.needs;
        v_number := v_number + 1;
        v_columns := v_columns || format(', count(*) FILTER (WHERE %1$s) AS n%2$s, sum(%3$s) FILTER (WHERE %1$s AND %4$s) AS v%2$s',
            v_condition.condition, v_number, CASE WHEN v_goal.value IS NULL THEN 'e.event_value' ELSE format('%L::numeric', v_goal.value) END,
            -- of two currencies one is the tenant's, or the value is left out
            CASE WHEN v_goal.value IS NULL THEN 'e.event_currency = $8'
                 ELSE format('%L = $8', coalesce(v_goal.currency, p_tenant.currency)) END);
        v_rows := v_rows || CASE WHEN v_number > 1 THEN ', ' ELSE '' END || format($row$
            jsonb_build_object('goal', %1$L, 'filter', %2$L, 'events', coalesce(sum(b.n%3$s), 0),
                'visits', count(*) FILTER (WHERE b.n%3$s > 0), 'visitors', count(DISTINCT b.site_visitor_hk) FILTER (WHERE b.n%3$s > 0),
                'conversion_rate', coalesce(round(100.0 * count(*) FILTER (WHERE b.n%3$s > 0) / nullif(count(*), 0), 2), 0),
                'value', trim_scale(coalesce(sum(b.v%3$s), 0)))$row$, v_goal.goal, v_goal.filter, v_number);
    END LOOP;
    RETURN api.run(p_tenant, p_query, format(
        'SELECT jsonb_build_object(''goals'', jsonb_build_array(%s), ''visits'', count(*))'
        ' FROM (SELECT e.site_session_hk, e.site_visitor_hk%s %s GROUP BY 1, 2) b',
        v_rows, v_columns, api.events_sql(p_query, v_needs, v_filter.condition)));
END
$$;

-- How far visits (or visitors) came on a way of 2 to 10 steps. Loose: other events may come between; strict: each step is the very next
-- event. `window` is the most minutes from the first step to any later one. Of all ways through the steps, the one counts that gets
-- furthest. With a dimension: also for each value of the event of the first step.
CREATE OR REPLACE FUNCTION api.funnel(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
    v_needs text := v_filter.needs;
    v_steps text[] := ARRAY(SELECT jsonb_array_elements_text(p_query -> 'steps'));
    v_count integer := cardinality(v_steps);
    v_is_strict boolean := p_query ->> 'order' = 'strict';
    v_actor text := CASE p_query ->> 'per' WHEN 'visitor' THEN 'e.site_visitor_hk' ELSE 'e.site_session_hk' END;
    v_dimension record;
    v_matches text := '';
    v_any text := 'false';
    v_condition record;
    v_sql text;
    v_firsts text := '';
BEGIN
    SELECT * INTO v_dimension FROM api.dimension_of(p_query ->> 'dimension');
    v_needs := v_needs || coalesce(v_dimension.needs, '');
    FOR k IN 1 .. v_count LOOP
        v_condition := api.filter_sql(p_tenant.tenant_hk, v_steps[k], 'steps');
        v_needs := v_needs || v_condition.needs;
        v_matches := v_matches || format(', (%s) IS TRUE AS m%s', v_condition.condition, k);
        v_any := v_any || format(' OR (%s)', v_condition.condition);
        v_firsts := v_firsts || format(', min(s.t) FILTER (WHERE s.s%1$s IS NOT NULL) AS t%1$s', k);
    END LOOP;
    -- s<k>: the event completes step k; its value is when the latest such way began. Each step looks at what came strictly before.
    v_sql := format('SELECT %s AS actor, e.event_timestamp AS t, e.site_event_hk AS hk, %s AS g%s %s',
        v_actor, coalesce(v_dimension.expression, 'NULL::text'), v_matches,
        api.events_sql(p_query, v_needs, v_filter.condition,
                       v_actor || ' IS NOT NULL' || CASE WHEN v_is_strict THEN '' ELSE ' AND (' || v_any || ')' END));
    v_sql := format('SELECT e.*, CASE WHEN e.m1 THEN e.t END AS s1 FROM (%s) e', v_sql);
    FOR k IN 2 .. v_count LOOP
        v_sql := format(CASE WHEN v_is_strict
            THEN 'SELECT e.*, CASE WHEN e.m%1$s AND e.t - lag(e.s%2$s) OVER w <= %3$s THEN lag(e.s%2$s) OVER w END AS s%1$s'
                 ' FROM (%4$s) e WINDOW w AS (PARTITION BY e.actor ORDER BY e.t, e.hk)'
            ELSE 'SELECT e.*, CASE WHEN e.m%1$s AND e.t - max(e.s%2$s) OVER w <= %3$s THEN max(e.s%2$s) OVER w END AS s%1$s'
                 ' FROM (%4$s) e WINDOW w AS (PARTITION BY e.actor ORDER BY e.t, e.hk ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)'
            END, k, k - 1, format('make_interval(mins => %s)', p_query ->> 'window'), v_sql);
    END LOOP;
    v_sql := format('SELECT s.actor%s, (array_agg(s.g ORDER BY s.t, s.hk) FILTER (WHERE s.m1))[1] AS g FROM (%s) s GROUP BY s.actor',
                    v_firsts, v_sql);
    RETURN api.run(p_tenant, p_query, format($query$
        WITH reached AS MATERIALIZED (%1$s)
        SELECT jsonb_build_object('steps', (SELECT %2$s FROM reached r))%3$s$query$,
        v_sql, api.funnel_steps_sql(v_steps),
        CASE WHEN v_dimension.dimension IS NULL THEN '' ELSE format($groups$ || jsonb_build_object('groups', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('value', o.name, 'steps', o.steps) ORDER BY o.n DESC, o.name COLLATE "C"), '[]')
            FROM (SELECT %1$s AS name, count(*) AS n, %2$s AS steps FROM reached r%3$s
                  WHERE r.t1 IS NOT NULL AND r.g IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, %1$s COLLATE "C" LIMIT %4$s) o))$groups$,
            CASE v_dimension.kind WHEN 'page' THEN 'h.site_page_bk' WHEN 'item' THEN 'h.business_item_bk' ELSE 'r.g' END,
            api.funnel_steps_sql(v_steps),
            CASE v_dimension.kind WHEN 'page' THEN ' JOIN business.site_page_h h ON h.site_page_hk = r.g'
                                  WHEN 'item' THEN ' JOIN business.business_item_h h ON h.business_item_hk = r.g' ELSE '' END,
            p_query ->> 'limit') END));
END
$$;

-- The steps of a funnel over rows r of first reaches t1, t2, …, as a JSON array.
CREATE OR REPLACE FUNCTION api.funnel_steps_sql(p_steps text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT 'jsonb_build_array(' || string_agg(format($step$jsonb_build_object('step', %1$s, 'filter', %2$L, 'count', count(r.t%1$s),
        'percent_of_start', coalesce(round(100.0 * count(r.t%1$s) / nullif(count(r.t1), 0), 2), 0),
        'percent_of_previous', coalesce(round(100.0 * count(r.t%1$s) / nullif(count(r.t%3$s), 0), 2), 0),
        'drop_off', count(r.t%3$s) - count(r.t%1$s),
        'median_seconds', round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY r.t%1$s - r.t%3$s)
                                FILTER (WHERE r.t%1$s IS NOT NULL))::numeric, 1))$step$,
        s.number, s.step, greatest(s.number - 1, 1)), ', ') || ')'
    FROM unnest(p_steps) WITH ORDINALITY AS s(step, number)
$$;

-- Of the visitors whose first period in the range is this one, how many were there again how many periods later.
CREATE OR REPLACE FUNCTION api.retention(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
    v_is_of_visits boolean := v_filter.is_of_visits AND p_query ->> 'asOf' IS NULL AND NOT (p_query ->> 'includeBots')::boolean;
    v_interval text := p_query ->> 'interval';
    v_alias text := CASE WHEN v_is_of_visits THEN 'v' ELSE 'e' END;
BEGIN
    RETURN api.run(p_tenant, p_query, format($query$
        WITH seen AS (
            SELECT DISTINCT %1$s.site_visitor_hk, %2$s AS period %3$s AND %1$s.site_visitor_hk IS NOT NULL
        ), cohort AS (
            SELECT s.period, min(s.period) OVER (PARTITION BY s.site_visitor_hk) AS first_period FROM seen s
        ), counted AS (
            SELECT c.first_period, c.period, count(*) AS visitors FROM cohort c GROUP BY c.first_period, c.period
        ), period AS (
            SELECT p.period, row_number() OVER (ORDER BY p.period) AS number
            FROM (SELECT DISTINCT %4$s AS period FROM generate_series($5::timestamp, $6::timestamp, interval '1 day') AS d(day)) p
        )
        SELECT jsonb_build_object('cohorts', coalesce(jsonb_agg(o.cohort ORDER BY o.period), '[]'))
        FROM (
            SELECT f.period, jsonb_build_object(
                'start', f.period, 'visitors', coalesce(max(c.visitors) FILTER (WHERE p.period = f.period), 0),
                'retained', jsonb_agg(coalesce(c.visitors, 0) ORDER BY p.period),
                'percent', jsonb_agg(coalesce(round(100.0 * c.visitors / nullif(a.visitors, 0), 2), 0) ORDER BY p.period)) AS cohort
            FROM period f
            JOIN period p ON p.number >= f.number
            LEFT JOIN counted c ON c.first_period = f.period AND c.period = p.period
            LEFT JOIN counted a ON a.first_period = f.period AND a.period = f.period
            GROUP BY f.period
        ) o$query$,
        v_alias, api.bucket_sql(v_interval, v_alias || '.day'),
        CASE WHEN v_is_of_visits THEN api.visits_sql(v_filter.condition)
             ELSE api.events_sql(p_query, v_filter.needs, v_filter.condition) END,
        api.bucket_sql(v_interval, 'd.day::date')));
END
$$;

-- What visits did next after (or before) the first event that meets `start`, step by step: pages viewed, or kinds of events. The same
-- thing twice in a row is once. Links for a Sankey diagram: level 0 is the start; beyond the `limit` most frequent values of a level
-- is (other), a visit that ended is (exit), or (entry) when looking back.
CREATE OR REPLACE FUNCTION api.paths(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
    v_start record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'start', 'start');
    v_is_back boolean := p_query ->> 'direction' = 'previous';
    v_is_of_pages boolean := p_query ->> 'of' = 'pages';
    v_is_step text := CASE WHEN v_is_of_pages THEN $e$(e.event_type = 'page_view' AND e.site_page_hk IS NOT NULL)$e$ ELSE 'true' END;
BEGIN
    RETURN api.run(p_tenant, p_query, format($query$
        WITH event AS (
            SELECT e.site_session_hk AS visit, e.event_timestamp AS t, e.site_event_hk AS hk, %1$s AS is_step,
                   %2$s AS what, (%3$s AND %1$s) IS TRUE AS is_start
            %4$s
        ), anchored AS (
            SELECT e.*, bool_or(e.is_start) OVER (PARTITION BY e.visit ORDER BY e.t, e.hk %5$s) AS is_since FROM event e
        ), step AS (
            SELECT a.visit, a.what, a.t, a.hk, lag(a.what) OVER (PARTITION BY a.visit ORDER BY a.t %6$s, a.hk %6$s) AS before
            FROM anchored a WHERE a.is_since AND a.is_step
        ), numbered AS (
            SELECT s.visit, s.what, row_number() OVER (PARTITION BY s.visit ORDER BY s.t %6$s, s.hk %6$s) - 1 AS level
            FROM step s WHERE s.what IS DISTINCT FROM s.before
        ), kept AS (
            SELECT n.* FROM numbered n WHERE n.level <= %7$s
        ), ranked AS (
            SELECT k.level, k.what, row_number() OVER (PARTITION BY k.level ORDER BY count(*) DESC, k.what COLLATE "C") AS rank
            FROM (%8$s) k GROUP BY k.level, k.what
        ), named AS (
            SELECT k.visit, k.level, CASE WHEN r.rank <= %9$s THEN k.what ELSE '(other)' END AS what
            FROM (%8$s) k JOIN ranked r ON r.level = k.level AND r.what = k.what
        ), following AS (
            SELECT n.*, lead(n.what) OVER (PARTITION BY n.visit ORDER BY n.level) AS next FROM named n
        ), link AS (
            SELECT f.level, f.what AS source, coalesce(f.next, %10$L) AS target, count(*) AS visits
            FROM following f WHERE f.level < %7$s
            GROUP BY 1, 2, 3
        )
        SELECT jsonb_build_object(
            'visits', (SELECT count(*) FROM named n WHERE n.level = 0),
            'links', coalesce((SELECT jsonb_agg(jsonb_build_object('level', l.level, 'source', l.source, 'target', l.target,
                'visits', l.visits) ORDER BY l.level, l.visits DESC, l.source COLLATE "C", l.target COLLATE "C") FROM link l), '[]'))$query$,
        v_is_step,
        CASE WHEN v_is_of_pages THEN $e$encode(e.site_page_hk, 'hex')$e$ ELSE $e$e.event_type || ':' || e.event_action$e$ END,
        v_start.condition,
        api.events_sql(p_query, v_filter.needs || v_start.needs, v_filter.condition),
        -- looking back, the anchor is the last such event
        CASE WHEN v_is_back THEN 'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING' ELSE '' END,
        CASE WHEN v_is_back THEN 'DESC' ELSE '' END,
        p_query ->> 'depth',
        CASE WHEN v_is_of_pages THEN 'SELECT k.visit, k.level, h.site_page_bk AS what FROM kept k'
            ' JOIN business.site_page_h h ON h.site_page_hk = decode(k.what, ''hex'')' ELSE 'SELECT * FROM kept' END,
        p_query ->> 'limit', CASE WHEN v_is_back THEN '(entry)' ELSE '(exit)' END));
END
$$;

-- Items: how often they were viewed and interacted with, in how many visits, and what conversions about them brought.
CREATE OR REPLACE FUNCTION api.items(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
BEGIN
    RETURN api.run(p_tenant, p_query, format($query$
        WITH met AS (
            SELECT e.business_item_hk AS g, e.site_session_hk,
                   count(*) FILTER (WHERE e.event_type = 'item_interaction') AS interactions,
                   count(*) FILTER (WHERE e.event_type = 'item_interaction' AND e.event_action = 'view') AS views,
                   max(e.site_event_hk) AS latest
            %1$s GROUP BY 1, 2
        ), item AS (
            SELECT m.g, sum(m.interactions) AS interactions, sum(m.views) AS views, count(*) AS visits FROM met m GROUP BY m.g
        ), conversion AS (%2$s), worth AS (
            SELECT c.g, count(*) AS conversions, coalesce(sum(c.value) FILTER (WHERE c.currency = $8), 0) AS value
            FROM conversion c WHERE c.is_first AND c.is_chosen GROUP BY c.g
        ), shown AS (
            SELECT h.business_item_bk AS item, i.*, coalesce(w.conversions, 0) AS conversions, coalesce(w.value, 0) AS value,
                   row_number() OVER (ORDER BY i.interactions DESC, h.business_item_bk COLLATE "C") AS position
            FROM item i
            JOIN business.business_item_h h ON h.business_item_hk = i.g
            LEFT JOIN worth w ON w.g = i.g
            ORDER BY position OFFSET %3$s LIMIT %4$s + 1
        )
        SELECT jsonb_build_object('rows', coalesce(jsonb_agg(jsonb_build_object(
            'item', s.item, 'name', n.item_name, 'views', s.views, 'interactions', s.interactions, 'visits', s.visits,
            'conversions', s.conversions, 'value', trim_scale(s.value)) ORDER BY s.position) FILTER (WHERE s.position <= %3$s + %4$s), '[]'),
            'nextCursor', CASE WHEN count(*) > %4$s THEN %3$s + %4$s END)
        FROM shown s
        LEFT JOIN LATERAL (
            -- as its details say; before there are any, as its latest event did
            SELECT d.item_name FROM business.business_item_details_s d
            WHERE d.business_item_hk = s.g AND d.load_end_date IS NULL LIMIT 1
        ) n ON true$query$,
        api.events_sql(p_query, v_filter.needs, v_filter.condition, 'e.business_item_hk IS NOT NULL'),
        api.conversions_sql(p_tenant.tenant_hk, p_query, 'e.business_item_hk', v_filter.needs, v_filter.condition),
        p_query ->> 'cursor', p_query ->> 'limit'));
END
$$;

-- Visits, the latest first: by their first event in the range.
CREATE OR REPLACE FUNCTION api.sessions(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
    v_is_of_visits boolean := v_filter.is_of_visits AND p_query ->> 'asOf' IS NULL AND NOT (p_query ->> 'includeBots')::boolean;
BEGIN
    RETURN api.sessions_of(p_tenant, p_query, CASE WHEN v_is_of_visits
        THEN 'SELECT v.site_session_hk, min(v.first_event_timestamp) AS first' || api.visits_sql(v_filter.condition)
        ELSE 'SELECT e.site_session_hk, min(e.event_timestamp) AS first'
             || api.events_sql(p_query, v_filter.needs, v_filter.condition) END, v_filter.condition, v_filter.needs);
END
$$;

-- A page of visits, described by their events that the question chooses. p_visits_sql gives (site_session_hk, first), to be grouped
-- by the former.
CREATE OR REPLACE FUNCTION api.sessions_of(p_tenant auth.tenant_v, p_query jsonb, p_visits_sql text, p_filter text, p_needs text)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN api.run(p_tenant, p_query, format($query$
    WITH page AS MATERIALIZED (
        SELECT p.* FROM (%1$s GROUP BY 1) p ORDER BY p.first DESC, p.site_session_hk OFFSET %2$s LIMIT %3$s + 1
    ), visit AS (
        SELECT e.site_session_hk, e.site_visitor_hk, min(e.event_timestamp) AS first, max(e.event_timestamp) AS last,
               count(*) AS events, count(*) FILTER (WHERE e.event_type = 'page_view') AS page_views,
               min(e.source) AS source, min(e.channel) AS channel, min(e.device_type) AS device, min(e.country) AS country,
               min(v.browser_name) AS browser, min(v.operating_system) AS os, bool_or(v.is_bounce) AS is_bounce,
               max(v.duration_seconds) AS duration_seconds, min(encode(v.entry_page_hk, 'hex')) AS entry_page,
               min(encode(v.exit_page_hk, 'hex')) AS exit_page
        %4$s
        GROUP BY 1, 2
    ), numbered AS (
        SELECT v.*, row_number() OVER (ORDER BY v.first DESC, v.site_session_hk) AS position FROM visit v
    )
    SELECT jsonb_build_object('sessions', coalesce(jsonb_agg(jsonb_build_object(
        'session', encode(v.site_session_hk, 'hex'), 'visitor', encode(v.site_visitor_hk, 'hex'),
        'start', api.local_moment(v.first, $7), 'end', api.local_moment(v.last, $7), 'events', v.events,
        'page_views', v.page_views, 'duration_seconds', v.duration_seconds, 'is_bounce', v.is_bounce, 'source', v.source,
        'channel', v.channel, 'device', v.device, 'browser', v.browser, 'os', v.os, 'country', v.country,
        'entry_page', (SELECT h.site_page_bk FROM business.site_page_h h WHERE h.site_page_hk = decode(v.entry_page, 'hex')),
        'exit_page', (SELECT h.site_page_bk FROM business.site_page_h h WHERE h.site_page_hk = decode(v.exit_page, 'hex')))
        ORDER BY v.position) FILTER (WHERE v.position <= %3$s), '[]'),
        'nextCursor', CASE WHEN count(*) > %3$s THEN %2$s + %3$s END)
    FROM numbered v$query$, p_visits_sql, p_query ->> 'cursor', p_query ->> 'limit',
    -- as of a load date there is no bridge to look visits up in
    CASE WHEN p_query ->> 'asOf' IS NOT NULL
         THEN api.events_sql(p_query, p_needs || 'v', p_filter,
                             'e.site_session_hk IN (SELECT o.site_session_hk FROM page o)')
         ELSE api.events_sql(p_query, p_needs || 'v', p_filter, 'true',
                             'page o CROSS JOIN LATERAL business.visit_bridge(o.site_session_hk) e') END));

-- One visit: what is known of it, and its events in order, on whatever day they were.
CREATE OR REPLACE FUNCTION api.session(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_session_hk bytea := decode(p_query ->> 'session', 'hex');
    v_span record;
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
    v_query jsonb;
BEGIN
    SELECT min(v.day) AS first, max(v.day) AS last INTO v_span FROM business.visit_b v
    WHERE v.tenant_hk = p_tenant.tenant_hk AND v.site_session_hk = v_session_hk;
    IF v_span.first IS NULL THEN
        RAISE EXCEPTION 'session_unknown' USING ERRCODE = 'FF404', DETAIL = 'session';
    END IF;
    v_query := p_query || jsonb_build_object('dateFrom', v_span.first, 'dateTo', v_span.last, 'includeBots', true, 'limit', 1, 'cursor', 0);
    RETURN api.sessions_of(
            p_tenant, v_query, format('SELECT %L::bytea AS site_session_hk, NULL::timestamptz AS first', v_session_hk), 'true', '')
            - 'nextCursor'
        || api.run(p_tenant, v_query, format($query$
            SELECT jsonb_build_object('events', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'event', encode(e.site_event_hk, 'hex'), 'time', api.local_moment(e.event_timestamp, $7), 'type', e.event_type,
                'category', e.event_category, 'action', e.event_action, 'label', e.event_label, 'value', trim_scale(e.event_value),
                'currency', e.event_currency, 'page', p.site_page_bk, 'title', s.page_title, 'item', i.business_item_bk,
                'transaction', e.transaction_id, 'funnel_step', e.transaction_funnel_step, 'is_bot', nullif(e.is_bot, false),
                'properties', s.custom_properties)) ORDER BY e.event_timestamp, e.site_event_hk), '[]'))
            FROM (SELECT e.* %s) e
            LEFT JOIN business.site_page_h p ON p.site_page_hk = e.site_page_hk
            LEFT JOIN business.business_item_h i ON i.business_item_hk = e.business_item_hk
            LEFT JOIN LATERAL (
                SELECT s.page_title, s.custom_properties FROM business.site_event_details_s s
                WHERE s.site_event_hk = e.site_event_hk LIMIT 1) s ON true$query$,
            api.events_sql(v_query, v_filter.needs, v_filter.condition, format('e.site_session_hk = %L::bytea', v_session_hk))));
END
$$;

-- One visitor: since when, how often, worth what; and the visits, the latest first, on whatever day they were.
CREATE OR REPLACE FUNCTION api.visitor(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_visitor_hk bytea := decode(p_query ->> 'visitor', 'hex');
    v_seen record;
    v_query jsonb;
BEGIN
    SELECT min(v.day) AS first, max(v.day) AS last, count(DISTINCT v.site_session_hk) AS visits,
           sum(v.page_views) AS page_views, sum(v.events) AS events
    INTO v_seen FROM business.visit_b v WHERE v.tenant_hk = p_tenant.tenant_hk AND v.site_visitor_hk = v_visitor_hk;
    IF v_seen.first IS NULL THEN
        RAISE EXCEPTION 'visitor_unknown' USING ERRCODE = 'FF404', DETAIL = 'visitor';
    END IF;
    v_query := p_query || jsonb_build_object('dateFrom', v_seen.first, 'dateTo', v_seen.last);
    RETURN jsonb_build_object('visitor', jsonb_build_object(
            'visitor', p_query ->> 'visitor', 'first_day', v_seen.first, 'last_day', v_seen.last, 'visits', v_seen.visits,
            'page_views', v_seen.page_views, 'events', v_seen.events,
            'details', (SELECT jsonb_strip_nulls(jsonb_build_object('segment', d.visitor_segment, 'transactions', d.total_transactions,
                            'lifetime_value', trim_scale(d.lifetime_value), 'favorite_items', d.favorite_items))
                        FROM business.site_visitor_details_s d
                        WHERE d.site_visitor_hk = v_visitor_hk AND d.tenant_hk = p_tenant.tenant_hk AND d.load_end_date IS NULL)))
        || api.sessions_of(p_tenant, v_query,
            'SELECT v.site_session_hk, min(v.first_event_timestamp) AS first'
            || api.visits_sql(format('v.site_visitor_hk = %L::bytea', v_visitor_hk)), 'true', '');
END
$$;

-- Now: visitors of the last 5 and 30 minutes, views minute by minute, where they are and where from, and the latest events.
CREATE OR REPLACE FUNCTION api.realtime(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_now timestamptz := util.current_load_date();
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
    v_sql text;
    v_result jsonb;
BEGIN
    v_sql := format($query$
        WITH event AS MATERIALIZED (
            SELECT e.*, v.referrer_host %1$s AND e.event_timestamp >= $2 AND e.event_timestamp < $3
        )
        SELECT jsonb_build_object(
            'visitors_5_minutes', (SELECT count(DISTINCT e.site_visitor_hk) FROM event e WHERE e.event_timestamp >= $3 - interval '5 minutes'),
            'visitors_30_minutes', (SELECT count(DISTINCT e.site_visitor_hk) FROM event e),
            'minutes', (SELECT jsonb_agg(jsonb_build_object('start', api.local_moment(m.minute, $7), 'page_views', (
                            SELECT count(*) FROM event e WHERE e.event_type = 'page_view' AND e.event_timestamp >= m.minute
                            AND e.event_timestamp < m.minute + interval '1 minute')) ORDER BY m.minute)
                        FROM generate_series($2, $3 - interval '1 minute', interval '1 minute') AS m(minute)),
            'pages', (SELECT coalesce(jsonb_agg(jsonb_build_object('value', t.name, 'visitors', t.visitors, 'page_views', t.views)
                            ORDER BY t.views DESC, t.name COLLATE "C"), '[]')
                      FROM (SELECT h.site_page_bk AS name, count(DISTINCT e.site_visitor_hk) AS visitors, count(*) AS views
                            FROM event e JOIN business.site_page_h h ON h.site_page_hk = e.site_page_hk
                            WHERE e.event_type = 'page_view' GROUP BY 1 ORDER BY count(*) DESC, h.site_page_bk COLLATE "C" LIMIT %2$s) t),
            'sources', (SELECT coalesce(jsonb_agg(jsonb_build_object('value', t.name, 'visits', t.visits)
                            ORDER BY t.visits DESC, t.name COLLATE "C"), '[]')
                        FROM (SELECT e.source AS name, count(DISTINCT e.site_session_hk) AS visits
                              FROM event e WHERE e.source IS NOT NULL GROUP BY 1
                              ORDER BY count(DISTINCT e.site_session_hk) DESC, e.source COLLATE "C" LIMIT %2$s) t),
            'events', (SELECT coalesce(jsonb_agg(api.event_line(t.site_event_hk, $7) ORDER BY t.event_timestamp DESC, t.site_event_hk), '[]')
                       FROM (SELECT e.* FROM event e ORDER BY e.event_timestamp DESC, e.site_event_hk LIMIT %2$s) t))$query$,
        api.events_sql(p_query, v_filter.needs || 'v', v_filter.condition), p_query ->> 'limit');
    EXECUTE v_sql INTO v_result USING p_tenant.tenant_hk, v_now - interval '30 minutes', v_now, NULL::timestamptz, NULL::date,
        NULL::date, p_tenant.time_zone, p_tenant.currency;
    RETURN v_result;
END
$$;

-- An event as a line of a live stream.
CREATE OR REPLACE FUNCTION api.event_line(p_event_hk bytea, p_time_zone text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'event', encode(e.site_event_hk, 'hex'), 'session', encode(e.site_session_hk, 'hex'),
        'time', api.local_moment(e.event_timestamp, p_time_zone), 'type', e.event_type, 'action', e.event_action,
        'label', e.event_label, 'value', trim_scale(e.event_value), 'currency', e.event_currency, 'page', p.site_page_bk,
        'source', e.source, 'device', e.device_type, 'country', e.country))
    FROM business.site_event_details_s d
    CROSS JOIN LATERAL (
        SELECT e.* FROM business.event_b e WHERE e.tenant_hk = d.tenant_hk AND e.site_event_hk = d.site_event_hk LIMIT 1
    ) e
    LEFT JOIN business.site_page_h p ON p.site_page_hk = e.site_page_hk
    WHERE d.site_event_hk = p_event_hk
$$;

-- The events of humans that were loaded after a load date, of the last ten minutes of event time, oldest first, at most 200; and the
-- load date up to which this tells all. Loads become visible in the order of their dates: asked again and again with the date it
-- gave, it tells each event once. NULL: from now on.
CREATE OR REPLACE FUNCTION api.live_events(p_request jsonb, p_after timestamptz) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_tenant auth.tenant_v := auth.request_tenant(p_request);
    v_now timestamptz := util.current_load_date();
    v_events jsonb;
    v_upto timestamptz;
BEGIN
    SELECT max(d.load_date) INTO v_upto FROM business.site_event_details_s d
    WHERE d.tenant_hk = v_tenant.tenant_hk AND d.event_timestamp >= v_now - interval '10 minutes'
      AND d.site_event_hk >= util.time_prefix(v_now - interval '10 minutes');
    SELECT coalesce(jsonb_agg(api.event_line(n.site_event_hk, v_tenant.time_zone) ORDER BY n.event_timestamp, n.site_event_hk), '[]')
    INTO v_events
    FROM (SELECT d.site_event_hk, d.event_timestamp FROM business.site_event_details_s d
          WHERE d.tenant_hk = v_tenant.tenant_hk AND d.load_date > p_after AND d.traffic_class = 'human'
            AND d.event_timestamp >= v_now - interval '10 minutes'
            AND d.site_event_hk >= util.time_prefix(v_now - interval '10 minutes')
          ORDER BY d.event_timestamp DESC LIMIT 200) n;
    RETURN jsonb_build_object('events', v_events, 'upto', coalesce(greatest(v_upto, p_after), v_now));
END
$$;

-- Answers a question: {success, message, data}; data has the report, the question as it was answered (`query`) and `metadata`. Or
-- {success: false, error_code: 'ANALYTICS_ERROR', debug_info: {error, field, allowed}} with the codes of api.resolve, those of
-- auth.request_tenant, report_unknown, session_unknown, visitor_unknown, internal.
CREATE OR REPLACE FUNCTION api.answer(p_report text, p_request jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET work_mem = '64MB' AS $$
DECLARE
    v_tenant auth.tenant_v;
    v_query jsonb;
    v_data jsonb;
    v_field text;
    v_allowed text;
    v_error_id text;
BEGIN
    IF jsonb_typeof(p_request) IS DISTINCT FROM 'object' THEN
        PERFORM api.refuse('question_invalid', '', 'an object');
    END IF;
    v_tenant := auth.request_tenant(p_request);
    v_query := api.resolve(p_report, p_request, v_tenant);
    v_data := CASE p_report
        WHEN 'overview' THEN api.overview(v_tenant, v_query)
        WHEN 'timeseries' THEN api.timeseries(v_tenant, v_query)
        WHEN 'breakdown' THEN api.breakdown(v_tenant, v_query)
        WHEN 'goals' THEN api.goals(v_tenant, v_query)
        WHEN 'funnel' THEN api.funnel(v_tenant, v_query)
        WHEN 'retention' THEN api.retention(v_tenant, v_query)
        WHEN 'paths' THEN api.paths(v_tenant, v_query)
        WHEN 'items' THEN api.items(v_tenant, v_query)
        WHEN 'sessions' THEN api.sessions(v_tenant, v_query)
        WHEN 'session' THEN api.session(v_tenant, v_query)
        WHEN 'visitor' THEN api.visitor(v_tenant, v_query)
        WHEN 'realtime' THEN api.realtime(v_tenant, v_query)
    END;
    RETURN jsonb_build_object('success', true, 'message', 'Answered', 'data', v_data || jsonb_build_object(
        'query', v_query,
        'metadata', jsonb_build_object(
            'tenant_id', v_tenant.tenant_bk, 'time_zone', v_tenant.time_zone, 'currency', v_tenant.currency,
            'generated_at', util.current_load_date(), 'data_freshness', api.freshness(v_tenant.tenant_hk))));
EXCEPTION
    WHEN SQLSTATE 'FF400' OR SQLSTATE 'FF401' OR SQLSTATE 'FF403' OR SQLSTATE 'FF404' THEN
        GET STACKED DIAGNOSTICS v_field = PG_EXCEPTION_DETAIL, v_allowed = PG_EXCEPTION_HINT;
        RETURN api.failure('ANALYTICS_ERROR',
            CASE WHEN v_field = '' THEN 'The question cannot be answered' ELSE v_field || ': ' || replace(SQLERRM, '_', ' ') END
            || CASE WHEN v_allowed = '' THEN '' ELSE '; allowed: ' || v_allowed END,
            SQLERRM, jsonb_strip_nulls(jsonb_build_object('field', nullif(v_field, ''), 'allowed', nullif(v_allowed, ''),
                                                          'tenant_id', v_tenant.tenant_bk)));
    WHEN query_canceled THEN
        RAISE;
    WHEN OTHERS THEN
        v_error_id := gen_random_uuid()::text;
        RAISE LOG 'footfall api.answer %: % (%)', v_error_id, SQLERRM, SQLSTATE;
        RETURN api.failure('ANALYTICS_ERROR', 'The report could not be made', 'internal', jsonb_build_object(
            'tenant_id', v_tenant.tenant_bk, 'error_id', v_error_id));
END
$$;

-- The questions by name, for SQL: SELECT api.report_overview('{"dateFrom": "2026-11-01"}'). What each may be asked: api.question_keys.
CREATE OR REPLACE FUNCTION api.report_overview(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('overview', p_request);
CREATE OR REPLACE FUNCTION api.report_timeseries(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('timeseries', p_request);
CREATE OR REPLACE FUNCTION api.report_breakdown(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('breakdown', p_request);
CREATE OR REPLACE FUNCTION api.report_goals(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('goals', p_request);
CREATE OR REPLACE FUNCTION api.report_funnel(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('funnel', p_request);
CREATE OR REPLACE FUNCTION api.report_retention(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('retention', p_request);
CREATE OR REPLACE FUNCTION api.report_paths(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('paths', p_request);
CREATE OR REPLACE FUNCTION api.report_items(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('items', p_request);
CREATE OR REPLACE FUNCTION api.report_sessions(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('sessions', p_request);
CREATE OR REPLACE FUNCTION api.report_session(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('session', p_request);
CREATE OR REPLACE FUNCTION api.report_visitor(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('visitor', p_request);
CREATE OR REPLACE FUNCTION api.report_realtime(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('realtime', p_request);
