-- events {"figure":"paths","source":"acme.example/","target":"(exit)"}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH counted AS MATERIALIZED (
  SELECT
    c.*
  FROM (
    SELECT
      f.g,
      f.site_session_hk
    FROM (
      WITH kept AS (
        SELECT
          k.*
        FROM (
          WITH event AS (
            SELECT
              e.site_session_hk,
              e.event_timestamp AS t,
              e.raw_event_id AS o,
              e.site_event_hk AS g,
              (
                e.event_type = 'page_view' AND e.site_page_hk IS NOT NULL
              ) AS is_step,
              e.site_page_hk AS what,
              (
                TRUE AND (
                  e.event_type = 'page_view' AND e.site_page_hk IS NOT NULL
                )
              ) IS TRUE AS is_start
            FROM business.event_b AS e
            WHERE
              (
                e.tenant_hk = $6
                AND e.site_event_hk >= util.time_prefix($12)
                AND e.site_event_hk < util.time_prefix($11)
              )
              AND NOT e.is_bot
              AND e.is_visit
          ), anchored AS (
            SELECT
              a.*,
              BOOL_OR(a.is_start) OVER (PARTITION BY a.site_session_hk ORDER BY a.t ASC, a.o ASC, a.g ASC) AS is_since
            FROM event AS a
          ), step AS (
            SELECT
              a.site_session_hk,
              a.what,
              a.t,
              a.o,
              a.g,
              LAG(a.what) OVER (PARTITION BY a.site_session_hk ORDER BY a.t ASC, a.o ASC, a.g ASC) AS before
            FROM anchored AS a
            WHERE
              a.is_since AND a.is_step
          ), numbered AS (
            SELECT
              a.site_session_hk,
              a.g,
              a.what,
              ROW_NUMBER() OVER (PARTITION BY a.site_session_hk ORDER BY a.t ASC, a.o ASC, a.g ASC) - 1 AS level
            FROM step AS a
            WHERE
              a.what IS DISTINCT FROM a.before
          )
          SELECT
            n.*
          FROM numbered AS n
          WHERE
            n.level <= $10
        ) AS k
      ), counted AS (
        SELECT
          k.*,
          COUNT(*) OVER (PARTITION BY k.level, k.what) AS n
        FROM kept AS k
      ), ranked AS (
        SELECT
          c.*,
          DENSE_RANK() OVER (PARTITION BY c.level ORDER BY c.n DESC, c.name COLLATE "C") AS rank
        FROM (
          SELECT
            k.*,
            h.site_page_bk AS name
          FROM counted AS k
          JOIN business.site_page_h AS h
            ON h.site_page_hk = k.what
        ) AS c
      ), named AS (
        SELECT
          r.site_session_hk,
          r.g,
          r.level,
          CASE WHEN r.rank <= $9 THEN r.name ELSE '(other)' END AS what
        FROM ranked AS r
      )
      SELECT
        n.*,
        COALESCE(LEAD(n.what) OVER (PARTITION BY n.site_session_hk ORDER BY n.level), '(exit)') AS next
      FROM named AS n
    ) AS f
    WHERE
      f.level = $7 AND f.what = $8 AND f.next = $4
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
                api.local_moment(d.event_timestamp, $5),
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
          b.tenant_hk = $6 AND b.site_event_hk = n.g
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
