-- Received = loaded + duplicate + invalid + pending, for each tenant and hour (UTC) of receipt; always.
CREATE OR REPLACE VIEW api.event_balance_v WITH (security_invoker = true) AS
SELECT b.tenant_hk, date_trunc('hour', b.received_from, 'UTC') AS received_hour,
       sum(b.event_count)::bigint AS received,
       coalesce(sum(b.loaded_count), 0)::bigint AS loaded,
       coalesce(sum(b.duplicate_count), 0)::bigint AS duplicate,
       coalesce(sum(b.invalid_count), 0)::bigint AS invalid,
       -- of a batch that is processed again: what is not accounted for
       coalesce(sum(b.event_count - coalesce(b.loaded_count + b.duplicate_count + b.invalid_count, 0))
                FILTER (WHERE b.processing_status <> 'PROCESSED'), 0)::bigint AS pending
FROM raw.ingest_batch b
GROUP BY 1, 2;

-- Whether events can come in and answers can go out: {success, message, data: {status, checks, timestamp, data_freshness}}. With a
-- tenant in the session (app.tenant_hk), data_freshness is that tenant's. Never raises.
CREATE OR REPLACE FUNCTION api.track_test() RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_now timestamptz := util.current_load_date();
    v_month text := to_char(v_now AT TIME ZONE 'UTC', '"_"YYYYMM');
    v_checks jsonb;
BEGIN
    v_checks := jsonb_build_object(
        'receiving', to_regclass('raw.site_tracking_events_r' || v_month) IS NOT NULL,
        'staging', to_regclass('staging.site_events_staging' || v_month) IS NOT NULL,
        'vault', to_regclass('business.site_event_h' || v_month) IS NOT NULL,
        'tenant', EXISTS (SELECT FROM auth.tenant_v t WHERE t.tenant_hk = util.current_tenant() AND t.is_active)
                  OR util.current_tenant() IS NULL);
    RETURN jsonb_build_object(
        'success', NOT v_checks @? '$.* ? (@ == false)',
        'message', CASE WHEN v_checks @? '$.* ? (@ == false)' THEN 'Tracking is not ready' ELSE 'Tracking is ready' END,
        'data', jsonb_build_object(
            'status', CASE WHEN v_checks @? '$.* ? (@ == false)' THEN 'failing' ELSE 'ok' END,
            'checks', v_checks, 'timestamp', v_now, 'data_freshness', api.freshness(util.current_tenant())));
END
$$;
