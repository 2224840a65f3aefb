-- Two more things that a tenant's plan bounds: keys of properties, and months that its events are of.
ALTER TABLE auth.tenant_plan
    ADD COLUMN keys_per_day integer CHECK (keys_per_day > 0),
    ADD COLUMN months_per_day integer CHECK (months_per_day > 0);
COMMENT ON COLUMN auth.tenant_plan.keys_per_day IS 'different keys of properties';
COMMENT ON COLUMN auth.tenant_plan.months_per_day IS 'different months that events are of: each has partitions of its own';
-- twenty times what the richest sites name; events of fifty years
UPDATE auth.tenant_plan SET keys_per_day = 10000, months_per_day = 600 WHERE tenant_hk = '\x';

ALTER TABLE auth.tenant_usage
    ADD COLUMN property_keys integer NOT NULL DEFAULT 0,
    ADD COLUMN months integer NOT NULL DEFAULT 0;

CREATE TABLE auth.tenant_seen (
    tenant_hk bytea NOT NULL,
    day date NOT NULL,
    what text NOT NULL CHECK (what IN ('key', 'month')),
    value_hash bigint NOT NULL,
    -- Usage: business.count_usage, what a load brings
    PRIMARY KEY (tenant_hk, day, what, value_hash)
);
COMMENT ON TABLE auth.tenant_seen IS
    'What the plan counts once a day (UTC, of the load): that it was seen, not what it is. Gone when the day is over.';
