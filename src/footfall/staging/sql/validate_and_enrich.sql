-- What is staged of these ingest batches, each batch by its range of the primary key.
CREATE OR REPLACE FUNCTION staging.events_of(p_batch_ids bigint[]) RETURNS SETOF staging.site_events_staging
LANGUAGE sql STABLE AS $$
    SELECT s.*
    FROM raw.ingest_batch b
    CROSS JOIN LATERAL (
        SELECT s.* FROM staging.site_events_staging s
        WHERE s.batch_id = b.batch_id AND s.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
          AND s.received_timestamp BETWEEN b.received_from AND b.received_to
        OFFSET 0
    ) s
    WHERE b.batch_id = ANY (p_batch_ids)
$$;

-- What an agent and the hints that came with it are known by in ref.user_agent: without hints, as before there were any.
CREATE OR REPLACE FUNCTION staging.agent_key(p_agent text, p_hints text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN util.hash_binary(p_agent || CASE WHEN p_hints <> '' THEN E'\n' || p_hints ELSE '' END);

-- Validates and enriches the raw events of these ingest batches (or some of them) and writes one staging row for each: the
-- set-based form of staging.validate_and_enrich_event. Events staged before are left as they are. Returns the rows written.
--
-- The steps are the CTEs, in order: read (the payload's keys), timed, clocked, sent (what it says of its time, and what it is known
-- by), first_sent, first_viewed (which event it is); then, each distinct one looked at once, kinds, pages, referrers and agents; then,
-- event by event, parsed, typed, attributed, enriched, named, keyed. OFFSET 0 keeps the planner from folding a step into the next one,
-- which would compute its columns
-- again wherever they are used.
-- Each join is of many events with few facts about them, so a hash join; and no two events have the same id to remember (memoize).
-- Places in double braces are completed at deployment: rules, cuts and notes from footfall.staging.rules, keys from the vault.
CREATE OR REPLACE FUNCTION staging.validate_and_enrich(p_batch_ids bigint[], p_raw_event_ids bigint[] DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql SET work_mem = '64MB' SET enable_mergejoin = off SET enable_memoize = off AS $$
DECLARE
    v_now timestamptz := util.current_load_date();
    v_is_again boolean := EXISTS (SELECT FROM staging.events_of(p_batch_ids));
    -- what is tried again of batches whose VALID rows have gone: of those the vault has the rest
    v_tried bigint[] := CASE WHEN p_raw_event_ids IS NULL AND EXISTS (
        SELECT FROM raw.ingest_batch b JOIN staging.proved p ON p.tenant_hk = b.tenant_hk AND p.proved_until > b.received_from
        WHERE b.batch_id = ANY (p_batch_ids) AND b.load_date IS NOT NULL
    ) THEN ARRAY(SELECT o.raw_event_id FROM raw.left_out o WHERE o.batch_id = ANY (p_batch_ids)) END;
    -- that a visit or a time was inferred is nothing to look at
    v_unnoted constant text[] := '{session_inferred,event_timestamp_inferred}';
    v_staged integer;
BEGIN
    PERFORM staging.gather_addresses(p_batch_ids);
    WITH read AS (
        SELECT r.raw_event_id, r.batch_id, r.received_timestamp, r.is_trusted, r.do_not_track AS no_track, r.tenant_hk,
               r.tenant_id, r.visitor_id AS edge_visitor_id, r.visitor_ip_hash, r.user_agent AS agent,
               coalesce(r.client_hints, '') AS hints, r.record_source, r.own_network,
               o.payload, jsonb_typeof(r.raw_payload) = 'object' AS payload_is_object, p.*,
               p.page_hash IN ('true', '1') IS TRUE AS has_page_hash, staging.usable_id(p.event_id) AS usable_event_id,
               staging.usable_id(p.page_view_id) AS usable_view_id,
               nullif(btrim(p.event_timestamp), '') AS sent_timestamp, nullif(btrim(p.sent_at), '') AS sent_at_text
        FROM raw.events_of(p_batch_ids) r
        CROSS JOIN LATERAL (
            SELECT CASE WHEN jsonb_typeof(r.raw_payload) = 'object' THEN r.raw_payload ELSE '{}' END AS payload
        ) o
        CROSS JOIN LATERAL jsonb_to_record(o.payload) AS p(
            evt_type text, evt_category text, evt_action text, evt_label text, evt_value text, currency text,
            event_id text, page_view_id text, event_timestamp text, sent_at text, session_id text, visitor_id text, user_id text,
            page_url text, page_title text, page_referrer text, page_hash text,
            item_id text, item_type text, item_name text, item_category text, item_description text, item_value text,
            item_metadata jsonb, transaction_id text, funnel text,
            scroll_depth text, time_on_page text, click_x text, click_y text,
            device_type text, browser_name text, viewport_width text, viewport_height text, screen_resolution text,
            timezone text, language text, do_not_track text, utm_source text, utm_medium text, utm_campaign text,
            utm_content text, utm_term text, utm_id text, consent jsonb,
            properties jsonb)
        WHERE (p_raw_event_ids IS NULL OR r.raw_event_id = ANY (p_raw_event_ids))
          AND NOT (v_is_again AND EXISTS (
              SELECT FROM staging.site_events_staging o
              WHERE o.raw_event_id = r.raw_event_id AND o.received_timestamp = r.received_timestamp))
          AND (v_tried IS NULL OR r.raw_event_id = ANY (v_tried) OR EXISTS (
              SELECT FROM raw.ingest_batch b LEFT JOIN staging.proved p ON p.tenant_hk = b.tenant_hk
              WHERE b.batch_id = r.batch_id AND (b.load_date IS NULL OR p.proved_until > b.received_from IS NOT TRUE)))
        OFFSET 0
    ),
    timed AS (
        SELECT r.*, util.moment_of(r.sent_timestamp) AS moment, util.moment_of(r.sent_at_text) AS sent_moment
        FROM read r
        OFFSET 0
    ),
    clocked AS (
        SELECT t.*, CASE WHEN t.sent_timestamp IS NOT NULL
                         THEN staging.clock_error(t.sent_moment, t.received_timestamp) END AS clock_error
        FROM timed t
        OFFSET 0
    ),
    sent AS MATERIALIZED (
        SELECT c.*,
               -- when it was, by what this copy of it says
               CASE WHEN c.sent_timestamp IS NULL THEN coalesce(staging.moment_in_id(c.usable_event_id), c.received_timestamp)
                    WHEN c.clock_error IS NULL THEN c.moment ELSE c.moment + c.clock_error END AS said_timestamp,
               -- what tells the event from others whatever time it says: its id, or all of it where its time is not as sent
               staging.identity_of(c.tenant_id, coalesce(c.usable_event_id, CASE WHEN c.clock_error IS NOT NULL
                   THEN 'payload ' || encode(util.hash_binary(
                       (c.payload - ARRAY['sent_at', 'retry', 'client_ip', 'user_agent'])::text), 'hex') END)) AS identity
        FROM clocked c
    ),
    -- An event has one time, whatever comes with it when it is sent again: the first that made sense. What the event itself says and
    -- no clock corrects is kept for some days, for clients that stamp at each attempt (staging.forget_identities); what only
    -- its first receipt tells is kept for ever. The update changes nothing: it makes a time that is there, or that another load is
    -- writing now, come back too.
    -- What a trusted sender says stands for itself: where somebody else has sent something under its id before, it is an event of its
    -- own, which supersedes that one; where it came first, what others send under its id is its repetition.
    first_sent AS (
        INSERT INTO staging.event_identity AS f (
            identity, event_timestamp, received_timestamp, is_of_receipt, trusted_timestamp)
        SELECT DISTINCT ON (s.identity) s.identity, s.said_timestamp, s.received_timestamp,
               s.moment IS NULL OR s.clock_error IS NOT NULL, CASE WHEN s.is_trusted THEN s.said_timestamp END
        FROM sent s
        WHERE s.identity IS NOT NULL AND staging.is_plausible(s.said_timestamp, s.received_timestamp, s.is_trusted)
        ORDER BY s.identity, s.is_trusted DESC, s.received_timestamp, s.raw_event_id
        ON CONFLICT (identity) DO UPDATE SET
            event_timestamp = f.event_timestamp,
            trusted_timestamp = coalesce(f.trusted_timestamp, excluded.trusted_timestamp),
            is_contested = f.is_contested
                OR (NOT f.is_of_before AND f.trusted_timestamp IS NULL AND excluded.trusted_timestamp IS NOT NULL)
        RETURNING f.identity, f.event_timestamp, f.trusted_timestamp, f.is_contested
    ),
    tenants AS MATERIALIZED (
        SELECT t.*, t.allowed_hosts || t.own_hosts || t.ignored_referrers AS not_referring
        FROM auth.tenant_v t WHERE t.tenant_hk IN (SELECT s.tenant_hk FROM sent s)
    ),
    kinds AS MATERIALIZED (
        SELECT d.tenant_hk, d.evt_type, k.event_type, k.event_category, k.event_action
        FROM (SELECT DISTINCT s.tenant_hk, s.evt_type FROM sent s) d
        CROSS JOIN LATERAL (
            -- as it is written, else however it is spelled
            SELECT k.event_type, k.event_category, k.event_action FROM ref.event_type k
            WHERE k.tenant_hk IN (d.tenant_hk, '\x') AND staging.folded(k.event_type) = staging.folded(d.evt_type)
            ORDER BY k.event_type = btrim(d.evt_type) DESC, k.tenant_hk DESC LIMIT 1
        ) k
    ),
    -- Page views of one view are one event, whatever their ids and times: the first of them. Others may carry the view's id.
    viewed AS MATERIALIZED (
        SELECT s.raw_event_id, s.received_timestamp, staging.identity_of(s.tenant_id, ' view ' || s.usable_view_id) AS identity,
               CASE WHEN s.is_trusted AND f.is_contested THEN f.trusted_timestamp
                    ELSE coalesce(f.event_timestamp, s.said_timestamp) END AS event_timestamp,
               coalesce(CASE WHEN s.is_trusted AND f.is_contested THEN ' trusted ' ELSE '' END || s.usable_event_id,
                        ' view ' || s.usable_view_id) AS name
        FROM sent s
        JOIN kinds k ON k.tenant_hk = s.tenant_hk AND k.evt_type = s.evt_type AND k.event_type = 'page_view'
        LEFT JOIN first_sent f ON f.identity = s.identity
        WHERE s.usable_view_id IS NOT NULL AND staging.is_plausible(s.said_timestamp, s.received_timestamp, s.is_trusted)
    ),
    first_viewed AS (
        INSERT INTO staging.event_identity AS f (identity, event_timestamp, received_timestamp, is_of_receipt, stands_for)
        SELECT DISTINCT ON (v.identity) v.identity, v.event_timestamp, v.received_timestamp, false, v.name
        FROM viewed v
        ORDER BY v.identity, v.received_timestamp, v.raw_event_id
        ON CONFLICT (identity) DO UPDATE SET event_timestamp = f.event_timestamp
        RETURNING f.identity, f.event_timestamp, f.stands_for
    ),
    pages AS MATERIALIZED (
        SELECT u.tenant_hk, u.page_url, u.has_page_hash, u.name AS bare_host, u.site, u.path,
               CASE WHEN length(b.name) > 2000 THEN left(b.name, 1900) || '#' || left(encode(util.hash_binary(b.name), 'hex'), 16)
                    ELSE b.name END AS page_bk,
               JSON_OBJECT('host': u.one_host, 'path': left(u.path, 2000), 'category': c.page_class[1],
                           'type': c.page_class[2] ABSENT ON NULL RETURNING jsonb) AS page_info,
               u.utm_source, u.utm_medium, u.utm_campaign, u.utm_content, u.utm_term, u.utm_id, u.ref, u.click_id
        FROM (
            -- a host that is written in letters of the world has one spelling; www. is kept in the names of pages
            SELECT d.tenant_hk, d.has_page_hash, a.*, t.page_query_keys, staging.canonical_path(a.part[4]) AS path,
                   coalesce(o.name, staging.without_www(a.host)) AS name, o.site,
                   CASE WHEN octet_length(a.host) > length(a.host)
                        THEN CASE WHEN starts_with(a.host, 'www.') THEN 'www.' ELSE '' END || coalesce(o.name, staging.without_www(a.host))
                        ELSE a.host END AS one_host,
                   -- a router's part after # tells pages apart; campaigns may stand in either query
                   CASE WHEN d.has_page_hash OR a.route ~ '^!?/' THEN nullif(a.route, '') END AS page_route
            FROM (SELECT DISTINCT s.tenant_hk, s.page_url, s.has_page_hash FROM sent s WHERE s.page_url IS NOT NULL) d
            JOIN pg_temp.page_address a ON a.page_url = d.page_url
            LEFT JOIN tenants t ON t.tenant_hk = d.tenant_hk
            LEFT JOIN ref.origin o ON o.host = a.host AND o.path = ''
            OFFSET 0
        ) u
        CROSS JOIN LATERAL (
            SELECT concat(u.one_host, ':' || CASE WHEN (u.part[1], u.part[3]) NOT IN (('http', '80'), ('https', '443')) THEN u.part[3] END,
                          u.path, staging.page_query(u.part[5], u.page_query_keys),
                          CASE WHEN u.page_route IS NOT NULL THEN '#' || staging.canonical_path(u.page_route) END,
                          CASE WHEN u.page_route IS NOT NULL THEN staging.page_query(u.route_query, u.page_query_keys) END)
                   AS name OFFSET 0
        ) b
        CROSS JOIN LATERAL (SELECT staging.page_class(coalesce(ltrim(u.page_route, '!'), u.path)) AS page_class OFFSET 0) c
    ),
    -- where visitors pay or sign in is nobody that sends visits
    referrers AS MATERIALIZED (
        SELECT r.page_referrer, coalesce(o.name, staging.without_www(r.host)) AS name, o.site,
               coalesce(o.source, staging.without_www(r.host)) AS source, o.kind
        FROM pg_temp.referrer_address r
        LEFT JOIN LATERAL (
            SELECT o.* FROM ref.origin o WHERE o.host = r.host AND starts_with(r.path, o.path) ORDER BY length(o.path) DESC LIMIT 1
        ) o ON true
        WHERE o.kind IS NULL OR o.kind NOT IN ('payment', 'sign-in')
    ),
    agents AS MATERIALIZED (
        SELECT d.agent, d.hints, a.*
        FROM (SELECT DISTINCT s.agent, s.hints FROM sent s WHERE s.agent IS NOT NULL) d
        JOIN ref.user_agent a ON a.user_agent_hash = staging.agent_key(d.agent, d.hints)
    ),
    -- the hosts of keys that send for one site
    sites AS MATERIALIZED (
        SELECT k.tenant_hk, 'web:' || k.access_key_id AS record_source, w.hosts
        FROM auth.access_key k JOIN auth.site w ON w.tenant_hk = k.tenant_hk AND w.site = k.site
    ),
    -- texts cut to their lengths, ids checked; beside them what is known of the tenant, the page and so on
    parsed AS (
        SELECT s.raw_event_id, s.batch_id, s.received_timestamp, s.is_trusted, s.tenant_hk, s.tenant_id,
        s.no_track, s.edge_visitor_id, s.visitor_ip_hash, s.agent, nullif(s.hints, '') AS hints, s.record_source, s.own_network, s.payload_is_object, s.payload,
        coalesce(k.event_type, nullif(btrim(s.evt_type), '')) AS evt_type,
{{cut_columns}},
        {{cut_flags}} AS cut_flags,
        nullif(s.event_id, '') AS sent_event_id,
        s.usable_event_id AS event_id,
        s.sent_timestamp, s.sent_at_text AS sent_at, s.sent_moment, s.clock_error, s.said_timestamp,
        CASE WHEN v.stands_for IS NOT NULL THEN v.event_timestamp
             WHEN s.is_trusted AND f.is_contested THEN f.trusted_timestamp ELSE f.event_timestamp END AS first_timestamp,
        CASE WHEN s.is_trusted AND f.is_contested AND v.stands_for IS NULL THEN f.event_timestamp END AS restated_timestamp,
        v.stands_for,
        nullif(s.session_id, '') AS sent_session_id,
        staging.usable_id(s.session_id) AS session_id,
        nullif(s.visitor_id, '') AS sent_visitor_id,
        staging.usable_id(s.visitor_id) AS consented_visitor_id,
        nullif(s.user_id, '') AS sent_user_id,
        staging.usable_id(s.user_id) AS user_id,
        nullif(s.item_id, '') AS sent_item_id,
        staging.usable_id(s.item_id) AS item_id,
        nullif(s.transaction_id, '') AS sent_transaction_id,
        staging.usable_id(s.transaction_id) AS transaction_id,
        nullif(btrim(s.evt_value), '') AS evt_value,
        nullif(btrim(s.currency), '') AS sent_currency,
        nullif(btrim(s.item_value), '') AS sent_item_value,
        nullif(btrim(s.scroll_depth), '') AS sent_scroll_depth,
        nullif(btrim(s.time_on_page), '') AS sent_time_on_page,
        nullif(btrim(s.click_x), '') AS sent_click_x,
        nullif(btrim(s.click_y), '') AS sent_click_y,
        s.viewport_width, s.viewport_height, s.item_metadata, s.properties,
        s.consent AS sent_consent,
        CASE WHEN s.consent IS NOT NULL THEN staging.consent_of(s.consent, s.received_timestamp) END AS consent,
        t.is_active AS tenant_is_active, t.currency AS tenant_currency, t.default_item_type,
        coalesce(w.hosts, t.allowed_hosts) AS allowed_hosts, t.largest_value, k.event_category AS default_category, k.event_action AS default_action,
        p.bare_host AS page_host, p.path AS page_path, p.page_bk, p.page_info, p.utm_source AS page_utm_source,
        p.utm_medium AS page_utm_medium, p.utm_campaign AS page_utm_campaign, p.utm_content AS page_utm_content,
        p.utm_term AS page_utm_term, p.utm_id AS page_utm_id, p.ref, p.click_id,
        -- a referrer of the site itself is none, and so is one that the tenant says is its own, or sends nobody
        CASE WHEN coalesce(r.site, r.name) IS DISTINCT FROM coalesce(p.site, p.bare_host) AND r.name IS DISTINCT FROM p.bare_host
                  AND NOT staging.is_under(r.name, t.not_referring) THEN r.name END AS referrer_host,
        r.source AS referrer_source, r.kind AS referrer_kind,
        a.device_type AS agent_device_type, a.browser_name AS agent_browser_name, a.browser_version,
        a.operating_system, a.operating_system_version, a.bot_kind, a.bot_name,
        -- a library says nothing of who is behind it: with the key of a server or an app it is somebody, with a page's or in a log nobody
        CASE WHEN a.traffic_class <> 'program' THEN a.traffic_class
             WHEN a.traffic_class IS NULL OR (s.is_trusted AND s.record_source NOT LIKE 'import:%') THEN 'human'
             ELSE 'bot' END AS traffic_class
        FROM sent s
        LEFT JOIN tenants t ON t.tenant_hk = s.tenant_hk
        LEFT JOIN sites w ON w.tenant_hk = s.tenant_hk AND w.record_source = s.record_source
        LEFT JOIN kinds k ON k.tenant_hk = s.tenant_hk AND k.evt_type = s.evt_type
        LEFT JOIN pages p ON p.tenant_hk = s.tenant_hk AND p.page_url = s.page_url AND p.has_page_hash = s.has_page_hash
        LEFT JOIN referrers r ON r.page_referrer = s.page_referrer
        LEFT JOIN agents a ON a.agent = s.agent AND a.hints = s.hints
        LEFT JOIN first_sent f ON f.identity = s.identity
        LEFT JOIN (SELECT d.raw_event_id, n.* FROM viewed d JOIN first_viewed n USING (identity)) v ON v.raw_event_id = s.raw_event_id
        OFFSET 0
    ),
    -- facts of the right type
    typed AS (
        SELECT p.*,
               -- an order is complete however that is written
               CASE WHEN p.evt_type = 'transaction_step' THEN lower(p.sent_action COLLATE "C")
                    ELSE coalesce(p.sent_action, p.default_action) END AS event_action,
               staging.number_of(p.evt_value)::numeric(18,4) AS event_value,
               -- one that nobody knows stands for itself: it is never added to one that is known
               coalesce(left(upper(p.sent_currency), 10), p.tenant_currency) AS currency,
               coalesce(p.first_timestamp, CASE WHEN p.sent_timestamp IS NULL THEN p.received_timestamp
                                                ELSE p.said_timestamp END) AS event_timestamp,
               p.sent_timestamp IS NULL AS time_is_inferred,
               staging.number_of(p.sent_item_value)::numeric(18,4) AS item_value,
               staging.integer_of(p.sent_scroll_depth, 0, 100) AS scroll_depth,
               staging.integer_of(p.sent_time_on_page, 0, 86400) AS time_on_page,
               staging.integer_of(p.sent_click_x, 0, 100000) AS click_x,
               staging.integer_of(p.sent_click_y, 0, 1000000) AS click_y,
               staging.integer_of(p.viewport_width, 1, 100000) || 'x' || staging.integer_of(p.viewport_height, 1, 100000)
                   AS viewport_size,
               CASE WHEN jsonb_typeof(p.properties) = 'object' AND p.properties <> '{}' THEN p.properties END
                   AS custom_properties,
               coalesce(p.sent_utm_source, p.page_utm_source) AS utm_source,
               coalesce(p.sent_utm_medium, p.page_utm_medium) AS utm_medium,
               coalesce(p.sent_utm_campaign, p.page_utm_campaign) AS utm_campaign,
               coalesce(p.sent_utm_content, p.page_utm_content) AS utm_content,
               coalesce(p.sent_utm_term, p.page_utm_term) AS utm_term,
               coalesce(p.sent_utm_id, p.page_utm_id) AS utm_id,
               staging.campaign_key(
                   coalesce(p.sent_utm_source, p.page_utm_source), coalesce(p.sent_utm_medium, p.page_utm_medium),
                   coalesce(p.sent_utm_campaign, p.page_utm_campaign), p.ref) AS campaign_hash,
               lower(coalesce(p.sent_item_type, p.default_item_type) COLLATE "C") AS item_type,
               coalesce(p.item_name, CASE WHEN p.evt_type = 'item_interaction' THEN p.event_label END) AS item_called
        FROM parsed p
        OFFSET 0
    ),
    -- whom the visit comes from: what the campaign says of itself, then the id that a network added to it, then the referrer. An id
    -- says nothing of a visit that comes from another place that is known, unless it stands for a mail or a partner's link.
    attributed AS (
        SELECT t.*, coalesce(c.source, CASE WHEN c.campaign_hash IS NULL THEN lower(t.utm_source COLLATE "C") END) AS campaign_source,
               c.kind AS campaign_kind, coalesce(c.medium, '') AS medium,
               coalesce(c.is_campaign, t.utm_source IS NOT NULL) OR t.utm_id IS NOT NULL AS is_campaign,
               k.source AS click_source, k.kind AS click_kind, coalesce(k.click_id, '') AS click_way,
               k.parameter IS NOT NULL AND coalesce(c.medium, '') = '' AND (
                   coalesce(c.kind, t.referrer_kind) IS NULL
                   OR coalesce(c.source, t.referrer_source) = k.source
                   OR c.kind IS NULL AND k.click_id IN ('email', 'affiliate')) AS is_by_click_id
        FROM typed t
        LEFT JOIN ref.campaign c ON c.campaign_hash = t.campaign_hash
        LEFT JOIN ref.parameter k ON k.parameter = t.click_id
        OFFSET 0
    ),
    -- meaning: items, funnels, where the visit came from, business keys
    enriched AS (
        SELECT t.*,
               {{errors}} AS errors,
               t.cut_flags || {{notes}} AS flags,
               t.evt_type AS event_type, coalesce(t.sent_category, t.default_category) AS event_category,
               CASE WHEN num_nonnulls(t.event_value, t.item_value) > 0 THEN t.currency END AS event_currency,
               CASE WHEN NOT t.no_track THEN coalesce(t.consented_visitor_id, t.edge_visitor_id) END AS visitor_bk,
               left(coalesce(t.campaign_source, CASE WHEN t.is_by_click_id THEN t.click_source END,
                             CASE WHEN t.referrer_host IS NOT NULL THEN t.referrer_source END,
                             CASE WHEN NOT t.is_campaign AND NOT t.is_by_click_id THEN 'direct' END), 100) AS source,
               coalesce(h.channel_group, 'direct') AS channel, coalesce(h.channel, 'Direct') AS channel_name,
               t.item_type || ':' || coalesce(t.item_id, nullif(staging.slug(t.item_called), '')) AS item_bk,
               CASE WHEN t.evt_type = 'transaction_step' THEN JSON_OBJECT(
                   'step_name': t.event_label, 'step_action': t.event_action, 'step_value': t.event_value,
                   'funnel': coalesce(lower(t.funnel COLLATE "C"), 'transaction'),
                   'funnel_step': coalesce(lower(t.funnel COLLATE "C"), 'transaction') || '_step',
                   'transaction_id': t.transaction_id,
                   'funnel_stage': CASE t.event_action WHEN 'start' THEN 'initiated' WHEN 'progress' THEN 'in_progress'
                       WHEN 'complete' THEN 'completed' WHEN 'abandon' THEN 'abandoned' WHEN 'refund' THEN 'refunded'
                       ELSE 'unknown' END
                   ABSENT ON NULL RETURNING jsonb) END AS transaction_info,
               CASE WHEN t.evt_type = 'page_view' THEN 'awareness'
                    WHEN t.evt_type IN ('item_interaction', 'contact_interaction') THEN 'consideration'
                    WHEN t.evt_type = 'transaction_step'
                    THEN CASE WHEN lower(t.funnel) IN ('onboarding', 'renewal', 'loyalty', 'retention') THEN 'retention'
                              ELSE 'conversion' END
               END AS conversion_funnel_stage,
               CASE WHEN NOT t.no_track THEN nullif(JSON_OBJECT(
                   'device_type': CASE WHEN t.sent_device_type IN ('mobile', 'tablet', 'desktop', 'tv', 'console', 'wearable', 'car', 'other')
                                       THEN t.sent_device_type ELSE t.agent_device_type END,
                   'browser_name': coalesce(t.agent_browser_name, t.sent_browser_name),
                   'browser_version': t.browser_version, 'operating_system': t.operating_system,
                   'operating_system_version': t.operating_system_version, 'client_hints': t.hints,
                   'bot_kind': CASE WHEN t.traffic_class = 'bot' THEN t.bot_kind END,
                   'bot_name': CASE WHEN t.traffic_class = 'bot' THEN t.bot_name END,
                   'screen_resolution': t.screen_resolution, 'viewport_size': t.viewport_size,
                   'viewport_width': t.viewport_width, 'viewport_height': t.viewport_height,
                   'timezone': t.timezone, 'language': t.language
                   ABSENT ON NULL RETURNING jsonb), '{}') END AS device_info
        FROM attributed t
        LEFT JOIN ref.channel h
            ON h.medium = t.medium AND h.click_id = CASE WHEN t.is_by_click_id THEN t.click_way ELSE '' END
            AND h.kind = coalesce(
                t.campaign_kind, CASE WHEN t.is_by_click_id THEN t.click_kind END,
                CASE WHEN t.referrer_host IS NOT NULL THEN coalesce(t.referrer_kind, 'other') END,
                CASE WHEN t.is_campaign OR t.is_by_click_id THEN 'other' ELSE '' END)
        OFFSET 0
    ),
    -- business keys that need other business keys; an INVALID event gets none, and so nothing of it reaches the vault
    named AS (
        SELECT e.*, cardinality(e.errors) = 0 AS is_valid,
               CASE WHEN e.item_bk IS NOT NULL THEN JSON_OBJECT(
                   'item_key': e.item_bk, 'item_id': e.item_id, 'item_type': e.item_type, 'item_name': e.item_called,
                   'item_category': e.item_category, 'item_description': e.item_description, 'item_value': e.item_value,
                   'item_metadata': CASE WHEN jsonb_typeof(e.item_metadata) = 'object'
                                         THEN jsonb_strip_nulls(e.item_metadata) END,
                   'interaction_type': e.event_action
                   ABSENT ON NULL RETURNING jsonb) END AS business_item_info,
               CASE WHEN e.session_id IS NULL AND e.visitor_bk IS NOT NULL
                    THEN date_bin('30 minutes', e.event_timestamp, '1970-01-01T00:00:00Z') END AS session_bucket,
               -- who the visitor was to the edge before an id came with consent: the visit goes on
               CASE WHEN NOT e.no_track AND e.session_id IS NULL AND e.consented_visitor_id <> e.edge_visitor_id
                    THEN e.edge_visitor_id END AS known_as_bk,
               'evt_' || util.milliseconds(e.event_timestamp) || '_' || coalesce(
                   e.stands_for,
                   -- no id begins with a blank
                   CASE WHEN e.restated_timestamp IS NOT NULL THEN ' trusted ' ELSE '' END || e.event_id,
                   concat(e.session_id, '_', e.evt_type, '_', left(encode(util.hash_binary(
                       util.netstring(e.visitor_bk) || util.netstring(
                           (e.payload - ARRAY['sent_at', 'retry', 'client_ip', 'user_agent'])::text)), 'hex'), 16))
               ) AS event_bk,
               'evt_' || util.milliseconds(e.restated_timestamp) || '_' || e.event_id AS restated_bk
        FROM enriched e
        OFFSET 0
    ),
    keyed AS (
        SELECT k.*,
{{hub_keys}},
{{canonical_texts}}
        FROM (
            SELECT n.*, util.netstring(n.tenant_id) AS tenant_netstring,
                   CASE WHEN n.is_valid THEN n.event_bk END AS site_event_bk,
                   CASE WHEN n.is_valid THEN n.visitor_bk END AS site_visitor_bk,
                   CASE WHEN n.is_valid THEN n.page_bk END AS site_page_bk,
                   CASE WHEN n.is_valid THEN n.item_bk END AS business_item_bk,
                   CASE WHEN n.is_valid THEN coalesce(
                       n.session_id,
                       'session_' || extract(epoch FROM n.session_bucket)::bigint || '_'
                           || left(encode(util.hash_binary(n.visitor_bk), 'hex'), 12),
                       'session_' || n.event_bk) END AS site_session_bk
            FROM named n
            OFFSET 0
        ) k
        OFFSET 0
    ),
    staged AS (
    INSERT INTO staging.site_events_staging (
        raw_event_id, batch_id, received_timestamp, attempt, tenant_hk, tenant_id, session_id, visitor_id, user_id,
        event_timestamp, event_type, event_category, event_action, event_label, event_value, event_currency,
        page_url, page_title, page_referrer, visitor_ip_hash, user_agent, scroll_depth, time_on_page, click_x, click_y,
        conversion_funnel_stage, source, channel, channel_name, utm_source, utm_medium, utm_campaign, utm_content, utm_term,
        utm_id, click_id, traffic_class, do_not_track,
        device_info, page_info, business_item_info, transaction_info, custom_properties, consent, own_network,
        site_event_bk, site_session_bk, site_visitor_bk, site_page_bk, business_item_bk,
        site_event_hk, site_session_hk, site_visitor_hk, site_page_hk, business_item_hk,
        link_session_visitor_hk, link_event_session_hk, link_event_page_hk, link_event_business_item_hk,
        site_event_details_hash_diff, session_bucket, known_as_hk, restates_hk,
        validation_status, validation_errors, validation_flags, enrichment_applied, processing_timestamp, record_source
    )
    SELECT k.raw_event_id, k.batch_id, k.received_timestamp, 1, k.tenant_hk, k.tenant_id, k.session_id, k.visitor_bk,
           CASE WHEN NOT k.no_track THEN k.user_id END,
           k.event_timestamp, left(k.event_type, 50), k.event_category, k.event_action, k.event_label, k.event_value,
           k.event_currency, k.page_url, k.page_title, k.page_referrer,
           CASE WHEN NOT k.no_track THEN k.visitor_ip_hash END, CASE WHEN NOT k.no_track THEN k.agent END,
           k.scroll_depth, k.time_on_page, k.click_x, k.click_y, k.conversion_funnel_stage, k.source, k.channel,
           k.channel_name, k.utm_source, k.utm_medium, k.utm_campaign, k.utm_content, k.utm_term, k.utm_id, k.click_id,
           k.traffic_class, k.no_track,
           k.device_info, k.page_info, k.business_item_info, k.transaction_info, k.custom_properties,
           CASE WHEN k.consent IS NOT NULL AND NOT k.no_track
                THEN jsonb_build_object('at', util.canonical(k.event_timestamp)) || k.consent END,
           CASE WHEN NOT k.no_track THEN k.own_network END,
           k.site_event_bk, k.site_session_bk, k.site_visitor_bk, k.site_page_bk, k.business_item_bk,
           k.site_event_hk, k.site_session_hk, k.site_visitor_hk, k.site_page_hk, k.business_item_hk,
{{link_keys}},
{{hash_diffs}},
           CASE WHEN k.is_valid THEN k.session_bucket END,
           CASE WHEN k.is_valid AND k.known_as_bk IS NOT NULL THEN {{known_as_key}} END,
           CASE WHEN k.is_valid AND k.restated_bk IS NOT NULL THEN {{restated_key}} END,
           CASE WHEN k.is_valid THEN 'VALID' ELSE 'INVALID' END, k.errors, k.flags, k.is_valid, v_now, k.record_source
    FROM keyed k
    RETURNING tenant_hk, raw_event_id, received_timestamp, validation_flags
    ),
    -- what was noted, for people to look at
    noted AS (
        INSERT INTO staging.note (tenant_hk, noted_hour, code, raw_event_id, received_timestamp, events)
        SELECT s.tenant_hk, date_trunc('hour', s.received_timestamp, 'UTC'), n.code, max(s.raw_event_id), max(s.received_timestamp), count(*)
        FROM (SELECT s.* FROM staged s WHERE NOT s.validation_flags <@ v_unnoted OFFSET 0) s
        CROSS JOIN LATERAL unnest(s.validation_flags) AS n(code)
        WHERE n.code <> ALL (v_unnoted)
        GROUP BY s.tenant_hk, date_trunc('hour', s.received_timestamp, 'UTC'), n.code
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) INTO v_staged FROM staged;
    RETURN v_staged;
END
$$;

-- Validates and enriches one raw event, the plan's form: true when it is VALID. Raises raw_event_unknown.
CREATE OR REPLACE FUNCTION staging.validate_and_enrich_event(p_raw_event_id bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM staging.validate_and_enrich(ARRAY[r.batch_id], ARRAY[r.raw_event_id])
    FROM raw.site_tracking_events_r r WHERE r.raw_event_id = p_raw_event_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'raw_event_unknown' USING ERRCODE = 'FF404';
    END IF;
    RETURN (SELECT s.validation_status = 'VALID' FROM staging.site_events_staging s
            WHERE s.raw_event_id = p_raw_event_id ORDER BY s.attempt DESC LIMIT 1);
END
$$;
