-- Validates and enriches the raw events of these ingest batches (or one of them) and writes one staging row for each: the
-- set-based form of staging.validate_and_enrich_event. Events staged before are left as they are. Returns the rows written.
--
-- The steps are the CTEs, in order: landed, sent (the payload's keys), parsed, typed, known (referrers), enriched, keyed.
-- Places in double braces are completed at deployment: rules, cuts and notes from footfall.staging.rules, keys from the vault.
CREATE OR REPLACE FUNCTION staging.validate_and_enrich(p_batch_ids bigint[], p_raw_event_id bigint DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := util.current_load_date();
    v_staged integer;
BEGIN
    -- An event with an id but without a time would get another key at each retry: its first receipt is its time, for ever.
    INSERT INTO staging.untimed_event (tenant_hk, event_id, event_timestamp)
    SELECT DISTINCT ON (1, 2) r.tenant_hk, i.event_id, r.received_timestamp
    FROM raw.ingest_batch b
    JOIN raw.site_tracking_events_r r
      ON r.batch_id = b.batch_id
     AND r.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
     AND r.received_timestamp BETWEEN b.received_from AND b.received_to
    CROSS JOIN LATERAL (
        SELECT lower(staging.usable_id(r.raw_payload ->> 'event_id') COLLATE "C") AS event_id
        WHERE nullif(btrim(r.raw_payload ->> 'event_timestamp'), '') IS NULL
    ) i
    WHERE b.batch_id = ANY (p_batch_ids) AND jsonb_typeof(r.raw_payload) = 'object'
      AND i.event_id IS NOT NULL AND staging.moment_in_id(i.event_id) IS NULL
    ORDER BY 1, 2, r.received_timestamp, r.raw_event_id
    ON CONFLICT DO NOTHING;

    INSERT INTO staging.site_events_staging (
        raw_event_id, batch_id, received_timestamp, attempt, tenant_hk, tenant_id, session_id, visitor_id, user_id,
        event_timestamp, event_type, event_category, event_action, event_label, event_value, event_currency,
        page_url, page_title, page_referrer, visitor_ip_hash, user_agent, scroll_depth, time_on_page, click_x, click_y,
        conversion_funnel_stage, source, channel, utm_source, utm_medium, utm_campaign, traffic_class, do_not_track,
        device_info, page_info, business_item_info, transaction_info, custom_properties,
        site_event_bk, site_session_bk, site_visitor_bk, site_page_bk, business_item_bk,
        site_event_hk, site_session_hk, site_visitor_hk, site_page_hk, business_item_hk,
        link_session_visitor_hk, link_event_session_hk, link_event_page_hk, link_event_business_item_hk,
        site_event_details_hash_diff, session_bucket,
        validation_status, validation_errors, validation_flags, enrichment_applied, processing_timestamp, record_source
    )
    WITH landed AS MATERIALIZED (
        SELECT r.*, jsonb_typeof(r.raw_payload) = 'object' AS payload_is_object,
               CASE WHEN jsonb_typeof(r.raw_payload) = 'object' THEN r.raw_payload ELSE '{}' END AS payload
        FROM raw.ingest_batch b
        JOIN raw.site_tracking_events_r r
          ON r.batch_id = b.batch_id
         AND r.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
         AND r.received_timestamp BETWEEN b.received_from AND b.received_to
        WHERE b.batch_id = ANY (p_batch_ids) AND (p_raw_event_id IS NULL OR r.raw_event_id = p_raw_event_id)
    ),
    sent AS MATERIALIZED (
        SELECT l.raw_event_id, l.batch_id, l.received_timestamp, l.is_trusted, l.do_not_track AS no_track, l.tenant_hk,
               l.tenant_id, l.visitor_id AS edge_visitor_id, l.visitor_ip_hash, l.user_agent AS agent, l.record_source,
               l.payload_is_object, l.payload, p.*
        FROM landed l
        CROSS JOIN LATERAL jsonb_to_record(l.payload) AS p(
            evt_type text, evt_category text, evt_action text, evt_label text, evt_value text, currency text,
            event_id text, event_timestamp text, session_id text, visitor_id text, user_id text,
            page_url text, page_title text, page_referrer text,
            item_id text, item_type text, item_name text, item_category text, item_description text, item_value text,
            item_metadata jsonb, transaction_id text, funnel text,
            scroll_depth text, time_on_page text, click_x text, click_y text,
            device_type text, browser_name text, viewport_width text, viewport_height text, screen_resolution text,
            timezone text, language text, do_not_track text, utm_source text, utm_medium text, utm_campaign text,
            properties jsonb)
    ),
    -- texts cut to their lengths, ids checked, URLs taken apart
    parsed AS MATERIALIZED (
        SELECT s.raw_event_id, s.batch_id, s.received_timestamp, s.is_trusted, s.tenant_hk, s.tenant_id,
        s.no_track, s.edge_visitor_id, s.visitor_ip_hash, s.agent, s.record_source, s.payload_is_object, s.payload,
        nullif(btrim(s.evt_type), '') AS evt_type,
{{cut_columns}},
        {{cut_flags}} AS cut_flags,
        nullif(s.event_id, '') AS sent_event_id,
        lower(staging.usable_id(s.event_id) COLLATE "C") AS event_id,
        nullif(btrim(s.event_timestamp), '') AS sent_timestamp,
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
        staging.url_parts(nullif(btrim(s.page_url), '')) AS page,
        staging.url_parts(nullif(btrim(s.page_referrer), '')) AS referrer
        FROM sent s
    ),
    -- facts of the right type, beside what the tenant, its event types and the user agent's parse say
    typed AS MATERIALIZED (
        SELECT p.*, t.is_active AS tenant_is_active, t.currency AS tenant_currency, t.default_item_type,
               e.event_category AS default_category, coalesce(p.sent_action, e.event_action) AS event_action,
               staging.number_of(p.evt_value)::numeric(18,4) AS event_value,
               CASE WHEN upper(p.sent_currency) ~ '^[A-Z]{3}$' THEN upper(p.sent_currency) ELSE t.currency END AS currency,
               coalesce(util.moment_of(p.sent_timestamp),
                        CASE WHEN p.sent_timestamp IS NULL
                             THEN coalesce(staging.moment_in_id(p.event_id), u.event_timestamp, p.received_timestamp)
                        END) AS event_timestamp,
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
               p.page[1] AS page_scheme, lower(p.page[2] COLLATE "C") AS page_host,
               CASE WHEN p.page IS NOT NULL THEN staging.canonical_path(p.page[4]) END AS page_path,
               lower(p.referrer[2] COLLATE "C") AS referrer_host,
               coalesce(p.sent_utm_source, staging.query_value(p.page[5], 'utm_source')) AS utm_source,
               coalesce(p.sent_utm_medium, staging.query_value(p.page[5], 'utm_medium')) AS utm_medium,
               coalesce(p.sent_utm_campaign, staging.query_value(p.page[5], 'utm_campaign')) AS utm_campaign,
               p.page[5] ~ '(^|&)(gclid|gbraid|wbraid|msclkid|dclid|ttclid|twclid|li_fat_id)=[^&]' AS has_click_id,
               CASE WHEN cardinality(t.page_query_keys) > 0 THEN staging.page_query(p.page[5], t.page_query_keys) END AS page_query,
               a.device_type AS agent_device_type, a.browser_name AS agent_browser_name, a.browser_version,
               a.operating_system, coalesce(a.traffic_class, 'human') AS traffic_class
        FROM parsed p
        LEFT JOIN auth.tenant_v t ON t.tenant_hk = p.tenant_hk
        LEFT JOIN LATERAL (
            SELECT k.event_category, k.event_action FROM ref.event_type k
            WHERE k.tenant_hk IN (p.tenant_hk, '\x') AND k.event_type = p.evt_type
            ORDER BY k.tenant_hk DESC LIMIT 1
        ) e ON true
        LEFT JOIN ref.user_agent a ON a.user_agent_hash = util.hash_binary(p.agent)
        LEFT JOIN staging.untimed_event u
          ON p.sent_timestamp IS NULL AND u.tenant_hk = p.tenant_hk AND u.event_id = p.event_id
    ),
    -- what is known of each distinct referrer and utm_source, looked up once: {name: [source, channel]}
    known AS MATERIALIZED (
        SELECT coalesce(jsonb_object_agg(n.name, jsonb_build_array(r.source, r.channel)), '{}') AS referrers
        FROM (
            SELECT referrer_host AS name FROM typed WHERE referrer_host IS NOT NULL
            UNION
            SELECT lower(utm_source COLLATE "C") FROM typed WHERE utm_source IS NOT NULL
        ) n
        CROSS JOIN LATERAL (SELECT staging.referrer_names(n.name) AS hosts OFFSET 0) h
        CROSS JOIN LATERAL (
            SELECT r.source, r.channel FROM ref.referrer r
            WHERE r.host = ANY (h.hosts) OR r.source = n.name
            ORDER BY length(r.host) DESC, r.host LIMIT 1
        ) r
    ),
    -- meaning: items, funnels, where the visit came from, business keys
    enriched AS MATERIALIZED (
        SELECT t.*,
               {{errors}} AS errors,
               t.cut_flags || {{notes}} AS flags,
               t.evt_type AS event_type, coalesce(t.sent_category, t.default_category) AS event_category,
               CASE WHEN num_nonnulls(t.event_value, t.item_value) > 0 THEN t.currency END AS event_currency,
               CASE WHEN NOT t.no_track THEN coalesce(t.consented_visitor_id, t.edge_visitor_id) END AS visitor_bk,
               o.origin ->> 0 AS source, o.origin ->> 1 AS channel,
               i.item_key AS item_bk,
               CASE WHEN i.item_key IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object(
                   'item_key', i.item_key, 'item_id', t.item_id, 'item_type', i.item_type,
                   'item_name', coalesce(t.item_name, CASE WHEN t.evt_type = 'item_interaction' THEN t.event_label END),
                   'item_category', t.item_category, 'item_description', t.item_description, 'item_value', t.item_value,
                   'item_metadata', CASE WHEN jsonb_typeof(t.item_metadata) = 'object' THEN t.item_metadata END,
                   'interaction_type', t.event_action)) END AS business_item_info,
               CASE WHEN t.evt_type = 'transaction_step' THEN jsonb_strip_nulls(jsonb_build_object(
                   'step_name', t.event_label, 'step_action', t.event_action, 'step_value', t.event_value,
                   'funnel', coalesce(lower(t.funnel COLLATE "C"), 'transaction'),
                   'funnel_step', coalesce(lower(t.funnel COLLATE "C"), 'transaction') || '_step',
                   'transaction_id', t.transaction_id,
                   'funnel_stage', CASE t.event_action WHEN 'start' THEN 'initiated' WHEN 'progress' THEN 'in_progress'
                       WHEN 'complete' THEN 'completed' WHEN 'abandon' THEN 'abandoned' ELSE 'unknown' END)) END
                   AS transaction_info,
               CASE WHEN t.evt_type = 'page_view' THEN 'awareness'
                    WHEN t.evt_type IN ('item_interaction', 'contact_interaction') THEN 'consideration'
                    WHEN t.evt_type = 'transaction_step'
                    THEN CASE WHEN lower(t.funnel) IN ('onboarding', 'renewal', 'loyalty', 'retention') THEN 'retention'
                              ELSE 'conversion' END
               END AS conversion_funnel_stage,
               CASE WHEN t.page_path IS NOT NULL THEN
                   CASE WHEN length(c.page) > 2000 THEN left(c.page, 1900) || '#' || left(encode(util.hash_binary(c.page), 'hex'), 16)
                        ELSE c.page END END AS page_bk,
               CASE WHEN t.page_path IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object(
                   'host', t.page_host, 'path', left(t.page_path, 2000), 'category', g.page_class[1],
                   'type', g.page_class[2])) END AS page_info,
               CASE WHEN NOT t.no_track THEN nullif(jsonb_strip_nulls(jsonb_build_object(
                   'device_type', CASE WHEN t.sent_device_type IN ('mobile', 'tablet', 'desktop') THEN t.sent_device_type
                                       ELSE t.agent_device_type END,
                   'browser_name', coalesce(t.agent_browser_name, t.sent_browser_name),
                   'browser_version', t.browser_version, 'operating_system', t.operating_system,
                   'screen_resolution', t.screen_resolution, 'viewport_size', t.viewport_size,
                   'viewport_width', t.viewport_width, 'viewport_height', t.viewport_height,
                   'timezone', t.timezone, 'language', t.language)), '{}') END AS device_info
        FROM typed t
        CROSS JOIN LATERAL (
            SELECT concat(t.page_host,
                          ':' || CASE WHEN (t.page_scheme, t.page[3]) NOT IN (('http', '80'), ('https', '443')) THEN t.page[3] END,
                          t.page_path, t.page_query) AS page
        ) c
        CROSS JOIN LATERAL (
            SELECT q.item_type, lower(q.item_type COLLATE "C") || ':' || coalesce(
                       t.item_id,
                       nullif(staging.slug(coalesce(t.item_name, CASE WHEN t.evt_type = 'item_interaction' THEN t.event_label END)), '')
                   ) AS item_key
            FROM (SELECT lower(coalesce(t.sent_item_type, t.default_item_type) COLLATE "C") AS item_type) q
        ) i
        CROSS JOIN LATERAL (SELECT staging.page_class(t.page_path) AS page_class OFFSET 0) g
        CROSS JOIN LATERAL (
            SELECT staging.origin(t.utm_source, t.utm_medium, t.has_click_id,
                                  -- a referrer on the site itself, with or without www, is none
                                  CASE WHEN regexp_replace(t.referrer_host, '^www\.', '')
                                            IS DISTINCT FROM regexp_replace(t.page_host, '^www\.', '')
                                       THEN t.referrer_host END,
                                  (SELECT referrers FROM known)) AS origin OFFSET 0
        ) o
    ),
    -- business keys that need other business keys; an INVALID event gets none, and so nothing of it reaches the vault
    named AS MATERIALIZED (
        SELECT e.*, cardinality(e.errors) = 0 AS is_valid,
               CASE WHEN e.session_id IS NULL AND e.visitor_bk IS NOT NULL
                    THEN date_bin('30 minutes', e.event_timestamp, '1970-01-01T00:00:00Z') END AS session_bucket,
               'evt_' || util.milliseconds(e.event_timestamp) || '_' || coalesce(
                   e.event_id,
                   concat(e.session_id, '_', e.evt_type, '_', left(encode(util.hash_binary(
                       util.netstring(e.visitor_bk) || util.netstring(
                           (e.payload - ARRAY['sent_at', 'retry', 'client_ip', 'user_agent'])::text)), 'hex'), 16))
               ) AS event_bk
        FROM enriched e
    ),
    keyed AS MATERIALIZED (
        SELECT k.*,
{{hub_keys}}
        FROM (
            SELECT n.*,
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
        ) k
    )
    SELECT k.raw_event_id, k.batch_id, k.received_timestamp, 1, k.tenant_hk, k.tenant_id, k.session_id, k.visitor_bk,
           CASE WHEN NOT k.no_track THEN k.user_id END,
           k.event_timestamp, left(k.event_type, 50), k.event_category, k.event_action, k.event_label, k.event_value,
           k.event_currency, k.page_url, k.page_title, k.page_referrer,
           CASE WHEN NOT k.no_track THEN k.visitor_ip_hash END, CASE WHEN NOT k.no_track THEN k.agent END,
           k.scroll_depth, k.time_on_page, k.click_x, k.click_y, k.conversion_funnel_stage, k.source, k.channel,
           k.utm_source, k.utm_medium, k.utm_campaign, k.traffic_class, k.no_track,
           k.device_info, k.page_info, k.business_item_info, k.transaction_info, k.custom_properties,
           k.site_event_bk, k.site_session_bk, k.site_visitor_bk, k.site_page_bk, k.business_item_bk,
           k.site_event_hk, k.site_session_hk, k.site_visitor_hk, k.site_page_hk, k.business_item_hk,
{{link_keys}},
{{hash_diffs}},
           CASE WHEN k.is_valid THEN k.session_bucket END,
           CASE WHEN k.is_valid THEN 'VALID' ELSE 'INVALID' END, k.errors, k.flags, k.is_valid, v_now, k.record_source
    FROM keyed k
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_staged = ROW_COUNT;
    RETURN v_staged;
END
$$;

-- Validates and enriches one raw event, the plan's form: true when it is VALID. Raises raw_event_unknown.
CREATE OR REPLACE FUNCTION staging.validate_and_enrich_event(p_raw_event_id bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM staging.validate_and_enrich(ARRAY[r.batch_id], r.raw_event_id)
    FROM raw.site_tracking_events_r r WHERE r.raw_event_id = p_raw_event_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'raw_event_unknown' USING ERRCODE = 'FF404';
    END IF;
    RETURN (SELECT s.validation_status = 'VALID' FROM staging.site_events_staging s
            WHERE s.raw_event_id = p_raw_event_id ORDER BY s.attempt DESC LIMIT 1);
END
$$;
