-- Claim: every ingest batch holds as many raw events as it counts, all of its own tenant
-- Hint: raw rows or queue rows were deleted or changed by hand
SELECT 'batch ' || b.batch_id || ' counts ' || b.event_count || ', holds ' || count(r.raw_event_id)
FROM raw.ingest_batch b
LEFT JOIN raw.site_tracking_events_r r ON r.batch_id = b.batch_id AND r.tenant_hk = b.tenant_hk
WHERE {{tenant b}} AND {{since b.received_from}} AND util.is_kept(b.tenant_hk, 'raw', b.received_from)
GROUP BY b.batch_id
HAVING count(r.raw_event_id) <> b.event_count
