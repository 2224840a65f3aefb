-- funnel {"steps":["page==/cart","event_action==complete"]}
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
          WHEN e.m2 AND e.t - MAX(e.s1) OVER w <= $3 * INTERVAL '1 MINUTE'
          THEN MAX(e.s1) OVER w
        END AS s2
      FROM (
        SELECT
          e.*,
          CASE WHEN e.m1 THEN e.t END AS s1
        FROM (
          SELECT
            e.site_session_hk AS actor,
            e.event_timestamp AS t,
            e.raw_event_id AS o,
            e.site_event_hk AS hk,
            e.site_session_hk AS visit,
            CAST(NULL AS TEXT) AS g,
            (
              e.site_page_hk = ANY(
                $4
              )
            ) IS TRUE AS m1,
            (
              e.event_action = ANY(
                $5
              )
            ) IS TRUE AS m2
          FROM business.event_b AS e
          WHERE
            (
              e.tenant_hk = $6
              AND e.site_event_hk >= util.time_prefix($8)
              AND e.site_event_hk < util.time_prefix($7)
            )
            AND NOT e.is_bot
            AND (
              e.is_visit
              AND (
                e.site_page_hk = ANY(
                  $4
                ) OR e.event_action = ANY(
                  $5
                )
              )
            )
        ) AS e
      ) AS e
      WINDOW w AS (
        PARTITION BY e.actor
        ORDER BY e.t, e.o, e.hk
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      )
    ) AS s
    GROUP BY
      s.actor
  ) AS r
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
            CAST($1 AS TEXT),
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
            CAST($2 AS TEXT),
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
    )
  );
