-- breakdown {"dimension":"page","metrics":["page_views","bounce_rate"]}
-- rollups: figures of days: taken
-- visit columns: visits of months that are over, in files: no: not by properties of visits, or by none
-- visits: visits of days: no: not by properties of visits, or by none
-- columns: events of months that are over, in files: no: not of months whose columns are in files
-- events: events: would cost more
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH f AS (
  SELECT
    f.*
  FROM (
    SELECT
      DECODE(r.value, 'hex') AS g,
      COALESCE(SUM(r.events) FILTER(WHERE
        r.dimension = 'page'), 0) AS events,
      COALESCE(SUM(r.page_views) FILTER(WHERE
        r.dimension = 'page'), 0) AS page_views,
      COALESCE(SUM(r.begun), 0) AS begun,
      COALESCE(SUM(r.bounces), 0) AS bounces
    FROM (
      SELECT
        r.*
      FROM business.rollups($4, $3, $5, CAST(ARRAY['page', 'entry_page'] AS TEXT[])) AS r
    ) AS r
    WHERE
      r.previous_day < CAST($3 AS DATE)
    GROUP BY
      1
    HAVING
      SUM(r.events) FILTER(WHERE
        r.dimension = 'page') > 0
  ) AS f
), named AS (
  SELECT
    f.*
  FROM (
    SELECT
      f.*,
      h.site_page_bk AS name
    FROM f
    JOIN business.site_page_h AS h
      ON h.site_page_hk = f.g
  ) AS f
), ranked AS (
  SELECT
    f.*,
    CAST((
      COALESCE(f.page_views, 0)
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
          'page_views',
          COALESCE(f.page_views, 0),
          'bounce_rate',
          COALESCE(ROUND(CAST((
            100 * f.bounces
          ) AS DECIMAL) / NULLIF(f.begun, 0), 2), 0)
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
                  'page_views',
                  COALESCE(f.page_views, 0),
                  'bounce_rate',
                  COALESCE(ROUND(CAST((
                    100 * f.bounces
                  ) AS DECIMAL) / NULLIF(f.begun, 0), 2), 0)
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
                    b.has_begun) AS begun,
                  COUNT(*) FILTER(WHERE
                    b.has_begun AND b.is_bounce) AS bounces
                FROM (
                  SELECT
                    e.site_page_hk AS g,
                    e.site_session_hk,
                    CAST(NULL AS BYTEA) AS site_visitor_hk,
                    BOOL_OR(e.is_visit) AS is_visit,
                    COUNT(*) AS events,
                    COUNT(*) FILTER(WHERE
                      e.event_type = 'page_view') AS page_views,
                    BOOL_OR(
                      v.start_day BETWEEN $3 AND $5
                      AND v.entry_page_hk IS NOT DISTINCT FROM e.site_page_hk
                    ) AS has_begun,
                    BOOL_OR(v.is_bounce) AS is_bounce
                  FROM business.event_b AS e
                  JOIN business.visit_b AS v
                    ON v.site_session_hk = e.site_session_hk AND v.day = e.day
                  WHERE
                    (
                      e.tenant_hk = $4
                      AND e.site_event_hk >= util.time_prefix($7)
                      AND e.site_event_hk < util.time_prefix($6)
                    )
                    AND NOT e.is_bot
                    AND (
                      e.site_page_hk
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
        )
      END
    END,
    'nextCursor',
    CASE WHEN COUNT(*) > $1 THEN $2 + $1 END
  )
FROM numbered AS f;
