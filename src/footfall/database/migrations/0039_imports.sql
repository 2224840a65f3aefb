-- What was imported, so that it can be taken back.
CREATE TABLE raw.import (
    tenant_hk bytea NOT NULL,
    import_id varchar(40) NOT NULL,
    record_source varchar(100) NOT NULL,
    format varchar(50) NOT NULL,
    file_name varchar(255) NOT NULL,
    site varchar(255) NOT NULL,
    imported_by varchar(255) NOT NULL,
    begun_at timestamptz NOT NULL,
    done_at timestamptz,
    lines bigint,
    events bigint,
    undone_at timestamptz,
    -- Usage: business.undo_import; footfall import list: a tenant's own
    PRIMARY KEY (tenant_hk, import_id)
);
COMMENT ON TABLE raw.import IS 'Every import of what another program recorded: a row each, also when it has been taken back.';
COMMENT ON COLUMN raw.import.record_source IS 'of its events, and of no others';
COMMENT ON COLUMN raw.import.done_at IS 'NULL: it is under way, or was interrupted';
COMMENT ON COLUMN raw.import.events IS 'that were landed, duplicates among them';
