-- Who did what: for each tenant a chain of rows that nobody may change, and one for what belongs to no tenant (its key is empty).
CREATE TABLE auth.audit_event (
    tenant_hk bytea NOT NULL,
    seq bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor_kind varchar(20) NOT NULL,
    actor varchar(255) NOT NULL,
    via varchar(20) NOT NULL,
    action varchar(100) NOT NULL,
    subject varchar(255) NOT NULL,
    details jsonb NOT NULL,
    request_id varchar(128),
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    -- Usage: auth.own_audit, newest first; auth.audit_breaks: the row before
    PRIMARY KEY (tenant_hk, seq)
);
-- Usage: auth.all_audit, newest first; auth.audit_breaks of the last day
CREATE INDEX audit_event_occurred ON auth.audit_event (occurred_at);
COMMENT ON TABLE auth.audit_event IS 'Who did what: each row carries the hash of the row before it of its tenant. The empty key: what belongs to no tenant.';
COMMENT ON COLUMN auth.audit_event.seq IS 'from 1, without gaps, in the order of commits';
COMMENT ON COLUMN auth.audit_event.actor IS 'the number of a person, key or token: names are looked up when it is read; the system''s user of a command';
COMMENT ON COLUMN auth.audit_event.action IS 'one of footfall.governance.ACTIONS';
COMMENT ON COLUMN auth.audit_event.subject IS 'what it was done to; people by number';
COMMENT ON COLUMN auth.audit_event.details IS 'what changed, as [before, after]; never a secret, nothing of visitors';
COMMENT ON COLUMN auth.audit_event.hash IS 'auth.audit_hash: of all other columns, the hash before it among them';

CREATE TABLE auth.audit_head (
    tenant_hk bytea PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE auth.audit_head IS 'The last row of each chain: whoever adds to a chain locks it, and a chain whose end was cut off is found.';

CREATE TABLE auth.audit_told (
    told_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_hk bytea NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor_kind varchar(20) NOT NULL,
    actor varchar(255) NOT NULL,
    via varchar(20) NOT NULL,
    action varchar(100) NOT NULL,
    subject varchar(255) NOT NULL,
    details jsonb NOT NULL,
    request_id varchar(128)
);
COMMENT ON TABLE auth.audit_told IS 'What a transaction under way has done; when it commits, its rows are chained and go. Nobody else ever sees one.';

CREATE TABLE auth.audit_repeat (
    tenant_hk bytea NOT NULL,
    actor_kind varchar(20) NOT NULL,
    actor varchar(255) NOT NULL,
    action varchar(100) NOT NULL,
    subject varchar(255) NOT NULL,
    via varchar(20) NOT NULL,
    told_at timestamptz NOT NULL,
    lasts interval NOT NULL,
    untold integer NOT NULL,
    PRIMARY KEY (tenant_hk, actor_kind, actor, action, subject)
);
COMMENT ON TABLE auth.audit_repeat IS 'What may happen often: told once, and for so long after only counted. So a flood of failures is a row a minute.';

INSERT INTO util.work (work) VALUES ('audit') ON CONFLICT DO NOTHING;
