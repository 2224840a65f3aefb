-- What items come to, carried forward as pages are (pages.sql): what a visit did with an item is written down when the visit is closed
-- (item_visit_w), and added to the item's sums (item_w) and to those of its days (item_day_w).
--
-- Two things of an item are no sums. How often it was met in the last 30 days are its days since, and of the day on which those 30 began the visits
-- that met it after that moment. What it is called is what the latest event that names it says, whoever sent it: each visit's row has the events
-- that are the last to say something, and the item the last of those. Should that event go, the item is summed up anew.

-- What an event may say of an item: the keys of business_item_info that describe it.
CREATE OR REPLACE FUNCTION business.item_attributes() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['item_name', 'item_category', 'item_description', 'item_value', 'item_metadata'];

-- The day under which item_day_w has a moment: that of UTC, whatever time zone a tenant has.
CREATE OR REPLACE FUNCTION business.item_day(p_moment timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_moment AT TIME ZONE 'UTC')::date;

-- What these visits, as they stand, did with each item (of p_items; NULL: of all), and said of it: bots' visits speak too. Reads the events of
-- visits with items, by business.visit_events: which those are, their details say; events of nobody have none.
CREATE OR REPLACE FUNCTION business.visit_items(p_visits bytea[], p_items bytea[] DEFAULT NULL)
RETURNS TABLE (is_counted boolean, met business.item_visit_w)
LANGUAGE sql STABLE AS $$
    WITH event AS MATERIALIZED (
        SELECT v.site_session_hk, d.tenant_hk, d.site_event_hk, d.event_timestamp, d.raw_event_id, d.business_item_info AS info, i.business_item_hk,
               d.event_type = 'item_interaction' AND coalesce(j.traffic_class, d.traffic_class) = 'human' AS is_interaction,
               max(d.event_timestamp) FILTER (WHERE d.event_type = 'transaction_step' AND d.event_action = 'complete')
                   OVER (PARTITION BY v.site_session_hk) AS completed_at
        FROM unnest(p_visits) AS v(site_session_hk)
        LEFT JOIN LATERAL (
            SELECT k.items_viewed IS NULL AS is_without FROM business.site_session_details_s k
            WHERE k.site_session_hk = v.site_session_hk AND k.load_end_date IS NULL LIMIT 1
        ) k ON true
        LEFT JOIN LATERAL business.judged_class(v.site_session_hk) j(traffic_class) ON true
        CROSS JOIN LATERAL business.visit_events(v.site_session_hk) d
        LEFT JOIN LATERAL (
            SELECT i.business_item_hk FROM business.event_business_item_l i
            WHERE d.business_item_info IS NOT NULL AND i.site_event_hk = d.site_event_hk
              AND i.link_event_business_item_hk BETWEEN substr(d.site_event_hk, 1, 6) AND util.last_key_of(d.site_event_hk) LIMIT 1
        ) i ON true
        WHERE p_items IS NOT NULL OR k.is_without IS NOT true
    ), of_item AS MATERIALIZED (
        SELECT e.* FROM event e WHERE e.business_item_hk IS NOT NULL AND (p_items IS NULL OR e.business_item_hk = ANY (p_items))
    ), told AS (
        SELECT l.site_session_hk, l.business_item_hk, array_agg(DISTINCT l.site_event_hk ORDER BY l.site_event_hk) AS said
        FROM (
            SELECT DISTINCT ON (e.site_session_hk, e.business_item_hk, a.attribute) e.site_session_hk, e.business_item_hk, e.site_event_hk
            FROM of_item e
            JOIN unnest(business.item_attributes()) AS a(attribute) ON e.info ? a.attribute
            ORDER BY e.site_session_hk, e.business_item_hk, a.attribute, e.event_timestamp DESC, e.raw_event_id DESC
        ) l
        GROUP BY l.site_session_hk, l.business_item_hk
    ), met AS (
        SELECT e.site_session_hk, e.business_item_hk, e.tenant_hk, max(e.completed_at) AS completed_at,
               min(e.event_timestamp) FILTER (WHERE e.is_interaction) AS first_met,
               max(e.event_timestamp) FILTER (WHERE e.is_interaction) AS last_met,
               array_agg(e.event_timestamp ORDER BY e.event_timestamp) FILTER (WHERE e.is_interaction) AS met_at
        FROM of_item e GROUP BY e.site_session_hk, e.business_item_hk, e.tenant_hk
    )
    SELECT true, ROW(m.site_session_hk, m.business_item_hk, m.tenant_hk, coalesce(m.completed_at >= m.first_met, false)::integer, m.last_met,
                     m.met_at, t.said)::business.item_visit_w
    FROM met m LEFT JOIN told t USING (site_session_hk, business_item_hk)
$$;

-- Which of these events, each about one of these items, are the last to say something of it. Reads each of them by its key; those that are gone
-- say nothing.
CREATE OR REPLACE FUNCTION business.last_said(p_items bytea[], p_events bytea[]) RETURNS TABLE (business_item_hk bytea, said bytea[])
LANGUAGE sql STABLE AS $$
    SELECT l.business_item_hk, array_agg(DISTINCT l.site_event_hk ORDER BY l.site_event_hk)
    FROM (
        SELECT DISTINCT ON (e.business_item_hk, a.attribute) e.business_item_hk, d.site_event_hk
        FROM (SELECT DISTINCT e.* FROM unnest(p_items, p_events) AS e(business_item_hk, site_event_hk)) e
        CROSS JOIN LATERAL (
            SELECT d.site_event_hk, d.event_timestamp, d.raw_event_id, d.business_item_info AS info FROM business.site_event_details_s d
            WHERE d.site_event_hk = e.site_event_hk LIMIT 1
        ) d
        JOIN unnest(business.item_attributes()) AS a(attribute) ON d.info ? a.attribute
        ORDER BY e.business_item_hk, a.attribute, d.event_timestamp DESC, d.raw_event_id DESC
    ) l
    GROUP BY l.business_item_hk
$$;

-- Writes down what these visits, which are over, did with items (business.replace_item_visits), and adds the difference to the items' sums. Of an
-- item that loses the event that was the last to say something, nothing is carried any more: who said so before, its next snapshot finds.
CREATE OR REPLACE FUNCTION business.count_items(p_visits bytea[], p_members bytea[], p_load_date timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_gone bytea[];    -- items of which something was taken back
    v_unsaid bytea[];  -- and those whose last words were
BEGIN
    WITH change AS MATERIALIZED (
        SELECT c.sign, (c.met).* FROM business.replace_item_visits(p_visits, p_members, p_load_date) c
    ), item AS MATERIALIZED (
        SELECT w.business_item_hk, w.said, c.visits, c.interactions, c.converted
        FROM (
            SELECT c.business_item_hk, count(c.last_met) FILTER (WHERE c.sign > 0) - count(c.last_met) FILTER (WHERE c.sign < 0) AS visits,
                   coalesce(sum(c.sign * cardinality(c.met_at)), 0) AS interactions, sum(c.sign * c.converted) AS converted
            FROM change c GROUP BY c.business_item_hk
        ) c
        JOIN business.item_w w USING (business_item_hk)
    ), word AS MATERIALIZED (
        SELECT c.business_item_hk, s.site_event_hk, bool_or(c.sign > 0) AS is_now
        FROM item i JOIN change c USING (business_item_hk) CROSS JOIN LATERAL unnest(c.said) AS s(site_event_hk)
        GROUP BY c.business_item_hk, s.site_event_hk
    ), known AS MATERIALIZED (
        SELECT i.business_item_hk, s.site_event_hk, w.is_now
        FROM item i
        CROSS JOIN LATERAL unnest(i.said) AS s(site_event_hk)
        LEFT JOIN word w USING (business_item_hk, site_event_hk)
    ), last AS MATERIALIZED (
        SELECT l.* FROM business.last_said(
            ARRAY(SELECT w.business_item_hk FROM word w WHERE w.is_now) || ARRAY(SELECT k.business_item_hk FROM known k),
            ARRAY(SELECT w.site_event_hk FROM word w WHERE w.is_now) || ARRAY(SELECT k.site_event_hk FROM known k)) l
    ), summed AS (
        UPDATE business.item_w w
        SET visits = w.visits + i.visits, interactions = w.interactions + i.interactions, converted = w.converted + i.converted, said = l.said
        FROM item i LEFT JOIN last l USING (business_item_hk)
        WHERE w.business_item_hk = i.business_item_hk
    ), counted AS (
        INSERT INTO business.item_day_w AS d (business_item_hk, day, tenant_hk, interactions)
        SELECT c.business_item_hk, business.item_day(m.moment), c.tenant_hk, sum(c.sign)
        FROM change c CROSS JOIN LATERAL unnest(c.met_at) AS m(moment)
        WHERE EXISTS (SELECT FROM item i WHERE i.business_item_hk = c.business_item_hk)
        GROUP BY c.business_item_hk, business.item_day(m.moment), c.tenant_hk HAVING sum(c.sign) <> 0
        ORDER BY 1, 2
        ON CONFLICT (business_item_hk, day) DO UPDATE SET interactions = d.interactions + excluded.interactions
    )
    SELECT (SELECT array_agg(DISTINCT c.business_item_hk) FROM change c WHERE c.sign < 0),
           (SELECT array_agg(DISTINCT k.business_item_hk) FROM known k LEFT JOIN last l USING (business_item_hk)
            WHERE k.is_now = false AND (k.site_event_hk = ANY (l.said) OR NOT EXISTS (
                SELECT FROM business.site_event_details_s d WHERE d.site_event_hk = k.site_event_hk)))
    INTO v_gone, v_unsaid;
    IF v_gone IS NOT NULL THEN
        DELETE FROM business.item_day_w d WHERE d.business_item_hk = ANY (v_gone) AND d.interactions = 0;
    END IF;
    IF v_unsaid IS NOT NULL THEN
        PERFORM business.forget_items(v_unsaid);
    END IF;
END
$$;

-- What all visits of these items come to: what item_w carries. By item_visit_w_met.
CREATE OR REPLACE FUNCTION business.item_sums(p_items bytea[])
RETURNS TABLE (business_item_hk bytea, tenant_hk bytea, visits bigint, interactions bigint, converted bigint, said bytea[])
LANGUAGE sql STABLE AS $$
    WITH word AS MATERIALIZED (
        SELECT w.business_item_hk, s.site_event_hk
        FROM business.item_visit_w w CROSS JOIN LATERAL unnest(w.said) AS s(site_event_hk)
        WHERE w.business_item_hk = ANY (p_items)
    ), last AS MATERIALIZED (
        SELECT l.* FROM business.last_said(ARRAY(SELECT w.business_item_hk FROM word w), ARRAY(SELECT w.site_event_hk FROM word w)) l
    )
    SELECT h.business_item_hk, h.tenant_hk, s.visits, s.interactions, s.converted, l.said
    FROM business.business_item_h h
    CROSS JOIN LATERAL (
        SELECT count(w.last_met) AS visits, coalesce(sum(cardinality(w.met_at)), 0) AS interactions, coalesce(sum(w.converted), 0) AS converted
        FROM business.item_visit_w w WHERE w.business_item_hk = h.business_item_hk
    ) s
    LEFT JOIN last l ON l.business_item_hk = h.business_item_hk
    WHERE h.business_item_hk = ANY (p_items)
$$;

-- How many interactions each of their days had: what item_day_w carries.
CREATE OR REPLACE FUNCTION business.day_sums(p_items bytea[])
RETURNS TABLE (business_item_hk bytea, day date, tenant_hk bytea, interactions bigint)
LANGUAGE sql STABLE AS $$
    SELECT w.business_item_hk, business.item_day(m.moment), w.tenant_hk, count(*)
    FROM business.item_visit_w w CROSS JOIN LATERAL unnest(w.met_at) AS m(moment)
    WHERE w.business_item_hk = ANY (p_items)
    GROUP BY w.business_item_hk, business.item_day(m.moment), w.tenant_hk
$$;

-- Items as computed from the visits that met them and are over; of interactions those of bots are left out. Definitions: docs/ask/metrics.md. Of each
-- item it reads a row of item_w, at most 31 of item_day_w, the events that are the last to say something, and who met it on the first of 30 days.
CREATE OR REPLACE FUNCTION business.business_item_details_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (
    business_item_hk bytea, tenant_hk bytea, item_name text, item_type text, item_category text, item_description text,
    item_value numeric, item_currency text, is_active boolean, popularity_score integer, conversion_rate numeric,
    total_interactions integer, total_conversions integer, business_metadata jsonb
)
LANGUAGE sql STABLE AS $$
    SELECT h.business_item_hk, h.tenant_hk, left(coalesce(s.item_name, substr(h.business_item_bk, strpos(h.business_item_bk, ':') + 1)), 255),
           left(split_part(h.business_item_bk, ':', 1), 100), s.item_category, s.item_description, s.item_value, s.item_currency,
           r.recent > 0, r.recent::integer, round(100.0 * w.converted / nullif(w.visits, 0), 2), coalesce(w.interactions, 0)::integer,
           coalesce(w.converted, 0)::integer, s.item_metadata
    FROM unnest(p_keys) AS k(business_item_hk)
    CROSS JOIN LATERAL (SELECT h.* FROM business.business_item_h h WHERE h.business_item_hk = k.business_item_hk LIMIT 1) h
    LEFT JOIN LATERAL (SELECT w.* FROM business.item_w w WHERE w.business_item_hk = h.business_item_hk LIMIT 1) w ON true
    CROSS JOIN LATERAL (
        -- each description from the latest event that carries it
        SELECT (array_agg(d.info ->> 'item_name' ORDER BY d.event_timestamp DESC, d.raw_event_id DESC) FILTER (WHERE d.info ? 'item_name'))[1] AS item_name,
               (array_agg(d.info ->> 'item_category' ORDER BY d.event_timestamp DESC, d.raw_event_id DESC)
                   FILTER (WHERE d.info ? 'item_category'))[1] AS item_category,
               (array_agg(d.info ->> 'item_description' ORDER BY d.event_timestamp DESC, d.raw_event_id DESC)
                   FILTER (WHERE d.info ? 'item_description'))[1] AS item_description,
               (array_agg((d.info ->> 'item_value')::numeric ORDER BY d.event_timestamp DESC, d.raw_event_id DESC)
                   FILTER (WHERE d.info ? 'item_value'))[1] AS item_value,
               (array_agg(d.event_currency ORDER BY d.event_timestamp DESC, d.raw_event_id DESC)
                   FILTER (WHERE d.info ? 'item_value'))[1] AS item_currency,
               (array_agg(d.info -> 'item_metadata' ORDER BY d.event_timestamp DESC, d.raw_event_id DESC)
                   FILTER (WHERE d.info ? 'item_metadata'))[1] AS item_metadata
        FROM unnest(w.said) AS s(site_event_hk)
        CROSS JOIN LATERAL (
            SELECT d.event_timestamp, d.raw_event_id, d.event_currency, d.business_item_info AS info FROM business.site_event_details_s d
            WHERE d.site_event_hk = s.site_event_hk LIMIT 1
        ) d
        OFFSET 0
    ) s
    CROSS JOIN LATERAL (
        SELECT m.since, business.item_day(m.since) AS day, (business.item_day(m.since) + 1)::timestamp AT TIME ZONE 'UTC' AS next_day
        FROM (SELECT p_as_of - interval '30 days' AS since) m
    ) f
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT sum(d.interactions) FROM business.item_day_w d
                         WHERE d.business_item_hk = w.business_item_hk AND d.day > f.day), 0)
             + (SELECT count(*) FROM business.item_visit_w v CROSS JOIN LATERAL unnest(v.met_at) AS m(moment)
                -- who met it last so much later was not here yet
                WHERE v.business_item_hk = w.business_item_hk AND v.last_met > f.since
                  AND v.last_met < f.next_day + business.visit_limit() + business.visit_timeout()
                  AND m.moment > f.since AND m.moment < f.next_day) AS recent
        -- once, however often it is asked for
        OFFSET 0
    ) r
$$;
