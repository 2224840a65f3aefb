-- Which event a view is: page views that carry one id of a view are one, whatever ids and times of their own.
ALTER TABLE staging.event_identity ADD COLUMN stands_for text;
COMMENT ON COLUMN staging.event_identity.stands_for IS 'of a page_view_id: the name of the event that was the first under it; NULL for what an event id or a payload is known by';

-- A visit has an end: a session id that comes back after its silence, or after a day, begins another visit, with a row of its own.
ALTER TABLE business.site_session_w
    ADD COLUMN of_session_hk bytea,
    ADD COLUMN chain_session_hk bytea,
    ADD COLUMN is_split boolean NOT NULL DEFAULT false,
    ADD COLUMN has_end boolean NOT NULL DEFAULT false;
ALTER TABLE business.site_session_w ALTER COLUMN has_end SET DEFAULT true;
COMMENT ON TABLE business.site_session_w IS 'First and last event of each visit, and of each half hour of an inferred one. Of a visit that is none any more the last event is before the first.';
COMMENT ON COLUMN business.site_session_w.of_session_hk IS 'the session that a later visit''s events were sent in; NULL: the row''s own';
COMMENT ON COLUMN business.site_session_w.chain_session_hk IS 'the first half hour of all those without a silence, where a visit ended because it lasted too long; NULL: root_session_hk';
COMMENT ON COLUMN business.site_session_w.is_split IS 'the session has later visits: of its events only those from first to last are of this one';
COMMENT ON COLUMN business.site_session_w.has_end IS 'false: from when a session id was one visit for ever, and half hours without a silence were; that stays as it was';
-- Usage: business.split_sessions, business.visit_of: the later visits of a session
CREATE INDEX site_session_w_of_session ON business.site_session_w (of_session_hk) WHERE of_session_hk IS NOT NULL;
-- Usage: business.events_as_of: all half hours without a silence
CREATE INDEX site_session_w_chain ON business.site_session_w (chain_session_hk) WHERE chain_session_hk IS NOT NULL;

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
-- Usage: business.events_as_of: the later visits of a session
CREATE INDEX ON business.site_session_visit_s (of_session_hk);

-- This function gives something else.
DROP FUNCTION IF EXISTS business.touch_sessions(timestamptz);
