-- Tenants as they are now.
CREATE OR REPLACE VIEW auth.tenant_v WITH (security_invoker = true) AS
SELECT h.tenant_hk, h.tenant_bk, d.tenant_name, d.industry, d.time_zone, d.currency, d.default_item_type, d.page_query_keys,
       d.honour_do_not_track, d.keep_truncated_ip, d.is_active, h.load_date AS created_at, d.week_start,
       d.allowed_hosts, d.largest_value, d.require_second_factor, coalesce(d.public_id, h.tenant_bk) AS public_id,
       d.require_single_sign_on, d.own_hosts, d.ignored_referrers
FROM auth.tenant_h h
JOIN auth.tenant_details_s d ON d.tenant_hk = h.tenant_hk AND d.load_end_date IS NULL;

-- The tenant of a public id, its first or a later one. An id that nobody has names whoever would be given it. A first id comes before later ones: who
-- becomes part of another goes by it until it is gone.
CREATE OR REPLACE FUNCTION auth.tenant_named(p_tenant_id text) RETURNS bytea
LANGUAGE sql STABLE
RETURN CASE WHEN p_tenant_id IS NOT NULL THEN
    coalesce((SELECT h.tenant_hk FROM auth.tenant_h h WHERE h.tenant_hk = util.tenant_key(p_tenant_id)),
             (SELECT a.tenant_hk FROM auth.tenant_alias a WHERE a.alias = p_tenant_id), util.tenant_key(p_tenant_id)) END;

-- Whose key this is, by the key's SHA-256, and which limit of its plan the tenant has reached, until when; `tenant_id` is the id that
-- its keys are made of, `names` all that requests may call it by, the one that is shown first. No row: unknown, revoked or expired.
CREATE OR REPLACE FUNCTION auth.key_owner(p_key_hash bytea)
RETURNS TABLE (access_key_id bigint, kind text, tenant_id text, tenant_hk bytea, time_zone text,
               honour_do_not_track boolean, keep_truncated_ip boolean, event_types text[], names text[],
               events_per_second integer, limit_reached text, starts_again timestamptz, is_disabled boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT k.access_key_id, k.kind, t.tenant_bk, t.tenant_hk, t.time_zone, t.honour_do_not_track, t.keep_truncated_ip,
           ARRAY(SELECT e.event_type FROM ref.event_type e WHERE e.tenant_hk IN (t.tenant_hk, '\x') ORDER BY e.event_type),
           ARRAY[t.public_id, t.tenant_bk] || ARRAY(SELECT a.alias FROM auth.tenant_alias a WHERE a.tenant_hk = t.tenant_hk),
           auth.events_per_second_of(t.tenant_hk), l.code, l.starts_again, NOT t.is_active
    FROM auth.access_key k
    JOIN auth.tenant_v t ON t.tenant_hk = k.tenant_hk
    LEFT JOIN LATERAL (
        SELECT l.code, l.starts_again FROM auth.limits_of(t.tenant_hk, util.current_load_date()) l
        WHERE l.used >= l.most ORDER BY l.starts_again DESC, l.code LIMIT 1
    ) l ON true
    WHERE k.key_hash = p_key_hash AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > util.current_load_date())
$$;

-- The ranges of the tenant's own addresses, by the rules in force, in their order (footfall.auth.own_networks).
CREATE OR REPLACE FUNCTION auth.own_networks(p_tenant_hk bytea) RETURNS TABLE (name text, range text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT n.network ->> 'name', n.network ->> 'range'
    FROM ref.rule_set r
    CROSS JOIN LATERAL jsonb_array_elements(r.rules -> 'networks') WITH ORDINALITY AS n(network, position)
    WHERE r.tenant_hk = p_tenant_hk AND r.in_force_until IS NULL
    ORDER BY n.position
$$;

-- The name of the first range that an address lies in. Twin of footfall.auth.own_networks.own_network_of.
CREATE OR REPLACE FUNCTION auth.own_network_of(p_tenant_hk bytea, p_address inet) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT n.name FROM auth.own_networks(p_tenant_hk) WITH ORDINALITY AS n(name, range, position)
    WHERE p_address <<= n.range::inet ORDER BY n.position LIMIT 1
$$;

-- The secret of a tenant's day, made when first asked for: 244 random bits from PostgreSQL's strong source, hashed to 32 bytes.
CREATE OR REPLACE FUNCTION auth.visitor_secret_of(p_tenant_hk bytea, p_day date) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_secret bytea;
BEGIN
    SELECT s.secret INTO v_secret FROM auth.visitor_secret s WHERE s.tenant_hk = p_tenant_hk AND s.day = p_day;
    IF v_secret IS NULL THEN
        INSERT INTO auth.visitor_secret (tenant_hk, day, secret, created_at)
        VALUES (p_tenant_hk, p_day, util.hash_binary(gen_random_uuid()::text || gen_random_uuid()::text), util.current_load_date())
        ON CONFLICT DO NOTHING;
        SELECT s.secret INTO v_secret FROM auth.visitor_secret s WHERE s.tenant_hk = p_tenant_hk AND s.day = p_day;
    END IF;
    RETURN v_secret;
END
$$;

-- Forgets secrets before they are 48 hours old, after which no one, with whatever address, can recompute a visitor's key. A deleted row
-- stays in its table's file until something else is written there: so those that live on move to a new file, and the old one goes, with
-- this transaction. (TRUNCATE waits for nobody but who is fetching a secret.)
CREATE OR REPLACE FUNCTION auth.destroy_visitor_secrets(p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_kept auth.visitor_secret[];
    v_destroyed integer;
BEGIN
    IF NOT EXISTS (SELECT FROM auth.visitor_secret s WHERE s.created_at < p_now - interval '47 hours') THEN
        RETURN 0;
    END IF;
    LOCK TABLE auth.visitor_secret;
    SELECT array_agg(s) FILTER (WHERE s.created_at >= p_now - interval '47 hours'),
           count(*) FILTER (WHERE s.created_at < p_now - interval '47 hours')
    INTO v_kept, v_destroyed FROM auth.visitor_secret s;
    TRUNCATE auth.visitor_secret;
    INSERT INTO auth.visitor_secret SELECT k.* FROM unnest(v_kept) AS k;
    RETURN v_destroyed;
END
$$;

-- HMAC-SHA256 (RFC 2104) of a text under a 32-byte secret; twin of Python's hmac.
CREATE OR REPLACE FUNCTION auth.keyed_hash(p_secret bytea, p_text text) RETURNS bytea
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    v_inner bytea := decode(repeat('36', 64), 'hex');
    v_outer bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR i IN 0 .. octet_length(p_secret) - 1 LOOP
        v_inner := set_byte(v_inner, i, get_byte(v_inner, i) # get_byte(p_secret, i));
        v_outer := set_byte(v_outer, i, get_byte(v_outer, i) # get_byte(p_secret, i));
    END LOOP;
    RETURN sha256(v_outer || sha256(v_inner || convert_to(p_text, 'UTF8')));
END
$$;

-- The visitor key of an address and a user agent under a day's secret; twin of footfall.auth.visitors.visitor_key.
CREATE OR REPLACE FUNCTION auth.visitor_key(p_secret bytea, p_client_ip inet, p_user_agent text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN 'v_' || left(encode(auth.keyed_hash(p_secret, host(p_client_ip) || '|' || coalesce(p_user_agent, '')), 'hex'), 32);

-- An address cut to its network, for tenants that keep it: /24 of IPv4, /48 of IPv6.
CREATE OR REPLACE FUNCTION auth.truncated_address(p_client_ip inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN network(set_masklen(p_client_ip, CASE family(p_client_ip) WHEN 4 THEN 24 ELSE 48 END))::inet;

-- The tenant a request to the api schema is about: the one of the role, else of the session (app.tenant_hk), which the request may
-- repeat but not contradict. Only operators (footfall_worker, superusers) may name a tenant in the request alone. Raises one of the codes
-- tenant_required, tenant_mismatch, tenant_unknown, tenant_disabled.
CREATE OR REPLACE FUNCTION auth.request_tenant(p_request jsonb) RETURNS auth.tenant_v
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_named text := coalesce(p_request ->> 'tenantId', p_request ->> 'tenant_id');
    v_session bytea := coalesce(auth.analyst_tenant(), util.current_tenant());
    v_tenant auth.tenant_v;
BEGIN
    IF v_session IS NULL AND (v_named IS NULL OR NOT util.is_operator()) THEN
        RAISE EXCEPTION 'tenant_required' USING ERRCODE = 'FF401';
    END IF;
    IF v_session IS DISTINCT FROM auth.tenant_named(v_named) AND v_session IS NOT NULL AND v_named IS NOT NULL THEN
        RAISE EXCEPTION 'tenant_mismatch' USING ERRCODE = 'FF403';
    END IF;
    SELECT t.* INTO v_tenant FROM auth.tenant_v t
    WHERE t.tenant_hk = coalesce(v_session, auth.tenant_named(v_named));
    IF v_tenant.tenant_hk IS NULL THEN
        RAISE EXCEPTION 'tenant_unknown' USING ERRCODE = 'FF404';
    ELSIF NOT v_tenant.is_active THEN
        RAISE EXCEPTION 'tenant_disabled' USING ERRCODE = 'FF403';
    END IF;
    RETURN v_tenant;
END
$$;

-- Adds a tenant. Raises tenant_exists, also for an id that another was renamed to, tenant_id_invalid, time_zone_unknown,
-- currency_invalid, host_invalid.
CREATE OR REPLACE FUNCTION auth.add_tenant(
    p_tenant_id text, p_name text, p_industry text, p_time_zone text, p_currency text, p_default_item_type text,
    p_page_query_keys text[] DEFAULT '{}', p_honour_do_not_track boolean DEFAULT true,
    p_keep_truncated_ip boolean DEFAULT false, p_event_types text[] DEFAULT '{}', p_allowed_hosts text[] DEFAULT '{}'
) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_tenant_hk bytea := util.tenant_key(p_tenant_id);
    v_load_date timestamptz := util.current_load_date();
BEGIN
    PERFORM auth.require_tenant_id(p_tenant_id);
    PERFORM auth.require_zone_and_currency(p_time_zone, p_currency);
    INSERT INTO auth.tenant_h (tenant_hk, tenant_bk, load_date, record_source)
    VALUES (v_tenant_hk, p_tenant_id, v_load_date, 'footfall:tenant')
    ON CONFLICT DO NOTHING;
    IF NOT FOUND OR EXISTS (SELECT FROM auth.tenant_alias a WHERE a.alias = p_tenant_id) THEN
        RAISE EXCEPTION 'tenant_exists' USING ERRCODE = 'FF409';
    END IF;
    INSERT INTO auth.tenant_details_s (
        tenant_hk, load_date, tenant_name, industry, time_zone, currency, default_item_type, page_query_keys,
        honour_do_not_track, keep_truncated_ip, is_active, record_source, allowed_hosts)
    VALUES (v_tenant_hk, v_load_date, p_name, p_industry, p_time_zone, p_currency, p_default_item_type, p_page_query_keys,
            p_honour_do_not_track, p_keep_truncated_ip, true, 'footfall:tenant', auth.usable_hosts(p_allowed_hosts));
    INSERT INTO ref.event_type (tenant_hk, event_type, event_category, event_action)
    SELECT v_tenant_hk, t.event_type, 'engagement', 'view' FROM unnest(p_event_types) AS t(event_type)
    ON CONFLICT DO NOTHING;
    RETURN v_tenant_hk;
END
$$;

-- Says anew what the session's tenant is called and counted by; NULL: as it is. What held before stays in history. What items are
-- (default_item_type) stays, as they are keyed by it. Returns what held before, nothing when nothing changed. Only a part of
-- business.change_tenant: marts follow the time zone and the currency. Raises name_invalid, time_zone_unknown, currency_invalid,
-- week_start_invalid, host_invalid, largest_value_invalid.
CREATE OR REPLACE FUNCTION auth.describe_tenant(
    p_name text, p_industry text, p_time_zone text, p_currency text, p_week_start text, p_allowed_hosts text[], p_largest_value numeric,
    p_require_second_factor boolean, p_require_single_sign_on boolean, p_own_hosts text[], p_ignored_referrers text[]
) RETURNS SETOF auth.tenant_details_s
LANGUAGE plpgsql AS $$
DECLARE
    v_before auth.tenant_details_s;
    v_details auth.tenant_details_s;
BEGIN
    IF p_name !~ '^[^\x01-\x1f]*[^\x01-\x20][^\x01-\x1f]*$' OR length(p_name) > 255 THEN
        RAISE EXCEPTION 'name_invalid' USING ERRCODE = 'FF400';
    END IF;
    PERFORM auth.require_zone_and_currency(p_time_zone, p_currency);
    IF p_week_start NOT IN ('monday', 'sunday', 'saturday') THEN
        RAISE EXCEPTION 'week_start_invalid' USING ERRCODE = 'FF400';
    ELSIF p_largest_value NOT BETWEEN 0.0001 AND 99999999999999.9999 THEN
        RAISE EXCEPTION 'largest_value_invalid' USING ERRCODE = 'FF400';
    END IF;
    SELECT d.* INTO v_before FROM auth.tenant_details_s d
    WHERE d.tenant_hk = util.current_tenant() AND d.load_end_date IS NULL FOR UPDATE;
    v_details := v_before;
    v_details.tenant_name := coalesce(p_name, v_before.tenant_name);
    v_details.industry := coalesce(p_industry, v_before.industry);
    v_details.time_zone := coalesce(p_time_zone, v_before.time_zone);
    v_details.currency := coalesce(p_currency, v_before.currency);
    v_details.week_start := coalesce(p_week_start, v_before.week_start);
    v_details.allowed_hosts := coalesce(auth.usable_hosts(p_allowed_hosts), v_before.allowed_hosts);
    v_details.own_hosts := coalesce(auth.usable_hosts(p_own_hosts), v_before.own_hosts);
    v_details.ignored_referrers := coalesce(auth.usable_hosts(p_ignored_referrers), v_before.ignored_referrers);
    v_details.largest_value := coalesce(p_largest_value, v_before.largest_value);
    v_details.require_second_factor := coalesce(p_require_second_factor, v_before.require_second_factor);
    v_details.require_single_sign_on := coalesce(p_require_single_sign_on, v_before.require_single_sign_on);
    IF v_details IS DISTINCT FROM v_before THEN
        PERFORM auth.replace_details(v_details);
        RETURN NEXT v_before;
    END IF;
END
$$;

-- Has these details hold from now on; those that held before stay in history.
CREATE OR REPLACE FUNCTION auth.replace_details(p_details auth.tenant_details_s) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_load_date timestamptz := util.current_load_date();
BEGIN
    UPDATE auth.tenant_details_s d SET load_end_date = v_load_date
    WHERE d.tenant_hk = p_details.tenant_hk AND d.load_end_date IS NULL;
    p_details.load_date := v_load_date;
    INSERT INTO auth.tenant_details_s VALUES (p_details.*);
END
$$;

-- What customers write into snippets: letters, digits, '-', '_' and '.'. Raises tenant_id_invalid.
CREATE OR REPLACE FUNCTION auth.require_tenant_id(p_tenant_id text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_tenant_id !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' THEN
        RAISE EXCEPTION 'tenant_id_invalid' USING ERRCODE = 'FF400';
    END IF;
END
$$;

-- Hosts as they are compared: without www, each once; NULL: nothing is said. Raises host_invalid.
CREATE OR REPLACE FUNCTION auth.usable_hosts(p_hosts text[]) RETURNS text[]
LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(p_hosts) > 1000 OR EXISTS (
        SELECT FROM unnest(p_hosts) AS a(host) WHERE length(a.host) > 253 OR a.host !~ '^[^\s/:@?#]+$') THEN
        RAISE EXCEPTION 'host_invalid' USING ERRCODE = 'FF400';
    END IF;
    RETURN CASE WHEN p_hosts IS NOT NULL THEN
        ARRAY(SELECT DISTINCT staging.without_www(lower(a.host COLLATE "C")) FROM unnest(p_hosts) AS a(host) ORDER BY 1) END;
END
$$;

-- What tenants may be counted by; NULL: nothing is said. Raises time_zone_unknown, currency_invalid.
CREATE OR REPLACE FUNCTION auth.require_zone_and_currency(p_time_zone text, p_currency text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- a zone that some tenant has is known without reading all files of zones, which takes a tenth of a second
    IF p_time_zone IS NOT NULL AND NOT EXISTS (SELECT FROM auth.tenant_details_s d WHERE d.time_zone = p_time_zone)
       AND NOT EXISTS (SELECT FROM pg_timezone_names WHERE name = p_time_zone) THEN
        RAISE EXCEPTION 'time_zone_unknown' USING ERRCODE = 'FF400';
    ELSIF p_currency !~ '^[A-Z]{3}$' THEN
        RAISE EXCEPTION 'currency_invalid' USING ERRCODE = 'FF400';
    END IF;
END
$$;
