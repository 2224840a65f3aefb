-- retention {"dimension":"source"}
-- visit columns: visits of months that are over, in files: no: not of months whose columns are in files
-- visits: visits of days: taken
-- columns: events of months that are over, in files: no: not of months whose columns are in files
-- events: events: would cost more
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH known AS (
  SELECT
    c.*
  FROM (
    WITH seen AS (
      SELECT
        s.site_visitor_hk,
        s.period,
        (
          ARRAY_AGG(s.g ORDER BY s.t, s.o, s.g COLLATE "C")
        )[1] AS g
      FROM (
        SELECT
          v.site_visitor_hk,
          CAST(DATE_TRUNC('WEEK', CAST((
            v.day
          ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0 AS period,
          e.source AS g,
          v.first_event_timestamp AS t,
          0 AS o
        FROM business.visit_b AS v
        CROSS JOIN LATERAL (
          SELECT
            v.source,
            v.channel,
            v.device_type,
            v.country
        ) AS e
        WHERE
          v.tenant_hk = $4 AND v.day BETWEEN $2 AND $3 AND v.events > 0
      ) AS s
      WHERE
        s.site_visitor_hk IS NOT NULL
      GROUP BY
        1,
        2
    ), cohort AS (
      SELECT
        s.period,
        MIN(s.period) OVER (PARTITION BY s.site_visitor_hk) AS first_period,
        FIRST_VALUE(s.g) OVER (PARTITION BY s.site_visitor_hk ORDER BY s.period) AS g
      FROM seen AS s
    )
    SELECT
      c.first_period,
      c.period,
      COUNT(*) AS visitors,
      c.g
    FROM cohort AS c
    GROUP BY
      c.first_period,
      c.period,
      c.g
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
  jsonb_build_object('cohorts', COALESCE(jsonb_agg(l.cohort ORDER BY l.period), '[]')) || (
    WITH aged AS (
      SELECT
        k.g,
        DENSE_RANK() OVER (ORDER BY k.g) AS n,
        f.number,
        p.number - f.number AS age,
        k.visitors
      FROM known AS k
      JOIN period AS p
        ON p.period = k.period
      JOIN period AS f
        ON f.period = k.first_period
    ), age AS (
      SELECT
        p.number - 1 AS age,
        MAX(p.number) OVER () - p.number + 1 AS last_number
      FROM period AS p
    ), shown AS (
      SELECT
        w.n,
        w.name,
        w.visitors
      FROM (
        SELECT
          a.n,
          a.g AS name,
          SUM(a.visitors) AS visitors
        FROM aged AS a
        WHERE
          a.age = 0
        GROUP BY
          a.n,
          a.g
      ) AS w
      ORDER BY
        w.visitors DESC,
        w.name COLLATE "C"
      LIMIT $1
    ), line_of AS (
      SELECT
        s.n,
        s.name,
        s.visitors,
        o.age,
        COALESCE(SUM(a.visitors) FILTER(WHERE
          a.age = o.age), 0) AS retained,
        SUM(a.visitors) FILTER(WHERE
          a.age = 0 AND a.number <= o.last_number) AS possible
      FROM shown AS s
      CROSS JOIN age AS o
      JOIN aged AS a
        ON a.n = s.n
      GROUP BY
        s.n,
        s.name,
        s.visitors,
        o.age
    ), figures_of AS (
      SELECT
        o.name,
        o.visitors,
        jsonb_build_object(
          'value',
          o.name,
          'visitors',
          o.visitors,
          'retained',
          jsonb_agg(o.retained ORDER BY o.age),
          'percent',
          jsonb_agg(COALESCE(ROUND(100.0 * o.retained / NULLIF(o.possible, 0), 2), 0) ORDER BY o.age)
        ) AS figures
      FROM line_of AS o
      GROUP BY
        o.n,
        o.name,
        o.visitors
    )
    SELECT
      jsonb_build_object(
        'groups',
        COALESCE(jsonb_agg(f.figures ORDER BY f.visitors DESC, f.name COLLATE "C"), '[]')
      )
    FROM figures_of AS f
  )
FROM line AS l;
