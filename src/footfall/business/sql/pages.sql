-- What pages come to, carried forward. What a visit saw of a page is written down when the visit is closed (page_visit_w), and what that
-- changes is added to the page's sums (page_w): a snapshot reads those, and costs the same however long the page has existed. A visit that is
-- closed again, judged otherwise, joined to another or taken out has its rows replaced, and the sums by the difference: so
-- they are at every moment what all rows come to. What is in page_visit_w and page_w is written in the turn of sessions, and by nobody else.
--
-- What is the same for pages and items is rendered for both: carried.sql. business.count_visits counts a visit for both.
--
-- Why rows of visits and not sums alone: one late event in a closed visit would send a page of a million views back to its beginning, and
-- of such pages some visit always has one. And who has seen a page before is one look at an index.

-- What these visits, as they stand, saw of each page (of p_pages; NULL: of all): is_counted: as people. What is of bots counts for nothing, and
-- the page is due all the same. Reads the visits' events once, by business.visit_events, and the page of each by the primary key of event_page_l.
CREATE OR REPLACE FUNCTION business.visit_pages(p_visits bytea[], p_pages bytea[] DEFAULT NULL)
RETURNS TABLE (is_counted boolean, met business.page_visit_w)
LANGUAGE sql STABLE AS $$
    WITH visit AS MATERIALIZED (
        SELECT v.site_session_hk, j.traffic_class, c.site_visitor_hk, e.is_bounce
        FROM unnest(p_visits) AS v(site_session_hk)
        LEFT JOIN LATERAL business.judged_class(v.site_session_hk) j(traffic_class) ON true
        LEFT JOIN LATERAL (
            SELECT c.site_visitor_hk FROM business.site_session_context_s c
            WHERE c.site_session_hk = v.site_session_hk AND c.load_end_date IS NULL LIMIT 1
        ) c ON true
        LEFT JOIN LATERAL (
            SELECT e.is_bounce FROM business.site_session_details_s e
            WHERE e.site_session_hk = v.site_session_hk AND e.load_end_date IS NULL LIMIT 1
        ) e ON true
    ), event AS MATERIALIZED (
        -- every event, in order, with the number of the page view that it belongs to
        SELECT v.site_session_hk, e.*,
               count(*) FILTER (WHERE e.is_view) OVER (PARTITION BY v.site_session_hk ORDER BY e.event_timestamp, e.raw_event_id) AS view_number,
               max(e.event_timestamp) FILTER (WHERE e.is_completion) OVER (PARTITION BY v.site_session_hk) AS completed_at
        FROM visit v
        CROSS JOIN LATERAL (
            SELECT d.tenant_hk, d.event_timestamp, d.raw_event_id, d.time_on_page, d.page_title, p.site_page_hk, h.is_counted,
                   h.is_counted AND d.event_type = 'page_view' AS is_view,
                   h.is_counted AND d.event_type = 'transaction_step' AND d.event_action = 'complete' AS is_completion
            FROM business.visit_events(v.site_session_hk) d
            CROSS JOIN LATERAL (SELECT coalesce(v.traffic_class, d.traffic_class) = 'human' AS is_counted) h
            LEFT JOIN LATERAL (
                SELECT p.site_page_hk FROM business.event_page_l p
                WHERE p.site_event_hk = d.site_event_hk
                  AND p.link_event_page_hk BETWEEN substr(d.site_event_hk, 1, 6) AND util.last_key_of(d.site_event_hk) LIMIT 1
            ) p ON true
        ) e
    ), step AS (
        -- what happened on one page until the next one was viewed
        SELECT e.site_session_hk, e.site_page_hk, e.tenant_hk, e.is_counted, e.view_number, e.completed_at,
               max(e.time_on_page) AS client_seconds, min(e.event_timestamp) AS first_seen,
               min(e.event_timestamp) FILTER (WHERE e.is_view) AS viewed_at, min(e.page_title) FILTER (WHERE e.is_view) AS page_title
        FROM event e
        GROUP BY e.site_session_hk, e.site_page_hk, e.tenant_hk, e.is_counted, e.view_number, e.completed_at
    ), measured AS (
        SELECT s.*, min(s.viewed_at) OVER (
                   PARTITION BY s.site_session_hk ORDER BY s.view_number GROUPS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) - s.viewed_at AS until_next_view
        FROM step s
    )
    SELECT bool_or(m.is_counted), ROW(
               v.site_session_hk, m.site_page_hk, m.tenant_hk, v.site_visitor_hk, count(m.viewed_at)::integer, (count(t.seconds))::integer,
               count(*) FILTER (WHERE m.viewed_at IS NOT NULL AND m.view_number = 1 AND v.is_bounce IS NOT NULL)::integer,
               count(*) FILTER (WHERE m.viewed_at IS NOT NULL AND m.view_number = 1 AND v.is_bounce)::integer,
               coalesce(max(m.completed_at) >= min(m.first_seen) FILTER (WHERE m.is_counted), false)::integer, coalesce(sum(t.seconds), 0),
               array_agg(m.page_title::text ORDER BY m.view_number) FILTER (WHERE m.page_title IS NOT NULL))::business.page_visit_w
    FROM measured m
    JOIN visit v USING (site_session_hk)
    CROSS JOIN LATERAL (
        -- what the client measured; else the time to the next page view, if that came within half an hour
        SELECT CASE WHEN m.viewed_at IS NOT NULL THEN coalesce(m.client_seconds, CASE WHEN m.until_next_view <= interval '30 minutes'
                                                               THEN extract(epoch FROM m.until_next_view) END) END AS seconds
    ) t
    WHERE m.site_page_hk IS NOT NULL AND (p_pages IS NULL OR m.site_page_hk = ANY (p_pages))
    GROUP BY v.site_session_hk, m.site_page_hk, m.tenant_hk, v.site_visitor_hk
$$;

-- Writes down what these visits, which are over, saw of pages (business.replace_page_visits), and adds the difference to the pages' sums. Reads for
-- each page and visitor that changed one look at page_visit_w_visitor.
CREATE OR REPLACE FUNCTION business.count_pages(p_visits bytea[], p_members bytea[], p_load_date timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_gone bytea[];   -- pages of which something was taken back
BEGIN
    WITH change AS MATERIALIZED (
        SELECT c.sign, (c.met).* FROM business.replace_page_visits(p_visits, p_members, p_load_date) c
    ), met AS (
        SELECT c.site_page_hk, c.site_visitor_hk, count(*) FILTER (WHERE c.sign < 0) AS taken, bool_or(c.sign > 0) AS is_now
        FROM change c WHERE c.site_visitor_hk IS NOT NULL GROUP BY c.site_page_hk, c.site_visitor_hk
    ), visitor AS (
        SELECT m.site_page_hk, sum((o.is_other OR m.is_now)::integer - (o.is_other OR m.taken > 0)::integer) AS visitors
        FROM met m
        CROSS JOIN LATERAL (
            -- as it was before this statement
            SELECT (SELECT count(*) FROM (
                        SELECT FROM business.page_visit_w w
                        WHERE w.site_page_hk = m.site_page_hk AND w.site_visitor_hk = m.site_visitor_hk LIMIT m.taken + 1) w) > m.taken AS is_other
        ) o
        GROUP BY m.site_page_hk
    ), summed AS (
        UPDATE business.page_w w
        SET visits = w.visits + c.visits, visitors = w.visitors + c.visitors, views = w.views + c.views, timed = w.timed + c.timed,
            entries = w.entries + c.entries, bounces = w.bounces + c.bounces, converted = w.converted + c.converted, seconds = w.seconds + c.seconds
        FROM (
            SELECT c.site_page_hk, sum(c.sign) AS visits, coalesce(max(v.visitors), 0) AS visitors, sum(c.sign * c.views) AS views,
                   sum(c.sign * c.timed) AS timed, sum(c.sign * c.entries) AS entries, sum(c.sign * c.bounces) AS bounces,
                   sum(c.sign * c.converted) AS converted, sum(c.sign * c.seconds) AS seconds
            FROM change c LEFT JOIN visitor v USING (site_page_hk) GROUP BY c.site_page_hk
        ) c
        WHERE w.site_page_hk = c.site_page_hk
    ), titled AS (
        INSERT INTO business.page_title_w AS t (site_page_hk, page_title, tenant_hk, views)
        SELECT c.site_page_hk, u.page_title, c.tenant_hk, sum(c.sign)
        FROM change c CROSS JOIN LATERAL unnest(c.page_titles) AS u(page_title)
        WHERE EXISTS (SELECT FROM business.page_w w WHERE w.site_page_hk = c.site_page_hk)
        GROUP BY c.site_page_hk, u.page_title, c.tenant_hk HAVING sum(c.sign) <> 0
        ORDER BY c.site_page_hk, u.page_title
        ON CONFLICT (site_page_hk, page_title) DO UPDATE SET views = t.views + excluded.views
    )
    SELECT array_agg(DISTINCT c.site_page_hk) INTO v_gone FROM change c WHERE c.sign < 0;
    IF v_gone IS NOT NULL THEN
        DELETE FROM business.page_title_w t WHERE t.site_page_hk = ANY (v_gone) AND t.views = 0;
    END IF;
END
$$;

-- What all visits of these pages come to: what page_w carries. By page_visit_w_visitor.
CREATE OR REPLACE FUNCTION business.page_sums(p_pages bytea[])
RETURNS TABLE (site_page_hk bytea, tenant_hk bytea, visits bigint, visitors bigint, views bigint, timed bigint, entries bigint,
               bounces bigint, converted bigint, seconds numeric)
LANGUAGE sql STABLE AS $$
    SELECT h.site_page_hk, h.tenant_hk, count(w.site_session_hk), count(DISTINCT w.site_visitor_hk), coalesce(sum(w.views), 0),
           coalesce(sum(w.timed), 0), coalesce(sum(w.entries), 0), coalesce(sum(w.bounces), 0), coalesce(sum(w.converted), 0),
           coalesce(sum(w.seconds), 0)
    FROM business.site_page_h h
    LEFT JOIN business.page_visit_w w USING (site_page_hk)
    WHERE h.site_page_hk = ANY (p_pages)
    GROUP BY h.site_page_hk, h.tenant_hk
$$;

-- How many views each of their titles had: what page_title_w carries.
CREATE OR REPLACE FUNCTION business.title_sums(p_pages bytea[])
RETURNS TABLE (site_page_hk bytea, page_title text, tenant_hk bytea, views bigint)
LANGUAGE sql STABLE AS $$
    SELECT w.site_page_hk, t.page_title COLLATE "C", w.tenant_hk, count(*)
    FROM business.page_visit_w w CROSS JOIN LATERAL unnest(w.page_titles) AS t(page_title)
    WHERE w.site_page_hk = ANY (p_pages)
    GROUP BY w.site_page_hk, t.page_title COLLATE "C", w.tenant_hk
$$;

-- Pages as computed from the visits that saw them and are over; bots are left out. Definitions: docs/ask/metrics.md. Of each page it reads one row
-- of page_w and the first of page_title_w_most, however many visits there were.
CREATE OR REPLACE FUNCTION business.site_page_details_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (
    site_page_hk bytea, tenant_hk bytea, page_url text, page_title text, page_path text, page_hostname text, page_category text,
    page_type text, total_views integer, unique_visitors integer, avg_time_on_page integer, bounce_rate numeric,
    conversion_rate numeric
)
LANGUAGE sql STABLE AS $$
    SELECT h.site_page_hk, h.tenant_hk, h.site_page_bk, t.page_title, a.path, left(a.host, 253),
           CASE WHEN j.site_page_hk IS NULL THEN g.page_class[1] ELSE j.page_category END,
           CASE WHEN j.site_page_hk IS NULL THEN g.page_class[2] ELSE j.page_type END, coalesce(w.views, 0)::integer,
           coalesce(w.visitors, 0)::integer, round(w.seconds / nullif(w.timed, 0))::integer,
           round(100.0 * w.bounces / nullif(w.entries, 0), 2), round(100.0 * w.converted / nullif(w.visits, 0), 2)
    FROM unnest(p_keys) AS k(site_page_hk)
    CROSS JOIN LATERAL (SELECT h.* FROM business.site_page_h h WHERE h.site_page_hk = k.site_page_hk LIMIT 1) h
    CROSS JOIN LATERAL (
        SELECT nullif(split_part(h.site_page_bk, '/', 1), '') AS host,
               business.page_path(h.site_page_bk) AS path
    ) a
    CROSS JOIN LATERAL (SELECT staging.page_class(a.path) AS page_class) g
    LEFT JOIN LATERAL (
        SELECT j.* FROM business.site_page_judgement_s j WHERE j.site_page_hk = h.site_page_hk AND j.load_end_date IS NULL LIMIT 1
    ) j ON true
    LEFT JOIN LATERAL (SELECT w.* FROM business.page_w w WHERE w.site_page_hk = h.site_page_hk LIMIT 1) w ON true
    LEFT JOIN LATERAL (
        SELECT t.page_title FROM business.page_title_w t
        WHERE t.site_page_hk = h.site_page_hk ORDER BY t.views DESC, t.page_title LIMIT 1
    ) t ON true
$$;
