-- goals {}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH part AS MATERIALIZED (
  SELECT
    e.site_session_hk,
    e.site_visitor_hk,
    e.is_visit,
    COUNT(*) AS events,
    SUM(e.event_value) FILTER(WHERE
      e.event_currency = $6) AS told,
    e.event_action AS c0,
    e.site_page_hk AS c1
  FROM business.event_b AS e
  WHERE
    (
      e.tenant_hk = $7
      AND e.site_event_hk >= util.time_prefix($9)
      AND e.site_event_hk < util.time_prefix($8)
    )
    AND NOT e.is_bot
  GROUP BY
    e.site_session_hk,
    e.site_visitor_hk,
    e.is_visit,
    e.event_action,
    e.site_page_hk
), goal AS (
  SELECT
    g.number,
    g.goal,
    g.filter,
    g.value,
    g.is_worth
  FROM UNNEST(CAST($1 AS INT[]), CAST($2 AS TEXT[]), CAST($3 AS TEXT[]), CAST($4 AS DECIMAL[]), CAST($5 AS BOOLEAN[])) AS g(number, goal, filter, value, is_worth)
), called AS MATERIALIZED (
  SELECT
    p.*,
    CAST(ARRAY[CAST(p.c0 AS TEXT), CAST(p.c1 AS TEXT)] AS TEXT[]) AS kind
  FROM part AS p
), kind AS MATERIALIZED (
  SELECT
    p.kind,
    ARRAY_REMOVE(
      CAST(ARRAY[
        CASE WHEN p.c0 = ANY(
          $10
        ) THEN 0 END,
        CASE WHEN p.c1 = ANY(
          $11
        ) THEN 1 END
      ] AS INT[]),
      NULL
    ) AS met
  FROM (
    SELECT DISTINCT ON (p.kind)
      p.*
    FROM called AS p
  ) AS p
), by_visit AS (
  SELECT
    u.number,
    p.site_session_hk,
    p.site_visitor_hk,
    p.is_visit,
    SUM(p.events) AS events,
    SUM(p.told) AS told
  FROM called AS p
  JOIN kind AS k
    ON k.kind = p.kind
  CROSS JOIN LATERAL UNNEST(k.met) AS u(number)
  GROUP BY
    1,
    2,
    3,
    4
), reached AS (
  SELECT
    b.number,
    SUM(b.events) AS events,
    COUNT(*) FILTER(WHERE
      b.is_visit) AS visits,
    COUNT(DISTINCT b.site_visitor_hk) AS visitors,
    SUM(b.told) AS told
  FROM by_visit AS b
  GROUP BY
    b.number
), visit AS (
  SELECT
    COUNT(*) AS visits
  FROM (
    SELECT DISTINCT
      p.site_session_hk
    FROM part AS p
    WHERE
      p.is_visit
  ) AS v
)
SELECT
  jsonb_build_object(
    'goals',
    COALESCE(
      jsonb_agg(
        jsonb_build_object(
          'goal',
          g.goal,
          'filter',
          g.filter,
          'events',
          COALESCE(r.events, 0),
          'visits',
          COALESCE(r.visits, 0),
          'visitors',
          COALESCE(r.visitors, 0),
          'conversion_rate',
          COALESCE(ROUND(100.0 * r.visits / NULLIF(v.visits, 0), 2), 0),
          'value',
          trim_scale(
            COALESCE(
              CASE WHEN g.value IS NULL THEN r.told WHEN g.is_worth THEN g.value * r.events END,
              0
            )
          )
        ) ORDER BY g.number
      ),
      '[]'
    ),
    'visits',
    (
      SELECT
        v.visits
      FROM visit AS v
    )
  )
FROM goal AS g
CROSS JOIN visit AS v
LEFT JOIN reached AS r
  ON r.number = g.number;
