-- timeseries {"metrics":["visits","bounce_rate"]}
-- rollups: figures of days: taken
-- visit columns: visits of months that are over, in files: no: not of months whose columns are in files
-- visits: visits of days: would cost more
-- columns: events of months that are over, in files: no: not of months whose columns are in files
-- events: events: would cost more
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

SELECT
  jsonb_build_object(
    'buckets',
    jsonb_agg(
      jsonb_build_object('start', s.g) || jsonb_build_object(
        'visits',
        COALESCE(f.visits, 0),
        'bounce_rate',
        COALESCE(ROUND(CAST((
          100 * f.bounces
        ) AS DECIMAL) / NULLIF(f.begun, 0), 2), 0)
      ) ORDER BY s.g
    )
  )
FROM (
  SELECT DISTINCT
    CAST(d.day AS DATE) AS g
  FROM GENERATE_SERIES(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP), INTERVAL '1 DAY') AS d(day)
) AS s
LEFT JOIN (
  SELECT
    r.day AS g,
    COALESCE(SUM(r.events), 0) AS events,
    COALESCE(SUM(r.visits), 0) AS visits,
    COALESCE(SUM(r.begun), 0) AS begun,
    COALESCE(SUM(r.bounces), 0) AS bounces
  FROM (
    SELECT
      r.*
    FROM business.rollups($3, $1, $2, CAST(ARRAY['all'] AS TEXT[])) AS r
  ) AS r
  WHERE
    r.previous_day < GREATEST(r.day, CAST($1 AS DATE))
  GROUP BY
    1
  HAVING
    SUM(r.events) FILTER(WHERE
      r.dimension = 'all') > 0
) AS f
  ON f.g = s.g;
