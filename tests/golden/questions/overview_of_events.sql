-- overview {"filter":"page==/blog;property:plan!=free"}
-- rollups: figures of days: no: not without a filter
-- visit columns: visits of months that are over, in files: no: not filtered by properties of visits, or not at all
-- visits: visits of days: no: not filtered by properties of visits, or not at all
-- columns: events of months that are over, in files: no: not by what rows of events and visits say by themselves
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH found AS MATERIALIZED (
  SELECT
    '' AS g,
    e.site_session_hk,
    c.value,
    c.currency,
    (
      e.site_page_hk = ANY(
        $1
      )
      AND NOT (
        (
          d.custom_properties ->> $3
        ) = ANY(
          $4
        )
      ) IS TRUE
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
)
SELECT
  jsonb_build_object(
    'metrics',
    jsonb_build_object(
      'visitors',
      COALESCE(f.visitors, 0),
      'visits',
      COALESCE(f.visits, 0),
      'page_views',
      COALESCE(f.page_views, 0),
      'views_without_visit',
      COALESCE(f.views_without_visit, 0),
      'views_per_visit',
      COALESCE(
        ROUND(
          CAST((
            f.page_views - f.views_without_visit
          ) AS DECIMAL) / NULLIF(f.visits, 0),
          2
        ),
        0
      ),
      'bounce_rate',
      COALESCE(ROUND(CAST((
        100 * f.bounces
      ) AS DECIMAL) / NULLIF(f.begun, 0), 2), 0),
      'visit_duration',
      COALESCE(ROUND(CAST((
        f.duration_seconds
      ) AS DECIMAL) / NULLIF(f.begun, 0), 2), 0),
      'events',
      COALESCE(f.events, 0),
      'conversions',
      COALESCE(trim_scale(f.conversions), 0),
      'conversion_rate',
      COALESCE(ROUND(CAST((
        100 * f.converted
      ) AS DECIMAL) / NULLIF(f.visits, 0), 2), 0),
      'revenue',
      COALESCE(trim_scale(f.revenue), 0),
      'refunds',
      COALESCE(trim_scale(f.refunds), 0)
    ),
    'revenue_by_currency',
    (
      SELECT
        COALESCE(JSONB_OBJECT_AGG(c.currency, trim_scale(c.revenue)), '{}')
      FROM (
        SELECT
          c.currency,
          SUM(c.value) AS revenue
        FROM (
          SELECT
            c.*
          FROM found AS c
        ) AS c
        WHERE
          c.is_first AND c.is_chosen AND c.currency IS NOT NULL
        GROUP BY
          c.currency
      ) AS c
      WHERE
        c.revenue <> 0
    )
  )
FROM (
  SELECT
    1
) AS one
LEFT JOIN (
  SELECT
    b.*,
    COALESCE(o.conversions, 0) AS conversions,
    COALESCE(o.converted, 0) AS converted,
    COALESCE(o.revenue, 0) AS revenue,
    COALESCE(o.refunds, 0) AS refunds
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
            b.is_visit) AS visits,
          SUM(b.page_views) FILTER(WHERE
            NOT b.is_visit) AS views_without_visit,
          COUNT(*) FILTER(WHERE
            b.has_begun) AS begun,
          COUNT(*) FILTER(WHERE
            b.has_begun AND b.is_bounce) AS bounces,
          SUM(b.duration_seconds) FILTER(WHERE
            b.has_begun) AS duration_seconds
        FROM (
          SELECT
            '' AS g,
            e.site_session_hk,
            e.site_visitor_hk AS site_visitor_hk,
            BOOL_OR(e.is_visit) AS is_visit,
            COUNT(*) AS events,
            COUNT(*) FILTER(WHERE
              e.event_type = 'page_view') AS page_views,
            BOOL_OR(v.start_day BETWEEN $10 AND $11) AS has_begun,
            BOOL_OR(v.is_bounce) AS is_bounce,
            MAX(v.duration_seconds) AS duration_seconds
          FROM business.event_b AS e
          JOIN business.visit_b AS v
            ON v.site_session_hk = e.site_session_hk AND v.day = e.day
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
              e.site_page_hk = ANY(
                $1
              )
              AND NOT (
                (
                  d.custom_properties ->> $3
                ) = ANY(
                  $4
                )
              ) IS TRUE
            )
            AND (
              ''
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
        COALESCE(SUM(b.visits), 0) AS visits,
        COUNT(b.site_visitor_hk) AS visitors,
        COALESCE(SUM(b.views_without_visit), 0) AS views_without_visit,
        COALESCE(SUM(b.begun), 0) AS begun,
        COALESCE(SUM(b.bounces), 0) AS bounces,
        COALESCE(SUM(b.duration_seconds), 0) AS duration_seconds
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
      COUNT(*) FILTER(WHERE
        o.is_first AND NOT o.is_refund) AS conversions,
      COUNT(DISTINCT o.site_session_hk) FILTER(WHERE
        o.is_of_visit) AS converted,
      SUM(o.value) FILTER(WHERE
        o.is_first AND o.currency = $2) AS revenue,
      -SUM(o.value) FILTER(WHERE
        o.is_refund AND o.currency = $2) AS refunds
    FROM (
      SELECT
        c.*
      FROM (
        SELECT
          c.*
        FROM found AS c
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
  ON TRUE;
