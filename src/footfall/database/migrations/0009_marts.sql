-- Marts: what reports read. Kept in the load transaction from the events that were new in the hub, rebuildable from the vault to the
-- same rows (business.rebuild_marts), and never truth: `footfall check` compares them with the vault.

-- Which half hours are one visit is found in the load itself: no session waits for it any more.
ALTER TABLE business.site_session_w DROP COLUMN is_joined;

CREATE TABLE business.event_b (
    tenant_hk bytea NOT NULL,
    site_event_hk bytea NOT NULL,
    site_session_hk bytea NOT NULL,
    site_visitor_hk bytea,
    site_page_hk bytea,
    business_item_hk bytea,
    item_name varchar(255),
    event_timestamp timestamptz NOT NULL,
    day date NOT NULL,
    is_bot boolean NOT NULL,
    event_type varchar(50) NOT NULL,
    event_category varchar(50) NOT NULL,
    event_action varchar(50) NOT NULL,
    event_label varchar(255),
    event_value numeric(18,4),
    event_currency varchar(10),
    transaction_id varchar(255),
    transaction_funnel_step varchar(50),
    source varchar(100),
    channel varchar(20),
    device_type varchar(20),
    country varchar(2),
    -- Usage: every report that reads events: a tenant's events of a range of time
    PRIMARY KEY (tenant_hk, site_event_hk)
) PARTITION BY RANGE (site_event_hk);
COMMENT ON TABLE business.event_b IS 'Bridge: one row an event, with the keys of all it belongs to. Bots are in it, and marked.';
COMMENT ON COLUMN business.event_b.site_session_hk IS 'the visit: the session, or the first half hour of an inferred one';
COMMENT ON COLUMN business.event_b.site_visitor_hk IS 'the visit''s visitor; likewise source, channel, device_type and country';
COMMENT ON COLUMN business.event_b.day IS 'in the tenant''s time zone';
-- Usage: api.conversions_sql, business.rollup_of, api.items: the few events that are conversions or about items
CREATE INDEX event_b_act ON business.event_b (tenant_hk, event_type, event_action, site_event_hk) WHERE event_type <> 'page_view';
-- Usage: business.rollup_of, business.mark_days: other days on which a transaction was completed
CREATE INDEX event_b_transaction ON business.event_b (tenant_hk, transaction_id) WHERE transaction_id IS NOT NULL;

CREATE TABLE business.visit_b (
    site_session_hk bytea NOT NULL,
    day date NOT NULL,
    tenant_hk bytea NOT NULL,
    site_visitor_hk bytea,
    previous_day date,
    spans_days boolean NOT NULL DEFAULT false,
    start_day date,
    is_bounce boolean,
    duration_seconds integer,
    events integer NOT NULL,
    page_views integer NOT NULL,
    first_event_timestamp timestamptz,
    last_event_timestamp timestamptz,
    first_view_timestamp timestamptz,
    first_view_event_hk bytea,
    first_view_page_hk bytea,
    last_view_timestamp timestamptz,
    last_view_event_hk bytea,
    last_view_page_hk bytea,
    entry_page_hk bytea,
    exit_page_hk bytea,
    source varchar(100),
    channel varchar(20),
    referrer_host varchar(253),
    utm_source varchar(100),
    utm_medium varchar(100),
    utm_campaign varchar(100),
    device_type varchar(20),
    browser_name varchar(50),
    browser_version varchar(20),
    operating_system varchar(50),
    language varchar(10),
    country varchar(2),
    -- Usage: business.store_marts, and reports that need more of a visit than its events carry
    PRIMARY KEY (site_session_hk, day)
) WITH (fillfactor = 70);
COMMENT ON TABLE business.visit_b IS 'A visit''s part of one day of its tenant: nearly always the whole visit.';
COMMENT ON COLUMN business.visit_b.previous_day IS 'the last day before this one with events of humans in this visit; NULL: it is the first';
COMMENT ON COLUMN business.visit_b.spans_days IS 'the visit has events of humans on another day too';
COMMENT ON COLUMN business.visit_b.start_day IS 'day on which the visit began; known, like bounce and duration, when it is closed, and for humans only';
COMMENT ON COLUMN business.visit_b.events IS 'of humans; likewise page_views, first_event_timestamp and last_event_timestamp';
COMMENT ON COLUMN business.visit_b.entry_page_hk IS 'page of the visit''s first page view, whatever its day; likewise exit_page_hk';
-- Usage: business.rollup_of, reports by properties of visits, api.report_sessions: a tenant's visits of a range of days
CREATE INDEX visit_b_day ON business.visit_b (tenant_hk, day);
-- Usage: business.rollup_of, business.mark_days, api.report_visitor: the days on which a visitor was seen
CREATE INDEX visit_b_visitor ON business.visit_b (site_visitor_hk, day) WHERE site_visitor_hk IS NOT NULL;
-- Usage: api.track_analytics: the few visits whose funnel is not that of one day
CREATE INDEX visit_b_spanning ON business.visit_b (tenant_hk, day) WHERE spans_days;

CREATE TABLE business.rollup_b (
    tenant_hk bytea NOT NULL,
    dimension varchar(30) NOT NULL,
    day date NOT NULL,
    value text NOT NULL,
    previous_day date NOT NULL,
    events bigint NOT NULL,
    page_views bigint NOT NULL,
    interactions bigint NOT NULL,
    visits bigint NOT NULL,
    visitors bigint,
    begun bigint,
    bounces bigint,
    duration_seconds bigint,
    conversions bigint NOT NULL,
    converted bigint NOT NULL,
    revenue numeric NOT NULL,
    latest_name varchar(255),
    -- Usage: business.rollups: one dimension of a tenant in a range of days
    PRIMARY KEY (tenant_hk, dimension, day, value, previous_day)
) PARTITION BY RANGE (day);
COMMENT ON TABLE business.rollup_b IS 'Figures of a day by the values of a dimension. What can recur (visits, visitors, conversions) is told apart by the day it was last seen with that value: the distinct ones from day a on are the sum over previous_day < a, whatever the range.';
COMMENT ON COLUMN business.rollup_b.previous_day IS '-infinity: never seen before; what is merely counted stands there too';
COMMENT ON COLUMN business.rollup_b.visitors IS 'NULL for dimensions of events: those are counted from the bridge';
COMMENT ON COLUMN business.rollup_b.begun IS 'closed visits of humans that began on this day; bounces and duration_seconds are theirs';
COMMENT ON COLUMN business.rollup_b.converted IS 'visits with a conversion';
COMMENT ON COLUMN business.rollup_b.revenue IS 'value of the conversions in the tenant''s currency; of dimension currency: in that';

CREATE TABLE business.day_w (
    tenant_hk bytea NOT NULL,
    day date NOT NULL,
    touched_at timestamptz NOT NULL,
    is_rolled_up boolean NOT NULL,
    -- Usage: business.rollups: which days of a range have to be counted from the bridge
    PRIMARY KEY (tenant_hk, day)
);
COMMENT ON TABLE business.day_w IS 'Days with events; is_rolled_up: rollup_b holds what the bridge says. A load that touches a day resets it.';
-- Usage: business.roll_up_due
CREATE INDEX day_w_due ON business.day_w (touched_at) WHERE NOT is_rolled_up;

CREATE TABLE ref.time_zone (
    tenant_hk bytea NOT NULL DEFAULT '\x' CHECK (tenant_hk = '\x'),
    -- Usage: business.visit_context
    time_zone varchar(50) PRIMARY KEY,
    country varchar(2) NOT NULL
);
COMMENT ON TABLE ref.time_zone IS 'The country of an IANA time zone (ISO 3166), from tzdata: where a browser says it is, without looking at an address.';
