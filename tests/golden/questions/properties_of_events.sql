-- properties {}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH told AS (
  SELECT
    d.custom_properties
  FROM business.event_b AS e
  LEFT JOIN LATERAL (
    SELECT
      s.custom_properties
    FROM business.site_event_details_s AS s
    WHERE
      s.site_event_hk = e.site_event_hk
    LIMIT 1
  ) AS d
    ON TRUE
  WHERE
    (
      e.tenant_hk = $2
      AND e.site_event_hk >= util.time_prefix($4)
      AND e.site_event_hk < util.time_prefix($3)
    )
    AND NOT e.is_bot
    AND jsonb_typeof(d.custom_properties) = 'object'
), property AS (
  SELECT
    k.key,
    COUNT(*) AS events,
    COUNT(DISTINCT k.value) AS "values"
  FROM told AS t
  CROSS JOIN LATERAL jsonb_each_text(t.custom_properties) AS k(key, value)
  GROUP BY
    k.key
  ORDER BY
    COUNT(*) DESC,
    k.key COLLATE "C"
  LIMIT $1
)
SELECT
  jsonb_build_object(
    'rows',
    COALESCE(
      jsonb_agg(
        jsonb_build_object('key', p.key, 'events', p.events, 'values', p."values") ORDER BY p.events DESC, p.key COLLATE "C"
      ),
      '[]'
    )
  )
FROM property AS p;
