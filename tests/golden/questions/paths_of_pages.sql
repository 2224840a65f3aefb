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
    ), frequent AS (
      SELECT
        r.level,
        r.what
      FROM (
        SELECT
          l.level,
          l.what,
          RANK() OVER (PARTITION BY l.level ORDER BY SUM(l.visits) DESC) AS rank
        FROM link AS l
        GROUP BY
          l.level,
          l.what
      ) AS r
      WHERE
        r.rank <= $2
    )
    SELECT
      l.level,
      s.what,
      t.what AS next,
      l.next IS NULL AS is_last,
      SUM(l.visits) AS visits
    FROM link AS l
    LEFT JOIN frequent AS s
      ON s.level = l.level AND s.what = l.what
    LEFT JOIN frequent AS t
      ON t.level = l.level + 1 AND t.what = l.next
    GROUP BY
      1,
      2,
      3,
      4
  ) AS l
), counted AS (
  SELECT
    l.level,
    l.what,
    SUM(l.visits) AS n
  FROM linked AS l
  WHERE
    l.what IS NOT NULL
  GROUP BY
    l.level,
    l.what
), named AS MATERIALIZED (
  SELECT
    c.level,
    c.what,
    CASE
      WHEN DENSE_RANK() OVER (PARTITION BY c.level ORDER BY c.n DESC, c.name COLLATE "C") <= $2
      THEN c.name
      ELSE '(other)'
    END AS name
  FROM (
    SELECT
      k.*,
      h.site_page_bk AS name
    FROM counted AS k
    JOIN business.site_page_h AS h
      ON h.site_page_hk = k.what
  ) AS c
), link AS (
  SELECT
    l.level,
    COALESCE(s.name, '(other)') AS source,
    CASE WHEN l.is_last THEN '(exit)' ELSE COALESCE(t.name, '(other)') END AS target,
    SUM(l.visits) AS visits
  FROM linked AS l
  LEFT JOIN named AS s
    ON s.level = l.level AND s.what = l.what
  LEFT JOIN named AS t
    ON t.level = l.level + 1 AND t.what = l.next
  WHERE
    l.level < $1
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
