-- The store in figures for who watches it, all tenants together; times are seconds since 1970. Counts of what is due stop at a limit:
-- more than that is much, however much it is.
--   pending       batches that wait to be loaded, their events, and when the oldest was received
--   failed        batches that were set aside
--   overdue       visitor secrets that live longer than the 48 hours that are promised
--   due           what upkeep has yet to do: sessions that are over, satellites with new events, days to roll up
--   workers       that were seen within half a minute
--   work          what workers did since the store was made
--   fates         what became of events when they were loaded
--   tables        bytes with indexes and partitions
--   tenants       when the last event of each was received
--   sign_ins      open at the dashboard, of people and of guests
CREATE OR REPLACE FUNCTION api.measures(p_most integer DEFAULT 100000) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH now AS (SELECT util.current_load_date() AS moment)
    SELECT jsonb_build_object(
        'pending', (
            SELECT jsonb_build_object('batches', count(*), 'events', coalesce(sum(p.event_count), 0),
                                      'oldest', extract(epoch FROM min(p.received_from)))
            -- each by an index of its own
            FROM (SELECT b.event_count, b.received_from FROM raw.ingest_batch b WHERE b.processing_status = 'PENDING' AND b.retry_count = 0
                  UNION ALL
                  SELECT b.event_count, b.received_from FROM raw.ingest_batch b WHERE b.processing_status = 'PENDING' AND b.retry_count > 0) p),
        'failed', (SELECT count(*) FROM raw.ingest_batch b WHERE b.processing_status = 'ERROR'),
        'overdue', (SELECT count(*) FROM auth.visitor_secret s WHERE s.created_at < n.moment - interval '48 hours'),
        'due', jsonb_build_object(
            'sessions', (SELECT count(*) FROM (
                SELECT FROM business.site_session_w w
                WHERE w.is_open AND w.look_at < n.moment AND w.last_event_timestamp < n.moment - business.visit_timeout() LIMIT p_most) d),
            'satellites', (SELECT count(*) FROM (SELECT FROM business.refresh_w LIMIT p_most) d),
            'rollups', (SELECT count(*) FROM business.day_w w WHERE NOT w.is_rolled_up)),
        'workers', (SELECT count(*) FROM util.worker w WHERE w.seen_at > n.moment - interval '30 seconds'),
        'work', (SELECT coalesce(jsonb_agg(to_jsonb(w) || jsonb_build_object('last_done_at', extract(epoch FROM w.last_done_at))), '[]')
                 FROM util.work_done w),
        'fates', (SELECT coalesce(jsonb_agg(to_jsonb(f)), '[]') FROM util.event_fate f),
        'tables', (
            SELECT jsonb_object_agg(t.name, t.bytes)
            FROM (SELECT coalesce(pg_partition_root(c.oid), c.oid)::regclass::text AS name, sum(pg_total_relation_size(c.oid)) AS bytes
                  FROM pg_class c
                  WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive', 'util') AND c.relkind = 'r'
                  GROUP BY 1) t),
        'tenants', (
            SELECT coalesce(jsonb_object_agg(t.tenant_bk, extract(epoch FROM l.received_to)), '{}')
            FROM auth.tenant_h t
            CROSS JOIN LATERAL (
                SELECT b.received_to FROM raw.ingest_batch b WHERE b.tenant_hk = t.tenant_hk ORDER BY b.received_from DESC LIMIT 1) l),
        'sign_ins', (
            SELECT jsonb_build_object('person', count(*) FILTER (WHERE s.account_id IS NOT NULL),
                                      'guest', count(*) FILTER (WHERE s.share_link_id IS NOT NULL))
            FROM auth.sign_in s WHERE s.expires_at > n.moment AND s.last_seen_at > n.moment - auth.idle_sign_in_lasts()))
    FROM now n
$$;

-- Whether what is taken is loaded, too: how many workers run, and for how many seconds the oldest events have waited.
CREATE OR REPLACE FUNCTION api.progress() RETURNS TABLE (workers bigint, waited double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT (SELECT count(*) FROM util.worker w WHERE w.seen_at > n.moment - interval '30 seconds'),
           coalesce(extract(epoch FROM n.moment - least(
               -- each by an index of its own
               (SELECT min(b.received_from) FROM raw.ingest_batch b WHERE b.processing_status = 'PENDING' AND b.retry_count = 0),
               (SELECT min(b.received_from) FROM raw.ingest_batch b WHERE b.processing_status = 'PENDING' AND b.retry_count > 0))), 0)
    FROM (SELECT util.current_load_date() AS moment) n
$$;
