-- breakdown {"dimension":"page","metrics":["time_on_page","scroll_depth","lcp"],"sort":"lcp"}
-- rollups: figures of days: no: not its measures are rolled up by its dimension
-- visit columns: visits of months that are over, in files: no: not by properties of visits, or by none
-- visits: visits of days: no: not by properties of visits, or by none
-- columns: events of months that are over, in files: no: not without what is measured of views
-- events: events: taken
-- vault: events as the vault knew them at a load date: no: not asked as of a load date

WITH f AS (
  SELECT
    f.*
  FROM (
    SELECT
      b.*,
      o.p75_lcp AS p75_lcp
    FROM (
      SELECT
        b.*,
        o.median_seconds AS median_seconds,
        COALESCE(o.depths, 0) AS depths,
        COALESCE(o.views_with_depth, 0) AS views_with_depth
      FROM (
        WITH by_visitor AS (
          SELECT
            b.*
          FROM (
            SELECT
              e.site_page_hk AS g,
              CAST(NULL AS BYTEA) AS site_visitor_hk,
              COUNT(*) AS events
            FROM business.event_b AS e
            WHERE
              (
                e.tenant_hk = $3
                AND e.site_event_hk >= util.time_prefix($5)
                AND e.site_event_hk < util.time_prefix($4)
              )
              AND NOT e.is_bot
              AND (
                e.site_page_hk
              ) IS NOT NULL
            GROUP BY
              1,
              2
          ) AS b
        ), by_group AS (
          SELECT
            b.g,
            COALESCE(SUM(b.events), 0) AS events
          FROM by_visitor AS b
          GROUP BY
            b.g
        )
        SELECT
          b.*
        FROM by_group AS b
      ) AS b
      LEFT JOIN (
        SELECT
          o.g,
          CAST((
            PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
              o.seconds)
          ) AS DECIMAL) AS median_seconds,
          SUM(o.depth) AS depths,
          COUNT(o.depth) AS views_with_depth
        FROM (
          SELECT
            (
              ARRAY_AGG(m.g) FILTER(WHERE
                m.is_view)
            )[1] AS g,
            MAX(d.time_on_page) AS seconds,
            MAX(d.scroll_depth) AS depth
          FROM (
            SELECT
              e.site_page_hk AS g,
              e.site_page_hk,
              e.site_session_hk,
              e.site_event_hk,
              e.event_type = 'page_view' AS is_view,
              COUNT(*) FILTER(WHERE
                e.event_type = 'page_view') OVER (
                PARTITION BY e.site_session_hk
                ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk
              ) AS view_number
            FROM business.event_b AS e
            WHERE
              (
                e.tenant_hk = $3
                AND e.site_event_hk >= util.time_prefix($5)
                AND e.site_event_hk < util.time_prefix($4)
              )
              AND NOT e.is_bot
              AND (
                e.event_type = 'page_view'
                OR e.event_type = 'engagement'
                AND e.event_action = 'attention'
              )
          ) AS m
          LEFT JOIN LATERAL (
            SELECT
              d.time_on_page,
              d.scroll_depth
            FROM business.site_event_details_s AS d
            WHERE
              d.site_event_hk = m.site_event_hk AND NOT m.is_view
            LIMIT 1
          ) AS d
            ON TRUE
          GROUP BY
            m.site_page_hk,
            m.site_session_hk,
            m.view_number
          HAVING
            BOOL_OR(m.is_view)
        ) AS o
        GROUP BY
          o.g
      ) AS o
        ON (
          o.g = b.g
        )
    ) AS b
    LEFT JOIN (
      SELECT
        o.g,
        PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY
          o.lcp) AS p75_lcp
      FROM (
        SELECT
          l.g,
          CAST((
            jsonb_path_query_first(l.told, 'strict $.lcp ? (@ >= 0)', '{}', TRUE)
          ) AS DECIMAL) AS lcp,
          CAST((
            jsonb_path_query_first(l.told, 'strict $.inp ? (@ >= 0)', '{}', TRUE)
          ) AS DECIMAL) AS inp,
          CAST((
            jsonb_path_query_first(l.told, 'strict $.cls ? (@ >= 0)', '{}', TRUE)
          ) AS DECIMAL) AS cls,
          CAST((
            jsonb_path_query_first(l.told, 'strict $.fcp ? (@ >= 0)', '{}', TRUE)
          ) AS DECIMAL) AS fcp,
          CAST((
            jsonb_path_query_first(l.told, 'strict $.ttfb ? (@ >= 0)', '{}', TRUE)
          ) AS DECIMAL) AS ttfb
        FROM (
          SELECT DISTINCT ON (t.site_session_hk, t.site_page_hk, t.told -> 'ttfb')
            t.g,
            t.told
          FROM (
            SELECT
              e.site_page_hk AS g,
              e.site_session_hk,
              e.site_page_hk,
              e.event_timestamp,
              e.raw_event_id,
              e.site_event_hk,
              d.custom_properties AS told
            FROM business.event_b AS e
            LEFT JOIN LATERAL (
              SELECT
                s.custom_properties
              FROM business.site_event_details_s AS s
              WHERE
                s.site_event_hk = e.site_event_hk
              LIMIT 1
            ) AS d
              ON TRUE
            WHERE
              (
                e.tenant_hk = $3
                AND e.site_event_hk >= util.time_prefix($5)
                AND e.site_event_hk < util.time_prefix($4)
              )
              AND NOT e.is_bot
              AND (
                e.event_type = 'engagement'
                AND e.event_action = 'web_vitals'
                AND jsonb_typeof(d.custom_properties) = 'object'
              )
          ) AS t
          ORDER BY
            t.site_session_hk,
            t.site_page_hk,
            t.told -> 'ttfb',
            t.event_timestamp DESC,
            t.raw_event_id DESC,
            t.site_event_hk DESC
        ) AS l
      ) AS o
      GROUP BY
        o.g
    ) AS o
      ON (
        o.g = b.g
      )
  ) AS f
), named AS (
  SELECT
    f.*
  FROM (
    SELECT
      f.*,
      h.site_page_bk AS name
    FROM f
    JOIN business.site_page_h AS h
      ON h.site_page_hk = f.g
  ) AS f
), ranked AS (
  SELECT
    f.*,
    CAST((
      trim_scale(f.p75_lcp)
    ) AS DECIMAL) AS rank
  FROM named AS f
  WHERE
    TRUE
), shown AS (
  SELECT
    f.*
  FROM ranked AS f
  ORDER BY
    f.rank ASC,
    f.name COLLATE "C"
  LIMIT $1 + 1
  OFFSET $2
), numbered AS (
  SELECT
    f.*,
    ROW_NUMBER() OVER (ORDER BY f.rank ASC, f.name COLLATE "C") AS position
  FROM shown AS f
)
SELECT
  jsonb_build_object(
    'rows',
    COALESCE(
      jsonb_agg(
        jsonb_build_object('value', f.name) || jsonb_build_object(
          'time_on_page',
          ROUND(f.median_seconds, 1),
          'scroll_depth',
          ROUND(CAST((
            f.depths
          ) AS DECIMAL) / NULLIF(f.views_with_depth, 0), 1),
          'lcp',
          trim_scale(f.p75_lcp)
        ) ORDER BY f.position
      ) FILTER(WHERE
        f.position <= $1),
      '[]'
    ) || CASE
      WHEN COUNT(*) > $1
      THEN '[]'
      ELSE (
        SELECT
          COALESCE(
            jsonb_agg(
              '{"value": null}' || jsonb_build_object(
                'time_on_page',
                ROUND(f.median_seconds, 1),
                'scroll_depth',
                ROUND(CAST((
                  f.depths
                ) AS DECIMAL) / NULLIF(f.views_with_depth, 0), 1),
                'lcp',
                trim_scale(f.p75_lcp)
              )
            ),
            '[]'
          )
        FROM (
          SELECT
            b.*,
            o.p75_lcp AS p75_lcp
          FROM (
            SELECT
              b.*,
              o.median_seconds AS median_seconds,
              COALESCE(o.depths, 0) AS depths,
              COALESCE(o.views_with_depth, 0) AS views_with_depth
            FROM (
              WITH by_visitor AS (
                SELECT
                  b.*
                FROM (
                  SELECT
                    e.site_page_hk AS g,
                    CAST(NULL AS BYTEA) AS site_visitor_hk,
                    COUNT(*) AS events
                  FROM business.event_b AS e
                  WHERE
                    (
                      e.tenant_hk = $3
                      AND e.site_event_hk >= util.time_prefix($5)
                      AND e.site_event_hk < util.time_prefix($4)
                    )
                    AND NOT e.is_bot
                    AND (
                      e.site_page_hk
                    ) IS NULL
                  GROUP BY
                    1,
                    2
                ) AS b
              ), by_group AS (
                SELECT
                  b.g,
                  COALESCE(SUM(b.events), 0) AS events
                FROM by_visitor AS b
                GROUP BY
                  b.g
              )
              SELECT
                b.*
              FROM by_group AS b
            ) AS b
            LEFT JOIN (
              SELECT
                o.g,
                CAST((
                  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
                    o.seconds)
                ) AS DECIMAL) AS median_seconds,
                SUM(o.depth) AS depths,
                COUNT(o.depth) AS views_with_depth
              FROM (
                SELECT
                  (
                    ARRAY_AGG(m.g) FILTER(WHERE
                      m.is_view)
                  )[1] AS g,
                  MAX(d.time_on_page) AS seconds,
                  MAX(d.scroll_depth) AS depth
                FROM (
                  SELECT
                    e.site_page_hk AS g,
                    e.site_page_hk,
                    e.site_session_hk,
                    e.site_event_hk,
                    e.event_type = 'page_view' AS is_view,
                    COUNT(*) FILTER(WHERE
                      e.event_type = 'page_view') OVER (
                      PARTITION BY e.site_session_hk
                      ORDER BY e.event_timestamp, e.raw_event_id, e.site_event_hk
                    ) AS view_number
                  FROM business.event_b AS e
                  WHERE
                    (
                      e.tenant_hk = $3
                      AND e.site_event_hk >= util.time_prefix($5)
                      AND e.site_event_hk < util.time_prefix($4)
                    )
                    AND NOT e.is_bot
                    AND (
                      e.event_type = 'page_view'
                      OR e.event_type = 'engagement'
                      AND e.event_action = 'attention'
                    )
                ) AS m
                LEFT JOIN LATERAL (
                  SELECT
                    d.time_on_page,
                    d.scroll_depth
                  FROM business.site_event_details_s AS d
                  WHERE
                    d.site_event_hk = m.site_event_hk AND NOT m.is_view
                  LIMIT 1
                ) AS d
                  ON TRUE
                GROUP BY
                  m.site_page_hk,
                  m.site_session_hk,
                  m.view_number
                HAVING
                  BOOL_OR(m.is_view)
              ) AS o
              GROUP BY
                o.g
            ) AS o
              ON (
                o.g IS NULL
              )
          ) AS b
          LEFT JOIN (
            SELECT
              o.g,
              PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY
                o.lcp) AS p75_lcp
            FROM (
              SELECT
                l.g,
                CAST((
                  jsonb_path_query_first(l.told, 'strict $.lcp ? (@ >= 0)', '{}', TRUE)
                ) AS DECIMAL) AS lcp,
                CAST((
                  jsonb_path_query_first(l.told, 'strict $.inp ? (@ >= 0)', '{}', TRUE)
                ) AS DECIMAL) AS inp,
                CAST((
                  jsonb_path_query_first(l.told, 'strict $.cls ? (@ >= 0)', '{}', TRUE)
                ) AS DECIMAL) AS cls,
                CAST((
                  jsonb_path_query_first(l.told, 'strict $.fcp ? (@ >= 0)', '{}', TRUE)
                ) AS DECIMAL) AS fcp,
                CAST((
                  jsonb_path_query_first(l.told, 'strict $.ttfb ? (@ >= 0)', '{}', TRUE)
                ) AS DECIMAL) AS ttfb
              FROM (
                SELECT DISTINCT ON (t.site_session_hk, t.site_page_hk, t.told -> 'ttfb')
                  t.g,
                  t.told
                FROM (
                  SELECT
                    e.site_page_hk AS g,
                    e.site_session_hk,
                    e.site_page_hk,
                    e.event_timestamp,
                    e.raw_event_id,
                    e.site_event_hk,
                    d.custom_properties AS told
                  FROM business.event_b AS e
                  LEFT JOIN LATERAL (
                    SELECT
                      s.custom_properties
                    FROM business.site_event_details_s AS s
                    WHERE
                      s.site_event_hk = e.site_event_hk
                    LIMIT 1
                  ) AS d
                    ON TRUE
                  WHERE
                    (
                      e.tenant_hk = $3
                      AND e.site_event_hk >= util.time_prefix($5)
                      AND e.site_event_hk < util.time_prefix($4)
                    )
                    AND NOT e.is_bot
                    AND (
                      e.event_type = 'engagement'
                      AND e.event_action = 'web_vitals'
                      AND jsonb_typeof(d.custom_properties) = 'object'
                    )
                ) AS t
                ORDER BY
                  t.site_session_hk,
                  t.site_page_hk,
                  t.told -> 'ttfb',
                  t.event_timestamp DESC,
                  t.raw_event_id DESC,
                  t.site_event_hk DESC
              ) AS l
            ) AS o
            GROUP BY
              o.g
          ) AS o
            ON (
              o.g IS NULL
            )
        ) AS f
      )
    END,
    'nextCursor',
    CASE WHEN COUNT(*) > $1 THEN $2 + $1 END
  )
FROM numbered AS f;
