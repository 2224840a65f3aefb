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
