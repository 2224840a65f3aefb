-- breakdown {"dimension":"source"}
-- rollups: figures of days: taken
-- visit columns: visits of months that are over, in files: no: not of months whose columns are in files
-- visits: visits of days: would cost more
-- columns: events of months that are over, in files: no: not of months whose columns are in files
-- events: events: would cost more
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH f AS (
  SELECT
    f.*
  FROM (
    SELECT
      r.value AS g,
      COALESCE(SUM(r.events), 0) AS events,
      COALESCE(SUM(r.page_views), 0) AS page_views,
      COALESCE(SUM(r.visits), 0) AS visits,
      COALESCE(SUM(r.visitors), 0) AS visitors
    FROM (
      SELECT
        r.*
      FROM business.rollups($4, $3, $5, CAST(ARRAY['source'] AS TEXT[])) AS r
    ) AS r
    WHERE
      r.previous_day < CAST($3 AS DATE)
    GROUP BY
      1
    HAVING
      SUM(r.events) FILTER(WHERE
        r.dimension = 'source') > 0
  ) AS f
), named AS (
  SELECT
    f.*
  FROM (
    SELECT
      f.*,
      f.g AS name
    FROM f
  ) AS f
), ranked AS (
  SELECT
    f.*,
    CAST((
      COALESCE(f.visitors, 0)
    ) AS DECIMAL) AS rank
  FROM named AS f
  WHERE
    TRUE
), shown AS (
  SELECT
    f.*
  FROM ranked AS f
  ORDER BY
    f.rank DESC NULLS LAST,
    f.name COLLATE "C"
  LIMIT $1 + 1
  OFFSET $2
), numbered AS (
  SELECT
    f.*,
    ROW_NUMBER() OVER (ORDER BY f.rank DESC NULLS LAST, f.name COLLATE "C") AS position
  FROM shown AS f
)
SELECT
  jsonb_build_object(
    'rows',
    COALESCE(
      jsonb_agg(
        jsonb_build_object('value', f.name) || jsonb_build_object(
          'visitors',
          COALESCE(f.visitors, 0),
          'visits',
          COALESCE(f.visits, 0),
          'page_views',
          COALESCE(f.page_views, 0)
        ) ORDER BY f.position
      ) FILTER(WHERE
        f.position <= $1),
      '[]'
    ) || CASE
      WHEN COUNT(*) > $1
      THEN '[]'
      ELSE CASE
        WHEN (
          SELECT
            SUM(f.events)
          FROM f
        ) = (
          SELECT
            SUM(r.events)
          FROM business.rollups($4, $3, $5, CAST('{all}' AS TEXT[])) AS r
          WHERE
            r.previous_day < $3
        )
        THEN '[]'
        ELSE (
          SELECT
            COALESCE(
              jsonb_agg(
                '{"value": null}' || jsonb_build_object(
                  'visitors',
                  COALESCE(f.visitors, 0),
                  'visits',
                  COALESCE(f.visits, 0),
                  'page_views',
                  COALESCE(f.page_views, 0)
                )
              ),
              '[]'
            )
          FROM (
            WITH by_visitor AS (
              SELECT
                b.*
              FROM (
                SELECT
                  b.g,
                  b.site_visitor_hk,
                  SUM(b.events) AS events,
                  SUM(b.page_views) AS page_views,
                  COUNT(*) FILTER(WHERE
                    b.is_visit) AS visits
                FROM (
                  SELECT
                    e.source AS g,
                    v.site_session_hk,
                    v.site_visitor_hk AS site_visitor_hk,
                    BOOL_OR(v.is_visit) AS is_visit,
                    SUM(v.events) AS events,
                    SUM(v.page_views) AS page_views
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
                      v.tenant_hk = $4 AND v.day BETWEEN $3 AND $5 AND v.events > 0
                    )
                    AND (
                      e.source
                    ) IS NULL
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
                COALESCE(SUM(b.page_views), 0) AS page_views,
                COALESCE(SUM(b.visits), 0) AS visits,
                COUNT(b.site_visitor_hk) AS visitors
              FROM by_visitor AS b
              GROUP BY
                b.g
            )
            SELECT
              b.*
            FROM by_group AS b
          ) AS f
        )
      END
    END,
    'nextCursor',
    CASE WHEN COUNT(*) > $1 THEN $2 + $1 END
  )
FROM numbered AS f;
