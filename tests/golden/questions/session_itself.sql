-- session {"session":"5b3628547b3231e6b59f2517386bd6d8c5189ff9"}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

SELECT
  jsonb_build_array(MIN(v.day), MAX(v.day))
FROM business.visit_b AS v
WHERE
  v.tenant_hk = $1 AND v.site_session_hk = $2;

WITH page AS MATERIALIZED (
  SELECT
    p.site_session_hk,
    MIN(p.first) AS first
  FROM (
    SELECT
      CAST($5 AS BYTEA) AS site_session_hk,
      CAST(NULL AS TIMESTAMPTZ) AS first
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
  CROSS JOIN LATERAL business.visit_bridge(o.site_session_hk) AS e
  JOIN business.visit_b AS v
    ON v.site_session_hk = e.site_session_hk AND v.day = e.day
  WHERE
    (
      e.tenant_hk = $6
      AND e.site_event_hk >= util.time_prefix($8)
      AND e.site_event_hk < util.time_prefix($7)
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
          api.local_moment(n.first, $4),
          'end',
          api.local_moment(n.last, $4),
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

WITH event AS (
  SELECT
    e.*
  FROM business.event_b AS e
  WHERE
    (
      e.tenant_hk = $3
      AND e.site_event_hk >= util.time_prefix($5)
      AND e.site_event_hk < util.time_prefix($4)
    )
    AND NOT e.is_bot
    AND e.site_session_hk = $1
)
SELECT
  jsonb_build_object(
    'events',
    COALESCE(
      jsonb_agg(
        jsonb_strip_nulls(
          jsonb_build_object(
            'event',
            ENCODE(e.site_event_hk, 'hex'),
            'time',
            api.local_moment(e.event_timestamp, $2),
            'type',
            e.event_type,
            'category',
            e.event_category,
            'action',
            e.event_action,
            'label',
            e.event_label,
            'value',
            trim_scale(e.event_value),
            'currency',
            e.event_currency,
            'page',
            h.site_page_bk,
            'title',
            s.page_title,
            'item',
            t.business_item_bk,
            'transaction',
            e.transaction_id,
            'funnel_step',
            e.transaction_funnel_step,
            'is_bot',
            NULLIF(e.is_bot, FALSE),
            'time_on_page',
            s.time_on_page,
            'scroll_depth',
            s.scroll_depth
          )
        ) || CASE
          WHEN s.custom_properties IS NULL
          THEN '{}'
          ELSE jsonb_build_object('properties', s.custom_properties)
        END ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk
      ),
      '[]'
    )
  )
FROM event AS e
LEFT JOIN business.site_page_h AS h
  ON h.site_page_hk = e.site_page_hk
LEFT JOIN business.business_item_h AS t
  ON t.business_item_hk = e.business_item_hk
LEFT JOIN LATERAL (
  SELECT
    s.page_title,
    s.custom_properties,
    s.time_on_page,
    s.scroll_depth
  FROM business.site_event_details_s AS s
  WHERE
    s.site_event_hk = e.site_event_hk
  LIMIT 1
) AS s
  ON TRUE;

SELECT
  jsonb_build_object(
    'consent',
    COALESCE(
      jsonb_agg(
        jsonb_strip_nulls(
          jsonb_build_object(
            'state',
            n.consent_state,
            'purposes',
            n.purposes,
            'version',
            n.text_version,
            'at',
            api.local_moment(n.consented_at, $2),
            'stated_at',
            api.local_moment(n.stated_at, $2),
            'event',
            ENCODE(n.site_event_hk, 'hex')
          )
        ) ORDER BY n.stated_at, n.raw_event_id
      ),
      '[]'
    )
  )
FROM business.visit_consents($1, NULL) AS n;
