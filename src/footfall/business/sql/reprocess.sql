-- Another chance for events that were found wrong, once what made them wrong is mended: an event type was added, a rule corrected.

-- Queues what the session's tenant sent since p_since and staging refused for p_reason: the worker stages those events anew, each
-- from its raw row; what is loaded already stays as it is. Their INVALID rows go, so that none is counted twice. Returns how many
-- events that are.
CREATE OR REPLACE FUNCTION business.reprocess_invalid(p_reason text, p_since timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_batch_ids bigint[];
    v_events bigint;
BEGIN
    -- a batch that a worker holds is pending already
    SELECT array_agg(b.batch_id) INTO v_batch_ids FROM (
        SELECT b.batch_id FROM raw.ingest_batch b
        WHERE b.processing_status = 'PROCESSED' AND b.invalid_count > 0
          AND b.tenant_hk = util.current_tenant() AND b.received_from >= p_since
          AND util.is_kept(b.tenant_hk, 'raw', b.received_from)
        ORDER BY b.batch_id FOR UPDATE) b;

    WITH refused AS (
        -- each batch by its range of the primary key
        DELETE FROM staging.site_events_staging s USING raw.ingest_batch b
        WHERE b.batch_id = ANY (v_batch_ids) AND s.batch_id = b.batch_id
          AND s.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
          AND s.received_timestamp BETWEEN b.received_from AND b.received_to
          AND s.validation_status = 'INVALID' AND p_reason = ANY (s.validation_errors)
          -- of what was erased nothing is left to try
          AND 'person_erased' <> ALL (s.validation_errors)
        RETURNING s.batch_id, s.tenant_hk, s.raw_event_id, s.received_timestamp, s.validation_errors
    ), remembered AS (
        -- that the loads until now left them out, the mended rule tells no more
        INSERT INTO raw.left_out AS o (tenant_hk, raw_event_id, batch_id, received_timestamp, left_out_until, errors)
        SELECT r.tenant_hk, r.raw_event_id, r.batch_id, r.received_timestamp, util.current_load_date(), r.validation_errors
        FROM refused r
        ON CONFLICT (raw_event_id) DO UPDATE SET left_out_until = excluded.left_out_until
    ), queued AS (
        UPDATE raw.ingest_batch b
        SET processing_status = 'PENDING', retry_count = 0, next_attempt_at = util.current_load_date(),
            invalid_count = b.invalid_count - r.events
        FROM (SELECT r.batch_id, count(*) AS events FROM refused r GROUP BY r.batch_id) r
        WHERE b.batch_id = r.batch_id
    )
    SELECT count(*) INTO v_events FROM refused;
    RETURN v_events;
END
$$;
