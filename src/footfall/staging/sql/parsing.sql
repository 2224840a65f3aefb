-- What an event says of consent: {"state", "purposes", "version", "at"}, of which only the state is always there; NULL when it cannot be
-- understood. It is sent as true or false, or as an object, which means yes unless its `given` says no.
CREATE OR REPLACE FUNCTION staging.consent_of(p_sent jsonb, p_received timestamptz) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'state', CASE WHEN c.given THEN 'granted' ELSE 'denied' END, 'purposes', nullif(c.purposes, '[]'),
        'version', nullif(btrim(c.version), ''), 'at', util.canonical(c.at)))
    FROM (
        SELECT CASE jsonb_typeof(p_sent) WHEN 'boolean' THEN p_sent = 'true'
                    ELSE jsonb_typeof(p_sent) = 'object' AND coalesce(p_sent -> 'given', 'true') = 'true' END AS given,
               p_sent -> 'purposes' AS purposes, p_sent ->> 'version' AS version, util.moment_of(p_sent ->> 'at') AS at
    ) c
    WHERE CASE jsonb_typeof(p_sent)
        WHEN 'boolean' THEN true
        WHEN 'object' THEN
            coalesce(p_sent -> 'given', 'true') IN ('true', 'false')
            AND coalesce(jsonb_typeof(p_sent -> 'version'), 'string') = 'string' AND coalesce(length(c.version), 0) <= 100
            AND CASE WHEN p_sent ? 'at' THEN jsonb_typeof(p_sent -> 'at') = 'string' AND coalesce(c.at <= p_received + interval '1 day', false)
                     ELSE true END
            AND CASE coalesce(jsonb_typeof(c.purposes), '') WHEN '' THEN true
                     WHEN 'array' THEN jsonb_array_length(c.purposes) <= 20 AND NOT EXISTS (
                         SELECT FROM jsonb_array_elements(c.purposes) AS o(purpose)
                         WHERE jsonb_typeof(o.purpose) <> 'string' OR length(o.purpose #>> '{}') NOT BETWEEN 1 AND 50)
                     ELSE false END
        ELSE false END
$$;

-- Parsing without exceptions: each function gives NULL for what it cannot read. ASCII classes are spelled out and case is folded
-- under "C", so that keys do not depend on the database's locale.

-- Whether a text is what programs write where they have no id: a value of theirs that means nothing, an id of zeros, a name of the
-- place that was never filled. Taken for an id, it would make one visitor, order or event of all who send it.
CREATE OR REPLACE FUNCTION staging.is_no_id(p_text text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(btrim(p_text, E' \t"\'') COLLATE "C") = ANY ('{"","undefined","null","(null)","<null>","none","nil","nan","n/a","-","--","?","true","false",
    "unknown","anonymous","anon","guest","not set","(not set)","notset","not_set","(none)","empty","default","test","id","user_id","userid",
    "visitor_id","visitorid","session_id","sessionid","client_id","clientid","item_id","order_id","transaction_id","event_id","[object]","[]",
    "-1","infinity","00000000-0000-0000-0000-000000000000","ffffffff-ffff-ffff-ffff-ffffffffffff"}'::text[])
    OR btrim(p_text, '0.- ') = ''
    -- [object Object], [object Promise]; ${id}, #{id} and the like in two braces, <%= id %>, %USER_ID%, __USER_ID__, [[id]]; few ids begin so
    OR substr(ltrim(p_text), 1, 1) = ANY ('{"[","{",$,#,<,%,_,@}'::text[])
       AND p_text ~ '^\s*(\[object [A-Za-z]+\]|[$#]?\{.*\}|\[\[.*\]\]|<%.*%>|%[A-Za-z_]+%|__[A-Z_]+__|@@.*)\s*$';

-- An id as sent, if it can serve as one: trimmed, NFC, 1 to 200 characters, no control characters, not a scrubbed e-mail address, not
-- what stands where there is none. Nearly all ids are long, of visible ASCII, and begin neither as ids of zeros and Fs do nor as places
-- that were never filled: the first case takes them as they are, at a quarter of the cost.
CREATE OR REPLACE FUNCTION staging.usable_id(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN length(p_text) BETWEEN 21 AND 200 AND p_text ~ '^[1-9A-EG-Za-eg-z][!-~]+$' AND strpos(p_text, '[email]') = 0 THEN p_text
    WHEN length(p_text) BETWEEN 1 AND 200 AND btrim(p_text) <> '' AND p_text !~ '[\x01-\x1f\x7f]'
         AND strpos(p_text, '[email]') = 0 AND NOT staging.is_no_id(p_text)
    -- plain ASCII is in normal form already
    THEN CASE WHEN octet_length(p_text) = length(p_text) THEN btrim(p_text)
              WHEN length(normalize(btrim(p_text), NFC)) <= 200 THEN normalize(btrim(p_text), NFC) END
END;

-- An event type without what spellings differ in: `Page View`, `page-view` and `pageview` are one. Twin of footfall.auth.folded.
CREATE OR REPLACE FUNCTION staging.folded(p_event_type text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(translate(p_event_type, E' \t\r\n._-', '') COLLATE "C");

-- How far a sender's clock is behind (ahead: below zero), by when it says that it sent this; NULL within ten seconds: so long may the
-- way have taken. As footfall.web.door.accept.
CREATE OR REPLACE FUNCTION staging.clock_error(p_sent_at timestamptz, p_received_timestamp timestamptz) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_received_timestamp - p_sent_at NOT BETWEEN interval '-10 seconds' AND interval '10 seconds'
       THEN p_received_timestamp - p_sent_at END;

-- Whether an event may be of this time: not from the future and, with a public key, of the last 30 days.
CREATE OR REPLACE FUNCTION staging.is_plausible(p_event_timestamp timestamptz, p_received_timestamp timestamptz, p_is_trusted boolean)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN p_event_timestamp <= p_received_timestamp + interval '10 minutes' AND p_event_timestamp >= '1970-01-01T00:00:00Z'::timestamptz
       AND (p_is_trusted OR p_event_timestamp >= p_received_timestamp - interval '30 days');

-- Whether a host (without www) is one of these, or under one of them.
CREATE OR REPLACE FUNCTION staging.is_under(p_host text, p_hosts text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cardinality(p_hosts) > 0
    AND EXISTS (SELECT FROM unnest(p_hosts) AS a(host) WHERE p_host = a.host OR right(p_host, length(a.host) + 1) = '.' || a.host);

-- Whether a site's pages may be on this host (without www): it is one of those allowed, or under one of them. None are named, or the
-- event names no page: they may.
CREATE OR REPLACE FUNCTION staging.is_allowed_host(p_host text, p_allowed text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_host IS NULL OR cardinality(p_allowed) = 0 OR staging.is_under(p_host, p_allowed);

-- What tells an event of a tenant from all others, whatever time comes with it.
CREATE OR REPLACE FUNCTION staging.identity_of(p_tenant_id text, p_identity text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN left(encode(util.hash_binary(util.netstring(p_tenant_id) || p_identity), 'hex'), 32)::uuid;

-- Forgets when events were first sent that say so themselves, and which event a view was, p_kept after their receipt; returns how many.
CREATE OR REPLACE FUNCTION staging.forget_identities(p_now timestamptz, p_kept interval DEFAULT '7 days') RETURNS bigint
LANGUAGE sql AS $$
    WITH forgotten AS (
        DELETE FROM staging.event_identity f WHERE f.received_timestamp < p_now - p_kept AND NOT f.is_of_receipt RETURNING 1
    )
    SELECT count(*) FROM forgotten
$$;

-- Forgets what was noted of events received more than p_kept ago; returns how many lines.
CREATE OR REPLACE FUNCTION staging.forget_notes(p_now timestamptz, p_kept interval DEFAULT '8 days') RETURNS bigint
LANGUAGE sql AS $$
    WITH forgotten AS (DELETE FROM staging.note n WHERE n.noted_hour < p_now - p_kept RETURNING 1)
    SELECT count(*) FROM forgotten
$$;

-- A decimal number of at most 14 digits before the point, also after it has been rounded to four after it. (The pattern does not count
-- digits: that would take three times as long.)
CREATE OR REPLACE FUNCTION staging.number_of(p_text text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(p_text) <= 46 AND p_text ~ '^[+-]?[0-9]+(\.[0-9]+)?$'
       THEN CASE WHEN abs(round(p_text::numeric, 4)) < 100000000000000 THEN p_text::numeric END END;

-- Whether a text is a currency of ISO 4217 (list one of 2026-01-01, and those that euros replaced since 2010).
CREATE OR REPLACE FUNCTION staging.is_currency(p_text text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_text = ANY ('{AED,AFN,ALL,AMD,AOA,ARS,AUD,AWG,AZN,BAM,BBD,BDT,BGN,BHD,BIF,BMD,BND,BOB,BOV,BRL,BSD,BTN,BWP,BYN,BZD,CAD,CDF,CHE,CHF,
    CHW,CLF,CLP,CNY,COP,COU,CRC,CUP,CVE,CZK,DJF,DKK,DOP,DZD,EEK,EGP,ERN,ETB,EUR,FJD,FKP,GBP,GEL,GHS,GIP,GMD,GNF,GTQ,GYD,HKD,HNL,HRK,HTG,HUF,IDR,
    ILS,INR,IQD,IRR,ISK,JMD,JOD,JPY,KES,KGS,KHR,KMF,KPW,KRW,KWD,KYD,KZT,LAK,LBP,LKR,LRD,LSL,LTL,LVL,LYD,MAD,MDL,MGA,MKD,MMK,MNT,MOP,MRU,MUR,MVR,
    MWK,MXN,MXV,MYR,MZN,NAD,NGN,NIO,NOK,NPR,NZD,OMR,PAB,PEN,PGK,PHP,PKR,PLN,PYG,QAR,RON,RSD,RUB,RWF,SAR,SBD,SCR,SDG,SEK,SGD,SHP,SLE,SOS,SRD,SSP,
    STN,SVC,SYP,SZL,THB,TJS,TMT,TND,TOP,TRY,TTD,TWD,TZS,UAH,UGX,USD,USN,UYI,UYU,UYW,UZS,VED,VES,VND,VUV,WST,XAF,XCD,XCG,XOF,XPF,YER,ZAR,ZMW,ZWG}'
    ::text[]);

-- A whole number between two bounds; fractions are rounded.
CREATE OR REPLACE FUNCTION staging.integer_of(p_text text, p_least integer, p_most integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(p_text) <= 40 AND p_text ~ '^-?[0-9]+(\.[0-9]+)?$' AND round(p_text::numeric) BETWEEN p_least AND p_most
       THEN round(p_text::numeric)::integer END;

-- The time that an event id carries: a UUID of version 7 (RFC 9562) or a ULID begin with 48 bits of milliseconds.
CREATE OR REPLACE FUNCTION staging.moment_in_id(p_event_id text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_event_id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
    THEN to_timestamp((('x' || lpad(left(replace(p_event_id, '-', ''), 12), 16, '0'))::bit(64)::bigint)::numeric / 1000)
    WHEN p_event_id ~* '^[0-7][0-9a-hjkmnp-tv-z]{25}$'
    THEN to_timestamp((SELECT sum((strpos('0123456789abcdefghjkmnpqrstvwxyz', lower(substr(p_event_id, i, 1))) - 1)
                                  * (32::numeric ^ (10 - i))) FROM generate_series(1, 10) AS i) / 1000)
END;

-- Scheme, host, port, path, query and fragment (the text after '#') of an absolute URL, or of an absolute path; NULL for anything
-- else. User names are dropped.
CREATE OR REPLACE FUNCTION staging.url_parts(p_url text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    regexp_match(p_url, '^([A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#@]*@)?(\[[0-9A-Fa-f:.]+\]|[^]/?#:@\s[]+)(?::([0-9]{1,5}))?(/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?'),
    -- the first three never match: a path alone has no scheme, host or port
    regexp_match(p_url, '^(\x01)?(\x01)?(\x01)?(/[^/?#][^?#]*|/)(?:\?([^#]*))?(?:#(.*))?$'));

-- A part of a URL in one spelling, the readable one (RFC 3986, 6.2.2; RFC 3987, 3.2): unreserved characters and the letters of the
-- world as themselves; as %XX in upper case what would mean something else or cannot be seen: reserved characters, blanks, controls,
-- bytes that are no UTF-8, a '%' that escapes nothing. A second time it changes nothing.
CREATE OR REPLACE FUNCTION staging.canonical_escapes(p_text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    -- what no URL holds as it is, and what nobody sees: C1 controls, odd blanks, marks of direction
    v_hidden constant text :=
        '[\x01-\x20"<>\\^`{|}\x7f-\xa0\u061c\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]';
    -- one character in UTF-8, in hexadecimal; else one byte
    v_character constant text := '(C[2-9A-F][89AB].|D.[89AB].|E0[AB].[89AB].|E[1-9ABCEF][89AB].[89AB].|ED[89].[89AB].'
        '|F0[9AB].[89AB].[89AB].|F[1-3][89AB].[89AB].[89AB].|F48.[89AB].[89AB].|..)';
    v_text text := p_text;
    v_part text;
BEGIN
    -- nearly every path is plain ASCII without an escape
    IF octet_length(p_text) = length(p_text) AND strpos(p_text, '%') = 0 AND p_text !~ v_hidden THEN
        RETURN p_text;
    END IF;
    v_text := regexp_replace(v_text, '%(?![0-9A-Fa-f]{2})', '%25', 'g');
    FOR v_part IN SELECT DISTINCT m[1] FROM regexp_matches(v_text, '(' || v_hidden || ')', 'g') AS m LOOP
        v_text := replace(v_text, v_part, staging.escaped(encode(convert_to(v_part, 'UTF8'), 'hex')));
    END LOOP;
    RETURN (
        SELECT string_agg(CASE WHEN left(p.part[1], 1) <> '%' THEN p.part[1] ELSE (
            SELECT string_agg(CASE WHEN c.text ~ v_hidden OR octet_length(c.text) = 1 AND c.text !~ '[A-Za-z0-9._~-]' OR c.text IS NULL
                                   THEN staging.escaped(c.hex) ELSE c.text END, '' ORDER BY c.position)
            FROM (
                SELECT m[1] AS hex, m.position,
                       CASE WHEN length(m[1]) > 2 OR m[1] BETWEEN '21' AND '7E'
                            THEN convert_from(decode(m[1], 'hex'), 'UTF8') END AS text
                FROM regexp_matches(upper(replace(p.part[1], '%', '') COLLATE "C"), v_character, 'g') WITH ORDINALITY AS m(m, position)
            ) c
        ) END, '' ORDER BY p.position)
        FROM regexp_matches(v_text, '((?:%[0-9A-Fa-f]{2})+|[^%]+)', 'g') WITH ORDINALITY AS p(part, position)
    );
END
$$;

-- Bytes in hexadecimal as a URL escapes them: %XX each.
CREATE OR REPLACE FUNCTION staging.escaped(p_hex text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(upper(p_hex COLLATE "C"), '(..)', '%\1', 'g');

-- A path in one spelling, without a trailing slash.
CREATE OR REPLACE FUNCTION staging.canonical_path(p_path text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN staging.canonical_escapes(coalesce(nullif(rtrim(p_path, '/'), ''), '/'));

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

-- The part of a query that tells pages apart: the allowed keys in one spelling, sorted. A '+' is a blank there. What campaigns and
-- advertisers' networks add is never part of it.
CREATE OR REPLACE FUNCTION staging.page_query(p_query text, p_keys text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN p_query IS NOT NULL AND cardinality(p_keys) > 0 THEN
    (SELECT '?' || string_agg(pair, '&' ORDER BY pair COLLATE "C")
     FROM regexp_split_to_table(p_query, '&') AS sent
     CROSS JOIN LATERAL (SELECT staging.canonical_escapes(replace(sent, '+', '%20')) AS pair) c
     WHERE split_part(pair, '=', 1) = ANY (p_keys)
       AND NOT EXISTS (SELECT FROM ref.parameter w WHERE w.parameter = lower(split_part(pair, '=', 1) COLLATE "C") AND w.means <> 'ref'))
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
