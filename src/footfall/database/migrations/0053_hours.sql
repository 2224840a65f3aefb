-- Days of many visits are rolled up hour by hour, while they last: today's answers do not count what is over again and again.
ALTER TABLE business.day_w ADD COLUMN is_divided boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN business.day_w.is_divided IS 'hour_w says which of its hours are rolled up. Of days with many visits, until they are a few days old';
-- Usage: business.merge_old_hours
CREATE INDEX day_w_divided ON business.day_w (day) WHERE is_divided;

CREATE TABLE business.hour_w (
    tenant_hk bytea NOT NULL,
    day date NOT NULL,
    hour timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    is_rolled_up boolean NOT NULL,
    ends_at timestamptz,
    -- Usage: business.rollup_of_hours: which hours of a day have to be counted from the bridge
    PRIMARY KEY (tenant_hk, day, hour)
);
COMMENT ON TABLE business.hour_w IS 'Hours (UTC) in which visits of a divided day began, on that day; is_rolled_up: rollup_hour_w holds what the bridge says. A load that touches one of those visits resets it.';
COMMENT ON COLUMN business.hour_w.ends_at IS 'when the last event of its visits happened, on that day; while it is rolled up';
-- Usage: business.roll_up_hour
CREATE INDEX hour_w_due ON business.hour_w (touched_at) WHERE NOT is_rolled_up;

CREATE TABLE business.rollup_hour_w (
    tenant_hk bytea NOT NULL,
    day date NOT NULL,
    hour timestamptz NOT NULL,
    dimension varchar(30) NOT NULL,
    value text NOT NULL,
    previous_day date NOT NULL,
    events bigint NOT NULL,
    page_views bigint NOT NULL,
    interactions bigint NOT NULL,
    visits bigint NOT NULL,
    visitors bigint,
    begun bigint,
    bounces bigint,
    duration_seconds bigint,
    conversions bigint NOT NULL,
    converted bigint NOT NULL,
    revenue numeric NOT NULL,
    latest_name text,
    refunds numeric NOT NULL,
    views_without_visit bigint NOT NULL,
    -- Usage: business.rollup_of_hours: one dimension of an hour; business.roll_up_hour: all of them
    PRIMARY KEY (tenant_hk, day, hour, dimension, value, previous_day)
);
COMMENT ON TABLE business.rollup_hour_w IS 'Figures as in rollup_b, of the visits that began in an hour of a divided day: their sums are those of the day.';
COMMENT ON COLUMN business.rollup_hour_w.latest_name IS 'after when it was met, so that the greatest of several hours is the latest: business.name_of';
