-- Metrics by the values of a dimension: sorted, searched, in pages. Values that are not known are left out.
CREATE OR REPLACE FUNCTION api.breakdown(p_tenant auth.tenant_v, p_query jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_dimension record;
    v_metrics text[] := ARRAY(SELECT jsonb_array_elements_text(p_query -> 'metrics'));
    v_figures record := api.figures_sql(p_tenant.tenant_hk, p_query, p_query ->> 'dimension', NULL, v_metrics);
    v_sort text := ltrim(p_query ->> 'sort', '-');
BEGIN
    SELECT * INTO v_dimension FROM api.dimension_of(p_query ->> 'dimension');
    RETURN api.run(p_tenant, p_query, format($query$
        WITH f AS (%1$s), named AS (
            SELECT f.*, %2$s AS name FROM f%3$s
        ), shown AS (
            SELECT f.*, (%4$s)::numeric AS rank FROM named f WHERE %5$s
            ORDER BY (%4$s)::numeric %6$s, f.name COLLATE "C" OFFSET %7$s LIMIT %8$s + 1
        ), numbered AS (
            SELECT f.*, row_number() OVER (ORDER BY f.rank %6$s, f.name COLLATE "C") AS position FROM shown f
        )
        SELECT jsonb_build_object(
            'rows', coalesce(jsonb_agg(jsonb_build_object('value', f.name) || jsonb_build_object(%9$s) ORDER BY f.position)
                             FILTER (WHERE f.position <= %8$s), '[]'),
            'nextCursor', CASE WHEN count(*) > %8$s THEN %7$s + %8$s END)
        FROM numbered f$query$,
        v_figures.sql,
        CASE v_dimension.kind WHEN 'page' THEN 'h.site_page_bk' WHEN 'item' THEN 'h.business_item_bk' ELSE 'f.g' END,
        CASE v_dimension.kind WHEN 'page' THEN ' JOIN business.site_page_h h ON h.site_page_hk = f.g'
                              WHEN 'item' THEN ' JOIN business.business_item_h h ON h.business_item_hk = f.g' ELSE '' END,
        (SELECT m.formula FROM api.metrics() m WHERE m.metric = v_sort),
        CASE WHEN p_query ->> 'search' = '' THEN 'true'
             ELSE format('f.name ILIKE ANY (%L)', api.contains_patterns(ARRAY[p_query ->> 'search'])) END,
        CASE WHEN p_query ->> 'sort' LIKE '-%' THEN 'DESC' ELSE 'ASC' END,
        p_query ->> 'cursor', p_query ->> 'limit', api.metrics_sql(v_metrics)));
END
$$;
