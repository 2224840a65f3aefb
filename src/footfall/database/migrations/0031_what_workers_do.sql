-- What workers do and find, for who watches from outside: they have no door to be asked at.
CREATE TABLE util.work_done (
    work text PRIMARY KEY,
    runs bigint NOT NULL,
    failures bigint NOT NULL,
    seconds double precision NOT NULL,
    last_done_at timestamptz NOT NULL
);
COMMENT ON TABLE util.work_done IS 'What all workers did since the store was made, by kind of work; runs that found nothing to do are runs, too.';
COMMENT ON COLUMN util.work_done.failures IS 'of the runs';

CREATE TABLE util.worker (
    worker text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE util.worker IS 'The workers that run, by a random name; each says every few seconds that it does.';

CREATE TABLE util.event_fate (
    fate text,
    reason text,
    events bigint NOT NULL,
    PRIMARY KEY (fate, reason)
);
COMMENT ON TABLE util.event_fate IS 'How many events were loaded, duplicate or invalid when their batch was loaded first; the latter also by each of their reasons.';
COMMENT ON COLUMN util.event_fate.reason IS 'empty: whatever the reason';
