-- What owners ask of their rules in the dashboard, and the worker does.
CREATE TABLE ref.rule_task (
    tenant_hk bytea NOT NULL,
    task bigint GENERATED ALWAYS AS IDENTITY,
    kind varchar(10) NOT NULL CHECK (kind IN ('preview', 'apply', 'revert')),
    rules jsonb,
    days integer,
    reason varchar(500) NOT NULL,
    actor_kind varchar(20) NOT NULL,
    actor varchar(255) NOT NULL,
    actor_via varchar(20) NOT NULL,
    asked_at timestamptz NOT NULL,
    begun_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    version_then integer,
    finished_at timestamptz,
    result jsonb,
    error_code varchar(100),
    error text,
    PRIMARY KEY (tenant_hk, task)
);
-- Usage: a worker looks for the next one; business.ask_rules: one of a tenant at a time
CREATE UNIQUE INDEX rule_task_open ON ref.rule_task (tenant_hk) WHERE finished_at IS NULL;
COMMENT ON TABLE ref.rule_task IS 'What owners ask of their rules, until an hour after it was done: what came of it stays in ref.rule_set.';
COMMENT ON COLUMN ref.rule_task.rules IS 'footfall.judgement.rules.RuleSet; of revert none';
COMMENT ON COLUMN ref.rule_task.days IS 'of a preview: of visits that began in the last so many; empty: of all';
COMMENT ON COLUMN ref.rule_task.actor IS 'who asks, as the audit log has them: people by number';
COMMENT ON COLUMN ref.rule_task.begun_at IS 'when a worker first took it: one that was interrupted is taken again';
COMMENT ON COLUMN ref.rule_task.version_then IS 'the set in force when a worker first took it; 0: none';
COMMENT ON COLUMN ref.rule_task.result IS 'what would change, or changed; of a preview with an example each';

-- A tenant's own networks: that an event came from one is known where its address is, and landed with it; the address is not.
ALTER TABLE raw.site_tracking_events_r ADD COLUMN own_network varchar(50);
COMMENT ON COLUMN raw.site_tracking_events_r.own_network IS 'the name of the range of the tenant''s own addresses that it came from, by the rules of that moment; of no address anything is kept';
ALTER TABLE staging.site_events_staging ADD COLUMN own_network varchar(50);
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
-- Usage: business.site_session_judgement_of: where a visit's first event came from; business.remove_grain
CREATE INDEX ON business.site_session_network_s (site_event_hk);

-- What a goal is worth from a day on.
ALTER TABLE ref.goal ADD COLUMN later_values jsonb;
COMMENT ON COLUMN ref.goal.later_values IS 'what it is worth from days of the tenant on, in their order: {"from", "value", "currency"}; before the first, value and currency hold; NULL: these always do';
DROP FUNCTION IF EXISTS api.add_goal(bytea, text, text, numeric, text);
