-- The keys of events' own properties: in how many of the chosen events each is, and how many values it has there.
-- name: properties
WITH told AS (
    SELECT d.custom_properties FROM asked.events AS e WHERE jsonb_typeof(d.custom_properties) = 'object'
), property AS (
    SELECT k.key, count(*) AS events, count(DISTINCT k.value) AS "values"
    FROM told AS t
    CROSS JOIN LATERAL jsonb_each_text(t.custom_properties) AS k(key, value)
    GROUP BY k.key
    ORDER BY count(*) DESC, k.key COLLATE "C" LIMIT $limit
)
SELECT jsonb_build_object('rows', coalesce(jsonb_agg(jsonb_build_object(
    'key', p.key, 'events', p.events, 'values', p."values") ORDER BY p.events DESC, p.key COLLATE "C"), '[]'))
FROM property AS p
