-- paths {"start":"page==/"}
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH following AS MATERIALIZED (
  SELECT
    f.*
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
    ), kept AS (
      SELECT
        n.*
      FROM numbered AS n
      WHERE
        n.level <= $1
    ), counted AS (
      SELECT
        k.*,
        COUNT(*) OVER (PARTITION BY k.level, k.what) AS n
      FROM kept AS k
    ), ranked AS (
      SELECT
        c.*,
        DENSE_RANK() OVER (PARTITION BY c.level ORDER BY c.n DESC, c.what COLLATE "C") AS rank
      FROM (
        SELECT
          k.site_session_hk,
          k.g,
          k.level,
          k.n,
          h.site_page_bk AS what
        FROM counted AS k
        JOIN business.site_page_h AS h
          ON h.site_page_hk = k.what
      ) AS c
    ), named AS (
      SELECT
        r.site_session_hk,
        r.g,
        r.level,
        CASE WHEN r.rank <= $2 THEN r.what ELSE '(other)' END AS what
      FROM ranked AS r
    )
    SELECT
      n.*,
      COALESCE(LEAD(n.what) OVER (PARTITION BY n.site_session_hk ORDER BY n.level), '(exit)') AS next
    FROM named AS n
  ) AS f
), link AS (
  SELECT
    f.level,
    f.what AS source,
    f.next AS target,
    COUNT(*) AS visits
  FROM following AS f
  WHERE
    f.level < $1
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
        COUNT(*)
      FROM following AS f
      WHERE
        f.level = 0
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
