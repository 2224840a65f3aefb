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
-- last 30 days and today. By event time; bots are left out; from the rollups, at its own grain each. Definitions:
-- docs/ask/metrics.md. Reply: {success, message, data: {overview, interactions, conversions, topItems, conversionFunnel, dateRange,
-- metadata}}, or {success: false, error_code: 'ANALYTICS_ERROR', debug_info: {error, tenant_id, date_range}} with one of the codes
-- tenant_required, tenant_mismatch, tenant_unknown, tenant_disabled, date_invalid, range_inverted, range_too_long,
-- figures_gone, internal.
CREATE OR REPLACE FUNCTION api.track_analytics(p_request jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_tenant auth.tenant_v;
    v_today date;
    v_date_from date;
    v_date_to date;
    v_data jsonb;
    v_field text;
    v_error_id text;
BEGIN
    p_request := CASE WHEN jsonb_typeof(p_request) = 'object' THEN p_request ELSE '{}' END;
    v_tenant := auth.request_tenant(p_request);
    v_today := (util.current_load_date() AT TIME ZONE v_tenant.time_zone)::date;
    v_date_to := api.day_of(p_request, 'dateTo', v_today);
    v_date_from := api.day_of(p_request, 'dateFrom', least(v_today, v_date_to) - 29);
    IF v_date_from > v_date_to THEN
        RAISE EXCEPTION 'range_inverted' USING ERRCODE = 'FF400', DETAIL = 'dateFrom';
    ELSIF v_date_to - v_date_from > 3660 THEN
        RAISE EXCEPTION 'range_too_long' USING ERRCODE = 'FF400', DETAIL = 'dateFrom';
    ELSIF v_date_from < business.first_day(v_tenant.tenant_hk, 'marts') THEN
        RAISE EXCEPTION 'figures_gone' USING ERRCODE = 'FF400', DETAIL = 'dateFrom';
    END IF;

    WITH figure AS MATERIALIZED (
        SELECT r.* FROM business.rollups(
            v_tenant.tenant_hk, v_date_from, v_date_to, '{all,event_type,funnel,transaction,currency}') r
        WHERE r.previous_day < v_date_from
    ), counted AS (
        SELECT coalesce(sum(f.events), 0) AS events, coalesce(sum(f.visits), 0) AS sessions,
               coalesce(sum(f.visitors), 0) AS visitors, coalesce(sum(f.page_views), 0) AS page_views,
               coalesce(sum(f.views_without_visit), 0) AS views_without_visit, coalesce(sum(f.revenue), 0) AS value, sum(f.duration_seconds) / nullif(sum(f.begun), 0) AS duration
        FROM figure f WHERE f.dimension = 'all'
    ), act AS (
        SELECT coalesce(sum(f.events) FILTER (WHERE f.value = 'item_interaction'), 0) AS item_interactions,
               coalesce(sum(f.events) FILTER (WHERE f.value = 'contact_interaction'), 0) AS contact_interactions
        FROM figure f WHERE f.dimension = 'event_type'
    ), page AS (
        SELECT count(*) AS pages
        FROM (SELECT r.value FROM business.rollups(v_tenant.tenant_hk, v_date_from, v_date_to, '{page}') r GROUP BY r.value) r
    ), completed AS (
        SELECT coalesce(sum(f.conversions), 0) AS transactions FROM figure f WHERE f.dimension = 'transaction'
    ), funnel AS (
        -- one figure for all visits of one day, and what those of several days did in this range
        SELECT coalesce(sum(s.visits) FILTER (WHERE s.value = 'started'), 0) AS started,
               coalesce(sum(s.visits) FILTER (WHERE s.value = 'progressed'), 0) AS progressed,
               coalesce(sum(s.visits) FILTER (WHERE s.value = 'completed'), 0) AS completed
        FROM (
            SELECT f.value, f.visits FROM figure f WHERE f.dimension = 'funnel'
            UNION ALL
            SELECT o.value, 1
            FROM (
                SELECT bool_or(e.event_action = 'start') AS started, bool_or(e.event_action = 'progress') AS progressed,
                       bool_or(e.event_action = 'complete') AS completed
                FROM (SELECT DISTINCT v.site_session_hk FROM business.visit_b v
                      WHERE v.tenant_hk = v_tenant.tenant_hk AND v.day BETWEEN v_date_from AND v_date_to AND v.spans_days AND v.is_visit) v
                CROSS JOIN LATERAL business.visit_bridge(v.site_session_hk) e
                WHERE e.event_type = 'transaction_step' AND NOT e.is_bot AND e.day BETWEEN v_date_from AND v_date_to
                GROUP BY v.site_session_hk
            ) f
            CROSS JOIN LATERAL (VALUES ('started', f.started), ('progressed', f.started AND f.progressed),
                                       ('completed', f.started AND f.completed)) AS o(value, holds)
            WHERE o.holds
        ) s
    ), elsewhere AS (
        SELECT coalesce(jsonb_object_agg(o.currency, trim_scale(o.value)), '{}') AS worth
        FROM (SELECT f.value AS currency, sum(f.revenue) AS value FROM figure f
              WHERE f.dimension = 'currency' AND f.value <> v_tenant.currency
              GROUP BY f.value HAVING sum(f.revenue) <> 0) o
    ), top_item AS MATERIALIZED (
        SELECT i.value, i.interactions, i.revenue, n.name
        FROM (
            SELECT r.value, sum(r.interactions) AS interactions, sum(r.revenue) AS revenue,
                   -- the name on the latest day that has one; the days are numbered so that their texts sort
                   substr(max((to_char(r.day - date '0001-01-01', 'FM00000000') || r.latest_name) COLLATE "C"), 9) AS latest_name
            FROM business.rollups(v_tenant.tenant_hk, v_date_from, v_date_to, '{item}') r
            WHERE r.previous_day < v_date_from
            GROUP BY r.value HAVING sum(r.interactions) > 0
            ORDER BY 2 DESC FETCH FIRST 10 ROWS WITH TIES
        ) i
        CROSS JOIN LATERAL (
            -- an item that was never named goes by its id
            SELECT coalesce(i.latest_name, (
                SELECT substr(h.business_item_bk, strpos(h.business_item_bk, ':') + 1) FROM business.business_item_h h
                WHERE h.business_item_hk = decode(i.value, 'hex'))) AS name
        ) n
        ORDER BY i.interactions DESC, n.name COLLATE "C", i.value LIMIT 10
    )
    SELECT jsonb_build_object(
        'overview', jsonb_build_object(
            'totalSessions', n.sessions, 'uniqueVisitors', n.visitors, 'totalEvents', n.events, 'pageViews', n.page_views,
            'avgSessionDurationMinutes', round(coalesce(n.duration, 0) / 60, 2),
            'avgPagesPerSession', coalesce(round((n.page_views - n.views_without_visit) / nullif(n.sessions, 0), 2), 0)),
        'interactions', jsonb_build_object(
            'itemInteractions', a.item_interactions, 'contactInteractions', a.contact_interactions,
            'uniquePagesVisited', p.pages),
        'conversions', jsonb_build_object(
            'transactionStarts', f.started, 'completedTransactions', c.transactions,
            'totalConversionValue', trim_scale(n.value),
            'conversionRate', coalesce(round(100.0 * f.completed / nullif(f.started, 0), 2), 0)),
        'topItems', coalesce((
            SELECT jsonb_agg(jsonb_build_object('item_name', i.name, 'interactions', i.interactions,
                                                'conversion_value', trim_scale(i.revenue))
                             ORDER BY i.interactions DESC, i.name COLLATE "C", i.value) FROM top_item i), '[]'),
        'conversionFunnel', jsonb_build_object(
            'funnel_start', f.started, 'funnel_progress', f.progressed, 'funnel_complete', f.completed,
            'conversion_rate', coalesce(round(100.0 * f.completed / nullif(f.started, 0), 2), 0)),
        'dateRange', jsonb_build_object('from', v_date_from, 'to', v_date_to),
        'metadata', jsonb_build_object(
            'tenant_id', v_tenant.public_id, 'generated_at', util.current_load_date(),
            'data_freshness', api.freshness(v_tenant.tenant_hk), 'time_zone', v_tenant.time_zone,
            'currency', v_tenant.currency, 'values_in_other_currencies', o.worth))
    INTO v_data
    FROM counted n, act a, page p, completed c, funnel f, elsewhere o;

    RETURN jsonb_build_object('success', true, 'message', 'Site analytics retrieved successfully', 'data', v_data);
EXCEPTION
    WHEN SQLSTATE 'FF400' OR SQLSTATE 'FF401' OR SQLSTATE 'FF403' OR SQLSTATE 'FF404' THEN
        GET STACKED DIAGNOSTICS v_field = PG_EXCEPTION_DETAIL;
        RETURN api.failure('ANALYTICS_ERROR', CASE SQLERRM
                WHEN 'date_invalid' THEN v_field || ' is not a date: write YYYY-MM-DD'
                WHEN 'range_inverted' THEN 'dateFrom is after dateTo'
                WHEN 'range_too_long' THEN 'At most 3660 days between dateFrom and dateTo'
                WHEN 'figures_gone' THEN 'Figures are kept from ' || business.first_day(v_tenant.tenant_hk, 'marts') || ' on'
                ELSE 'The request names no tenant that it may read' END, SQLERRM,
            jsonb_strip_nulls(jsonb_build_object('field', nullif(v_field, ''))) || jsonb_build_object(
                'tenant_id', v_tenant.public_id,
                'date_range', jsonb_build_object('from', p_request -> 'dateFrom', 'to', p_request -> 'dateTo')));
    WHEN query_canceled THEN
        RAISE;
    WHEN OTHERS THEN
        v_error_id := gen_random_uuid()::text;
        RAISE LOG 'footfall api.track_analytics %: % (%)', v_error_id, SQLERRM, SQLSTATE;
        RETURN api.failure('ANALYTICS_ERROR', 'The report could not be made', 'internal', jsonb_build_object(
            'tenant_id', v_tenant.public_id, 'error_id', v_error_id,
            'date_range', jsonb_build_object('from', p_request -> 'dateFrom', 'to', p_request -> 'dateTo')));
END
$$;
