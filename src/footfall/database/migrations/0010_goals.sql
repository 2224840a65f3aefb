-- What a tenant wants its visitors to do, by name.
CREATE TABLE ref.goal (
    tenant_hk bytea NOT NULL,
    goal varchar(100) NOT NULL,
    filter varchar(2000) NOT NULL,
    value numeric(18,4),
    currency varchar(10),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_hk, goal)
);
COMMENT ON TABLE ref.goal IS 'Goals of reports: an event reaches one when it meets the filter. They hold for all of history, from when they are defined.';
COMMENT ON COLUMN ref.goal.filter IS 'in the filter language of reports (docs/reports.md): an event pattern or a page pattern';
COMMENT ON COLUMN ref.goal.value IS 'worth of reaching it; NULL: the event''s own value';
COMMENT ON COLUMN ref.goal.currency IS 'NULL: the event''s, else the tenant''s';
