"""The plan's inventory (data-vault.md, section 1: I01-I48) as data: what must be found in the catalog."""

HUBS = {
    "site_session_h": "site_session_hk bytea, site_session_bk varchar(255)",
    "site_visitor_h": "site_visitor_hk bytea, site_visitor_bk varchar(255)",
    "site_event_h": "site_event_hk bytea, site_event_bk varchar(255)",
    "site_page_h": "site_page_hk bytea, site_page_bk varchar(500)",
    "business_item_h": "business_item_hk bytea, business_item_bk varchar(255)",
}
LINKS = {
    "session_visitor_l": "link_session_visitor_hk bytea, site_session_hk bytea, site_visitor_hk bytea",
    "event_session_l": "link_event_session_hk bytea, site_event_hk bytea, site_session_hk bytea",
    "event_page_l": "link_event_page_hk bytea, site_event_hk bytea, site_page_hk bytea",
    "event_business_item_l": "link_event_business_item_hk bytea, site_event_hk bytea, business_item_hk bytea",
}
SATELLITES = {
    "site_session_details_s": """site_session_hk bytea, session_start_time timestamptz, session_end_time timestamptz,
        total_page_views integer, total_events integer, session_duration_seconds integer, entry_page_url varchar(500),
        exit_page_url varchar(500), referrer_url varchar(500), utm_source varchar(100), utm_medium varchar(100),
        utm_campaign varchar(100), is_bounce boolean, items_viewed text[], transaction_attempted boolean,
        transaction_completed boolean, total_conversion_value integer, business_context jsonb""",
    "site_visitor_details_s": """site_visitor_hk bytea, visitor_ip_hash varchar(64), user_agent text, device_type varchar(20),
        browser_name varchar(50), browser_version varchar(20), operating_system varchar(50), screen_resolution varchar(20),
        viewport_size varchar(20), timezone varchar(50), language varchar(10), do_not_track boolean, first_visit_date timestamptz,
        last_visit_date timestamptz, total_sessions integer, total_page_views integer, favorite_items text[],
        total_transactions integer, lifetime_value integer, visitor_segment varchar(100)""",
    "site_event_details_s": """site_event_hk bytea, event_timestamp timestamptz, event_type varchar(50),
        event_category varchar(50), event_action varchar(50), event_label varchar(255), event_value integer,
        page_url varchar(500), page_title varchar(255),
        page_referrer varchar(500), scroll_depth integer, time_on_page integer, click_x integer, click_y integer,
        business_item_type varchar(100), transaction_funnel_step varchar(50), conversion_funnel_stage varchar(50),
        custom_properties jsonb""",
    "site_page_details_s": """site_page_hk bytea, page_url varchar(500), page_title varchar(255), page_path varchar(500),
        page_hostname varchar(100), page_category varchar(50), page_type varchar(50),
        total_views integer, unique_visitors integer,
        avg_time_on_page integer, bounce_rate numeric(5,2), conversion_rate numeric(5,2)""",
    "business_item_details_s": """business_item_hk bytea, item_name varchar(255), item_type varchar(100),
        item_category varchar(100),
        item_description text, item_value numeric(10,2), item_currency varchar(10), is_active boolean, popularity_score integer,
        conversion_rate numeric(5,2), total_interactions integer, total_conversions integer, business_metadata jsonb""",
}
_KEPT_BY_ALL = "load_date timestamptz, record_source varchar(100)"
TABLES = {
    **{f"business.{name}": f"{columns}, tenant_hk bytea, {_KEPT_BY_ALL}" for name, columns in (HUBS | LINKS).items()},
    **{f"business.{n}": f"{c}, load_end_date timestamptz, hash_diff bytea, {_KEPT_BY_ALL}" for n, c in SATELLITES.items()},
    "raw.site_tracking_events_r": """raw_event_id integer, tenant_id varchar(255), received_timestamp timestamptz, client_ip inet,
        user_agent text, raw_payload jsonb, batch_id varchar(100), processing_status varchar(20), error_message text,
        retry_count integer, record_source varchar(100)""",
    "staging.site_events_staging": """staging_event_id integer, raw_event_id integer, tenant_hk bytea, session_id varchar(255),
        visitor_id varchar(255), event_timestamp timestamptz, event_type varchar(50),
        event_category varchar(50), event_action varchar(50), event_label varchar(255), event_value integer,
        page_url varchar(500), page_title varchar(255),
        page_referrer varchar(500), visitor_ip_hash varchar(64), user_agent text, device_info jsonb, business_item_info jsonb,
        transaction_info jsonb, custom_properties jsonb, validation_status varchar(20), validation_errors text[],
        enrichment_applied boolean, processing_timestamp timestamptz, record_source varchar(100)""",
    "auth.tenant_h": "tenant_hk bytea, tenant_bk varchar(255)",
}
PRIMARY_KEYS = {
    **{f"business.{name}": [columns.split()[0]] for name, columns in (HUBS | LINKS).items()},
    **{f"business.{name}": [columns.split()[0], "load_date"] for name, columns in SATELLITES.items()},
    "raw.site_tracking_events_r": ["raw_event_id"],
    "staging.site_events_staging": ["staging_event_id"],
}
FUNCTIONS = {
    "raw.ingest_tracking_event": ("p_tenant_id varchar, p_client_ip inet, p_user_agent text, p_event_data jsonb", "integer"),
    "staging.validate_and_enrich_event": ("p_raw_event_id integer", "boolean"),
    "business.process_tracking_events": (
        "p_batch_size integer",
        "TABLE(processed_count integer, session_count integer, visitor_count integer, event_count integer, page_count integer,"
        " item_count integer)",
    ),
    "business.create_comprehensive_site_event": (
        "p_tenant_hk bytea, p_session_id varchar, p_visitor_id varchar, p_event_timestamp timestamptz, p_event_type varchar,"
        " p_event_category varchar, p_event_action varchar, p_event_label varchar, p_event_value integer, p_page_url varchar,"
        " p_page_title varchar, p_business_item_info jsonb, p_transaction_info jsonb, p_custom_properties jsonb",
        None,
    ),
    "api.track_event": ("p_request jsonb", "jsonb"),
    "api.track_analytics": ("p_request jsonb", "jsonb"),
    "api.track_test": ("", "jsonb"),
    "util.current_load_date": ("", "timestamptz"),
    "util.hash_binary": ("p_text text", "bytea"),
}
ENDPOINTS = ("POST /api/tracking/events.js", "GET /api/tracking/analytics")
EVENT_KEYS = [
    "evt_type",
    "evt_category",
    "evt_action",
    "evt_label",
    "evt_value",
    "session_id",
    "event_timestamp",
    "page_url",
    "page_title",
    "page_referrer",
    "device_type",
    "browser_name",
    "viewport_width",
    "viewport_height",
]
EVENT_TYPES = ("page_view", "item_interaction", "transaction_step", "contact_interaction")
