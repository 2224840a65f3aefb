-- Events that loads leave out (raw.left_out): as they cannot be loaded, as their person was erased, or as a rule refused them until a moment.

-- Sets an event aside that PostgreSQL itself refuses to load: it is staged as INVALID, with the code load_failed and, after it, what
-- PostgreSQL said. So it is counted, and can be looked at, and its batch can be loaded without it. Raises raw_event_unknown.
CREATE OR REPLACE FUNCTION staging.quarantine_event(p_raw_event_id bigint, p_reason text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_batch_id bigint;
BEGIN
    INSERT INTO raw.left_out AS o (tenant_hk, raw_event_id, batch_id, received_timestamp, left_out_until, errors)
    SELECT r.tenant_hk, r.raw_event_id, r.batch_id, r.received_timestamp, 'infinity', ARRAY['load_failed', left(p_reason, 500)]
    FROM raw.site_tracking_events_r r WHERE r.raw_event_id = p_raw_event_id
    ON CONFLICT (raw_event_id) DO UPDATE SET left_out_until = excluded.left_out_until, errors = excluded.errors
    RETURNING o.batch_id INTO v_batch_id;
    IF v_batch_id IS NULL THEN
        RAISE EXCEPTION 'raw_event_unknown' USING ERRCODE = 'FF404';
    END IF;
    PERFORM staging.leave_out(ARRAY[v_batch_id], util.current_load_date());
END
$$;

-- Stages as INVALID, with the reason, what was left out of these raw events (raw.left_out), unless it is staged already; returns how many those are.
CREATE OR REPLACE FUNCTION staging.stage_left_out(p_raw_event_ids bigint[]) RETURNS bigint
LANGUAGE sql AS $$
    WITH staged AS (
        INSERT INTO staging.site_events_staging (
            raw_event_id, batch_id, received_timestamp, attempt, tenant_hk, tenant_id, do_not_track, validation_status,
            validation_errors, validation_flags, enrichment_applied, processing_timestamp, record_source)
        SELECT r.raw_event_id, r.batch_id, r.received_timestamp, 1, r.tenant_hk, r.tenant_id, r.do_not_track, 'INVALID',
               o.errors, '{}', false, util.current_load_date(), r.record_source
        FROM raw.left_out o
        JOIN raw.site_tracking_events_r r ON r.raw_event_id = o.raw_event_id AND r.received_timestamp = o.received_timestamp
        WHERE o.raw_event_id = ANY (p_raw_event_ids)
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT count(*) FROM staged
$$;

-- Stages as INVALID the events of these batches that no load takes, or that could not be staged at this load date; returns how many.
CREATE OR REPLACE FUNCTION staging.leave_out(p_batch_ids bigint[], p_load_date timestamptz) RETURNS bigint
LANGUAGE sql AS $$
    SELECT staging.stage_left_out(ARRAY(
        SELECT o.raw_event_id FROM raw.left_out o
        WHERE o.batch_id = ANY (p_batch_ids) AND o.left_out_until > p_load_date
          AND (o.left_out_until = 'infinity' OR 'load_failed' = ANY (o.errors))))
$$;

-- The others that a load of this date left out: a rule refused them, which does not any more. They have been staged beside all others, as they were
-- then: so their ids say when they happened, and which of several came first. Now they are INVALID again; returns how many.
CREATE OR REPLACE FUNCTION staging.refuse_again(p_batch_ids bigint[], p_load_date timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_refused constant bigint[] := ARRAY(
        SELECT o.raw_event_id FROM raw.left_out o
        WHERE o.batch_id = ANY (p_batch_ids) AND o.left_out_until > p_load_date AND o.left_out_until < 'infinity'
          AND 'load_failed' <> ALL (o.errors));
BEGIN
    DELETE FROM staging.site_events_staging s USING raw.left_out o
    WHERE o.raw_event_id = ANY (v_refused) AND s.raw_event_id = o.raw_event_id AND s.received_timestamp = o.received_timestamp;
    RETURN staging.stage_left_out(v_refused);
END
$$;
