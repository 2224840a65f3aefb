-- Figures of the values of a dimension, a page of them.
-- name: breakdown
WITH f AS (SELECT f.* FROM asked.figures AS f), named AS (SELECT f.* FROM asked.named AS f), ranked AS (
    SELECT f.*, (:rank)::numeric AS rank FROM named AS f WHERE :found
), shown AS (
    SELECT f.* FROM ranked AS f ORDER BY :order, f.name COLLATE "C" OFFSET $cursor LIMIT $limit + 1
), numbered AS (
    SELECT f.*, row_number() OVER (ORDER BY :order, f.name COLLATE "C") AS position FROM shown AS f
)
SELECT jsonb_build_object(
    'rows',
    coalesce(
        jsonb_agg(jsonb_build_object('value', f.name) || jsonb_build_object(:metrics) ORDER BY f.position)
        FILTER (WHERE f.position <= $limit), '[]')
    || CASE
        WHEN count(*) > $limit OR :is_whole THEN '[]'
        ELSE (SELECT coalesce(jsonb_agg('{"value": null}' || jsonb_build_object(:metrics)), '[]') FROM asked.unknown AS f) END,
    'nextCursor', CASE WHEN count(*) > $limit THEN $cursor + $limit END)
FROM numbered AS f

-- name: named_by_itself
SELECT f.*, f.g AS name FROM f

-- name: named_by_page
SELECT f.*, h.site_page_bk AS name FROM f JOIN business.site_page_h AS h ON h.site_page_hk = f.g

-- name: named_by_item
SELECT f.*, h.business_item_bk AS name FROM f JOIN business.business_item_h AS h ON h.business_item_hk = f.g

-- name: is_whole
(SELECT sum(f.events) FROM f) = (
    SELECT sum(r.events) FROM business.rollups($tenant, $first_day, $last_day, '{all}'::text[]) AS r WHERE r.previous_day < $first_day)
