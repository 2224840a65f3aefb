-- Claim: the rollups of a day say what its events say
-- Hint: run `footfall rebuild-marts`
WITH rolled AS (
    SELECT w.tenant_hk, w.day FROM business.day_w w WHERE {{tenant w}} AND {{since w.day}} AND w.is_rolled_up
), counted AS (
    SELECT c.*
    FROM rolled w
    CROSS JOIN LATERAL business.rollup_of(w.tenant_hk, ARRAY[w.day], business.rolled_dimensions()) c
), stored AS (
    SELECT r.* FROM business.rollup_b r JOIN rolled w USING (tenant_hk, day)
)
SELECT DISTINCT encode(x.tenant_hk, 'hex') || ' ' || x.day || ' ' || x.dimension
FROM ((SELECT * FROM counted EXCEPT SELECT * FROM stored) UNION ALL (SELECT * FROM stored EXCEPT SELECT * FROM counted)) x
