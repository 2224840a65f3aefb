-- events {"figure":"revenue"}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH counted AS MATERIALIZED (
  SELECT
    c.*
  FROM (
    SELECT
      c.g,
      c.site_session_hk,
      c.value,
      c.currency
    FROM (
      SELECT
        e.site_event_hk AS g,
        e.site_session_hk,
        c.value,
        c.currency,
        (
          TRUE
        ) AS is_chosen,
        ROW_NUMBER() OVER (
          PARTITION BY TRUE, business.conversion_identity(
            e.event_type,
            e.transaction_id,
            e.site_session_hk,
            e.transaction_funnel_step,
            e.site_event_hk,
            e.event_value,
            c.is_refund
          )
          ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk
        ) = 1 AS is_first,
        c.is_refund,
        e.is_visit AND NOT c.is_refund AS is_of_visit
      FROM (
        SELECT
          e.*
        FROM business.event_b AS e
        WHERE
          (
            e.tenant_hk = $5
            AND e.site_event_hk >= util.time_prefix($10)
            AND e.site_event_hk < util.time_prefix($9)
          )
          AND NOT e.is_bot
          AND (
            (
              e.event_type = $7 AND e.event_action = $8
            )
            OR (
              e.event_type = 'transaction_step'
              AND (
                e.event_action = 'refund' OR e.event_value < 0
              )
            )
          )
        OFFSET 0
      ) AS e
      CROSS JOIN LATERAL business.conversion_of(
        e.tenant_hk,
        e.event_type,
        e.event_action,
        e.event_label,
        e.event_timestamp,
        e.event_value,
        e.event_currency,
        e.is_superseded
      ) AS c
    ) AS c
    WHERE
      c.is_first AND c.is_chosen AND (
        c.currency = $6
      )
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
        trim_scale(CAST(COALESCE(SUM(c.value), 0) AS DECIMAL))
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
                trim_scale(COALESCE(n.value, d.event_value)),
                'currency',
                COALESCE(n.currency, d.event_currency),
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
