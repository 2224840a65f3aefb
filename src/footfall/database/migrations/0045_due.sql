-- Outside of a transaction, statement by statement:
-- which open sessions may be over is found in an index of when to look
ALTER TABLE business.site_session_w ADD COLUMN IF NOT EXISTS look_at timestamptz NOT NULL DEFAULT '-infinity';
COMMENT ON COLUMN business.site_session_w.look_at IS 'when it may be over, at the earliest: never later than its last event and the silence after it. Left alone by further events (HOT update), until it is looked at';
DROP INDEX CONCURRENTLY IF EXISTS business.site_session_w_due;
-- Usage: business.close_sessions: open sessions that may be over; api.measures, business.site_session_current_v: open ones
CREATE INDEX CONCURRENTLY site_session_w_due ON business.site_session_w (look_at) WHERE is_open;
DROP INDEX CONCURRENTLY IF EXISTS business.site_session_w_open;
