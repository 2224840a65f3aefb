-- breakdown {"filter":"channel==paid|email,source=~news","dimension":"country","search":"d"}
-- rollups: figures of days: no: not without a filter
-- visit columns: visits of months that are over, in files: no: not of values as they are, not of parts of them
-- visits: visits of days: taken
-- columns: events of months that are over, in files: no: not of values as they are, not of parts of them
-- events: events: would cost more
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH f AS (
  SELECT
    f.*
  FROM (
    WITH by_visitor AS (
      SELECT
        b.*
      FROM (
        SELECT
          b.g,
          b.site_visitor_hk,
          SUM(b.events) AS events,
          SUM(b.page_views) AS page_views,
          COUNT(*) FILTER(WHERE
            b.is_visit) AS visits
        FROM (
          SELECT
            e.country AS g,
            v.site_session_hk,
            v.site_visitor_hk AS site_visitor_hk,
            BOOL_OR(v.is_visit) AS is_visit,
            SUM(v.events) AS events,
            SUM(v.page_views) AS page_views
          FROM business.visit_b AS v
          CROSS JOIN LATERAL (
            SELECT
              v.source,
              v.channel,
              v.device_type,
              v.country
          ) AS e
          WHERE
            (
              v.tenant_hk = $4 AND v.day BETWEEN $5 AND $6 AND v.events > 0
            )
            AND (
              e.channel = ANY(
                $7
              ) OR e.source ILIKE ANY(
                $8
              )
            )
            AND (
              e.country
            ) IS NOT NULL
          GROUP BY
            1,
            2,
            3
        ) AS b
        GROUP BY
          1,
          2
      ) AS b
    ), by_group AS (
      SELECT
        b.g,
        COALESCE(SUM(b.events), 0) AS events,
        COALESCE(SUM(b.page_views), 0) AS page_views,
        COALESCE(SUM(b.visits), 0) AS visits,
        COUNT(b.site_visitor_hk) AS visitors
      FROM by_visitor AS b
      GROUP BY
        b.g
    )
    SELECT
      b.*
    FROM by_group AS b
  ) AS f
), named AS (
  SELECT
    f.*
  FROM (
    SELECT
      f.*,
      f.g AS name
    FROM f
  ) AS f
), ranked AS (
  SELECT
    f.*,
    CAST((
      COALESCE(f.visitors, 0)
    ) AS DECIMAL) AS rank
  FROM named AS f
  WHERE
    f.name ILIKE $3
), shown AS (
  SELECT
    f.*
  FROM ranked AS f
  ORDER BY
    f.rank DESC NULLS LAST,
    f.name COLLATE "C"
  LIMIT $1 + 1
  OFFSET $2
), numbered AS (
  SELECT
    f.*,
    ROW_NUMBER() OVER (ORDER BY f.rank DESC NULLS LAST, f.name COLLATE "C") AS position
  FROM shown AS f
)
SELECT
  jsonb_build_object(
    'rows',
    COALESCE(
      jsonb_agg(
        jsonb_build_object('value', f.name) || jsonb_build_object(
          'visitors',
          COALESCE(f.visitors, 0),
          'visits',
          COALESCE(f.visits, 0),
          'page_views',
          COALESCE(f.page_views, 0)
        ) ORDER BY f.position
      ) FILTER(WHERE
        f.position <= $1),
      '[]'
    ) || CASE WHEN COUNT(*) > $1 THEN '[]' ELSE CAST('[]' AS JSONB) END,
    'nextCursor',
    CASE WHEN COUNT(*) > $1 THEN $2 + $1 END
  )
FROM numbered AS f;
