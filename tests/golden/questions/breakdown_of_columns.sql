-- breakdown {"dimension":"page","metrics":["visitors","revenue"]}
-- rollups: figures of days: no: not its measures are rolled up by its dimension
-- visit columns: visits of months that are over, in files: no: not by properties of visits, or by none
-- visits: visits of days: no: not by properties of visits, or by none
-- columns: events of months that are over, in files: taken
-- events: events: would cost more
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH by_visitor AS (SELECT b.* FROM (SELECT e.site_page_hk AS g, e.site_visitor_hk AS site_visitor_hk, COUNT(*) AS events FROM (SELECT f.is_bot, f.site_page_hk, f.site_visitor_hk FROM READ_PARQUET($1) AS f WHERE f.tenant_hk = $3 AND f.site_event_hk >= $4 AND f.site_event_hk < $2 UNION ALL SELECT f.is_bot, f.site_page_hk, f.site_visitor_hk FROM streamed_events AS f) AS e WHERE NOT e.is_bot GROUP BY 1, 2) AS b), by_group AS (SELECT b.g, COALESCE(SUM(b.events), 0) AS events, COUNT(b.site_visitor_hk) AS visitors FROM by_visitor AS b GROUP BY b.g) SELECT b.* FROM by_group AS b;

WITH f AS (
  SELECT
    f.*
  FROM (
    SELECT
      b.*,
      COALESCE(o.revenue, 0) AS revenue
    FROM (
      SELECT
        u.*
      FROM (
        SELECT
          u.*
        FROM json_to_recordset(CAST($4 AS JSON)) AS u(g BYTEA, events DECIMAL, visitors DECIMAL)
      ) AS u
      WHERE
        u.g IS NOT NULL
    ) AS b
    LEFT JOIN (
      SELECT
        o.g,
        SUM(o.value) FILTER(WHERE
          o.is_first AND o.currency = $3) AS revenue
      FROM (
        SELECT
          c.*
        FROM (
          SELECT
            e.site_page_hk AS g,
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
                AND e.site_event_hk >= util.time_prefix($9)
                AND e.site_event_hk < util.time_prefix($8)
              )
              AND NOT e.is_bot
              AND (
                (
                  e.event_type = $6 AND e.event_action = $7
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
          c.is_chosen
      ) AS o
      GROUP BY
        o.g
    ) AS o
      ON (
        o.g = b.g
      )
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
        jsonb_build_object('value', f.name) || jsonb_build_object('visitors', COALESCE(f.visitors, 0), 'revenue', COALESCE(trim_scale(f.revenue), 0)) ORDER BY f.position
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
              '{"value": null}' || jsonb_build_object('visitors', COALESCE(f.visitors, 0), 'revenue', COALESCE(trim_scale(f.revenue), 0))
            ),
            '[]'
          )
        FROM (
          SELECT
            b.*,
            COALESCE(o.revenue, 0) AS revenue
          FROM (
            SELECT
              u.*
            FROM (
              SELECT
                u.*
              FROM json_to_recordset(CAST($4 AS JSON)) AS u(g BYTEA, events DECIMAL, visitors DECIMAL)
            ) AS u
            WHERE
              u.g IS NULL
          ) AS b
          LEFT JOIN (
            SELECT
              o.g,
              SUM(o.value) FILTER(WHERE
                o.is_first AND o.currency = $3) AS revenue
            FROM (
              SELECT
                c.*
              FROM (
                SELECT
                  e.site_page_hk AS g,
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
                      AND e.site_event_hk >= util.time_prefix($9)
                      AND e.site_event_hk < util.time_prefix($8)
                    )
                    AND NOT e.is_bot
                    AND (
                      (
                        e.event_type = $6 AND e.event_action = $7
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
                c.is_chosen
            ) AS o
            GROUP BY
              o.g
          ) AS o
            ON (
              o.g IS NULL
            )
        ) AS f
      )
    END,
    'nextCursor',
    CASE WHEN COUNT(*) > $1 THEN $2 + $1 END
  )
FROM numbered AS f;
