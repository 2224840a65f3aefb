-- realtime {}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH event AS MATERIALIZED (
  SELECT
    e.*,
    v.referrer_host
  FROM business.event_b AS e
  JOIN business.visit_b AS v
    ON v.site_session_hk = e.site_session_hk AND v.day = e.day
  WHERE
    (
      e.tenant_hk = $5
      AND e.site_event_hk >= util.time_prefix($3)
      AND e.site_event_hk < util.time_prefix($2)
    )
    AND NOT e.is_bot
    AND (
      e.event_timestamp >= $3 AND e.event_timestamp < $2
    )
), page AS (
  SELECT
    h.site_page_bk AS name,
    COUNT(DISTINCT e.site_visitor_hk) AS visitors,
    COUNT(*) AS views
  FROM event AS e
  JOIN business.site_page_h AS h
    ON h.site_page_hk = e.site_page_hk
  WHERE
    e.event_type = 'page_view'
  GROUP BY
    1
  ORDER BY
    COUNT(*) DESC,
    h.site_page_bk COLLATE "C"
  LIMIT $1
), source AS (
  SELECT
    e.source AS name,
    COUNT(DISTINCT e.site_session_hk) AS visits
  FROM event AS e
  WHERE
    e.source IS NOT NULL AND e.is_visit
  GROUP BY
    1
  ORDER BY
    COUNT(DISTINCT e.site_session_hk) DESC,
    e.source COLLATE "C"
  LIMIT $1
), latest AS (
  SELECT
    e.*
  FROM event AS e
  ORDER BY
    e.event_timestamp DESC,
    e.raw_event_id DESC,
    e.site_event_hk
  LIMIT $1
)
SELECT
  jsonb_build_object(
    'visitors_5_minutes',
    (
      SELECT
        COUNT(DISTINCT e.site_visitor_hk)
      FROM event AS e
      WHERE
        e.event_timestamp >= $2 - INTERVAL '5 MINUTES'
    ),
    'visitors_30_minutes',
    (
      SELECT
        COUNT(DISTINCT e.site_visitor_hk)
      FROM event AS e
    ),
    'minutes',
    (
      SELECT
        jsonb_agg(
          jsonb_build_object(
            'start',
            api.local_moment(m.minute, $4),
            'page_views',
            (
              SELECT
                COUNT(*)
              FROM event AS e
              WHERE
                e.event_type = 'page_view'
                AND e.event_timestamp >= m.minute
                AND e.event_timestamp < m.minute + INTERVAL '1 MINUTE'
            )
          ) ORDER BY m.minute
        )
      FROM GENERATE_SERIES($3, $2 - INTERVAL '1 MINUTE', INTERVAL '1 MINUTE') AS m(minute)
    ),
    'pages',
    (
      SELECT
        COALESCE(
          jsonb_agg(
            jsonb_build_object('value', t.name, 'visitors', t.visitors, 'page_views', t.views) ORDER BY t.views DESC, t.name COLLATE "C"
          ),
          '[]'
        )
      FROM page AS t
    ),
    'sources',
    (
      SELECT
        COALESCE(
          jsonb_agg(
            jsonb_build_object('value', t.name, 'visits', t.visits) ORDER BY t.visits DESC, t.name COLLATE "C"
          ),
          '[]'
        )
      FROM source AS t
    ),
    'events',
    (
      SELECT
        COALESCE(
          jsonb_agg(
            api.event_line(t.site_event_hk, $4) ORDER BY t.event_timestamp DESC, t.raw_event_id DESC, t.site_event_hk
          ),
          '[]'
        )
      FROM latest AS t
    )
  );
