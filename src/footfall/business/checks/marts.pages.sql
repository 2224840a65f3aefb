-- Claim: what is written down of the pages that a visit saw is what its events say
-- Hint: details, events or page_visit_w were changed by hand; forget_pages() has a page summed up anew at its next snapshot
WITH over AS (
    SELECT w.root_session_hk FROM business.site_session_w w WHERE {{tenant w}} AND NOT w.is_retired
    GROUP BY w.root_session_hk HAVING NOT bool_or(w.is_open) AND max(w.last_event_timestamp) >= %(since)s
), seen AS (
    SELECT (s.met).* FROM business.visit_pages(ARRAY(SELECT o.root_session_hk FROM over o)) s
    -- of other pages it is written down when they have their first snapshot
    WHERE s.is_counted AND EXISTS (SELECT FROM business.page_w p WHERE p.site_page_hk = (s.met).site_page_hk)
), known AS (
    SELECT w.* FROM over o JOIN business.page_visit_w w ON w.site_session_hk = o.root_session_hk
    WHERE EXISTS (SELECT FROM business.page_w p WHERE p.site_page_hk = w.site_page_hk)
)
SELECT DISTINCT encode(x.site_session_hk, 'hex') || ' ' || encode(x.site_page_hk, 'hex')
FROM ((SELECT * FROM seen EXCEPT SELECT * FROM known) UNION ALL (SELECT * FROM known EXCEPT SELECT * FROM seen)) x
