-- Says anew what the session's tenant is called and counted by (NULL: as it is), and makes its marts follow, in one transaction: until
-- it commits every report has the old days and the old currency, from then on the new ones. Loads, closings and rollups wait, as they
-- would write by what they have read before. With another time zone all days are cut anew; with another currency only sums are made
-- anew, and sessions are closed again, so that what they and their visitors were worth follows. What was refused for its host or its
-- value gets another chance.
CREATE OR REPLACE FUNCTION business.change_tenant(
    p_name text, p_industry text, p_time_zone text, p_currency text, p_week_start text, p_allowed_hosts text[], p_largest_value numeric,
    p_require_second_factor boolean, p_require_single_sign_on boolean, p_own_hosts text[], p_ignored_referrers text[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET work_mem = '64MB' AS $$
DECLARE
    v_before auth.tenant_details_s;
BEGIN
    PERFORM util.take_turn(job) FROM unnest('{sessions,rollups,load}'::text[]) AS job;
    SELECT * INTO v_before FROM auth.describe_tenant(
        p_name, p_industry, p_time_zone, p_currency, p_week_start, p_allowed_hosts, p_largest_value, p_require_second_factor,
        p_require_single_sign_on, p_own_hosts, p_ignored_referrers);
    PERFORM business.follow_details(v_before);
    IF v_before.allowed_hosts <> p_allowed_hosts THEN
        PERFORM business.reprocess_invalid('host_not_allowed', '-infinity');
    END IF;
    IF v_before.largest_value < p_largest_value THEN
        PERFORM business.reprocess_invalid('value_out_of_bounds', '-infinity');
    END IF;
END
$$;

-- Makes a tenant's marts follow what its details say now, where they said something else before.
CREATE OR REPLACE FUNCTION business.follow_details(p_before auth.tenant_details_s) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_now auth.tenant_v;
BEGIN
    SELECT * INTO v_now FROM auth.tenant_v t WHERE t.tenant_hk = p_before.tenant_hk;
    IF v_now.time_zone <> p_before.time_zone THEN
        PERFORM business.rebuild_marts(p_before.tenant_hk);
    END IF;
    IF v_now.currency <> p_before.currency THEN
        PERFORM business.mark_whole_days(p_before.tenant_hk, NULL, util.current_load_date());
        UPDATE business.site_session_w w SET is_open = true
        WHERE w.tenant_hk = p_before.tenant_hk AND NOT w.is_open AND NOT w.is_retired;
    END IF;
END
$$;

-- Disables the session's tenant: nobody sends for it or looks at it, and all that is stored stays; or takes that back, and gives what
-- came before the doors knew another chance. Returns whether anything changed.
CREATE OR REPLACE FUNCTION business.set_active(p_is_active boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_details auth.tenant_details_s;
BEGIN
    SELECT d.* INTO v_details FROM auth.tenant_details_s d
    WHERE d.tenant_hk = util.current_tenant() AND d.load_end_date IS NULL FOR UPDATE;
    IF v_details.is_active IS DISTINCT FROM NOT p_is_active THEN
        RETURN false;
    END IF;
    v_details.is_active := p_is_active;
    PERFORM auth.replace_details(v_details);
    IF p_is_active THEN
        PERFORM business.reprocess_invalid('tenant_unknown', '-infinity');
    END IF;
    RETURN true;
END
$$;

-- Says which hosts a site of the session's tenant has; what its keys sent of these, and was refused, gets another chance. Raises
-- host_invalid, site_invalid.
CREATE OR REPLACE FUNCTION business.set_site(p_site text, p_hosts text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF p_site !~ '^[^\x01-\x20]([^\x01-\x1f]{0,98}[^\x01-\x20])?$' OR cardinality(p_hosts) = 0 THEN
        RAISE EXCEPTION 'site_invalid' USING ERRCODE = 'FF400';
    END IF;
    INSERT INTO auth.site (tenant_hk, site, hosts, created_at)
    VALUES (util.current_tenant(), p_site, auth.usable_hosts(p_hosts), util.current_load_date())
    ON CONFLICT (tenant_hk, site) DO UPDATE SET hosts = excluded.hosts;
    PERFORM business.reprocess_invalid('host_not_allowed', '-infinity');
END
$$;

-- Lets the session's tenant send an event type of its own, with the category and action of events that name none, or says anew what
-- these are; and gives what was refused for want of it another chance. Returns how many events that are: the worker takes them.
-- Raises event_type_invalid.
CREATE OR REPLACE FUNCTION business.add_event_type(p_event_type text, p_category text, p_action text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF NOT coalesce(btrim(p_event_type) = p_event_type AND p_event_type ~ '^[^\x01-\x1f]{1,50}$'
                    AND p_category ~ '^[^\x01-\x1f]{1,50}$' AND p_action ~ '^[^\x01-\x1f]{1,50}$', false) THEN
        RAISE EXCEPTION 'event_type_invalid' USING ERRCODE = 'FF400';
    END IF;
    INSERT INTO ref.event_type VALUES (util.current_tenant(), p_event_type, p_category, p_action)
    ON CONFLICT (tenant_hk, event_type) DO UPDATE
    SET event_category = excluded.event_category, event_action = excluded.event_action;
    RETURN business.reprocess_invalid('evt_type_unknown', '-infinity');
END
$$;

-- Takes an event type of the session's tenant away; what is loaded stays. Returns whether there was one.
CREATE OR REPLACE FUNCTION business.remove_event_type(p_event_type text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM ref.event_type t WHERE t.tenant_hk = util.current_tenant() AND t.event_type = p_event_type;
    RETURN FOUND;
END
$$;

-- The event types that the session's tenant may send and those that it sent without being allowed to (is_known: false), with how
-- often those were refused, the latest receipt of each, and whether a type is its own.
CREATE OR REPLACE FUNCTION business.event_types() RETURNS TABLE (
    event_type text, event_category text, event_action text, is_own boolean, is_known boolean, refused bigint, last_refused timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT coalesce(k.event_type, u.event_type), k.event_category, k.event_action, coalesce(k.is_own, false), k.event_type IS NOT NULL,
           coalesce(u.refused, 0), u.last_refused
    FROM (
        SELECT DISTINCT ON (t.event_type) t.event_type, t.event_category, t.event_action, t.tenant_hk <> '\x' AS is_own
        FROM ref.event_type t WHERE t.tenant_hk IN (util.current_tenant(), '\x') ORDER BY t.event_type, t.tenant_hk DESC
    ) k
    FULL JOIN (
        SELECT s.event_type, count(*) AS refused, max(s.received_timestamp) AS last_refused
        FROM staging.site_events_staging s
        WHERE s.tenant_hk = util.current_tenant() AND s.validation_status = 'INVALID'
          AND 'evt_type_unknown' = ANY (s.validation_errors) AND s.event_type IS NOT NULL
        GROUP BY s.event_type
    ) u ON u.event_type = k.event_type
    ORDER BY k.event_type IS NULL DESC, coalesce(u.refused, 0) DESC, coalesce(k.event_type, u.event_type) COLLATE "C"
$$;

-- The hosts whose pages sent something to the session's tenant since a moment, the most first, with how many events, and how many more
-- were refused because the host is not allowed. For whoever decides which are allowed.
CREATE OR REPLACE FUNCTION business.sending_hosts(p_since timestamptz)
RETURNS TABLE (host text, is_allowed boolean, events bigint, refused bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT h.host, staging.is_allowed_host(staging.without_www(h.host), t.allowed_hosts), sum(h.events)::bigint, sum(h.refused)::bigint
    FROM (
        SELECT r.value AS host, r.events, 0::bigint AS refused
        FROM business.rollups(util.current_tenant(), p_since::date, util.current_load_date()::date, '{host}') r
        UNION ALL
        SELECT lower((staging.url_parts(btrim(s.page_url)))[2] COLLATE "C"), 0, count(*)
        FROM staging.site_events_staging s
        WHERE s.tenant_hk = util.current_tenant() AND s.validation_status = 'INVALID' AND s.received_timestamp >= p_since
          AND 'host_not_allowed' = ANY (s.validation_errors)
        GROUP BY 1
    ) h
    JOIN auth.tenant_v t ON t.tenant_hk = util.current_tenant()
    WHERE h.host IS NOT NULL
    GROUP BY h.host, t.allowed_hosts
    ORDER BY sum(h.events) + sum(h.refused) DESC, h.host COLLATE "C" LIMIT 100
$$;
