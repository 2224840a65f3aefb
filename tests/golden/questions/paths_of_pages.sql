-- paths {"start":"page==/"}
-- columns: events of months that are over, in files: no: not of months whose columns are in files
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH linked AS MATERIALIZED (
  SELECT
    l.*
  FROM (
    WITH link AS (
      SELECT
        o.level,
        o.what,
        o.next,
        COUNT(*) AS visits
      FROM (
        SELECT
          k.level,
          k.what,
          LEAD(k.what) OVER (PARTITION BY k.site_session_hk ORDER BY k.level) AS next
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
                (
                  e.site_page_hk = ANY(
                    $4
                  )
                )
                AND (
                  e.event_type = 'page_view' AND e.site_page_hk IS NOT NULL
                )
              ) IS TRUE AS is_start
            FROM business.event_b AS e
            WHERE
              (
                e.tenant_hk = $3
                AND e.site_event_hk >= util.time_prefix($6)
                AND e.site_event_hk < util.time_prefix($5)
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
            n.level <= $1
        ) AS k
      ) AS o
      GROUP BY
        o.level,
        o.what,
        o.next
    ), counted AS (
      SELECT
        l.level,
        l.what,
        l.next,
        l.visits,
        SUM(l.visits) OVER (PARTITION BY l.level, l.what) AS n,
        SUM(l.visits) OVER (PARTITION BY l.level, l.next) AS next_n
      FROM link AS l
    ), least AS (
      SELECT
        r.level,
        MIN(r.n) AS n
      FROM (
        SELECT
          l.level,
          SUM(l.visits) AS n,
          RANK() OVER (PARTITION BY l.level ORDER BY SUM(l.visits) DESC) AS rank
        FROM link AS l
        GROUP BY
          l.level,
          l.what
      ) AS r
      WHERE
        r.rank <= $2
      GROUP BY
        r.level
    )
    SELECT
      c.level,
      CASE WHEN c.n >= s.n THEN c.what END AS what,
      CASE WHEN c.next_n >= t.n THEN c.next END AS next,
      c.next IS NULL AS is_last,
      SUM(c.visits) AS visits
    FROM counted AS c
    JOIN least AS s
      ON s.level = c.level
    LEFT JOIN least AS t
      ON t.level = c.level + 1
    GROUP BY
      1,
      2,
      3,
      4
  ) AS l
), counted AS (
  SELECT
    l.*,
    SUM(l.visits) OVER (PARTITION BY l.level, l.what) AS n,
    SUM(l.visits) OVER (PARTITION BY l.level, l.next) AS next_n
  FROM linked AS l
), ranked AS (
  SELECT
    c.*,
    DENSE_RANK() OVER (PARTITION BY c.level, c.name IS NULL ORDER BY c.n DESC, c.name COLLATE "C") AS rank,
    DENSE_RANK() OVER (
      PARTITION BY c.level, c.next_name IS NULL
      ORDER BY c.next_n DESC, c.next_name COLLATE "C"
    ) AS next_rank
  FROM (
    SELECT
      c.*,
      h.site_page_bk AS name,
      o.site_page_bk AS next_name
    FROM counted AS c
    LEFT JOIN business.site_page_h AS h
      ON h.site_page_hk = c.what
    LEFT JOIN business.site_page_h AS o
      ON o.site_page_hk = c.next
  ) AS c
), link AS (
  SELECT
    r.level,
    CASE WHEN r.name IS NOT NULL AND r.rank <= $2 THEN r.name ELSE '(other)' END AS source,
    CASE
      WHEN r.is_last
      THEN '(exit)'
      WHEN r.next_name IS NOT NULL AND r.next_rank <= $2
      THEN r.next_name
      ELSE '(other)'
    END AS target,
    SUM(r.visits) AS visits
  FROM ranked AS r
  WHERE
    r.level < $1
  GROUP BY
    1,
    2,
    3
)
SELECT
  jsonb_build_object(
    'visits',
    (
      SELECT
        COALESCE(SUM(l.visits), 0)
      FROM linked AS l
      WHERE
        l.level = 0
    ),
    'links',
    COALESCE(
      (
        SELECT
          jsonb_agg(
            jsonb_build_object('level', l.level, 'source', l.source, 'target', l.target, 'visits', l.visits) ORDER BY l.level, l.visits DESC, l.source COLLATE "C", l.target COLLATE "C"
          )
        FROM link AS l
      ),
      '[]'
    )
  );
