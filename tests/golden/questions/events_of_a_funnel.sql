-- events {"figure":"funnel","steps":["page==/cart","event_action==complete"],"step":2,"dropped":true}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH counted AS MATERIALIZED (
  SELECT
    c.*
  FROM (
    SELECT
      r.site_event_hk AS g,
      r.site_session_hk
    FROM (
      SELECT
        s.actor,
        MIN(s.t) FILTER(WHERE
          s.s1 IS NOT NULL) AS t1,
        MIN(s.t) FILTER(WHERE
          s.s2 IS NOT NULL) AS t2,
        (
          ARRAY_AGG(s.hk ORDER BY s.t, s.o, s.hk) FILTER(WHERE
            s.s1 IS NOT NULL)
        )[1] AS site_event_hk,
        (
          ARRAY_AGG(s.visit ORDER BY s.t, s.o, s.hk) FILTER(WHERE
            s.s1 IS NOT NULL)
        )[1] AS site_session_hk
      FROM (
        SELECT
          e.*,
          CASE
            WHEN e.m2 AND e.t - MAX(e.s1) OVER w <= $6 * INTERVAL '1 MINUTE'
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
                  $7
                )
              ) IS TRUE AS m1,
              (
                e.event_action = ANY(
                  $8
                )
              ) IS TRUE AS m2
            FROM business.event_b AS e
            WHERE
              (
                e.tenant_hk = $5
                AND e.site_event_hk >= util.time_prefix($10)
                AND e.site_event_hk < util.time_prefix($9)
              )
              AND NOT e.is_bot
              AND (
                e.is_visit
                AND (
                  e.site_page_hk = ANY(
                    $7
                  ) OR e.event_action = ANY(
                    $8
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
    WHERE
      r.t1 IS NOT NULL AND r.t2 IS NULL
  ) AS c
), shown AS (
  SELECT
    c.*
  FROM counted AS c
  WHERE
    TRUE
  ORDER BY
    c.g DESC
  LIMIT $2 + 1
  OFFSET $1
), numbered AS (
  SELECT
    s.*,
    ROW_NUMBER() OVER (ORDER BY s.g DESC) AS position
  FROM shown AS s
)
SELECT
  jsonb_build_object(
    'figure',
    (
      SELECT
        trim_scale(CAST(COALESCE(COUNT(*), 0) AS DECIMAL))
      FROM counted AS c
    ),
    'rows',
    (
      SELECT
        COALESCE(
          jsonb_agg(
            jsonb_strip_nulls(
              jsonb_build_object(
                'event',
                ENCODE(d.site_event_hk, 'hex'),
                'time',
                api.local_moment(d.event_timestamp, $4),
                'type',
                d.event_type,
                'action',
                d.event_action,
                'label',
                d.event_label,
                'value',
                trim_scale(COALESCE(CAST(NULL AS DECIMAL), d.event_value)),
                'currency',
                COALESCE(NULL, d.event_currency),
                'page',
                h.site_page_bk,
                'session',
                ENCODE(n.site_session_hk, 'hex'),
                'raw_event_id',
                d.raw_event_id,
                'load_date',
                d.load_date,
                'hash',
                ENCODE(d.hash_diff, 'hex')
              )
            ) ORDER BY n.position
          ),
          '[]'
        )
      FROM numbered AS n
      JOIN business.site_event_details_s AS d
        ON d.site_event_hk = n.g
      LEFT JOIN LATERAL (
        SELECT
          b.site_page_hk
        FROM business.event_b AS b
        WHERE
          b.tenant_hk = $5 AND b.site_event_hk = n.g
        LIMIT 1
      ) AS b
        ON TRUE
      LEFT JOIN business.site_page_h AS h
        ON h.site_page_hk = b.site_page_hk
      WHERE
        n.position <= $2
    ),
    'nextCursor',
    (
      SELECT
        CASE
          WHEN COUNT(*) > $2
          THEN CONCAT_WS('~', $3 + $2, MAX(ENCODE(n.g, 'hex')) FILTER(WHERE
            n.position = $2))
        END
      FROM numbered AS n
    )
  );
