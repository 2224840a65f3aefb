-- events {"figure":"retention","cohort":"2026-11-02","period":1}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH counted AS MATERIALIZED (
  SELECT
    c.*
  FROM (
    SELECT
      o.g,
      o.site_session_hk
    FROM (
      SELECT
        f.*,
        MIN(f.period) OVER (PARTITION BY f.site_visitor_hk) AS first_period
      FROM (
        SELECT DISTINCT ON (
          e.site_visitor_hk,
          CAST(DATE_TRUNC('WEEK', CAST((
            e.day
          ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0
        )
          e.site_visitor_hk,
          CAST(DATE_TRUNC('WEEK', CAST((
            e.day
          ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0 AS period,
          e.site_event_hk AS g,
          e.site_session_hk
        FROM business.event_b AS e
        WHERE
          (
            e.tenant_hk = $5
            AND e.site_event_hk >= util.time_prefix($9)
            AND e.site_event_hk < util.time_prefix($8)
          )
          AND NOT e.is_bot
          AND e.site_visitor_hk IS NOT NULL
        ORDER BY
          e.site_visitor_hk,
          CAST(DATE_TRUNC('WEEK', CAST((
            e.day
          ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0,
          e.event_timestamp,
          e.raw_event_id,
          e.site_event_hk
      ) AS f
    ) AS o
    WHERE
      o.first_period = (
        CAST(DATE_TRUNC('WEEK', CAST((
          CAST($7 AS DATE)
        ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0
      )
      AND o.period = CAST((
        (
          CAST(DATE_TRUNC('WEEK', CAST((
            CAST($7 AS DATE)
          ) AS TIMESTAMP) + 0 * INTERVAL '1 DAY') AS DATE) - 0
        ) + $6 * INTERVAL '1 week'
      ) AS DATE)
  ) AS c
), shown AS (
  SELECT
    c.*
  FROM counted AS c
  WHERE
    TRUE
  ORDER BY
    c.g DESC
  LIMIT $2 + 1
  OFFSET $1
), numbered AS (
  SELECT
    s.*,
    ROW_NUMBER() OVER (ORDER BY s.g DESC) AS position
  FROM shown AS s
)
SELECT
  jsonb_build_object(
    'figure',
    (
      SELECT
        trim_scale(CAST(COALESCE(COUNT(*), 0) AS DECIMAL))
      FROM counted AS c
    ),
    'rows',
    (
      SELECT
        COALESCE(
          jsonb_agg(
            jsonb_strip_nulls(
              jsonb_build_object(
                'event',
                ENCODE(d.site_event_hk, 'hex'),
                'time',
                api.local_moment(d.event_timestamp, $4),
                'type',
                d.event_type,
                'action',
                d.event_action,
                'label',
                d.event_label,
                'value',
                trim_scale(COALESCE(CAST(NULL AS DECIMAL), d.event_value)),
                'currency',
                COALESCE(NULL, d.event_currency),
                'page',
                h.site_page_bk,
                'session',
                ENCODE(n.site_session_hk, 'hex'),
                'raw_event_id',
                d.raw_event_id,
                'load_date',
                d.load_date,
                'hash',
                ENCODE(d.hash_diff, 'hex')
              )
            ) ORDER BY n.position
          ),
          '[]'
        )
      FROM numbered AS n
      JOIN business.site_event_details_s AS d
        ON d.site_event_hk = n.g
      LEFT JOIN LATERAL (
        SELECT
          b.site_page_hk
        FROM business.event_b AS b
        WHERE
          b.tenant_hk = $5 AND b.site_event_hk = n.g
        LIMIT 1
      ) AS b
        ON TRUE
      LEFT JOIN business.site_page_h AS h
        ON h.site_page_hk = b.site_page_hk
      WHERE
        n.position <= $2
    ),
    'nextCursor',
    (
      SELECT
        CASE
          WHEN COUNT(*) > $2
          THEN CONCAT_WS('~', $3 + $2, MAX(ENCODE(n.g, 'hex')) FILTER(WHERE
            n.position = $2))
        END
      FROM numbered AS n
    )
  );
