-- items {}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH met AS (
  SELECT
    e.business_item_hk AS g,
    e.site_session_hk,
    e.is_visit,
    COUNT(*) FILTER(WHERE
      e.event_type = 'item_interaction') AS interactions,
    COUNT(*) FILTER(WHERE
      e.event_type = 'item_interaction' AND e.event_action = 'view') AS views
  FROM business.event_b AS e
  WHERE
    (
      e.tenant_hk = $4
      AND e.site_event_hk >= util.time_prefix($6)
      AND e.site_event_hk < util.time_prefix($5)
    )
    AND NOT e.is_bot
    AND e.business_item_hk IS NOT NULL
  GROUP BY
    1,
    2,
    3
), item AS (
  SELECT
    m.g,
    SUM(m.interactions) AS interactions,
    SUM(m.views) AS views,
    COUNT(*) FILTER(WHERE
      m.is_visit) AS visits
  FROM met AS m
  GROUP BY
    m.g
), worth AS (
  SELECT
    c.g,
    COUNT(*) FILTER(WHERE
      NOT c.is_refund) AS conversions,
    COALESCE(SUM(c.value) FILTER(WHERE
      c.currency = $3), 0) AS value
  FROM (
    SELECT
      e.business_item_hk AS g,
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
          e.tenant_hk = $4
          AND e.site_event_hk >= util.time_prefix($6)
          AND e.site_event_hk < util.time_prefix($5)
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
    c.is_first AND c.is_chosen
  GROUP BY
    c.g
), ranked AS (
  SELECT
    h.business_item_bk AS item,
    i.*,
    COALESCE(w.conversions, 0) AS conversions,
    COALESCE(w.value, 0) AS value,
    ROW_NUMBER() OVER (ORDER BY i.interactions DESC, h.business_item_bk COLLATE "C") AS position
  FROM item AS i
  JOIN business.business_item_h AS h
    ON h.business_item_hk = i.g
  LEFT JOIN worth AS w
    ON w.g = i.g
), shown AS (
  SELECT
    r.*
  FROM ranked AS r
  ORDER BY
    r.position
  LIMIT $1 + 1
  OFFSET $2
)
SELECT
  jsonb_build_object(
    'rows',
    COALESCE(
      jsonb_agg(
        jsonb_build_object(
          'item',
          s.item,
          'name',
          n.item_name,
          'views',
          s.views,
          'interactions',
          s.interactions,
          'visits',
          s.visits,
          'conversions',
          s.conversions,
          'value',
          trim_scale(s.value)
        ) ORDER BY s.position
      ) FILTER(WHERE
        s.position <= $2 + $1),
      '[]'
    ),
    'nextCursor',
    CASE WHEN COUNT(*) > $1 THEN $2 + $1 END
  )
FROM shown AS s
LEFT JOIN LATERAL (
  SELECT
    COALESCE(
      (
        SELECT
          d.item_name
        FROM business.business_item_details_s AS d
        WHERE
          d.business_item_hk = s.g AND d.load_end_date IS NULL
        LIMIT 1
      ),
      (
        SELECT
          b.item_name
        FROM business.event_b AS b
        WHERE
          b.tenant_hk = $4
          AND b.business_item_hk = s.g
          AND b.item_name IS NOT NULL
          AND b.site_event_hk >= util.time_prefix($6)
          AND b.site_event_hk < util.time_prefix($5)
        ORDER BY
          b.site_event_hk DESC
        LIMIT 1
      )
    ) AS item_name
) AS n
  ON TRUE;
