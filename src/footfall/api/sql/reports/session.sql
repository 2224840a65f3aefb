-- One visit: what is known of it, and its events in order, on whatever day they were.
CREATE OR REPLACE FUNCTION api.session(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_session_hk bytea := decode(p_query ->> 'session', 'hex');
    v_span record;
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
    v_query jsonb;
BEGIN
    SELECT min(v.day) AS first, max(v.day) AS last INTO v_span FROM business.visit_b v
    WHERE v.tenant_hk = p_tenant.tenant_hk AND v.site_session_hk = v_session_hk;
    IF v_span.first IS NULL THEN
        RAISE EXCEPTION 'session_unknown' USING ERRCODE = 'FF404', DETAIL = 'session';
    END IF;
    v_query := p_query || jsonb_build_object('dateFrom', v_span.first, 'dateTo', v_span.last, 'includeBots', true, 'limit', 1, 'cursor', 0);
    RETURN api.sessions_of(
            p_tenant, v_query, format('SELECT %L::bytea AS site_session_hk, NULL::timestamptz AS first', v_session_hk), 'true', '')
            - 'nextCursor'
        || api.run(p_tenant, v_query, format($query$
            SELECT jsonb_build_object('events', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'event', encode(e.site_event_hk, 'hex'), 'time', api.local_moment(e.event_timestamp, $7), 'type', e.event_type,
                'category', e.event_category, 'action', e.event_action, 'label', e.event_label, 'value', trim_scale(e.event_value),
                'currency', e.event_currency, 'page', p.site_page_bk, 'title', s.page_title, 'item', i.business_item_bk,
                'transaction', e.transaction_id, 'funnel_step', e.transaction_funnel_step, 'is_bot', nullif(e.is_bot, false)))
                -- whole: a property that was sent as null is one
                || CASE WHEN s.custom_properties IS NULL THEN '{}' ELSE jsonb_build_object('properties', s.custom_properties) END
                ORDER BY e.event_timestamp, e.site_event_hk), '[]'))
            FROM (SELECT e.* %s) e
            LEFT JOIN business.site_page_h p ON p.site_page_hk = e.site_page_hk
            LEFT JOIN business.business_item_h i ON i.business_item_hk = e.business_item_hk
            LEFT JOIN LATERAL (
                SELECT s.page_title, s.custom_properties FROM business.site_event_details_s s
                WHERE s.site_event_hk = e.site_event_hk LIMIT 1) s ON true$query$,
            api.events_sql(v_query, v_filter.needs, v_filter.condition, format('e.site_session_hk = %L::bytea', v_session_hk))));
END
$$;
