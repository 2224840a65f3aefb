-- Parsing without exceptions: each function gives NULL for what it cannot read. ASCII classes are spelled out and case is folded
-- under "C", so that keys do not depend on the database's locale.

-- An id as sent, if it can serve as one: trimmed, NFC, 1 to 200 characters, no control characters, not a scrubbed e-mail address.
CREATE OR REPLACE FUNCTION staging.usable_id(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN length(p_text) BETWEEN 1 AND 200 AND btrim(p_text) <> '' AND p_text !~ '[\x01-\x1f\x7f]'
             AND strpos(p_text, '[email]') = 0
       -- plain ASCII is in normal form already
       THEN CASE WHEN octet_length(p_text) = length(p_text) THEN btrim(p_text)
                 WHEN length(normalize(btrim(p_text), NFC)) <= 200 THEN normalize(btrim(p_text), NFC) END END;

-- A decimal number of at most 14 digits before the point, also after it has been rounded to four after it.
CREATE OR REPLACE FUNCTION staging.number_of(p_text text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_text ~ '^[+-]?[0-9]{1,14}(\.[0-9]{1,30})?$'
       THEN CASE WHEN abs(round(p_text::numeric, 4)) < 100000000000000 THEN p_text::numeric END END;

-- A whole number between two bounds; fractions are rounded.
CREATE OR REPLACE FUNCTION staging.integer_of(p_text text, p_least integer, p_most integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_text ~ '^-?[0-9]{1,9}(\.[0-9]{1,30})?$' AND round(p_text::numeric) BETWEEN p_least AND p_most
       THEN round(p_text::numeric)::integer END;

-- The time that an event id carries: a UUID of version 7 (RFC 9562) or a ULID begin with 48 bits of milliseconds.
CREATE OR REPLACE FUNCTION staging.moment_in_id(p_event_id text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_event_id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
    THEN to_timestamp((('x' || lpad(left(replace(p_event_id, '-', ''), 12), 16, '0'))::bit(64)::bigint)::numeric / 1000)
    WHEN p_event_id ~ '^[0-7][0-9a-hjkmnp-tv-z]{25}$'
    THEN to_timestamp((SELECT sum((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_event_id, i, 1)) - 1)
                                  * (32::numeric ^ (10 - i))) FROM generate_series(1, 10) AS i) / 1000)
END;

-- Scheme, host, port, path and query of an absolute URL, or of an absolute path; NULL for anything else. Host in lower case;
-- user names are dropped; text after '#' is not part of a page.
CREATE OR REPLACE FUNCTION staging.url_parts(p_url text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    regexp_match(p_url, '^([A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#@]*@)?(\[[0-9A-Fa-f:.]+\]|[^]/?#:@\s[]+)(?::([0-9]{1,5}))?(/[^?#]*)?(?:\?([^#]*))?'),
    -- the first three never match: a path alone has no scheme, host or port
    regexp_match(p_url, '^(\x01)?(\x01)?(\x01)?(/[^/?#][^?#]*|/)(?:\?([^#]*))?(?:#|$)'));

-- A path in one spelling: no trailing slash, %XX in upper case, unreserved characters not escaped (RFC 3986, 6.2.2).
CREATE OR REPLACE FUNCTION staging.canonical_path(p_path text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_path text := coalesce(nullif(rtrim(p_path, '/'), ''), '/');
    v_part text;
    v_char text;
BEGIN
    IF strpos(v_path, '%') = 0 THEN
        RETURN v_path;
    END IF;
    FOR v_part IN SELECT DISTINCT m[1] FROM regexp_matches(v_path, '%[0-9A-Fa-f]{2}', 'g') AS m LOOP
        v_char := chr(nullif(get_byte(decode(substr(v_part, 2), 'hex'), 0), 0));
        v_path := replace(v_path, v_part, CASE WHEN v_char ~ '^[A-Za-z0-9._~-]$' THEN v_char ELSE upper(v_part COLLATE "C") END);
    END LOOP;
    RETURN v_path;
END
$$;

-- Percent-decoded text ('+' is a blank); the text as it was when its bytes are no UTF-8.
CREATE OR REPLACE FUNCTION staging.url_decoded(p_text text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    v_bytes bytea := '';
    v_part text;
BEGIN
    IF p_text IS NULL OR p_text !~ '[%+]' THEN
        RETURN p_text;
    END IF;
    FOR v_part IN SELECT m[1] FROM regexp_matches(replace(p_text, '+', ' '), '(%[0-9A-Fa-f]{2}|[^%]+|%)', 'g') AS m LOOP
        v_bytes := v_bytes || CASE WHEN v_part ~ '^%[0-9A-Fa-f]{2}$' THEN decode(substr(v_part, 2), 'hex')
                                   ELSE convert_to(v_part, 'UTF8') END;
    END LOOP;
    RETURN convert_from(v_bytes, 'UTF8');
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
    RETURN p_text;
END
$$;

-- The value of one key of a query string, decoded; NULL when it is absent or empty.
CREATE OR REPLACE FUNCTION staging.query_value(p_query text, p_key text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(staging.url_decoded(substring(p_query FROM '(?:^|&)' || p_key || '=([^&]*)')), '');

-- The part of a query that tells pages apart: the allowed keys, sorted.
CREATE OR REPLACE FUNCTION staging.page_query(p_query text, p_keys text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN p_query IS NOT NULL AND cardinality(p_keys) > 0 THEN
    (SELECT '?' || string_agg(pair, '&' ORDER BY pair COLLATE "C")
     FROM regexp_split_to_table(p_query, '&') AS pair
     WHERE split_part(pair, '=', 1) = ANY (p_keys))
END;

-- A label as part of a key: ASCII letters in lower case, runs of blanks and punctuation as one '-', all else as it is.
CREATE OR REPLACE FUNCTION staging.slug(p_label text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN btrim(regexp_replace(lower(p_label COLLATE "C"), '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', '-', 'g'), '-');

-- What a page is about, and what it is for, by the words of its path: [category, type]. (Array operators, not patterns: PostgreSQL
-- keeps 32 compiled patterns, and this runs beside many others for every event.)
CREATE OR REPLACE FUNCTION staging.page_class(p_path text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_words text[] := string_to_array(lower(p_path COLLATE "C"), '/');
    v_category text := CASE
        WHEN v_words && '{product,products,shop,store,catalog,catalogue,collection,collections,course,courses,program,programs,service,services,treatment,treatments,offer,offers,loans,plans}' THEN 'products'
        WHEN v_words && '{article,articles,blog,news,post,posts,story,stories,guide,guides,docs,presentations,projects}' THEN 'articles'
        WHEN v_words && '{feature,features,tour,integration,integrations,pricing}' THEN 'features'
        WHEN v_words && '{about,about-us,team,company,careers,press}' THEN 'about'
        WHEN v_words && '{contact,contact-us,support,help,book,booking,appointment,appointments,demo}' THEN 'contact'
    END;
BEGIN
    RETURN ARRAY[v_category, CASE
        WHEN p_path = '/' OR v_words[2] IN ('landing', 'lp') OR v_words[2] LIKE 'index.%' THEN 'landing'
        WHEN v_words && '{cart,basket,checkout,payment,order,signup,sign-up,register,subscribe,apply,enrol,enroll}' THEN 'checkout'
        WHEN v_category IN ('products', 'articles', 'features')
        THEN CASE WHEN cardinality(v_words) = 2 THEN 'category' ELSE 'detail' END
        ELSE 'content'
    END];
END
$$;

-- A host without a leading "www.".
CREATE OR REPLACE FUNCTION staging.without_www(p_host text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN starts_with(p_host, 'www.') THEN substr(p_host, 5) ELSE p_host END;

-- The names under which ref.referrer may know a host: itself and its parents, each also with .* for its top-level domain.
CREATE OR REPLACE FUNCTION staging.referrer_names(p_host text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT array_agg(name)
    FROM (SELECT string_to_array(staging.without_www(p_host), '.') AS labels) h
    CROSS JOIN LATERAL generate_series(1, cardinality(labels)) AS i
    CROSS JOIN LATERAL (VALUES (array_to_string(labels[i:], '.')),
                               (array_to_string(labels[i:cardinality(labels) - 1], '.') || '.*'),
                               (array_to_string(labels[i:cardinality(labels) - 2], '.') || '.*')) AS n(name)
);

-- What is known of a referrer's host, or of a utm_source: at most one row, that of the longest name.
CREATE OR REPLACE FUNCTION staging.known_origin(p_name text) RETURNS TABLE (source text, channel text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
    SELECT r.source, r.channel
    FROM (SELECT staging.referrer_names(p_name) AS names OFFSET 0) n  -- once, not once for each row of ref.referrer
    JOIN ref.referrer r ON r.host = ANY (n.names) OR r.source = p_name
    ORDER BY length(r.host) DESC, r.host LIMIT 1
$$;

-- The channel of a visit: paid, email, social, search, ai, referral or direct. The campaign's own words come first, then what is
-- known of it (p_campaign_channel), then what is known of the referrer (p_referrer_channel).
CREATE OR REPLACE FUNCTION staging.channel_of(
    p_utm_source text, p_utm_medium text, p_has_click_id boolean, p_has_referrer boolean, p_campaign_channel text,
    p_referrer_channel text
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_has_click_id OR p_utm_medium ~* '^(cp[acmpv]|ppc|paid.*|.*[-_ ]paid|display|banner|retargeting|ads?)$' THEN 'paid'
    WHEN p_utm_medium ~* '^(e-?mail|newsletter)$' THEN 'email'
    WHEN p_utm_medium ~* '^social' THEN 'social'
    WHEN p_utm_medium ~* '^organic$' THEN 'search'
    WHEN p_utm_source IS NOT NULL
    THEN coalesce(p_campaign_channel, CASE WHEN p_utm_source ~* 'newsletter|e-?mail' THEN 'email' END,
                  CASE WHEN p_has_referrer THEN p_referrer_channel END, 'referral')
    WHEN p_has_referrer THEN coalesce(p_referrer_channel, 'referral')
    ELSE 'direct'
END;
