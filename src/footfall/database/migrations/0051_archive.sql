-- The archive: months that are over, as columns in files. Here stands which file holds which tenant's month; files say nothing by themselves.
CREATE SCHEMA archive;

CREATE TABLE archive.file (
    file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    layer text NOT NULL CHECK (layer IN ('bridge', 'visit', 'vault', 'raw')),
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    path text NOT NULL UNIQUE,
    state text NOT NULL CHECK (state IN ('writing', 'live', 'dead')),
    reserved_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    row_count bigint,
    bytes bigint,
    sha256 bytea,
    goes_at_once boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE archive.file IS
    'Files of the archive. writing: reserved, it may be half there; live: whole and proved; dead: another one, or none, stands for it: it goes when no question reads it any more.';
COMMENT ON COLUMN archive.file.path IS 'below the archive''s folder or bucket; a name is never used twice';
COMMENT ON COLUMN archive.file.month IS 'bridge, vault: of the event''s key, UTC; visit: of its day; raw: of receipt, UTC';
COMMENT ON COLUMN archive.file.row_count IS 'of all its parts together';
COMMENT ON COLUMN archive.file.goes_at_once IS 'it holds rows of who has left, or, when it is dead, what was erased: it goes before all others, and waits for no question';
-- Usage: archive.files_to_sweep: what was left half written, and what has to go
CREATE INDEX file_swept ON archive.file (state, changed_at) WHERE state <> 'live';

CREATE TABLE archive.part (
    tenant_hk bytea NOT NULL,
    layer text NOT NULL,
    month date NOT NULL,
    file_id bigint NOT NULL,
    path text NOT NULL,
    sha256 bytea,
    is_live boolean NOT NULL,
    stale_since timestamptz,
    row_count bigint,
    digest text,
    load_date timestamptz,
    proved_at timestamptz,
    -- Usage: archive.live_parts: a tenant's files of a range of months; archive.note_change
    PRIMARY KEY (tenant_hk, layer, month, file_id)
);
COMMENT ON TABLE archive.part IS 'A tenant''s month in a file: the very rows that the tables had when it was written.';
COMMENT ON COLUMN archive.part.sha256 IS 'of the file, as path: who reads it for one tenant sees no other row of the ledger';
COMMENT ON COLUMN archive.part.stale_since IS 'a row of this tenant and month has changed in its table since: the part tells nothing any more, and is written anew';
COMMENT ON COLUMN archive.part.digest IS 'of its rows as the file has them, in their order: SHA-256 over the values of each column';
COMMENT ON COLUMN archive.part.load_date IS 'the newest load that it holds';
COMMENT ON COLUMN archive.part.proved_at IS 'when its file was last read to its end, and its digest was this one: rows leave their table only soon after';
-- Usage: archive.files_due, the sweep: the parts of a file
CREATE INDEX part_file ON archive.part (file_id);
-- Usage: archive.files_due: what has to be written anew
CREATE INDEX part_stale ON archive.part (layer, month) WHERE stale_since IS NOT NULL;

CREATE TABLE ref.archive_rule (
    tenant_hk bytea NOT NULL,
    layer text NOT NULL CHECK (layer IN ('bridge', 'visit', 'vault', 'raw')),
    copied_after_days integer CHECK (copied_after_days >= 3),
    leaves_after_days integer CHECK (leaves_after_days IS NULL OR (layer = 'raw' AND leaves_after_days >= copied_after_days)),
    PRIMARY KEY (tenant_hk, layer)
);
COMMENT ON TABLE ref.archive_rule IS 'How many days after its end a month of a layer is copied into the archive; NULL: never. A tenant''s own row comes before the general one (the empty key).';
COMMENT ON COLUMN ref.archive_rule.leaves_after_days IS 'and after how many its rows leave their table, once they are in the archive and that was proved; NULL: never';

ALTER TABLE raw.kept_since ADD COLUMN is_archived boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN raw.kept_since.is_archived IS 'what was before is not gone: the archive has it, but for what its own parts lack';
