-- Which pages and items are meant by the names in conditions. Each name belongs to the condition of its number.

-- Pages by name: host/path or /path. However a page's escapes are spelt, there and here: pages that were stored before there was one
-- spelling for them are found as well.
-- name: pages_named
WITH asked AS (
    SELECT u.number, u.name, staging.canonical_escapes(u.name) AS canonical
    FROM unnest($numbers::integer[], $names::text[]) AS u(number, name)
), page AS (
    SELECT h.site_page_hk AS hash_key, h.site_page_bk AS name, substr(h.site_page_bk, strpos(h.site_page_bk, '/')) AS path
    FROM business.site_page_h AS h WHERE h.tenant_hk = $tenant
), spelt AS (
    SELECT p.hash_key, staging.canonical_escapes(p.name) AS name, staging.canonical_escapes(p.path) AS path
    FROM page AS p
    WHERE strpos(p.name, '%') > 0 OR EXISTS (SELECT FROM asked AS a WHERE strpos(a.name, '%') > 0)
)
SELECT a.number, p.hash_key FROM asked AS a JOIN page AS p ON p.name = a.name
UNION
SELECT a.number, p.hash_key FROM asked AS a JOIN page AS p ON p.path = a.name
UNION
SELECT a.number, s.hash_key FROM asked AS a JOIN spelt AS s ON s.name = a.canonical
UNION
SELECT a.number, s.hash_key FROM asked AS a JOIN spelt AS s ON s.path = a.canonical

-- Pages that contain one of these, in any case.
-- name: pages_like
SELECT DISTINCT a.number, h.site_page_hk AS hash_key
FROM unnest($numbers::integer[], $names::text[]) AS a(number, name)
JOIN business.site_page_h AS h ON h.tenant_hk = $tenant AND h.site_page_bk ILIKE a.name

-- Items by name: type:id or id.
-- name: items_named
SELECT DISTINCT a.number, h.business_item_hk AS hash_key
FROM unnest($numbers::integer[], $names::text[]) AS a(number, name)
JOIN business.business_item_h AS h
  ON h.tenant_hk = $tenant AND (h.business_item_bk = a.name OR substr(h.business_item_bk, strpos(h.business_item_bk, ':') + 1) = a.name)

-- Items that contain one of these, in any case.
-- name: items_like
SELECT DISTINCT a.number, h.business_item_hk AS hash_key
FROM unnest($numbers::integer[], $names::text[]) AS a(number, name)
JOIN business.business_item_h AS h ON h.tenant_hk = $tenant AND h.business_item_bk ILIKE a.name
