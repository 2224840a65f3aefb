-- Moments as people read them, and events as they arrive.

-- A moment as the clocks of a time zone showed it, with its distance from UTC: 2026-03-29T03:00:00+02:00.
CREATE OR REPLACE FUNCTION api.local_moment(p_moment timestamptz, p_time_zone text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT to_char(p_moment AT TIME ZONE p_time_zone, 'YYYY-MM-DD"T"HH24:MI:SS') || CASE WHEN o.minutes < 0 THEN '-' ELSE '+' END
        || to_char(abs(o.minutes) / 60, 'FM00') || ':' || to_char(abs(o.minutes) % 60, 'FM00')
    FROM (SELECT (extract(epoch FROM (p_moment AT TIME ZONE p_time_zone) - (p_moment AT TIME ZONE 'UTC')) / 60)::integer AS minutes) o
);

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
    SELECT coalesce(jsonb_agg(api.event_line(n.site_event_hk, v_tenant.time_zone) ORDER BY n.event_timestamp, n.raw_event_id), '[]')
    INTO v_events
    FROM (SELECT d.site_event_hk, d.event_timestamp, d.raw_event_id FROM business.site_event_details_s d
          CROSS JOIN LATERAL (
              SELECT FROM business.event_b e
              WHERE e.tenant_hk = d.tenant_hk AND e.site_event_hk = d.site_event_hk AND NOT e.is_bot LIMIT 1
          ) e
          WHERE d.tenant_hk = v_tenant.tenant_hk AND d.load_date > p_after
            AND d.event_timestamp >= v_now - interval '10 minutes'
            AND d.site_event_hk >= util.time_prefix(v_now - interval '10 minutes')
          ORDER BY d.event_timestamp DESC LIMIT 200) n;
    RETURN jsonb_build_object('events', v_events, 'upto', coalesce(greatest(v_upto, p_after), v_now));
END
$$;
