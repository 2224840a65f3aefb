-- vitals {}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH load AS (
  SELECT
    l.*
  FROM (
    SELECT
      l.g,
      CAST((
        jsonb_path_query_first(l.told, 'strict $.lcp ? (@ >= 0)', '{}', TRUE)
      ) AS DECIMAL) AS lcp,
      CAST((
        jsonb_path_query_first(l.told, 'strict $.inp ? (@ >= 0)', '{}', TRUE)
      ) AS DECIMAL) AS inp,
      CAST((
        jsonb_path_query_first(l.told, 'strict $.cls ? (@ >= 0)', '{}', TRUE)
      ) AS DECIMAL) AS cls,
      CAST((
        jsonb_path_query_first(l.told, 'strict $.fcp ? (@ >= 0)', '{}', TRUE)
      ) AS DECIMAL) AS fcp,
      CAST((
        jsonb_path_query_first(l.told, 'strict $.ttfb ? (@ >= 0)', '{}', TRUE)
      ) AS DECIMAL) AS ttfb
    FROM (
      SELECT DISTINCT ON (t.site_session_hk, t.site_page_hk, t.told -> 'ttfb')
        t.g,
        t.told
      FROM (
        SELECT
          e.site_page_hk AS g,
          e.site_session_hk,
          e.site_page_hk,
          e.event_timestamp,
          e.raw_event_id,
          e.site_event_hk,
          d.custom_properties AS told
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
      ) AS t
      ORDER BY
        t.site_session_hk,
        t.site_page_hk,
        t.told -> 'ttfb',
        t.event_timestamp DESC,
        t.raw_event_id DESC,
        t.site_event_hk DESC
    ) AS l
  ) AS l
), measured AS (
  SELECT
    l.g,
    k.vital,
    k.good,
    k.poor,
    k.value
  FROM load AS l
  CROSS JOIN LATERAL (
    VALUES
      ('lcp', l.lcp, 2500, 4000),
      ('inp', l.inp, 200, 500),
      ('cls', l.cls, 0.1, 0.25),
      ('fcp', l.fcp, 1800, 3000),
      ('ttfb', l.ttfb, 800, 1800)
  ) AS k(vital, value, good, poor)
  WHERE
    k.value IS NOT NULL
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
