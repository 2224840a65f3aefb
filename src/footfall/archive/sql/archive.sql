-- The ledger of the archive. A part (a tenant's month in a file) holds the very rows that the tables have, or it is stale: triggers on the months that
-- are in the archive say so, in the transaction that changes a row. So a question reads live parts that are not stale, and of all other months
-- the tables, in one snapshot; and nobody who writes has to know of the archive.

-- The parts that can be read instead of the tables: of a tenant, a layer and the months from p_first to p_last.
CREATE OR REPLACE FUNCTION archive.live_parts(p_tenant_hk bytea, p_layer text, p_first date, p_last date)
RETURNS TABLE (month date, path text, row_count bigint)
LANGUAGE sql STABLE AS $$
    SELECT p.month, p.path, p.row_count FROM archive.part p
    WHERE p.tenant_hk = p_tenant_hk AND p.layer = p_layer AND p.month BETWEEN p_first AND p_last
      AND p.is_live AND p.stale_since IS NULL
    ORDER BY p.month
$$;

-- On the partitions of a month that is in the archive, for each row that changes: the tenant's parts are stale. Arguments: layer, month. What leaves
-- for the archive, or comes back from it, changes nothing (footfall.leaving).
CREATE OR REPLACE FUNCTION archive.note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF current_setting('footfall.leaving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    UPDATE archive.part p SET stale_since = util.current_load_date()
    WHERE p.tenant_hk = CASE TG_OP WHEN 'DELETE' THEN old.tenant_hk ELSE new.tenant_hk END
      AND p.layer = TG_ARGV[0] AND p.month = TG_ARGV[1]::date AND p.stale_since IS NULL;
    RETURN NULL;
END
$$;

-- The same of visits, whose table has no months: for each statement that changes some, where the archive has any.
CREATE OR REPLACE FUNCTION archive.note_visits_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE archive.part p SET stale_since = util.current_load_date()
    FROM (SELECT DISTINCT c.tenant_hk, date_trunc('month', c.day)::date AS month FROM changed c) c
    WHERE p.tenant_hk = c.tenant_hk AND p.layer = 'visit' AND p.month = c.month AND p.stale_since IS NULL;
    RETURN NULL;
END
$$;
