-- All five words of a campaign are kept. Events that were staged before have not got the last two.
ALTER TABLE staging.site_events_staging ADD COLUMN utm_content varchar(100), ADD COLUMN utm_term varchar(100);
ALTER TABLE business.site_session_context_s ADD COLUMN utm_content varchar(100), ADD COLUMN utm_term varchar(100);
COMMENT ON COLUMN business.site_session_context_s.utm_content IS 'which link or advertisement of the campaign';
COMMENT ON COLUMN business.site_session_context_s.utm_term IS 'what was searched for, as the campaign says';
ALTER TABLE business.visit_b ADD COLUMN utm_content varchar(100), ADD COLUMN utm_term varchar(100);
-- a view has the columns that its table had
CREATE OR REPLACE VIEW business.site_session_context_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_session_context_s WHERE load_end_date IS NULL;
-- These give other columns.
DROP FUNCTION IF EXISTS business.visit_context(bytea, timestamptz);
DROP FUNCTION IF EXISTS business.events_as_of(bytea, timestamptz, timestamptz, timestamptz);
