-- Every raw event with the plan's status columns, and what became of it: pending, loaded, invalid (with the codes), duplicate, or
-- id_conflict: a duplicate whose facts differ from those of the event that was loaded under its id.
CREATE OR REPLACE VIEW raw.site_tracking_events_v WITH (security_invoker = true) AS
SELECT r.raw_event_id, r.tenant_id, r.received_timestamp, r.client_ip, r.user_agent, r.raw_payload, r.batch_id,
       b.processing_status, b.error_message, b.retry_count, r.record_source,
       CASE
           -- what is staged of a batch that is processed again has its fate already
           WHEN s.raw_event_id IS NULL AND b.processing_status <> 'PROCESSED' THEN 'pending'
           -- VALID rows go from staging when the vault holds their events (business.forget_proved), and only those
           WHEN s.raw_event_id IS NULL AND util.is_kept(r.tenant_hk, 'staging', b.received_from) THEN 'loaded'
           -- staging has been kept for a shorter time than raw
           WHEN s.raw_event_id IS NULL THEN 'processed'
           WHEN s.validation_status = 'INVALID' THEN 'invalid'
           WHEN d.raw_event_id = r.raw_event_id THEN 'loaded'
           WHEN d.hash_diff <> s.site_event_details_hash_diff THEN 'id_conflict'
           ELSE 'duplicate'
       END AS fate,
       s.validation_errors, s.validation_flags, s.site_event_hk, d.load_date, r.tenant_hk
FROM raw.site_tracking_events_r r
JOIN raw.ingest_batch b ON b.batch_id = r.batch_id
LEFT JOIN staging.site_events_staging s ON s.raw_event_id = r.raw_event_id AND s.received_timestamp = r.received_timestamp
LEFT JOIN business.site_event_details_s d ON d.site_event_hk = s.site_event_hk;
