-- funnel {"steps":["page==/cart","event_action==complete"],"dimension":"country"}
-- columns: events of months that are over, in files: taken
-- events: events: would cost more
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH reached AS MATERIALIZED (SELECT r.* FROM (SELECT s.actor, MIN(s.t) FILTER(WHERE s.s1 IS NOT NULL) AS t1, MIN(s.t) FILTER(WHERE s.s2 IS NOT NULL) AS t2, (ARRAY_AGG(s.g ORDER BY s.t, s.o, s.hk) FILTER(WHERE s.m1))[1] AS g FROM (SELECT e.*, CASE WHEN e.m2 AND e.t - MAX(e.s1) OVER w <= $1 * INTERVAL '1' MINUTE THEN MAX(e.s1) OVER w END AS s2 FROM (SELECT e.*, CASE WHEN e.m1 THEN e.t END AS s1 FROM (SELECT e.site_session_hk AS actor, e.event_timestamp AS t, e.raw_event_id AS o, e.site_event_hk AS hk, e.site_session_hk AS visit, e.country AS g, (e.site_page_hk = ANY($2)) IS TRUE AS m1, (e.event_action = ANY($3)) IS TRUE AS m2 FROM (SELECT f.country, f.event_action, f.event_timestamp, f.is_bot, f.is_visit, f.raw_event_id, f.site_event_hk, f.site_page_hk, f.site_session_hk FROM READ_PARQUET($4) AS f WHERE f.tenant_hk = $6 AND f.site_event_hk >= $7 AND f.site_event_hk < $5 UNION ALL SELECT f.country, f.event_action, f.event_timestamp, f.is_bot, f.is_visit, f.raw_event_id, f.site_event_hk, f.site_page_hk, f.site_session_hk FROM streamed_events AS f) AS e WHERE NOT e.is_bot AND (e.is_visit AND (e.site_page_hk = ANY($2) OR e.event_action = ANY($3)))) AS e) AS e WINDOW w AS (PARTITION BY e.actor ORDER BY e.t, e.o, e.hk ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS s GROUP BY s.actor) AS r) SELECT TRUE AS is_all, NULL AS g, COUNT(r.t1) AS n1, quantile_cont(epoch_us(r.t1) - epoch_us(r.t1), 0.5) FILTER(WHERE r.t1 IS NOT NULL) AS m1, COUNT(r.t2) AS n2, quantile_cont(epoch_us(r.t2) - epoch_us(r.t1), 0.5) FILTER(WHERE r.t2 IS NOT NULL) AS m2 FROM reached AS r UNION ALL SELECT FALSE AS is_all, r.g, COUNT(r.t1) AS n1, quantile_cont(epoch_us(r.t1) - epoch_us(r.t1), 0.5) FILTER(WHERE r.t1 IS NOT NULL) AS m1, COUNT(r.t2) AS n2, quantile_cont(epoch_us(r.t2) - epoch_us(r.t1), 0.5) FILTER(WHERE r.t2 IS NOT NULL) AS m2 FROM reached AS r WHERE r.t1 IS NOT NULL AND r.g IS NOT NULL GROUP BY r.g;

WITH counted AS MATERIALIZED (
  SELECT
    c.*
  FROM (
    SELECT
      u.*
    FROM json_to_recordset(CAST($4 AS JSON)) AS u(is_all BOOLEAN, g TEXT, n1 BIGINT, m1 DECIMAL, n2 BIGINT, m2 DECIMAL)
  ) AS c
), shown AS (
  SELECT
    c.g AS name,
    c.n1 AS n,
    jsonb_build_array(
      jsonb_build_object(
        'step',
        1,
        'filter',
        CAST($2 AS TEXT),
        'count',
        c.n1,
        'percent_of_start',
        COALESCE(ROUND(100.0 * c.n1 / NULLIF(c.n1, 0), 2), 0),
        'percent_of_previous',
        COALESCE(ROUND(100.0 * c.n1 / NULLIF(c.n1, 0), 2), 0),
        'drop_off',
        c.n1 - c.n1,
        'median_seconds',
        ROUND(c.m1 / 1000000, 1)
      ),
      jsonb_build_object(
        'step',
        2,
        'filter',
        CAST($3 AS TEXT),
        'count',
        c.n2,
        'percent_of_start',
        COALESCE(ROUND(100.0 * c.n2 / NULLIF(c.n1, 0), 2), 0),
        'percent_of_previous',
        COALESCE(ROUND(100.0 * c.n2 / NULLIF(c.n1, 0), 2), 0),
        'drop_off',
        c.n1 - c.n2,
        'median_seconds',
        ROUND(c.m2 / 1000000, 1)
      )
    ) AS steps
  FROM counted AS c
  WHERE
    NOT c.is_all
  ORDER BY
    c.n1 DESC,
    (
      c.g
    ) COLLATE "C"
  LIMIT $1
)
SELECT
  jsonb_build_object(
    'steps',
    (
      SELECT
        jsonb_build_array(
          jsonb_build_object(
            'step',
            1,
            'filter',
            CAST($2 AS TEXT),
            'count',
            c.n1,
            'percent_of_start',
            COALESCE(ROUND(100.0 * c.n1 / NULLIF(c.n1, 0), 2), 0),
            'percent_of_previous',
            COALESCE(ROUND(100.0 * c.n1 / NULLIF(c.n1, 0), 2), 0),
            'drop_off',
            c.n1 - c.n1,
            'median_seconds',
            ROUND(c.m1 / 1000000, 1)
          ),
          jsonb_build_object(
            'step',
            2,
            'filter',
            CAST($3 AS TEXT),
            'count',
            c.n2,
            'percent_of_start',
            COALESCE(ROUND(100.0 * c.n2 / NULLIF(c.n1, 0), 2), 0),
            'percent_of_previous',
            COALESCE(ROUND(100.0 * c.n2 / NULLIF(c.n1, 0), 2), 0),
            'drop_off',
            c.n1 - c.n2,
            'median_seconds',
            ROUND(c.m2 / 1000000, 1)
          )
        )
      FROM counted AS c
      WHERE
        c.is_all
    ),
    'groups',
    (
      SELECT
        COALESCE(
          jsonb_agg(
            jsonb_build_object('value', o.name, 'steps', o.steps) ORDER BY o.n DESC, o.name COLLATE "C"
          ),
          '[]'
        )
      FROM shown AS o
    )
  );
