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

-- The figures of one range, and revenue by currency.
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
