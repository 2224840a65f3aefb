-- Landing: the one way into raw, for the HTTP door, for imports and for SQL.

-- A payload without what nobody meant to send: user names and passwords in URLs, and e-mail addresses wherever they are, also
-- percent-encoded or as \u0040, which become [email]. A URL or a form label is no place for them, and an id that is one would be
-- personal data. An escape before an address is one with it: half an escape would be no JSON.
CREATE OR REPLACE FUNCTION raw.scrubbed(p_payload text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN strpos(p_payload, '@') > 0 OR strpos(p_payload, '%40') > 0 OR strpos(p_payload, '\u0040') > 0 THEN
    regexp_replace(
        regexp_replace(CASE WHEN p_payload LIKE '%\\u0040%' THEN p_payload::jsonb::text ELSE p_payload END,
                       '(:\\?/\\?/)[^/@"\s\\]*@', '\1', 'g'),
        '(\\u[0-9A-Fa-f]{4}|\\.|[A-Za-z0-9._+-])+(@|%40)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+', '[email]', 'g')
ELSE p_payload END;

-- The keys of a payload that tell a person or a browser apart: none of them is kept of visitors who ask not to be tracked. Twin of
-- footfall.auth.visitors.PERSONAL_KEYS.
CREATE OR REPLACE FUNCTION raw.personal_keys() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['visitor_id', 'user_id', 'screen_resolution', 'viewport_width', 'viewport_height', 'timezone', 'language',
             'browser_name'];

-- Which of these payloads can be stored: for the statement that could not store them all.
CREATE OR REPLACE FUNCTION raw.are_storable(p_payload text[]) RETURNS boolean[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT array_agg(coalesce(pg_input_is_valid(p.payload, 'jsonb') AND pg_input_is_valid(raw.scrubbed(p.payload), 'jsonb'), false)
                     ORDER BY p.position)
    FROM unnest(p_payload) WITH ORDINALITY AS p(payload, position)
$$;
ALTER FUNCTION raw.are_storable OWNER TO footfall_worker;

-- Lands events in one statement: one row of raw each, one row of the queue for each tenant. The arrays run in parallel, one
-- element an event; p_payload is JSON text. Returns the raw event ids in the order of the arrays. Raises what the cast to jsonb
-- raises for text that PostgreSQL cannot store: callers then land smaller parts (footfall.raw.landing).
CREATE OR REPLACE FUNCTION raw.land_tracking_events(
    p_tenant_id text[], p_received_timestamp timestamptz[], p_payload text[], p_user_agent text[], p_visitor_id text[],
    p_visitor_ip_hash text[], p_client_ip inet[], p_do_not_track boolean[], p_is_trusted boolean[], p_record_source text[]
) RETURNS SETOF bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH event AS MATERIALIZED (
        -- numbered tenant by tenant, so that a batch is one range of numbers
        SELECT nextval('raw.raw_event_id_seq') AS raw_event_id, e.*
        FROM (
            SELECT util.tenant_key(e.tenant_id) AS tenant_hk, e.*
            FROM unnest(p_tenant_id, p_received_timestamp, p_payload, p_user_agent, p_visitor_id, p_visitor_ip_hash, p_client_ip,
                        p_do_not_track, p_is_trusted, p_record_source) WITH ORDINALITY
                AS e(tenant_id, received_timestamp, payload, user_agent, visitor_id, visitor_ip_hash, client_ip,
                     do_not_track, is_trusted, record_source, position)
            ORDER BY e.tenant_id, e.position
        ) e
    ), batch AS (
        INSERT INTO raw.ingest_batch (tenant_hk, received_from, received_to, first_raw_event_id, last_raw_event_id,
                                      event_count, next_attempt_at)
        SELECT tenant_hk, min(received_timestamp), max(received_timestamp), min(raw_event_id), max(raw_event_id),
               count(*), '-infinity'
        FROM event GROUP BY tenant_hk
        RETURNING batch_id, tenant_hk
    ), landed AS (
        INSERT INTO raw.site_tracking_events_r (
            raw_event_id, batch_id, received_timestamp, is_trusted, do_not_track, tenant_hk, tenant_id, client_ip, visitor_id,
            visitor_ip_hash, user_agent, record_source, raw_payload)
        SELECT e.raw_event_id, b.batch_id, e.received_timestamp, e.is_trusted, e.do_not_track, e.tenant_hk, e.tenant_id,
               e.client_ip, e.visitor_id, e.visitor_ip_hash, left(e.user_agent, 2000), e.record_source,
               raw.scrubbed(e.payload)::jsonb
        FROM event e JOIN batch b USING (tenant_hk)
    )
    SELECT e.raw_event_id FROM event e ORDER BY e.position
$$;
ALTER FUNCTION raw.land_tracking_events OWNER TO footfall_worker;

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
ALTER FUNCTION raw.count_refusals OWNER TO footfall_worker;

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
    SELECT t.* INTO v_tenant FROM auth.tenant_v t WHERE t.tenant_hk = util.tenant_key(p_tenant_id);
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
        array_agg(p_tenant_id ORDER BY k.position), array_agg(v_now),
        array_agg(CASE WHEN k.is_object
                       THEN k.payload - ARRAY['client_ip', 'user_agent', 'tenantId', 'tenant_id']
                            - CASE WHEN k.no_track THEN raw.personal_keys() ELSE '{}' END
                       ELSE k.payload END::text ORDER BY k.position),
        array_agg(CASE WHEN NOT k.no_track THEN k.user_agent END ORDER BY k.position),
        array_agg(auth.visitor_key(k.secret, k.client_ip, k.user_agent) ORDER BY k.position),
        array_agg(auth.address_hash(k.secret, k.client_ip) ORDER BY k.position),
        array_agg(CASE WHEN v_tenant.keep_truncated_ip AND NOT k.no_track
                       THEN auth.truncated_address(k.client_ip) END ORDER BY k.position),
        array_agg(k.no_track ORDER BY k.position), array_agg(true), array_agg('site_tracker'::text))
    FROM keyed k;
END
$$;
ALTER FUNCTION raw.ingest_tracking_events OWNER TO footfall_worker;

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
