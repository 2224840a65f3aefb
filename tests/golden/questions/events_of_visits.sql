-- events {"figure":"visits"}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH counted AS MATERIALIZED (
  SELECT
    c.*
  FROM (
    SELECT DISTINCT ON (e.site_session_hk)
      e.site_event_hk AS g,
      e.site_session_hk
    FROM business.event_b AS e
    WHERE
      (
        e.tenant_hk = $5
        AND e.site_event_hk >= util.time_prefix($7)
        AND e.site_event_hk < util.time_prefix($6)
      )
      AND NOT e.is_bot
      AND e.is_visit
    ORDER BY
      e.site_session_hk,
      e.event_timestamp,
      e.raw_event_id,
      e.site_event_hk
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
