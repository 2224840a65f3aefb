-- retention {"filter":"page==/blog;property:plan!=free","interval":"month"}
-- visit columns: visits of months that are over, in files: no: not filtered by properties of visits, or not at all
-- visits: visits of days: no: not filtered by properties of visits, or not at all
-- columns: events of months that are over, in files: no: not by what rows of events and visits say by themselves
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH known AS (
  SELECT
    c.*
  FROM (
    WITH seen AS (
      SELECT
        s.site_visitor_hk,
        s.period
      FROM (
        SELECT
          e.site_visitor_hk,
          CAST(DATE_TRUNC('MONTH', CAST((
            e.day
          ) AS TIMESTAMP)) AS DATE) AS period
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
            AND e.site_event_hk >= util.time_prefix($6)
            AND e.site_event_hk < util.time_prefix($5)
          )
          AND NOT e.is_bot
          AND (
            e.site_page_hk = ANY(
              $4
            )
            AND NOT (
              (
                d.custom_properties ->> $7
              ) = ANY(
                $8
              )
            ) IS TRUE
          )
      ) AS s
      WHERE
        s.site_visitor_hk IS NOT NULL
      GROUP BY
        1,
        2
    ), cohort AS (
      SELECT
        s.period,
        MIN(s.period) OVER (PARTITION BY s.site_visitor_hk) AS first_period
      FROM seen AS s
    )
    SELECT
      c.first_period,
      c.period,
      COUNT(*) AS visitors
    FROM cohort AS c
    GROUP BY
      c.first_period,
      c.period
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
      CAST(DATE_TRUNC('MONTH', CAST((
        CAST(d.day AS DATE)
      ) AS TIMESTAMP)) AS DATE) AS period
    FROM GENERATE_SERIES(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP), INTERVAL '1 DAY') AS d(day)
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
