-- Who did what, in the transaction in which it is done: what is rolled back is not told, what is committed is. Changes of settings are told by
-- triggers on their tables, whoever makes them; what only reveals something says so itself (auth.tell).

-- The hash of a row of a chain: over its columns' netstrings, the hash of the row before it first.
CREATE OR REPLACE FUNCTION auth.audit_hash(p_event auth.audit_event) RETURNS bytea
LANGUAGE sql STABLE
RETURN util.hash_binary(
    util.netstring(encode(p_event.previous_hash, 'hex')) || util.netstring(encode(p_event.tenant_hk, 'hex'))
    || util.netstring(p_event.seq::text) || util.netstring(util.canonical(p_event.occurred_at))
    || util.netstring(p_event.actor_kind) || util.netstring(p_event.actor) || util.netstring(p_event.via)
    || util.netstring(p_event.action) || util.netstring(p_event.subject) || util.netstring(p_event.details::text)
    || util.netstring(p_event.request_id));

-- Who acts: as the program said for this connection or transaction (app.actor); somebody by hand, where none did. People and tokens are
-- said by what the program knows of them, and kept by their number: a chain that never changes holds no address of anybody.
CREATE OR REPLACE FUNCTION auth.acting() RETURNS TABLE (kind text, name text, via text, request_id text)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(a.said ->> 'kind', 'database'),
           left(CASE a.said ->> 'kind'
               WHEN 'person' THEN coalesce((SELECT p.account_id::text FROM auth.account p WHERE p.email = a.said ->> 'name'), a.said ->> 'number', '')
               WHEN 'token' THEN coalesce((SELECT t.operator_token_id::text FROM auth.operator_token t
                                           WHERE encode(t.token_hash, 'hex') = a.said ->> 'name'), '')
               ELSE coalesce(a.said ->> 'name', session_user::text) END, 255),
           coalesce(a.said ->> 'via', 'sql'), left(nullif(a.said ->> 'request', ''), 128)
    FROM (SELECT nullif(current_setting('app.actor', true), '')::jsonb AS said) a
$$;

-- Tells these chains what is being done, by who acts or by p_kind and p_name. Chained when the transaction commits.
CREATE OR REPLACE FUNCTION auth.tell(
    p_chains bytea[], p_action text, p_subject text, p_details jsonb, p_kind text DEFAULT NULL, p_name text DEFAULT NULL, p_via text DEFAULT NULL
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO auth.audit_told (tenant_hk, occurred_at, actor_kind, actor, via, action, subject, details, request_id)
    SELECT c.tenant_hk, util.current_load_date(), coalesce(p_kind, a.kind), left(coalesce(p_name, a.name), 255), coalesce(p_via, a.via), p_action,
           left(coalesce(p_subject, ''), 255), coalesce(p_details, '{}'), a.request_id
    FROM (SELECT DISTINCT unnest(p_chains) AS tenant_hk) c CROSS JOIN auth.acting() a
$$;

-- The same of what may happen often: told once, and within so long after only counted; how often that was, the next row says, or
-- auth.tell_repeated. p_is_counted: every single one matters.
CREATE OR REPLACE FUNCTION auth.tell_at_times(
    p_chains bytea[], p_action text, p_subject text, p_details jsonb, p_lasts interval, p_is_counted boolean,
    p_kind text DEFAULT NULL, p_name text DEFAULT NULL, p_via text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_now constant timestamptz := util.current_load_date();
    v_actor record;
    v_repeat record;
    v_chain bytea;
BEGIN
    SELECT coalesce(p_kind, a.kind) AS kind, left(coalesce(p_name, a.name), 255) AS name, coalesce(p_via, a.via) AS via
    INTO v_actor FROM auth.acting() a;
    -- always in the same order: nobody waits for who waits for them
    FOR v_chain IN SELECT DISTINCT c.chain FROM unnest(p_chains) AS c(chain) ORDER BY c.chain LOOP
        INSERT INTO auth.audit_repeat AS r (tenant_hk, actor_kind, actor, action, subject, via, told_at, lasts, untold)
        VALUES (v_chain, v_actor.kind, v_actor.name, p_action, left(coalesce(p_subject, ''), 255), v_actor.via, v_now, p_lasts, 0)
        ON CONFLICT (tenant_hk, actor_kind, actor, action, subject) DO UPDATE
        SET untold = r.untold + (p_is_counted AND r.told_at + r.lasts > v_now)::integer
        RETURNING r.ctid AS place, r.xmax = 0 AS is_new, r.told_at + r.lasts <= v_now AS is_over, r.untold INTO v_repeat;
        CONTINUE WHEN NOT v_repeat.is_new AND NOT v_repeat.is_over;
        PERFORM auth.tell(ARRAY[v_chain], p_action, p_subject,
                          coalesce(p_details, '{}') || CASE WHEN v_repeat.untold > 0 THEN jsonb_build_object('untold', v_repeat.untold) ELSE '{}' END,
                          p_kind, p_name, p_via);
        UPDATE auth.audit_repeat r SET told_at = v_now, untold = 0 WHERE r.ctid = v_repeat.place AND NOT v_repeat.is_new;
    END LOOP;
END
$$;

-- Tells what was only counted and came to no next row, and forgets it. For the worker, every few seconds.
CREATE OR REPLACE FUNCTION auth.tell_repeated(p_now timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH over AS (
        DELETE FROM auth.audit_repeat r USING (
            SELECT o.tenant_hk, o.actor_kind, o.actor, o.action, o.subject FROM auth.audit_repeat o
            WHERE o.told_at + o.lasts <= p_now ORDER BY o.tenant_hk FOR UPDATE SKIP LOCKED) o
        WHERE (r.tenant_hk, r.actor_kind, r.actor, r.action, r.subject) = (o.tenant_hk, o.actor_kind, o.actor, o.action, o.subject)
        RETURNING r.*
    ), told AS (
        SELECT auth.tell(ARRAY[o.tenant_hk], o.action, o.subject, jsonb_build_object('untold', o.untold), o.actor_kind, o.actor, o.via)
        FROM over o WHERE o.untold > 0
    )
    SELECT count(*) FROM told
$$;

-- Chains what the transaction has told, as the last thing that it does: the heads of its chains are locked until it has committed and no
-- longer, in an order that all keep, that of no tenant last. So no chain forks, and nobody waits for who waits for them.
CREATE OR REPLACE FUNCTION auth.chain_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_chain bytea;
    v_told auth.audit_told;
    v_event auth.audit_event;
BEGIN
    FOR v_chain IN SELECT t.tenant_hk FROM auth.audit_told t GROUP BY t.tenant_hk ORDER BY t.tenant_hk = '\x', t.tenant_hk LOOP
        SELECT h.seq, h.hash INTO v_event.seq, v_event.hash FROM auth.audit_head h WHERE h.tenant_hk = v_chain FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO auth.audit_head (tenant_hk, seq, hash) VALUES (v_chain, 0, '\x') ON CONFLICT DO NOTHING;
            IF FOUND AND v_chain <> '\x' THEN
                -- so that a chain which is gone as a whole is missed
                PERFORM auth.tell('{"\\x"}', 'audit.begun', coalesce((SELECT t.tenant_bk FROM auth.tenant_h t WHERE t.tenant_hk = v_chain), ''),
                                  jsonb_build_object('chain', encode(v_chain, 'hex')));
            END IF;
            SELECT h.seq, h.hash INTO v_event.seq, v_event.hash FROM auth.audit_head h WHERE h.tenant_hk = v_chain FOR UPDATE;
        END IF;
        FOR v_told IN SELECT t.* FROM auth.audit_told t WHERE t.tenant_hk = v_chain ORDER BY t.told_id LOOP
            v_event := ROW(v_chain, v_event.seq + 1, v_told.occurred_at, v_told.actor_kind, v_told.actor, v_told.via, v_told.action,
                           v_told.subject, v_told.details, v_told.request_id, v_event.hash, NULL);
            v_event.hash := auth.audit_hash(v_event);
            INSERT INTO auth.audit_event SELECT (v_event).*;
        END LOOP;
        DELETE FROM auth.audit_told t WHERE t.tenant_hk = v_chain;
        UPDATE auth.audit_head h SET seq = v_event.seq, hash = v_event.hash WHERE h.tenant_hk = v_chain;
    END LOOP;
    RETURN NULL;
END
$$;
DROP TRIGGER IF EXISTS chain_told ON auth.audit_told;
CREATE CONSTRAINT TRIGGER chain_told AFTER INSERT ON auth.audit_told DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION auth.chain_told();

-- Whether a tenant is being deleted: what goes with it, its receipt tells.
CREATE OR REPLACE FUNCTION auth.is_going(p_tenant_hk bytea) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM auth.tenant_receipt r WHERE r.done_at IS NULL AND util.tenant_key(r.tenant_id) = p_tenant_hk);

-- Refuses what would change a chain, to its owner too: raises audit_append_only. The chain of a tenant that is being deleted goes with it.
CREATE OR REPLACE FUNCTION auth.keep_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF TG_LEVEL = 'ROW' AND TG_OP = 'DELETE' THEN
        IF auth.is_going(OLD.tenant_hk) THEN
            RETURN OLD;
        END IF;
    ELSIF TG_LEVEL = 'ROW' AND TG_TABLE_NAME = 'audit_head' THEN
        IF NEW.tenant_hk = OLD.tenant_hk AND NEW.seq > OLD.seq THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit_append_only' USING ERRCODE = 'FF403';
END
$$;
CREATE OR REPLACE TRIGGER keep_audit BEFORE UPDATE OR DELETE ON auth.audit_event FOR EACH ROW EXECUTE FUNCTION auth.keep_audit();
CREATE OR REPLACE TRIGGER keep_audit BEFORE UPDATE OR DELETE ON auth.audit_head FOR EACH ROW EXECUTE FUNCTION auth.keep_audit();
CREATE OR REPLACE TRIGGER keep_all_audit BEFORE TRUNCATE ON auth.audit_event EXECUTE FUNCTION auth.keep_audit();
CREATE OR REPLACE TRIGGER keep_all_audit BEFORE TRUNCATE ON auth.audit_head EXECUTE FUNCTION auth.keep_audit();

-- What differs between two rows, by column, as [before, after]; a row that is not there has nothing.
CREATE OR REPLACE FUNCTION auth.difference(p_before jsonb, p_after jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(k.key, jsonb_build_array(p_before -> k.key, p_after -> k.key)), '{}')
    FROM jsonb_object_keys(coalesce(p_before, '{}') || coalesce(p_after, '{}')) AS k(key)
    WHERE coalesce(p_before -> k.key, 'null') <> coalesce(p_after -> k.key, 'null')
$$;

-- Tells that a row of settings was made, changed or removed, and what of it. Arguments: what a row is; the column that names it; columns that are
-- not told, being secret, or no news; the verb, where it is always the same.
CREATE OR REPLACE FUNCTION auth.tell_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_before constant jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    v_after constant jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    v_row constant jsonb := coalesce(v_after, v_before);
    v_chain constant bytea := coalesce((v_row ->> 'tenant_hk')::bytea, '\x');
    v_details constant jsonb := auth.difference(v_before, v_after) - string_to_array(TG_ARGV[2], ',') - 'tenant_hk' - TG_ARGV[1];
BEGIN
    -- people and their roles are in home, wherever the tenant lives
    IF TG_TABLE_NAME <> 'membership' AND auth.is_move(v_chain, TG_OP) THEN
        RETURN NULL;
    END IF;
    IF (v_details <> '{}' OR TG_OP = 'DELETE' OR TG_ARGV[3] IS NULL AND TG_OP = 'INSERT') AND NOT (TG_OP = 'DELETE' AND auth.is_going(v_chain)) THEN
        PERFORM auth.tell(
            ARRAY[v_chain],
            TG_ARGV[0] || '.' || CASE WHEN TG_NARGS > 3 THEN TG_ARGV[3] WHEN TG_OP = 'INSERT' THEN 'created' WHEN TG_OP = 'DELETE' THEN 'removed'
                                      WHEN v_details ? 'revoked_at' THEN 'revoked' ELSE 'changed' END,
            CASE WHEN TG_ARGV[1] = 'account_id' THEN 'person ' ELSE '' END || coalesce(v_row ->> TG_ARGV[1], ''), v_details);
    END IF;
    RETURN NULL;
END
$$;

-- Tells what became of a tenant's details: each change is a new row, the one before it ends with it.
CREATE OR REPLACE FUNCTION auth.tell_tenant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_before constant jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE (
        SELECT to_jsonb(d) FROM auth.tenant_details_s d WHERE d.tenant_hk = NEW.tenant_hk AND d.load_end_date = NEW.load_date) END;
    v_details constant jsonb := auth.difference(v_before, to_jsonb(NEW)) - '{tenant_hk,load_date,load_end_date,record_source}'::text[];
BEGIN
    IF v_details <> '{}' AND NOT auth.is_move(NEW.tenant_hk, TG_OP) THEN
        PERFORM auth.tell(
            ARRAY[NEW.tenant_hk],
            CASE WHEN v_before IS NULL THEN 'tenant.created' WHEN v_details ? 'public_id' THEN 'tenant.renamed'
                 WHEN v_details ? 'is_active' THEN CASE WHEN NEW.is_active THEN 'tenant.enabled' ELSE 'tenant.disabled' END
                 ELSE 'tenant.changed' END,
            coalesce(NEW.public_id, (SELECT h.tenant_bk FROM auth.tenant_h h WHERE h.tenant_hk = NEW.tenant_hk)), v_details);
    END IF;
    RETURN NULL;
END
$$;

-- The chains that are told about a person: of every tenant that they have a role in; that of no tenant for operators, and who has none.
CREATE OR REPLACE FUNCTION auth.chains_of(p_account_id bigint) RETURNS bytea[]
LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(m.tenant_hk), '{}')
        || CASE WHEN count(*) = 0 OR coalesce((SELECT a.is_operator FROM auth.account a WHERE a.account_id = p_account_id), true)
                THEN '{"\\x"}'::bytea[] ELSE '{}' END
    FROM auth.membership m WHERE m.account_id = p_account_id
$$;

-- Tells what became of a person's account: never their address, a password or what codes are made of.
CREATE OR REPLACE FUNCTION auth.tell_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_chains constant bytea[] := auth.chains_of(CASE TG_OP WHEN 'DELETE' THEN OLD.account_id ELSE NEW.account_id END);
    v_subject constant text := 'person ' || CASE TG_OP WHEN 'DELETE' THEN OLD.account_id ELSE NEW.account_id END;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM auth.tell(v_chains, 'person.created', v_subject, jsonb_build_object('is_operator', NEW.is_operator));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM auth.tell(v_chains, 'person.removed', v_subject, '{}');
    ELSE
        IF NEW.password_hash IS DISTINCT FROM OLD.password_hash THEN
            PERFORM auth.tell(v_chains, 'password.changed', v_subject, jsonb_build_object('is_one_time', NEW.one_time IS NOT NULL));
        END IF;
        IF (NEW.totp_confirmed_at IS NULL) <> (OLD.totp_confirmed_at IS NULL) THEN
            PERFORM auth.tell(v_chains, CASE WHEN NEW.totp_confirmed_at IS NULL THEN 'second_factor.removed' ELSE 'second_factor.created' END,
                              v_subject, '{}');
        ELSIF NEW.recovery_codes <> OLD.recovery_codes THEN
            PERFORM auth.tell(v_chains, 'recovery_code.used', v_subject, jsonb_build_object('left', cardinality(NEW.recovery_codes)),
                              'person', NEW.account_id::text, 'dashboard');
        ELSIF NEW.totp_secret IS DISTINCT FROM OLD.totp_secret THEN
            PERFORM auth.tell(v_chains, 'second_factor.changed', v_subject, '{}');
        END IF;
        IF NEW.is_operator <> OLD.is_operator THEN
            PERFORM auth.tell(v_chains || '{"\\x"}'::bytea[], 'operator.changed', v_subject,
                              jsonb_build_object('is_operator', jsonb_build_array(OLD.is_operator, NEW.is_operator)));
        END IF;
        IF (NEW.email, NEW.account_name) IS DISTINCT FROM (OLD.email, OLD.account_name) THEN
            PERFORM auth.tell(v_chains, 'person.changed', v_subject, '{}');
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- Tells whom a provider of single sign-on calls an account, or calls it no more.
CREATE OR REPLACE FUNCTION auth.tell_identity() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_row constant auth.identity := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    PERFORM auth.tell(auth.chains_of(v_row.account_id), CASE TG_OP WHEN 'DELETE' THEN 'identity.removed' ELSE 'identity.created' END,
                      'person ' || v_row.account_id, jsonb_build_object('issuer', v_row.issuer));
    RETURN NULL;
END
$$;

-- Tells that a passkey was made, renamed, doubted or removed; that it was used, the sign-in tells.
CREATE OR REPLACE FUNCTION auth.tell_passkey() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_row constant auth.passkey := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    v_details constant jsonb := auth.difference(to_jsonb(OLD), to_jsonb(NEW)) - '{sign_count,last_used_at}'::text[];
BEGIN
    IF TG_OP <> 'UPDATE' OR v_details <> '{}' THEN
        PERFORM auth.tell(
            auth.chains_of(v_row.account_id),
            CASE TG_OP WHEN 'INSERT' THEN 'passkey.created' WHEN 'DELETE' THEN 'passkey.removed' ELSE 'passkey.changed' END,
            'person ' || v_row.account_id, jsonb_build_object('passkey', v_row.passkey_id));
    END IF;
    RETURN NULL;
END
$$;

-- Tells who signed in, or opened a share link, and whose sign-in was ended before its time.
CREATE OR REPLACE FUNCTION auth.tell_sign_in() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.account_id IS NOT NULL AND OLD.expires_at > util.current_load_date()
           AND OLD.last_seen_at > util.current_load_date() - auth.idle_sign_in_lasts() THEN
            PERFORM auth.tell(auth.chains_of(OLD.account_id), 'sign_in.ended', 'person ' || OLD.account_id, '{}');
        END IF;
    ELSIF NEW.account_id IS NOT NULL THEN
        PERFORM auth.tell(auth.chains_of(NEW.account_id), 'sign_in.succeeded', 'person ' || NEW.account_id,
                          jsonb_build_object('by', replace(coalesce(NEW.method, CASE WHEN NEW.is_single_sign_on THEN 'single_sign_on' ELSE 'password' END), '_', ' ')),
                          'person', NEW.account_id::text, 'dashboard');
    ELSE
        PERFORM auth.tell_at_times(ARRAY(SELECT l.tenant_hk FROM auth.share_link l WHERE l.share_link_id = NEW.share_link_id),
                                   'share_link.opened', NEW.share_link_id::text, '{}', '1 minute', true,
                                   'guest', NEW.share_link_id::text, 'dashboard');
    END IF;
    RETURN NULL;
END
$$;

-- Tells that somebody could not sign in, or show their password once more: to the chains of the account; without one, to that of no
-- tenant, as all such together: what was typed is kept nowhere. A minute of it is a row.
CREATE OR REPLACE FUNCTION auth.tell_failure(p_account_id bigint, p_share_link_id bigint, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT auth.tell_at_times(
        CASE WHEN p_share_link_id IS NULL THEN auth.chains_of(p_account_id)
             ELSE ARRAY(SELECT l.tenant_hk FROM auth.share_link l WHERE l.share_link_id = p_share_link_id) END,
        -- who knows the password and has not shown a code yet, as everybody with a second factor: it did not fail, and it is worth knowing
        CASE WHEN p_reason = 'code_needed' THEN 'sign_in.code_asked' ELSE 'sign_in.failed' END,
        coalesce('person ' || p_account_id, p_share_link_id::text), jsonb_build_object('reason', p_reason), '1 minute', true,
        'nobody', '', 'dashboard')
$$;

-- Tells that an operator looks at what is a tenant's: once an hour of each.
CREATE OR REPLACE FUNCTION auth.tell_looked_in(p_tenant_hk bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT auth.tell_at_times(ARRAY[p_tenant_hk], 'operator.looked_in', '', '{}', '1 hour', false)
$$;

-- Tells that figures or events were taken along as a file: in a minute a row for each kind of file.
CREATE OR REPLACE FUNCTION auth.tell_download(p_tenant_hk bytea, p_file text, p_rows bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT auth.tell_at_times(ARRAY[p_tenant_hk], 'export.downloaded', p_file, jsonb_build_object('rows', p_rows), '1 minute', true)
$$;

-- Writes into the chain of no tenant, once a day, where all others stand that went on since: so whoever notes down that one's head has noted
-- down all. Returns how many chains those are. For the worker.
CREATE OR REPLACE FUNCTION auth.anchor_audit(p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_last timestamptz;
    v_heads jsonb;
    v_chains bigint;
BEGIN
    IF NOT util.try_turn('audit') THEN
        RETURN 0; -- another worker is at it
    END IF;
    SELECT e.occurred_at INTO v_last FROM auth.audit_event e
    WHERE e.tenant_hk = '\x' AND e.action = 'audit.anchored' ORDER BY e.seq DESC LIMIT 1;
    IF v_last > p_now - interval '1 day' THEN
        RETURN 0;
    END IF;
    -- what was told before and committed after is looked at twice
    SELECT count(*), jsonb_object_agg(encode(h.tenant_hk, 'hex'), jsonb_build_array(h.seq, encode(h.hash, 'hex'))) INTO v_chains, v_heads
    FROM auth.audit_head h
    JOIN auth.audit_event e ON e.tenant_hk = h.tenant_hk AND e.seq = h.seq
    WHERE h.tenant_hk <> '\x' AND e.occurred_at > coalesce(v_last - interval '1 hour', '-infinity');
    IF v_chains > 0 THEN
        PERFORM auth.tell('{"\\x"}', 'audit.anchored', '', v_heads);
    END IF;
    RETURN v_chains;
END
$$;

-- Ends the chain of a tenant that is being deleted; where it ended stays, in the chain of no tenant. For the schema's owner: nobody else may.
CREATE OR REPLACE FUNCTION auth.end_audit(p_tenant_hk bytea, p_receipt_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    v_head auth.audit_head;
BEGIN
    DELETE FROM auth.audit_repeat r WHERE r.tenant_hk = p_tenant_hk;
    SELECT h.* INTO v_head FROM auth.audit_head h WHERE h.tenant_hk = p_tenant_hk FOR UPDATE;
    IF FOUND THEN
        DELETE FROM auth.audit_event e WHERE e.tenant_hk = p_tenant_hk;
        DELETE FROM auth.audit_head h WHERE h.tenant_hk = p_tenant_hk;
        PERFORM auth.note_deleted(p_receipt_id, 'auth.audit_event', v_head.seq);
        PERFORM auth.note_deleted(p_receipt_id, 'auth.audit_head', 1);
        PERFORM auth.tell('{"\\x"}', 'audit.ended', (SELECT r.tenant_id FROM auth.tenant_receipt r WHERE r.receipt_id = p_receipt_id),
                          jsonb_build_object('chain', encode(p_tenant_hk, 'hex'), 'receipt', p_receipt_id, 'seq', v_head.seq,
                                             'hash', encode(v_head.hash, 'hex')));
    END IF;
END
$$;

-- The places where chains are broken, of one tenant (the empty key: of no tenant) or of all (NULL), by rows of a moment on. changed: the row is not what was
-- hashed; missing: no row has this number; unlinked: it does not follow from the row before it; end: the chain ends here, and went
-- on once; gone: a whole chain; anchor: the chain of no tenant says that another row stood here.
CREATE OR REPLACE FUNCTION auth.audit_breaks(p_tenant_hk bytea, p_since timestamptz) RETURNS TABLE (tenant_hk bytea, seq bigint, broken text)
LANGUAGE sql STABLE AS $$
    SELECT e.tenant_hk, CASE WHEN e.seq > 1 AND p.seq IS NULL THEN e.seq - 1 ELSE e.seq END,
           CASE WHEN e.seq > 1 AND p.seq IS NULL THEN 'missing' WHEN e.hash <> auth.audit_hash(e) THEN 'changed' ELSE 'unlinked' END
    FROM auth.audit_event e
    LEFT JOIN auth.audit_event p ON p.tenant_hk = e.tenant_hk AND p.seq = e.seq - 1
    WHERE (p_tenant_hk IS NULL OR e.tenant_hk = p_tenant_hk) AND e.occurred_at >= p_since
      AND (e.hash <> auth.audit_hash(e) OR e.seq > 1 AND p.seq IS NULL OR e.previous_hash <> coalesce(p.hash, '\x'))
    UNION ALL
    SELECT h.tenant_hk, coalesce(l.seq, 0), 'end'
    FROM auth.audit_head h
    LEFT JOIN LATERAL (
        SELECT e.seq, e.hash FROM auth.audit_event e WHERE e.tenant_hk = h.tenant_hk ORDER BY e.seq DESC LIMIT 1) l ON true
    WHERE (p_tenant_hk IS NULL OR h.tenant_hk = p_tenant_hk) AND (h.seq, h.hash) IS DISTINCT FROM (l.seq, l.hash)
    UNION ALL
    SELECT e.tenant_hk, max(e.seq), 'end' FROM auth.audit_event e
    WHERE (p_tenant_hk IS NULL OR e.tenant_hk = p_tenant_hk) AND e.occurred_at >= p_since
      AND NOT EXISTS (SELECT FROM auth.audit_head h WHERE h.tenant_hk = e.tenant_hk)
    GROUP BY e.tenant_hk
    UNION ALL
    SELECT a.tenant_hk, a.seq, 'anchor'
    FROM (SELECT o.seq AS told, decode(k.key, 'hex') AS tenant_hk, (k.value ->> 0)::bigint AS seq, decode(k.value ->> 1, 'hex') AS hash
          FROM auth.audit_event o CROSS JOIN LATERAL jsonb_each(o.details) AS k(key, value)
          WHERE o.tenant_hk = '\x' AND o.action = 'audit.anchored' AND o.occurred_at >= p_since) a
    LEFT JOIN auth.audit_event e ON e.tenant_hk = a.tenant_hk AND e.seq = a.seq
    WHERE (p_tenant_hk IS NULL OR a.tenant_hk = p_tenant_hk) AND e.hash IS DISTINCT FROM a.hash
      AND NOT EXISTS (SELECT FROM auth.audit_event x
                      WHERE x.tenant_hk = '\x' AND x.action = 'audit.ended' AND x.seq > a.told
                        AND x.details ->> 'chain' = encode(a.tenant_hk, 'hex'))
    UNION ALL
    SELECT c.tenant_hk, 0, 'gone'
    FROM (SELECT DISTINCT ON (1) decode(e.details ->> 'chain', 'hex') AS tenant_hk, e.action FROM auth.audit_event e
          WHERE e.tenant_hk = '\x' AND e.action IN ('audit.begun', 'audit.ended') ORDER BY 1, e.seq DESC) c
    WHERE c.action = 'audit.begun' AND (p_tenant_hk IS NULL OR c.tenant_hk = p_tenant_hk)
      AND NOT EXISTS (SELECT FROM auth.audit_head h WHERE h.tenant_hk = c.tenant_hk)
      AND NOT EXISTS (SELECT FROM auth.audit_event e WHERE e.tenant_hk = c.tenant_hk)
    ORDER BY 1, 2
$$;

-- What a number in a chain is called today: of a person, a key, a token, a share link; NULL: it is no number, or whose it was is gone.
CREATE OR REPLACE FUNCTION auth.name_of(p_kind text, p_number text) RETURNS text
LANGUAGE sql STABLE
RETURN CASE p_kind
    WHEN 'person' THEN (SELECT a.email FROM auth.account a WHERE a.account_id::text = p_number)
    WHEN 'key' THEN (SELECT k.label FROM auth.access_key k WHERE k.access_key_id::text = p_number)
    WHEN 'token' THEN (SELECT t.label FROM auth.operator_token t WHERE t.operator_token_id::text = p_number)
    WHEN 'guest' THEN (SELECT l.label FROM auth.share_link l WHERE l.share_link_id::text = p_number)
END;

-- Rows of chains, the newest first: of one tenant or of all (NULL), as auth.audit_event has them, with today's names. p_who is a part
-- of who did it, p_action an action or what its name begins with.
CREATE OR REPLACE FUNCTION auth.audit_entries(
    p_tenant_hk bytea, p_who text, p_action text, p_since timestamptz, p_until timestamptz, p_most integer, p_offset integer
) RETURNS TABLE (tenant text, seq bigint, occurred_at timestamptz, kind text, who text, via text, action text, subject text, details jsonb,
                 request_id text, hash text)
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN e.tenant_hk = '\x' THEN NULL ELSE coalesce(t.public_id, encode(e.tenant_hk, 'hex')) END, e.seq, e.occurred_at, e.actor_kind,
           w.who, e.via, e.action,
           coalesce(auth.name_of('person', substring(e.subject FROM '^person ([0-9]+)$')),
                    auth.name_of(CASE split_part(e.action, '.', 1) WHEN 'key' THEN 'key' WHEN 'operator_token' THEN 'token'
                                                                   WHEN 'share_link' THEN 'guest' END, e.subject) || ' (' || e.subject || ')',
                    e.subject), e.details,
           e.request_id, encode(e.hash, 'hex')
    FROM auth.audit_event e
    CROSS JOIN LATERAL (SELECT coalesce(auth.name_of(e.actor_kind, e.actor), nullif(e.actor, ''), e.actor_kind) AS who) w
    LEFT JOIN auth.tenant_v t ON t.tenant_hk = e.tenant_hk
    WHERE (p_tenant_hk IS NULL OR e.tenant_hk = p_tenant_hk)
      AND e.occurred_at >= p_since AND e.occurred_at < p_until
      AND (p_action = '' OR e.action = p_action OR starts_with(e.action, p_action || '.'))
      AND (p_who = '' OR strpos(lower(w.who || ' ' || e.actor_kind), lower(p_who)) > 0)
    ORDER BY e.occurred_at DESC, e.tenant_hk, e.seq DESC
    LIMIT p_most OFFSET p_offset
$$;

-- Those of the session's tenant, for its owners; and of all, for operators.
CREATE OR REPLACE FUNCTION auth.own_audit(
    p_who text, p_action text, p_since timestamptz, p_until timestamptz, p_most integer, p_offset integer
) RETURNS TABLE (tenant text, seq bigint, occurred_at timestamptz, kind text, who text, via text, action text, subject text, details jsonb,
                 request_id text, hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT * FROM auth.audit_entries(coalesce(util.current_tenant(), '\x00'), p_who, p_action, p_since, p_until, p_most, p_offset)
$$;

CREATE OR REPLACE FUNCTION auth.all_audit(
    p_tenant_hk bytea, p_who text, p_action text, p_since timestamptz, p_until timestamptz, p_most integer, p_offset integer
) RETURNS TABLE (tenant text, seq bigint, occurred_at timestamptz, kind text, who text, via text, action text, subject text, details jsonb,
                 request_id text, hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT * FROM auth.audit_entries(p_tenant_hk, p_who, p_action, p_since, p_until, p_most, p_offset)
$$;

-- Whatever changes these tables is told.
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON auth.access_key
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('key', 'access_key_id', 'key_hash,created_at,created_by');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON auth.operator_token
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('operator_token', 'operator_token_id', 'token_hash,created_at');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON auth.share_link
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('share_link', 'share_link_id', 'token_hash,password_hash,created_at');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON auth.sql_access
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('sql_login', 'role_name', 'created_at');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON auth.membership
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('role', 'account_id', '', 'changed');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON auth.tenant_plan
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('plan', '', '', 'changed');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON auth.privacy_request
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('privacy_request', 'request_id', 'reference');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON auth.site
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('site', 'site', 'created_at');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ref.goal
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('goal', 'goal', 'created_at');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ref.funnel
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('funnel', 'funnel', 'created_at');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ref.event_type
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('event_type', 'event_type', '');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ref.conversion_rule
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('conversion_rule', 'conversion_rule_id', '');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ref.visitor_segment
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('segment', 'segment', '');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ref.retention
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('retention', 'layer', '', 'changed');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ref.archive_rule
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('archive_rule', 'layer', '', 'changed');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ref.legal_hold
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('legal_hold', '', 'placed_by,placed_at');
-- what leaves for the archive is told by archive.leave
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE ON raw.kept_since
FOR EACH ROW WHEN (NOT new.is_archived) EXECUTE FUNCTION auth.tell_change('retention', 'layer', '', 'applied');
CREATE OR REPLACE TRIGGER audit AFTER INSERT ON util.backup
FOR EACH ROW EXECUTE FUNCTION auth.tell_change('backup', 'taken_at', '', 'made');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE ON auth.tenant_details_s FOR EACH ROW EXECUTE FUNCTION auth.tell_tenant();
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON auth.account FOR EACH ROW EXECUTE FUNCTION auth.tell_person();
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE ON auth.identity FOR EACH ROW EXECUTE FUNCTION auth.tell_identity();
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON auth.passkey FOR EACH ROW EXECUTE FUNCTION auth.tell_passkey();
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE ON auth.sign_in FOR EACH ROW EXECUTE FUNCTION auth.tell_sign_in();
