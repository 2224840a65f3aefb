-- What retention removes of the personal context, and what it would remove of all layers. Rows of raw and staging go by util.delete_expired and
-- util.drop_month; events and marts by retiring.sql.

-- Removes what is personal in the context of sessions and visitors, and kept no longer, from p_most rows of each table at most; returns
-- from how many. No figure is made of it: reports and marts stay as they are. What comes late, of long ago, is found the next time.
CREATE OR REPLACE FUNCTION business.retire_context(p_now timestamptz, p_most integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_tenant record;
    v_rows bigint;
    v_removed bigint := 0;
BEGIN
    IF NOT util.try_turn('retention') THEN
        RETURN 0; -- another worker is at it
    END IF;
    FOR v_tenant IN
        SELECT h.tenant_hk, k.keep_from, coalesce(s.kept_since, '-infinity') AS kept_since
        FROM auth.tenant_h h
        CROSS JOIN LATERAL (SELECT util.keep_from(h.tenant_hk, 'context', p_now) AS keep_from) k
        LEFT JOIN raw.kept_since s ON s.tenant_hk = h.tenant_hk AND s.layer = 'context'
        WHERE k.keep_from > '-infinity' AND NOT util.is_moving(h.tenant_hk) ORDER BY h.tenant_hk
    LOOP
        IF business.has_personal(v_tenant.tenant_hk, v_tenant.keep_from) THEN
            -- in the order in which jobs take them: nobody waits in a circle for rows that both change
            PERFORM util.take_turn('site_visitor_details'), util.take_turn('load');
            v_rows := business.remove_personal(v_tenant.tenant_hk, v_tenant.keep_from, p_most);
            v_removed := v_removed + v_rows;
            EXIT WHEN v_rows >= p_most;
        END IF;
        IF v_tenant.keep_from > v_tenant.kept_since THEN
            INSERT INTO raw.kept_since VALUES (v_tenant.tenant_hk, 'context', v_tenant.keep_from)
            ON CONFLICT (tenant_hk, layer) DO UPDATE SET kept_since = excluded.kept_since;
        END IF;
    END LOOP;
    RETURN v_removed;
END
$$;

-- What retention would remove now, by tenant, layer and month: rows, and their bytes before indexes (of context: those of the columns that
-- become empty). Of one tenant, or of all; p_layer with p_days: as if that were the rule, of the tenant or of all without one of their own.
CREATE OR REPLACE FUNCTION business.retention_preview(p_now timestamptz, p_tenant_hk bytea DEFAULT NULL, p_layer text DEFAULT NULL, p_days integer DEFAULT NULL)
RETURNS TABLE (tenant_hk bytea, layer text, month date, found bigint, bytes bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_due record;
BEGIN
    FOR v_due IN
        SELECT h.tenant_hk, l.layer, g.gone, coalesce(s.kept_since, '-infinity') AS kept_since,
               -- what waits to be loaded, or was set aside, stays in raw and staging
               least(k.keep_from, CASE WHEN l.layer IN ('raw', 'staging') THEN (
                   SELECT min(b.received_from) FROM raw.ingest_batch b
                   WHERE b.tenant_hk = h.tenant_hk AND b.processing_status <> 'PROCESSED') END) AS keep_from
        FROM auth.tenant_h h
        CROSS JOIN unnest('{raw,staging,context,events,marts}'::text[]) AS l(layer)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN p_layer = l.layer AND p_days IS NOT NULL AND (p_tenant_hk IS NOT NULL OR NOT EXISTS (
                            SELECT FROM ref.retention r WHERE r.tenant_hk = h.tenant_hk AND r.layer = l.layer))
                        THEN p_days END AS days) d
        CROSS JOIN LATERAL (
            -- marts go where events have gone, also those that go now
            SELECT greatest(business.retire_until(h.tenant_hk, 'events', p_now), util.kept_since(h.tenant_hk, 'events')) AS gone) g
        CROSS JOIN LATERAL (
            SELECT CASE l.layer WHEN 'events' THEN business.retire_until(h.tenant_hk, l.layer, p_now, d.days)
                                WHEN 'marts' THEN least(business.retire_until(h.tenant_hk, l.layer, p_now, d.days), g.gone)
                                ELSE util.keep_from(h.tenant_hk, l.layer, p_now, d.days) END AS keep_from) k
        LEFT JOIN raw.kept_since s ON s.tenant_hk = h.tenant_hk AND s.layer = l.layer
        WHERE (p_tenant_hk IS NULL OR h.tenant_hk = p_tenant_hk) AND (p_layer IS NULL OR l.layer = p_layer) AND k.keep_from > '-infinity'
        ORDER BY h.tenant_hk, l.layer
    LOOP
        IF v_due.layer = 'context' THEN
            RETURN QUERY
            SELECT v_due.tenant_hk, v_due.layer, c.month, sum(c.found)::bigint, sum(c.bytes)::bigint
            FROM business.personal_rows(v_due.tenant_hk, v_due.keep_from) c GROUP BY c.month ORDER BY c.month;
        ELSIF v_due.layer = 'events' THEN
            RETURN QUERY
            SELECT v_due.tenant_hk, v_due.layer, date_trunc('month', e.day)::date, count(*), sum(pg_column_size(e.*))::bigint
            FROM business.retirable_visits(v_due.tenant_hk, v_due.keep_from, NULL) AS v(site_session_hk)
            CROSS JOIN LATERAL business.visit_bridge(v.site_session_hk) e
            GROUP BY 3 ORDER BY 3;
        ELSIF v_due.layer = 'marts' THEN
            RETURN QUERY
            SELECT v_due.tenant_hk, v_due.layer, date_trunc('month', o.day)::date, count(*), sum(o.size)::bigint
            FROM (
                SELECT d.day, pg_column_size(d.*) AS size
                FROM business.retirable_days(v_due.tenant_hk, business.day_at(v_due.tenant_hk, v_due.keep_from), v_due.gone) d
                UNION ALL
                SELECT r.day, pg_column_size(r.*) FROM business.rollup_b r
                WHERE r.tenant_hk = v_due.tenant_hk AND r.day < business.day_at(v_due.tenant_hk, v_due.keep_from)
            ) o
            GROUP BY 3 ORDER BY 3;
        ELSE
            RETURN QUERY EXECUTE format($rows$
                SELECT $1, $2, date_trunc('month', e.received_timestamp, 'UTC')::date, count(*), sum(pg_column_size(e.*))::bigint
                FROM raw.ingest_batch b
                JOIN %s e ON e.batch_id = b.batch_id AND e.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
                    AND e.received_timestamp BETWEEN b.received_from AND b.received_to
                WHERE b.tenant_hk = $1 AND b.received_from >= $3 AND b.received_from < $4
                GROUP BY 3 ORDER BY 3
                $rows$, CASE v_due.layer WHEN 'raw' THEN 'raw.site_tracking_events_r' ELSE 'staging.site_events_staging' END)
            USING v_due.tenant_hk, v_due.layer, v_due.kept_since, v_due.keep_from;
        END IF;
    END LOOP;
END
$$;
