-- Work state beside the vault: which sessions are open, what is due to be recomputed. Disposable: rebuildable from the vault.

CREATE TABLE business.site_session_w (
    site_session_hk bytea PRIMARY KEY,
    tenant_hk bytea NOT NULL,
    root_session_hk bytea NOT NULL,
    site_visitor_hk bytea,
    session_bucket timestamptz,
    first_event_timestamp timestamptz NOT NULL,
    last_event_timestamp timestamptz NOT NULL,
    touched_load_date timestamptz NOT NULL,
    is_joined boolean NOT NULL,
    is_open boolean NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE business.site_session_w IS 'First and last event of each session, and of each half hour of an inferred one.';
COMMENT ON COLUMN business.site_session_w.root_session_hk IS 'the session that this half hour belongs to: itself, or the first half hour of the visit';
COMMENT ON COLUMN business.site_session_w.session_bucket IS 'NULL when the session id was sent';
COMMENT ON COLUMN business.site_session_w.is_joined IS 'root_session_hk was found after the latest event';
COMMENT ON COLUMN business.site_session_w.is_open IS 'has events that no row of site_session_details_s knows yet';
-- Usage: business.close_sessions: what is open. Not touched by further events of an open session (HOT update).
CREATE INDEX site_session_w_open ON business.site_session_w (tenant_hk) WHERE is_open;
-- Usage: business.join_half_hours: the neighbouring half hours of a visitor
CREATE INDEX site_session_w_neighbour ON business.site_session_w (site_visitor_hk, session_bucket) WHERE session_bucket IS NOT NULL;
-- Usage: business.site_session_details_of: the half hours of a session
CREATE INDEX site_session_w_root ON business.site_session_w (root_session_hk);

CREATE TABLE business.refresh_w (
    satellite varchar(50) NOT NULL,
    hash_key bytea NOT NULL,
    load_date timestamptz NOT NULL,
    tenant_hk bytea NOT NULL,
    PRIMARY KEY (satellite, hash_key, load_date)
);
COMMENT ON TABLE business.refresh_w IS 'Visitors, pages and items that have new events since their satellite was computed. Appended by loads, so that loads never wait for each other.';
