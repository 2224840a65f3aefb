-- sessions {"asOf":"2026-11-23T12:00:00+00:00"}
-- visits: visits of days: no: not asked as of now
-- events: events: no: not asked as of now
-- vault: events as the vault knew them at a load date: taken

WITH page AS MATERIALIZED (
  SELECT
    p.site_session_hk,
    MIN(p.first) AS first
  FROM (
    SELECT
      e.site_session_hk,
      e.event_timestamp AS first
    FROM business.events_as_of($4, $5, $6, $7) AS e
    WHERE
      (
        e.tenant_hk = $4
        AND e.site_event_hk >= util.time_prefix($5)
        AND e.site_event_hk < util.time_prefix($6)
      )
      AND NOT e.is_bot
      AND e.is_visit
  ) AS p
  GROUP BY
    p.site_session_hk
  HAVING
    TRUE
  ORDER BY
    MIN(p.first) DESC,
    p.site_session_hk
  LIMIT $1 + 1
  OFFSET $2
), event AS MATERIALIZED (
  SELECT
    o.first AS found,
    e.site_session_hk,
    e.site_visitor_hk,
    e.site_event_hk,
    e.site_page_hk,
    e.event_timestamp,
    e.raw_event_id,
    e.event_type,
    e.event_action,
    e.source,
    business.channel_of(v.channel_name, e.channel) AS channel,
    e.device_type,
    e.country,
    v.browser_name,
    v.operating_system,
    v.is_bounce,
    v.duration_seconds,
    v.entry_page_hk,
    v.exit_page_hk
  FROM page AS o
  JOIN business.events_as_of($4, $5, $6, $7) AS e
    ON e.site_session_hk = o.site_session_hk
  CROSS JOIN LATERAL (
    SELECT
      e.*
  ) AS v
  WHERE
    (
      e.tenant_hk = $4
      AND e.site_event_hk >= util.time_prefix($5)
      AND e.site_event_hk < util.time_prefix($6)
    )
    AND NOT e.is_bot
), visit AS (
  SELECT
    e.site_session_hk,
    e.site_visitor_hk,
    e.found,
    MIN(e.event_timestamp) AS first,
    MAX(e.event_timestamp) AS last,
    COUNT(*) AS events,
    COUNT(*) FILTER(WHERE
      e.event_type = 'page_view') AS page_views,
    MIN(e.source) AS source,
    MIN(e.channel) AS channel,
    MIN(e.device_type) AS device,
    MIN(e.country) AS country,
    MIN(e.browser_name) AS browser,
    MIN(e.operating_system) AS os,
    BOOL_OR(e.is_bounce) AS is_bounce,
    MAX(e.duration_seconds) AS duration_seconds,
    MIN(ENCODE(e.entry_page_hk, 'hex')) AS entry_page,
    MIN(ENCODE(e.exit_page_hk, 'hex')) AS exit_page
  FROM event AS e
  GROUP BY
    1,
    2,
    3
), read AS (
  SELECT
    w.g AS site_session_hk,
    SUM(w.seconds) AS seconds,
    ROUND(CAST(AVG(w.depth) AS DECIMAL), 1) AS depth
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
        e.site_session_hk AS g,
        e.site_page_hk,
        e.site_session_hk,
        e.site_event_hk,
        e.event_type = 'page_view' AS is_view,
        COUNT(*) FILTER(WHERE
          e.event_type = 'page_view') OVER (
          PARTITION BY e.site_session_hk
          ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk
        ) AS view_number
      FROM (
        SELECT
          e.*
        FROM event AS e
      ) AS e
      WHERE
        e.event_type = 'page_view'
        OR e.event_type = 'engagement'
        AND e.event_action = 'attention'
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
  ) AS w
  GROUP BY
    w.g
), numbered AS (
  SELECT
    v.*,
    r.seconds,
    r.depth,
    ROW_NUMBER() OVER (ORDER BY v.found DESC, v.site_session_hk) AS position
  FROM visit AS v
  LEFT JOIN read AS r
    ON r.site_session_hk = v.site_session_hk
)
SELECT
  jsonb_build_object(
    'sessions',
    COALESCE(
      jsonb_agg(
        jsonb_build_object(
          'session',
          ENCODE(n.site_session_hk, 'hex'),
          'visitor',
          ENCODE(n.site_visitor_hk, 'hex'),
          'start',
          api.local_moment(n.first, $8),
          'end',
          api.local_moment(n.last, $8),
          'events',
          n.events,
          'page_views',
          n.page_views,
          'duration_seconds',
          n.duration_seconds,
          'engaged_time',
          n.seconds,
          'scroll_depth',
          n.depth,
          'is_bounce',
          n.is_bounce,
          'source',
          n.source,
          'channel',
          n.channel,
          'device',
          n.device,
          'browser',
          n.browser,
          'os',
          n.os,
          'country',
          n.country,
          'entry_page',
          (
            SELECT
              h.site_page_bk
            FROM business.site_page_h AS h
            WHERE
              h.site_page_hk = DECODE(n.entry_page, 'hex')
          ),
          'exit_page',
          (
            SELECT
              h.site_page_bk
            FROM business.site_page_h AS h
            WHERE
              h.site_page_hk = DECODE(n.exit_page, 'hex')
          )
        ) ORDER BY n.position
      ) FILTER(WHERE
        n.position <= $1),
      '[]'
    ),
    'nextCursor',
    CASE
      WHEN COUNT(*) > $1
      THEN CONCAT_WS(
        '~',
        $3 + $1,
        CAST((
          EXTRACT(EPOCH FROM MAX(n.found) FILTER(WHERE
            n.position = $1)) * 1000000
        ) AS BIGINT),
        MAX(ENCODE(n.site_session_hk, 'hex')) FILTER(WHERE
          n.position = $1)
      )
    END
  )
FROM numbered AS n;
