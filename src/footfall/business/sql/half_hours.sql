-- Events without a session id, whose visits are chains of half hours.
--
-- An event without a session id belongs to the half hour (UTC) it happened in, a session key that is a function of the event
-- alone. Two events less than 30 minutes apart lie in the same or in neighbouring half hours; so visits by 30 minutes of silence
-- are exactly the chains of half hours whose gap, last event to first event, is at most 30 minutes. More events can only close
-- gaps: chains grow and never break, and whatever the order of arrival, they end up the same.
--
-- Somebody who consents in mid-visit gets an id: from then on the visitor is another one, and the visit goes on. It continues the half
-- hour of the visitor as the edge knew them until then (known_as_hk), if no other id came from the same address and browser in that
-- time: of two who share them, nobody could tell whose the views before were.

-- Finds, for the half hours with events in pg_temp.fresh_event, the first half hour of their visit. Follows a chain only as far as
-- something changes. Where a chain goes on for longer than a visit may, its later half hours are visits of their own: the chain
-- itself (chain_session_hk) is what grows and never breaks. Returns what moved: each half hour, the visit it was in, and the visit it
-- is in. For a load, whose turn it is.
CREATE OR REPLACE FUNCTION business.join_half_hours()
RETURNS TABLE (site_session_hk bytea, root_before bytea, root_session_hk bytea)
LANGUAGE sql AS $$
    WITH RECURSIVE touched AS MATERIALIZED (
        SELECT w.* FROM (SELECT DISTINCT f.site_session_hk FROM pg_temp.fresh_event f WHERE f.session_bucket IS NOT NULL) f
        CROSS JOIN LATERAL (SELECT w.* FROM business.site_session_w w WHERE w.site_session_hk = f.site_session_hk LIMIT 1) w
    ), joined AS (
        -- half hours with new events: each continues the one before it, or begins a visit
        SELECT t.site_session_hk, t.site_visitor_hk, t.session_bucket, t.last_event_timestamp,
               t.root_session_hk AS root_before,
               coalesce(b.chain_hk, k.chain_hk, t.site_session_hk) AS chain_hk,
               coalesce(r.session_bucket, t.session_bucket) AS root_bucket
        FROM touched t
        LEFT JOIN LATERAL (
            SELECT coalesce(b.chain_session_hk, b.root_session_hk) AS chain_hk FROM business.site_session_w b
            WHERE b.site_visitor_hk = t.site_visitor_hk AND b.session_bucket = t.session_bucket - interval '30 minutes'
              AND t.first_event_timestamp - b.last_event_timestamp <= business.visit_timeout() LIMIT 1
        ) b ON true
        LEFT JOIN LATERAL (
            SELECT coalesce(k.chain_session_hk, k.root_session_hk) AS chain_hk FROM business.site_session_w k
            WHERE t.known_as_hk IS NOT NULL AND b.chain_hk IS NULL
              AND k.site_visitor_hk = t.known_as_hk AND business.is_known_alone(t)
              AND k.session_bucket BETWEEN t.session_bucket - interval '30 minutes' AND t.session_bucket
              AND t.first_event_timestamp - k.last_event_timestamp <= business.visit_timeout()
            ORDER BY k.session_bucket LIMIT 1
        ) k ON true
        LEFT JOIN LATERAL (
            SELECT r.session_bucket FROM business.site_session_w r
            WHERE r.site_session_hk = coalesce(b.chain_hk, k.chain_hk) LIMIT 1
        ) r ON true
        UNION
        -- and what follows them without a gap, while it learns something new
        SELECT n.site_session_hk, n.site_visitor_hk, n.session_bucket, n.last_event_timestamp,
               n.root_session_hk, j.chain_hk, j.root_bucket
        FROM joined j
        CROSS JOIN LATERAL (
            SELECT n.* FROM business.site_session_w n
            WHERE n.site_visitor_hk = j.site_visitor_hk AND n.session_bucket = j.session_bucket + interval '30 minutes'
              AND n.first_event_timestamp - j.last_event_timestamp <= business.visit_timeout()
              AND coalesce(n.chain_session_hk, n.root_session_hk) <> j.chain_hk
            UNION ALL
            SELECT n.* FROM business.site_session_w n
            WHERE n.known_as_hk = j.site_visitor_hk AND business.is_known_alone(n) AND n.root_session_hk = n.site_session_hk
              AND n.chain_session_hk IS NULL
              AND n.session_bucket BETWEEN j.session_bucket AND j.session_bucket + interval '30 minutes'
              AND n.first_event_timestamp - j.last_event_timestamp <= business.visit_timeout()
              AND n.root_session_hk <> j.chain_hk
            LIMIT 1
        ) n
    ), found AS (
        SELECT DISTINCT ON (j.site_session_hk) j.* FROM joined j ORDER BY j.site_session_hk, j.root_bucket
    ), placed AS (
        SELECT f.*, coalesce(x.site_session_hk, f.chain_hk) AS visit_hk
        FROM found f
        LEFT JOIN LATERAL (
            -- a chain has every half hour: the one that is so many days after its first begins a visit
            SELECT x.site_session_hk FROM business.site_session_w x
            WHERE f.session_bucket - f.root_bucket >= business.visit_limit() AND x.site_visitor_hk = f.site_visitor_hk
              AND x.session_bucket >= date_bin(business.visit_limit(), f.session_bucket, f.root_bucket)
              -- what was one visit before there was a limit goes on as one
              AND NOT EXISTS (SELECT FROM business.site_session_w r WHERE r.site_session_hk = f.chain_hk AND NOT r.has_end)
            ORDER BY x.session_bucket LIMIT 1
        ) x ON true
    )
    UPDATE business.site_session_w w
    SET root_session_hk = p.visit_hk, chain_session_hk = nullif(p.chain_hk, p.visit_hk)
    FROM placed p
    WHERE w.site_session_hk = p.site_session_hk
      AND (p.visit_hk <> p.root_before OR w.chain_session_hk IS DISTINCT FROM nullif(p.chain_hk, p.visit_hk))
    RETURNING w.site_session_hk, p.root_before, p.visit_hk
$$;

-- Whether nobody else came with an id of theirs from the address and browser by which the edge knew this visitor, around this half hour.
CREATE OR REPLACE FUNCTION business.is_known_alone(p_half_hour business.site_session_w) RETURNS boolean
LANGUAGE sql STABLE
RETURN NOT EXISTS (
    SELECT FROM business.site_session_w o
    WHERE o.known_as_hk = (p_half_hour).known_as_hk AND o.site_visitor_hk <> (p_half_hour).site_visitor_hk
      AND o.session_bucket BETWEEN (p_half_hour).session_bucket - interval '30 minutes' AND (p_half_hour).session_bucket + interval '30 minutes');

-- Which session a half hour continues, for the half hours that are not the first of their visit, or were not.
CREATE OR REPLACE FUNCTION business.site_session_same_as_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (site_session_hk bytea, tenant_hk bytea, same_as_session_hk bytea)
LANGUAGE sql STABLE AS $$
    SELECT w.site_session_hk, w.tenant_hk, w.root_session_hk FROM business.site_session_w w
    WHERE w.site_session_hk = ANY (p_keys) AND (w.root_session_hk <> w.site_session_hk OR EXISTS (
        SELECT FROM business.site_session_same_as_s a WHERE a.site_session_hk = w.site_session_hk AND a.load_end_date IS NULL))
$$;
