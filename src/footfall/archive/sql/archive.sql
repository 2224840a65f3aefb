-- The ledger of the archive. A part (a tenant's month in a file) holds the very rows that the tables have, or it is stale: triggers on the months that
-- are in the archive say so, in the transaction that changes a row. So a question reads live parts that are not stale, and of all other months
-- the tables, in one snapshot; and nobody who writes has to know of the archive.

-- The parts that can be read instead of the tables: of a tenant, a layer and the months from p_first to p_last.
CREATE OR REPLACE FUNCTION archive.live_parts(p_tenant_hk bytea, p_layer text, p_first date, p_last date)
RETURNS TABLE (month date, path text, row_count bigint, sha256 bytea)
LANGUAGE sql STABLE AS $$
    SELECT p.month, p.path, p.row_count, p.sha256 FROM archive.part p
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
    WHERE p.tenant_hk IN (old.tenant_hk, new.tenant_hk)  -- two where a row becomes another tenant's
      AND p.layer = TG_ARGV[0] AND p.month = TG_ARGV[1]::date AND p.stale_since IS NULL;
    RETURN NULL;
END
$$;

-- The same of visits, whose table has no months: for each statement that changes some, where the archive has any.
CREATE OR REPLACE FUNCTION archive.note_visits_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF current_setting('footfall.leaving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    UPDATE archive.part p SET stale_since = util.current_load_date()
    FROM (SELECT DISTINCT c.tenant_hk, date_trunc('month', c.day)::date AS month FROM changed c) c
    WHERE p.tenant_hk = c.tenant_hk AND p.layer = 'visit' AND p.month = c.month AND p.stale_since IS NULL;
    RETURN NULL;
END
$$;

-- The same of raw, whose rows are archived with the load date of their batch: for each batch that is loaded, or loaded again.
CREATE OR REPLACE FUNCTION archive.note_load() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE archive.part p SET stale_since = util.current_load_date()
    WHERE p.tenant_hk = new.tenant_hk AND p.layer = 'raw' AND p.stale_since IS NULL AND NOT archive.has_left(p.tenant_hk, p.layer, p.month)
      AND p.month BETWEEN date_trunc('month', new.received_from AT TIME ZONE 'UTC') AND date_trunc('month', new.received_to AT TIME ZONE 'UTC');
    RETURN NULL;
END
$$;

-- Has one process at a time work on a month: whether it is this one, until its connection ends or it lets go.
CREATE OR REPLACE FUNCTION archive.claim(p_layer text, p_month date) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
RETURN pg_try_advisory_lock(hashtextextended(format('footfall archive %s %s', p_layer, p_month), 0));

CREATE OR REPLACE FUNCTION archive.release(p_layer text, p_month date) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
RETURN pg_advisory_unlock(hashtextextended(format('footfall archive %s %s', p_layer, p_month), 0));

-- The tables that a layer is made of.
CREATE OR REPLACE FUNCTION archive.tables_of(p_layer text) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN CASE p_layer
    WHEN 'bridge' THEN '{business.event_b}'
    WHEN 'visit' THEN '{business.visit_b}'
    WHEN 'vault' THEN '{business.site_event_h,business.event_session_l,business.event_page_l,business.event_business_item_l,business.site_event_details_s}'
    WHEN 'raw' THEN '{raw.site_tracking_events_r}'
END::text[];

-- From now on who changes a row of this month says so: makes its triggers where they are missing. That waits until nobody is changing a row, for a
-- moment only (lock_not_available). Returns whether the month is there at all. For a transaction of its own.
CREATE OR REPLACE FUNCTION archive.watch(p_layer text, p_month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '200ms' AS $$
DECLARE
    v_table text;
    v_change record;
BEGIN
    FOREACH v_table IN ARRAY archive.tables_of(p_layer) LOOP
        IF p_layer <> 'visit' THEN
            v_table := v_table || to_char(p_month, '"_"YYYYMM');
        END IF;
        IF to_regclass(v_table) IS NULL THEN
            RETURN false;
        END IF;
        CONTINUE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = v_table::regclass AND t.tgname LIKE 'archive\_%');
        -- two at once: the second waits here, and then finds them made
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', v_table::regclass);
        CONTINUE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = v_table::regclass AND t.tgname LIKE 'archive\_%');
        IF p_layer = 'visit' THEN
            FOR v_change IN
                SELECT * FROM (VALUES ('insert', 'INSERT', 'NEW'), ('delete', 'DELETE', 'OLD'), ('update', 'UPDATE', 'OLD'), ('updated', 'UPDATE', 'NEW'))
                v(name, event, rows)
            LOOP
                EXECUTE format('CREATE TRIGGER archive_%s AFTER %s ON %s REFERENCING %s TABLE AS changed'
                               ' FOR EACH STATEMENT EXECUTE FUNCTION archive.note_visits_change()',
                               v_change.name, v_change.event, v_table::regclass, v_change.rows);
            END LOOP;
        ELSE
            EXECUTE format('CREATE TRIGGER archive_change AFTER INSERT OR UPDATE OR DELETE ON %s'
                           ' FOR EACH ROW EXECUTE FUNCTION archive.note_change(%L, %L)', v_table::regclass, p_layer, p_month);
        END IF;
    END LOOP;
    IF p_layer = 'raw' AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = 'raw.ingest_batch'::regclass AND t.tgname = 'archive_load') THEN
        LOCK TABLE raw.ingest_batch IN SHARE ROW EXCLUSIVE MODE;
        IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = 'raw.ingest_batch'::regclass AND t.tgname = 'archive_load') THEN
            CREATE TRIGGER archive_load AFTER UPDATE ON raw.ingest_batch FOR EACH ROW
            WHEN (old.load_date IS DISTINCT FROM new.load_date) EXECUTE FUNCTION archive.note_load();
        END IF;
    END IF;
    RETURN true;
END
$$;

-- After how many days a month of a tenant is copied; NULL: never.
CREATE OR REPLACE FUNCTION archive.copied_after(p_tenant_hk bytea, p_layer text) RETURNS integer
LANGUAGE sql STABLE
RETURN (SELECT r.copied_after_days FROM ref.archive_rule r WHERE r.tenant_hk IN (p_tenant_hk, '\x') AND r.layer = p_layer
        ORDER BY r.tenant_hk DESC LIMIT 1);

-- The tenants' months that are to be copied and are in no file: over for as long as the rule says, and nothing of the tenant waits to be loaded.
-- A month is one in which the tenant has days, or received something.
CREATE OR REPLACE FUNCTION archive.parts_due(p_now timestamptz, p_layer text) RETURNS TABLE (month date, tenant_hk bytea)
LANGUAGE sql STABLE AS $$
    WITH ruled AS (
        SELECT h.tenant_hk, r.days FROM auth.tenant_h h CROSS JOIN LATERAL (SELECT archive.copied_after(h.tenant_hk, p_layer) AS days) r
        WHERE r.days IS NOT NULL AND NOT util.is_moving(h.tenant_hk)
          AND NOT EXISTS (SELECT FROM raw.ingest_batch b WHERE b.tenant_hk = h.tenant_hk AND b.processing_status = 'PENDING')
    ), lived AS (
        SELECT DISTINCT r.tenant_hk, date_trunc('month', d.day)::date AS month, r.days FROM ruled r
        CROSS JOIN LATERAL (
            -- a tenant's day may begin on the evening before, and end on the morning after
            SELECT w.day + o AS day FROM business.day_w w CROSS JOIN generate_series(-1, 1) o WHERE p_layer IN ('bridge', 'vault') AND w.tenant_hk = r.tenant_hk
            UNION ALL
            SELECT w.day FROM business.day_w w WHERE p_layer = 'visit' AND w.tenant_hk = r.tenant_hk
            UNION ALL
            SELECT (m.received AT TIME ZONE 'UTC')::date FROM raw.ingest_batch b CROSS JOIN LATERAL (VALUES (b.received_from), (b.received_to)) m(received)
            WHERE p_layer = 'raw' AND b.tenant_hk = r.tenant_hk AND b.received_to >= util.kept_since(r.tenant_hk, 'raw')) d
    )
    SELECT l.month, l.tenant_hk FROM lived l
    WHERE (l.month + interval '1 month') AT TIME ZONE 'UTC' + make_interval(days => l.days) <= p_now
      AND NOT EXISTS (SELECT FROM archive.part p WHERE p.tenant_hk = l.tenant_hk AND p.layer = p_layer AND p.month = l.month AND p.is_live)
    ORDER BY 1, 2
$$;

-- A part has gone, with its tenant or as a newer one stands for it: a file in which its rows are still, beside others, is written anew.
CREATE OR REPLACE FUNCTION archive.note_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE archive.file f SET goes_at_once = true WHERE f.file_id IN (SELECT g.file_id FROM gone g) AND f.state = 'live';
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER note_gone AFTER DELETE ON archive.part REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION archive.note_gone();

-- Whether a file holds rows of somebody who was erased since it was begun, or of a tenant that has gone: it is written anew before all others.
CREATE OR REPLACE FUNCTION archive.holds_erased(p_file archive.file) RETURNS boolean
LANGUAGE sql STABLE
RETURN p_file.goes_at_once OR EXISTS (
    SELECT FROM archive.part p JOIN auth.erasure e ON e.tenant_hk = p.tenant_hk AND e.erased_at >= p_file.reserved_at
    WHERE p.file_id = p_file.file_id AND p.stale_since IS NOT NULL);

-- Whether there are such files, or some that have to be unlinked at once: asked every few seconds.
CREATE OR REPLACE FUNCTION archive.is_urgent() RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM archive.file f WHERE f.goes_at_once AND f.state <> 'writing') OR EXISTS (
    SELECT FROM archive.part p JOIN archive.file f USING (file_id) JOIN auth.erasure e ON e.tenant_hk = p.tenant_hk AND e.erased_at >= f.reserved_at
    WHERE p.stale_since IS NOT NULL AND f.state = 'live');

-- Which copies of this store's files there may be, by the number that their names begin with and their SHA-256, as bytes; NULL: not those of files
-- that are dead, or hold what was erased. Of other stores' it says nothing.
CREATE OR REPLACE FUNCTION archive.copies(p_names text[]) RETURNS TABLE (name text, bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT n.name, (SELECT max(f.bytes) FROM archive.file f
                    WHERE f.state = 'live' AND f.sha256 = decode(right(n.name, 64), 'hex') AND NOT archive.holds_erased(f))
    FROM unnest(p_names) AS n(name)
    WHERE coalesce(substring(n.name FROM '^([0-9]+)-'), '0')::integer = coalesce((SELECT c.cell_number FROM util.cell c), 0)
$$;

-- The live files that are to be written anew: first those that hold what was erased, then those with a part that has been stale for so long.
CREATE OR REPLACE FUNCTION archive.files_due(p_now timestamptz, p_patience interval) RETURNS TABLE (file_id bigint, layer text, month date, is_urgent boolean)
LANGUAGE sql STABLE AS $$
    SELECT f.file_id, f.layer, f.month, u.is_urgent
    FROM archive.file f CROSS JOIN LATERAL (SELECT archive.holds_erased(f) AS is_urgent) u
    WHERE f.state = 'live'
      AND (u.is_urgent OR EXISTS (SELECT FROM archive.part p WHERE p.file_id = f.file_id AND p.stale_since <= p_now - p_patience))
    ORDER BY u.is_urgent DESC, f.month, f.file_id
$$;

-- A file is whole and proved: its parts stand from now on, in place of those that were there. What nobody's part is in any more is dead.
CREATE OR REPLACE FUNCTION archive.commit_file(p_file_id bigint, p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_file archive.file;
BEGIN
    SELECT * INTO STRICT v_file FROM archive.file f WHERE f.file_id = p_file_id AND f.state = 'writing' FOR UPDATE;
    -- what its table has not any more is what it was
    IF EXISTS (
        SELECT FROM archive.part n JOIN archive.part o USING (tenant_hk, layer, month)
        WHERE n.file_id = p_file_id AND o.file_id <> p_file_id AND o.is_live AND o.digest IS DISTINCT FROM n.digest
          AND archive.has_left(n.tenant_hk, n.layer, n.month))
    THEN
        RAISE EXCEPTION 'archive_only_copy' USING ERRCODE = 'FF409';
    END IF;
    UPDATE archive.part p SET is_live = true WHERE p.file_id = p_file_id;
    UPDATE archive.file f SET state = 'live', changed_at = p_now WHERE f.file_id = p_file_id;
    PERFORM archive.let_go(ARRAY(
        SELECT DISTINCT o.file_id FROM archive.part p JOIN archive.part o USING (tenant_hk, layer, month)
        WHERE p.file_id = p_file_id AND o.file_id <> p_file_id AND o.is_live), p_file_id, p_now);
END
$$;

-- Parts of these files go: those that a newer file has, or all (p_by NULL). A file that is left without parts is dead.
CREATE OR REPLACE FUNCTION archive.let_go(p_files bigint[], p_by bigint, p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_erased constant bigint[] := ARRAY(SELECT f.file_id FROM archive.file f WHERE f.file_id = ANY (p_files) AND archive.holds_erased(f));
BEGIN
    DELETE FROM archive.part p WHERE p.file_id = ANY (p_files)
        AND (p_by IS NULL OR EXISTS (
            SELECT FROM archive.part n WHERE n.file_id = p_by AND n.tenant_hk = p.tenant_hk AND n.layer = p.layer AND n.month = p.month));
    UPDATE archive.file f SET state = 'dead', changed_at = p_now, goes_at_once = f.file_id = ANY (v_erased)
    WHERE f.file_id = ANY (p_files) AND f.state = 'live' AND NOT EXISTS (SELECT FROM archive.part p WHERE p.file_id = f.file_id);
END
$$;

-- The files that are to be unlinked, and then forgotten: dead ones that no question can be reading any more.
CREATE OR REPLACE FUNCTION archive.files_to_sweep(p_now timestamptz, p_longest interval) RETURNS TABLE (file_id bigint, path text)
LANGUAGE sql STABLE AS $$
    SELECT f.file_id, f.path FROM archive.file f
    WHERE f.state = 'dead' AND (f.goes_at_once OR f.changed_at <= p_now - p_longest)
    ORDER BY f.file_id
$$;
