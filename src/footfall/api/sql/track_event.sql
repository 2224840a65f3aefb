-- The failure reply of the api functions, with the plan's keys. debug_info.error is a stable code, never the database's own words.
CREATE OR REPLACE FUNCTION api.failure(p_error_code text, p_message text, p_error text, p_details jsonb DEFAULT '{}')
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_build_object('success', false, 'message', p_message, 'error_code', p_error_code,
                          'debug_info', jsonb_build_object('error', p_error) || p_details);

-- Lands the events of a request: one event (an object), an array of events, or {"events": [...]}. The tenant is the session's
-- (app.tenant_hk), or for operators the one that the request names; a request that names another is refused as a whole.
-- Reply: {success, message, data: {session_id, events_processed, events_failed, tenant_id, timestamp, processing_mode, events}};
-- events_processed counts the accepted ones, `events` gives each event's fate: accepted, duplicate-in-request, or rejected with a
-- reason. What an accepted event turns out to be (loaded, duplicate, invalid) is in raw.site_tracking_events_v.
-- When nothing is accepted: {success: false, error_code: 'TRACKING_ERROR', debug_info: {error, tenant_id, events_attempted}}.
CREATE OR REPLACE FUNCTION api.track_event(p_request jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_is_single boolean := jsonb_typeof(p_request) = 'object' AND jsonb_typeof(p_request -> 'events') IS DISTINCT FROM 'array';
    v_envelope jsonb := CASE WHEN jsonb_typeof(p_request) = 'object' THEN p_request - 'events' ELSE '{}' END;
    v_events jsonb := CASE WHEN v_is_single THEN jsonb_build_array(p_request)
                           WHEN jsonb_typeof(p_request) = 'object' THEN p_request -> 'events'
                           WHEN jsonb_typeof(p_request) = 'array' THEN p_request END;
    v_tenant auth.tenant_v;
    v_fates jsonb;
    v_accepted integer;
    v_attempted integer := coalesce(jsonb_array_length(v_events), 0);
    v_session_id text;
    v_error_id text;
BEGIN
    IF v_attempted = 0 THEN
        RETURN api.failure('TRACKING_ERROR', 'Send an event, an array of events, or {"events": [...]}', 'no_events',
                           jsonb_build_object('tenant_id', NULL, 'events_attempted', 0));
    ELSIF v_attempted > 500 THEN
        RETURN api.failure('TRACKING_ERROR', 'At most 500 events in a request', 'too_many_events',
                           jsonb_build_object('tenant_id', NULL, 'events_attempted', v_attempted));
    END IF;
    v_tenant := auth.request_tenant(CASE WHEN v_envelope ?| ARRAY['tenantId', 'tenant_id'] THEN v_envelope ELSE v_events -> 0 END);
    IF EXISTS (SELECT FROM jsonb_array_elements(v_events) AS e(event)
               WHERE auth.tenant_named(coalesce(event ->> 'tenantId', event ->> 'tenant_id')) <> v_tenant.tenant_hk) THEN
        RAISE EXCEPTION 'tenant_mismatch' USING ERRCODE = 'FF403';
    END IF;

    WITH event AS (
        SELECT e.event, e.position,
               CASE WHEN jsonb_typeof(e.event) <> 'object' THEN 'not_an_object'
                    WHEN octet_length(e.event::text) > 32768 THEN 'event_too_large' END AS reason,
               e.event ->> 'event_id' IS NOT NULL AND row_number() OVER (
                   PARTITION BY e.event ORDER BY e.position) > 1 AS is_repeated
        FROM jsonb_array_elements(v_events) WITH ORDINALITY AS e(event, position)
    ), landed AS (
        SELECT raw.ingest_tracking_events(
            v_tenant.tenant_bk, array_agg(s.client_ip ORDER BY e.position), array_agg(s.user_agent ORDER BY e.position),
            array_agg(e.event ORDER BY e.position))
        FROM event e
        CROSS JOIN LATERAL (
            SELECT CASE WHEN pg_input_is_valid(c.client_ip, 'inet') THEN c.client_ip::inet END AS client_ip,
                   coalesce(e.event ->> 'user_agent', v_envelope ->> 'user_agent') AS user_agent
            FROM (SELECT coalesce(e.event ->> 'client_ip', v_envelope ->> 'client_ip') AS client_ip) c
        ) s
        WHERE e.reason IS NULL AND NOT e.is_repeated
        HAVING count(*) > 0
    )
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'index', e.position - 1,
               'event_id', CASE WHEN jsonb_typeof(e.event) = 'object' THEN e.event ->> 'event_id' END,
               'status', CASE WHEN e.reason IS NOT NULL THEN 'rejected' WHEN e.is_repeated THEN 'duplicate-in-request'
                              ELSE 'accepted' END,
               'reason', e.reason)) ORDER BY e.position),
           (SELECT count(*) FROM landed)
    INTO v_fates, v_accepted FROM event e;

    IF v_accepted = 0 THEN
        RETURN api.failure('TRACKING_ERROR', 'No event was accepted', 'no_event_accepted', jsonb_build_object(
            'tenant_id', v_tenant.public_id, 'events_attempted', v_attempted, 'events', v_fates));
    END IF;
    SELECT e.event ->> 'session_id' INTO v_session_id
    FROM jsonb_array_elements(v_events) WITH ORDINALITY AS e(event, position)
    WHERE e.event ->> 'session_id' IS NOT NULL ORDER BY e.position LIMIT 1;
    RETURN jsonb_build_object(
        'success', true,
        'message', CASE WHEN v_accepted = v_attempted THEN 'Tracking events accepted' ELSE 'Some tracking events accepted' END,
        'data', jsonb_build_object(
            'session_id', v_session_id, 'events_processed', v_accepted, 'events_failed', (
                SELECT count(*) FROM jsonb_array_elements(v_fates) AS f(fate) WHERE f.fate ->> 'status' = 'rejected'),
            'tenant_id', v_tenant.public_id, 'timestamp', util.current_load_date(),
            'processing_mode', CASE WHEN v_is_single THEN 'single' ELSE 'batch' END, 'events', v_fates));
EXCEPTION
    WHEN SQLSTATE 'FF401' OR SQLSTATE 'FF403' OR SQLSTATE 'FF404' THEN
        RETURN api.failure('TRACKING_ERROR', 'The request names no tenant that it may write to', SQLERRM,
                           jsonb_build_object('tenant_id', NULL, 'events_attempted', v_attempted));
    WHEN OTHERS THEN
        v_error_id := gen_random_uuid()::text;
        RAISE LOG 'footfall api.track_event %: % (%)', v_error_id, SQLERRM, SQLSTATE;
        RETURN api.failure('TRACKING_ERROR', 'Tracking events could not be stored', 'internal', jsonb_build_object(
            'tenant_id', NULL, 'events_attempted', v_attempted, 'error_id', v_error_id));
END
$$;
