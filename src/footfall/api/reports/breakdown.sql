-- Figures of the values of a dimension, or of pairs of two, a page of them.
-- name: breakdown
WITH f AS (SELECT f.* FROM asked.figures AS f), named AS (SELECT f.* FROM asked.named AS f), ranked AS (
    SELECT f.*, (:rank)::numeric AS rank FROM named AS f WHERE :found
), shown AS (
    SELECT f.* FROM ranked AS f ORDER BY :order OFFSET $cursor LIMIT $limit + 1
), numbered AS (
    SELECT f.*, row_number() OVER (ORDER BY :order) AS position FROM shown AS f
)
SELECT jsonb_build_object(
    'rows',
    coalesce(
        jsonb_agg(jsonb_build_object(:said) || jsonb_build_object(:metrics) ORDER BY f.position)
        FILTER (WHERE f.position <= $limit), '[]')
    || CASE WHEN count(*) > $limit THEN '[]' ELSE :rest END,
    'nextCursor', CASE WHEN count(*) > $limit THEN $cursor + $limit END)
FROM numbered AS f

-- What has no value.
-- name: rest
SELECT coalesce(jsonb_agg('{"value": null}' || jsonb_build_object(:metrics)), '[]') FROM asked.unknown AS f

-- The same where the values do not have all events already.
-- name: rest_if_any
CASE
    WHEN (SELECT sum(f.events) FROM f) = (
        SELECT sum(r.events) FROM business.rollups($tenant, $first_day, $last_day, '{all}'::text[]) AS r
        WHERE r.previous_day < $first_day)
    THEN '[]' ELSE :rest END

-- name: named_by_itself
SELECT f.*, f.g AS name FROM f

-- name: named_by_page
SELECT f.*, h.site_page_bk AS name FROM f JOIN business.site_page_h AS h ON h.site_page_hk = f.g

-- name: named_by_item
SELECT f.*, h.business_item_bk AS name FROM f JOIN business.business_item_h AS h ON h.business_item_hk = f.g

-- Pairs: texts, of keys in hex.
-- name: named_by_both
SELECT f.*, :name AS name, :across AS across FROM f
