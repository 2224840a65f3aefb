-- What each check of the stored data found when it was run last: the worker runs all of them in the course of a night.
CREATE TABLE util.check_result (
    code text PRIMARY KEY,
    checked_at timestamptz NOT NULL,
    seconds double precision NOT NULL,
    violations bigint NOT NULL,
    examples text[] NOT NULL
);
COMMENT ON TABLE util.check_result IS 'What each check found when it was run last by the worker; footfall check itself writes nothing.';
COMMENT ON COLUMN util.check_result.examples IS 'of the violations, the first';

INSERT INTO util.work (work) VALUES ('checks') ON CONFLICT DO NOTHING;
