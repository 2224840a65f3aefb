-- The vault's tables as footfall.business.model declared them at this migration.

CREATE TABLE business.site_session_h (
    site_session_hk bytea NOT NULL,
    site_session_bk text NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk)
);
COMMENT ON TABLE business.site_session_h IS 'A visit. Business key: the session id as sent; else session_<epoch of the half hour>_<visitor>, the visitor''s events of one half hour, joined to neighbouring half hours by site_session_same_as_s when less than 30 minutes of silence lie between.';

CREATE TABLE business.site_visitor_h (
    site_visitor_hk bytea NOT NULL,
    site_visitor_bk text NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_visitor_hk)
);
COMMENT ON TABLE business.site_visitor_h IS 'A browser or person. Business key: the visitor id that the site sent with consent; else v_<keyed hash of address and user agent under the tenant''s secret of the day>.';

CREATE TABLE business.site_event_h (
    site_event_hk bytea NOT NULL,
    site_event_bk text NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_event_hk)
) PARTITION BY RANGE (site_event_hk);
COMMENT ON TABLE business.site_event_h IS 'Something that happened. Business key: evt_<ms>_<event id>; without an event id evt_<ms>_<session id>_<type>_<fingerprint>.';

CREATE TABLE business.site_page_h (
    site_page_hk bytea NOT NULL,
    site_page_bk text NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_page_hk)
);
COMMENT ON TABLE business.site_page_h IS 'A page or screen. Business key: host and path, normalised; of the query only the keys that the tenant allows.';

CREATE TABLE business.business_item_h (
    business_item_hk bytea NOT NULL,
    business_item_bk text NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (business_item_hk)
);
COMMENT ON TABLE business.business_item_h IS 'What the business offers: product, service, article, feature, course. Business key: <item type>:<item id>.';

CREATE TABLE business.session_visitor_l (
    link_session_visitor_hk bytea NOT NULL,
    site_session_hk bytea NOT NULL,
    site_visitor_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (link_session_visitor_hk)
);
COMMENT ON TABLE business.session_visitor_l IS 'Who was seen in a session.';

CREATE TABLE business.event_session_l (
    link_event_session_hk bytea NOT NULL,
    site_event_hk bytea NOT NULL,
    site_session_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (link_event_session_hk)
) PARTITION BY RANGE (link_event_session_hk);
COMMENT ON TABLE business.event_session_l IS 'The session an event belongs to.';

CREATE TABLE business.event_page_l (
    link_event_page_hk bytea NOT NULL,
    site_event_hk bytea NOT NULL,
    site_page_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (link_event_page_hk)
) PARTITION BY RANGE (link_event_page_hk);
COMMENT ON TABLE business.event_page_l IS 'The page an event happened on.';

CREATE TABLE business.event_business_item_l (
    link_event_business_item_hk bytea NOT NULL,
    site_event_hk bytea NOT NULL,
    business_item_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (link_event_business_item_hk)
) PARTITION BY RANGE (link_event_business_item_hk);
COMMENT ON TABLE business.event_business_item_l IS 'The item an event is about.';

CREATE TABLE business.site_session_details_s (
    site_session_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    session_start_time timestamptz NOT NULL,
    session_end_time timestamptz,
    total_page_views integer,
    total_events integer,
    session_duration_seconds integer,
    entry_page_url text,
    exit_page_url text,
    referrer_url text,
    utm_source varchar(100),
    utm_medium varchar(100),
    utm_campaign varchar(100),
    is_bounce boolean,
    items_viewed text[],
    transaction_attempted boolean,
    transaction_completed boolean,
    total_conversion_value numeric(18,4),
    business_context jsonb,
    traffic_class varchar(10) NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk, load_date)
);
COMMENT ON TABLE business.site_session_details_s IS 'A session when it is over, and again when a late event changes it.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX site_session_details_s_current ON business.site_session_details_s (site_session_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.site_session_details_s.session_start_time IS 'first event';
COMMENT ON COLUMN business.site_session_details_s.session_end_time IS 'last event';
COMMENT ON COLUMN business.site_session_details_s.total_events IS '0 for a half hour that turned out to continue another session';
COMMENT ON COLUMN business.site_session_details_s.session_duration_seconds IS 'last minus first event';
COMMENT ON COLUMN business.site_session_details_s.entry_page_url IS 'page of the first page view';
COMMENT ON COLUMN business.site_session_details_s.exit_page_url IS 'page of the last page view';
COMMENT ON COLUMN business.site_session_details_s.is_bounce IS 'one page view and no item, transaction or contact event';
COMMENT ON COLUMN business.site_session_details_s.items_viewed IS 'business keys of the items, sorted, at most 100';
COMMENT ON COLUMN business.site_session_details_s.transaction_attempted IS 'a transaction step of any kind';
COMMENT ON COLUMN business.site_session_details_s.total_conversion_value IS 'value of the conversions, in the tenant''s currency';
COMMENT ON COLUMN business.site_session_details_s.business_context IS 'industry, funnels reached, contacts, values in other currencies';
COMMENT ON COLUMN business.site_session_details_s.traffic_class IS '+ human or bot';

CREATE TABLE business.site_visitor_details_s (
    site_visitor_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    visitor_ip_hash varchar(64),
    user_agent text,
    device_type varchar(20),
    browser_name varchar(50),
    browser_version varchar(20),
    operating_system varchar(50),
    screen_resolution varchar(20),
    viewport_size varchar(20),
    timezone varchar(50),
    language varchar(10),
    do_not_track boolean,
    first_visit_date timestamptz,
    last_visit_date timestamptz,
    total_sessions integer,
    total_page_views integer,
    favorite_items text[],
    total_transactions integer,
    lifetime_value numeric(18,4),
    visitor_segment varchar(100),
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_visitor_hk, load_date)
);
COMMENT ON TABLE business.site_visitor_details_s IS 'A visitor over all closed sessions, at most one row a day.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX site_visitor_details_s_current ON business.site_visitor_details_s (site_visitor_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.site_visitor_details_s.visitor_ip_hash IS 'of the latest session';
COMMENT ON COLUMN business.site_visitor_details_s.user_agent IS 'of the latest session';
COMMENT ON COLUMN business.site_visitor_details_s.device_type IS 'mobile, tablet, desktop';
COMMENT ON COLUMN business.site_visitor_details_s.first_visit_date IS 'start of the first session';
COMMENT ON COLUMN business.site_visitor_details_s.last_visit_date IS 'start of the latest session';
COMMENT ON COLUMN business.site_visitor_details_s.favorite_items IS 'business keys of the five items with most interactions';
COMMENT ON COLUMN business.site_visitor_details_s.total_transactions IS 'completed';
COMMENT ON COLUMN business.site_visitor_details_s.lifetime_value IS 'value of all conversions, in the tenant''s currency';
COMMENT ON COLUMN business.site_visitor_details_s.visitor_segment IS 'the first of the tenant''s segment rules that matches';

CREATE TABLE business.site_event_details_s (
    site_event_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    event_timestamp timestamptz NOT NULL,
    event_type varchar(50) NOT NULL,
    event_category varchar(50) NOT NULL,
    event_action varchar(50) NOT NULL,
    event_label varchar(255),
    event_value numeric(18,4),
    event_currency varchar(10),
    page_url text,
    page_title varchar(255),
    page_referrer text,
    scroll_depth integer,
    time_on_page integer,
    click_x integer,
    click_y integer,
    business_item_type varchar(100),
    business_item_info jsonb,
    transaction_id varchar(255),
    transaction_funnel_step varchar(50),
    conversion_funnel_stage varchar(50),
    traffic_class varchar(10) NOT NULL,
    custom_properties jsonb,
    raw_event_id bigint NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_event_hk, load_date)
) PARTITION BY RANGE (site_event_hk);
COMMENT ON TABLE business.site_event_details_s IS 'What happened: the facts of an event as validated and enriched.';
COMMENT ON COLUMN business.site_event_details_s.event_timestamp IS 'when it happened, by the client''s clock';
COMMENT ON COLUMN business.site_event_details_s.event_type IS 'page_view, item_interaction, transaction_step, contact_interaction, …';
COMMENT ON COLUMN business.site_event_details_s.event_category IS 'items, transactions, contact, navigation, engagement';
COMMENT ON COLUMN business.site_event_details_s.event_action IS 'view, click, submit, start, progress, complete, abandon';
COMMENT ON COLUMN business.site_event_details_s.event_label IS 'item name, button id, form name, step name';
COMMENT ON COLUMN business.site_event_details_s.event_value IS 'value in event_currency';
COMMENT ON COLUMN business.site_event_details_s.event_currency IS '+ ISO 4217 code of event_value and of the item''s value';
COMMENT ON COLUMN business.site_event_details_s.page_url IS 'as sent, cut at 2000 characters';
COMMENT ON COLUMN business.site_event_details_s.page_title IS 'document title';
COMMENT ON COLUMN business.site_event_details_s.page_referrer IS 'where the visitor came from, cut at 2000 characters';
COMMENT ON COLUMN business.site_event_details_s.scroll_depth IS 'percent of the page, 0-100';
COMMENT ON COLUMN business.site_event_details_s.time_on_page IS 'seconds of attention, as the client measured it';
COMMENT ON COLUMN business.site_event_details_s.click_x IS 'CSS pixels from the left';
COMMENT ON COLUMN business.site_event_details_s.click_y IS 'CSS pixels from the top';
COMMENT ON COLUMN business.site_event_details_s.business_item_type IS 'product, service, article, feature, …';
COMMENT ON COLUMN business.site_event_details_s.business_item_info IS '+ the item as this event described it: key, id, name, category, value, …';
COMMENT ON COLUMN business.site_event_details_s.transaction_id IS '+ order or application number; a step repeated under one number counts once';
COMMENT ON COLUMN business.site_event_details_s.transaction_funnel_step IS 'checkout_step, signup_step, onboarding_step, …';
COMMENT ON COLUMN business.site_event_details_s.conversion_funnel_stage IS 'awareness, consideration, conversion, retention';
COMMENT ON COLUMN business.site_event_details_s.traffic_class IS '+ human or bot';
COMMENT ON COLUMN business.site_event_details_s.custom_properties IS 'the client''s `properties` object';
COMMENT ON COLUMN business.site_event_details_s.raw_event_id IS '+ the raw event it was loaded from';

CREATE TABLE business.site_page_details_s (
    site_page_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    page_url text NOT NULL,
    page_title varchar(255),
    page_path text,
    page_hostname varchar(253),
    page_category varchar(50),
    page_type varchar(50),
    total_views integer,
    unique_visitors integer,
    avg_time_on_page integer,
    bounce_rate numeric(5,2),
    conversion_rate numeric(5,2),
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_page_hk, load_date)
);
COMMENT ON TABLE business.site_page_details_s IS 'A page at a snapshot.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX site_page_details_s_current ON business.site_page_details_s (site_page_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.site_page_details_s.page_url IS 'the canonical address';
COMMENT ON COLUMN business.site_page_details_s.page_title IS 'the most frequent title';
COMMENT ON COLUMN business.site_page_details_s.page_category IS 'products, articles, features, about, contact';
COMMENT ON COLUMN business.site_page_details_s.page_type IS 'landing, category, detail, checkout, content';
COMMENT ON COLUMN business.site_page_details_s.total_views IS 'page views';
COMMENT ON COLUMN business.site_page_details_s.avg_time_on_page IS 'seconds, over the views for which it is known';
COMMENT ON COLUMN business.site_page_details_s.bounce_rate IS 'percent of the sessions that entered here';
COMMENT ON COLUMN business.site_page_details_s.conversion_rate IS 'percent of the sessions that saw the page and completed a transaction later';

CREATE TABLE business.business_item_details_s (
    business_item_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    item_name varchar(255) NOT NULL,
    item_type varchar(100) NOT NULL,
    item_category varchar(100),
    item_description text,
    item_value numeric(18,4),
    item_currency varchar(10),
    is_active boolean,
    popularity_score integer,
    conversion_rate numeric(5,2),
    total_interactions integer,
    total_conversions integer,
    business_metadata jsonb,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (business_item_hk, load_date)
);
COMMENT ON TABLE business.business_item_details_s IS 'An item at a snapshot; descriptions are those of its latest event that carries them.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX business_item_details_s_current ON business.business_item_details_s (business_item_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.business_item_details_s.item_type IS 'product, service, article, feature, …';
COMMENT ON COLUMN business.business_item_details_s.item_value IS 'price, cost or score, in item_currency';
COMMENT ON COLUMN business.business_item_details_s.is_active IS 'had an interaction in the 30 days before the snapshot';
COMMENT ON COLUMN business.business_item_details_s.popularity_score IS 'interactions in the 30 days before the snapshot';
COMMENT ON COLUMN business.business_item_details_s.conversion_rate IS 'percent of the sessions with the item that completed a transaction later';
COMMENT ON COLUMN business.business_item_details_s.total_conversions IS 'sessions with the item that completed a transaction later';
COMMENT ON COLUMN business.business_item_details_s.business_metadata IS '`item_metadata` of the latest event that has it';

CREATE TABLE business.site_session_context_s (
    site_session_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    entry_event_hk bytea NOT NULL,
    entry_timestamp timestamptz NOT NULL,
    site_visitor_hk bytea,
    user_id varchar(255),
    visitor_ip_hash varchar(64),
    user_agent text,
    device_type varchar(20),
    browser_name varchar(50),
    browser_version varchar(20),
    operating_system varchar(50),
    screen_resolution varchar(20),
    viewport_size varchar(20),
    timezone varchar(50),
    language varchar(10),
    do_not_track boolean,
    referrer_url text,
    source varchar(100),
    channel varchar(20),
    utm_source varchar(100),
    utm_medium varchar(100),
    utm_campaign varchar(100),
    traffic_class varchar(10) NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk, load_date)
);
COMMENT ON TABLE business.site_session_context_s IS '+ Who came, from where, with what: the personal data of a session, kept apart so that erasing them is a delete.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX site_session_context_s_current ON business.site_session_context_s (site_session_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.site_session_context_s.entry_event_hk IS 'the session''s first event, whose facts these are';
COMMENT ON COLUMN business.site_session_context_s.entry_timestamp IS 'when it happened';
COMMENT ON COLUMN business.site_session_context_s.site_visitor_hk IS 'whose session it is: the visitor of the first event that has one';
COMMENT ON COLUMN business.site_session_context_s.user_id IS 'the site''s own id of a signed-in person';
COMMENT ON COLUMN business.site_session_context_s.visitor_ip_hash IS 'keyed hash of the address under the tenant''s secret of the day';
COMMENT ON COLUMN business.site_session_context_s.user_agent IS 'as sent';
COMMENT ON COLUMN business.site_session_context_s.device_type IS 'mobile, tablet, desktop';
COMMENT ON COLUMN business.site_session_context_s.screen_resolution IS 'width x height';
COMMENT ON COLUMN business.site_session_context_s.viewport_size IS 'width x height';
COMMENT ON COLUMN business.site_session_context_s.timezone IS 'IANA name, from the browser';
COMMENT ON COLUMN business.site_session_context_s.language IS 'from the browser';
COMMENT ON COLUMN business.site_session_context_s.do_not_track IS 'the visitor asked not to be tracked (DNT or GPC)';
COMMENT ON COLUMN business.site_session_context_s.referrer_url IS 'cut at 2000 characters';
COMMENT ON COLUMN business.site_session_context_s.source IS 'where the visit came from: google, newsletter, chatgpt, direct';
COMMENT ON COLUMN business.site_session_context_s.channel IS 'search, social, paid, email, ai, referral, direct';
COMMENT ON COLUMN business.site_session_context_s.traffic_class IS 'human or bot';

CREATE TABLE business.site_session_same_as_s (
    site_session_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    same_as_session_hk bytea NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk, load_date)
);
COMMENT ON TABLE business.site_session_same_as_s IS '+ Which session an inferred half hour continues; a session without a row stands for itself.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX site_session_same_as_s_current ON business.site_session_same_as_s (site_session_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.site_session_same_as_s.same_as_session_hk IS 'first half hour of the visit';

-- Usage: api.track_analytics: a tenant's events of a range of days
CREATE INDEX ON business.site_event_details_s (tenant_hk, event_timestamp);

-- Usage: business.site_session_details_of: the events of a session
CREATE INDEX ON business.event_session_l (site_session_hk);

-- Usage: business.site_page_details_of: the events of a page
CREATE INDEX ON business.event_page_l (site_page_hk);

-- Usage: business.business_item_details_of: the events of an item
CREATE INDEX ON business.event_business_item_l (business_item_hk);

-- Usage: business.site_visitor_details_of: the sessions of a visitor
CREATE INDEX ON business.session_visitor_l (site_visitor_hk);

-- Usage: api.track_analytics: a tenant's sessions that began in a range of days
CREATE INDEX ON business.site_session_details_s (tenant_hk, session_start_time) WHERE load_end_date IS NULL;
