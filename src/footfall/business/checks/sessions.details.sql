-- Claim: the details of every closed session are what its events say
-- Hint: details or events were changed by hand
WITH closed AS (
    SELECT w.root_session_hk FROM business.site_session_w w WHERE {{tenant w}} AND w.is_visit AND NOT w.is_retired
    GROUP BY w.root_session_hk HAVING NOT bool_or(w.is_open) AND max(w.last_event_timestamp) >= %(since)s
), computed AS (
    SELECT c.* FROM business.site_session_details_of(ARRAY(SELECT root_session_hk FROM closed), NULL) c WHERE c.total_events > 0
)
SELECT encode(coalesce(c.site_session_hk, d.site_session_hk), 'hex')
FROM computed c
FULL JOIN (
    SELECT s.* FROM business.site_session_details_s s JOIN closed o ON o.root_session_hk = s.site_session_hk
    WHERE s.load_end_date IS NULL
) d USING (site_session_hk)
WHERE (c.session_start_time, c.session_end_time, c.total_page_views, c.total_events, c.entry_page_url, c.exit_page_url,
       c.is_bounce, c.items_viewed, c.transaction_completed, c.total_conversion_value::numeric(18,4))
   IS DISTINCT FROM
      (d.session_start_time, d.session_end_time, d.total_page_views, d.total_events, d.entry_page_url, d.exit_page_url,
       d.is_bounce, d.items_viewed, d.transaction_completed, d.total_conversion_value)
