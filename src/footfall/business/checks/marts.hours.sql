-- Claim: the rollups of an hour of a large day say what its events say
-- Hint: run `footfall rebuild-marts`
WITH rolled AS (
    SELECT w.tenant_hk, w.day, w.hour
    FROM business.day_w d JOIN business.hour_w w USING (tenant_hk, day)
    WHERE {{tenant d}} AND {{since d.day}} AND d.is_divided AND w.is_rolled_up
), counted AS (
    SELECT c.tenant_hk, c.day, w.hour, c.dimension, c.value, c.previous_day, c.events, c.page_views, c.interactions, c.visits, c.visitors, c.begun,
           c.bounces, c.duration_seconds, c.conversions, c.converted, c.revenue, c.latest_name, c.refunds, c.views_without_visit
    FROM rolled w
    CROSS JOIN LATERAL business.count_figures(w.tenant_hk, ARRAY[w.day], business.rolled_dimensions(), 'infinity', ARRAY[w.hour]) c
), stored AS (
    SELECT r.* FROM business.rollup_hour_w r JOIN rolled w USING (tenant_hk, day, hour)
)
SELECT DISTINCT encode(x.tenant_hk, 'hex') || ' ' || x.hour || ' ' || x.dimension
FROM ((SELECT * FROM counted EXCEPT SELECT * FROM stored) UNION ALL (SELECT * FROM stored EXCEPT SELECT * FROM counted)) x
