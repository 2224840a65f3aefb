-- overview {"compare":["previous_period"]}
-- rollups: figures of days: taken
-- visit columns: visits of months that are over, in files: no: not of months whose columns are in files
-- visits: visits of days: would cost more
-- columns: events of months that are over, in files: no: not of months whose columns are in files
-- events: events: would cost more
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH found AS MATERIALIZED (
  SELECT
    r.*
  FROM business.rollups($2, $1, $3, CAST(ARRAY['all', 'currency'] AS TEXT[])) AS r
)
SELECT
  jsonb_build_object(
    'metrics',
    jsonb_build_object(
      'visitors',
      COALESCE(f.visitors, 0),
      'visits',
      COALESCE(f.visits, 0),
      'page_views',
      COALESCE(f.page_views, 0),
      'views_without_visit',
      COALESCE(f.views_without_visit, 0),
      'views_per_visit',
      COALESCE(
        ROUND(
          CAST((
            f.page_views - f.views_without_visit
          ) AS DECIMAL) / NULLIF(f.visits, 0),
          2
        ),
        0
      ),
      'bounce_rate',
      COALESCE(ROUND(CAST((
        100 * f.bounces
      ) AS DECIMAL) / NULLIF(f.begun, 0), 2), 0),
      'visit_duration',
      COALESCE(ROUND(CAST((
        f.duration_seconds
      ) AS DECIMAL) / NULLIF(f.begun, 0), 2), 0),
      'events',
      COALESCE(f.events, 0),
      'conversions',
      COALESCE(trim_scale(f.conversions), 0),
      'conversion_rate',
      COALESCE(ROUND(CAST((
        100 * f.converted
      ) AS DECIMAL) / NULLIF(f.visits, 0), 2), 0),
      'revenue',
      COALESCE(trim_scale(f.revenue), 0),
      'refunds',
      COALESCE(trim_scale(f.refunds), 0)
    ),
    'revenue_by_currency',
    (
      SELECT
        COALESCE(JSONB_OBJECT_AGG(c.currency, trim_scale(c.revenue)), '{}')
      FROM (
        SELECT
          r.value AS currency,
          SUM(r.revenue) AS revenue
        FROM (
          SELECT
            r.*
          FROM found AS r
        ) AS r
        WHERE
          r.dimension = 'currency' AND r.previous_day < $1
        GROUP BY
          r.value
      ) AS c
      WHERE
        c.revenue <> 0
    )
  )
FROM (
  SELECT
    1
) AS one
LEFT JOIN (
  SELECT
    r.value AS g,
    COALESCE(SUM(r.events), 0) AS events,
    COALESCE(SUM(r.page_views), 0) AS page_views,
    COALESCE(SUM(r.visits), 0) AS visits,
    COALESCE(SUM(r.visitors), 0) AS visitors,
    COALESCE(SUM(r.views_without_visit), 0) AS views_without_visit,
    COALESCE(SUM(r.begun), 0) AS begun,
    COALESCE(SUM(r.bounces), 0) AS bounces,
    COALESCE(SUM(r.duration_seconds), 0) AS duration_seconds,
    COALESCE(SUM(r.conversions), 0) AS conversions,
    COALESCE(SUM(r.converted), 0) AS converted,
    COALESCE(SUM(r.revenue), 0) AS revenue,
    COALESCE(SUM(r.refunds), 0) AS refunds
  FROM (
    SELECT
      r.*
    FROM found AS r
  ) AS r
  WHERE
    r.previous_day < CAST($1 AS DATE)
  GROUP BY
    1
  HAVING
    SUM(r.events) FILTER(WHERE
      r.dimension = 'all') > 0
) AS f
  ON TRUE;
