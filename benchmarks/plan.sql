-- The baseline: the plan's own row-at-a-time pipeline, with the least repairs that let it run (the review's D01-D07, marked "repair").
-- It gets a database of its own. Tables that its load never fills are left out.

CREATE SCHEMA util;
CREATE SCHEMA auth;
CREATE SCHEMA raw;
CREATE SCHEMA staging;
CREATE SCHEMA business;
CREATE SCHEMA api;

CREATE FUNCTION util.current_load_date() RETURNS timestamptz LANGUAGE sql STABLE RETURN CURRENT_TIMESTAMP;
-- repair D07: digest() needs pgcrypto, sha256() is built in
CREATE FUNCTION util.hash_binary(p_text text) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN sha256(convert_to(p_text, 'UTF8'));

CREATE TABLE auth.tenant_h (
    tenant_hk bytea PRIMARY KEY,
    tenant_bk varchar(255) NOT NULL UNIQUE,
    load_date timestamptz DEFAULT util.current_load_date(),
    record_source varchar(100) NOT NULL
);

CREATE TABLE business.site_session_h (
    site_session_hk bytea PRIMARY KEY,
    site_session_bk varchar(255) NOT NULL,
    tenant_hk bytea NOT NULL REFERENCES auth.tenant_h (tenant_hk),
    load_date timestamptz DEFAULT util.current_load_date(),
    record_source varchar(100) NOT NULL
);
CREATE TABLE business.site_visitor_h (
    site_visitor_hk bytea PRIMARY KEY,
    site_visitor_bk varchar(255) NOT NULL,
    tenant_hk bytea NOT NULL REFERENCES auth.tenant_h (tenant_hk),
    load_date timestamptz DEFAULT util.current_load_date(),
    record_source varchar(100) NOT NULL
);
CREATE TABLE business.site_event_h (
    site_event_hk bytea PRIMARY KEY,
    site_event_bk varchar(255) NOT NULL,
    tenant_hk bytea NOT NULL REFERENCES auth.tenant_h (tenant_hk),
    load_date timestamptz DEFAULT util.current_load_date(),
    record_source varchar(100) NOT NULL
);
CREATE TABLE business.site_page_h (
    site_page_hk bytea PRIMARY KEY,
    site_page_bk varchar(500) NOT NULL,
    tenant_hk bytea NOT NULL REFERENCES auth.tenant_h (tenant_hk),
    load_date timestamptz DEFAULT util.current_load_date(),
    record_source varchar(100) NOT NULL
);
CREATE TABLE business.business_item_h (
    business_item_hk bytea PRIMARY KEY,
    business_item_bk varchar(255) NOT NULL,
    tenant_hk bytea NOT NULL REFERENCES auth.tenant_h (tenant_hk),
    load_date timestamptz DEFAULT util.current_load_date(),
    record_source varchar(100) NOT NULL
);

CREATE TABLE business.session_visitor_l (
    link_session_visitor_hk bytea PRIMARY KEY,
    site_session_hk bytea NOT NULL REFERENCES business.site_session_h (site_session_hk),
    site_visitor_hk bytea NOT NULL REFERENCES business.site_visitor_h (site_visitor_hk),
    tenant_hk bytea NOT NULL REFERENCES auth.tenant_h (tenant_hk),
    load_date timestamptz DEFAULT util.current_load_date(),
    record_source varchar(100) NOT NULL
);
CREATE TABLE business.event_session_l (
    link_event_session_hk bytea PRIMARY KEY,
    site_event_hk bytea NOT NULL REFERENCES business.site_event_h (site_event_hk),
    site_session_hk bytea NOT NULL REFERENCES business.site_session_h (site_session_hk),
    tenant_hk bytea NOT NULL REFERENCES auth.tenant_h (tenant_hk),
    load_date timestamptz DEFAULT util.current_load_date(),
    record_source varchar(100) NOT NULL
);
CREATE TABLE business.event_page_l (
    link_event_page_hk bytea PRIMARY KEY,
    site_event_hk bytea NOT NULL REFERENCES business.site_event_h (site_event_hk),
    site_page_hk bytea NOT NULL REFERENCES business.site_page_h (site_page_hk),
    tenant_hk bytea NOT NULL REFERENCES auth.tenant_h (tenant_hk),
    load_date timestamptz DEFAULT util.current_load_date(),
    record_source varchar(100) NOT NULL
);
CREATE TABLE business.event_business_item_l (
    link_event_business_item_hk bytea PRIMARY KEY,
    site_event_hk bytea NOT NULL REFERENCES business.site_event_h (site_event_hk),
    business_item_hk bytea NOT NULL REFERENCES business.business_item_h (business_item_hk),
    tenant_hk bytea NOT NULL REFERENCES auth.tenant_h (tenant_hk),
    load_date timestamptz DEFAULT util.current_load_date(),
    record_source varchar(100) NOT NULL
);

CREATE TABLE business.site_event_details_s (
    site_event_hk bytea NOT NULL REFERENCES business.site_event_h (site_event_hk),
    load_date timestamptz DEFAULT util.current_load_date(),
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    event_timestamp timestamptz NOT NULL,
    event_type varchar(50) NOT NULL,
    event_category varchar(50) NOT NULL,
    event_action varchar(50) NOT NULL,
    event_label varchar(255),
    event_value integer,
    page_url varchar(500),
    page_title varchar(255),
    page_referrer varchar(500),
    scroll_depth integer,
    time_on_page integer,
    click_x integer,
    click_y integer,
    business_item_type varchar(100),
    transaction_funnel_step varchar(50),
    conversion_funnel_stage varchar(50),
    custom_properties jsonb,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_event_hk, load_date)
);

CREATE TABLE raw.site_tracking_events_r (
    raw_event_id serial PRIMARY KEY,
    tenant_id varchar(255) NOT NULL,
    received_timestamp timestamptz DEFAULT CURRENT_TIMESTAMP,
    client_ip inet,
    user_agent text,
    raw_payload jsonb NOT NULL,
    batch_id varchar(100),
    processing_status varchar(20) DEFAULT 'PENDING',
    error_message text,
    retry_count integer DEFAULT 0,
    record_source varchar(100) DEFAULT 'site_tracker'
);
CREATE INDEX ON raw.site_tracking_events_r (received_timestamp);
CREATE INDEX ON raw.site_tracking_events_r (processing_status);
CREATE INDEX ON raw.site_tracking_events_r (tenant_id);
-- repair D01: the two-argument date_trunc of a timestamptz cannot be indexed
CREATE INDEX ON raw.site_tracking_events_r (tenant_id, date_trunc('month', received_timestamp, 'UTC'));

CREATE TABLE staging.site_events_staging (
    staging_event_id serial PRIMARY KEY,
    raw_event_id integer REFERENCES raw.site_tracking_events_r (raw_event_id),
    tenant_hk bytea,
    session_id varchar(255),
    visitor_id varchar(255),
    event_timestamp timestamptz,
    event_type varchar(50),
    event_category varchar(50),
    event_action varchar(50),
    event_label varchar(255),
    event_value integer,
    page_url varchar(500),
    page_title varchar(255),
    page_referrer varchar(500),
    visitor_ip_hash varchar(64),
    user_agent text,
    device_info jsonb,
    business_item_info jsonb,
    transaction_info jsonb,
    custom_properties jsonb,
    validation_status varchar(20) DEFAULT 'PENDING',
    validation_errors text[],
    enrichment_applied boolean DEFAULT false,
    processing_timestamp timestamptz DEFAULT CURRENT_TIMESTAMP,
    record_source varchar(100) NOT NULL
);
CREATE INDEX ON staging.site_events_staging (validation_status);
CREATE INDEX ON staging.site_events_staging (tenant_hk, processing_timestamp);

CREATE FUNCTION raw.ingest_tracking_event(p_tenant_id varchar, p_client_ip inet, p_user_agent text, p_event_data jsonb)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_raw_event_id integer;
    v_batch_id varchar(100);
BEGIN
    v_batch_id := 'BATCH_' || to_char(CURRENT_TIMESTAMP, 'YYYYMMDD_HH24MISS') || '_'
        || substring(encode(util.hash_binary(p_tenant_id || CURRENT_TIMESTAMP::text), 'hex'), 1, 8);
    INSERT INTO raw.site_tracking_events_r (tenant_id, client_ip, user_agent, raw_payload, batch_id)
    VALUES (p_tenant_id, p_client_ip, p_user_agent, p_event_data, v_batch_id)
    RETURNING raw_event_id INTO v_raw_event_id;
    PERFORM pg_notify('process_tracking_events', jsonb_build_object(
        'raw_event_id', v_raw_event_id, 'tenant_id', p_tenant_id, 'batch_id', v_batch_id)::text);
    RETURN v_raw_event_id;
END
$$;

CREATE FUNCTION staging.validate_and_enrich_event(p_raw_event_id integer) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_raw_event record;
    v_validation_errors text[] := ARRAY[]::text[];
    v_tenant_hk bytea;
    v_business_item_info jsonb := '{}';
    v_transaction_info jsonb := '{}';
    v_enrichment_applied boolean := false;
BEGIN
    SELECT * INTO v_raw_event FROM raw.site_tracking_events_r WHERE raw_event_id = p_raw_event_id;
    SELECT tenant_hk INTO v_tenant_hk FROM auth.tenant_h WHERE tenant_bk = v_raw_event.tenant_id;
    IF v_tenant_hk IS NULL THEN
        v_validation_errors := array_append(v_validation_errors, 'Invalid tenant_id');
    END IF;
    IF NOT (v_raw_event.raw_payload ? 'evt_type') THEN
        v_validation_errors := array_append(v_validation_errors, 'Missing evt_type');
    END IF;
    CASE v_raw_event.raw_payload ->> 'evt_type'
        WHEN 'item_interaction' THEN
            IF NOT (v_raw_event.raw_payload ? 'evt_label') THEN
                v_validation_errors := array_append(v_validation_errors, 'Item interaction missing item identifier');
            ELSE
                v_business_item_info := jsonb_build_object(
                    'item_name', v_raw_event.raw_payload ->> 'evt_label',
                    'item_category', v_raw_event.raw_payload ->> 'evt_category',
                    'interaction_type', v_raw_event.raw_payload ->> 'evt_action');
                v_enrichment_applied := true;
            END IF;
        WHEN 'transaction_step' THEN
            IF NOT (v_raw_event.raw_payload ? 'evt_action') THEN
                v_validation_errors := array_append(v_validation_errors, 'Transaction step missing action');
            ELSE
                v_transaction_info := jsonb_build_object(
                    'step_name', v_raw_event.raw_payload ->> 'evt_label',
                    'step_action', v_raw_event.raw_payload ->> 'evt_action',
                    'step_value', v_raw_event.raw_payload ->> 'evt_value',
                    'funnel_stage', CASE v_raw_event.raw_payload ->> 'evt_action'
                        WHEN 'start' THEN 'initiated' WHEN 'progress' THEN 'in_progress'
                        WHEN 'complete' THEN 'completed' WHEN 'abandon' THEN 'abandoned' ELSE 'unknown' END);
                v_enrichment_applied := true;
            END IF;
        WHEN 'contact_interaction' THEN
            v_business_item_info := jsonb_build_object(
                'contact_type', v_raw_event.raw_payload ->> 'evt_action',
                -- repair D03: text and integer do not match
                'contact_value', coalesce(v_raw_event.raw_payload ->> 'evt_value', '0'));
            v_enrichment_applied := true;
        ELSE
            NULL;
    END CASE;
    INSERT INTO staging.site_events_staging (
        raw_event_id, tenant_hk, session_id, event_timestamp, event_type, event_category, event_action, event_label, event_value,
        page_url, page_title, page_referrer, visitor_ip_hash, user_agent, device_info, business_item_info, transaction_info,
        custom_properties, validation_status, validation_errors, enrichment_applied, record_source)
    VALUES (
        p_raw_event_id, v_tenant_hk, v_raw_event.raw_payload ->> 'session_id',
        coalesce((v_raw_event.raw_payload ->> 'event_timestamp')::timestamptz, v_raw_event.received_timestamp),
        v_raw_event.raw_payload ->> 'evt_type', v_raw_event.raw_payload ->> 'evt_category',
        v_raw_event.raw_payload ->> 'evt_action', v_raw_event.raw_payload ->> 'evt_label',
        -- repair D33: '19.99'::integer is an error
        (v_raw_event.raw_payload ->> 'evt_value')::numeric::integer,
        v_raw_event.raw_payload ->> 'page_url', v_raw_event.raw_payload ->> 'page_title',
        v_raw_event.raw_payload ->> 'page_referrer',
        encode(util.hash_binary(v_raw_event.client_ip::text), 'hex'), v_raw_event.user_agent,
        jsonb_build_object(
            'device_type', v_raw_event.raw_payload ->> 'device_type',
            'browser_name', v_raw_event.raw_payload ->> 'browser_name',
            'viewport_width', v_raw_event.raw_payload ->> 'viewport_width',
            'viewport_height', v_raw_event.raw_payload ->> 'viewport_height'),
        v_business_item_info, v_transaction_info,
        v_raw_event.raw_payload - ARRAY['evt_type', 'evt_category', 'evt_action', 'evt_label', 'evt_value', 'page_url', 'page_title'],
        CASE WHEN array_length(v_validation_errors, 1) IS NULL THEN 'VALID' ELSE 'INVALID' END,
        v_validation_errors, v_enrichment_applied, 'staging_processor');
    UPDATE raw.site_tracking_events_r SET processing_status = 'PROCESSED' WHERE raw_event_id = p_raw_event_id;
    RETURN array_length(v_validation_errors, 1) IS NULL;
END
$$;

-- repair D05: the plan calls this function and never defines it. What its arguments suffice for: hubs, links, the event satellite.
CREATE FUNCTION business.create_comprehensive_site_event(
    p_tenant_hk bytea, p_session_id varchar, p_visitor_id varchar, p_event_timestamp timestamptz, p_event_type varchar,
    p_event_category varchar, p_event_action varchar, p_event_label varchar, p_event_value integer, p_page_url varchar,
    p_page_title varchar, p_business_item_info jsonb, p_transaction_info jsonb, p_custom_properties jsonb
) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant text := encode(p_tenant_hk, 'hex');
    v_event_bk text := 'evt_' || extract(epoch FROM p_event_timestamp)::text || '_'
        || coalesce(p_custom_properties ->> 'event_id', coalesce(p_session_id, '') || '_' || p_event_type);
    v_event_hk bytea := util.hash_binary(v_tenant || v_event_bk);
    v_session_hk bytea := util.hash_binary(v_tenant || p_session_id);
    v_visitor_hk bytea := util.hash_binary(v_tenant || p_visitor_id);
    v_page_hk bytea := util.hash_binary(v_tenant || p_page_url);
    v_item_hk bytea := util.hash_binary(v_tenant || (p_business_item_info ->> 'item_name'));
BEGIN
    INSERT INTO business.site_event_h (site_event_hk, site_event_bk, tenant_hk, record_source)
    VALUES (v_event_hk, v_event_bk, p_tenant_hk, 'staging_processor') ON CONFLICT DO NOTHING;
    IF v_session_hk IS NOT NULL THEN
        INSERT INTO business.site_session_h (site_session_hk, site_session_bk, tenant_hk, record_source)
        VALUES (v_session_hk, p_session_id, p_tenant_hk, 'staging_processor') ON CONFLICT DO NOTHING;
        INSERT INTO business.event_session_l (link_event_session_hk, site_event_hk, site_session_hk, tenant_hk, record_source)
        VALUES (util.hash_binary(encode(v_event_hk || v_session_hk, 'hex')), v_event_hk, v_session_hk, p_tenant_hk,
                'staging_processor') ON CONFLICT DO NOTHING;
    END IF;
    IF v_visitor_hk IS NOT NULL THEN
        INSERT INTO business.site_visitor_h (site_visitor_hk, site_visitor_bk, tenant_hk, record_source)
        VALUES (v_visitor_hk, p_visitor_id, p_tenant_hk, 'staging_processor') ON CONFLICT DO NOTHING;
        IF v_session_hk IS NOT NULL THEN
            INSERT INTO business.session_visitor_l (
                link_session_visitor_hk, site_session_hk, site_visitor_hk, tenant_hk, record_source)
            VALUES (util.hash_binary(encode(v_session_hk || v_visitor_hk, 'hex')), v_session_hk, v_visitor_hk, p_tenant_hk,
                    'staging_processor') ON CONFLICT DO NOTHING;
        END IF;
    END IF;
    IF v_page_hk IS NOT NULL THEN
        INSERT INTO business.site_page_h (site_page_hk, site_page_bk, tenant_hk, record_source)
        VALUES (v_page_hk, p_page_url, p_tenant_hk, 'staging_processor') ON CONFLICT DO NOTHING;
        INSERT INTO business.event_page_l (link_event_page_hk, site_event_hk, site_page_hk, tenant_hk, record_source)
        VALUES (util.hash_binary(encode(v_event_hk || v_page_hk, 'hex')), v_event_hk, v_page_hk, p_tenant_hk,
                'staging_processor') ON CONFLICT DO NOTHING;
    END IF;
    IF v_item_hk IS NOT NULL THEN
        INSERT INTO business.business_item_h (business_item_hk, business_item_bk, tenant_hk, record_source)
        VALUES (v_item_hk, p_business_item_info ->> 'item_name', p_tenant_hk, 'staging_processor') ON CONFLICT DO NOTHING;
        INSERT INTO business.event_business_item_l (
            link_event_business_item_hk, site_event_hk, business_item_hk, tenant_hk, record_source)
        VALUES (util.hash_binary(encode(v_event_hk || v_item_hk, 'hex')), v_event_hk, v_item_hk, p_tenant_hk,
                'staging_processor') ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO business.site_event_details_s (
        site_event_hk, hash_diff, event_timestamp, event_type, event_category, event_action, event_label, event_value,
        page_url, page_title, business_item_type, transaction_funnel_step, custom_properties, record_source)
    -- repair: the satellite wants a category and an action, which few events name
    VALUES (v_event_hk, util.hash_binary(concat(p_event_type, p_event_category, p_event_action, p_event_label, p_event_value, p_page_url)),
            p_event_timestamp, p_event_type, coalesce(p_event_category, 'navigation'), coalesce(p_event_action, 'view'),
            p_event_label, p_event_value, p_page_url, p_page_title, p_business_item_info ->> 'item_category',
            p_transaction_info ->> 'funnel_stage', p_custom_properties, 'staging_processor') ON CONFLICT DO NOTHING;
    RETURN v_event_hk;
END
$$;

CREATE FUNCTION business.process_tracking_events(p_batch_size integer DEFAULT 100)
RETURNS TABLE (processed_count integer, session_count integer, visitor_count integer, event_count integer, page_count integer, item_count integer)
LANGUAGE plpgsql AS $$
DECLARE
    v_staging_event record;
    v_processed_count integer := 0;
    v_session_count integer := 0;
    v_visitor_count integer := 0;
    v_event_count integer := 0;
    v_page_count integer := 0;
    v_item_count integer := 0;
BEGIN
    -- repair D04: the NOT IN bound to the outer row and never ended; the plan's third status says that a row is loaded
    FOR v_staging_event IN
        SELECT * FROM staging.site_events_staging WHERE validation_status = 'VALID' ORDER BY processing_timestamp LIMIT p_batch_size
    LOOP
        PERFORM business.create_comprehensive_site_event(
            v_staging_event.tenant_hk, v_staging_event.session_id, v_staging_event.visitor_id, v_staging_event.event_timestamp,
            v_staging_event.event_type, v_staging_event.event_category, v_staging_event.event_action, v_staging_event.event_label,
            v_staging_event.event_value, v_staging_event.page_url, v_staging_event.page_title,
            v_staging_event.business_item_info, v_staging_event.transaction_info, v_staging_event.custom_properties);
        UPDATE staging.site_events_staging SET validation_status = 'ENRICHED'
        WHERE staging_event_id = v_staging_event.staging_event_id;
        v_processed_count := v_processed_count + 1;
        v_event_count := v_event_count + 1;
        IF v_staging_event.session_id IS NOT NULL THEN v_session_count := v_session_count + 1; END IF;
        IF v_staging_event.visitor_id IS NOT NULL THEN v_visitor_count := v_visitor_count + 1; END IF;
        IF v_staging_event.page_url IS NOT NULL THEN v_page_count := v_page_count + 1; END IF;
        IF v_staging_event.business_item_info IS NOT NULL AND v_staging_event.business_item_info <> '{}' THEN
            v_item_count := v_item_count + 1;
        END IF;
    END LOOP;
    RETURN QUERY SELECT v_processed_count, v_session_count, v_visitor_count, v_event_count, v_page_count, v_item_count;
END
$$;

CREATE FUNCTION api.track_event(p_request jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant_id varchar(255);
    v_events jsonb;
    v_client_ip inet;
    v_user_agent text;
    v_session_id varchar(255);
    v_raw_event_id integer;
    v_processed_count integer := 0;
    v_error_count integer := 0;
BEGIN
    v_tenant_id := coalesce(p_request ->> 'tenantId', p_request ->> 'tenant_id', current_setting('app.default_tenant_id', true),
                            'default_tenant');
    v_client_ip := coalesce((p_request ->> 'client_ip')::inet, '127.0.0.1'::inet);
    v_user_agent := coalesce(p_request ->> 'user_agent', 'Unknown');
    IF p_request ? 'evt_type' THEN
        BEGIN
            v_raw_event_id := raw.ingest_tracking_event(v_tenant_id, v_client_ip, v_user_agent, p_request);
            v_processed_count := 1;
            v_session_id := p_request ->> 'session_id';
        EXCEPTION WHEN OTHERS THEN
            v_error_count := 1;
        END;
    ELSE
        v_events := p_request;
        FOR i IN 0 .. jsonb_array_length(v_events) - 1 LOOP
            BEGIN
                v_raw_event_id := raw.ingest_tracking_event(v_tenant_id, v_client_ip, v_user_agent, v_events -> i);
                v_processed_count := v_processed_count + 1;
            EXCEPTION WHEN OTHERS THEN
                v_error_count := v_error_count + 1;
            END;
        END LOOP;
        v_session_id := (v_events -> 0) ->> 'session_id';
    END IF;
    RETURN jsonb_build_object('success', true, 'message', 'Tracking events processed successfully', 'data', jsonb_build_object(
        'session_id', coalesce(v_session_id, 'sess_' || extract(epoch FROM current_timestamp)::bigint),
        'events_processed', v_processed_count, 'events_failed', v_error_count, 'tenant_id', v_tenant_id,
        'timestamp', current_timestamp,
        'processing_mode', CASE WHEN p_request ? 'evt_type' THEN 'single' ELSE 'batch' END));
EXCEPTION WHEN OTHERS THEN
    RETURN jsonb_build_object('success', false, 'message', 'Error processing tracking events', 'error_code', 'TRACKING_ERROR',
        'debug_info', jsonb_build_object('error', SQLERRM, 'tenant_id', v_tenant_id,
                                         'events_attempted', coalesce(v_processed_count + v_error_count, 0)));
END
$$;
