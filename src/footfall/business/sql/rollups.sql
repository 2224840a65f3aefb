-- Rollups: figures of a day by the values of a dimension. They are computed when a day, or an hour of a day with many visits, has been quiet for a
-- while (rolling_up.sql), from the bridge; as long as they are not, reports count from the bridge itself, with the very same function.

-- The rollups of whole days.
CREATE OR REPLACE FUNCTION business.rollup_of(p_tenant_hk bytea, p_days date[], p_dimensions text[])
RETURNS SETOF business.rollup_b
LANGUAGE sql STABLE AS $$
    SELECT c.tenant_hk, c.dimension, c.day, c.value, c.previous_day, c.events, c.page_views, c.interactions, c.visits, c.visitors, c.begun,
           c.bounces, c.duration_seconds, c.conversions, c.converted, c.revenue, business.name_of(c.latest_name), c.refunds,
           c.views_without_visit
    FROM business.count_figures(p_tenant_hk, p_days, p_dimensions, 'infinity', NULL) c
$$;

-- The rollups of a day until a moment of it: of its hours that are rolled up, and whose visits had ended by then, from those, of the others from
-- the bridge. Of a day that is not divided: all.
CREATE OR REPLACE FUNCTION business.rollup_of_hours(p_tenant_hk bytea, p_day date, p_dimensions text[], p_until timestamptz)
RETURNS SETOF business.rollup_b
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_zone constant text := (SELECT t.time_zone FROM auth.tenant_v t WHERE t.tenant_hk = p_tenant_hk);
    v_rolled constant timestamptz[] := ARRAY(
        SELECT w.hour FROM business.day_w d JOIN business.hour_w w USING (tenant_hk, day)
        WHERE d.tenant_hk = p_tenant_hk AND d.day = p_day AND d.is_divided AND w.is_rolled_up AND w.ends_at < p_until);
    -- all others, whether anything is known of them or not: so none is missed
    v_others constant timestamptz[] := ARRAY(
        SELECT h.hour FROM generate_series(date_trunc('hour', util.day_start(p_day, v_zone), 'UTC'),
                                           util.day_start(p_day + 1, v_zone), interval '1 hour') AS h(hour)
        WHERE h.hour <> ALL (v_rolled));
    v_first constant date := business.first_day(p_tenant_hk, 'marts');
BEGIN
    RETURN QUERY
    SELECT p_tenant_hk, c.dimension, p_day, c.value, k.previous_day, sum(c.events)::bigint, sum(c.page_views)::bigint,
           sum(c.interactions)::bigint, sum(c.visits)::bigint, sum(c.visitors)::bigint, sum(c.begun)::bigint, sum(c.bounces)::bigint,
           sum(c.duration_seconds)::bigint, sum(c.conversions)::bigint, sum(c.converted)::bigint, sum(c.revenue),
           business.name_of(max(c.latest_name COLLATE "C"))::varchar(255), sum(c.refunds), sum(c.views_without_visit)::bigint
    FROM (
        SELECT r.* FROM unnest(v_rolled) AS h(hour)
        CROSS JOIN LATERAL (
            SELECT r.* FROM business.rollup_hour_w r
            WHERE r.tenant_hk = p_tenant_hk AND r.day = p_day AND r.hour = h.hour AND r.dimension = ANY (p_dimensions) OFFSET 0
        ) r
        UNION ALL
        SELECT c.*
        FROM business.count_figures(p_tenant_hk, ARRAY[p_day], p_dimensions, p_until, CASE WHEN cardinality(v_rolled) > 0 THEN v_others END) c
    ) c
    -- as business.count_figures has it: the first day of which visits are kept may be another one since
    CROSS JOIN LATERAL (SELECT CASE WHEN c.previous_day >= v_first THEN c.previous_day ELSE '-infinity' END AS previous_day) k
    GROUP BY c.dimension, c.value, k.previous_day;
END
$$;

-- Every dimension of rollup_b.
CREATE OR REPLACE FUNCTION business.rolled_dimensions() RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(d.dimension) || '{currency,funnel,transaction}'::text[] FROM business.dimensions() d
$$;

-- The days of a range whose rollups are not good: events came since.
CREATE OR REPLACE FUNCTION business.live_days(p_tenant_hk bytea, p_from date, p_to date) RETURNS date[]
LANGUAGE sql STABLE
RETURN ARRAY(
    SELECT w.day FROM business.day_w w
    WHERE w.tenant_hk = p_tenant_hk AND w.day BETWEEN p_from AND p_to AND NOT w.is_rolled_up);

-- The figures of whole days, counted now: of divided ones what is rolled up of their hours is not counted again.
CREATE OR REPLACE FUNCTION business.count_days(p_tenant_hk bytea, p_days date[], p_dimensions text[])
RETURNS SETOF business.rollup_b
LANGUAGE sql STABLE AS $$
    SELECT r.*
    FROM (
        SELECT coalesce(array_agg(w.day) FILTER (WHERE w.is_divided), '{}') AS divided,
               coalesce(array_agg(w.day) FILTER (WHERE NOT w.is_divided), '{}') AS whole
        FROM business.day_w w WHERE w.tenant_hk = p_tenant_hk AND w.day = ANY (p_days)
    ) d
    CROSS JOIN LATERAL (
        SELECT r.* FROM business.rollup_of(p_tenant_hk, d.whole, p_dimensions) r
        UNION ALL
        SELECT r.* FROM unnest(d.divided) AS u(day) CROSS JOIN LATERAL business.rollup_of_hours(p_tenant_hk, u.day, p_dimensions, 'infinity') r
    ) r
$$;

-- A tenant's figures of a dimension in a range of days, wherever they are: of days whose rollups are good from those, of the others
-- (today, as a rule) from their hours and from the bridge. The distinct visits, visitors and conversions of any part of the range that begins on
-- day a are the sums over previous_day < a.
CREATE OR REPLACE FUNCTION business.rollups(p_tenant_hk bytea, p_from date, p_to date, p_dimensions text[])
RETURNS SETOF business.rollup_b
LANGUAGE sql STABLE AS $$
    SELECT r.* FROM business.rollup_b r
    WHERE r.tenant_hk = p_tenant_hk AND r.dimension = ANY (p_dimensions) AND r.day BETWEEN p_from AND p_to
      -- once, not once a row
      AND r.day <> ALL ((SELECT business.live_days(p_tenant_hk, p_from, p_to))::date[])
    UNION ALL
    SELECT r.* FROM business.count_days(p_tenant_hk, business.live_days(p_tenant_hk, p_from, p_to), p_dimensions) r
$$;

-- The same until p_until, a moment of the last day.
CREATE OR REPLACE FUNCTION business.rollups_until(
    p_tenant_hk bytea, p_from date, p_to date, p_dimensions text[], p_until timestamptz
) RETURNS SETOF business.rollup_b
LANGUAGE sql STABLE AS $$
    SELECT r.* FROM business.rollups(p_tenant_hk, p_from, p_to - 1, p_dimensions) r
    UNION ALL
    SELECT r.* FROM business.rollup_of_hours(p_tenant_hk, p_to, p_dimensions, p_until) r
$$;
