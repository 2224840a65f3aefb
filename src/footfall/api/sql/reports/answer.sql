-- The one way in to the reports; each of them is a function of the tenant and the resolved question, in a file of its name.

-- Answers a question: {success, message, data}; data has the report, the question as it was answered (`query`) and `metadata`. Or
-- {success: false, error_code: 'ANALYTICS_ERROR', debug_info: {error, field, allowed}} with the codes of api.resolve, those of
-- auth.request_tenant, report_unknown, session_unknown, visitor_unknown, internal.
CREATE OR REPLACE FUNCTION api.answer(p_report text, p_request jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET work_mem = '64MB' AS $$
DECLARE
    v_tenant auth.tenant_v;
    v_query jsonb;
    v_data jsonb;
    v_field text;
    v_allowed text;
    v_error_id text;
BEGIN
    IF jsonb_typeof(p_request) IS DISTINCT FROM 'object' THEN
        PERFORM api.refuse('question_invalid', '', 'an object');
    END IF;
    v_tenant := auth.request_tenant(p_request);
    v_query := api.resolve(p_report, p_request, v_tenant);
    v_data := CASE p_report
        WHEN 'overview' THEN api.overview(v_tenant, v_query)
        WHEN 'timeseries' THEN api.timeseries(v_tenant, v_query)
        WHEN 'breakdown' THEN api.breakdown(v_tenant, v_query)
        WHEN 'goals' THEN api.goals(v_tenant, v_query)
        WHEN 'funnel' THEN api.funnel(v_tenant, v_query)
        WHEN 'retention' THEN api.retention(v_tenant, v_query)
        WHEN 'paths' THEN api.paths(v_tenant, v_query)
        WHEN 'items' THEN api.items(v_tenant, v_query)
        WHEN 'events' THEN api.events(v_tenant, v_query)
        WHEN 'properties' THEN api.properties(v_tenant, v_query)
        WHEN 'sessions' THEN api.sessions(v_tenant, v_query)
        WHEN 'session' THEN api.session(v_tenant, v_query)
        WHEN 'visitor' THEN api.visitor(v_tenant, v_query)
        WHEN 'realtime' THEN api.realtime(v_tenant, v_query)
    END;
    RETURN jsonb_build_object('success', true, 'message', 'Answered', 'data', v_data || jsonb_build_object(
        'query', v_query,
        'metadata', jsonb_build_object(
            'tenant_id', v_tenant.tenant_bk, 'time_zone', v_tenant.time_zone, 'currency', v_tenant.currency,
            'generated_at', util.current_load_date(), 'data_freshness', api.freshness(v_tenant.tenant_hk))));
EXCEPTION
    WHEN SQLSTATE 'FF400' OR SQLSTATE 'FF401' OR SQLSTATE 'FF403' OR SQLSTATE 'FF404' THEN
        GET STACKED DIAGNOSTICS v_field = PG_EXCEPTION_DETAIL, v_allowed = PG_EXCEPTION_HINT;
        RETURN api.failure('ANALYTICS_ERROR',
            CASE WHEN v_field = '' THEN 'The question cannot be answered' ELSE v_field || ': ' || replace(SQLERRM, '_', ' ') END
            || CASE WHEN v_allowed = '' THEN '' ELSE '; allowed: ' || v_allowed END,
            SQLERRM, jsonb_strip_nulls(jsonb_build_object('field', nullif(v_field, ''), 'allowed', nullif(v_allowed, ''),
                                                          'tenant_id', v_tenant.tenant_bk)));
    WHEN query_canceled THEN
        RAISE;
    WHEN OTHERS THEN
        v_error_id := gen_random_uuid()::text;
        RAISE LOG 'footfall api.answer %: % (%)', v_error_id, SQLERRM, SQLSTATE;
        RETURN api.failure('ANALYTICS_ERROR', 'The report could not be made', 'internal', jsonb_build_object(
            'tenant_id', v_tenant.tenant_bk, 'error_id', v_error_id));
END
$$;

-- The questions by name, for SQL: SELECT api.report_overview('{"dateFrom": "2026-11-01"}'). What each may be asked: api.question_keys.
CREATE OR REPLACE FUNCTION api.report_overview(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('overview', p_request);
CREATE OR REPLACE FUNCTION api.report_timeseries(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('timeseries', p_request);
CREATE OR REPLACE FUNCTION api.report_breakdown(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('breakdown', p_request);
CREATE OR REPLACE FUNCTION api.report_goals(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('goals', p_request);
CREATE OR REPLACE FUNCTION api.report_funnel(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('funnel', p_request);
CREATE OR REPLACE FUNCTION api.report_retention(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('retention', p_request);
CREATE OR REPLACE FUNCTION api.report_paths(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('paths', p_request);
CREATE OR REPLACE FUNCTION api.report_items(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('items', p_request);
CREATE OR REPLACE FUNCTION api.report_events(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('events', p_request);
CREATE OR REPLACE FUNCTION api.report_properties(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('properties', p_request);
CREATE OR REPLACE FUNCTION api.report_sessions(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('sessions', p_request);
CREATE OR REPLACE FUNCTION api.report_session(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('session', p_request);
CREATE OR REPLACE FUNCTION api.report_visitor(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('visitor', p_request);
CREATE OR REPLACE FUNCTION api.report_realtime(p_request jsonb) RETURNS jsonb LANGUAGE sql STABLE RETURN api.answer('realtime', p_request);
