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
COMMENT ON COLUMN ref.rule_task.result IS 'what would change, or changed; of a preview with an example each';
