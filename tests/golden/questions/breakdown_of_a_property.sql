-- breakdown {"dimension":"property:plan","metrics":["events","revenue / visits"],"sort":"events"}
-- rollups: figures of days: no: not its measures are rolled up by its dimension
-- visit columns: visits of months that are over, in files: no: not by properties of visits, or by none
-- visits: visits of days: no: not by properties of visits, or by none
-- columns: events of months that are over, in files: no: not by what rows of events and visits say by themselves
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH f AS (
  SELECT
    f.*
  FROM (
    SELECT
      b.*,
      COALESCE(o.revenue, 0) AS revenue
    FROM (
      WITH by_visitor AS (
        SELECT
          b.*
        FROM (
          SELECT
            b.g,
            b.site_visitor_hk,
            SUM(b.events) AS events,
            COUNT(*) FILTER(WHERE
              b.is_visit) AS visits
          FROM (
            SELECT
              d.custom_properties ->> $4 AS g,
              e.site_session_hk,
              CAST(NULL AS BYTEA) AS site_visitor_hk,
              BOOL_OR(e.is_visit) AS is_visit,
              COUNT(*) AS events
            FROM business.event_b AS e
            LEFT JOIN LATERAL (
              SELECT
                s.custom_properties
              FROM business.site_event_details_s AS s
              WHERE
                s.site_event_hk = e.site_event_hk
              LIMIT 1
            ) AS d
              ON TRUE
            WHERE
              (
                e.tenant_hk = $5
                AND e.site_event_hk >= util.time_prefix($9)
                AND e.site_event_hk < util.time_prefix($8)
              )
              AND NOT e.is_bot
              AND (
                d.custom_properties ->> $4
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
          COALESCE(SUM(b.visits), 0) AS visits
        FROM by_visitor AS b
        GROUP BY
          b.g
      )
      SELECT
        b.*
      FROM by_group AS b
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
            d.custom_properties ->> $4 AS g,
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
          LEFT JOIN LATERAL (
            SELECT
              s.custom_properties
            FROM business.site_event_details_s AS s
            WHERE
              s.site_event_hk = e.site_event_hk
            LIMIT 1
          ) AS d
            ON TRUE
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
      f.g AS name
    FROM f
  ) AS f
), ranked AS (
  SELECT
    f.*,
    CAST((
      COALESCE(f.events, 0)
    ) AS DECIMAL) AS rank
  FROM named AS f
  WHERE
    TRUE
), shown AS (
  SELECT
    f.*
  FROM ranked AS f
  ORDER BY
    f.rank ASC,
    f.name COLLATE "C"
  LIMIT $1 + 1
  OFFSET $2
), numbered AS (
  SELECT
    f.*,
    ROW_NUMBER() OVER (ORDER BY f.rank ASC, f.name COLLATE "C") AS position
  FROM shown AS f
)
SELECT
  jsonb_build_object(
    'rows',
    COALESCE(
      jsonb_agg(
        jsonb_build_object('value', f.name) || jsonb_build_object(
          'events',
          COALESCE(f.events, 0),
          'revenue / visits',
          COALESCE(ROUND(CAST((
            f.revenue
          ) AS DECIMAL) / NULLIF(f.visits, 0), 4), 0)
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
                'events',
                COALESCE(f.events, 0),
                'revenue / visits',
                COALESCE(ROUND(CAST((
                  f.revenue
                ) AS DECIMAL) / NULLIF(f.visits, 0), 4), 0)
              )
            ),
            '[]'
          )
        FROM (
          SELECT
            b.*,
            COALESCE(o.revenue, 0) AS revenue
          FROM (
            WITH by_visitor AS (
              SELECT
                b.*
              FROM (
                SELECT
                  b.g,
                  b.site_visitor_hk,
                  SUM(b.events) AS events,
                  COUNT(*) FILTER(WHERE
                    b.is_visit) AS visits
                FROM (
                  SELECT
                    d.custom_properties ->> $4 AS g,
                    e.site_session_hk,
                    CAST(NULL AS BYTEA) AS site_visitor_hk,
                    BOOL_OR(e.is_visit) AS is_visit,
                    COUNT(*) AS events
                  FROM business.event_b AS e
                  LEFT JOIN LATERAL (
                    SELECT
                      s.custom_properties
                    FROM business.site_event_details_s AS s
                    WHERE
                      s.site_event_hk = e.site_event_hk
                    LIMIT 1
                  ) AS d
                    ON TRUE
                  WHERE
                    (
                      e.tenant_hk = $5
                      AND e.site_event_hk >= util.time_prefix($9)
                      AND e.site_event_hk < util.time_prefix($8)
                    )
                    AND NOT e.is_bot
                    AND (
                      d.custom_properties ->> $4
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
                COALESCE(SUM(b.visits), 0) AS visits
              FROM by_visitor AS b
              GROUP BY
                b.g
            )
            SELECT
              b.*
            FROM by_group AS b
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
                  d.custom_properties ->> $4 AS g,
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
                LEFT JOIN LATERAL (
                  SELECT
                    s.custom_properties
                  FROM business.site_event_details_s AS s
                  WHERE
                    s.site_event_hk = e.site_event_hk
                  LIMIT 1
                ) AS d
                  ON TRUE
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
