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
