-- When rollups are computed: of days that have been quiet for a while. Under steady traffic a large tenant's day is quiet never, so that each question
-- would count all of it: a day of many visits is divided into hours, by when its visits began on it, which are quiet soon after their visits are over.
-- The sums of its hours are the day's. So a late event costs the hour of its visit, as long as the day's hours are kept.

-- These days of visits are to be counted anew: their days and, of divided days, the hours in which they began. What they began in before lies
-- between now their first and their last event, so all of that is. For a load, whose turn it is; p_load_date is its own.
CREATE OR REPLACE FUNCTION business.mark_visits(p_load_date timestamptz, p_visits bytea[], p_days date[]) RETURNS void
LANGUAGE sql AS $$
    WITH touched AS MATERIALIZED (
        SELECT DISTINCT v.tenant_hk, v.day, date_trunc('hour', v.first_event_timestamp, 'UTC') AS first_hour,
               date_trunc('hour', v.last_event_timestamp, 'UTC') AS last_hour
        FROM (SELECT DISTINCT p.site_session_hk, p.day FROM unnest(p_visits, p_days) AS p(site_session_hk, day)) p
        CROSS JOIN LATERAL (
            SELECT v.tenant_hk, v.day, v.first_event_timestamp, v.last_event_timestamp FROM business.visit_b v
            WHERE v.site_session_hk = p.site_session_hk AND v.day = p.day LIMIT 1
        ) v
        -- of a day whose events have gone nothing can be counted again
        WHERE v.day >= business.first_day(v.tenant_hk, 'events')
    ), hours AS (
        INSERT INTO business.hour_w AS w (tenant_hk, day, hour, touched_at, is_rolled_up)
        SELECT DISTINCT t.tenant_hk, t.day, h.hour, p_load_date, false
        FROM touched t
        CROSS JOIN LATERAL (
            SELECT FROM business.day_w w WHERE w.tenant_hk = t.tenant_hk AND w.day = t.day AND w.is_divided LIMIT 1
        ) d
        CROSS JOIN LATERAL generate_series(t.first_hour, t.last_hour, interval '1 hour') AS h(hour)
        ORDER BY t.tenant_hk, t.day, h.hour
        ON CONFLICT (tenant_hk, day, hour) DO UPDATE SET touched_at = excluded.touched_at, is_rolled_up = false
    )
    INSERT INTO business.day_w AS w (tenant_hk, day, touched_at, is_rolled_up)
    SELECT DISTINCT t.tenant_hk, t.day, p_load_date, false FROM touched t
    ORDER BY t.tenant_hk, t.day
    ON CONFLICT (tenant_hk, day) DO UPDATE SET touched_at = excluded.touched_at, is_rolled_up = false
$$;

-- Days of a tenant (NULL: all) are to be counted anew as a whole: what they were counted by has changed, or whole visits have gone.
CREATE OR REPLACE FUNCTION business.mark_whole_days(p_tenant_hk bytea, p_days date[], p_touched_at timestamptz) RETURNS void
LANGUAGE sql AS $$
    UPDATE business.hour_w w SET is_rolled_up = false, touched_at = p_touched_at
    WHERE w.tenant_hk = p_tenant_hk AND (p_days IS NULL OR w.day = ANY (p_days));
    UPDATE business.day_w w SET is_rolled_up = false, touched_at = p_touched_at
    WHERE w.tenant_hk = p_tenant_hk AND (p_days IS NULL OR w.day = ANY (p_days));
$$;

-- What has been counted of the hours of a tenant's days until p_until, which is not one of them, goes; they are divided no more.
CREATE OR REPLACE FUNCTION business.forget_hours(p_tenant_hk bytea, p_from date, p_until date) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM business.rollup_hour_w r WHERE r.tenant_hk = p_tenant_hk AND r.day >= p_from AND r.day < p_until;
    DELETE FROM business.hour_w w WHERE w.tenant_hk = p_tenant_hk AND w.day >= p_from AND w.day < p_until;
    UPDATE business.day_w w SET is_divided = false
    WHERE w.tenant_hk = p_tenant_hk AND w.day >= p_from AND w.day < p_until AND w.is_divided;
$$;

-- Computes rollups of what has been quiet for p_quiet; returns of how many days, or hours of days, 0 when there is nothing to do. For a transaction of
-- its own, again until it is 0.
CREATE OR REPLACE FUNCTION business.roll_up_due(p_quiet interval, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE
    v_done integer;
BEGIN
    PERFORM util.take_turn('rollups');
    v_done := business.roll_up_hour(p_now - p_quiet);
    IF v_done = 0 THEN
        v_done := business.roll_up_days(p_now - p_quiet);
    END IF;
    IF v_done = 0 THEN
        v_done := business.divide_day(p_now);
    END IF;
    IF v_done = 0 THEN
        v_done := business.undivide_day(p_now);
    END IF;
    RETURN v_done;
END
$$;

-- The hour of a divided day that was touched the longest ago, before p_before; returns how many, 0 or 1. Found by hour_w_due.
CREATE OR REPLACE FUNCTION business.roll_up_hour(p_before timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_due business.hour_w;
BEGIN
    SELECT w.* INTO v_due FROM business.hour_w w
    WHERE NOT w.is_rolled_up AND w.touched_at <= p_before
      AND EXISTS (SELECT FROM business.day_w d WHERE d.tenant_hk = w.tenant_hk AND d.day = w.day AND d.is_divided)
    ORDER BY w.touched_at, w.tenant_hk, w.day, w.hour LIMIT 1;
    IF v_due.tenant_hk IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM business.rollup_hour_w r WHERE r.tenant_hk = v_due.tenant_hk AND r.day = v_due.day AND r.hour = v_due.hour;
    INSERT INTO business.rollup_hour_w
    SELECT c.tenant_hk, c.day, v_due.hour, c.dimension, c.value, c.previous_day, c.events, c.page_views, c.interactions, c.visits, c.visitors,
           c.begun, c.bounces, c.duration_seconds, c.conversions, c.converted, c.revenue, c.latest_name, c.refunds, c.views_without_visit
    FROM business.count_figures(v_due.tenant_hk, ARRAY[v_due.day], business.rolled_dimensions(), 'infinity', ARRAY[v_due.hour]) c
    ORDER BY c.dimension, c.value, c.previous_day;
    -- a load that has touched the hour since keeps it due
    UPDATE business.hour_w w
    SET is_rolled_up = true, ends_at = (
        SELECT coalesce(max(v.last_event_timestamp), v_due.hour) FROM business.visit_b v
        WHERE v.tenant_hk = v_due.tenant_hk AND v.day = v_due.day AND v.first_event_timestamp >= v_due.hour
          AND v.first_event_timestamp < v_due.hour + interval '1 hour')
    WHERE w.tenant_hk = v_due.tenant_hk AND w.day = v_due.day AND w.hour = v_due.hour AND w.touched_at = v_due.touched_at AND NOT w.is_rolled_up;
    RETURN 1;
END
$$;

-- The day that was touched the longest ago, before p_before, and, as long as they are small, the days of the tenant that follow it; returns how many,
-- 0 when there is none.
--
-- What is due is found by day_w_due. To plan the statement takes as long as to count a few hundred visits: so small days share one. No day
-- is left out between them, as all events between the first and the last are read.
CREATE OR REPLACE FUNCTION business.roll_up_days(p_before timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_hk bytea;
    v_first date;
    v_days date[];
    v_touched timestamptz[];
BEGIN
    SELECT w.tenant_hk, w.day INTO v_tenant_hk, v_first FROM business.day_w w
    WHERE NOT w.is_rolled_up AND w.touched_at <= p_before AND NOT (w.is_divided AND EXISTS (
        SELECT FROM business.hour_w h WHERE h.tenant_hk = w.tenant_hk AND h.day = w.day AND NOT h.is_rolled_up))
    ORDER BY w.touched_at, w.tenant_hk, w.day LIMIT 1;
    IF v_first IS NULL THEN
        RETURN 0;
    END IF;
    SELECT array_agg(d.day ORDER BY d.day), array_agg(d.touched_at ORDER BY d.day) INTO v_days, v_touched
    FROM (
        SELECT w.day, w.touched_at, w.day - v_first = row_number() OVER (ORDER BY w.day) - 1 AS follows,
               sum(n.visits) OVER (ORDER BY w.day) - n.visits AS visits_before
        FROM business.day_w w
        CROSS JOIN LATERAL (
            SELECT count(*) AS visits FROM (
                SELECT FROM business.visit_b v WHERE v.tenant_hk = w.tenant_hk AND v.day = w.day LIMIT 1000) v
        ) n
        WHERE w.tenant_hk = v_tenant_hk AND w.day BETWEEN v_first AND v_first + 30 AND NOT w.is_rolled_up AND w.touched_at <= p_before
          AND (w.day = v_first OR NOT w.is_divided)
    ) d
    WHERE d.follows AND d.visits_before < 1000;
    PERFORM util.ensure_month(m.month AT TIME ZONE 'UTC', 'date')
    FROM (SELECT DISTINCT date_trunc('month', d.day::timestamp) AS month FROM unnest(v_days) AS d(day)) m;
    -- rows that say what they said are not written again: of a day that is rolled up anew most do
    WITH fresh AS MATERIALIZED (
        SELECT r.* FROM business.count_days(v_tenant_hk, v_days, business.rolled_dimensions()) r
    ), stored AS MATERIALIZED (
        SELECT r.* FROM business.rollup_b r
        WHERE r.tenant_hk = v_tenant_hk AND r.day = ANY (v_days)
    ), gone AS (
        DELETE FROM business.rollup_b r USING (SELECT s.* FROM stored s EXCEPT SELECT f.* FROM fresh f) s
        WHERE r.tenant_hk = v_tenant_hk AND r.day = ANY (v_days) AND r.day = s.day AND r.dimension = s.dimension AND r.value = s.value
          AND r.previous_day = s.previous_day
        RETURNING 1
    )
    INSERT INTO business.rollup_b
    SELECT n.* FROM (SELECT f.* FROM fresh f EXCEPT SELECT s.* FROM stored s) n
    WHERE (SELECT count(*) FROM gone) >= 0
    ORDER BY n.day, n.dimension, n.value, n.previous_day;
    -- a load that has touched a day since keeps it due
    UPDATE business.day_w w SET is_rolled_up = true
    FROM unnest(v_days, v_touched) AS d(day, touched_at)
    WHERE w.tenant_hk = v_tenant_hk AND w.day = d.day AND w.touched_at = d.touched_at AND NOT w.is_rolled_up;
    RETURN cardinality(v_days);
END
$$;

-- Divides a day that is not rolled up and has so many visits, of which fewer are counted in a few hundredths of a second: its hours are due from now on;
-- returns how many days, 0 or 1. Loads wait for a moment: those that come later see that it is divided.
CREATE OR REPLACE FUNCTION business.divide_day(p_now timestamptz, p_visits integer DEFAULT 2000) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_large business.day_w;
BEGIN
    SELECT w.* INTO v_large FROM business.day_w w
    WHERE NOT w.is_rolled_up AND NOT w.is_divided AND (
        SELECT count(*) FROM (SELECT FROM business.visit_b v WHERE v.tenant_hk = w.tenant_hk AND v.day = w.day LIMIT p_visits) v
    ) >= p_visits
    ORDER BY w.day, w.tenant_hk LIMIT 1;
    IF v_large.tenant_hk IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM util.take_turn('load');
    PERFORM business.forget_hours(v_large.tenant_hk, v_large.day, v_large.day + 1);
    INSERT INTO business.hour_w (tenant_hk, day, hour, touched_at, is_rolled_up)
    SELECT DISTINCT v.tenant_hk, v.day, date_trunc('hour', v.first_event_timestamp, 'UTC'), p_now, false
    FROM business.visit_b v
    WHERE v.tenant_hk = v_large.tenant_hk AND v.day = v_large.day AND v.first_event_timestamp IS NOT NULL;
    UPDATE business.day_w w SET is_divided = true WHERE w.tenant_hk = v_large.tenant_hk AND w.day = v_large.day;
    RETURN 1;
END
$$;

-- A divided day that is rolled up and has been over for so long that few late events come any more is divided no longer; returns how many, 0 or 1.
-- Found by day_w_divided.
CREATE OR REPLACE FUNCTION business.undivide_day(p_now timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_day business.day_w;
BEGIN
    SELECT w.* INTO v_day FROM business.day_w w
    WHERE w.is_divided AND w.is_rolled_up AND w.day < (p_now AT TIME ZONE 'UTC')::date - 3 ORDER BY w.day, w.tenant_hk LIMIT 1;
    IF v_day.tenant_hk IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM util.take_turn('load');
    PERFORM business.forget_hours(v_day.tenant_hk, v_day.day, v_day.day + 1);
    RETURN 1;
END
$$;

-- What counts as a conversion has changed: the days of the tenants concerned are counted anew.
CREATE OR REPLACE FUNCTION business.forget_rollups() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM business.mark_whole_days(t.tenant_hk, NULL, util.current_load_date()) FROM auth.tenant_h t
    WHERE CASE TG_OP WHEN 'INSERT' THEN NEW.tenant_hk ELSE OLD.tenant_hk END IN (t.tenant_hk, '\x');
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER conversion_rule_changed AFTER INSERT OR UPDATE OR DELETE ON ref.conversion_rule
FOR EACH ROW EXECUTE FUNCTION business.forget_rollups();
