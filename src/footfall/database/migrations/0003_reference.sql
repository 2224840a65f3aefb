-- Reference data. A row with the empty tenant key holds for all tenants.

CREATE TABLE ref.event_type (
    tenant_hk bytea NOT NULL,
    event_type varchar(50) NOT NULL,
    event_category varchar(50) NOT NULL,
    event_action varchar(50),
    PRIMARY KEY (tenant_hk, event_type)
);
COMMENT ON TABLE ref.event_type IS 'The allow-list of evt_type, with the category and action of events that name none.';
COMMENT ON COLUMN ref.event_type.event_action IS 'NULL: the event must name its action';
INSERT INTO ref.event_type VALUES
    ('\x', 'page_view', 'navigation', 'view'),
    ('\x', 'item_interaction', 'items', 'view'),
    ('\x', 'transaction_step', 'transactions', NULL),
    ('\x', 'contact_interaction', 'contact', 'submit'),
    ('\x', 'engagement', 'engagement', 'view');

CREATE TABLE ref.conversion_rule (
    conversion_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_hk bytea NOT NULL,
    event_type varchar(50) NOT NULL,
    event_action varchar(50) NOT NULL,
    event_label varchar(255),
    value numeric(18,4),
    currency varchar(10),
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
COMMENT ON TABLE ref.conversion_rule IS 'Which events are conversions, and what each is worth.';
COMMENT ON COLUMN ref.conversion_rule.event_label IS 'NULL: any label';
COMMENT ON COLUMN ref.conversion_rule.value IS 'NULL: the event''s own value';
COMMENT ON COLUMN ref.conversion_rule.currency IS 'NULL: the event''s own currency';
INSERT INTO ref.conversion_rule (tenant_hk, event_type, event_action, valid_from)
VALUES ('\x', 'transaction_step', 'complete', '-infinity');

CREATE TABLE ref.visitor_segment (
    tenant_hk bytea NOT NULL,
    position integer NOT NULL,
    segment varchar(100) NOT NULL,
    minimum_sessions integer NOT NULL,
    minimum_transactions integer NOT NULL,
    minimum_lifetime_value numeric(18,4) NOT NULL,
    PRIMARY KEY (tenant_hk, position)
);
COMMENT ON TABLE ref.visitor_segment IS 'A visitor''s segment is the first whose minima all hold; a tenant''s own come before the general.';
INSERT INTO ref.visitor_segment VALUES
    ('\x', 1, 'loyal customer', 3, 2, 0),
    ('\x', 2, 'customer', 1, 1, 0),
    ('\x', 3, 'returning visitor', 2, 0, 0),
    ('\x', 4, 'new visitor', 0, 0, 0);

CREATE TABLE ref.referrer (
    host varchar(253) PRIMARY KEY,
    source varchar(100) NOT NULL,
    channel varchar(20) NOT NULL
);
COMMENT ON TABLE ref.referrer IS 'Known referrers, from staging/referrers.csv; a host ending in .* stands for every top-level domain.';

CREATE TABLE ref.user_agent (
    user_agent_hash bytea PRIMARY KEY,
    device_type varchar(20),
    browser_name varchar(50),
    browser_version varchar(20),
    operating_system varchar(50),
    traffic_class varchar(10) NOT NULL CHECK (traffic_class IN ('human', 'bot')),
    parser_version varchar(20) NOT NULL
);
COMMENT ON TABLE ref.user_agent IS 'Each distinct user agent, parsed once; keyed by its SHA-256, so that the text itself is not kept here.';
