-- funnel {"steps":["page==/cart","event_action==complete"],"order":"strict","per":"visitor","dimension":"page"}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH reached AS MATERIALIZED (
  SELECT
    r.*
  FROM (
    SELECT
      s.actor,
      MIN(s.t) FILTER(WHERE
        s.s1 IS NOT NULL) AS t1,
      MIN(s.t) FILTER(WHERE
        s.s2 IS NOT NULL) AS t2,
      (
        ARRAY_AGG(s.g ORDER BY s.t, s.o, s.hk) FILTER(WHERE
          s.m1)
      )[1] AS g
    FROM (
      SELECT
        e.*,
        CASE
          WHEN e.m2 AND e.t - LAG(e.s1) OVER w <= $4 * INTERVAL '1 MINUTE'
          THEN LAG(e.s1) OVER w
        END AS s2
      FROM (
        SELECT
          e.*,
          CASE WHEN e.m1 THEN e.t END AS s1
        FROM (
          SELECT
            e.site_visitor_hk AS actor,
            e.event_timestamp AS t,
            e.raw_event_id AS o,
            e.site_event_hk AS hk,
            e.site_session_hk AS visit,
            e.site_page_hk AS g,
            (
              e.site_page_hk = ANY(
                $5
              )
            ) IS TRUE AS m1,
            (
              e.event_action = ANY(
                $6
              )
            ) IS TRUE AS m2
          FROM business.event_b AS e
          WHERE
            (
              e.tenant_hk = $7
              AND e.site_event_hk >= util.time_prefix($9)
              AND e.site_event_hk < util.time_prefix($8)
            )
            AND NOT e.is_bot
            AND (
              (
                e.site_visitor_hk IS NOT NULL
              ) AND TRUE
            )
        ) AS e
      ) AS e
      WINDOW w AS (PARTITION BY e.actor ORDER BY e.t, e.o, e.hk)
    ) AS s
    GROUP BY
      s.actor
  ) AS r
), grouped AS (
  SELECT
    (
      SELECT
        h.site_page_bk
      FROM business.site_page_h AS h
      WHERE
        h.site_page_hk = r.g
    ) AS name,
    COUNT(*) AS n,
    jsonb_build_array(
      jsonb_build_object(
        'step',
        1,
        'filter',
        CAST($2 AS TEXT),
        'count',
        COUNT(r.t1),
        'percent_of_start',
        COALESCE(ROUND(CAST(100.0 * COUNT(r.t1) / NULLIF(COUNT(r.t1), 0) AS DECIMAL), 2), 0),
        'percent_of_previous',
        COALESCE(ROUND(CAST(100.0 * COUNT(r.t1) / NULLIF(COUNT(r.t1), 0) AS DECIMAL), 2), 0),
        'drop_off',
        COUNT(r.t1) - COUNT(r.t1),
        'median_seconds',
        ROUND(
          CAST(EXTRACT(EPOCH FROM PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
            r.t1 - r.t1) FILTER(WHERE
            r.t1 IS NOT NULL)) AS DECIMAL),
          1
        )
      ),
      jsonb_build_object(
        'step',
        2,
        'filter',
        CAST($3 AS TEXT),
        'count',
        COUNT(r.t2),
        'percent_of_start',
        COALESCE(ROUND(CAST(100.0 * COUNT(r.t2) / NULLIF(COUNT(r.t1), 0) AS DECIMAL), 2), 0),
        'percent_of_previous',
        COALESCE(ROUND(CAST(100.0 * COUNT(r.t2) / NULLIF(COUNT(r.t1), 0) AS DECIMAL), 2), 0),
        'drop_off',
        COUNT(r.t1) - COUNT(r.t2),
        'median_seconds',
        ROUND(
          CAST(EXTRACT(EPOCH FROM PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
            r.t2 - r.t1) FILTER(WHERE
            r.t2 IS NOT NULL)) AS DECIMAL),
          1
        )
      )
    ) AS steps
  FROM reached AS r
  WHERE
    r.t1 IS NOT NULL AND r.g IS NOT NULL
  GROUP BY
    r.g
), shown AS (
  SELECT
    o.*
  FROM grouped AS o
  ORDER BY
    o.n DESC,
    o.name COLLATE "C"
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
            COUNT(r.t1),
            'percent_of_start',
            COALESCE(ROUND(CAST(100.0 * COUNT(r.t1) / NULLIF(COUNT(r.t1), 0) AS DECIMAL), 2), 0),
            'percent_of_previous',
            COALESCE(ROUND(CAST(100.0 * COUNT(r.t1) / NULLIF(COUNT(r.t1), 0) AS DECIMAL), 2), 0),
            'drop_off',
            COUNT(r.t1) - COUNT(r.t1),
            'median_seconds',
            ROUND(
              CAST(EXTRACT(EPOCH FROM PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
                r.t1 - r.t1) FILTER(WHERE
                r.t1 IS NOT NULL)) AS DECIMAL),
              1
            )
          ),
          jsonb_build_object(
            'step',
            2,
            'filter',
            CAST($3 AS TEXT),
            'count',
            COUNT(r.t2),
            'percent_of_start',
            COALESCE(ROUND(CAST(100.0 * COUNT(r.t2) / NULLIF(COUNT(r.t1), 0) AS DECIMAL), 2), 0),
            'percent_of_previous',
            COALESCE(ROUND(CAST(100.0 * COUNT(r.t2) / NULLIF(COUNT(r.t1), 0) AS DECIMAL), 2), 0),
            'drop_off',
            COUNT(r.t1) - COUNT(r.t2),
            'median_seconds',
            ROUND(
              CAST(EXTRACT(EPOCH FROM PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
                r.t2 - r.t1) FILTER(WHERE
                r.t2 IS NOT NULL)) AS DECIMAL),
              1
            )
          )
        )
      FROM reached AS r
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
