-- Sessions that are over are closed: found by an index of when to look, told by their details, and what they met is due.

-- Closes, as of p_as_of, the visits that have been silent for so long that they are over, at most p_limit of them, in turns of their tenants, the
-- longest silent first: writes their details, or a revision when late events changed them. Returns how many it closed; 0 when there was nothing to do.
CREATE OR REPLACE FUNCTION business.close_sessions(p_as_of timestamptz, p_limit integer DEFAULT 10000) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_closed bytea[];
    v_members bytea[];
    v_touched timestamptz[];
    v_load_date timestamptz;
    v_seen timestamptz;
    v_inserted bigint;
BEGIN
    PERFORM util.take_turn('sessions');
    -- at one point between loads, for a rebuild to find it again: if a load came in between, once more
    LOOP
        v_seen := business.seen_load();
        SELECT array_agg(s.root_session_hk) INTO v_closed
        FROM (
            SELECT o.root_session_hk
            FROM (SELECT DISTINCT w.root_session_hk, w.tenant_hk FROM business.site_session_w w
                  WHERE w.is_open AND w.look_at < p_as_of AND w.last_event_timestamp < p_as_of - business.visit_timeout()) o
            CROSS JOIN LATERAL (
                SELECT max(w.last_event_timestamp) AS last_event_timestamp FROM business.site_session_w w
                WHERE w.root_session_hk = o.root_session_hk
            ) m
            WHERE m.last_event_timestamp < p_as_of - business.visit_timeout()
            ORDER BY row_number() OVER (PARTITION BY o.tenant_hk ORDER BY m.last_event_timestamp, o.root_session_hk), o.tenant_hk LIMIT p_limit
        ) s;
        IF v_closed IS NULL THEN
            DELETE FROM raw.load_batch l WHERE l.load_date = v_load_date;
            PERFORM business.look_later(p_as_of);
            RETURN 0;
        END IF;

        -- what is closed is what is seen now: a session that a load touches meanwhile stays open, and is closed again
        SELECT array_agg(m.site_session_hk), array_agg(m.touched_load_date) INTO v_members, v_touched
        FROM business.site_session_w m WHERE m.root_session_hk = ANY (v_closed);
        v_load_date := coalesce(v_load_date, business.open_load('sessions'));
        EXIT WHEN business.seen_load() IS NOT DISTINCT FROM v_seen;
    END LOOP;

    -- events of nobody are no visits: only what they saw of pages and did with items is counted
    v_inserted := business.refresh_site_session_details(ARRAY(
        SELECT m.site_session_hk FROM unnest(v_members) AS m(site_session_hk)
        CROSS JOIN LATERAL (
            SELECT w.is_visit FROM business.site_session_w w WHERE w.site_session_hk = m.site_session_hk LIMIT 1
        ) w
        WHERE w.is_visit), v_load_date);
    UPDATE raw.load_batch l
    SET counts = jsonb_build_object('site_session_details_s', v_inserted),
        asked = jsonb_build_object('as_of', p_as_of, 'most', p_limit, 'seen', v_seen, 'taken', (
            SELECT jsonb_object_agg(encode(t.tenant_hk, 'hex'), t.sessions)
            FROM (SELECT w.tenant_hk, count(*) AS sessions FROM business.site_session_w w
                  WHERE cardinality(v_closed) >= p_limit AND w.site_session_hk = ANY (v_closed) GROUP BY w.tenant_hk) t))
    WHERE l.load_date = v_load_date;

    PERFORM business.count_visits(v_closed, v_members, v_load_date);
    PERFORM business.mark_visitors_due(v_members, v_load_date);

    -- from here on loads wait: they write the same rows
    PERFORM util.take_turn('load');
    UPDATE business.site_session_w w SET is_open = false
    FROM unnest(v_members, v_touched) AS s(site_session_hk, touched_load_date)
    WHERE w.site_session_hk = s.site_session_hk AND w.touched_load_date = s.touched_load_date AND w.is_open
      -- a load may have come between what was to be closed and what was seen of it
      AND w.last_event_timestamp < p_as_of - business.visit_timeout();
    PERFORM business.close_visits(v_closed);
    PERFORM business.look_later(p_as_of);
    RETURN cardinality(v_closed);
END
$$;

-- What these visits, which are over, did with pages and items is counted, in the place of what was known of p_members, the visits with all their
-- half hours; and those are due (p_load_date; NULL: who calls has them due). Without visits: takes p_members out.
CREATE OR REPLACE FUNCTION business.count_visits(p_visits bytea[], p_members bytea[], p_load_date timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM business.count_pages(p_visits, p_members, p_load_date);
    PERFORM business.count_items(p_visits, p_members, p_load_date);
END
$$;

-- Whoever these visits are of has new figures: conversions are known only when they are closed, and which of them count by how they are judged.
-- p_members: the visits with all their half hours.
CREATE OR REPLACE FUNCTION business.mark_visitors_due(p_members bytea[], p_load_date timestamptz) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO business.refresh_w (satellite, hash_key, load_date, tenant_hk)
    -- also those whose session it was before an earlier event of somebody else arrived
    SELECT DISTINCT 'site_visitor_details', c.site_visitor_hk, p_load_date, c.tenant_hk
    FROM unnest(p_members) AS s(site_session_hk)
    CROSS JOIN LATERAL (
        SELECT c.site_visitor_hk, c.tenant_hk FROM business.site_session_context_s c
        WHERE c.site_session_hk = s.site_session_hk AND c.site_visitor_hk IS NOT NULL OFFSET 0
    ) c
    ON CONFLICT DO NOTHING;
$$;

-- Open sessions that were looked at in vain, since they had events after the moment of the look, are looked at again when they may be over.
-- Of others nothing is written: they are read again until they are over. For the end of a transaction that waits for nobody any more.
CREATE OR REPLACE FUNCTION business.look_later(p_as_of timestamptz) RETURNS void
LANGUAGE sql AS $$
    WITH later AS MATERIALIZED (
        SELECT w.site_session_hk FROM business.site_session_w w
        WHERE w.is_open AND w.look_at < p_as_of AND w.last_event_timestamp > w.look_at
        -- a load that is at one of them waits for nobody, and nobody for it
        FOR UPDATE SKIP LOCKED
    )
    UPDATE business.site_session_w w SET look_at = w.last_event_timestamp + business.visit_timeout()
    FROM later l WHERE w.site_session_hk = l.site_session_hk
$$;
