-- The events that a figure counts, as SQL of rows (g: the event, site_session_hk); of conversions and revenue also value and currency.
-- Where a figure does not count events themselves, each thing it counts has one: a conversion, a visit, a visitor the first in the
-- range; revenue leaves out what is in another currency.
CREATE OR REPLACE FUNCTION api.counted_sql(p_tenant_hk bytea, p_query jsonb) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_figure text := p_query ->> 'figure';
    v_filter record := api.filter_sql(p_tenant_hk, p_query ->> 'filter', 'filter');
    v_counted text := CASE v_figure WHEN 'visits' THEN 'e.site_session_hk' WHEN 'visitors' THEN 'e.site_visitor_hk' END;
BEGIN
    RETURN CASE
        WHEN v_figure = 'funnel' THEN api.funnel_events_sql(p_tenant_hk, p_query)
        WHEN v_figure = 'retention' THEN api.retention_events_sql(p_tenant_hk, p_query)
        WHEN v_figure = 'paths' THEN api.paths_events_sql(p_tenant_hk, p_query)
        WHEN v_figure IN ('conversions', 'revenue') THEN
            'SELECT c.g, c.site_session_hk, c.value, c.currency FROM ('
            || api.conversions_sql(p_tenant_hk, p_query, 'e.site_event_hk', v_filter.needs, v_filter.condition)
            || ') c WHERE c.is_first AND c.is_chosen' || CASE v_figure WHEN 'revenue' THEN ' AND c.currency = $8' ELSE '' END
        WHEN v_counted IS NOT NULL THEN format(
            'SELECT DISTINCT ON (%1$s) e.site_event_hk AS g, e.site_session_hk%2$s ORDER BY %1$s, e.event_timestamp, e.site_event_hk',
            v_counted, api.events_sql(p_query, v_filter.needs, v_filter.condition, v_counted || ' IS NOT NULL'))
        ELSE 'SELECT e.site_event_hk AS g, e.site_session_hk' || api.events_sql(
            p_query, v_filter.needs, v_filter.condition,
            CASE v_figure WHEN 'page_views' THEN $e$e.event_type = 'page_view'$e$ ELSE 'true' END)
    END;
END
$$;

-- The events that a figure counts, the latest first, each with what proves it: its raw event, its load date, its hash. `figure` is the
-- figure itself, counted (of revenue: summed) from these very rows.
CREATE OR REPLACE FUNCTION api.events(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE sql STABLE
RETURN api.run(p_tenant, p_query, format($query$
    WITH counted AS MATERIALIZED (%1$s), page AS (
        SELECT c.*, row_number() OVER (ORDER BY c.g DESC) AS position
        FROM counted c ORDER BY c.g DESC OFFSET %2$s LIMIT %3$s
    )
    SELECT jsonb_build_object(
        'figure', (SELECT trim_scale(coalesce(%4$s, 0)) FROM counted c),
        'rows', (
            SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'event', encode(d.site_event_hk, 'hex'), 'time', api.local_moment(d.event_timestamp, $7),
                'type', d.event_type, 'action', d.event_action, 'label', d.event_label,
                'value', trim_scale(coalesce(%5$s, d.event_value)), 'currency', coalesce(%6$s, d.event_currency),
                'page', h.site_page_bk, 'session', encode(p.site_session_hk, 'hex'), 'raw_event_id', d.raw_event_id,
                'load_date', d.load_date, 'hash', encode(d.hash_diff, 'hex'))) ORDER BY p.position), '[]')
            FROM page p
            JOIN business.site_event_details_s d ON d.site_event_hk = p.g
            LEFT JOIN LATERAL (
                SELECT b.site_page_hk FROM business.event_b b
                WHERE b.tenant_hk = $1 AND b.site_event_hk = p.g LIMIT 1) b ON true
            LEFT JOIN business.site_page_h h ON h.site_page_hk = b.site_page_hk),
        'nextCursor', CASE WHEN (SELECT count(*) FROM counted c) > %2$s + %3$s THEN %2$s + %3$s END)$query$,
    api.counted_sql(p_tenant.tenant_hk, p_query), p_query ->> 'cursor', p_query ->> 'limit',
    CASE p_query ->> 'figure' WHEN 'revenue' THEN 'sum(c.value)' ELSE 'count(*)' END,
    CASE WHEN p_query ->> 'figure' IN ('conversions', 'revenue') THEN 'p.value' ELSE 'NULL::numeric' END,
    CASE WHEN p_query ->> 'figure' IN ('conversions', 'revenue') THEN 'p.currency' ELSE 'NULL' END));
