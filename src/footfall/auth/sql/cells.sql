-- Tenants over several stores, each a cell: which live here, and what a store is asked of whoever signed in to another, home.

-- The tenants of this store by all their names, the first being the id that their keys are made of; of those that move: how, and where to or from.
CREATE OR REPLACE FUNCTION auth.cell_tenants() RETURNS TABLE (tenant_hk bytea, names text[], state text, other_cell text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT h.tenant_hk,
           ARRAY[h.tenant_bk::text] || ARRAY(SELECT a.alias::text FROM auth.tenant_alias a WHERE a.tenant_hk = h.tenant_hk ORDER BY a.alias),
           m.state, m.other_cell
    FROM auth.tenant_h h LEFT JOIN util.tenant_move m ON m.tenant = h.tenant_hk
$$;

-- Which of these tenants' events this store does not take now, as they move. Who lands asks in the transaction in which it lands: FOR KEY SHARE takes a lock
-- (ROW SHARE) on the table until then, also when nobody moves, by which a move knows that nothing is under way any more. VOLATILE: it sees what was
-- committed when it got the lock, not when the statement began.
CREATE OR REPLACE FUNCTION auth.tenants_moving(p_tenant_ids text[]) RETURNS text[]
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT ARRAY(SELECT m.tenant_id FROM util.tenant_move m WHERE m.tenant_id = ANY (p_tenant_ids) FOR KEY SHARE)
$$;

-- Whether a row of settings is written or deleted by a move of its tenant between stores, which tells of itself (tenant.moved). Raises tenant_moving for
-- every other change while a tenant moves or when it has left: it would not go with it. A move waits for who has asked, as above.
CREATE OR REPLACE FUNCTION auth.is_move(p_tenant_hk bytea, p_operation text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_state text;
BEGIN
    SELECT m.state INTO v_state FROM util.tenant_move m WHERE m.tenant = p_tenant_hk FOR KEY SHARE;
    IF v_state IS NULL THEN
        RETURN false;
    ELSIF current_setting('footfall.moving', true) = encode(p_tenant_hk, 'hex')
          AND (v_state, p_operation) IN (('arriving', 'INSERT'), ('arriving', 'DELETE'), ('left', 'DELETE')) THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION 'tenant_moving' USING ERRCODE = 'FF503';
END
$$;

-- The roles of who shows this token, tenant by tenant, wherever these live. Operators, who own every tenant, have none.
CREATE OR REPLACE FUNCTION auth.memberships(p_token_hash bytea) RETURNS TABLE (tenant_hk bytea, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT m.tenant_hk, m.role FROM auth.sign_in s JOIN auth.membership m USING (account_id) WHERE s.token_hash = p_token_hash
$$;

-- Tenants of this store by name, as somebody sees them who signed in elsewhere: those of these roles, or all (p_is_operator), whose name or id has all
-- words of a text, p_most at most; and the id that their keys are made of.
CREATE OR REPLACE FUNCTION auth.tenant_lines(
    p_tenants bytea[], p_roles text[], p_is_operator boolean, p_has_second_factor boolean, p_is_single_sign_on boolean,
    p_is_multi_factor boolean, p_search text, p_most integer
) RETURNS TABLE (line jsonb, tenant_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT auth.tenant_line(
               t, CASE WHEN p_is_operator THEN 'owner' ELSE m.role END,
               auth.lacking(t, jsonb_populate_record(NULL::auth.account, jsonb_build_object(
                                   'totp_confirmed_at', CASE WHEN p_has_second_factor THEN '-infinity' END)),
                            jsonb_populate_record(NULL::auth.sign_in, jsonb_build_object(
                                   'is_single_sign_on', p_is_single_sign_on, 'is_multi_factor', p_is_multi_factor)))),
           t.tenant_bk
    FROM auth.tenant_v t
    LEFT JOIN unnest(p_tenants, p_roles) AS m(tenant_hk, role) ON m.tenant_hk = t.tenant_hk
    WHERE (p_is_operator AND (p_tenants = '{}' OR m.tenant_hk IS NOT NULL) OR m.role IS NOT NULL)
      AND auth.has_words(t.tenant_name || ' ' || t.public_id, p_search)
    ORDER BY NOT starts_with(lower(t.tenant_name), lower(p_search)), t.tenant_name, t.tenant_bk
    LIMIT p_most
$$;

-- Has every number that is given in this store from now on be above p_cell_number x 2^48. Returns how many sequences that moved.
CREATE OR REPLACE FUNCTION util.begin_sequences(p_cell_number integer) RETURNS bigint
LANGUAGE sql AS $$
    SELECT count(setval(format('%I.%I', s.schemaname, s.sequencename), p_cell_number::bigint << 48))
    FROM pg_sequences s
    WHERE s.schemaname IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive') AND coalesce(s.last_value, 0) < p_cell_number::bigint << 48
$$;
