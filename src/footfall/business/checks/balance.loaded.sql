-- Claim: a batch counts as many loaded events as the vault holds from it
-- Hint: events are missing from the vault, or were added to it by hand
SELECT 'batch ' || b.batch_id || ' counts ' || b.loaded_count || ', the vault holds ' || count(d.site_event_hk)
FROM raw.ingest_batch b
LEFT JOIN raw.site_tracking_events_r r ON r.batch_id = b.batch_id
LEFT JOIN business.site_event_details_s d ON d.raw_event_id = r.raw_event_id
WHERE {{tenant b}} AND {{since b.received_from}} AND b.processing_status = 'PROCESSED' AND util.is_kept(b.tenant_hk, 'raw', b.received_from)
GROUP BY b.batch_id
HAVING b.loaded_count <> count(d.site_event_hk)
   -- less, where events of the batch are kept no longer
   AND NOT (b.loaded_count > count(d.site_event_hk) AND EXISTS (
       SELECT FROM raw.kept_since k WHERE k.tenant_hk = b.tenant_hk AND k.layer = 'events'
         AND (NOT util.is_kept(b.tenant_hk, 'staging', b.received_from) OR NOT business.is_staged(b.tenant_hk, b.received_from) OR EXISTS (
             SELECT FROM staging.site_events_staging s
             WHERE s.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id AND s.batch_id = b.batch_id
               AND s.received_timestamp BETWEEN b.received_from AND b.received_to AND s.event_timestamp < k.kept_since))))
