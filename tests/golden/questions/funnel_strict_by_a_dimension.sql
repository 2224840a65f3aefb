-- funnel {"steps":["page==/cart","event_action==complete"],"order":"strict","per":"visitor","dimension":"page"}
-- columns: events of months that are over, in files: no: not of months whose columns are in files
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH counted AS MATERIALIZED (
  SELECT
    c.*
  FROM (
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
    )
    SELECT
      TRUE AS is_all,
      NULL AS g,
      COUNT(r.t1) AS n1,
      EXTRACT(EPOCH FROM PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
        r.t1 - r.t1) FILTER(WHERE
        r.t1 IS NOT NULL)) * 1000000 AS m1,
      COUNT(r.t2) AS n2,
      EXTRACT(EPOCH FROM PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
        r.t2 - r.t1) FILTER(WHERE
        r.t2 IS NOT NULL)) * 1000000 AS m2
    FROM reached AS r
    UNION ALL
    SELECT
      FALSE AS is_all,
      r.g,
      COUNT(r.t1) AS n1,
      EXTRACT(EPOCH FROM PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
        r.t1 - r.t1) FILTER(WHERE
        r.t1 IS NOT NULL)) * 1000000 AS m1,
      COUNT(r.t2) AS n2,
      EXTRACT(EPOCH FROM PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
        r.t2 - r.t1) FILTER(WHERE
        r.t2 IS NOT NULL)) * 1000000 AS m2
    FROM reached AS r
    WHERE
      r.t1 IS NOT NULL AND r.g IS NOT NULL
    GROUP BY
      r.g
  ) AS c
), shown AS (
  SELECT
    (
      SELECT
        h.site_page_bk
      FROM business.site_page_h AS h
      WHERE
        h.site_page_hk = c.g
    ) AS name,
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
      (
        SELECT
          h.site_page_bk
        FROM business.site_page_h AS h
        WHERE
          h.site_page_hk = c.g
      )
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
