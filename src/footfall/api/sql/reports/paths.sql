-- What visits did next after (or before) the first event that meets `start`, step by step: pages viewed, or kinds of events. The same
-- thing twice in a row is once. Links for a Sankey diagram: level 0 is the start; beyond the `limit` most frequent values of a level
-- is (other), a visit that ended is (exit), or (entry) when looking back.
CREATE OR REPLACE FUNCTION api.paths(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'filter', 'filter');
    v_start record := api.filter_sql(p_tenant.tenant_hk, p_query ->> 'start', 'start');
    v_is_back boolean := p_query ->> 'direction' = 'previous';
    v_is_of_pages boolean := p_query ->> 'of' = 'pages';
    v_is_step text := CASE WHEN v_is_of_pages THEN $e$(e.event_type = 'page_view' AND e.site_page_hk IS NOT NULL)$e$ ELSE 'true' END;
BEGIN
    RETURN api.run(p_tenant, p_query, format($query$
        WITH event AS (
            SELECT e.site_session_hk AS visit, e.event_timestamp AS t, e.site_event_hk AS hk, %1$s AS is_step,
                   %2$s AS what, (%3$s AND %1$s) IS TRUE AS is_start
            %4$s
        ), anchored AS (
            SELECT e.*, bool_or(e.is_start) OVER (PARTITION BY e.visit ORDER BY e.t, e.hk %5$s) AS is_since FROM event e
        ), step AS (
            SELECT a.visit, a.what, a.t, a.hk, lag(a.what) OVER (PARTITION BY a.visit ORDER BY a.t %6$s, a.hk %6$s) AS before
            FROM anchored a WHERE a.is_since AND a.is_step
        ), numbered AS (
            SELECT s.visit, s.what, row_number() OVER (PARTITION BY s.visit ORDER BY s.t %6$s, s.hk %6$s) - 1 AS level
            FROM step s WHERE s.what IS DISTINCT FROM s.before
        ), kept AS (
            SELECT n.* FROM numbered n WHERE n.level <= %7$s
        ), ranked AS (
            SELECT k.level, k.what, row_number() OVER (PARTITION BY k.level ORDER BY count(*) DESC, k.what COLLATE "C") AS rank
            FROM (%8$s) k GROUP BY k.level, k.what
        ), named AS (
            SELECT k.visit, k.level, CASE WHEN r.rank <= %9$s THEN k.what ELSE '(other)' END AS what
            FROM (%8$s) k JOIN ranked r ON r.level = k.level AND r.what = k.what
        ), following AS (
            SELECT n.*, lead(n.what) OVER (PARTITION BY n.visit ORDER BY n.level) AS next FROM named n
        ), link AS (
            SELECT f.level, f.what AS source, coalesce(f.next, %10$L) AS target, count(*) AS visits
            FROM following f WHERE f.level < %7$s
            GROUP BY 1, 2, 3
        )
        SELECT jsonb_build_object(
            'visits', (SELECT count(*) FROM named n WHERE n.level = 0),
            'links', coalesce((SELECT jsonb_agg(jsonb_build_object('level', l.level, 'source', l.source, 'target', l.target,
                'visits', l.visits) ORDER BY l.level, l.visits DESC, l.source COLLATE "C", l.target COLLATE "C") FROM link l), '[]'))$query$,
        v_is_step,
        CASE WHEN v_is_of_pages THEN $e$encode(e.site_page_hk, 'hex')$e$ ELSE $e$e.event_type || ':' || e.event_action$e$ END,
        v_start.condition,
        api.events_sql(p_query, v_filter.needs || v_start.needs, v_filter.condition),
        -- looking back, the anchor is the last such event
        CASE WHEN v_is_back THEN 'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING' ELSE '' END,
        CASE WHEN v_is_back THEN 'DESC' ELSE '' END,
        p_query ->> 'depth',
        CASE WHEN v_is_of_pages THEN 'SELECT k.visit, k.level, h.site_page_bk AS what FROM kept k'
            ' JOIN business.site_page_h h ON h.site_page_hk = decode(k.what, ''hex'')' ELSE 'SELECT * FROM kept' END,
        p_query ->> 'limit', CASE WHEN v_is_back THEN '(entry)' ELSE '(exit)' END));
END
$$;
