-- Who came: bots by kind and name, systems with their version, and the client hints that browsers send beside their agent. What is
-- stored keeps its judgements; events that were loaded before have none of these.
ALTER TABLE raw.site_tracking_events_r ADD COLUMN client_hints varchar(200);
COMMENT ON COLUMN raw.site_tracking_events_r.client_hints IS 'what the browser said beside its agent: brands, platform, kind of device; no model';

ALTER TABLE ref.user_agent
    ADD COLUMN operating_system_version varchar(20), ADD COLUMN bot_kind varchar(20), ADD COLUMN bot_name varchar(50),
    DROP CONSTRAINT user_agent_traffic_class_check,
    ADD CONSTRAINT user_agent_traffic_class_check CHECK (traffic_class IN ('human', 'bot', 'program'));
COMMENT ON TABLE ref.user_agent IS 'Each distinct user agent with its hints, judged once; keyed by staging.agent_key, so that the text itself is not kept here.';
COMMENT ON COLUMN ref.user_agent.traffic_class IS 'program: a library or kit, which is somebody or nobody by the key that it comes with';
COMMENT ON COLUMN ref.user_agent.parser_version IS 'the rules and lists that judged it; others judge it again when it comes again';

ALTER TABLE business.site_session_context_s
    ADD COLUMN client_hints varchar(200), ADD COLUMN operating_system_version varchar(20),
    ADD COLUMN bot_kind varchar(20), ADD COLUMN bot_name varchar(50);
COMMENT ON COLUMN business.site_session_context_s.client_hints IS 'what the browser said beside its agent, as the door wrote it';
COMMENT ON COLUMN business.site_session_context_s.operating_system_version IS 'two parts at most: 11, 17.1';
COMMENT ON COLUMN business.site_session_context_s.bot_kind IS 'search_engine, ai_crawler, ai_assistant, monitor, library, …; empty: a person';
COMMENT ON COLUMN business.site_session_context_s.bot_name IS 'what the bot is called';
ALTER TABLE business.visit_b
    ADD COLUMN operating_system_version varchar(20), ADD COLUMN bot_kind varchar(20), ADD COLUMN bot_name varchar(50);
-- a view has the columns that its table had
CREATE OR REPLACE VIEW business.site_session_context_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_session_context_s WHERE load_end_date IS NULL;
-- These give other columns.
DROP FUNCTION IF EXISTS business.visit_context(bytea, timestamptz);
DROP FUNCTION IF EXISTS business.events_as_of(bytea, timestamptz, timestamptz, timestamptz);
