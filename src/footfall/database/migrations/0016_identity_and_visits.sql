-- One time for each event, whatever comes with it: what was kept for events without a time is kept for all, for some days.
CREATE TABLE staging.event_identity (
    -- Usage: staging.validate_and_enrich: when this event was first sent
    identity bytea PRIMARY KEY,
    event_timestamp timestamptz NOT NULL,
    received_timestamp timestamptz NOT NULL,
    is_of_receipt boolean NOT NULL
) WITH (fillfactor = 90);
COMMENT ON TABLE staging.event_identity IS 'When an event was, by the first time that it was sent under its id: sent again with another time, it is the same event.';
COMMENT ON COLUMN staging.event_identity.identity IS 'first 16 bytes of the SHA-256 of tenant and event id';
COMMENT ON COLUMN staging.event_identity.is_of_receipt IS 'the event alone does not tell its time: kept for ever; the others for seven days';
-- Usage: staging.forget_identities: rows come in the order of their receipt
CREATE INDEX event_identity_received ON staging.event_identity USING brin (received_timestamp);
INSERT INTO staging.event_identity (identity, event_timestamp, received_timestamp, is_of_receipt)
SELECT substr(sha256(convert_to(octet_length(t.tenant_bk) || ':' || t.tenant_bk || u.event_id, 'UTF8')), 1, 16),
       u.event_timestamp, u.event_timestamp, true
FROM staging.untimed_event u JOIN auth.tenant_h t ON t.tenant_hk = u.tenant_hk
ON CONFLICT DO NOTHING;
DROP TABLE staging.untimed_event;

-- What was noted of events, for people to look at: a line for each load, hour and code. Loads never wait for each other here.
CREATE TABLE staging.note (
    tenant_hk bytea NOT NULL,
    noted_hour timestamptz NOT NULL,
    code varchar(50) NOT NULL,
    raw_event_id bigint NOT NULL,
    received_timestamp timestamptz NOT NULL,
    events bigint NOT NULL,
    -- Usage: api.quality: a tenant's last hours
    PRIMARY KEY (tenant_hk, noted_hour, code, raw_event_id)
);
COMMENT ON TABLE staging.note IS 'How many events got which validation flag; kept for eight days.';
COMMENT ON COLUMN staging.note.raw_event_id IS 'an example: the latest of them; likewise received_timestamp';

-- Who a visitor was to the edge before an id came with consent.
ALTER TABLE staging.site_events_staging ADD COLUMN known_as_hk bytea;
COMMENT ON COLUMN staging.site_events_staging.known_as_hk IS 'the visitor as the edge knows them, of an event with a visitor_id of its own and no session id';

-- An event of nobody (no session id, no visitor: a visitor who asks not to be tracked, a server) is no visit.
ALTER TABLE business.site_session_w ADD COLUMN is_visit boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN business.site_session_w.is_visit IS 'false: one event of nobody, which counts for itself only';
ALTER TABLE business.site_session_w ADD COLUMN known_as_hk bytea;
COMMENT ON COLUMN business.site_session_w.known_as_hk IS 'the visitor as the edge knew them, when their id came with consent';
-- Usage: business.join_half_hours: the visit of somebody who consents in mid-visit
CREATE INDEX site_session_w_known_as ON business.site_session_w (known_as_hk, session_bucket) WHERE known_as_hk IS NOT NULL;
ALTER TABLE business.visit_b ADD COLUMN is_visit boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN business.visit_b.is_visit IS 'false: one event of nobody, which counts for itself only';
ALTER TABLE business.event_b ADD COLUMN is_visit boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN business.event_b.is_visit IS 'false: an event of nobody, in no visit';
-- Events at the same time go by the order in which they were sent and received.
ALTER TABLE business.event_b ADD COLUMN raw_event_id bigint;
COMMENT ON COLUMN business.event_b.raw_event_id IS 'the order of sending and receiving: it tells events of one time apart; NULL before it was kept';
ALTER TABLE business.visit_b RENAME COLUMN first_view_event_hk TO first_view_order;
ALTER TABLE business.visit_b RENAME COLUMN last_view_event_hk TO last_view_order;
COMMENT ON COLUMN business.visit_b.first_view_order IS 'of the first page view among those of its time: raw event id and key; likewise last_view_order';
ALTER TABLE business.site_session_context_s ADD COLUMN entry_raw_event_id bigint;
COMMENT ON COLUMN business.site_session_context_s.entry_raw_event_id IS '+ its raw event: of events at one time the one that was sent first';
ALTER TABLE business.rollup_b ADD COLUMN refunds numeric NOT NULL DEFAULT 0;
COMMENT ON COLUMN business.rollup_b.refunds IS 'what was paid back, in the tenant''s currency: revenue is without it';
ALTER TABLE business.rollup_b ADD COLUMN views_without_visit bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN business.rollup_b.views_without_visit IS 'page views of nobody; they are among page_views';

-- What is stored already: sessions whose key is that of their one event are of nobody.
UPDATE business.site_session_w w SET is_visit = false, is_open = false
FROM business.site_session_h h
WHERE h.site_session_hk = w.site_session_hk AND h.site_session_bk LIKE 'session\_evt\_%' AND w.session_bucket IS NULL;
UPDATE business.visit_b v SET is_visit = false, start_day = NULL, is_bounce = NULL, duration_seconds = NULL
FROM business.site_session_w w WHERE w.site_session_hk = v.site_session_hk AND NOT w.is_visit;
UPDATE business.event_b e SET is_visit = false
FROM business.site_session_w w WHERE w.site_session_hk = e.site_session_hk AND NOT w.is_visit;
UPDATE business.day_w SET is_rolled_up = false;

-- These functions give other columns, or take others.
DROP FUNCTION IF EXISTS business.conversion_of(bytea, text, text, text, timestamptz, numeric, text);
DROP FUNCTION IF EXISTS business.conversion_identity(text, text, bytea, text, bytea);
DROP FUNCTION IF EXISTS business.events_as_of(bytea, timestamptz, timestamptz, timestamptz);
DROP FUNCTION IF EXISTS business.visitor_events(bytea);
