-- Counts what these batches, when they are loaded for the first time, use of their tenants' plans.
CREATE OR REPLACE FUNCTION business.count_usage(p_batch_ids bigint[], p_load_date timestamptz) RETURNS void
LANGUAGE sql AS $$
    WITH seen AS (
        INSERT INTO auth.tenant_seen (tenant_hk, day, what, value_hash)
        SELECT f.tenant_hk, (p_load_date AT TIME ZONE 'UTC')::date, f.what, hashtextextended(f.value, 0)
        FROM (
            SELECT f.tenant_hk, 'key' AS what, k.key AS value
            FROM pg_temp.fresh_event f CROSS JOIN LATERAL jsonb_object_keys(f.custom_properties) AS k(key)
            UNION
            SELECT f.tenant_hk, 'month', util.canonical(date_trunc('month', f.event_timestamp, 'UTC')) FROM pg_temp.fresh_event f
        ) f
        ORDER BY 1, 3, 4
        ON CONFLICT DO NOTHING
        RETURNING tenant_hk, what
    )
    INSERT INTO auth.tenant_usage AS u (tenant_hk, day, events, bytes, pages, items, property_values, property_keys, months)
    SELECT b.tenant_hk, (p_load_date AT TIME ZONE 'UTC')::date, b.events, b.bytes, coalesce(n.pages, 0), coalesce(n.items, 0),
           coalesce(n.property_values, 0), coalesce(d.property_keys, 0), coalesce(d.months, 0)
    FROM (
        SELECT b.tenant_hk, sum(b.event_count) AS events, sum(b.payload_bytes) AS bytes
        FROM raw.ingest_batch b WHERE b.batch_id = ANY (p_batch_ids) AND b.load_date IS NULL GROUP BY b.tenant_hk
    ) b
    LEFT JOIN (
        SELECT f.tenant_hk, count(*) FILTER (WHERE f.what = 'page') AS pages, count(*) FILTER (WHERE f.what = 'item') AS items,
               sum(f.property_values) AS property_values
        FROM (
            SELECT f.tenant_hk, 'page' AS what, 0 AS property_values
            FROM (SELECT DISTINCT f.tenant_hk, f.site_page_hk FROM pg_temp.fresh_event f) f
            JOIN business.site_page_h h ON h.site_page_hk = f.site_page_hk AND h.load_date = p_load_date
            UNION ALL
            SELECT f.tenant_hk, 'item', 0
            FROM (SELECT DISTINCT f.tenant_hk, f.business_item_hk FROM pg_temp.fresh_event f) f
            JOIN business.business_item_h h ON h.business_item_hk = f.business_item_hk AND h.load_date = p_load_date
            UNION ALL
            SELECT f.tenant_hk, 'properties', (SELECT count(*) FROM jsonb_object_keys(f.custom_properties))
            FROM pg_temp.fresh_event f WHERE f.custom_properties IS NOT NULL
        ) f
        GROUP BY f.tenant_hk
    ) n USING (tenant_hk)
    LEFT JOIN (
        SELECT s.tenant_hk, count(*) FILTER (WHERE s.what = 'key') AS property_keys, count(*) FILTER (WHERE s.what = 'month') AS months
        FROM seen s GROUP BY s.tenant_hk
    ) d USING (tenant_hk)
    ORDER BY b.tenant_hk
    ON CONFLICT (tenant_hk, day) DO UPDATE SET
        events = u.events + excluded.events, bytes = u.bytes + excluded.bytes, pages = u.pages + excluded.pages,
        items = u.items + excluded.items, property_values = u.property_values + excluded.property_values,
        property_keys = u.property_keys + excluded.property_keys, months = u.months + excluded.months
$$;

-- Counts what became of the events of these batches, which have just been loaded for the first time. Within the load, which runs one at a
-- time: nobody waits for these rows.
CREATE OR REPLACE FUNCTION business.count_fates(p_batch_ids bigint[]) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO util.event_fate AS f (fate, reason, events)
    SELECT c.fate, c.reason, c.events
    FROM (
        SELECT v.fate, '' AS reason, sum(v.events) AS events
        FROM raw.ingest_batch b
        CROSS JOIN LATERAL (VALUES ('loaded', b.loaded_count), ('duplicate', b.duplicate_count), ('invalid', b.invalid_count)) AS v(fate, events)
        WHERE b.batch_id = ANY (p_batch_ids) GROUP BY v.fate
        UNION ALL
        SELECT 'invalid', u.reason, count(*)
        FROM staging.events_of(ARRAY(SELECT b.batch_id FROM raw.ingest_batch b WHERE b.batch_id = ANY (p_batch_ids) AND b.invalid_count > 0)) s
        -- what follows a reason that is a word is what PostgreSQL said of it
        CROSS JOIN LATERAL (SELECT u FROM unnest(s.validation_errors) u WHERE u ~ '^[a-z_]+$') AS u(reason)
        WHERE s.validation_status = 'INVALID' GROUP BY u.reason
    ) c
    WHERE c.events > 0
    ORDER BY c.fate, c.reason
    ON CONFLICT (fate, reason) DO UPDATE SET events = f.events + excluded.events
$$;
