-- The hash recipe and the clock: the only functions that every schema uses. Twin of footfall.vault.hashing.

-- Full SHA-256 of a text in UTF-8 (32 bytes), independent of session settings. The plan's util.hash_binary.
CREATE OR REPLACE FUNCTION util.hash_binary(p_text text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(convert_to(p_text, 'UTF8'));

-- One part of a hash input: its length in bytes, a colon, the text; NULL is a lone '-'. No part can imitate a delimiter.
CREATE OR REPLACE FUNCTION util.netstring(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(octet_length(p_text)::text || ':' || p_text, '-');

-- The one text of a moment, whatever the session's TimeZone and DateStyle.
CREATE OR REPLACE FUNCTION util.canonical(p_moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(p_moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- The one text of an array: its elements' netstrings, in order; NULL stays NULL.
CREATE OR REPLACE FUNCTION util.canonical(p_items text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_items IS NOT NULL THEN
    coalesce((SELECT string_agg(util.netstring(u.item), '' ORDER BY u.ordinality)
              FROM unnest(p_items) WITH ORDINALITY AS u(item, ordinality)), '')
END;

-- The rest of util.moment_of: moments in a spelling that few senders use.
CREATE OR REPLACE FUNCTION util.unusual_moment_of(p_text text) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    v_offset constant text := '(Z|[+-][0-9]{2}(:?[0-9]{2})?)';
BEGIN
    IF substr(p_text, 5, 1) = '-' THEN
        IF p_text ~ ('^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?' || v_offset || '?$') THEN
            p_text := p_text || CASE WHEN p_text ~ (v_offset || '$') THEN '' ELSE 'Z' END;
            IF pg_input_is_valid(p_text, 'timestamptz') THEN
                RETURN p_text::timestamptz;
            END IF;
        END IF;
    ELSIF p_text ~ '^[0-9]{12,14}(\.[0-9]{1,9})?$' THEN
        RETURN to_timestamp(p_text::numeric / 1000);
    ELSIF p_text ~ '^[0-9]{15,17}(\.[0-9]{1,9})?$' THEN
        RETURN to_timestamp(p_text::numeric / 1000000);
    ELSIF p_text ~ '^[0-9]{18,20}$' THEN
        RETURN to_timestamp(p_text::numeric / 1000000000);
    ELSIF p_text ~ '^[0-9]{9,11}(\.[0-9]{1,9})?$' THEN
        RETURN to_timestamp(p_text::numeric);
    END IF;
    RETURN NULL;
END
$$;

-- Whole milliseconds since 1970, rounded down. AT TIME ZONE makes the expression immutable: only then is the function inlined.
CREATE OR REPLACE FUNCTION util.milliseconds(p_moment timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(extract(epoch FROM p_moment AT TIME ZONE 'UTC') * 1000)::bigint;

-- The 6 bytes with which time-ordered keys of this millisecond begin; also the lower bound of all keys from then on:
-- hk >= util.time_prefix(from) AND hk < util.time_prefix(to) selects the keys of [from, to) and prunes partitions.
CREATE OR REPLACE FUNCTION util.time_prefix(p_moment timestamptz) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN substr(int8send(floor(extract(epoch FROM p_moment AT TIME ZONE 'UTC') * 1000)::bigint), 3, 6);

-- The greatest key of the same millisecond. An event's links share its first 6 bytes, so that
-- link_hk BETWEEN substr(event_hk, 1, 6) AND util.last_key_of(event_hk) finds them through the links' primary key.
CREATE OR REPLACE FUNCTION util.last_key_of(p_key bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN substr(p_key, 1, 6) || '\xffffffffffffffffffffffffffff'::bytea;

-- A moment as sent, NULL when it is none: ISO 8601 (UTC where it names no offset), or since 1970 seconds (9-11 digits), milliseconds
-- (12-14), microseconds (15-17) or nanoseconds (18-20). What nearly all senders write, 2026-11-23T12:00:00.000Z or with +00:00, is told by its punctuation alone: that
-- is three times as fast as the patterns of the others.
CREATE OR REPLACE FUNCTION util.moment_of(p_text text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN p_text LIKE '____-__-__T__:__:__._%' AND length(p_text) <= 35
         AND CASE translate(p_text, '0123456789', '') WHEN '--T::.Z' THEN p_text LIKE '%_Z' WHEN '--T::.+:' THEN p_text LIKE '%_+__:__' END
    -- digits in the right places may still be no date: 2024-02-30
    THEN CASE WHEN pg_input_is_valid(p_text, 'timestamptz') THEN p_text::timestamptz END
    WHEN p_text IS NOT NULL THEN util.unusual_moment_of(p_text)
END;

-- When a day begins in a time zone. Of a midnight that comes twice, the first; where none comes, when the clocks are put forward. A
-- midnight that comes twice is read as the second: the first is so much earlier as clocks were ever put back at night.
CREATE OR REPLACE FUNCTION util.day_start(p_day date, p_time_zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT min(m.moment)
    FROM unnest('{0,30 minutes,1 hour,2 hours,3 hours}'::interval[]) AS b(back)
    CROSS JOIN LATERAL (SELECT (p_day::timestamp AT TIME ZONE p_time_zone) - b.back AS moment) m
    WHERE b.back = '0' OR m.moment AT TIME ZONE p_time_zone = p_day::timestamp);

-- A sum of values as a numeric(18,4) holds it: what is beyond its range becomes its end.
CREATE OR REPLACE FUNCTION util.money(p_sum numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(least(p_sum, 99999999999999.9999), -99999999999999.9999);

-- Hash key of a tenant from its public id.
CREATE OR REPLACE FUNCTION util.tenant_key(p_tenant_id text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN substr(util.hash_binary(util.netstring(p_tenant_id)), 1, 20);

-- Now, for load dates. The setting footfall.now (ISO 8601) moves the clock of one session: tests and rebuilds use it.
CREATE OR REPLACE FUNCTION util.current_load_date() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN coalesce(nullif(current_setting('footfall.now', true), '')::timestamptz, clock_timestamp());

-- Whether this store is being rebuilt from another's raw (footfall rebuild): its owner has marked it, and takes the mark away at the end.
CREATE OR REPLACE FUNCTION util.is_rebuild() RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM util.work w WHERE w.work = 'rebuild');

-- The tenant of this transaction (app.tenant_hk, hex), or NULL. Policies spell this out themselves, as a sub-select.
CREATE OR REPLACE FUNCTION util.current_tenant() RETURNS bytea
LANGUAGE sql STABLE
RETURN decode(nullif(current_setting('app.tenant_hk', true), ''), 'hex');

-- What the names of this store's roles begin with. All SQL calls them footfall_…: `footfall migrate` writes the store's own names instead.
CREATE OR REPLACE FUNCTION util.role_prefix() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left('footfall_worker', -length('_worker'));

-- Whether who asks may ask about any tenant: the worker, and who may act as it.
CREATE OR REPLACE FUNCTION util.is_operator() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_has_role(current_user, 'footfall_worker', 'USAGE');

-- Waits until nobody else does this work, and keeps others from it until the transaction ends. p_work is one of util.work.
CREATE OR REPLACE FUNCTION util.take_turn(p_work text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM util.work w WHERE w.work = p_work FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'util.work has no %', p_work;
    END IF;
END
$$;

-- The same without waiting: whether nobody else does this work.
CREATE OR REPLACE FUNCTION util.try_turn(p_work text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM util.work w WHERE w.work = p_work FOR UPDATE SKIP LOCKED;
    RETURN FOUND;
END
$$;
