-- A tenant goes: from every table that names it, found in the catalog, a slice and a transaction at a time, so that nobody waits for it.

-- Every table that has rows of tenants, in the order in which a tenant's are deleted: first what waits to be loaded, so that nothing
-- comes after; at the end what says that there is such a tenant, so that an interrupted deletion finds it. Partitions are reached
-- through their tables.
CREATE OR REPLACE FUNCTION auth.tables_of_tenants() RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT c.oid::regclass::text
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_hk' AND NOT a.attisdropped
    WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive')
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.oid::regclass::text <> 'raw.ingest_batch',
             array_position(ARRAY['auth.tenant_alias', 'auth.tenant_details_s', 'auth.tenant_h'], c.oid::regclass::text) NULLS FIRST,
             array_position(ARRAY['raw', 'staging', 'business', 'archive', 'ref', 'auth'], c.relnamespace::regnamespace::text), c.relname
$$;

-- People who have a role in this tenant and in no other, and are no operators: they go with it.
CREATE OR REPLACE FUNCTION auth.people_of_only(p_tenant_hk bytea) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT m.account_id FROM auth.membership m JOIN auth.account a USING (account_id)
    WHERE m.tenant_hk = p_tenant_hk AND NOT a.is_operator
      AND NOT EXISTS (SELECT FROM auth.membership o WHERE o.account_id = m.account_id AND o.tenant_hk <> p_tenant_hk)
$$;

-- How many rows a tenant has, table by table; those without any are left out.
CREATE OR REPLACE FUNCTION auth.rows_of_tenant(p_tenant_hk bytea) RETURNS TABLE (table_name text, row_count bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    FOR table_name IN SELECT auth.tables_of_tenants() LOOP
        EXECUTE format('SELECT count(*) FROM %s t WHERE t.tenant_hk = $1', table_name) INTO row_count USING p_tenant_hk;
        IF row_count > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
    table_name := 'auth.account';
    SELECT count(*) INTO row_count FROM auth.people_of_only(p_tenant_hk);
    IF row_count > 0 THEN
        RETURN NEXT;
    END IF;
END
$$;

-- Notes in a receipt that so many rows of a table are gone.
CREATE OR REPLACE FUNCTION auth.note_deleted(p_receipt_id bigint, p_table text, p_rows bigint) RETURNS void
LANGUAGE sql AS $$
    UPDATE auth.tenant_receipt r
    SET deleted = r.deleted || jsonb_build_object(p_table, coalesce((r.deleted ->> p_table)::bigint, 0) + p_rows)
    WHERE r.receipt_id = p_receipt_id AND p_rows > 0
$$;

-- Deletes a tenant's people who have no other tenant, and the sign-ins of these and of the guests of its share links.
CREATE OR REPLACE FUNCTION auth.delete_people(p_tenant_hk bytea, p_receipt_id bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_people constant bigint[] := ARRAY(SELECT auth.people_of_only(p_tenant_hk));
    v_rows bigint;
BEGIN
    DELETE FROM auth.sign_in s WHERE s.account_id = ANY (v_people)
        OR s.share_link_id IN (SELECT l.share_link_id FROM auth.share_link l WHERE l.tenant_hk = p_tenant_hk);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    PERFORM auth.note_deleted(p_receipt_id, 'auth.sign_in', v_rows);
    DELETE FROM auth.identity i WHERE i.account_id = ANY (v_people);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    PERFORM auth.note_deleted(p_receipt_id, 'auth.identity', v_rows);
    DELETE FROM auth.passkey k WHERE k.account_id = ANY (v_people);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    PERFORM auth.note_deleted(p_receipt_id, 'auth.passkey', v_rows);
    DELETE FROM auth.passkey_challenge c WHERE c.account_id = ANY (v_people);
    DELETE FROM auth.account a WHERE a.account_id = ANY (v_people);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    PERFORM auth.note_deleted(p_receipt_id, 'auth.account', v_rows);
END
$$;

-- Takes a tenant out of what jobs wrote down of how many of each they took.
CREATE OR REPLACE FUNCTION auth.forget_turns(p_tenant_hk bytea) RETURNS void
LANGUAGE sql AS $$
    UPDATE raw.load_batch l SET asked = l.asked #- ARRAY['taken', encode(p_tenant_hk, 'hex')]
    WHERE l.asked -> 'taken' ? encode(p_tenant_hk, 'hex')
$$;

-- Deletes a tenant's rows of one table, which is read once, in slices of a transaction each, and notes them in the receipt: whatever
-- interrupts it, rows and receipt agree. A place is looked at once more before it is cleared, as it may have been given to another row.
CREATE OR REPLACE PROCEDURE auth.delete_rows(p_tenant_hk bytea, p_table text, p_receipt_id bigint, p_slice integer)
LANGUAGE plpgsql AS $$
DECLARE
    v_slice record;
    v_rows bigint;
BEGIN
    FOR v_slice IN EXECUTE format($find$
        SELECT r.part, array_agg(r.place) AS places
        FROM (SELECT t.tableoid AS part, t.ctid AS place,
                     (row_number() OVER (PARTITION BY t.tableoid ORDER BY t.ctid) - 1) / $2 AS slice
              FROM %s t WHERE t.tenant_hk = $1) r
        GROUP BY r.part, r.slice
        $find$, p_table::regclass) USING p_tenant_hk, p_slice
    LOOP
        EXECUTE format('DELETE FROM %s t WHERE t.tableoid = $1 AND t.ctid = ANY ($2) AND t.tenant_hk = $3', p_table::regclass)
        USING v_slice.part, v_slice.places, p_tenant_hk;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        PERFORM auth.note_deleted(p_receipt_id, p_table, v_rows);
        COMMIT;
    END LOOP;
END
$$;
