-- timeseries {"filter":"channel==paid|email,source=~news","interval":"week","metrics":["visitors","bounce_rate"]}
-- rollups: figures of days: no: not without a filter
-- visit columns: visits of months that are over, in files: no: not of values as they are, not of parts of them
-- visits: visits of days: taken
-- columns: events of months that are over, in files: no: not of values as they are, not of parts of them
-- events: events: would cost more
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

SELECT
  jsonb_build_object(
    'buckets',
    jsonb_agg(
      jsonb_build_object('start', s.g) || jsonb_build_object(
        'visitors',
        COALESCE(f.visitors, 0),
        'bounce_rate',
        COALESCE(ROUND(CAST((
          100 * f.bounces
        ) AS DECIMAL) / NULLIF(f.begun, 0), 2), 0)
      ) ORDER BY s.g
    )
  )
FROM (
  SELECT DISTINCT
    CAST(DATE_TRUNC('WEEK', CAST((
      CAST(d.day AS DATE)
    ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0 AS g
  FROM GENERATE_SERIES(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP), INTERVAL '1 DAY') AS d(day)
) AS s
LEFT JOIN (
  WITH by_visitor AS (
    SELECT
      b.*
    FROM (
      SELECT
        b.g,
        b.site_visitor_hk,
        SUM(b.events) AS events,
        COUNT(*) FILTER(WHERE
          b.has_begun) AS begun,
        COUNT(*) FILTER(WHERE
          b.has_begun AND b.is_bounce) AS bounces
      FROM (
        SELECT
          CAST(DATE_TRUNC('WEEK', CAST((
            v.day
          ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0 AS g,
          v.site_session_hk,
          v.site_visitor_hk AS site_visitor_hk,
          BOOL_OR(v.is_visit) AS is_visit,
          SUM(v.events) AS events,
          BOOL_OR(
            v.start_day BETWEEN $1 AND $2
            AND (
              CAST(DATE_TRUNC('WEEK', CAST((
                v.start_day
              ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0
            ) = (
              CAST(DATE_TRUNC('WEEK', CAST((
                v.day
              ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0
            )
          ) AS has_begun,
          BOOL_OR(v.is_bounce) AS is_bounce
        FROM business.visit_b AS v
        CROSS JOIN LATERAL (
          SELECT
            v.source,
            v.channel,
            v.device_type,
            v.country
        ) AS e
        WHERE
          (
            v.tenant_hk = $3 AND v.day BETWEEN $1 AND $2 AND v.events > 0
          )
          AND (
            e.channel = ANY(
              $4
            ) OR e.source ILIKE ANY(
              $5
            )
          )
          AND (
            CAST(DATE_TRUNC('WEEK', CAST((
              v.day
            ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0
          ) IS NOT NULL
        GROUP BY
          1,
          2,
          3
      ) AS b
      GROUP BY
        1,
        2
    ) AS b
  ), by_group AS (
    SELECT
      b.g,
      COALESCE(SUM(b.events), 0) AS events,
      COUNT(b.site_visitor_hk) AS visitors,
      COALESCE(SUM(b.begun), 0) AS begun,
      COALESCE(SUM(b.bounces), 0) AS bounces
    FROM by_visitor AS b
    GROUP BY
      b.g
  )
  SELECT
    b.*
  FROM by_group AS b
) AS f
  ON f.g = s.g;
