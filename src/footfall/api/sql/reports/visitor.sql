-- One visitor: since when, how often, worth what; and the visits, the latest first, on whatever day they were.
CREATE OR REPLACE FUNCTION api.visitor(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_visitor_hk bytea := decode(p_query ->> 'visitor', 'hex');
    v_seen record;
    v_query jsonb;
BEGIN
    SELECT min(v.day) AS first, max(v.day) AS last, count(DISTINCT v.site_session_hk) AS visits,
           sum(v.page_views) AS page_views, sum(v.events) AS events
    INTO v_seen FROM business.visit_b v WHERE v.tenant_hk = p_tenant.tenant_hk AND v.site_visitor_hk = v_visitor_hk;
    IF v_seen.first IS NULL THEN
        RAISE EXCEPTION 'visitor_unknown' USING ERRCODE = 'FF404', DETAIL = 'visitor';
    END IF;
    v_query := p_query || jsonb_build_object('dateFrom', v_seen.first, 'dateTo', v_seen.last);
    RETURN jsonb_build_object('visitor', jsonb_build_object(
            'visitor', p_query ->> 'visitor', 'first_day', v_seen.first, 'last_day', v_seen.last, 'visits', v_seen.visits,
            'page_views', v_seen.page_views, 'events', v_seen.events,
            'details', (SELECT jsonb_strip_nulls(jsonb_build_object('segment', d.visitor_segment, 'transactions', d.total_transactions,
                            'lifetime_value', trim_scale(d.lifetime_value), 'favorite_items', d.favorite_items))
                        FROM business.site_visitor_details_s d
                        WHERE d.site_visitor_hk = v_visitor_hk AND d.tenant_hk = p_tenant.tenant_hk AND d.load_end_date IS NULL)))
        || api.sessions_of(p_tenant, v_query,
            'SELECT v.site_session_hk, min(v.first_event_timestamp) AS first'
            || api.visits_sql(format('v.site_visitor_hk = %L::bytea', v_visitor_hk)), 'true', '');
END
$$;
