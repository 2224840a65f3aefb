-- Claim: every load_date in the event hub is that of a load
-- Hint: rows were written past the loads, or raw.load_batch was changed by hand
SELECT DISTINCT h.load_date::text FROM business.site_event_h h
WHERE {{tenant h}} AND {{since_key h.site_event_hk}} AND NOT EXISTS (SELECT FROM raw.load_batch l WHERE l.load_date = h.load_date)
