-- The last 48 hours of the session's tenant, as the data quality page shows them:
--   balance  by hour of receipt: received = loaded + duplicate + invalid + pending
--   refused  what the door did not take, by reason
--   invalid  events that staging found wrong, by reason code, the latest as an example
--   noted    events that are loaded all the same, by what was cut, ignored or corrected in them, the latest as an example
--   bots     events of bots, by browser: of the same time, but by when they happened; loaded, and left out of reports
CREATE OR REPLACE FUNCTION api.quality() RETURNS jsonb
LANGUAGE sql STABLE AS $$
    WITH since AS (SELECT date_trunc('hour', util.current_load_date(), 'UTC') - interval '47 hours' AS moment),
    invalid AS (
        SELECT r.reason, s.received_timestamp, s.raw_event_id
        FROM raw.ingest_batch b
        -- each batch by its range of the primary key
        JOIN staging.site_events_staging s
          ON s.batch_id = b.batch_id AND s.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
         AND s.received_timestamp BETWEEN b.received_from AND b.received_to
        -- what follows a reason that is a word is what PostgreSQL said of it
        CROSS JOIN LATERAL (SELECT u FROM unnest(s.validation_errors) u WHERE u ~ '^[a-z_]+$') AS r(reason)
        WHERE b.tenant_hk = util.current_tenant() AND b.received_from >= (SELECT moment FROM since) AND b.invalid_count > 0
          AND s.validation_status = 'INVALID'
    ),
    reasons AS (
        SELECT i.reason, count(*) AS events, max(i.raw_event_id) AS raw_event_id FROM invalid i GROUP BY i.reason
    )
    SELECT jsonb_build_object(
        'balance', (
            SELECT coalesce(jsonb_agg(to_jsonb(b) - 'tenant_hk' ORDER BY b.received_hour DESC), '[]')
            FROM api.event_balance_v b
            WHERE b.tenant_hk = util.current_tenant() AND b.received_hour >= (SELECT moment FROM since)),
        'refused', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('reason', f.reason, 'events', f.events) ORDER BY f.events DESC), '[]')
            FROM (SELECT r.reason, sum(r.refused_count) AS events FROM raw.refusal r
                  WHERE r.tenant_hk = util.current_tenant() AND r.refused_hour >= (SELECT moment FROM since)
                  GROUP BY r.reason) f),
        'invalid', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'reason', r.reason, 'events', r.events, 'example', e.raw_payload, 'received', e.received_timestamp
            ) ORDER BY r.events DESC), '[]')
            FROM reasons r
            JOIN raw.site_tracking_events_r e ON e.raw_event_id = r.raw_event_id
             AND e.received_timestamp >= (SELECT moment FROM since)),
        'noted', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'reason', n.code, 'events', n.events, 'example', e.raw_payload, 'received', n.received
            ) ORDER BY n.events DESC, n.code), '[]')
            FROM (SELECT n.code, sum(n.events) AS events, max(n.raw_event_id) AS raw_event_id, max(n.received_timestamp) AS received
                  FROM staging.note n
                  WHERE n.tenant_hk = util.current_tenant() AND n.noted_hour >= (SELECT moment FROM since)
                  GROUP BY n.code) n
            LEFT JOIN LATERAL (
                SELECT e.raw_payload FROM raw.site_tracking_events_r e
                WHERE e.raw_event_id = n.raw_event_id AND e.received_timestamp >= (SELECT moment FROM since) LIMIT 1
            ) e ON true),
        'bots', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('browser', b.browser, 'events', b.events)
                                      ORDER BY b.events DESC, b.browser), '[]')
            FROM (SELECT coalesce(v.browser_name, 'unknown') AS browser, count(*) AS events
                  FROM business.event_b e
                  JOIN business.visit_b v ON v.site_session_hk = e.site_session_hk AND v.day = e.day
                  WHERE e.tenant_hk = util.current_tenant() AND e.is_bot
                    AND e.site_event_hk >= util.time_prefix((SELECT moment FROM since))
                  GROUP BY 1) b),
        'freshness', api.freshness(util.current_tenant()))
$$;

-- The store as its operators see it, all tenants together: its size and month partitions (bytes; rows as PostgreSQL estimates them),
-- the last loads with their rows by table, what waits for the worker, and what the checks at night found.
CREATE OR REPLACE FUNCTION api.store_health() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT jsonb_build_object(
        'bytes', pg_database_size(current_database()),
        'partitions', (
            SELECT jsonb_agg(jsonb_build_object('table', p.parent, 'partitions', p.partitions, 'first', p.first, 'last', p.last,
                                                'rows', p.rows, 'bytes', p.bytes) ORDER BY p.bytes DESC, p.parent)
            FROM (SELECT i.inhparent::regclass::text AS parent, count(*) AS partitions,
                         to_char(to_date(min(right(c.relname, 6)), 'YYYYMM'), 'YYYY-MM') AS first,
                         to_char(to_date(max(right(c.relname, 6)), 'YYYYMM'), 'YYYY-MM') AS last,
                         sum(greatest(c.reltuples, 0))::bigint AS rows, sum(pg_total_relation_size(c.oid))::bigint AS bytes
                  FROM pg_inherits i
                  JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r' AND c.relname ~ '_[0-9]{6}$'
                  WHERE c.relnamespace::regnamespace::text IN ('raw', 'staging', 'business')
                  GROUP BY 1) p),
        'loads', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('loadDate', l.load_date, 'job', l.job, 'counts', l.counts)
                                      ORDER BY l.load_date DESC), '[]')
            FROM (SELECT l.* FROM raw.load_batch l ORDER BY l.load_date DESC LIMIT 20) l),
        'waiting', (SELECT jsonb_build_object('batches', count(*), 'events', coalesce(sum(b.event_count), 0), 'oldest', min(b.received_from))
                    FROM raw.ingest_batch b WHERE b.processing_status = 'PENDING'),
        'failed', (SELECT count(*) FROM raw.ingest_batch b WHERE b.processing_status = 'ERROR'),
        'checks', (
            SELECT jsonb_build_object('run', count(*), 'lastAt', max(c.checked_at),
                                      'failed', coalesce(jsonb_agg(c.code ORDER BY c.code) FILTER (WHERE c.violations > 0), '[]'))
            FROM util.check_result c))
$$;

-- Why an event counts, layer by layer: as it was sent (raw), as it was understood (staging), as the vault holds it, with load date and
-- hash. `p_event` is its hash key in hexadecimal; NULL when the session's tenant has no such event.
CREATE OR REPLACE FUNCTION api.trace(p_event text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'raw', to_jsonb(r) - ARRAY['tenant_hk', 'visitor_id', 'visitor_ip_hash'],
        'staging', to_jsonb(s) - ARRAY['tenant_hk', 'visitor_id', 'visitor_ip_hash'],
        'vault', to_jsonb(d) - 'tenant_hk')
    FROM business.site_event_h h
    JOIN business.site_event_details_s d ON d.site_event_hk = h.site_event_hk
    LEFT JOIN staging.site_events_staging s
           ON s.raw_event_id = d.raw_event_id AND s.tenant_hk = h.tenant_hk AND s.validation_status = 'VALID'
    LEFT JOIN raw.site_tracking_events_r r ON r.raw_event_id = d.raw_event_id AND r.tenant_hk = h.tenant_hk
    WHERE h.site_event_hk = decode(p_event, 'hex') AND h.tenant_hk = util.current_tenant()
    ORDER BY s.attempt DESC
    LIMIT 1
$$;
