-- retention {"filter":"country==DE"}
-- visit columns: visits of months that are over, in files: taken
-- visits: visits of days: would cost more
-- columns: events of months that are over, in files: would cost more
-- events: events: would cost more
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH seen AS (SELECT s.site_visitor_hk, s.period FROM (SELECT v.site_visitor_hk, CAST(DATE_TRUNC('WEEK', CAST((v.day) AS TIMESTAMP) + 0 * INTERVAL '1' DAY) AS DATE) - 0 AS period FROM (SELECT f.country, f.day, f.events, f.site_visitor_hk FROM READ_PARQUET($4) AS f WHERE f.tenant_hk = $6 AND f.day >= $7 AND f.day < $5 UNION ALL SELECT f.country, f.day, f.events, f.site_visitor_hk FROM streamed_visits AS f) AS v WHERE (v.day BETWEEN $1 AND $2 AND v.events > 0) AND v.country = ANY($3)) AS s WHERE s.site_visitor_hk IS NOT NULL GROUP BY 1, 2), cohort AS (SELECT s.period, MIN(s.period) OVER (PARTITION BY s.site_visitor_hk) AS first_period FROM seen AS s) SELECT c.first_period, c.period, COUNT(*) AS visitors FROM cohort AS c GROUP BY c.first_period, c.period;

WITH known AS (
  SELECT
    c.*
  FROM (
    SELECT
      u.*
    FROM json_to_recordset(CAST($1 AS JSON)) AS u(first_period DATE, period DATE, visitors BIGINT)
  ) AS c
), counted AS (
  SELECT
    k.first_period,
    k.period,
    SUM(k.visitors) AS visitors
  FROM known AS k
  GROUP BY
    k.first_period,
    k.period
), period AS (
  SELECT
    p.period,
    ROW_NUMBER() OVER (ORDER BY p.period) AS number
  FROM (
    SELECT DISTINCT
      CAST(DATE_TRUNC('WEEK', CAST((
        CAST(d.day AS DATE)
      ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0 AS period
    FROM GENERATE_SERIES(CAST($2 AS TIMESTAMP), CAST($3 AS TIMESTAMP), INTERVAL '1 DAY') AS d(day)
  ) AS p
), line AS (
  SELECT
    f.period,
    jsonb_build_object(
      'start',
      f.period,
      'visitors',
      COALESCE(MAX(c.visitors) FILTER(WHERE
        p.period = f.period), 0),
      'retained',
      jsonb_agg(COALESCE(c.visitors, 0) ORDER BY p.period),
      'percent',
      jsonb_agg(
        COALESCE(ROUND(100.0 * c.visitors / NULLIF(a.visitors, 0), 2), 0) ORDER BY p.period
      )
    ) AS cohort
  FROM period AS f
  JOIN period AS p
    ON p.number >= f.number
  LEFT JOIN counted AS c
    ON c.first_period = f.period AND c.period = p.period
  LEFT JOIN counted AS a
    ON a.first_period = f.period AND a.period = f.period
  GROUP BY
    f.period
)
SELECT
  jsonb_build_object('cohorts', COALESCE(jsonb_agg(l.cohort ORDER BY l.period), '[]')) || CAST('{}' AS JSONB)
FROM line AS l;
