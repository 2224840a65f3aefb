-- breakdown {"asOf":"2026-11-23T12:00:00+00:00","dimension":"browser"}
-- rollups: figures of days: no: not asked as of now
-- visit columns: visits of months that are over, in files: no: not asked as of now
-- visits: visits of days: no: not asked as of now
-- columns: events of months that are over, in files: no: not asked as of now
-- events: events: no: not asked as of now
-- vault: events as the vault knew them at a load date: taken

WITH f AS (
  SELECT
    f.*
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
            v.browser_name AS g,
            e.site_session_hk,
            e.site_visitor_hk AS site_visitor_hk,
            BOOL_OR(e.is_visit) AS is_visit,
            COUNT(*) AS events,
            COUNT(*) FILTER(WHERE
              e.event_type = 'page_view') AS page_views
          FROM business.events_as_of($3, $4, $5, $6) AS e
          CROSS JOIN LATERAL (
            SELECT
              e.*
          ) AS v
          WHERE
            (
              e.tenant_hk = $3
              AND e.site_event_hk >= util.time_prefix($4)
              AND e.site_event_hk < util.time_prefix($5)
            )
            AND NOT e.is_bot
            AND (
              v.browser_name
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
                  v.browser_name AS g,
                  e.site_session_hk,
                  e.site_visitor_hk AS site_visitor_hk,
                  BOOL_OR(e.is_visit) AS is_visit,
                  COUNT(*) AS events,
                  COUNT(*) FILTER(WHERE
                    e.event_type = 'page_view') AS page_views
                FROM business.events_as_of($3, $4, $5, $6) AS e
                CROSS JOIN LATERAL (
                  SELECT
                    e.*
                ) AS v
                WHERE
                  (
                    e.tenant_hk = $3
                    AND e.site_event_hk >= util.time_prefix($4)
                    AND e.site_event_hk < util.time_prefix($5)
                  )
                  AND NOT e.is_bot
                  AND (
                    v.browser_name
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
    END,
    'nextCursor',
    CASE WHEN COUNT(*) > $1 THEN $2 + $1 END
  )
FROM numbered AS f;
