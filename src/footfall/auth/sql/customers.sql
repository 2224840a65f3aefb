-- All tenants together, as their operator sees them: who sends how much, and what it costs. From what is kept of batches and days,
-- never from events.

-- Whether a program of an operator shows a token that holds, by the token's SHA-256.
CREATE OR REPLACE FUNCTION auth.is_operator_token(p_token_hash bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (
        SELECT FROM auth.operator_token t
        WHERE t.token_hash = p_token_hash AND t.revoked_at IS NULL AND coalesce(t.expires_at > util.current_load_date(), true))
$$;

-- The tenants whose name or id has all words of a text, or the one of an id, with what they sent: in the 24 hours before p_now, by receipt; in 30 days and
-- in this month by the day (UTC) of the load; when the last event came; which share of the 24 hours' settled events was invalid (NULL:
-- none was settled); the bytes of all their events, as they were sent, since usage is kept; and the most events of a month (NULL:
-- without limit).
CREATE OR REPLACE FUNCTION auth.customers(p_search text, p_tenant_id text, p_now timestamptz)
RETURNS TABLE (first_id text, tenant text, tenant_name text, industry text, time_zone text, is_active boolean, created_at timestamptz, events_24h bigint,
               events_30d bigint, last_event timestamptz, invalid_share double precision, bytes bigint, plan_events bigint, month_events bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    -- summed up once each: the planner thinks of one tenant, and would sum up for each
    WITH used AS MATERIALIZED (
        SELECT u.tenant_hk, sum(u.bytes)::bigint AS bytes,
               sum(u.events) FILTER (WHERE u.day > (p_now AT TIME ZONE 'UTC')::date - 30)::bigint AS events_30d,
               sum(u.events) FILTER (WHERE u.day >= date_trunc('month', p_now AT TIME ZONE 'UTC')::date)::bigint AS month_events
        FROM auth.tenant_usage u GROUP BY u.tenant_hk
    ), today AS MATERIALIZED (
        -- in one pass: batches of one event each would be looked up one by one
        SELECT b.tenant_hk, sum(b.event_count) AS events, sum(b.invalid_count) AS invalid,
               sum(b.event_count) FILTER (WHERE b.invalid_count IS NOT NULL) AS settled
        FROM raw.ingest_batch b WHERE b.received_from >= p_now - interval '24 hours' GROUP BY b.tenant_hk
    )
    SELECT t.tenant_bk, t.public_id, t.tenant_name, t.industry, t.time_zone, t.is_active, t.created_at, coalesce(d.events, 0),
           coalesce(u.events_30d, 0), l.received_to, round(d.invalid::numeric / nullif(d.settled, 0), 4)::double precision, coalesce(u.bytes, 0),
           coalesce(o.events_per_month, a.events_per_month), coalesce(u.month_events, 0)
    FROM auth.tenant_v t
    CROSS JOIN auth.tenant_plan a
    LEFT JOIN auth.tenant_plan o ON o.tenant_hk = t.tenant_hk
    LEFT JOIN used u ON u.tenant_hk = t.tenant_hk
    LEFT JOIN today d ON d.tenant_hk = t.tenant_hk
    -- one look at the index each
    LEFT JOIN LATERAL (
        SELECT b.received_to FROM raw.ingest_batch b WHERE b.tenant_hk = t.tenant_hk ORDER BY b.received_from DESC LIMIT 1
    ) l ON true
    WHERE a.tenant_hk = '\x' AND auth.has_words(t.tenant_name || ' ' || t.public_id, p_search)
      AND (p_tenant_id IS NULL OR t.tenant_hk = auth.tenant_named(p_tenant_id))
$$;

-- What each tenant sent in the month that begins with this day (UTC), by receipt: accepted at the door, of these invalid and duplicate
-- (what is to be loaded still counts as neither), and bytes as they were sent. For bills: a month that is over changes only by what is
-- tried again, never in `accepted` and `bytes`.
CREATE OR REPLACE FUNCTION auth.usage_of_month(p_month date)
RETURNS TABLE (tenant text, tenant_name text, plan_events bigint, accepted bigint, invalid bigint, duplicates bigint, bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH sent AS MATERIALIZED (
        SELECT b.tenant_hk, sum(b.event_count) AS accepted, sum(b.invalid_count) AS invalid, sum(b.duplicate_count) AS duplicates,
               sum(b.payload_bytes)::bigint AS bytes
        FROM raw.ingest_batch b
        WHERE b.received_from >= p_month::timestamp AT TIME ZONE 'UTC'
          AND b.received_from < (p_month + interval '1 month') AT TIME ZONE 'UTC'
        GROUP BY b.tenant_hk
    )
    SELECT t.public_id, t.tenant_name, coalesce(o.events_per_month, a.events_per_month), coalesce(b.accepted, 0),
           coalesce(b.invalid, 0), coalesce(b.duplicates, 0), coalesce(b.bytes, 0)
    FROM auth.tenant_v t
    CROSS JOIN auth.tenant_plan a
    LEFT JOIN auth.tenant_plan o ON o.tenant_hk = t.tenant_hk
    LEFT JOIN sent b ON b.tenant_hk = t.tenant_hk
    WHERE a.tenant_hk = '\x'
    ORDER BY t.public_id COLLATE "C"
$$;

-- Has a tenant be called by another public id from now on. The first, which its keys are made of, and all later ones go on to name it.
-- Raises tenant_id_invalid; tenant_exists for an id that is, or was, another's.
CREATE OR REPLACE FUNCTION auth.rename_tenant(p_tenant_hk bytea, p_tenant_id text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_details auth.tenant_details_s;
BEGIN
    PERFORM auth.require_tenant_id(p_tenant_id);
    IF util.tenant_key(p_tenant_id) <> p_tenant_hk THEN
        INSERT INTO auth.tenant_alias (alias, tenant_hk, created_at) VALUES (p_tenant_id, p_tenant_hk, util.current_load_date())
        ON CONFLICT (alias) DO NOTHING;
    END IF;
    IF auth.tenant_named(p_tenant_id) <> p_tenant_hk
       OR EXISTS (SELECT FROM auth.tenant_h h WHERE h.tenant_bk = p_tenant_id AND h.tenant_hk <> p_tenant_hk) THEN
        RAISE EXCEPTION 'tenant_exists' USING ERRCODE = 'FF409';
    END IF;
    SELECT d.* INTO v_details FROM auth.tenant_details_s d
    WHERE d.tenant_hk = p_tenant_hk AND d.load_end_date IS NULL FOR UPDATE;
    IF v_details.public_id IS DISTINCT FROM p_tenant_id THEN
        v_details.public_id := p_tenant_id;
        PERFORM auth.replace_details(v_details);
    END IF;
END
$$;
