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
