-- Claim: the partitions of this month and the next exist
-- Hint: the worker makes them; is one running? `footfall worker --once` makes them now
SELECT t.name || to_char(m.month AT TIME ZONE 'UTC', '"_"YYYYMM')
FROM (VALUES ('raw.site_tracking_events_r'), ('staging.site_events_staging'), ('business.site_event_h'),
             ('business.event_session_l'), ('business.site_event_details_s')) AS t(name)
CROSS JOIN (VALUES (date_trunc('month', util.current_load_date(), 'UTC')),
                   (date_trunc('month', date_trunc('month', util.current_load_date(), 'UTC') + interval '32 days', 'UTC'))) AS m(month)
WHERE to_regclass(t.name || to_char(m.month AT TIME ZONE 'UTC', '"_"YYYYMM')) IS NULL
