-- What a tenant may send, and has sent, limit by limit, the plan's own or that of all: `most` NULL is without limit. `starts_again`: when
-- what was used counts no longer.
CREATE OR REPLACE FUNCTION auth.limits_of(p_tenant_hk bytea, p_now timestamptz)
RETURNS TABLE (code text, used bigint, most bigint, starts_again timestamptz)
LANGUAGE sql STABLE ROWS 7 AS $$
    WITH today AS (
        SELECT (p_now AT TIME ZONE 'UTC')::date AS day, date_trunc('month', p_now AT TIME ZONE 'UTC')::date AS month
    ), used AS (
        SELECT coalesce(sum(u.events), 0) AS events,
               coalesce(sum(u.bytes) FILTER (WHERE u.day = t.day), 0) AS bytes,
               coalesce(sum(u.pages) FILTER (WHERE u.day = t.day), 0) AS pages,
               coalesce(sum(u.items) FILTER (WHERE u.day = t.day), 0) AS items,
               coalesce(sum(u.property_values) FILTER (WHERE u.day = t.day), 0) AS property_values,
               coalesce(sum(u.property_keys) FILTER (WHERE u.day = t.day), 0) AS property_keys,
               coalesce(sum(u.months) FILTER (WHERE u.day = t.day), 0) AS months
        FROM today t
        LEFT JOIN auth.tenant_usage u ON u.tenant_hk = p_tenant_hk AND u.day >= t.month AND u.day <= t.day
    )
    SELECT l.code, l.used::bigint, l.most,
           (CASE l.code WHEN 'events_per_month' THEN t.month + interval '1 month' ELSE t.day + interval '1 day' END) AT TIME ZONE 'UTC'
    FROM today t
    CROSS JOIN used u
    CROSS JOIN auth.tenant_plan a
    LEFT JOIN auth.tenant_plan o ON o.tenant_hk = p_tenant_hk
    CROSS JOIN LATERAL (VALUES
        ('events_per_month', u.events, coalesce(o.events_per_month, a.events_per_month)),
        ('bytes_per_day', u.bytes, coalesce(o.bytes_per_day, a.bytes_per_day)),
        ('pages_per_day', u.pages, coalesce(o.pages_per_day, a.pages_per_day)::bigint),
        ('items_per_day', u.items, coalesce(o.items_per_day, a.items_per_day)::bigint),
        ('values_per_day', u.property_values, coalesce(o.values_per_day, a.values_per_day)),
        ('keys_per_day', u.property_keys, coalesce(o.keys_per_day, a.keys_per_day)::bigint),
        ('months_per_day', u.months, coalesce(o.months_per_day, a.months_per_day)::bigint)) AS l(code, used, most)
    WHERE a.tenant_hk = '\x'
$$;

-- How many events a second a tenant may send; NULL: as the server's setting says.
CREATE OR REPLACE FUNCTION auth.events_per_second_of(p_tenant_hk bytea) RETURNS integer
LANGUAGE sql STABLE
RETURN (SELECT p.events_per_second FROM auth.tenant_plan p
        WHERE p.tenant_hk IN (p_tenant_hk, '\x') AND p.events_per_second IS NOT NULL ORDER BY p.tenant_hk DESC LIMIT 1);

-- The plan and the usage of the session's tenant, for its owners.
CREATE OR REPLACE FUNCTION auth.own_limits() RETURNS TABLE (code text, used bigint, most bigint, starts_again timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT l.* FROM auth.limits_of(util.current_tenant(), util.current_load_date()) l
    UNION ALL
    SELECT 'events_per_second', NULL, auth.events_per_second_of(util.current_tenant()), NULL
$$;

-- Forgets what was counted once of days that are over; returns how much.
CREATE OR REPLACE FUNCTION auth.forget_seen(p_now timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH gone AS (
        DELETE FROM auth.tenant_seen s WHERE s.day < (p_now AT TIME ZONE 'UTC')::date RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
