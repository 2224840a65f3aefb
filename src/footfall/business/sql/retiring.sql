-- What retention removes of events and of marts, in whole months of a tenant's time.
--
-- The events of a visit go together, when all of it happened before the limit: nothing that a visit was made of is ever half there. What
-- was computed of it stays: its details, its days in visit_b, the rollups of those days, its visitor. From the limit on the days before it are
-- frozen: they are in day_w no more, so nobody counts them again; and no load takes an event of before (business.refuse_retired).
-- Marts go where events have gone before: what a day's figures can be made of again is not thrown away.

-- The first day of which a tenant has everything in a layer; -infinity when nothing was removed.
CREATE OR REPLACE FUNCTION business.first_day(p_tenant_hk bytea, p_layer text) RETURNS date
LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        -- a limit that was drawn in another time zone may lie within a day of this one
        SELECT s.moment::date + (s.moment > date_trunc('day', s.moment))::integer
        FROM (SELECT k.kept_since AT TIME ZONE t.time_zone AS moment
              FROM raw.kept_since k JOIN auth.tenant_v t USING (tenant_hk)
              WHERE k.tenant_hk = p_tenant_hk AND k.layer = p_layer) s), '-infinity')
$$;

-- The tenant's day of a moment.
CREATE OR REPLACE FUNCTION business.day_at(p_tenant_hk bytea, p_moment timestamptz) RETURNS date
LANGUAGE sql STABLE
RETURN (SELECT (p_moment AT TIME ZONE t.time_zone)::date FROM auth.tenant_v t WHERE t.tenant_hk = p_tenant_hk);

-- Until when a tenant's rule has events or marts go: the beginning of the month of the first day that it keeps. p_days: as if that were the rule.
CREATE OR REPLACE FUNCTION business.retire_until(p_tenant_hk bytea, p_layer text, p_now timestamptz, p_days integer DEFAULT NULL) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT date_trunc('month', util.keep_from(p_tenant_hk, p_layer, p_now, p_days), t.time_zone)
    FROM auth.tenant_v t WHERE t.tenant_hk = p_tenant_hk
$$;

-- The visits that were over before a moment and have events still, the oldest first: those of p_most events; NULL: all. Who went on in the
-- silence after which a visit is over may be joined by an event that is taken: such a visit goes with the next month.
CREATE OR REPLACE FUNCTION business.retirable_visits(p_tenant_hk bytea, p_until timestamptz, p_most integer) RETURNS SETOF bytea
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT v.site_session_hk FROM (
        SELECT e.site_session_hk FROM business.event_b e
        WHERE e.tenant_hk = p_tenant_hk AND e.site_event_hk < util.time_prefix(p_until)
          AND NOT EXISTS (SELECT FROM business.site_session_w w WHERE w.root_session_hk = e.site_session_hk
                            AND w.last_event_timestamp >= p_until - business.visit_timeout())
        ORDER BY e.site_event_hk LIMIT p_most) v
$$;

-- Removes what happened before a moment of the tenant's events, of visits with p_most of them; returns how many events. What is there to be
-- counted or closed of that time is waited for: then nothing is removed. All upkeep and all loads wait until the transaction ends.
CREATE OR REPLACE FUNCTION business.retire_events_of(p_tenant_hk bytea, p_until timestamptz, p_most integer) RETURNS bigint
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE
    v_first constant date := business.day_at(p_tenant_hk, p_until);
    v_load_date timestamptz;
    v_visits bytea[];
    v_events bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM business.retirable_visits(p_tenant_hk, p_until, 1)) THEN
        RETURN 0;
    END IF;
    -- in the order in which jobs take them: their own turn, then the load's
    PERFORM util.take_turn(w) FROM unnest('{sessions,site_visitor_details,site_page_details,business_item_details,rollups}'::text[]) w;
    PERFORM util.take_turn('load');
    v_visits := ARRAY(SELECT business.retirable_visits(p_tenant_hk, p_until, p_most));
    IF EXISTS (SELECT FROM business.day_w w WHERE w.tenant_hk = p_tenant_hk AND w.day < v_first AND NOT w.is_rolled_up)
       OR EXISTS (SELECT FROM unnest(v_visits) AS v(site_session_hk)
                  JOIN business.site_session_w w ON w.root_session_hk = v.site_session_hk WHERE w.is_open)
    THEN
        RETURN 0;
    END IF;
    v_load_date := business.open_load('retention');
    PERFORM business.freeze_days(p_tenant_hk, p_until, v_first);

    -- what visits of several days did is counted from their events when it is asked for: from now on on the last of those days
    INSERT INTO business.rollup_b AS r (tenant_hk, dimension, day, value, previous_day, events, page_views, interactions, visits,
                                        visitors, begun, bounces, duration_seconds, conversions, converted, revenue, latest_name,
                                        refunds, views_without_visit)
    SELECT p_tenant_hk, 'funnel', s.day, f.value, '-infinity', 0, 0, 0, count(*), NULL, NULL, NULL, NULL, 0, 0, 0, NULL, 0, 0
    FROM (
        SELECT max(e.day) AS day, bool_or(e.event_action = 'start') AS started, bool_or(e.event_action = 'progress') AS progressed,
               bool_or(e.event_action = 'complete') AS completed
        FROM unnest(v_visits) AS v(site_session_hk)
        CROSS JOIN LATERAL business.visit_bridge(v.site_session_hk) e
        WHERE e.event_type = 'transaction_step' AND NOT e.is_bot AND e.is_visit
          AND EXISTS (SELECT FROM business.visit_b b WHERE b.site_session_hk = v.site_session_hk AND b.spans_days)
        GROUP BY v.site_session_hk
    ) s
    CROSS JOIN LATERAL (VALUES ('started', s.started), ('progressed', s.started AND s.progressed),
                               ('completed', s.started AND s.completed)) AS f(value, holds)
    WHERE f.holds GROUP BY s.day, f.value
    ON CONFLICT (tenant_hk, day, dimension, value, previous_day) DO UPDATE SET visits = r.visits + excluded.visits;

    PERFORM business.empty_removal();
    INSERT INTO pg_temp.gone_event (site_event_hk)
    SELECT b.site_event_hk
    FROM unnest(v_visits) AS v(site_session_hk) CROSS JOIN LATERAL business.visit_bridge(v.site_session_hk) b;
    GET DIAGNOSTICS v_events = ROW_COUNT;
    ANALYZE pg_temp.gone_event;
    INSERT INTO business.retired_order_w (tenant_hk, order_hash, day)
    SELECT DISTINCT p_tenant_hk, util.hash_binary(business.conversion_identity(
               e.event_type, e.transaction_id, e.site_session_hk, e.transaction_funnel_step, e.site_event_hk, e.event_value, false)), e.day
    FROM pg_temp.gone_event g
    CROSS JOIN LATERAL (
        SELECT e.* FROM business.event_b e WHERE e.site_event_hk = g.site_event_hk AND e.tenant_hk = p_tenant_hk LIMIT 1
    ) e
    CROSS JOIN LATERAL business.conversion_of(e.tenant_hk, e.event_type, e.event_action, e.event_label, e.event_timestamp,
                                              e.event_value, e.event_currency, e.is_superseded) c
    WHERE e.transaction_id IS NOT NULL AND NOT e.is_bot AND NOT c.is_refund
    ON CONFLICT DO NOTHING;
    DELETE FROM business.event_b e USING pg_temp.gone_event g
    WHERE e.tenant_hk = p_tenant_hk AND e.site_event_hk = g.site_event_hk AND e.site_event_hk < util.time_prefix(p_until);
    DELETE FROM business.superseded_w s USING pg_temp.gone_event g WHERE s.site_event_hk = g.site_event_hk;
    PERFORM business.remove_grain();
    PERFORM business.count_visits('{}', v_visits, NULL);
    UPDATE business.site_session_w w SET is_retired = true WHERE w.root_session_hk = ANY (v_visits);
    UPDATE raw.load_batch l
    SET counts = jsonb_build_object('site_event_h', -v_events),
        asked = jsonb_build_object('tenant', encode(p_tenant_hk, 'hex'), 'until', p_until, 'most', p_most)
    WHERE l.load_date = v_load_date;
    RETURN v_events;
END
$$;

-- Nobody counts the days before a limit again.
CREATE OR REPLACE FUNCTION business.freeze_days(p_tenant_hk bytea, p_until timestamptz, p_first date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF util.kept_since(p_tenant_hk, 'events') < p_until THEN
        INSERT INTO raw.kept_since VALUES (p_tenant_hk, 'events', p_until)
        ON CONFLICT (tenant_hk, layer) DO UPDATE SET kept_since = excluded.kept_since;
        PERFORM business.forget_hours(p_tenant_hk, '-infinity', p_first);
        DELETE FROM business.day_w w WHERE w.tenant_hk = p_tenant_hk AND w.day < p_first;
    END IF;
END
$$;

-- Takes out of a load what happened before the tenant's events are kept: it stays as an INVALID event (older_than_kept). For the load, in its
-- turn. Of a batch that is loaded again some were loaded before: those stay what they are.
CREATE OR REPLACE FUNCTION business.refuse_retired() RETURNS void
LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM pg_temp.fresh_event f USING raw.kept_since k
        WHERE k.tenant_hk = f.tenant_hk AND k.layer = 'events' AND f.event_timestamp < k.kept_since
        RETURNING f.raw_event_id, f.received_timestamp, f.batch_id
    )
    UPDATE staging.site_events_staging s SET validation_status = 'INVALID', validation_errors = '{older_than_kept}'
    FROM gone g JOIN raw.ingest_batch b USING (batch_id)
    WHERE b.load_date IS NULL AND s.raw_event_id = g.raw_event_id AND s.received_timestamp = g.received_timestamp
$$;

-- The rows of visits, in which all is of days before p_first and whose events have gone: those of visits that were over before p_gone.
CREATE OR REPLACE FUNCTION business.retirable_days(p_tenant_hk bytea, p_first date, p_gone timestamptz) RETURNS SETOF business.visit_b
LANGUAGE sql STABLE AS $$
    SELECT v.* FROM business.visit_b v
    WHERE v.tenant_hk = p_tenant_hk AND v.day < p_first
      AND NOT EXISTS (SELECT FROM business.visit_b o WHERE o.site_session_hk = v.site_session_hk AND o.day >= p_first)
      AND NOT EXISTS (SELECT FROM business.site_session_w w WHERE w.root_session_hk = v.site_session_hk
                        AND w.last_event_timestamp >= p_gone - business.visit_timeout())
$$;

-- Removes the figures of days before a moment, and p_most of the rows of visits of those days (NULL: all); returns how many rows. Later days
-- know of visitors, visits and conversions that they were there before, but not when: questions that reach back so far are refused.
CREATE OR REPLACE FUNCTION business.retire_marts_of(p_tenant_hk bytea, p_until timestamptz, p_most integer) RETURNS bigint
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE
    v_first constant date := business.day_at(p_tenant_hk, p_until);
    v_figures bigint := 0;
    v_rows bigint;
BEGIN
    IF util.kept_since(p_tenant_hk, 'marts') < p_until THEN
        PERFORM util.take_turn('rollups');
        INSERT INTO raw.kept_since VALUES (p_tenant_hk, 'marts', p_until)
        ON CONFLICT (tenant_hk, layer) DO UPDATE SET kept_since = excluded.kept_since;
        DELETE FROM business.rollup_b r WHERE r.tenant_hk = p_tenant_hk AND r.day < v_first;
        GET DIAGNOSTICS v_figures = ROW_COUNT;
        -- as business.count_figures has it from now on
        WITH known AS (
            DELETE FROM business.rollup_b r
            WHERE r.tenant_hk = p_tenant_hk AND r.previous_day < v_first AND EXISTS (
                SELECT FROM business.rollup_b o
                WHERE o.tenant_hk = r.tenant_hk AND o.day = r.day AND o.dimension = r.dimension AND o.value = r.value
                  AND o.previous_day < v_first AND o.previous_day > '-infinity')
            RETURNING r.*
        )
        INSERT INTO business.rollup_b
        SELECT k.tenant_hk, k.dimension, k.day, k.value, '-infinity', sum(k.events), sum(k.page_views), sum(k.interactions),
               sum(k.visits), sum(k.visitors), sum(k.begun), sum(k.bounces), sum(k.duration_seconds), sum(k.conversions),
               sum(k.converted), sum(k.revenue), max(k.latest_name), sum(k.refunds), sum(k.views_without_visit)
        FROM known k GROUP BY k.tenant_hk, k.dimension, k.day, k.value;
    END IF;
    DELETE FROM business.visit_b v
    USING (SELECT d.site_session_hk, d.day
           FROM business.retirable_days(p_tenant_hk, v_first, util.kept_since(p_tenant_hk, 'events')) d LIMIT p_most) d
    WHERE v.site_session_hk = d.site_session_hk AND v.day = d.day;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_figures + v_rows;
END
$$;

-- Removes, of one tenant, a slice of what is kept no longer in a layer, events or marts; returns how many rows. For a transaction of its own,
-- again until it is 0. Marts go by their rule, and where events have gone.
CREATE OR REPLACE FUNCTION business.retire(p_layer text, p_now timestamptz, p_most integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant record;
    v_removed bigint;
BEGIN
    IF NOT util.try_turn('retention') THEN
        RETURN 0; -- another worker is at it
    END IF;
    FOR v_tenant IN
        SELECT h.tenant_hk, u.until
        FROM auth.tenant_h h
        CROSS JOIN LATERAL (
            SELECT least(business.retire_until(h.tenant_hk, p_layer, p_now),
                         CASE WHEN p_layer = 'marts' THEN util.kept_since(h.tenant_hk, 'events') END) AS until) u
        WHERE u.until > '-infinity' AND u.until >= util.kept_since(h.tenant_hk, p_layer) AND NOT util.is_moving(h.tenant_hk)
        ORDER BY h.tenant_hk
    LOOP
        v_removed := CASE p_layer WHEN 'events' THEN business.retire_events_of(v_tenant.tenant_hk, v_tenant.until, p_most)
                                  WHEN 'marts' THEN business.retire_marts_of(v_tenant.tenant_hk, v_tenant.until, p_most) END;
        IF v_removed > 0 THEN
            RETURN v_removed;
        END IF;
    END LOOP;
    RETURN 0;
END
$$;
