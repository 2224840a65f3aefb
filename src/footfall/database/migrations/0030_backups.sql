-- When the store was backed up: who looks after it is told when that was too long ago.
CREATE TABLE util.backup (
    taken_at timestamptz PRIMARY KEY,
    kind varchar(10) NOT NULL CHECK (kind IN ('logical', 'physical')),
    bytes bigint NOT NULL,
    is_verified boolean NOT NULL
);
COMMENT ON TABLE util.backup IS 'A row for each backup that footfall backup has made of this store.';
COMMENT ON COLUMN util.backup.taken_at IS 'the moment whose rows it has; of a physical one: when it ended';
COMMENT ON COLUMN util.backup.is_verified IS 'it was read again, to its end; false: it is encrypted for somebody else';
