-- Landing: the one way into raw, for the HTTP door, for imports and for SQL.

-- Whether these digits are the number of a payment card: a length and a beginning that cards have, and a check digit that holds (Luhn).
CREATE OR REPLACE FUNCTION raw.is_card_number(p_digits text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_digits ~ '^(4[0-9]{12}([0-9]{3})?|(5[1-5]|2[2-7]|35|6[0-9])[0-9]{14}|3[47][0-9]{13}|3[0689][0-9]{12})$'
   AND (SELECT sum(CASE WHEN i % 2 = 0 THEN d WHEN d > 4 THEN 2 * d - 9 ELSE 2 * d END) % 10 = 0
        FROM generate_series(0, length(p_digits) - 1) AS i
        CROSS JOIN LATERAL (SELECT substr(p_digits, length(p_digits) - i, 1)::integer AS d) AS digit);

-- A payload without what nobody meant to send: passwords, tokens, keys, e-mail addresses (which become [email]), card numbers, wherever
-- they stand. A URL or a form label is no place for them, and an id that is one would be personal data. The cases are those of
-- tests/scrubbing.json, which the tracker knows too. As jsonb writes it, text has one spelling and few escapes. It costs as much as
-- landing: only what may hold a secret (footfall.raw.secrets) is looked at.
CREATE OR REPLACE FUNCTION raw.scrubbed(p_payload text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_telling constant text := '(token|passw|passcode|passphrase|pwd|secret|api[_-]?key|access[_-]?key|auth(?!or)|authoriz|signature|credential';
    v_text text := p_payload::jsonb::text;
    -- what may be the number of a card, and is no part of an id
    v_number constant text := '(?<![0-9a-z.-])[2-6](?:[ -]?[0-9]){12,15}(?![0-9a-z-])';
    v_numbers text[];
BEGIN
    -- user names and passwords of addresses
    v_text := regexp_replace(v_text, '(://)[^/@"\s\\]*@', '\1', 'g');
    -- values of telling parameters, also of an address within an address; of telling properties
    v_text := regexp_replace(v_text, '((?:[?&#;"\s]|%3F|%26)[a-z0-9_.[\]-]*' || v_telling
                                     || '|sess[a-z]*[_-]?id)[a-z0-9_.[\]-]*(?:=|%3D))(?:(?!%26)[^&#"\s\\])+', '\1removed', 'gi');
    v_text := regexp_replace(v_text, '("[^"]*' || v_telling || ')[^"]*": )("(?:[^"\\]|\\.)*"|[0-9.eE+-]+)', '\1"removed"', 'gi');
    -- what a sign-in hands back: a code beside a state. Of many codes nobody looks for the state of each: that would take as many
    -- times as long as there are
    v_text := regexp_replace(v_text, CASE WHEN regexp_count(v_text, '[?&#]code=', 1, 'i') > 20 THEN '([?&#]code=)[^&#"\s\\]+'
                                          ELSE '([?&#]code=)[^&#"\s\\]+(?=[^"\s]*&state=)' END, '\1removed', 'gi');
    v_text := regexp_replace(v_text, '([?&#]state=[^"\s]*&code=)[^&#"\s\\]+', '\1removed', 'gi');
    -- tokens that name themselves; keys in hexadecimal digits, but no whole value: that is an id
    v_text := regexp_replace(v_text, '\m(bearer|basic)(\s|%20|\+)+(?=[^\s"]*[0-9])[a-z0-9._~+/=-]{12,}', '\1\2removed', 'gi');
    v_text := regexp_replace(v_text, '\m(eyJ|[rs]k_(live|test)_|gh[a-z]_|github_pat_|glpat-|xox[a-z]-|AKIA|AIza)[A-Za-z0-9_.-]{12,}',
                             'removed', 'g');
    v_text := regexp_replace(v_text, '([/=\s#])(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{32,}\M', '\1removed', 'gi');
    -- e-mail addresses, with an escape before them, which is one with it: half an escape would be no JSON; but no package@1.2.3 and no
    -- file@2x.png
    v_text := regexp_replace(v_text, '(\\u[0-9A-Fa-f]{4}|\\.|[A-Za-z0-9._+%-]|[^\x01-\x7f])+(@|%40)(?![0-9]+(x|\.[0-9]))'
                                     '([A-Za-z0-9-]|[^\x01-\x7f])+(\.([A-Za-z0-9-]|[^\x01-\x7f])+)*\.([A-Za-z]|[^\x01-\x7f]){2,}', '[email]', 'g');
    SELECT array_agg(n.m[1] ORDER BY n.position) INTO v_numbers
    FROM regexp_matches(v_text, v_number, 'gi') WITH ORDINALITY AS n(m, position);
    IF v_numbers IS NOT NULL THEN
        SELECT string_agg(o.part || CASE WHEN raw.is_card_number(translate(o.number, ' -', '')) THEN 'removed'
                                         ELSE coalesce(o.number, '') END, '' ORDER BY o.position)
        INTO v_text
        FROM unnest(regexp_split_to_array(v_text, v_number, 'i'), v_numbers) WITH ORDINALITY AS o(part, number, position);
    END IF;
    RETURN v_text;
END
$$;

-- The keys of a payload that tell a person or a browser apart: none of them is kept of visitors who ask not to be tracked. Twin of
-- footfall.auth.visitors.PERSONAL_KEYS.
CREATE OR REPLACE FUNCTION raw.personal_keys() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['session_id', 'visitor_id', 'user_id', 'screen_resolution', 'viewport_width', 'viewport_height', 'timezone', 'language',
             'browser_name', 'transaction_id', 'properties', 'item_metadata', 'consent'];

-- Which of these payloads can be stored: for the statement that could not store them all.
CREATE OR REPLACE FUNCTION raw.are_storable(p_payload text[]) RETURNS boolean[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT array_agg(coalesce(pg_input_is_valid(p.payload, 'jsonb') AND pg_input_is_valid(raw.scrubbed(p.payload), 'jsonb'), false)
                     ORDER BY p.position)
    FROM unnest(p_payload) WITH ORDINALITY AS p(payload, position)
$$;

-- Whether an event came with a public key, by its record source (footfall.web.door.accept): what anybody may say.
CREATE OR REPLACE FUNCTION raw.is_public(p_record_source text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_record_source LIKE 'web:%';

-- Lands events in one statement: one row of raw each, one row of the queue for each tenant. The arrays run in parallel, one
-- element an event; p_payload is JSON text, p_is_suspect: it may hold something secret, p_is_late: it is of long ago, and may wait for
-- those of today. Returns the raw event ids in the order of the arrays. Raises what the cast to jsonb raises for text that PostgreSQL
-- cannot store: callers then land smaller parts (footfall.raw.landing).
CREATE OR REPLACE FUNCTION raw.land_tracking_events(
    p_tenant_id text[], p_received_timestamp timestamptz[], p_payload text[], p_user_agent text[], p_visitor_id text[],
    p_client_ip inet[], p_do_not_track boolean[], p_is_trusted boolean[], p_record_source text[],
    p_is_suspect boolean[], p_is_late boolean[], p_client_hints text[] DEFAULT NULL,
    p_own_network text[] DEFAULT NULL
) RETURNS SETOF bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH event AS MATERIALIZED (
        -- numbered tenant by tenant, so that a batch is one range of numbers
        SELECT nextval('raw.raw_event_id_seq') AS raw_event_id, e.*
        FROM (
            SELECT util.tenant_key(e.tenant_id) AS tenant_hk, e.*
            FROM unnest(p_tenant_id, p_received_timestamp, p_payload, p_user_agent, p_visitor_id, p_client_ip,
                        p_do_not_track, p_is_trusted, p_record_source, p_is_suspect, p_is_late, p_client_hints, p_own_network) WITH ORDINALITY
                AS e(tenant_id, received_timestamp, payload, user_agent, visitor_id, client_ip,
                     do_not_track, is_trusted, record_source, is_suspect, is_late, client_hints, own_network, position)
            ORDER BY e.tenant_id, e.position
        ) e
    ), batch AS (
        INSERT INTO raw.ingest_batch (tenant_hk, received_from, received_to, first_raw_event_id, last_raw_event_id,
                                      event_count, payload_bytes, next_attempt_at)
        SELECT tenant_hk, min(received_timestamp), max(received_timestamp), min(raw_event_id), max(raw_event_id),
               count(*), sum(octet_length(payload)), CASE WHEN bool_and(is_late) THEN max(received_timestamp) ELSE '-infinity' END
        FROM event GROUP BY tenant_hk
        RETURNING batch_id, tenant_hk
    ), landed AS (
        INSERT INTO raw.site_tracking_events_r (
            raw_event_id, batch_id, received_timestamp, is_trusted, do_not_track, tenant_hk, tenant_id, client_ip, visitor_id,
            user_agent, client_hints, own_network, record_source, raw_payload)
        SELECT e.raw_event_id, b.batch_id, e.received_timestamp, e.is_trusted, e.do_not_track, e.tenant_hk, e.tenant_id,
               e.client_ip, e.visitor_id, left(e.user_agent, 2000), left(e.client_hints, 200), e.own_network, e.record_source,
               CASE WHEN e.is_suspect THEN raw.scrubbed(e.payload) ELSE e.payload END::jsonb
        FROM event e JOIN batch b USING (tenant_hk)
    )
    SELECT e.raw_event_id FROM event e ORDER BY e.position
$$;

-- Counts what the door did not take. Arrays in parallel; an empty tenant key for requests without a valid key.
CREATE OR REPLACE FUNCTION raw.count_refusals(p_tenant_hk bytea[], p_reason text[], p_count bigint[], p_now timestamptz)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO raw.refusal (tenant_hk, refused_hour, reason, refused_count)
    SELECT r.tenant_hk, date_trunc('hour', p_now, 'UTC'), r.reason, sum(r.refused)
    FROM unnest(p_tenant_hk, p_reason, p_count) AS r(tenant_hk, reason, refused)
    GROUP BY r.tenant_hk, r.reason ORDER BY r.tenant_hk, r.reason
    ON CONFLICT (tenant_hk, refused_hour, reason) DO UPDATE SET refused_count = refusal.refused_count + excluded.refused_count
$$;

-- Lands one tenant's events from SQL; the arrays run in parallel. Addresses become keyed hashes, under the secret of the event's
-- day, before anything is stored; of an event that asks not to be tracked neither those nor the user agent are kept. SQL callers
-- are trusted: they may back-date.
CREATE OR REPLACE FUNCTION raw.ingest_tracking_events(
    p_tenant_id text, p_client_ip inet[], p_user_agent text[], p_event_data jsonb[]
) RETURNS SETOF bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_tenant auth.tenant_v;
    v_now timestamptz := util.current_load_date();
BEGIN
    SELECT t.* INTO v_tenant FROM auth.tenant_v t WHERE t.tenant_hk = auth.tenant_named(p_tenant_id);
    PERFORM auth.is_move(v_tenant.tenant_hk, 'LAND'); -- raises tenant_moving
    RETURN QUERY
    WITH event AS MATERIALIZED (
        SELECT e.*, jsonb_typeof(e.payload) = 'object' AS is_object,
               coalesce(v_tenant.honour_do_not_track, true) AND e.payload ->> 'do_not_track' IN ('true', '1') IS TRUE AS no_track
        FROM unnest(p_client_ip, p_user_agent, p_event_data) WITH ORDINALITY AS e(client_ip, user_agent, payload, position)
    ), keyed AS (
        SELECT e.*, CASE WHEN e.client_ip IS NOT NULL AND NOT e.no_track AND v_tenant.tenant_hk IS NOT NULL THEN
                   auth.visitor_secret_of(v_tenant.tenant_hk, (coalesce(
                       CASE WHEN e.is_object THEN util.moment_of(e.payload ->> 'event_timestamp') END,
                       v_now) AT TIME ZONE v_tenant.time_zone)::date) END AS secret
        FROM event e
    )
    SELECT raw.land_tracking_events(
        array_agg(coalesce(v_tenant.tenant_bk, p_tenant_id)::text ORDER BY k.position), array_agg(v_now),
        array_agg(CASE WHEN k.is_object
                       THEN k.payload - ARRAY['client_ip', 'user_agent', 'tenantId', 'tenant_id']
                            - CASE WHEN k.no_track THEN raw.personal_keys() ELSE '{}' END
                       ELSE k.payload END::text ORDER BY k.position),
        array_agg(CASE WHEN NOT k.no_track THEN k.user_agent END ORDER BY k.position),
        array_agg(auth.visitor_key(k.secret, k.client_ip, k.user_agent) ORDER BY k.position),
        array_agg(CASE WHEN v_tenant.keep_truncated_ip AND NOT k.no_track
                       THEN auth.truncated_address(k.client_ip) END ORDER BY k.position),
        array_agg(k.no_track ORDER BY k.position), array_agg(true), array_agg('site_tracker'::text), array_agg(true), array_agg(false),
        p_own_network => array_agg(CASE WHEN NOT k.no_track THEN auth.own_network_of(v_tenant.tenant_hk, k.client_ip) END ORDER BY k.position))
    FROM keyed k;
END
$$;

-- Lands one event from SQL and returns its raw_event_id: the plan's form.
CREATE OR REPLACE FUNCTION raw.ingest_tracking_event(
    p_tenant_id varchar, p_client_ip inet, p_user_agent text, p_event_data jsonb
) RETURNS bigint
LANGUAGE sql VOLATILE
RETURN raw.ingest_tracking_events(p_tenant_id, ARRAY[p_client_ip], ARRAY[p_user_agent], ARRAY[p_event_data]);

-- The raw events of these ingest batches, each batch by its range of the primary key (LATERAL with OFFSET 0: whatever the planner
-- knows of the tables, it has been seen to read all of them from the sixth load on, when it stops looking at the numbers). ROWS tells the planner to expect many: it has no
-- way of its own to know, and would join them one by one.
CREATE OR REPLACE FUNCTION raw.events_of(p_batch_ids bigint[]) RETURNS SETOF raw.site_tracking_events_r
LANGUAGE plpgsql STABLE ROWS 10000 AS $$
BEGIN
    RETURN QUERY
    SELECT r.*
    FROM raw.ingest_batch b
    CROSS JOIN LATERAL (
        SELECT r.* FROM raw.site_tracking_events_r r
        WHERE r.batch_id = b.batch_id AND r.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
          AND r.received_timestamp BETWEEN b.received_from AND b.received_to
        OFFSET 0
    ) r
    WHERE b.batch_id = ANY (p_batch_ids);
END
$$;
