-- A day as sent: YYYY-MM-DD, or p_default when absent. Raises date_invalid with the field as detail.
CREATE OR REPLACE FUNCTION api.day_of(p_request jsonb, p_field text, p_default date) RETURNS date
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF nullif(p_request ->> p_field, '') IS NULL THEN
        RETURN p_default;
    ELSIF p_request ->> p_field ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' AND pg_input_is_valid(p_request ->> p_field, 'date') THEN
        RETURN (p_request ->> p_field)::date;
    END IF;
    RAISE EXCEPTION 'date_invalid' USING ERRCODE = 'FF400', DETAIL = p_field;
END
$$;

-- How far a tenant's answers are behind: the oldest event still waiting, and its age; none waiting: now, and 0.
CREATE OR REPLACE FUNCTION api.freshness(p_tenant_hk bytea) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'watermark', coalesce(min(b.received_from), now()),
        'lag_seconds', greatest(0, round(extract(epoch FROM coalesce(now() - min(b.received_from), interval '0')), 3)))
    FROM raw.ingest_batch b
    WHERE b.tenant_hk = p_tenant_hk AND b.processing_status = 'PENDING'
$$;

-- The plan's report for one tenant and a range of days in the tenant's time zone, both included: {dateFrom, dateTo} default to the
-- last 30 days and today. By event time; bots are left out; each figure is aggregated at its own grain. Definitions:
-- docs/metrics.md. Reply: {success, message, data: {overview, interactions, conversions, topItems, conversionFunnel, dateRange,
-- metadata}}, or {success: false, error_code: 'ANALYTICS_ERROR', debug_info: {error, tenant_id, date_range}} with one of the codes
-- tenant_required, tenant_mismatch, tenant_unknown, date_invalid, range_inverted, range_too_long, internal.
CREATE OR REPLACE FUNCTION api.track_analytics(p_request jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_tenant auth.tenant_v;
    v_today date;
    v_date_from date;
    v_date_to date;
    v_from timestamptz;
    v_to timestamptz;
    v_data jsonb;
    v_field text;
    v_error_id text;
BEGIN
    p_request := CASE WHEN jsonb_typeof(p_request) = 'object' THEN p_request ELSE '{}' END;
    v_tenant := auth.request_tenant(p_request);
    v_today := (util.current_load_date() AT TIME ZONE v_tenant.time_zone)::date;
    v_date_to := api.day_of(p_request, 'dateTo', v_today);
    v_date_from := api.day_of(p_request, 'dateFrom', least(v_today, v_date_to) - 30);
    IF v_date_from > v_date_to THEN
        RAISE EXCEPTION 'range_inverted' USING ERRCODE = 'FF400', DETAIL = 'dateFrom';
    ELSIF v_date_to - v_date_from > 3660 THEN
        RAISE EXCEPTION 'range_too_long' USING ERRCODE = 'FF400', DETAIL = 'dateFrom';
    END IF;
    v_from := v_date_from::timestamp AT TIME ZONE v_tenant.time_zone;
    v_to := (v_date_to + 1)::timestamp AT TIME ZONE v_tenant.time_zone;

    -- LATERAL with LIMIT says "for each, by its index" in a way that the planner keeps, with or without statistics. An event's
    -- links share the first 6 bytes of its key: they are found through the primary key.
    WITH event AS MATERIALIZED (
        SELECT d.site_event_hk, d.event_timestamp, d.event_type, d.event_action, d.event_label, d.event_value, d.event_currency,
               d.transaction_id, d.transaction_funnel_step, d.business_item_info, l.site_session_hk,
               coalesce(a.same_as_session_hk, l.site_session_hk) AS visit_hk, p.site_page_hk
        FROM business.site_event_details_s d
        CROSS JOIN LATERAL (
            SELECT l.site_session_hk FROM business.event_session_l l
            WHERE l.site_event_hk = d.site_event_hk AND l.tenant_hk = d.tenant_hk
              AND l.link_event_session_hk BETWEEN substr(d.site_event_hk, 1, 6) AND util.last_key_of(d.site_event_hk) LIMIT 1
        ) l
        LEFT JOIN LATERAL (
            SELECT a.same_as_session_hk FROM business.site_session_same_as_s a
            WHERE a.site_session_hk = l.site_session_hk AND a.load_end_date IS NULL LIMIT 1
        ) a ON true
        LEFT JOIN LATERAL (
            SELECT p.site_page_hk FROM business.event_page_l p
            WHERE p.site_event_hk = d.site_event_hk AND p.tenant_hk = d.tenant_hk
              AND p.link_event_page_hk BETWEEN substr(d.site_event_hk, 1, 6) AND util.last_key_of(d.site_event_hk) LIMIT 1
        ) p ON true
        WHERE d.tenant_hk = v_tenant.tenant_hk AND d.traffic_class = 'human'
          AND d.event_timestamp >= v_from AND d.event_timestamp < v_to
          AND d.site_event_hk >= util.time_prefix(v_from) AND d.site_event_hk < util.time_prefix(v_to)
    ), counted AS (
        SELECT count(*) AS events, count(DISTINCT e.visit_hk) AS sessions, count(DISTINCT e.site_page_hk) AS pages,
               count(*) FILTER (WHERE e.event_type = 'page_view') AS page_views,
               count(*) FILTER (WHERE e.event_type = 'item_interaction') AS item_interactions,
               count(*) FILTER (WHERE e.event_type = 'contact_interaction') AS contact_interactions,
               count(DISTINCT business.conversion_identity(e.event_type, e.transaction_id, e.visit_hk,
                                                           e.transaction_funnel_step, e.site_event_hk))
                   FILTER (WHERE e.event_type = 'transaction_step' AND e.event_action = 'complete') AS completed_transactions
        FROM event e
    ), visitor AS (
        SELECT count(DISTINCT c.site_visitor_hk) AS visitors
        FROM (SELECT DISTINCT e.site_session_hk FROM event e) s
        CROSS JOIN LATERAL (
            SELECT c.site_visitor_hk FROM business.site_session_context_s c
            WHERE c.site_session_hk = s.site_session_hk AND c.load_end_date IS NULL LIMIT 1
        ) c
    ), closed AS (
        SELECT avg(d.session_duration_seconds) AS duration
        FROM business.site_session_details_s d
        WHERE d.tenant_hk = v_tenant.tenant_hk AND d.load_end_date IS NULL AND d.traffic_class = 'human' AND d.total_events > 0
          AND d.session_start_time >= v_from AND d.session_start_time < v_to
    ), funnel AS (
        -- one row for each session that started a transaction: what else it did
        SELECT count(*) AS started, count(*) FILTER (WHERE f.progressed) AS progressed,
               count(*) FILTER (WHERE f.completed) AS completed
        FROM (
            SELECT bool_or(e.event_action = 'start') AS started, bool_or(e.event_action = 'progress') AS progressed,
                   bool_or(e.event_action = 'complete') AS completed
            FROM event e WHERE e.event_type = 'transaction_step' GROUP BY e.visit_hk
        ) f
        WHERE f.started
    ), conversion AS MATERIALIZED (
        SELECT DISTINCT ON (i.identity) e.site_event_hk, c.value, c.currency
        FROM event e
        CROSS JOIN LATERAL business.conversion_of(v_tenant.tenant_hk, e.event_type, e.event_action, e.event_label,
                                                  e.event_timestamp, e.event_value, e.event_currency) c
        CROSS JOIN LATERAL (SELECT business.conversion_identity(
            e.event_type, e.transaction_id, e.visit_hk, e.transaction_funnel_step, e.site_event_hk) AS identity) i
        ORDER BY i.identity, e.event_timestamp, e.site_event_hk
    ), worth AS (
        SELECT coalesce(sum(c.value) FILTER (WHERE c.currency = v_tenant.currency), 0) AS value
        FROM conversion c
    ), elsewhere AS (
        SELECT coalesce(jsonb_object_agg(o.currency, trim_scale(o.value)), '{}') AS worth
        FROM (SELECT c.currency, sum(c.value) AS value FROM conversion c
              WHERE c.currency <> v_tenant.currency GROUP BY c.currency HAVING sum(c.value) <> 0) o
    ), item AS (
        -- interactions and conversions of each item, brought together by grouping
        SELECT i.business_item_hk, sum(i.interactions)::bigint AS interactions, max(i.name) AS name, sum(i.value) AS value
        FROM (
            SELECT i.business_item_hk, count(*) AS interactions, 0 AS value,
                   -- the latest name; an item that was never named goes by its id
                   coalesce((array_agg(e.business_item_info ->> 'item_name' ORDER BY e.event_timestamp DESC, e.site_event_hk DESC)
                                FILTER (WHERE e.business_item_info ? 'item_name'))[1],
                            max(e.business_item_info ->> 'item_id')) AS name
            FROM event e
            CROSS JOIN LATERAL (
                SELECT i.business_item_hk FROM business.event_business_item_l i
                WHERE i.site_event_hk = e.site_event_hk AND i.tenant_hk = v_tenant.tenant_hk
                  AND i.link_event_business_item_hk BETWEEN substr(e.site_event_hk, 1, 6) AND util.last_key_of(e.site_event_hk) OFFSET 0
            ) i
            WHERE e.event_type = 'item_interaction'
            GROUP BY i.business_item_hk
            UNION ALL
            SELECT i.business_item_hk, 0, sum(c.value), NULL
            FROM conversion c
            CROSS JOIN LATERAL (
                SELECT i.business_item_hk FROM business.event_business_item_l i
                WHERE i.site_event_hk = c.site_event_hk AND i.tenant_hk = v_tenant.tenant_hk
                  AND i.link_event_business_item_hk BETWEEN substr(c.site_event_hk, 1, 6) AND util.last_key_of(c.site_event_hk) OFFSET 0
            ) i
            WHERE c.currency = v_tenant.currency
            GROUP BY i.business_item_hk
        ) i
        GROUP BY i.business_item_hk
        HAVING sum(i.interactions) > 0
    ), top_item AS MATERIALIZED (
        SELECT i.* FROM item i ORDER BY i.interactions DESC, i.name COLLATE "C", i.business_item_hk LIMIT 10
    )
    SELECT jsonb_build_object(
        'overview', jsonb_build_object(
            'totalSessions', n.sessions, 'uniqueVisitors', v.visitors, 'totalEvents', n.events, 'pageViews', n.page_views,
            'avgSessionDurationMinutes', round(coalesce(s.duration, 0) / 60, 2),
            'avgPagesPerSession', coalesce(round(n.page_views::numeric / nullif(n.sessions, 0), 2), 0)),
        'interactions', jsonb_build_object(
            'itemInteractions', n.item_interactions, 'contactInteractions', n.contact_interactions,
            'uniquePagesVisited', n.pages),
        'conversions', jsonb_build_object(
            'transactionStarts', f.started, 'completedTransactions', n.completed_transactions,
            'totalConversionValue', trim_scale(w.value),
            'conversionRate', coalesce(round(100.0 * f.completed / nullif(f.started, 0), 2), 0)),
        'topItems', coalesce((
            SELECT jsonb_agg(jsonb_build_object('item_name', i.name, 'interactions', i.interactions,
                                                'conversion_value', trim_scale(i.value))
                             ORDER BY i.interactions DESC, i.name COLLATE "C", i.business_item_hk) FROM top_item i), '[]'),
        'conversionFunnel', jsonb_build_object(
            'funnel_start', f.started, 'funnel_progress', f.progressed, 'funnel_complete', f.completed,
            'conversion_rate', coalesce(round(100.0 * f.completed / nullif(f.started, 0), 2), 0)),
        'dateRange', jsonb_build_object('from', v_date_from, 'to', v_date_to),
        'metadata', jsonb_build_object(
            'tenant_id', v_tenant.tenant_bk, 'generated_at', util.current_load_date(),
            'data_freshness', api.freshness(v_tenant.tenant_hk), 'time_zone', v_tenant.time_zone,
            'currency', v_tenant.currency, 'values_in_other_currencies', o.worth))
    INTO v_data
    FROM counted n, visitor v, closed s, funnel f, worth w, elsewhere o;

    RETURN jsonb_build_object('success', true, 'message', 'Site analytics retrieved successfully', 'data', v_data);
EXCEPTION
    WHEN SQLSTATE 'FF400' OR SQLSTATE 'FF401' OR SQLSTATE 'FF403' OR SQLSTATE 'FF404' THEN
        GET STACKED DIAGNOSTICS v_field = PG_EXCEPTION_DETAIL;
        RETURN api.failure('ANALYTICS_ERROR', CASE SQLERRM
                WHEN 'date_invalid' THEN v_field || ' is not a date: write YYYY-MM-DD'
                WHEN 'range_inverted' THEN 'dateFrom is after dateTo'
                WHEN 'range_too_long' THEN 'At most 3660 days between dateFrom and dateTo'
                ELSE 'The request names no tenant that it may read' END, SQLERRM,
            jsonb_strip_nulls(jsonb_build_object('field', nullif(v_field, ''))) || jsonb_build_object(
                'tenant_id', v_tenant.tenant_bk,
                'date_range', jsonb_build_object('from', p_request -> 'dateFrom', 'to', p_request -> 'dateTo')));
    WHEN query_canceled THEN
        RAISE;
    WHEN OTHERS THEN
        v_error_id := gen_random_uuid()::text;
        RAISE LOG 'footfall api.track_analytics %: % (%)', v_error_id, SQLERRM, SQLSTATE;
        RETURN api.failure('ANALYTICS_ERROR', 'The report could not be made', 'internal', jsonb_build_object(
            'tenant_id', v_tenant.tenant_bk, 'error_id', v_error_id,
            'date_range', jsonb_build_object('from', p_request -> 'dateFrom', 'to', p_request -> 'dateTo')));
END
$$;
