-- engagement {}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH view AS (
  SELECT
    v.*
  FROM (
    SELECT
      (
        ARRAY_AGG(m.g) FILTER(WHERE
          m.is_view)
      )[1] AS g,
      MAX(d.time_on_page) AS seconds,
      MAX(d.scroll_depth) AS depth
    FROM (
      SELECT
        e.site_page_hk AS g,
        e.site_page_hk,
        e.site_session_hk,
        e.site_event_hk,
        e.event_type = 'page_view' AS is_view,
        COUNT(*) FILTER(WHERE
          e.event_type = 'page_view') OVER (
          PARTITION BY e.site_session_hk
          ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk
        ) AS view_number
      FROM business.event_b AS e
      WHERE
        (
          e.tenant_hk = $3
          AND e.site_event_hk >= util.time_prefix($5)
          AND e.site_event_hk < util.time_prefix($4)
        )
        AND NOT e.is_bot
        AND (
          e.event_type = 'page_view'
          OR e.event_type = 'engagement'
          AND e.event_action = 'attention'
        )
    ) AS m
    LEFT JOIN LATERAL (
      SELECT
        d.time_on_page,
        d.scroll_depth
      FROM business.site_event_details_s AS d
      WHERE
        d.site_event_hk = m.site_event_hk AND NOT m.is_view
      LIMIT 1
    ) AS d
      ON TRUE
    GROUP BY
      m.site_page_hk,
      m.site_session_hk,
      m.view_number
    HAVING
      BOOL_OR(m.is_view)
  ) AS v
), figure AS (
  SELECT
    GROUPING(v.g) = 1 AS is_all,
    h.site_page_bk AS page,
    jsonb_build_object(
      'views',
      COUNT(*),
      'measured',
      COUNT(COALESCE(v.seconds, v.depth)),
      'time_on_page',
      PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
        v.seconds),
      'scroll_depth',
      ROUND(CAST(AVG(v.depth) AS DECIMAL), 1)
    ) AS figures,
    COUNT(*) AS views
  FROM view AS v
  LEFT JOIN business.site_page_h AS h
    ON h.site_page_hk = v.g
  GROUP BY
    GROUPING SETS (
      (),
      (v.g, h.site_page_bk)
    )
), ranked AS (
  SELECT
    f.*,
    ROW_NUMBER() OVER (ORDER BY f.views DESC, f.page COLLATE "C") AS position
  FROM figure AS f
  WHERE
    f.page IS NOT NULL
), shown AS (
  SELECT
    r.*
  FROM ranked AS r
  ORDER BY
    r.position
  LIMIT $1 + 1
  OFFSET $2
), absent AS (
  SELECT
    e.site_page_hk,
    e.site_event_hk,
    e.site_session_hk,
    e.is_visit
  FROM business.event_b AS e
  WHERE
    (
      e.tenant_hk = $3
      AND e.site_event_hk >= util.time_prefix($5)
      AND e.site_event_hk < util.time_prefix($4)
    )
    AND NOT e.is_bot
    AND (
      e.event_type = 'engagement' AND e.event_action = 'not_found'
    )
), missing AS (
  SELECT
    h.site_page_bk AS page,
    d.page_referrer AS referrer,
    COUNT(*) AS events,
    COUNT(DISTINCT a.site_session_hk) FILTER(WHERE
      a.is_visit) AS visits
  FROM absent AS a
  JOIN business.site_page_h AS h
    ON h.site_page_hk = a.site_page_hk
  LEFT JOIN LATERAL (
    SELECT
      d.page_referrer
    FROM business.site_event_details_s AS d
    WHERE
      d.site_event_hk = a.site_event_hk
    LIMIT 1
  ) AS d
    ON TRUE
  GROUP BY
    1,
    2
  ORDER BY
    COUNT(*) DESC,
    h.site_page_bk COLLATE "C",
    d.page_referrer COLLATE "C"
  LIMIT $1
)
SELECT
  jsonb_build_object(
    'all',
    (
      SELECT
        f.figures
      FROM figure AS f
      WHERE
        f.is_all
    ),
    'rows',
    COALESCE(
      jsonb_agg(jsonb_build_object('page', s.page) || s.figures ORDER BY s.position) FILTER(WHERE
        s.position <= $2 + $1),
      '[]'
    ),
    'nextCursor',
    CASE WHEN COUNT(*) > $1 THEN $2 + $1 END,
    'not_found',
    (
      SELECT
        COALESCE(
          jsonb_agg(to_jsonb(m) ORDER BY m.events DESC, m.page COLLATE "C", m.referrer COLLATE "C"),
          '[]'
        )
      FROM missing AS m
    )
  )
FROM shown AS s;
