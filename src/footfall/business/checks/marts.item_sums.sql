-- Claim: the sums that are carried of an item are those of all its visits
-- Hint: forget_items() has an item summed up anew at its next snapshot
WITH item AS (
    SELECT w.* FROM business.item_w w
    WHERE {{tenant w}} AND EXISTS (
        SELECT FROM business.business_item_details_s s
        WHERE s.business_item_hk = w.business_item_hk AND s.load_end_date IS NULL AND s.load_date >= %(since)s)
), summed AS (
    SELECT s.* FROM business.item_sums(ARRAY(SELECT i.business_item_hk FROM item i)) s
), counted AS (
    SELECT d.* FROM business.item_day_w d WHERE d.business_item_hk IN (SELECT i.business_item_hk FROM item i)
), told AS (
    SELECT d.* FROM business.day_sums(ARRAY(SELECT i.business_item_hk FROM item i)) d
)
SELECT encode(x.business_item_hk, 'hex')
FROM ((SELECT * FROM item EXCEPT SELECT * FROM summed) UNION ALL (SELECT * FROM summed EXCEPT SELECT * FROM item)) x
UNION
SELECT encode(x.business_item_hk, 'hex')
FROM ((SELECT * FROM counted EXCEPT SELECT * FROM told) UNION ALL (SELECT * FROM told EXCEPT SELECT * FROM counted)) x
