-- Claim: what is written down of the items that a visit met is what its events say
-- Hint: details, events or item_visit_w were changed by hand; forget_items() has an item summed up anew at its next snapshot
WITH over AS (
    SELECT w.root_session_hk FROM business.site_session_w w WHERE {{tenant w}} AND NOT w.is_retired
    GROUP BY w.root_session_hk HAVING NOT bool_or(w.is_open) AND max(w.last_event_timestamp) >= %(since)s
), seen AS (
    SELECT (s.met).* FROM business.visit_items(ARRAY(SELECT o.root_session_hk FROM over o)) s
    -- of other items it is written down when they have their first snapshot
    WHERE s.is_counted AND EXISTS (SELECT FROM business.item_w i WHERE i.business_item_hk = (s.met).business_item_hk)
), known AS (
    SELECT w.* FROM over o JOIN business.item_visit_w w ON w.site_session_hk = o.root_session_hk
    WHERE EXISTS (SELECT FROM business.item_w i WHERE i.business_item_hk = w.business_item_hk)
)
SELECT DISTINCT encode(x.site_session_hk, 'hex') || ' ' || encode(x.business_item_hk, 'hex')
FROM ((SELECT * FROM seen EXCEPT SELECT * FROM known) UNION ALL (SELECT * FROM known EXCEPT SELECT * FROM seen)) x
