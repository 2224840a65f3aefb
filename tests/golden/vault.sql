CREATE TABLE business.site_session_h (
    site_session_hk bytea NOT NULL,
    site_session_bk text NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk)
);
COMMENT ON TABLE business.site_session_h IS 'A visit. Business key: the session id as sent; of its later visits '' visit <ms of the first event> <session id>''; without an id session_<epoch of the half hour>_<visitor>, the visitor''s events of one half hour, joined to neighbouring half hours by site_session_same_as_s when less than 30 minutes of silence lie between.';

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
COMMENT ON COLUMN business.site_session_details_s.referrer_url IS 'where the visitor came from';
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
COMMENT ON COLUMN business.site_visitor_details_s.screen_resolution IS 'width x height';
COMMENT ON COLUMN business.site_visitor_details_s.viewport_size IS 'width x height';
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
    utm_content varchar(100),
    utm_term varchar(100),
    client_hints varchar(200),
    operating_system_version varchar(20),
    bot_kind varchar(20),
    bot_name varchar(50),
    traffic_class varchar(10) NOT NULL,
    channel_name varchar(30),
    utm_id varchar(100),
    click_id varchar(50),
    entry_raw_event_id bigint,
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
COMMENT ON COLUMN business.site_session_context_s.visitor_ip_hash IS 'empty: the hash of an address alone is not kept; before 0025 the keyed one';
COMMENT ON COLUMN business.site_session_context_s.user_agent IS 'as sent';
COMMENT ON COLUMN business.site_session_context_s.device_type IS 'mobile, tablet, desktop, tv, console, wearable, car, other';
COMMENT ON COLUMN business.site_session_context_s.screen_resolution IS 'width x height';
COMMENT ON COLUMN business.site_session_context_s.viewport_size IS 'width x height';
COMMENT ON COLUMN business.site_session_context_s.timezone IS 'IANA name, from the browser';
COMMENT ON COLUMN business.site_session_context_s.language IS 'from the browser';
COMMENT ON COLUMN business.site_session_context_s.do_not_track IS 'the visitor asked not to be tracked (DNT or GPC)';
COMMENT ON COLUMN business.site_session_context_s.referrer_url IS 'cut at 2000 characters';
COMMENT ON COLUMN business.site_session_context_s.source IS 'where the visit came from: google, newsletter, chatgpt, direct';
COMMENT ON COLUMN business.site_session_context_s.channel IS 'the group of its channel: search, social, paid, email, ai, referral, direct';
COMMENT ON COLUMN business.site_session_context_s.utm_content IS 'which link or advertisement of the campaign';
COMMENT ON COLUMN business.site_session_context_s.utm_term IS 'what was searched for, as the campaign says';
COMMENT ON COLUMN business.site_session_context_s.client_hints IS 'what the browser said beside its agent, as the door wrote it';
COMMENT ON COLUMN business.site_session_context_s.operating_system_version IS 'two parts at most: 11, 17.1';
COMMENT ON COLUMN business.site_session_context_s.bot_kind IS 'search_engine, ai_crawler, ai_assistant, monitor, library, …; empty: a person';
COMMENT ON COLUMN business.site_session_context_s.bot_name IS 'what the bot is called';
COMMENT ON COLUMN business.site_session_context_s.traffic_class IS 'human or bot';
COMMENT ON COLUMN business.site_session_context_s.channel_name IS 'its channel, one of the 19 of channels.csv; empty: judged before there were so many';
COMMENT ON COLUMN business.site_session_context_s.utm_id IS 'number of the campaign, as the campaign says';
COMMENT ON COLUMN business.site_session_context_s.click_id IS 'which parameter an advertiser''s network added: gclid, msclkid; never its value';
COMMENT ON COLUMN business.site_session_context_s.entry_raw_event_id IS '+ its raw event: of events at one time the one that was sent first';

CREATE TABLE business.site_session_consent_s (
    site_session_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    site_event_hk bytea NOT NULL,
    stated_at timestamptz NOT NULL,
    consent_state varchar(10) NOT NULL,
    purposes jsonb,
    text_version varchar(100),
    consented_at timestamptz NOT NULL,
    raw_event_id bigint NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk, site_event_hk)
);
COMMENT ON TABLE business.site_session_consent_s IS '+ What the visitor allowed, or withdrew, each time that it was sent: the proof of consent.';
COMMENT ON COLUMN business.site_session_consent_s.site_event_hk IS 'the event that said so';
COMMENT ON COLUMN business.site_session_consent_s.stated_at IS 'when that was';
COMMENT ON COLUMN business.site_session_consent_s.consent_state IS 'granted or denied';
COMMENT ON COLUMN business.site_session_consent_s.purposes IS 'what for, in the site''s words: a list of texts';
COMMENT ON COLUMN business.site_session_consent_s.text_version IS 'of the text that was put to the visitor';
COMMENT ON COLUMN business.site_session_consent_s.consented_at IS 'when the visitor said so; where nothing else was sent: stated_at';
COMMENT ON COLUMN business.site_session_consent_s.raw_event_id IS 'of two at one time the later one holds';

CREATE TABLE business.site_session_network_s (
    site_session_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    site_event_hk bytea NOT NULL,
    own_network varchar(50) NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk, site_event_hk)
);
COMMENT ON TABLE business.site_session_network_s IS '+ That an event came from a range of the tenant''s own addresses, by the name of the range: what rules for networks go by.';
COMMENT ON COLUMN business.site_session_network_s.site_event_hk IS 'the event that came from there';
COMMENT ON COLUMN business.site_session_network_s.own_network IS 'what the rule calls the range';

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

CREATE TABLE business.site_session_visit_s (
    site_session_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    of_session_hk bytea NOT NULL,
    begins timestamptz,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk, load_date)
);
COMMENT ON TABLE business.site_session_visit_s IS '+ Later visits of session ids that came back; events before the first of them are of the session itself.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX site_session_visit_s_current ON business.site_session_visit_s (site_session_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.site_session_visit_s.of_session_hk IS 'the session that its events were sent in';
COMMENT ON COLUMN business.site_session_visit_s.begins IS 'its first event; empty: it turned out to be none';

CREATE TABLE business.site_session_judgement_s (
    site_session_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    traffic_class varchar(10) NOT NULL,
    traffic_rule varchar(100),
    bot_kind varchar(20),
    bot_name varchar(50),
    source varchar(100),
    channel varchar(20),
    channel_name varchar(30),
    device_type varchar(20),
    browser_name varchar(50),
    browser_version varchar(20),
    operating_system varchar(50),
    operating_system_version varchar(20),
    country varchar(2),
    rule_set integer NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk, load_date)
);
COMMENT ON TABLE business.site_session_judgement_s IS '+ What a tenant''s own rules make of a visit, where that is, or was once, something else than it was first taken for.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX site_session_judgement_s_current ON business.site_session_judgement_s (site_session_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.site_session_judgement_s.traffic_class IS 'human, bot, or internal: the tenant''s own people';
COMMENT ON COLUMN business.site_session_judgement_s.traffic_rule IS 'the rule that says so of all its events; empty: each is what its agent says';
COMMENT ON COLUMN business.site_session_judgement_s.bot_kind IS 'as in the context; own: by the tenant''s rules; internal: its own people';
COMMENT ON COLUMN business.site_session_judgement_s.bot_name IS 'what the bot, or the rule, is called';
COMMENT ON COLUMN business.site_session_judgement_s.channel IS 'the group of its channel';
COMMENT ON COLUMN business.site_session_judgement_s.channel_name IS 'its channel, one of the 19 of channels.csv';
COMMENT ON COLUMN business.site_session_judgement_s.country IS 'of its time zone';
COMMENT ON COLUMN business.site_session_judgement_s.rule_set IS 'the version of ref.rule_set under which it came to be so';

CREATE TABLE business.site_page_judgement_s (
    site_page_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    page_category varchar(50),
    page_type varchar(50),
    rule_set integer NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_page_hk, load_date)
);
COMMENT ON TABLE business.site_page_judgement_s IS '+ What a tenant''s own rules make of a page, where that is, or was once, something else than its path says.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX site_page_judgement_s_current ON business.site_page_judgement_s (site_page_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.site_page_judgement_s.rule_set IS 'the version of ref.rule_set under which it came to be so';

-- Usage: api.track_analytics: a tenant's events of a range of days
CREATE INDEX ON business.site_event_details_s (tenant_hk, event_timestamp);

-- Usage: business.site_session_details_of: the events of a session
CREATE INDEX ON business.event_session_l (site_session_hk);

-- Usage: business.visits_of_pages: the events of a page
CREATE INDEX ON business.event_page_l (site_page_hk);

-- Usage: business.visits_of_items: the events of an item
CREATE INDEX ON business.event_business_item_l (business_item_hk);

-- Usage: business.remove_grain: what an event stated
CREATE INDEX ON business.site_session_consent_s (site_event_hk);

-- Usage: business.site_session_judgement_of: where a visit's first event came from; business.remove_grain
CREATE INDEX ON business.site_session_network_s (site_event_hk);

-- Usage: business.events_as_of: the later visits of a session
CREATE INDEX ON business.site_session_visit_s (of_session_hk);

-- Usage: business.site_visitor_details_of: the sessions of a visitor
CREATE INDEX ON business.session_visitor_l (site_visitor_hk);

-- Usage: business.gather_person, business.remove_events: the visitors of a session
CREATE INDEX ON business.session_visitor_l (site_session_hk);

-- Usage: business.gather_person: the sessions of a user id
CREATE INDEX ON business.site_session_context_s (tenant_hk, user_id) WHERE user_id IS NOT NULL;

-- Usage: api.track_analytics: a tenant's sessions that began in a range of days
CREATE INDEX ON business.site_session_details_s (tenant_hk, session_start_time) WHERE load_end_date IS NULL;

-- Usage: business.remove_personal: what is personal, and kept no longer
CREATE INDEX site_visitor_details_s_personal ON business.site_visitor_details_s (tenant_hk, last_visit_date) WHERE visitor_ip_hash IS NOT NULL OR user_agent IS NOT NULL OR screen_resolution IS NOT NULL OR viewport_size IS NOT NULL;

-- Usage: business.remove_personal: what is personal, and kept no longer
CREATE INDEX site_session_context_s_personal ON business.site_session_context_s (tenant_hk, entry_timestamp) WHERE user_id IS NOT NULL OR visitor_ip_hash IS NOT NULL OR user_agent IS NOT NULL OR screen_resolution IS NOT NULL OR viewport_size IS NOT NULL OR client_hints IS NOT NULL;

CREATE OR REPLACE VIEW business.site_session_details_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_session_details_s WHERE load_end_date IS NULL;

-- What business.site_session_details_s said at a load date: the rows whose [load_date, load_end_date) contains it.
CREATE OR REPLACE FUNCTION business.site_session_details_as_of(p_load_date timestamptz)
RETURNS SETOF business.site_session_details_s
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.* FROM business.site_session_details_s s
    WHERE s.load_date <= p_load_date AND (s.load_end_date IS NULL OR s.load_end_date > p_load_date)
$$;

CREATE OR REPLACE VIEW business.site_visitor_details_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_visitor_details_s WHERE load_end_date IS NULL;

-- What business.site_visitor_details_s said at a load date: the rows whose [load_date, load_end_date) contains it.
CREATE OR REPLACE FUNCTION business.site_visitor_details_as_of(p_load_date timestamptz)
RETURNS SETOF business.site_visitor_details_s
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.* FROM business.site_visitor_details_s s
    WHERE s.load_date <= p_load_date AND (s.load_end_date IS NULL OR s.load_end_date > p_load_date)
$$;

CREATE OR REPLACE VIEW business.site_page_details_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_page_details_s WHERE load_end_date IS NULL;

-- What business.site_page_details_s said at a load date: the rows whose [load_date, load_end_date) contains it.
CREATE OR REPLACE FUNCTION business.site_page_details_as_of(p_load_date timestamptz)
RETURNS SETOF business.site_page_details_s
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.* FROM business.site_page_details_s s
    WHERE s.load_date <= p_load_date AND (s.load_end_date IS NULL OR s.load_end_date > p_load_date)
$$;

CREATE OR REPLACE VIEW business.business_item_details_current_v WITH (security_invoker = true) AS
SELECT * FROM business.business_item_details_s WHERE load_end_date IS NULL;

-- What business.business_item_details_s said at a load date: the rows whose [load_date, load_end_date) contains it.
CREATE OR REPLACE FUNCTION business.business_item_details_as_of(p_load_date timestamptz)
RETURNS SETOF business.business_item_details_s
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.* FROM business.business_item_details_s s
    WHERE s.load_date <= p_load_date AND (s.load_end_date IS NULL OR s.load_end_date > p_load_date)
$$;

CREATE OR REPLACE VIEW business.site_session_context_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_session_context_s WHERE load_end_date IS NULL;

-- What business.site_session_context_s said at a load date: the rows whose [load_date, load_end_date) contains it.
CREATE OR REPLACE FUNCTION business.site_session_context_as_of(p_load_date timestamptz)
RETURNS SETOF business.site_session_context_s
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.* FROM business.site_session_context_s s
    WHERE s.load_date <= p_load_date AND (s.load_end_date IS NULL OR s.load_end_date > p_load_date)
$$;

CREATE OR REPLACE VIEW business.site_session_same_as_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_session_same_as_s WHERE load_end_date IS NULL;

-- What business.site_session_same_as_s said at a load date: the rows whose [load_date, load_end_date) contains it.
CREATE OR REPLACE FUNCTION business.site_session_same_as_as_of(p_load_date timestamptz)
RETURNS SETOF business.site_session_same_as_s
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.* FROM business.site_session_same_as_s s
    WHERE s.load_date <= p_load_date AND (s.load_end_date IS NULL OR s.load_end_date > p_load_date)
$$;

CREATE OR REPLACE VIEW business.site_session_visit_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_session_visit_s WHERE load_end_date IS NULL;

-- What business.site_session_visit_s said at a load date: the rows whose [load_date, load_end_date) contains it.
CREATE OR REPLACE FUNCTION business.site_session_visit_as_of(p_load_date timestamptz)
RETURNS SETOF business.site_session_visit_s
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.* FROM business.site_session_visit_s s
    WHERE s.load_date <= p_load_date AND (s.load_end_date IS NULL OR s.load_end_date > p_load_date)
$$;

CREATE OR REPLACE VIEW business.site_session_judgement_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_session_judgement_s WHERE load_end_date IS NULL;

-- What business.site_session_judgement_s said at a load date: the rows whose [load_date, load_end_date) contains it.
CREATE OR REPLACE FUNCTION business.site_session_judgement_as_of(p_load_date timestamptz)
RETURNS SETOF business.site_session_judgement_s
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.* FROM business.site_session_judgement_s s
    WHERE s.load_date <= p_load_date AND (s.load_end_date IS NULL OR s.load_end_date > p_load_date)
$$;

CREATE OR REPLACE VIEW business.site_page_judgement_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_page_judgement_s WHERE load_end_date IS NULL;

-- What business.site_page_judgement_s said at a load date: the rows whose [load_date, load_end_date) contains it.
CREATE OR REPLACE FUNCTION business.site_page_judgement_as_of(p_load_date timestamptz)
RETURNS SETOF business.site_page_judgement_s
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.* FROM business.site_page_judgement_s s
    WHERE s.load_date <= p_load_date AND (s.load_end_date IS NULL OR s.load_end_date > p_load_date)
$$;

-- Lays the VALID staged rows of these ingest batches out in pg_temp.fresh_event, each event once, in the order of their keys, for
-- the statements of one load. A temporary table: it is the transaction's own, and nothing of it is logged.
CREATE OR REPLACE FUNCTION business.gather_events(p_batch_ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('pg_temp.fresh_event') IS NULL THEN
        CREATE TEMP TABLE fresh_event (LIKE staging.site_events_staging) ON COMMIT DELETE ROWS;
    END IF;
    DELETE FROM pg_temp.fresh_event;
    INSERT INTO pg_temp.fresh_event
    SELECT DISTINCT ON (s.site_event_hk) s.*
    FROM staging.events_of(p_batch_ids) s
    WHERE s.validation_status = 'VALID'
    ORDER BY s.site_event_hk, raw.is_public(s.record_source), s.raw_event_id;
END
$$;

-- Loads what was gathered under one load date; returns the rows inserted into each table. Events that the vault has already,
-- from this load or any before it, are taken out of pg_temp.fresh_event first, so that nothing of theirs reaches another table.
CREATE OR REPLACE FUNCTION business.load_vault(p_load_date timestamptz)
RETURNS TABLE (loaded text, inserted bigint)
LANGUAGE plpgsql AS $$
BEGIN
    WITH fresh AS (
        INSERT INTO business.site_event_h (site_event_hk, site_event_bk, tenant_hk, load_date, record_source)
        SELECT s.site_event_hk, s.site_event_bk, s.tenant_hk, p_load_date, s.record_source
        FROM pg_temp.fresh_event s
        ON CONFLICT DO NOTHING
        RETURNING site_event_hk
    )
    DELETE FROM pg_temp.fresh_event s WHERE NOT EXISTS (SELECT FROM fresh f WHERE f.site_event_hk = s.site_event_hk);
    loaded := 'site_event_h';
    SELECT count(*) INTO inserted FROM pg_temp.fresh_event;
    RETURN NEXT;

    INSERT INTO business.event_session_l (link_event_session_hk, site_event_hk, site_session_hk, tenant_hk, load_date, record_source)
    SELECT s.link_event_session_hk, s.site_event_hk, s.site_session_hk, s.tenant_hk, p_load_date, s.record_source
    FROM pg_temp.fresh_event s
    WHERE s.link_event_session_hk IS NOT NULL;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'event_session_l'; RETURN NEXT;

    INSERT INTO business.event_page_l (link_event_page_hk, site_event_hk, site_page_hk, tenant_hk, load_date, record_source)
    SELECT s.link_event_page_hk, s.site_event_hk, s.site_page_hk, s.tenant_hk, p_load_date, s.record_source
    FROM pg_temp.fresh_event s
    WHERE s.link_event_page_hk IS NOT NULL;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'event_page_l'; RETURN NEXT;

    INSERT INTO business.event_business_item_l (link_event_business_item_hk, site_event_hk, business_item_hk, tenant_hk, load_date, record_source)
    SELECT s.link_event_business_item_hk, s.site_event_hk, s.business_item_hk, s.tenant_hk, p_load_date, s.record_source
    FROM pg_temp.fresh_event s
    WHERE s.link_event_business_item_hk IS NOT NULL;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'event_business_item_l'; RETURN NEXT;

    INSERT INTO business.site_event_details_s (site_event_hk, tenant_hk, load_date, hash_diff, event_timestamp, event_type, event_category, event_action, event_label, event_value, event_currency, page_url, page_title, page_referrer, scroll_depth, time_on_page, click_x, click_y, business_item_type, business_item_info, transaction_id, transaction_funnel_step, conversion_funnel_stage, traffic_class, custom_properties, raw_event_id, record_source)
    SELECT s.site_event_hk, s.tenant_hk, p_load_date, s.site_event_details_hash_diff, s.event_timestamp, s.event_type, s.event_category, s.event_action, s.event_label, s.event_value, s.event_currency, s.page_url, s.page_title, s.page_referrer, s.scroll_depth, s.time_on_page, s.click_x, s.click_y, s.business_item_info ->> 'item_type', s.business_item_info, s.transaction_info ->> 'transaction_id', s.transaction_info ->> 'funnel_step', s.conversion_funnel_stage, s.traffic_class, s.custom_properties, s.raw_event_id, s.record_source
    FROM pg_temp.fresh_event s;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'site_event_details_s'; RETURN NEXT;

    INSERT INTO business.site_session_consent_s (site_session_hk, tenant_hk, load_date, hash_diff, site_event_hk, stated_at, consent_state, purposes, text_version, consented_at, raw_event_id, record_source)
    SELECT s.site_session_hk, s.tenant_hk, p_load_date, util.hash_binary(util.netstring(consent_state) || util.netstring(util.canonical(consented_at)) || util.netstring((purposes)::text) || util.netstring(encode(site_event_hk, 'hex')) || util.netstring(util.canonical(stated_at)) || util.netstring(text_version)), site_event_hk, stated_at, consent_state, purposes, text_version, consented_at, raw_event_id, s.record_source
    FROM (
        SELECT f.site_session_hk, f.tenant_hk, f.record_source, (f.site_event_hk)::bytea AS site_event_hk, (f.event_timestamp)::timestamptz AS stated_at, (f.consent ->> 'state')::varchar(10) AS consent_state, (f.consent -> 'purposes')::jsonb AS purposes, (f.consent ->> 'version')::varchar(100) AS text_version, (f.consent ->> 'at')::timestamptz AS consented_at, (f.raw_event_id)::bigint AS raw_event_id
        FROM pg_temp.fresh_event f WHERE f.consent IS NOT NULL
    ) s;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'site_session_consent_s'; RETURN NEXT;

    INSERT INTO business.site_session_network_s (site_session_hk, tenant_hk, load_date, hash_diff, site_event_hk, own_network, record_source)
    SELECT s.site_session_hk, s.tenant_hk, p_load_date, util.hash_binary(util.netstring(own_network) || util.netstring(encode(site_event_hk, 'hex'))), site_event_hk, own_network, s.record_source
    FROM (
        SELECT f.site_session_hk, f.tenant_hk, f.record_source, (f.site_event_hk)::bytea AS site_event_hk, (f.own_network)::varchar(50) AS own_network
        FROM pg_temp.fresh_event f WHERE f.own_network IS NOT NULL
    ) s;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'site_session_network_s'; RETURN NEXT;
    RETURN QUERY SELECT l.loaded, l.inserted FROM business.load_shared(p_load_date) l;
END
$$;

-- Loads of what was gathered all that events share: hubs and their links. What is there stays.
CREATE OR REPLACE FUNCTION business.load_shared(p_load_date timestamptz)
RETURNS TABLE (loaded text, inserted bigint)
LANGUAGE plpgsql AS $$
BEGIN

    INSERT INTO business.site_session_h (site_session_hk, site_session_bk, tenant_hk, load_date, record_source)
    SELECT s.site_session_hk, s.site_session_bk, s.tenant_hk, p_load_date, min(s.record_source)
    FROM pg_temp.fresh_event s
    WHERE s.site_session_hk IS NOT NULL
    GROUP BY s.site_session_hk, s.site_session_bk, s.tenant_hk
    ORDER BY s.site_session_hk
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'site_session_h'; RETURN NEXT;

    INSERT INTO business.site_visitor_h (site_visitor_hk, site_visitor_bk, tenant_hk, load_date, record_source)
    SELECT s.site_visitor_hk, s.site_visitor_bk, s.tenant_hk, p_load_date, min(s.record_source)
    FROM pg_temp.fresh_event s
    WHERE s.site_visitor_hk IS NOT NULL
    GROUP BY s.site_visitor_hk, s.site_visitor_bk, s.tenant_hk
    ORDER BY s.site_visitor_hk
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'site_visitor_h'; RETURN NEXT;

    INSERT INTO business.site_page_h (site_page_hk, site_page_bk, tenant_hk, load_date, record_source)
    SELECT s.site_page_hk, s.site_page_bk, s.tenant_hk, p_load_date, min(s.record_source)
    FROM pg_temp.fresh_event s
    WHERE s.site_page_hk IS NOT NULL
    GROUP BY s.site_page_hk, s.site_page_bk, s.tenant_hk
    ORDER BY s.site_page_hk
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'site_page_h'; RETURN NEXT;

    INSERT INTO business.business_item_h (business_item_hk, business_item_bk, tenant_hk, load_date, record_source)
    SELECT s.business_item_hk, s.business_item_bk, s.tenant_hk, p_load_date, min(s.record_source)
    FROM pg_temp.fresh_event s
    WHERE s.business_item_hk IS NOT NULL
    GROUP BY s.business_item_hk, s.business_item_bk, s.tenant_hk
    ORDER BY s.business_item_hk
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'business_item_h'; RETURN NEXT;

    INSERT INTO business.session_visitor_l (link_session_visitor_hk, site_session_hk, site_visitor_hk, tenant_hk, load_date, record_source)
    SELECT s.link_session_visitor_hk, s.site_session_hk, s.site_visitor_hk, s.tenant_hk, p_load_date, min(s.record_source)
    FROM pg_temp.fresh_event s
    WHERE s.link_session_visitor_hk IS NOT NULL
    GROUP BY s.link_session_visitor_hk, s.site_session_hk, s.site_visitor_hk, s.tenant_hk
    ORDER BY s.link_session_visitor_hk
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'session_visitor_l'; RETURN NEXT;
END
$$;

-- Loads what the earliest events say of their keys. Apart from the rest: in between, what was gathered may have got other keys.
CREATE OR REPLACE FUNCTION business.load_earliest(p_load_date timestamptz)
RETURNS TABLE (loaded text, inserted bigint)
LANGUAGE plpgsql AS $$
BEGIN

    WITH changed AS MATERIALIZED (
        SELECT c.*, l.load_date AS ended_load_date FROM (
            SELECT s.*, util.hash_binary(util.netstring(browser_name) || util.netstring(browser_version) || util.netstring(channel) || util.netstring(device_type) || util.netstring((do_not_track)::text) || util.netstring(encode(entry_event_hk, 'hex')) || util.netstring(util.canonical(entry_timestamp)) || util.netstring(language) || util.netstring(operating_system) || util.netstring(referrer_url) || util.netstring(screen_resolution) || util.netstring(encode(site_visitor_hk, 'hex')) || util.netstring(source) || util.netstring(timezone) || util.netstring(traffic_class) || util.netstring(user_agent) || util.netstring(user_id) || util.netstring(utm_campaign) || util.netstring(utm_medium) || util.netstring(utm_source) || util.netstring(viewport_size) || util.netstring(visitor_ip_hash)) AS hash_diff
            FROM (
                SELECT e.site_session_hk, e.tenant_hk, e.record_source, e.site_event_hk AS entry_event_hk, e.event_timestamp AS entry_timestamp, e.site_visitor_hk, e.user_id, e.visitor_ip_hash, e.user_agent, e.device_info ->> 'device_type' AS device_type, e.device_info ->> 'browser_name' AS browser_name, e.device_info ->> 'browser_version' AS browser_version, e.device_info ->> 'operating_system' AS operating_system, e.device_info ->> 'screen_resolution' AS screen_resolution, e.device_info ->> 'viewport_size' AS viewport_size, e.device_info ->> 'timezone' AS timezone, e.device_info ->> 'language' AS language, e.do_not_track, e.page_referrer AS referrer_url, e.source, e.channel, e.utm_source, e.utm_medium, e.utm_campaign, e.utm_content, e.utm_term, e.device_info ->> 'client_hints' AS client_hints, e.device_info ->> 'operating_system_version' AS operating_system_version, e.device_info ->> 'bot_kind' AS bot_kind, e.device_info ->> 'bot_name' AS bot_name, e.traffic_class, e.channel_name, e.utm_id, e.click_id, e.raw_event_id AS entry_raw_event_id
                FROM (
                    SELECT DISTINCT ON (f.site_session_hk) f.*
                    FROM pg_temp.fresh_event f
                    WHERE f.site_session_hk IS NOT NULL
                    ORDER BY f.site_session_hk, (f.site_visitor_hk IS NULL), f.event_timestamp, f.raw_event_id, f.site_event_hk
                ) e
            ) s
        ) c
        LEFT JOIN LATERAL (
            SELECT o.* FROM business.site_session_context_s o
            WHERE o.site_session_hk = c.site_session_hk AND o.load_end_date IS NULL LIMIT 1
        ) l ON true
        WHERE l.site_session_hk IS NULL OR ((c.site_visitor_hk IS NULL), c.entry_timestamp, c.entry_raw_event_id, c.entry_event_hk) < ((l.site_visitor_hk IS NULL), l.entry_timestamp, l.entry_raw_event_id, l.entry_event_hk)
    ), ended AS (
        UPDATE business.site_session_context_s l SET load_end_date = p_load_date
        FROM changed c WHERE l.site_session_hk = c.site_session_hk AND l.load_date = c.ended_load_date
        RETURNING 1
    )
    INSERT INTO business.site_session_context_s (site_session_hk, tenant_hk, load_date, hash_diff, entry_event_hk, entry_timestamp, site_visitor_hk, user_id, visitor_ip_hash, user_agent, device_type, browser_name, browser_version, operating_system, screen_resolution, viewport_size, timezone, language, do_not_track, referrer_url, source, channel, utm_source, utm_medium, utm_campaign, utm_content, utm_term, client_hints, operating_system_version, bot_kind, bot_name, traffic_class, channel_name, utm_id, click_id, entry_raw_event_id, record_source)
    SELECT site_session_hk, tenant_hk, p_load_date, hash_diff, entry_event_hk, entry_timestamp, site_visitor_hk, user_id, visitor_ip_hash, user_agent, device_type, browser_name, browser_version, operating_system, screen_resolution, viewport_size, timezone, language, do_not_track, referrer_url, source, channel, utm_source, utm_medium, utm_campaign, utm_content, utm_term, client_hints, operating_system_version, bot_kind, bot_name, traffic_class, channel_name, utm_id, click_id, entry_raw_event_id, record_source
    FROM changed
    WHERE (SELECT count(*) FROM ended) >= 0
    ORDER BY site_session_hk;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    loaded := 'site_session_context_s'; RETURN NEXT;
END
$$;

-- Deletes the events of pg_temp.gone_event with all that is of an event alone, and adds to pg_temp.touched_key what they were
-- linked to. Keys of events and of their links begin with the time: only its months are read.
CREATE OR REPLACE FUNCTION business.remove_grain() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_first constant bytea := (SELECT substr(min(g.site_event_hk), 1, 6) FROM pg_temp.gone_event g);
    v_last constant bytea := (SELECT util.last_key_of(max(g.site_event_hk)) FROM pg_temp.gone_event g);
BEGIN
    INSERT INTO pg_temp.touched_key (hub, hash_key)
    SELECT 'site_session', l.site_session_hk FROM pg_temp.gone_event g CROSS JOIN LATERAL (
                SELECT l.site_session_hk FROM business.event_session_l l
                WHERE l.site_event_hk = g.site_event_hk
                  AND l.link_event_session_hk BETWEEN substr(g.site_event_hk, 1, 6) AND util.last_key_of(g.site_event_hk)
                OFFSET 0) l
    UNION
    SELECT 'site_page', l.site_page_hk FROM pg_temp.gone_event g CROSS JOIN LATERAL (
                SELECT l.site_page_hk FROM business.event_page_l l
                WHERE l.site_event_hk = g.site_event_hk
                  AND l.link_event_page_hk BETWEEN substr(g.site_event_hk, 1, 6) AND util.last_key_of(g.site_event_hk)
                OFFSET 0) l
    UNION
    SELECT 'business_item', l.business_item_hk FROM pg_temp.gone_event g CROSS JOIN LATERAL (
                SELECT l.business_item_hk FROM business.event_business_item_l l
                WHERE l.site_event_hk = g.site_event_hk
                  AND l.link_event_business_item_hk BETWEEN substr(g.site_event_hk, 1, 6) AND util.last_key_of(g.site_event_hk)
                OFFSET 0) l
    ON CONFLICT DO NOTHING;
    DELETE FROM business.site_session_consent_s t USING pg_temp.gone_event g WHERE t.site_event_hk = g.site_event_hk;
    DELETE FROM business.site_session_network_s t USING pg_temp.gone_event g WHERE t.site_event_hk = g.site_event_hk;
    DELETE FROM business.event_session_l t USING (
        SELECT l.link_event_session_hk FROM pg_temp.gone_event g CROSS JOIN LATERAL (
            SELECT l.link_event_session_hk FROM business.event_session_l l
            WHERE l.site_event_hk = g.site_event_hk
              AND l.link_event_session_hk BETWEEN substr(g.site_event_hk, 1, 6) AND util.last_key_of(g.site_event_hk)
            OFFSET 0) l) o
    WHERE t.link_event_session_hk = o.link_event_session_hk AND t.link_event_session_hk BETWEEN v_first AND v_last;
    DELETE FROM business.event_page_l t USING (
        SELECT l.link_event_page_hk FROM pg_temp.gone_event g CROSS JOIN LATERAL (
            SELECT l.link_event_page_hk FROM business.event_page_l l
            WHERE l.site_event_hk = g.site_event_hk
              AND l.link_event_page_hk BETWEEN substr(g.site_event_hk, 1, 6) AND util.last_key_of(g.site_event_hk)
            OFFSET 0) l) o
    WHERE t.link_event_page_hk = o.link_event_page_hk AND t.link_event_page_hk BETWEEN v_first AND v_last;
    DELETE FROM business.event_business_item_l t USING (
        SELECT l.link_event_business_item_hk FROM pg_temp.gone_event g CROSS JOIN LATERAL (
            SELECT l.link_event_business_item_hk FROM business.event_business_item_l l
            WHERE l.site_event_hk = g.site_event_hk
              AND l.link_event_business_item_hk BETWEEN substr(g.site_event_hk, 1, 6) AND util.last_key_of(g.site_event_hk)
            OFFSET 0) l) o
    WHERE t.link_event_business_item_hk = o.link_event_business_item_hk AND t.link_event_business_item_hk BETWEEN v_first AND v_last;
    DELETE FROM business.site_event_details_s t USING pg_temp.gone_event g
    WHERE t.site_event_hk = g.site_event_hk AND t.site_event_hk BETWEEN v_first AND v_last;
    DELETE FROM business.site_event_h t USING pg_temp.gone_event g
    WHERE t.site_event_hk = g.site_event_hk AND t.site_event_hk BETWEEN v_first AND v_last;
END
$$;

-- Deletes, of what is in pg_temp.touched_key, the hubs that no event has any more, with their satellites and links. A hub stays as
-- long as a link of which it is the second leads to it.
CREATE OR REPLACE FUNCTION business.remove_unlinked() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_keys bytea[];
BEGIN
    SELECT coalesce(array_agg(t.hash_key), '{}') INTO v_keys FROM pg_temp.touched_key t
    WHERE t.hub = 'site_session'
      AND NOT EXISTS (SELECT FROM business.event_session_l l WHERE l.site_session_hk = t.hash_key);
    INSERT INTO pg_temp.touched_key (hub, hash_key)
    SELECT DISTINCT 'site_visitor', l.site_visitor_hk FROM business.session_visitor_l l
    WHERE l.site_session_hk = ANY (v_keys) ON CONFLICT DO NOTHING;
    DELETE FROM business.session_visitor_l d WHERE d.site_session_hk = ANY (v_keys);
    DELETE FROM business.site_session_details_s d WHERE d.site_session_hk = ANY (v_keys);
    DELETE FROM business.site_session_context_s d WHERE d.site_session_hk = ANY (v_keys);
    DELETE FROM business.site_session_consent_s d WHERE d.site_session_hk = ANY (v_keys);
    DELETE FROM business.site_session_network_s d WHERE d.site_session_hk = ANY (v_keys);
    DELETE FROM business.site_session_same_as_s d WHERE d.site_session_hk = ANY (v_keys);
    DELETE FROM business.site_session_visit_s d WHERE d.site_session_hk = ANY (v_keys);
    DELETE FROM business.site_session_judgement_s d WHERE d.site_session_hk = ANY (v_keys);
    DELETE FROM business.site_session_h d WHERE d.site_session_hk = ANY (v_keys);
    DELETE FROM pg_temp.touched_key t WHERE t.hub = 'site_session' AND t.hash_key = ANY (v_keys);

    SELECT coalesce(array_agg(t.hash_key), '{}') INTO v_keys FROM pg_temp.touched_key t
    WHERE t.hub = 'site_visitor'
      AND NOT EXISTS (SELECT FROM business.session_visitor_l l WHERE l.site_visitor_hk = t.hash_key);
    DELETE FROM business.site_visitor_details_s d WHERE d.site_visitor_hk = ANY (v_keys);
    DELETE FROM business.site_visitor_h d WHERE d.site_visitor_hk = ANY (v_keys);
    DELETE FROM pg_temp.touched_key t WHERE t.hub = 'site_visitor' AND t.hash_key = ANY (v_keys);

    SELECT coalesce(array_agg(t.hash_key), '{}') INTO v_keys FROM pg_temp.touched_key t
    WHERE t.hub = 'site_page'
      AND NOT EXISTS (SELECT FROM business.event_page_l l WHERE l.site_page_hk = t.hash_key);
    DELETE FROM business.site_page_details_s d WHERE d.site_page_hk = ANY (v_keys);
    DELETE FROM business.site_page_judgement_s d WHERE d.site_page_hk = ANY (v_keys);
    DELETE FROM business.site_page_h d WHERE d.site_page_hk = ANY (v_keys);
    DELETE FROM pg_temp.touched_key t WHERE t.hub = 'site_page' AND t.hash_key = ANY (v_keys);

    SELECT coalesce(array_agg(t.hash_key), '{}') INTO v_keys FROM pg_temp.touched_key t
    WHERE t.hub = 'business_item'
      AND NOT EXISTS (SELECT FROM business.event_business_item_l l WHERE l.business_item_hk = t.hash_key);
    DELETE FROM business.business_item_details_s d WHERE d.business_item_hk = ANY (v_keys);
    DELETE FROM business.business_item_h d WHERE d.business_item_hk = ANY (v_keys);
    DELETE FROM pg_temp.touched_key t WHERE t.hub = 'business_item' AND t.hash_key = ANY (v_keys);

END
$$;

-- Whether something of a tenant is personal and from before a moment.
CREATE OR REPLACE FUNCTION business.has_personal(p_tenant_hk bytea, p_until timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM business.site_visitor_details_s s WHERE s.tenant_hk = p_tenant_hk AND s.last_visit_date < p_until AND (s.visitor_ip_hash IS NOT NULL OR s.user_agent IS NOT NULL OR s.screen_resolution IS NOT NULL OR s.viewport_size IS NOT NULL))
    OR EXISTS (SELECT FROM business.site_session_context_s s WHERE s.tenant_hk = p_tenant_hk AND s.entry_timestamp < p_until AND (s.user_id IS NOT NULL OR s.visitor_ip_hash IS NOT NULL OR s.user_agent IS NOT NULL OR s.screen_resolution IS NOT NULL OR s.viewport_size IS NOT NULL OR s.client_hints IS NOT NULL))
$$;

-- The rows of a tenant in which something is personal and from before a moment, by table and month, and the bytes that it takes.
CREATE OR REPLACE FUNCTION business.personal_rows(p_tenant_hk bytea, p_until timestamptz)
RETURNS TABLE (of_table text, month date, found bigint, bytes bigint)
LANGUAGE sql STABLE AS $$
    SELECT 'site_visitor_details_s', date_trunc('month', s.last_visit_date, 'UTC')::date, count(*),
           sum(coalesce(pg_column_size(s.visitor_ip_hash), 0) + coalesce(pg_column_size(s.user_agent), 0) + coalesce(pg_column_size(s.screen_resolution), 0) + coalesce(pg_column_size(s.viewport_size), 0))
    FROM business.site_visitor_details_s s
    WHERE s.tenant_hk = p_tenant_hk AND s.last_visit_date < p_until AND (s.visitor_ip_hash IS NOT NULL OR s.user_agent IS NOT NULL OR s.screen_resolution IS NOT NULL OR s.viewport_size IS NOT NULL)
    GROUP BY 2
    UNION ALL
    SELECT 'site_session_context_s', date_trunc('month', s.entry_timestamp, 'UTC')::date, count(*),
           sum(coalesce(pg_column_size(s.user_id), 0) + coalesce(pg_column_size(s.visitor_ip_hash), 0) + coalesce(pg_column_size(s.user_agent), 0) + coalesce(pg_column_size(s.screen_resolution), 0) + coalesce(pg_column_size(s.viewport_size), 0) + coalesce(pg_column_size(s.client_hints), 0))
    FROM business.site_session_context_s s
    WHERE s.tenant_hk = p_tenant_hk AND s.entry_timestamp < p_until AND (s.user_id IS NOT NULL OR s.visitor_ip_hash IS NOT NULL OR s.user_agent IS NOT NULL OR s.screen_resolution IS NOT NULL OR s.viewport_size IS NOT NULL OR s.client_hints IS NOT NULL)
    GROUP BY 2
$$;

-- Removes what is personal from those rows, of p_most of each table at most; returns from how many. Each is its own hash again.
CREATE OR REPLACE FUNCTION business.remove_personal(p_tenant_hk bytea, p_until timestamptz, p_most integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_rows bigint;
    v_removed bigint := 0;
BEGIN
    UPDATE business.site_visitor_details_s s
    SET visitor_ip_hash = NULL, user_agent = NULL, screen_resolution = NULL, viewport_size = NULL,
        hash_diff = util.hash_binary(util.netstring(s.browser_name) || util.netstring(s.browser_version) || util.netstring(s.device_type) || util.netstring((s.do_not_track)::text) || util.netstring(util.canonical(s.favorite_items)) || util.netstring(util.canonical(s.first_visit_date)) || util.netstring(s.language) || util.netstring(trim_scale(s.lifetime_value)::text) || util.netstring(s.operating_system) || util.netstring(NULL::varchar(20)) || util.netstring(s.timezone) || util.netstring((s.total_page_views)::text) || util.netstring((s.total_sessions)::text) || util.netstring((s.total_transactions)::text) || util.netstring(NULL::text) || util.netstring(s.visitor_segment))
    FROM (
        SELECT o.site_visitor_hk, o.load_date FROM business.site_visitor_details_s o
        WHERE o.tenant_hk = p_tenant_hk AND o.last_visit_date < p_until AND (o.visitor_ip_hash IS NOT NULL OR o.user_agent IS NOT NULL OR o.screen_resolution IS NOT NULL OR o.viewport_size IS NOT NULL)
        ORDER BY o.last_visit_date LIMIT p_most
    ) o
    WHERE s.site_visitor_hk = o.site_visitor_hk AND s.load_date = o.load_date;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := v_removed + v_rows;

    UPDATE business.site_session_context_s s
    SET user_id = NULL, visitor_ip_hash = NULL, user_agent = NULL, screen_resolution = NULL, viewport_size = NULL, client_hints = NULL,
        hash_diff = util.hash_binary(util.netstring(s.browser_name) || util.netstring(s.browser_version) || util.netstring(s.channel) || util.netstring(s.device_type) || util.netstring((s.do_not_track)::text) || util.netstring(encode(s.entry_event_hk, 'hex')) || util.netstring(util.canonical(s.entry_timestamp)) || util.netstring(s.language) || util.netstring(s.operating_system) || util.netstring(s.referrer_url) || util.netstring(NULL::varchar(20)) || util.netstring(encode(s.site_visitor_hk, 'hex')) || util.netstring(s.source) || util.netstring(s.timezone) || util.netstring(s.traffic_class) || util.netstring(NULL::text) || util.netstring(NULL::varchar(255)) || util.netstring(s.utm_campaign) || util.netstring(s.utm_medium) || util.netstring(s.utm_source) || util.netstring(NULL::varchar(20)) || util.netstring(NULL::varchar(64)))
    FROM (
        SELECT o.site_session_hk, o.load_date FROM business.site_session_context_s o
        WHERE o.tenant_hk = p_tenant_hk AND o.entry_timestamp < p_until AND (o.user_id IS NOT NULL OR o.visitor_ip_hash IS NOT NULL OR o.user_agent IS NOT NULL OR o.screen_resolution IS NOT NULL OR o.viewport_size IS NOT NULL OR o.client_hints IS NOT NULL)
        ORDER BY o.entry_timestamp LIMIT p_most
    ) o
    WHERE s.site_session_hk = o.site_session_hk AND s.load_date = o.load_date;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := v_removed + v_rows;

    RETURN v_removed;
END
$$;

-- Recomputes these keys' rows of site_session_details_s as of the load date and writes those that changed; returns how many.
CREATE OR REPLACE FUNCTION business.refresh_site_session_details(p_keys bytea[], p_load_date timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_inserted bigint;
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT c.*, l.load_date AS ended_load_date FROM (
            SELECT s.*, util.hash_binary(util.netstring((business_context)::text) || util.netstring(entry_page_url) || util.netstring(exit_page_url) || util.netstring((is_bounce)::text) || util.netstring(util.canonical(items_viewed)) || util.netstring(referrer_url) || util.netstring((session_duration_seconds)::text) || util.netstring(util.canonical(session_end_time)) || util.netstring(util.canonical(session_start_time)) || util.netstring(trim_scale(total_conversion_value)::text) || util.netstring((total_events)::text) || util.netstring((total_page_views)::text) || util.netstring(traffic_class) || util.netstring((transaction_attempted)::text) || util.netstring((transaction_completed)::text) || util.netstring(utm_campaign) || util.netstring(utm_medium) || util.netstring(utm_source)) AS hash_diff
            FROM (
                SELECT f.*, 'computed:site_session_details' AS record_source
                FROM business.site_session_details_of(p_keys, p_load_date) f
            ) s
        ) c
        LEFT JOIN LATERAL (
            SELECT o.* FROM business.site_session_details_s o
            WHERE o.site_session_hk = c.site_session_hk AND o.load_end_date IS NULL LIMIT 1
        ) l ON true
        WHERE l.site_session_hk IS NULL OR c.hash_diff <> l.hash_diff
    ), ended AS (
        UPDATE business.site_session_details_s l SET load_end_date = p_load_date
        FROM changed c WHERE l.site_session_hk = c.site_session_hk AND l.load_date = c.ended_load_date
        RETURNING 1
    )
    INSERT INTO business.site_session_details_s (site_session_hk, tenant_hk, load_date, hash_diff, session_start_time, session_end_time, total_page_views, total_events, session_duration_seconds, entry_page_url, exit_page_url, referrer_url, utm_source, utm_medium, utm_campaign, is_bounce, items_viewed, transaction_attempted, transaction_completed, total_conversion_value, business_context, traffic_class, record_source)
    SELECT site_session_hk, tenant_hk, p_load_date, hash_diff, session_start_time, session_end_time, total_page_views, total_events, session_duration_seconds, entry_page_url, exit_page_url, referrer_url, utm_source, utm_medium, utm_campaign, is_bounce, items_viewed, transaction_attempted, transaction_completed, total_conversion_value, business_context, traffic_class, record_source
    FROM changed
    WHERE (SELECT count(*) FROM ended) >= 0
    ORDER BY site_session_hk;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN v_inserted;
END
$$;

-- Recomputes these keys' rows of site_visitor_details_s as of the load date and writes those that changed; returns how many.
CREATE OR REPLACE FUNCTION business.refresh_site_visitor_details(p_keys bytea[], p_load_date timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_inserted bigint;
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT c.*, l.load_date AS ended_load_date FROM (
            SELECT s.*, util.hash_binary(util.netstring(browser_name) || util.netstring(browser_version) || util.netstring(device_type) || util.netstring((do_not_track)::text) || util.netstring(util.canonical(favorite_items)) || util.netstring(util.canonical(first_visit_date)) || util.netstring(language) || util.netstring(trim_scale(lifetime_value)::text) || util.netstring(operating_system) || util.netstring(screen_resolution) || util.netstring(timezone) || util.netstring((total_page_views)::text) || util.netstring((total_sessions)::text) || util.netstring((total_transactions)::text) || util.netstring(user_agent) || util.netstring(visitor_segment)) AS hash_diff
            FROM (
                SELECT f.*, 'computed:site_visitor_details' AS record_source
                FROM business.site_visitor_details_of(p_keys, p_load_date) f
            ) s
        ) c
        LEFT JOIN LATERAL (
            SELECT o.* FROM business.site_visitor_details_s o
            WHERE o.site_visitor_hk = c.site_visitor_hk AND o.load_end_date IS NULL LIMIT 1
        ) l ON true
        WHERE l.site_visitor_hk IS NULL OR c.hash_diff <> l.hash_diff
    ), ended AS (
        UPDATE business.site_visitor_details_s l SET load_end_date = p_load_date
        FROM changed c WHERE l.site_visitor_hk = c.site_visitor_hk AND l.load_date = c.ended_load_date
        RETURNING 1
    )
    INSERT INTO business.site_visitor_details_s (site_visitor_hk, tenant_hk, load_date, hash_diff, visitor_ip_hash, user_agent, device_type, browser_name, browser_version, operating_system, screen_resolution, viewport_size, timezone, language, do_not_track, first_visit_date, last_visit_date, total_sessions, total_page_views, favorite_items, total_transactions, lifetime_value, visitor_segment, record_source)
    SELECT site_visitor_hk, tenant_hk, p_load_date, hash_diff, visitor_ip_hash, user_agent, device_type, browser_name, browser_version, operating_system, screen_resolution, viewport_size, timezone, language, do_not_track, first_visit_date, last_visit_date, total_sessions, total_page_views, favorite_items, total_transactions, lifetime_value, visitor_segment, record_source
    FROM changed
    WHERE (SELECT count(*) FROM ended) >= 0
    ORDER BY site_visitor_hk;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN v_inserted;
END
$$;

-- Recomputes these keys' rows of site_page_details_s as of the load date and writes those that changed; returns how many.
CREATE OR REPLACE FUNCTION business.refresh_site_page_details(p_keys bytea[], p_load_date timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_inserted bigint;
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT c.*, l.load_date AS ended_load_date FROM (
            SELECT s.*, util.hash_binary(util.netstring((avg_time_on_page)::text) || util.netstring(trim_scale(bounce_rate)::text) || util.netstring(trim_scale(conversion_rate)::text) || util.netstring(page_category) || util.netstring(page_hostname) || util.netstring(page_path) || util.netstring(page_title) || util.netstring(page_type) || util.netstring(page_url) || util.netstring((total_views)::text) || util.netstring((unique_visitors)::text)) AS hash_diff
            FROM (
                SELECT f.*, 'computed:site_page_details' AS record_source
                FROM business.site_page_details_of(p_keys, p_load_date) f
            ) s
        ) c
        LEFT JOIN LATERAL (
            SELECT o.* FROM business.site_page_details_s o
            WHERE o.site_page_hk = c.site_page_hk AND o.load_end_date IS NULL LIMIT 1
        ) l ON true
        WHERE l.site_page_hk IS NULL OR c.hash_diff <> l.hash_diff
    ), ended AS (
        UPDATE business.site_page_details_s l SET load_end_date = p_load_date
        FROM changed c WHERE l.site_page_hk = c.site_page_hk AND l.load_date = c.ended_load_date
        RETURNING 1
    )
    INSERT INTO business.site_page_details_s (site_page_hk, tenant_hk, load_date, hash_diff, page_url, page_title, page_path, page_hostname, page_category, page_type, total_views, unique_visitors, avg_time_on_page, bounce_rate, conversion_rate, record_source)
    SELECT site_page_hk, tenant_hk, p_load_date, hash_diff, page_url, page_title, page_path, page_hostname, page_category, page_type, total_views, unique_visitors, avg_time_on_page, bounce_rate, conversion_rate, record_source
    FROM changed
    WHERE (SELECT count(*) FROM ended) >= 0
    ORDER BY site_page_hk;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN v_inserted;
END
$$;

-- Recomputes these keys' rows of business_item_details_s as of the load date and writes those that changed; returns how many.
CREATE OR REPLACE FUNCTION business.refresh_business_item_details(p_keys bytea[], p_load_date timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_inserted bigint;
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT c.*, l.load_date AS ended_load_date FROM (
            SELECT s.*, util.hash_binary(util.netstring((business_metadata)::text) || util.netstring(trim_scale(conversion_rate)::text) || util.netstring((is_active)::text) || util.netstring(item_category) || util.netstring(item_currency) || util.netstring(item_description) || util.netstring(item_name) || util.netstring(item_type) || util.netstring(trim_scale(item_value)::text) || util.netstring((popularity_score)::text) || util.netstring((total_conversions)::text) || util.netstring((total_interactions)::text)) AS hash_diff
            FROM (
                SELECT f.*, 'computed:business_item_details' AS record_source
                FROM business.business_item_details_of(p_keys, p_load_date) f
            ) s
        ) c
        LEFT JOIN LATERAL (
            SELECT o.* FROM business.business_item_details_s o
            WHERE o.business_item_hk = c.business_item_hk AND o.load_end_date IS NULL LIMIT 1
        ) l ON true
        WHERE l.business_item_hk IS NULL OR c.hash_diff <> l.hash_diff
    ), ended AS (
        UPDATE business.business_item_details_s l SET load_end_date = p_load_date
        FROM changed c WHERE l.business_item_hk = c.business_item_hk AND l.load_date = c.ended_load_date
        RETURNING 1
    )
    INSERT INTO business.business_item_details_s (business_item_hk, tenant_hk, load_date, hash_diff, item_name, item_type, item_category, item_description, item_value, item_currency, is_active, popularity_score, conversion_rate, total_interactions, total_conversions, business_metadata, record_source)
    SELECT business_item_hk, tenant_hk, p_load_date, hash_diff, item_name, item_type, item_category, item_description, item_value, item_currency, is_active, popularity_score, conversion_rate, total_interactions, total_conversions, business_metadata, record_source
    FROM changed
    WHERE (SELECT count(*) FROM ended) >= 0
    ORDER BY business_item_hk;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN v_inserted;
END
$$;

-- What the earliest event of each of these keys says, of those events that are still known.
CREATE OR REPLACE FUNCTION business.site_session_context_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE (site_session_hk bytea, tenant_hk bytea, entry_event_hk bytea, entry_timestamp timestamptz, site_visitor_hk bytea, user_id varchar(255), visitor_ip_hash varchar(64), user_agent text, device_type varchar(20), browser_name varchar(50), browser_version varchar(20), operating_system varchar(50), screen_resolution varchar(20), viewport_size varchar(20), timezone varchar(50), language varchar(10), do_not_track boolean, referrer_url text, source varchar(100), channel varchar(20), utm_source varchar(100), utm_medium varchar(100), utm_campaign varchar(100), utm_content varchar(100), utm_term varchar(100), client_hints varchar(200), operating_system_version varchar(20), bot_kind varchar(20), bot_name varchar(50), traffic_class varchar(10), channel_name varchar(30), utm_id varchar(100), click_id varchar(50), entry_raw_event_id bigint)
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (l.site_session_hk) l.*
    FROM (
        SELECT e.site_session_hk, e.tenant_hk, e.site_event_hk, e.event_timestamp, e.site_visitor_hk, e.user_id, e.visitor_ip_hash, e.user_agent, e.device_info ->> 'device_type', e.device_info ->> 'browser_name', e.device_info ->> 'browser_version', e.device_info ->> 'operating_system', e.device_info ->> 'screen_resolution', e.device_info ->> 'viewport_size', e.device_info ->> 'timezone', e.device_info ->> 'language', e.do_not_track, e.page_referrer, e.source, e.channel, e.utm_source, e.utm_medium, e.utm_campaign, e.utm_content, e.utm_term, e.device_info ->> 'client_hints', e.device_info ->> 'operating_system_version', e.device_info ->> 'bot_kind', e.device_info ->> 'bot_name', e.traffic_class, e.channel_name, e.utm_id, e.click_id, e.raw_event_id
        FROM business.site_session_staged(p_keys) e
        UNION ALL
        SELECT k.site_session_hk, k.tenant_hk, k.entry_event_hk, k.entry_timestamp, k.site_visitor_hk, k.user_id, k.visitor_ip_hash, k.user_agent, k.device_type, k.browser_name, k.browser_version, k.operating_system, k.screen_resolution, k.viewport_size, k.timezone, k.language, k.do_not_track, k.referrer_url, k.source, k.channel, k.utm_source, k.utm_medium, k.utm_campaign, k.utm_content, k.utm_term, k.client_hints, k.operating_system_version, k.bot_kind, k.bot_name, k.traffic_class, k.channel_name, k.utm_id, k.click_id, k.entry_raw_event_id
        FROM business.site_session_context_known(p_keys) k
    ) l(site_session_hk, tenant_hk, entry_event_hk, entry_timestamp, site_visitor_hk, user_id, visitor_ip_hash, user_agent, device_type, browser_name, browser_version, operating_system, screen_resolution, viewport_size, timezone, language, do_not_track, referrer_url, source, channel, utm_source, utm_medium, utm_campaign, utm_content, utm_term, client_hints, operating_system_version, bot_kind, bot_name, traffic_class, channel_name, utm_id, click_id, entry_raw_event_id)
    ORDER BY l.site_session_hk, (l.site_visitor_hk IS NULL), l.entry_timestamp, l.entry_raw_event_id, l.entry_event_hk
$$;

-- Recomputes these keys' rows of site_session_context_s as of the load date and writes those that changed; returns how many.
CREATE OR REPLACE FUNCTION business.refresh_site_session_context(p_keys bytea[], p_load_date timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_inserted bigint;
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT c.*, l.load_date AS ended_load_date FROM (
            SELECT s.*, util.hash_binary(util.netstring(browser_name) || util.netstring(browser_version) || util.netstring(channel) || util.netstring(device_type) || util.netstring((do_not_track)::text) || util.netstring(encode(entry_event_hk, 'hex')) || util.netstring(util.canonical(entry_timestamp)) || util.netstring(language) || util.netstring(operating_system) || util.netstring(referrer_url) || util.netstring(screen_resolution) || util.netstring(encode(site_visitor_hk, 'hex')) || util.netstring(source) || util.netstring(timezone) || util.netstring(traffic_class) || util.netstring(user_agent) || util.netstring(user_id) || util.netstring(utm_campaign) || util.netstring(utm_medium) || util.netstring(utm_source) || util.netstring(viewport_size) || util.netstring(visitor_ip_hash)) AS hash_diff
            FROM (
                SELECT f.*, 'computed:site_session_context' AS record_source
                FROM business.site_session_context_of(p_keys, p_load_date) f
            ) s
        ) c
        LEFT JOIN LATERAL (
            SELECT o.* FROM business.site_session_context_s o
            WHERE o.site_session_hk = c.site_session_hk AND o.load_end_date IS NULL LIMIT 1
        ) l ON true
        WHERE l.site_session_hk IS NULL OR c.hash_diff <> l.hash_diff
    ), ended AS (
        UPDATE business.site_session_context_s l SET load_end_date = p_load_date
        FROM changed c WHERE l.site_session_hk = c.site_session_hk AND l.load_date = c.ended_load_date
        RETURNING 1
    )
    INSERT INTO business.site_session_context_s (site_session_hk, tenant_hk, load_date, hash_diff, entry_event_hk, entry_timestamp, site_visitor_hk, user_id, visitor_ip_hash, user_agent, device_type, browser_name, browser_version, operating_system, screen_resolution, viewport_size, timezone, language, do_not_track, referrer_url, source, channel, utm_source, utm_medium, utm_campaign, utm_content, utm_term, client_hints, operating_system_version, bot_kind, bot_name, traffic_class, channel_name, utm_id, click_id, entry_raw_event_id, record_source)
    SELECT site_session_hk, tenant_hk, p_load_date, hash_diff, entry_event_hk, entry_timestamp, site_visitor_hk, user_id, visitor_ip_hash, user_agent, device_type, browser_name, browser_version, operating_system, screen_resolution, viewport_size, timezone, language, do_not_track, referrer_url, source, channel, utm_source, utm_medium, utm_campaign, utm_content, utm_term, client_hints, operating_system_version, bot_kind, bot_name, traffic_class, channel_name, utm_id, click_id, entry_raw_event_id, record_source
    FROM changed
    WHERE (SELECT count(*) FROM ended) >= 0
    ORDER BY site_session_hk;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN v_inserted;
END
$$;

-- Recomputes these keys' rows of site_session_same_as_s as of the load date and writes those that changed; returns how many.
CREATE OR REPLACE FUNCTION business.refresh_site_session_same_as(p_keys bytea[], p_load_date timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_inserted bigint;
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT c.*, l.load_date AS ended_load_date FROM (
            SELECT s.*, util.hash_binary(util.netstring(encode(same_as_session_hk, 'hex'))) AS hash_diff
            FROM (
                SELECT f.*, 'computed:site_session_same_as' AS record_source
                FROM business.site_session_same_as_of(p_keys, p_load_date) f
            ) s
        ) c
        LEFT JOIN LATERAL (
            SELECT o.* FROM business.site_session_same_as_s o
            WHERE o.site_session_hk = c.site_session_hk AND o.load_end_date IS NULL LIMIT 1
        ) l ON true
        WHERE l.site_session_hk IS NULL OR c.hash_diff <> l.hash_diff
    ), ended AS (
        UPDATE business.site_session_same_as_s l SET load_end_date = p_load_date
        FROM changed c WHERE l.site_session_hk = c.site_session_hk AND l.load_date = c.ended_load_date
        RETURNING 1
    )
    INSERT INTO business.site_session_same_as_s (site_session_hk, tenant_hk, load_date, hash_diff, same_as_session_hk, record_source)
    SELECT site_session_hk, tenant_hk, p_load_date, hash_diff, same_as_session_hk, record_source
    FROM changed
    WHERE (SELECT count(*) FROM ended) >= 0
    ORDER BY site_session_hk;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN v_inserted;
END
$$;

-- Recomputes these keys' rows of site_session_visit_s as of the load date and writes those that changed; returns how many.
CREATE OR REPLACE FUNCTION business.refresh_site_session_visit(p_keys bytea[], p_load_date timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_inserted bigint;
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT c.*, l.load_date AS ended_load_date FROM (
            SELECT s.*, util.hash_binary(util.netstring(util.canonical(begins)) || util.netstring(encode(of_session_hk, 'hex'))) AS hash_diff
            FROM (
                SELECT f.*, 'computed:site_session_visit' AS record_source
                FROM business.site_session_visit_of(p_keys, p_load_date) f
            ) s
        ) c
        LEFT JOIN LATERAL (
            SELECT o.* FROM business.site_session_visit_s o
            WHERE o.site_session_hk = c.site_session_hk AND o.load_end_date IS NULL LIMIT 1
        ) l ON true
        WHERE l.site_session_hk IS NULL OR c.hash_diff <> l.hash_diff
    ), ended AS (
        UPDATE business.site_session_visit_s l SET load_end_date = p_load_date
        FROM changed c WHERE l.site_session_hk = c.site_session_hk AND l.load_date = c.ended_load_date
        RETURNING 1
    )
    INSERT INTO business.site_session_visit_s (site_session_hk, tenant_hk, load_date, hash_diff, of_session_hk, begins, record_source)
    SELECT site_session_hk, tenant_hk, p_load_date, hash_diff, of_session_hk, begins, record_source
    FROM changed
    WHERE (SELECT count(*) FROM ended) >= 0
    ORDER BY site_session_hk;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN v_inserted;
END
$$;

-- Recomputes these keys' rows of site_session_judgement_s as of the load date and writes those that changed; returns how many.
CREATE OR REPLACE FUNCTION business.refresh_site_session_judgement(p_keys bytea[], p_load_date timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_inserted bigint;
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT c.*, l.load_date AS ended_load_date FROM (
            SELECT s.*, util.hash_binary(util.netstring(bot_kind) || util.netstring(bot_name) || util.netstring(browser_name) || util.netstring(browser_version) || util.netstring(channel) || util.netstring(channel_name) || util.netstring(country) || util.netstring(device_type) || util.netstring(operating_system) || util.netstring(operating_system_version) || util.netstring(source) || util.netstring(traffic_class) || util.netstring(traffic_rule)) AS hash_diff
            FROM (
                SELECT f.*, 'computed:site_session_judgement' AS record_source
                FROM business.site_session_judgement_of(p_keys, p_load_date) f
            ) s
        ) c
        LEFT JOIN LATERAL (
            SELECT o.* FROM business.site_session_judgement_s o
            WHERE o.site_session_hk = c.site_session_hk AND o.load_end_date IS NULL LIMIT 1
        ) l ON true
        WHERE l.site_session_hk IS NULL OR c.hash_diff <> l.hash_diff
    ), ended AS (
        UPDATE business.site_session_judgement_s l SET load_end_date = p_load_date
        FROM changed c WHERE l.site_session_hk = c.site_session_hk AND l.load_date = c.ended_load_date
        RETURNING 1
    )
    INSERT INTO business.site_session_judgement_s (site_session_hk, tenant_hk, load_date, hash_diff, traffic_class, traffic_rule, bot_kind, bot_name, source, channel, channel_name, device_type, browser_name, browser_version, operating_system, operating_system_version, country, rule_set, record_source)
    SELECT site_session_hk, tenant_hk, p_load_date, hash_diff, traffic_class, traffic_rule, bot_kind, bot_name, source, channel, channel_name, device_type, browser_name, browser_version, operating_system, operating_system_version, country, rule_set, record_source
    FROM changed
    WHERE (SELECT count(*) FROM ended) >= 0
    ORDER BY site_session_hk;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN v_inserted;
END
$$;

-- Recomputes these keys' rows of site_page_judgement_s as of the load date and writes those that changed; returns how many.
CREATE OR REPLACE FUNCTION business.refresh_site_page_judgement(p_keys bytea[], p_load_date timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_inserted bigint;
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT c.*, l.load_date AS ended_load_date FROM (
            SELECT s.*, util.hash_binary(util.netstring(page_category) || util.netstring(page_type)) AS hash_diff
            FROM (
                SELECT f.*, 'computed:site_page_judgement' AS record_source
                FROM business.site_page_judgement_of(p_keys, p_load_date) f
            ) s
        ) c
        LEFT JOIN LATERAL (
            SELECT o.* FROM business.site_page_judgement_s o
            WHERE o.site_page_hk = c.site_page_hk AND o.load_end_date IS NULL LIMIT 1
        ) l ON true
        WHERE l.site_page_hk IS NULL OR c.hash_diff <> l.hash_diff
    ), ended AS (
        UPDATE business.site_page_judgement_s l SET load_end_date = p_load_date
        FROM changed c WHERE l.site_page_hk = c.site_page_hk AND l.load_date = c.ended_load_date
        RETURNING 1
    )
    INSERT INTO business.site_page_judgement_s (site_page_hk, tenant_hk, load_date, hash_diff, page_category, page_type, rule_set, record_source)
    SELECT site_page_hk, tenant_hk, p_load_date, hash_diff, page_category, page_type, rule_set, record_source
    FROM changed
    WHERE (SELECT count(*) FROM ended) >= 0
    ORDER BY site_page_hk;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN v_inserted;
END
$$;

ALTER TABLE business.session_visitor_l ADD CONSTRAINT session_visitor_l_site_session_hk_fkey FOREIGN KEY (site_session_hk) REFERENCES business.site_session_h (site_session_hk) NOT ENFORCED;
ALTER TABLE business.session_visitor_l ADD CONSTRAINT session_visitor_l_site_visitor_hk_fkey FOREIGN KEY (site_visitor_hk) REFERENCES business.site_visitor_h (site_visitor_hk) NOT ENFORCED;
ALTER TABLE business.event_session_l ADD CONSTRAINT event_session_l_site_event_hk_fkey FOREIGN KEY (site_event_hk) REFERENCES business.site_event_h (site_event_hk) NOT ENFORCED;
ALTER TABLE business.event_session_l ADD CONSTRAINT event_session_l_site_session_hk_fkey FOREIGN KEY (site_session_hk) REFERENCES business.site_session_h (site_session_hk) NOT ENFORCED;
ALTER TABLE business.event_page_l ADD CONSTRAINT event_page_l_site_event_hk_fkey FOREIGN KEY (site_event_hk) REFERENCES business.site_event_h (site_event_hk) NOT ENFORCED;
ALTER TABLE business.event_page_l ADD CONSTRAINT event_page_l_site_page_hk_fkey FOREIGN KEY (site_page_hk) REFERENCES business.site_page_h (site_page_hk) NOT ENFORCED;
ALTER TABLE business.event_business_item_l ADD CONSTRAINT event_business_item_l_site_event_hk_fkey FOREIGN KEY (site_event_hk) REFERENCES business.site_event_h (site_event_hk) NOT ENFORCED;
ALTER TABLE business.event_business_item_l ADD CONSTRAINT event_business_item_l_business_item_hk_fkey FOREIGN KEY (business_item_hk) REFERENCES business.business_item_h (business_item_hk) NOT ENFORCED;
ALTER TABLE business.site_session_details_s ADD CONSTRAINT site_session_details_s_site_session_hk_fkey FOREIGN KEY (site_session_hk) REFERENCES business.site_session_h (site_session_hk) NOT ENFORCED;
ALTER TABLE business.site_visitor_details_s ADD CONSTRAINT site_visitor_details_s_site_visitor_hk_fkey FOREIGN KEY (site_visitor_hk) REFERENCES business.site_visitor_h (site_visitor_hk) NOT ENFORCED;
ALTER TABLE business.site_event_details_s ADD CONSTRAINT site_event_details_s_site_event_hk_fkey FOREIGN KEY (site_event_hk) REFERENCES business.site_event_h (site_event_hk) NOT ENFORCED;
ALTER TABLE business.site_page_details_s ADD CONSTRAINT site_page_details_s_site_page_hk_fkey FOREIGN KEY (site_page_hk) REFERENCES business.site_page_h (site_page_hk) NOT ENFORCED;
ALTER TABLE business.business_item_details_s ADD CONSTRAINT business_item_details_s_business_item_hk_fkey FOREIGN KEY (business_item_hk) REFERENCES business.business_item_h (business_item_hk) NOT ENFORCED;
ALTER TABLE business.site_session_context_s ADD CONSTRAINT site_session_context_s_site_session_hk_fkey FOREIGN KEY (site_session_hk) REFERENCES business.site_session_h (site_session_hk) NOT ENFORCED;
ALTER TABLE business.site_session_consent_s ADD CONSTRAINT site_session_consent_s_site_session_hk_fkey FOREIGN KEY (site_session_hk) REFERENCES business.site_session_h (site_session_hk) NOT ENFORCED;
ALTER TABLE business.site_session_network_s ADD CONSTRAINT site_session_network_s_site_session_hk_fkey FOREIGN KEY (site_session_hk) REFERENCES business.site_session_h (site_session_hk) NOT ENFORCED;
ALTER TABLE business.site_session_same_as_s ADD CONSTRAINT site_session_same_as_s_site_session_hk_fkey FOREIGN KEY (site_session_hk) REFERENCES business.site_session_h (site_session_hk) NOT ENFORCED;
ALTER TABLE business.site_session_visit_s ADD CONSTRAINT site_session_visit_s_site_session_hk_fkey FOREIGN KEY (site_session_hk) REFERENCES business.site_session_h (site_session_hk) NOT ENFORCED;
ALTER TABLE business.site_session_judgement_s ADD CONSTRAINT site_session_judgement_s_site_session_hk_fkey FOREIGN KEY (site_session_hk) REFERENCES business.site_session_h (site_session_hk) NOT ENFORCED;
ALTER TABLE business.site_page_judgement_s ADD CONSTRAINT site_page_judgement_s_site_page_hk_fkey FOREIGN KEY (site_page_hk) REFERENCES business.site_page_h (site_page_hk) NOT ENFORCED;
ALTER TABLE business.site_session_h ADD CONSTRAINT site_session_h_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_visitor_h ADD CONSTRAINT site_visitor_h_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_event_h ADD CONSTRAINT site_event_h_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_page_h ADD CONSTRAINT site_page_h_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.business_item_h ADD CONSTRAINT business_item_h_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.session_visitor_l ADD CONSTRAINT session_visitor_l_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.event_session_l ADD CONSTRAINT event_session_l_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.event_page_l ADD CONSTRAINT event_page_l_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.event_business_item_l ADD CONSTRAINT event_business_item_l_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_session_details_s ADD CONSTRAINT site_session_details_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_visitor_details_s ADD CONSTRAINT site_visitor_details_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_event_details_s ADD CONSTRAINT site_event_details_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_page_details_s ADD CONSTRAINT site_page_details_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.business_item_details_s ADD CONSTRAINT business_item_details_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_session_context_s ADD CONSTRAINT site_session_context_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_session_consent_s ADD CONSTRAINT site_session_consent_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_session_network_s ADD CONSTRAINT site_session_network_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_session_same_as_s ADD CONSTRAINT site_session_same_as_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_session_visit_s ADD CONSTRAINT site_session_visit_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_session_judgement_s ADD CONSTRAINT site_session_judgement_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;
ALTER TABLE business.site_page_judgement_s ADD CONSTRAINT site_page_judgement_s_tenant_hk_fkey FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED;