-- Events as understood: one row for each raw event and attempt, written once. Hash keys are computed here and nowhere else.

CREATE SEQUENCE staging.staging_event_id_seq;

CREATE TABLE staging.site_events_staging (
    staging_event_id bigint NOT NULL DEFAULT nextval('staging.staging_event_id_seq'),
    raw_event_id bigint NOT NULL,
    batch_id bigint NOT NULL,
    received_timestamp timestamptz NOT NULL,
    attempt smallint NOT NULL,
    tenant_hk bytea NOT NULL,
    -- keys first: a load reads them again and again, and a row is read from its beginning
    site_event_hk bytea,
    site_session_hk bytea,
    site_visitor_hk bytea,
    site_page_hk bytea,
    business_item_hk bytea,
    link_session_visitor_hk bytea,
    link_event_session_hk bytea,
    link_event_page_hk bytea,
    link_event_business_item_hk bytea,
    site_event_details_hash_diff bytea,
    session_bucket timestamptz,
    tenant_id varchar(255) NOT NULL,
    session_id varchar(255),
    visitor_id varchar(255),
    user_id varchar(255),
    event_timestamp timestamptz,
    event_type varchar(50),
    event_category varchar(50),
    event_action varchar(50),
    event_label varchar(255),
    event_value numeric(18,4),
    event_currency varchar(10),
    page_url text,
    page_title varchar(255),
    page_referrer text,
    visitor_ip_hash varchar(64),
    user_agent text,
    scroll_depth integer,
    time_on_page integer,
    click_x integer,
    click_y integer,
    conversion_funnel_stage varchar(50),
    source varchar(100),
    channel varchar(20),
    utm_source varchar(100),
    utm_medium varchar(100),
    utm_campaign varchar(100),
    traffic_class varchar(10),
    do_not_track boolean NOT NULL,
    device_info jsonb,
    page_info jsonb,
    business_item_info jsonb,
    transaction_info jsonb,
    custom_properties jsonb,
    site_event_bk text,
    site_session_bk text,
    site_visitor_bk text,
    site_page_bk text,
    business_item_bk text,
    validation_status varchar(20) NOT NULL CHECK (validation_status IN ('VALID', 'INVALID')),
    validation_errors text[] NOT NULL,
    validation_flags text[] NOT NULL,
    enrichment_applied boolean NOT NULL,
    processing_timestamp timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    -- Usage: staging.events_of, a batch's rows as a range of raw event ids
    PRIMARY KEY (raw_event_id, attempt, received_timestamp)
) PARTITION BY RANGE (received_timestamp);
COMMENT ON COLUMN staging.site_events_staging.validation_errors IS 'reason codes of an INVALID event; see docs/validation.md';
COMMENT ON COLUMN staging.site_events_staging.validation_flags IS 'what was cut, ignored or inferred in an event that is loaded all the same';
COMMENT ON COLUMN staging.site_events_staging.session_bucket IS 'first moment of the half hour that an inferred session stands for';
CREATE TABLE staging.untimed_event (
    tenant_hk bytea NOT NULL,
    event_id varchar(255) NOT NULL,
    event_timestamp timestamptz NOT NULL,
    PRIMARY KEY (tenant_hk, event_id)
);
COMMENT ON TABLE staging.untimed_event IS 'When an event sent with an id but without a time was first received: a retry gets the same time, hence the same key.';
