-- vitals {}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH told AS (
  SELECT
    e.site_session_hk,
    e.site_page_hk,
    e.event_timestamp,
    e.raw_event_id,
    e.site_event_hk,
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
      e.tenant_hk = $3
      AND e.site_event_hk >= util.time_prefix($5)
      AND e.site_event_hk < util.time_prefix($4)
    )
    AND NOT e.is_bot
    AND (
      e.event_type = 'engagement'
      AND e.event_action = 'web_vitals'
      AND jsonb_typeof(d.custom_properties) = 'object'
    )
), load AS (
  SELECT DISTINCT ON (t.site_session_hk, t.site_page_hk, t.custom_properties -> 'ttfb')
    t.site_page_hk AS g,
    t.custom_properties AS told
  FROM told AS t
  ORDER BY
    t.site_session_hk,
    t.site_page_hk,
    t.custom_properties -> 'ttfb',
    t.event_timestamp DESC,
    t.raw_event_id DESC,
    t.site_event_hk DESC
), known AS (
  SELECT
    k.vital,
    k.good,
    k.poor
  FROM (VALUES
    ('lcp', 2500, 4000),
    ('inp', 200, 500),
    ('cls', 0.1, 0.25),
    ('fcp', 1800, 3000),
    ('ttfb', 800, 1800)) AS k(vital, good, poor)
), measured AS (
  SELECT
    l.g,
    k.vital,
    k.good,
    k.poor,
    CAST((
      l.told ->> k.vital
    ) AS DECIMAL) AS value
  FROM load AS l
  JOIN known AS k
    ON CASE
      WHEN jsonb_typeof(l.told -> k.vital) = 'number'
      THEN CAST((
        l.told ->> k.vital
      ) AS DECIMAL) >= 0
    END
), rated AS (
  SELECT
    m.g,
    GROUPING(m.g) = 1 AS is_all,
    m.vital,
    jsonb_build_object(
      'loads',
      COUNT(*),
      'p75',
      PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY
        m.value),
      'good',
      ROUND(CAST(100.0 * COUNT(*) FILTER(WHERE
        m.value <= m.good) / COUNT(*) AS DECIMAL), 2),
      'needs_improvement',
      ROUND(
        CAST(100.0 * COUNT(*) FILTER(WHERE
          m.value > m.good AND m.value <= m.poor) / COUNT(*) AS DECIMAL),
        2
      ),
      'poor',
      ROUND(CAST(100.0 * COUNT(*) FILTER(WHERE
        m.value > m.poor) / COUNT(*) AS DECIMAL), 2)
    ) AS figures
  FROM measured AS m
  GROUP BY
    GROUPING SETS (
      (
        m.vital
      ),
      (m.g, m.vital)
    )
), page AS (
  SELECT
    h.site_page_bk AS page,
    n.g,
    n.loads,
    ROW_NUMBER() OVER (ORDER BY n.loads DESC, h.site_page_bk COLLATE "C") AS position
  FROM (
    SELECT
      l.g,
      COUNT(*) AS loads
    FROM load AS l
    GROUP BY
      l.g
  ) AS n
  JOIN business.site_page_h AS h
    ON h.site_page_hk = n.g
), shown AS (
  SELECT
    p.*
  FROM page AS p
  ORDER BY
    p.position
  LIMIT $1 + 1
  OFFSET $2
), vitals_of AS (
  SELECT
    s.page,
    s.loads,
    s.position,
    (
      SELECT
        COALESCE(JSONB_OBJECT_AGG(r.vital, r.figures), '{}')
      FROM rated AS r
      WHERE
        r.g = s.g AND NOT r.is_all
    ) AS vitals
  FROM shown AS s
)
SELECT
  jsonb_build_object(
    'loads',
    (
      SELECT
        COUNT(*)
      FROM load
    ),
    'vitals',
    (
      SELECT
        COALESCE(JSONB_OBJECT_AGG(r.vital, r.figures), '{}')
      FROM rated AS r
      WHERE
        r.is_all
    ),
    'rows',
    COALESCE(
      jsonb_agg(
        jsonb_build_object('page', o.page, 'loads', o.loads) || o.vitals ORDER BY o.position
      ) FILTER(WHERE
        o.position <= $2 + $1),
      '[]'
    ),
    'nextCursor',
    CASE WHEN COUNT(*) > $1 THEN $2 + $1 END
  )
FROM vitals_of AS o;
