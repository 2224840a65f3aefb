-- timeseries {"hours":24}
-- rollups: figures of days: no: not of days
-- visit columns: visits of months that are over, in files: no: not of days
-- visits: visits of days: no: not of days
-- columns: events of months that are over, in files: no: not of days
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

SELECT
  jsonb_build_object(
    'buckets',
    jsonb_agg(
      jsonb_build_object('start', api.local_moment(s.g, $2)) || jsonb_build_object(
        'visitors',
        COALESCE(f.visitors, 0),
        'visits',
        COALESCE(f.visits, 0),
        'page_views',
        COALESCE(f.page_views, 0)
      ) ORDER BY s.g
    )
  )
FROM (
  SELECT
    h.g
  FROM GENERATE_SERIES($1, $3 - INTERVAL '1 MICROSECOND', INTERVAL '1 HOUR') AS h(g)
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
        SUM(b.page_views) AS page_views,
        COUNT(*) FILTER(WHERE
          b.is_visit) AS visits
      FROM (
        SELECT
          DATE_BIN('1 hour', e.event_timestamp, $1) AS g,
          e.site_session_hk,
          e.site_visitor_hk AS site_visitor_hk,
          BOOL_OR(e.is_visit) AS is_visit,
          COUNT(*) AS events,
          COUNT(*) FILTER(WHERE
            e.event_type = 'page_view') AS page_views
        FROM business.event_b AS e
        WHERE
          (
            e.tenant_hk = $4
            AND e.site_event_hk >= util.time_prefix($1)
            AND e.site_event_hk < util.time_prefix($3)
          )
          AND NOT e.is_bot
          AND (
            DATE_BIN('1 hour', e.event_timestamp, $1)
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
  ON f.g = s.g;
