-- breakdown {"dimension":"page","across":"device","metrics":["page_views","bounce_rate","revenue"]}
-- rollups: figures of days: no: not its measures are rolled up by its dimension
-- visit columns: visits of months that are over, in files: no: not by properties of visits, or by none
-- visits: visits of days: no: not by properties of visits, or by none
-- columns: events of months that are over, in files: no: not of months whose columns are in files
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
            SUM(b.page_views) AS page_views,
            COUNT(*) FILTER(WHERE
              b.has_begun) AS begun,
            COUNT(*) FILTER(WHERE
              b.has_begun AND b.is_bounce) AS bounces
          FROM (
            SELECT
              CAST(ARRAY[ENCODE(e.site_page_hk, 'hex'), e.device_type] AS TEXT[]) AS g,
              e.site_session_hk,
              CAST(NULL AS BYTEA) AS site_visitor_hk,
              BOOL_OR(e.is_visit) AS is_visit,
              COUNT(*) AS events,
              COUNT(*) FILTER(WHERE
                e.event_type = 'page_view') AS page_views,
              BOOL_OR(
                v.start_day BETWEEN $4 AND $5
                AND v.entry_page_hk IS NOT DISTINCT FROM e.site_page_hk
              ) AS has_begun,
              BOOL_OR(v.is_bounce) AS is_bounce
            FROM business.event_b AS e
            JOIN business.visit_b AS v
              ON v.site_session_hk = e.site_session_hk AND v.day = e.day
            WHERE
              (
                e.tenant_hk = $6
                AND e.site_event_hk >= util.time_prefix($10)
                AND e.site_event_hk < util.time_prefix($9)
              )
              AND NOT e.is_bot
              AND (
                CAST(ARRAY[ENCODE(e.site_page_hk, 'hex'), e.device_type] AS TEXT[])
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
          COALESCE(SUM(b.begun), 0) AS begun,
          COALESCE(SUM(b.bounces), 0) AS bounces
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
            CAST(ARRAY[ENCODE(e.site_page_hk, 'hex'), e.device_type] AS TEXT[]) AS g,
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
                e.tenant_hk = $6
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
      (
        SELECT
          h.site_page_bk
        FROM business.site_page_h AS h
        WHERE
          h.site_page_hk = DECODE(f.g[1], 'hex')
      ) AS name,
      f.g[2] AS across
    FROM f
  ) AS f
), ranked AS (
  SELECT
    f.*,
    CAST((
      COALESCE(f.page_views, 0)
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
    f.name COLLATE "C",
    f.across COLLATE "C"
  LIMIT $1 + 1
  OFFSET $2
), numbered AS (
  SELECT
    f.*,
    ROW_NUMBER() OVER (ORDER BY f.rank DESC NULLS LAST, f.name COLLATE "C", f.across COLLATE "C") AS position
  FROM shown AS f
)
SELECT
  jsonb_build_object(
    'rows',
    COALESCE(
      jsonb_agg(
        jsonb_build_object('value', f.name, 'across', f.across) || jsonb_build_object(
          'page_views',
          COALESCE(f.page_views, 0),
          'bounce_rate',
          COALESCE(ROUND(CAST((
            100 * f.bounces
          ) AS DECIMAL) / NULLIF(f.begun, 0), 2), 0),
          'revenue',
          COALESCE(trim_scale(f.revenue), 0)
        ) ORDER BY f.position
      ) FILTER(WHERE
        f.position <= $1),
      '[]'
    ) || CASE WHEN COUNT(*) > $1 THEN '[]' ELSE CAST('[]' AS JSONB) END,
    'nextCursor',
    CASE WHEN COUNT(*) > $1 THEN $2 + $1 END
  )
FROM numbered AS f;
