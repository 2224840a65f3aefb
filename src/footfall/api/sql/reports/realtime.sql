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
