-- The plan's own query (plan.md, api.track_analytics), with the least repair that lets it run (D02: the outer query of the top items
-- names its own table), on the plan's tables as Footfall keeps them. Partitions, keys and indexes of those tables are Footfall's.
CREATE OR REPLACE FUNCTION public.plan_track_analytics(v_tenant_hk bytea, v_date_from date, v_date_to date) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_analytics record;
    v_top_items jsonb;
    v_conversion_funnel jsonb;
BEGIN
    SELECT
        COUNT(DISTINCT ses.site_session_hk) as total_sessions,
        COUNT(DISTINCT vis.site_visitor_hk) as unique_visitors,
        COUNT(DISTINCT evt.site_event_hk) as total_events,
        COUNT(DISTINCT CASE WHEN ed.event_type = 'page_view' THEN evt.site_event_hk END) as page_views,
        COUNT(DISTINCT CASE WHEN ed.event_type = 'item_interaction' THEN evt.site_event_hk END) as item_interactions,
        COUNT(DISTINCT CASE WHEN ed.event_type = 'transaction_step' AND ed.event_action = 'start' THEN ses.site_session_hk END) as transaction_starts,
        COUNT(DISTINCT CASE WHEN ed.event_type = 'transaction_step' AND ed.event_action = 'complete' THEN ses.site_session_hk END) as completed_transactions,
        COUNT(DISTINCT CASE WHEN ed.event_type = 'contact_interaction' THEN evt.site_event_hk END) as contact_interactions,
        AVG(sed.session_duration_seconds) as avg_session_duration,
        SUM(ed.event_value) as total_conversion_value,
        COUNT(DISTINCT pg.site_page_hk) as unique_pages_visited,
        AVG(sed.total_page_views) as avg_pages_per_session
    INTO v_analytics
    FROM business.site_session_h ses
    LEFT JOIN business.session_visitor_l svl ON ses.site_session_hk = svl.site_session_hk
    LEFT JOIN business.site_visitor_h vis ON svl.site_visitor_hk = vis.site_visitor_hk
    LEFT JOIN business.event_session_l esl ON ses.site_session_hk = esl.site_session_hk
    LEFT JOIN business.site_event_h evt ON esl.site_event_hk = evt.site_event_hk
    LEFT JOIN business.site_event_details_s ed ON evt.site_event_hk = ed.site_event_hk AND ed.load_end_date IS NULL
    LEFT JOIN business.site_session_details_s sed ON ses.site_session_hk = sed.site_session_hk AND sed.load_end_date IS NULL
    LEFT JOIN business.event_page_l epl ON evt.site_event_hk = epl.site_event_hk
    LEFT JOIN business.site_page_h pg ON epl.site_page_hk = pg.site_page_hk
    WHERE ses.tenant_hk = v_tenant_hk
    AND ses.load_date BETWEEN v_date_from AND v_date_to + INTERVAL '1 day';

    SELECT jsonb_agg(
        jsonb_build_object(
            'item_name', top_items_data.event_label,
            'interactions', interaction_count,
            'conversion_value', total_value
        ) ORDER BY interaction_count DESC
    ) INTO v_top_items
    FROM (
        SELECT ed.event_label, COUNT(*) as interaction_count, SUM(ed.event_value) as total_value
        FROM business.site_event_details_s ed
        JOIN business.site_event_h eh ON ed.site_event_hk = eh.site_event_hk
        WHERE eh.tenant_hk = v_tenant_hk
        AND ed.event_type = 'item_interaction'
        AND ed.load_date BETWEEN v_date_from AND v_date_to + INTERVAL '1 day'
        AND ed.event_label IS NOT NULL
        GROUP BY ed.event_label
        ORDER BY interaction_count DESC
        LIMIT 10
    ) top_items_data;

    SELECT jsonb_build_object(
        'funnel_start', COALESCE(funnel_starts, 0),
        'funnel_progress', COALESCE(funnel_progress, 0),
        'funnel_complete', COALESCE(funnel_complete, 0)
    ) INTO v_conversion_funnel
    FROM (
        SELECT
            COUNT(CASE WHEN ed.event_action = 'start' THEN 1 END) as funnel_starts,
            COUNT(CASE WHEN ed.event_action = 'progress' THEN 1 END) as funnel_progress,
            COUNT(CASE WHEN ed.event_action = 'complete' THEN 1 END) as funnel_complete
        FROM business.site_event_details_s ed
        JOIN business.site_event_h eh ON ed.site_event_hk = eh.site_event_hk
        WHERE eh.tenant_hk = v_tenant_hk
        AND ed.event_type = 'transaction_step'
        AND ed.load_date BETWEEN v_date_from AND v_date_to + INTERVAL '1 day'
    ) funnel_data;

    RETURN jsonb_build_object('overview', to_jsonb(v_analytics), 'topItems', v_top_items, 'funnel', v_conversion_funnel);
END
$$;
