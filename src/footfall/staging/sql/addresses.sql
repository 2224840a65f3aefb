-- The addresses that events name, each distinct one taken apart once: what they are judged by, and what staging joins to them.

-- What campaigns are told apart by: SHA-256 over their words, in lower case. NULL: there are none.
CREATE OR REPLACE FUNCTION staging.campaign_key(p_utm_source text, p_utm_medium text, p_utm_campaign text, p_ref text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN num_nonnulls(p_utm_source, p_utm_medium, p_utm_campaign, p_ref) > 0 THEN
    util.hash_binary(util.netstring(lower(p_utm_source COLLATE "C")) || util.netstring(lower(p_utm_medium COLLATE "C"))
                     || util.netstring(lower(p_utm_campaign COLLATE "C")) || util.netstring(lower(p_ref COLLATE "C"))) END;

-- A referrer's host as it is judged: with the scheme before it where it is the package of an app.
CREATE OR REPLACE FUNCTION staging.origin_host(p_parts text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN lower(p_parts[1] COLLATE "C") IN ('android-app', 'ios-app') THEN 'android-app://' ELSE '' END
       || lower(p_parts[2] COLLATE "C");

-- What a query says: for each meaning of ref.parameter its first value, decoded, trimmed, cut at 100 characters, and the first
-- parameter that is a click id. Keys in any case; `&amp;`, which comes with links copied out of HTML, is `&`.
CREATE OR REPLACE FUNCTION staging.query_words(p_query text)
RETURNS TABLE (utm_source text, utm_medium text, utm_campaign text, utm_content text, utm_term text, utm_id text, ref text, click_id text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
    WITH said AS (
        SELECT w.means, w.parameter, w.rank, left(btrim(staging.url_decoded(substr(q.pair, strpos(q.pair, '=') + 1))), 100) AS value
        FROM string_to_table(replace(p_query, '&amp;', '&'), '&') AS q(pair)
        JOIN ref.parameter w ON w.parameter = lower(split_part(q.pair, '=', 1) COLLATE "C")
        WHERE w.means <> 'hidden' AND strpos(q.pair, '=') > 0
    ), first AS (
        SELECT DISTINCT ON (s.means) s.means, s.value, s.parameter FROM said s WHERE s.value <> '' ORDER BY s.means, s.rank
    )
    SELECT min(f.value) FILTER (WHERE f.means = 'utm_source'), min(f.value) FILTER (WHERE f.means = 'utm_medium'),
           min(f.value) FILTER (WHERE f.means = 'utm_campaign'), min(f.value) FILTER (WHERE f.means = 'utm_content'),
           min(f.value) FILTER (WHERE f.means = 'utm_term'), min(f.value) FILTER (WHERE f.means = 'utm_id'),
           min(f.value) FILTER (WHERE f.means = 'ref'), min(f.parameter) FILTER (WHERE f.means = 'click_id')
    FROM first f
$$;

-- Takes apart the addresses of these ingest batches, into pg_temp.page_address and pg_temp.referrer_address, with the campaigns that
-- they and the events name (pg_temp.campaign). Once for the same batches in a transaction: judgements come first, staging after.
CREATE OR REPLACE FUNCTION staging.gather_addresses(p_batch_ids bigint[]) RETURNS void
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
BEGIN
    IF to_regclass('pg_temp.gathered') IS NULL THEN
        CREATE TEMP TABLE gathered (batch_ids bigint[]) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE page_address (
            page_url text, part text[], host text, route text, route_query text, utm_source text, utm_medium text, utm_campaign text,
            utm_content text, utm_term text, utm_id text, ref text, click_id text) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE referrer_address (page_referrer text, host text, path text) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE campaign (
            campaign_hash bytea, utm_source text, utm_medium text, utm_campaign text, ref text) ON COMMIT DELETE ROWS;
    ELSIF EXISTS (SELECT FROM pg_temp.gathered g WHERE g.batch_ids = p_batch_ids) THEN
        RETURN;
    END IF;
    DELETE FROM pg_temp.gathered;
    DELETE FROM pg_temp.page_address;
    DELETE FROM pg_temp.referrer_address;
    DELETE FROM pg_temp.campaign;
    INSERT INTO pg_temp.gathered VALUES (p_batch_ids);

    WITH sent AS MATERIALIZED (
        SELECT DISTINCT p.page_url, p.page_referrer, p.utm_source, p.utm_medium, p.utm_campaign
        FROM raw.events_of(p_batch_ids) r
        CROSS JOIN LATERAL jsonb_to_record(CASE WHEN jsonb_typeof(r.raw_payload) = 'object' THEN r.raw_payload ELSE '{}' END)
            AS p(page_url text, page_referrer text, utm_source text, utm_medium text, utm_campaign text)
    ), page AS (
        INSERT INTO pg_temp.page_address
        SELECT u.page_url, u.part, lower(u.part[2] COLLATE "C"), u.route, u.route_query, w.*
        FROM (
            -- a router's part after # may hold a query, or be one
            SELECT d.page_url, d.part,
                   CASE WHEN d.part[6] LIKE '%?%' OR d.part[6] NOT LIKE '%=%' THEN split_part(d.part[6], '?', 1) END AS route,
                   CASE WHEN d.part[6] LIKE '%?%' THEN substr(d.part[6], strpos(d.part[6], '?') + 1)
                        WHEN d.part[6] LIKE '%=%' THEN d.part[6] END AS route_query
            FROM (
                SELECT s.page_url, staging.url_parts(btrim(s.page_url)) AS part
                FROM (SELECT DISTINCT s.page_url FROM sent s WHERE s.page_url IS NOT NULL) s
                OFFSET 0
            ) d
            WHERE d.part IS NOT NULL
            OFFSET 0
        ) u
        LEFT JOIN LATERAL staging.query_words(concat_ws('&', u.part[5], u.route_query)) w ON u.part[5] <> '' OR u.route_query <> ''
        RETURNING page_url, utm_source, utm_medium, utm_campaign, ref
    ), referrer AS (
        INSERT INTO pg_temp.referrer_address
        SELECT d.page_referrer, staging.origin_host(d.part), coalesce(d.part[4], '/')
        FROM (
            SELECT s.page_referrer, staging.url_parts(btrim(s.page_referrer)) AS part
            FROM (SELECT DISTINCT s.page_referrer FROM sent s WHERE s.page_referrer IS NOT NULL) s
            OFFSET 0
        ) d
        WHERE d.part[2] IS NOT NULL
    )
    INSERT INTO pg_temp.campaign
    SELECT DISTINCT ON (k.campaign_hash) k.campaign_hash, c.utm_source, c.utm_medium, c.utm_campaign, c.ref
    FROM (
        SELECT DISTINCT coalesce(staging.campaign_word(s.utm_source), p.utm_source) AS utm_source,
               coalesce(staging.campaign_word(s.utm_medium), p.utm_medium) AS utm_medium,
               coalesce(staging.campaign_word(s.utm_campaign), p.utm_campaign) AS utm_campaign, p.ref
        FROM sent s
        LEFT JOIN page p ON p.page_url = s.page_url
    ) c
    CROSS JOIN LATERAL (SELECT staging.campaign_key(c.utm_source, c.utm_medium, c.utm_campaign, c.ref) AS campaign_hash OFFSET 0) k
    WHERE k.campaign_hash IS NOT NULL;
END
$$;

-- A campaign's word as an event sends it, in the form in which it is kept.
CREATE OR REPLACE FUNCTION staging.campaign_word(p_sent text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(nullif(btrim(p_sent), ''), 100);
