-- How far visits (or visitors) came on a way of 2 to 10 steps. Loose: other events may come between; strict: each step is the very next
-- event. `window` is the most minutes from the first step to any later one. Of all ways through the steps, the one counts that gets
-- furthest. With a dimension: also for each value of the event of the first step.
CREATE OR REPLACE FUNCTION api.funnel(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_steps text := api.funnel_steps_sql(ARRAY(SELECT jsonb_array_elements_text(p_query -> 'steps')));
    v_dimension record;
BEGIN
    SELECT * INTO v_dimension FROM api.dimension_of(p_query ->> 'dimension');
    RETURN api.run(p_tenant, p_query, format($query$
        WITH reached AS MATERIALIZED (%1$s)
        SELECT jsonb_build_object('steps', (SELECT %2$s FROM reached r))%3$s$query$,
        api.funnel_reached_sql(p_tenant.tenant_hk, p_query), v_steps,
        CASE WHEN v_dimension.dimension IS NULL THEN '' ELSE format($groups$ || jsonb_build_object('groups', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('value', o.name, 'steps', o.steps) ORDER BY o.n DESC, o.name COLLATE "C"), '[]')
            FROM (SELECT %1$s AS name, count(*) AS n, %2$s AS steps FROM reached r%3$s
                  WHERE r.t1 IS NOT NULL AND r.g IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, %1$s COLLATE "C" LIMIT %4$s) o))$groups$,
            CASE v_dimension.kind WHEN 'page' THEN 'h.site_page_bk' WHEN 'item' THEN 'h.business_item_bk' ELSE 'r.g' END,
            v_steps,
            CASE v_dimension.kind WHEN 'page' THEN ' JOIN business.site_page_h h ON h.site_page_hk = r.g'
                                  WHEN 'item' THEN ' JOIN business.business_item_h h ON h.business_item_hk = r.g' ELSE '' END,
            p_query ->> 'limit') END));
END
$$;

-- When each visit (or visitor) first reached each step, as SQL of rows (actor, t1, t2, …, g); g is the dimension's value at its first
-- event that meets the first step. With p_step also site_event_hk and site_session_hk: the event that reached that step first.
CREATE OR REPLACE FUNCTION api.funnel_reached_sql(p_tenant_hk bytea, p_query jsonb, p_step integer DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant_hk, p_query ->> 'filter', 'filter');
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
        v_condition := api.filter_sql(p_tenant_hk, v_steps[k], 'steps');
        v_needs := v_needs || v_condition.needs;
        v_matches := v_matches || format(', (%s) IS TRUE AS m%s', v_condition.condition, k);
        v_any := v_any || format(' OR (%s)', v_condition.condition);
        v_firsts := v_firsts || format(', min(s.t) FILTER (WHERE s.s%1$s IS NOT NULL) AS t%1$s', k);
    END LOOP;
    -- s<k>: the event completes step k; its value is when the latest such way began. Each step looks at what came strictly before.
    v_sql := format('SELECT %s AS actor, e.event_timestamp AS t, e.site_event_hk AS hk%s, %s AS g%s %s',
        v_actor, CASE WHEN p_step IS NULL THEN '' ELSE ', e.site_session_hk AS visit' END,
        coalesce(v_dimension.expression, 'NULL::text'), v_matches,
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
    RETURN format('SELECT s.actor%s, (array_agg(s.g ORDER BY s.t, s.hk) FILTER (WHERE s.m1))[1] AS g%s FROM (%s) s GROUP BY s.actor',
        v_firsts,
        CASE WHEN p_step IS NULL THEN '' ELSE format(
            ', (array_agg(s.hk ORDER BY s.t, s.hk) FILTER (WHERE s.s%1$s IS NOT NULL))[1] AS site_event_hk'
            ', (array_agg(s.visit ORDER BY s.t, s.hk) FILTER (WHERE s.s%1$s IS NOT NULL))[1] AS site_session_hk', p_step) END,
        v_sql);
END
$$;

-- The events behind a figure of a funnel, as SQL of rows (g, site_session_hk): of those who reached `step`, the event that reached it
-- first; of those who were `dropped` before it, the event that reached the step before. `value` is one of the dimension's.
CREATE OR REPLACE FUNCTION api.funnel_events_sql(p_tenant_hk bytea, p_query jsonb) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_step integer := p_query ->> 'step';
    v_before integer := greatest(v_step - 1, 1);
    v_is_dropped boolean := p_query ->> 'dropped';
    v_kind text := (SELECT d.kind FROM api.dimension_of(p_query ->> 'dimension') d);
BEGIN
    RETURN format('SELECT r.site_event_hk AS g, r.site_session_hk FROM (%s) r WHERE r.t%s IS NOT NULL%s%s',
        api.funnel_reached_sql(p_tenant_hk, p_query, CASE WHEN v_is_dropped THEN v_before ELSE v_step END),
        CASE WHEN v_is_dropped THEN v_before ELSE v_step END,
        CASE WHEN v_is_dropped THEN format(' AND r.t%s IS NULL', v_step) ELSE '' END,
        CASE WHEN v_kind IS NULL THEN '' ELSE format(' AND %s = %L', CASE v_kind
            WHEN 'page' THEN '(SELECT h.site_page_bk FROM business.site_page_h h WHERE h.site_page_hk = r.g)'
            WHEN 'item' THEN '(SELECT h.business_item_bk FROM business.business_item_h h WHERE h.business_item_hk = r.g)'
            ELSE 'r.g' END, p_query ->> 'value') END);
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

-- Saves a funnel of a tenant under a name, or changes it; p_question is what the report is asked: steps, order, window, per. Refuses
-- name_invalid, and what api.resolve refuses of the question.
CREATE OR REPLACE FUNCTION api.save_funnel(p_tenant_hk bytea, p_funnel text, p_question jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant auth.tenant_v;
    v_query jsonb;
BEGIN
    IF p_funnel !~ '^[^\x01-\x1f]{1,100}$' THEN
        PERFORM api.refuse('name_invalid', 'funnel', '1 to 100 characters');
    END IF;
    SELECT t.* INTO v_tenant FROM auth.tenant_v t WHERE t.tenant_hk = p_tenant_hk;
    v_query := api.resolve('funnel', p_question, v_tenant);
    INSERT INTO ref.funnel (tenant_hk, funnel, steps, step_order, window_minutes, per, created_at)
    SELECT p_tenant_hk, p_funnel, ARRAY(SELECT jsonb_array_elements_text(v_query -> 'steps')), v_query ->> 'order',
           (v_query ->> 'window')::integer, v_query ->> 'per', util.current_load_date()
    ON CONFLICT (tenant_hk, funnel) DO UPDATE
    SET steps = excluded.steps, step_order = excluded.step_order, window_minutes = excluded.window_minutes, per = excluded.per;
END
$$;
