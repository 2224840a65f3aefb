-- Claim: the sums that are carried of a page are those of all its visits
-- Hint: forget_pages() has a page summed up anew at its next snapshot
WITH page AS (
    SELECT w.* FROM business.page_w w
    WHERE {{tenant w}} AND EXISTS (
        SELECT FROM business.site_page_details_s s WHERE s.site_page_hk = w.site_page_hk AND s.load_end_date IS NULL AND s.load_date >= %(since)s)
), carried AS (
    SELECT p.site_page_hk, p.tenant_hk, p.visits, p.visitors, p.views, p.timed, p.entries, p.bounces, p.converted, p.seconds FROM page p
), summed AS (
    SELECT s.* FROM business.page_sums(ARRAY(SELECT p.site_page_hk FROM page p)) s
), titled AS (
    SELECT t.site_page_hk, t.page_title, t.tenant_hk, t.views FROM business.page_title_w t WHERE t.site_page_hk IN (SELECT p.site_page_hk FROM page p)
), told AS (
    SELECT t.* FROM business.title_sums(ARRAY(SELECT p.site_page_hk FROM page p)) t
)
SELECT encode(x.site_page_hk, 'hex')
FROM ((SELECT * FROM carried EXCEPT SELECT * FROM summed) UNION ALL (SELECT * FROM summed EXCEPT SELECT * FROM carried)) x
UNION
SELECT encode(x.site_page_hk, 'hex')
FROM ((SELECT * FROM titled EXCEPT SELECT * FROM told) UNION ALL (SELECT * FROM told EXCEPT SELECT * FROM titled)) x
