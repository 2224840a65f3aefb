-- The keys of events' own properties: in how many of the chosen events each is, and how many values it has there. What values those
-- are: api.breakdown by property:<key>.
CREATE OR REPLACE FUNCTION api.properties(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
BEGIN
    RETURN api.run(p_tenant, p_query, format($query$
        WITH property AS (
            SELECT k.key, count(*) AS events, count(DISTINCT k.value) AS "values"
            FROM (SELECT d.custom_properties %1$s) e
            CROSS JOIN LATERAL jsonb_each_text(e.custom_properties) AS k(key, value)
            GROUP BY k.key
            ORDER BY count(*) DESC, k.key COLLATE "C" LIMIT %2$s
        )
        SELECT jsonb_build_object('rows', coalesce(jsonb_agg(jsonb_build_object(
            'key', p.key, 'events', p.events, 'values', p."values") ORDER BY p.events DESC, p.key COLLATE "C"), '[]'))
        FROM property p$query$,
        api.events_sql(p_query, v_filter.needs || 'd', v_filter.condition, $e$jsonb_typeof(d.custom_properties) = 'object'$e$),
        p_query ->> 'limit'));
END
$$;
