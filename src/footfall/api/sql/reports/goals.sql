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

-- Defines a goal of a tenant, or redefines it: name, filter in the language of reports, worth. Refuses goal_invalid and what
-- api.filter_sql refuses; a goal may not stand on another one.
CREATE OR REPLACE FUNCTION api.add_goal(
    p_tenant_hk bytea, p_goal text, p_filter text, p_value numeric DEFAULT NULL, p_currency text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_goal !~ '^[^\x01-\x1f;,|\\]{1,100}$' THEN
        PERFORM api.refuse('goal_invalid', 'goal', '1 to 100 characters, none of ; , | and backslash');
    ELSIF coalesce(p_filter, '') = '' OR p_filter ~ '(^|[;,])\s*goal[=!]' THEN
        PERFORM api.refuse('filter_invalid', 'filter', 'a filter that names no goal');
    ELSIF p_currency !~ '^[A-Z]{3}$' THEN
        PERFORM api.refuse('currency_invalid', 'currency', 'an ISO 4217 code such as EUR');
    END IF;
    PERFORM api.filter_sql(p_tenant_hk, p_filter, 'filter');
    INSERT INTO ref.goal (tenant_hk, goal, filter, value, currency, created_at)
    VALUES (p_tenant_hk, p_goal, p_filter, p_value, p_currency, util.current_load_date())
    ON CONFLICT (tenant_hk, goal) DO UPDATE
    SET filter = excluded.filter, value = excluded.value, currency = excluded.currency;
END
$$;
