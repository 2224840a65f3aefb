-- Each thing on the way of a visit with the thing after it, as SQL of rows (g: the event, site_session_hk, level, what, next): up to
-- level p_depth, at each level the p_limit most frequent things by name.
CREATE OR REPLACE FUNCTION api.paths_following_sql(p_tenant_hk bytea, p_query jsonb, p_depth text, p_limit text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_filter record := api.filter_sql(p_tenant_hk, p_query ->> 'filter', 'filter');
    v_start record := api.filter_sql(p_tenant_hk, p_query ->> 'start', 'start');
    v_is_back boolean := p_query ->> 'direction' = 'previous';
    v_is_of_pages boolean := p_query ->> 'of' = 'pages';
BEGIN
    RETURN format($query$
        WITH event AS (
            SELECT e.site_session_hk, e.event_timestamp AS t, e.site_event_hk AS g, %1$s AS is_step,
                   %2$s AS what, (%3$s AND %1$s) IS TRUE AS is_start
            %4$s
        ), anchored AS (
            SELECT e.*, bool_or(e.is_start) OVER (PARTITION BY e.site_session_hk ORDER BY e.t, e.g %5$s) AS is_since FROM event e
        ), step AS (
            SELECT a.site_session_hk, a.what, a.t, a.g,
                   lag(a.what) OVER (PARTITION BY a.site_session_hk ORDER BY a.t %6$s, a.g %6$s) AS before
            FROM anchored a WHERE a.is_since AND a.is_step
        ), numbered AS (
            SELECT s.site_session_hk, s.g, s.what,
                   row_number() OVER (PARTITION BY s.site_session_hk ORDER BY s.t %6$s, s.g %6$s) - 1 AS level
            FROM step s WHERE s.what IS DISTINCT FROM s.before
        ), kept AS (
            SELECT n.* FROM numbered n WHERE n.level <= %7$s
        ), ranked AS (
            SELECT k.level, k.what, row_number() OVER (PARTITION BY k.level ORDER BY count(*) DESC, k.what COLLATE "C") AS rank
            FROM (%8$s) k GROUP BY k.level, k.what
        ), named AS (
            SELECT k.site_session_hk, k.g, k.level, CASE WHEN r.rank <= %9$s THEN k.what ELSE '(other)' END AS what
            FROM (%8$s) k JOIN ranked r ON r.level = k.level AND r.what = k.what
        )
        SELECT n.*, coalesce(lead(n.what) OVER (PARTITION BY n.site_session_hk ORDER BY n.level), %10$L) AS next FROM named n$query$,
        CASE WHEN v_is_of_pages THEN $e$(e.event_type = 'page_view' AND e.site_page_hk IS NOT NULL)$e$ ELSE 'true' END,
        CASE WHEN v_is_of_pages THEN $e$encode(e.site_page_hk, 'hex')$e$ ELSE $e$e.event_type || ':' || e.event_action$e$ END,
        v_start.condition,
        api.events_sql(p_query, v_filter.needs || v_start.needs, v_filter.condition),
        -- looking back, the anchor is the last such event
        CASE WHEN v_is_back THEN 'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING' ELSE '' END,
        CASE WHEN v_is_back THEN 'DESC' ELSE '' END,
        p_depth,
        CASE WHEN v_is_of_pages THEN 'SELECT k.site_session_hk, k.g, k.level, h.site_page_bk AS what FROM kept k'
            ' JOIN business.site_page_h h ON h.site_page_hk = decode(k.what, ''hex'')' ELSE 'SELECT * FROM kept' END,
        p_limit, CASE WHEN v_is_back THEN '(entry)' ELSE '(exit)' END);
END
$$;

-- What visits did next after (or before) the first event that meets `start`, step by step: pages viewed, or kinds of events. The same
-- thing twice in a row is once. Links for a Sankey diagram: level 0 is the start; beyond the `limit` most frequent values of a level
-- is (other), a visit that ended is (exit), or (entry) when looking back.
CREATE OR REPLACE FUNCTION api.paths(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE sql STABLE
RETURN api.run(p_tenant, p_query, format($query$
    WITH following AS MATERIALIZED (%1$s), link AS (
        SELECT f.level, f.what AS source, f.next AS target, count(*) AS visits
        FROM following f WHERE f.level < %2$s
        GROUP BY 1, 2, 3
    )
    SELECT jsonb_build_object(
        'visits', (SELECT count(*) FROM following f WHERE f.level = 0),
        'links', coalesce((SELECT jsonb_agg(jsonb_build_object('level', l.level, 'source', l.source, 'target', l.target,
            'visits', l.visits) ORDER BY l.level, l.visits DESC, l.source COLLATE "C", l.target COLLATE "C") FROM link l), '[]'))$query$,
    api.paths_following_sql(p_tenant.tenant_hk, p_query, p_query ->> 'depth', p_query ->> 'limit'), p_query ->> 'depth'));

-- The events behind a link of paths, as SQL of rows (g, site_session_hk): of each visit that went from `source` at `level` to `target`,
-- the event at the source. `top` is the report's limit: what is not among so many is (other).
CREATE OR REPLACE FUNCTION api.paths_events_sql(p_tenant_hk bytea, p_query jsonb) RETURNS text
LANGUAGE sql STABLE
RETURN format('SELECT f.g, f.site_session_hk FROM (%s) f WHERE f.level = %s AND f.what = %L AND f.next = %L',
    api.paths_following_sql(p_tenant_hk, p_query, ((p_query ->> 'level')::integer + 1)::text, p_query ->> 'top'),
    p_query ->> 'level', p_query ->> 'source', p_query ->> 'target');
