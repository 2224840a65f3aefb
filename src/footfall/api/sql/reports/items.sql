-- Items: how often they were viewed and interacted with, in how many visits, and what conversions about them brought.
CREATE OR REPLACE FUNCTION api.items(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
BEGIN
    RETURN api.run(p_tenant, p_query, format($query$
        WITH met AS (
            SELECT e.business_item_hk AS g, e.site_session_hk,
                   count(*) FILTER (WHERE e.event_type = 'item_interaction') AS interactions,
                   count(*) FILTER (WHERE e.event_type = 'item_interaction' AND e.event_action = 'view') AS views
            %1$s GROUP BY 1, 2
        ), item AS (
            SELECT m.g, sum(m.interactions) AS interactions, sum(m.views) AS views, count(*) AS visits FROM met m GROUP BY m.g
        ), conversion AS (%2$s), worth AS (
            SELECT c.g, count(*) AS conversions, coalesce(sum(c.value) FILTER (WHERE c.currency = $8), 0) AS value
            FROM conversion c WHERE c.is_first AND c.is_chosen GROUP BY c.g
        ), shown AS (
            SELECT h.business_item_bk AS item, i.*, coalesce(w.conversions, 0) AS conversions, coalesce(w.value, 0) AS value,
                   row_number() OVER (ORDER BY i.interactions DESC, h.business_item_bk COLLATE "C") AS position
            FROM item i
            JOIN business.business_item_h h ON h.business_item_hk = i.g
            LEFT JOIN worth w ON w.g = i.g
            ORDER BY position OFFSET %3$s LIMIT %4$s + 1
        )
        SELECT jsonb_build_object('rows', coalesce(jsonb_agg(jsonb_build_object(
            'item', s.item, 'name', n.item_name, 'views', s.views, 'interactions', s.interactions, 'visits', s.visits,
            'conversions', s.conversions, 'value', trim_scale(s.value)) ORDER BY s.position) FILTER (WHERE s.position <= %3$s + %4$s), '[]'),
            'nextCursor', CASE WHEN count(*) > %4$s THEN %3$s + %4$s END)
        FROM shown s
        LEFT JOIN LATERAL (
            -- as its details say; before there are any, as its latest event did
            SELECT coalesce(
            (SELECT d.item_name FROM business.business_item_details_s d
             WHERE d.business_item_hk = s.g AND d.load_end_date IS NULL LIMIT 1),
            (SELECT e.item_name FROM business.event_b e
             WHERE e.tenant_hk = $1 AND e.business_item_hk = s.g AND e.item_name IS NOT NULL
               AND e.site_event_hk >= util.time_prefix($2) AND e.site_event_hk < util.time_prefix($3)
             ORDER BY e.site_event_hk DESC LIMIT 1)) AS item_name
        ) n ON true$query$,
        api.events_sql(p_query, v_filter.needs, v_filter.condition, 'e.business_item_hk IS NOT NULL'),
        api.conversions_sql(p_tenant.tenant_hk, p_query, 'e.business_item_hk', v_filter.needs, v_filter.condition),
        p_query ->> 'cursor', p_query ->> 'limit'));
END
$$;
