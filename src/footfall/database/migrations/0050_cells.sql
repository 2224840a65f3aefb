-- Cells: which one this store is, and which tenants are on their way out of it or into it.
CREATE TABLE util.cell (
    cell_name text PRIMARY KEY,
    cell_number integer NOT NULL CHECK (cell_number BETWEEN 0 AND 31)
);
COMMENT ON TABLE util.cell IS 'Which cell this store is: one row, once it was migrated as one of several; none in a store that is alone.';
COMMENT ON COLUMN util.cell.cell_number IS 'its sequences begin at this times 2^48, so that what a tenant brings meets no number that is given here';

CREATE TABLE util.tenant_move (
    tenant bytea PRIMARY KEY,
    tenant_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('leaving', 'arriving', 'left')),
    other_cell text NOT NULL,
    since timestamptz NOT NULL
);
COMMENT ON TABLE util.tenant_move IS
    'Tenants that move between cells. leaving: they are still here, and nothing of theirs is written; arriving: they are not here yet; left: they live in the other cell.';
COMMENT ON COLUMN util.tenant_move.tenant IS 'as tenant_hk, and not called so: it stays in this store when the tenant goes';
