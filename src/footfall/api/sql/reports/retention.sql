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

-- The events behind a cell of retention, as SQL of rows (g, site_session_hk): of the visitors whose first period is that of `cohort`,
-- the first event in the `period`-th after it (0: it itself).
CREATE OR REPLACE FUNCTION api.retention_events_sql(p_tenant_hk bytea, p_query jsonb) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant_hk, p_query ->> 'filter', 'filter');
    v_bucket text := api.bucket_sql(p_query ->> 'interval', 'e.day');
    v_cohort text := api.bucket_sql(p_query ->> 'interval', format('%L::date', p_query ->> 'cohort'));
BEGIN
    RETURN format($query$
        SELECT o.g, o.site_session_hk
        FROM (
            SELECT f.*, min(f.period) OVER (PARTITION BY f.site_visitor_hk) AS first_period
            FROM (SELECT DISTINCT ON (e.site_visitor_hk, %1$s)
                         e.site_visitor_hk, %1$s AS period, e.site_event_hk AS g, e.site_session_hk
                  %2$s ORDER BY e.site_visitor_hk, %1$s, e.event_timestamp, e.site_event_hk) f
        ) o
        WHERE o.first_period = %3$s AND o.period = (%3$s + make_interval(%4$ss => %5$s))::date$query$,
        v_bucket, api.events_sql(p_query, v_filter.needs, v_filter.condition, 'e.site_visitor_hk IS NOT NULL'),
        v_cohort, p_query ->> 'interval', p_query ->> 'period');
END
$$;
