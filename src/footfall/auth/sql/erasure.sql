-- Tombstones and receipts of erasures: nothing in them is readable, and no receipt is changed unseen.

-- What somebody is known by, as a tombstone keeps it: HMAC-SHA-256 whose inner and outer block are the two halves of a secret of 128
-- bytes, as they stand: auth.keyed_hash makes them of a shorter one, and takes fifty times as long. p_kind: session, visitor, user.
CREATE OR REPLACE FUNCTION auth.erasure_mark(p_secret bytea, p_kind text, p_id text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(substr(p_secret, 65) || sha256(substr(p_secret, 1, 64) || convert_to(p_kind || ':' || p_id, 'UTF8')));

-- The secret of a tenant's tombstones, made when there is none: of uuids, which PostgreSQL takes from strong randomness.
CREATE OR REPLACE FUNCTION auth.erasure_secret_of(p_tenant_hk bytea) RETURNS bytea
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO auth.erasure_secret (tenant_hk, secret)
    SELECT p_tenant_hk, string_agg(uuid_send(gen_random_uuid()), '') FROM generate_series(1, 8) ON CONFLICT DO NOTHING;
    RETURN (SELECT s.secret FROM auth.erasure_secret s WHERE s.tenant_hk = p_tenant_hk);
END
$$;

-- The hash of a receipt: over its columns' netstrings, the hash of the one before it first.
CREATE OR REPLACE FUNCTION auth.erasure_hash(p_erasure auth.erasure) RETURNS bytea
LANGUAGE sql STABLE
RETURN util.hash_binary(
    util.netstring(encode(p_erasure.previous_hash, 'hex')) || util.netstring(encode(p_erasure.tenant_hk, 'hex'))
    || util.netstring(p_erasure.erasure_id::text) || util.netstring(util.canonical(p_erasure.erased_at))
    || util.netstring(p_erasure.mode) || util.netstring(p_erasure.actor_kind) || util.netstring(p_erasure.actor)
    || util.netstring(p_erasure.via) || util.netstring(p_erasure.counts::text)
    || util.netstring(encode(p_erasure.digest_before, 'hex')) || util.netstring(encode(p_erasure.digest_after, 'hex')));

-- Writes a receipt behind the tenant's last, by who acts, and tells of it. Whoever erases holds the load's turn: no two at once.
CREATE OR REPLACE FUNCTION auth.write_receipt(
    p_tenant_hk bytea, p_erasure_id bigint, p_mode text, p_counts jsonb, p_before bytea, p_after bytea
) RETURNS auth.erasure
LANGUAGE plpgsql AS $$
DECLARE
    v_actor record;
    v_erasure auth.erasure;
BEGIN
    PERFORM auth.is_move(p_tenant_hk, 'ERASE'); -- raises tenant_moving: it would not go with the tenant
    SELECT a.kind, left(a.name, 255) AS name, a.via INTO v_actor FROM auth.acting() a;
    v_erasure := ROW(p_tenant_hk, p_erasure_id, util.current_load_date(), p_mode, v_actor.kind, v_actor.name, v_actor.via, p_counts,
                     p_before, p_after,
                     coalesce((SELECT e.hash FROM auth.erasure e WHERE e.tenant_hk = p_tenant_hk AND e.erasure_id = p_erasure_id - 1), '\x'),
                     NULL);
    v_erasure.hash := auth.erasure_hash(v_erasure);
    INSERT INTO auth.erasure SELECT (v_erasure).*;
    -- the audit log tells the receipt's hash: who cuts the last receipts off leaves it there
    PERFORM auth.tell(ARRAY[p_tenant_hk], 'visitor.erased', p_erasure_id::text,
                      jsonb_build_object('mode', p_mode, 'rows', (SELECT sum(c.value::bigint) FROM jsonb_each_text(p_counts) c),
                                         'receipt', encode(v_erasure.hash, 'hex')));
    RETURN v_erasure;
END
$$;

-- Puts down a request of the session's tenant, under its next number.
CREATE OR REPLACE FUNCTION auth.add_privacy_request(
    p_kind text, p_law text, p_reference text, p_received_on date, p_due_on date
) RETURNS auth.privacy_request
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_request auth.privacy_request;
BEGIN
    -- one at a time: no number twice
    PERFORM FROM auth.tenant_h h WHERE h.tenant_hk = util.current_tenant() FOR UPDATE;
    INSERT INTO auth.privacy_request (tenant_hk, request_id, kind, law, reference, received_on, due_on)
    SELECT util.current_tenant(), coalesce(max(r.request_id), 0) + 1, p_kind, p_law, p_reference, p_received_on, p_due_on
    FROM auth.privacy_request r WHERE r.tenant_hk = util.current_tenant()
    RETURNING * INTO v_request;
    RETURN v_request;
END
$$;

-- Closes an open request of the session's tenant, by who acts; returns nothing when there is none. p_erasure_id: the receipt.
CREATE OR REPLACE FUNCTION auth.close_privacy_request(p_request_id bigint, p_state text, p_erasure_id bigint) RETURNS SETOF auth.privacy_request
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE auth.privacy_request r
    SET state = p_state, closed_at = util.current_load_date(), erasure_id = p_erasure_id,
        closed_by = (SELECT left(a.kind || ' ' || a.name, 255) FROM auth.acting() a)
    WHERE r.tenant_hk = util.current_tenant() AND r.request_id = p_request_id AND r.state = 'open'
    RETURNING r.*
$$;

-- The receipts that are not what was written, of one tenant or of all (NULL). changed: not what was hashed; unlinked: it does not follow from
-- the one before it; missing: the audit log tells of it, or one follows it.
CREATE OR REPLACE FUNCTION auth.erasure_breaks(p_tenant_hk bytea) RETURNS TABLE (tenant_hk bytea, erasure_id bigint, broken text)
LANGUAGE sql STABLE AS $$
    SELECT e.tenant_hk, e.erasure_id, CASE WHEN e.hash <> auth.erasure_hash(e) THEN 'changed' ELSE 'unlinked' END
    FROM auth.erasure e
    LEFT JOIN auth.erasure p ON p.tenant_hk = e.tenant_hk AND p.erasure_id = e.erasure_id - 1
    WHERE (p_tenant_hk IS NULL OR e.tenant_hk = p_tenant_hk)
      AND (e.hash <> auth.erasure_hash(e) OR e.previous_hash <> coalesce(p.hash, '\x'))
    UNION ALL
    SELECT a.tenant_hk, a.subject::bigint, 'missing'
    FROM auth.audit_event a
    LEFT JOIN auth.erasure e ON e.tenant_hk = a.tenant_hk AND e.erasure_id = a.subject::bigint
    WHERE a.action = 'visitor.erased' AND (p_tenant_hk IS NULL OR a.tenant_hk = p_tenant_hk)
      AND encode(e.hash, 'hex') IS DISTINCT FROM a.details ->> 'receipt'
$$;

-- Refuses what would change a receipt, to its owner too: raises audit_append_only. Those of a tenant that is being deleted go with it.
CREATE OR REPLACE FUNCTION auth.keep_receipts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF TG_LEVEL = 'ROW' AND TG_OP = 'DELETE' AND auth.is_going(OLD.tenant_hk) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit_append_only' USING ERRCODE = 'FF403';
END
$$;
CREATE OR REPLACE TRIGGER keep_receipts BEFORE UPDATE OR DELETE ON auth.erasure FOR EACH ROW EXECUTE FUNCTION auth.keep_receipts();
CREATE OR REPLACE TRIGGER keep_all_receipts BEFORE TRUNCATE ON auth.erasure EXECUTE FUNCTION auth.keep_receipts();
