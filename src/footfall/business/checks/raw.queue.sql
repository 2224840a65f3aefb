-- Claim: every raw event belongs to an ingest batch
-- Hint: a queue row was deleted; its events would never be loaded
SELECT 'raw event ' || r.raw_event_id
FROM raw.site_tracking_events_r r
WHERE {{tenant r}} AND {{since r.received_timestamp}} AND NOT EXISTS (SELECT FROM raw.ingest_batch b WHERE b.batch_id = r.batch_id)
