-- What counts as a conversion, and what it is worth: no row when the event is none. A tenant's own rules come before the general
-- one, those that name a label before those that do not. What takes a transaction back (a step `refund`, or one whose value is below
-- zero) is a refund: no conversion, and worth what it lowers revenue by, below zero. What a trusted sender says otherwise
-- (p_is_superseded) is neither.
CREATE OR REPLACE FUNCTION business.conversion_of(
    p_tenant_hk bytea, p_event_type text, p_event_action text, p_event_label text, p_event_timestamp timestamptz,
    p_event_value numeric, p_event_currency text, p_is_superseded boolean
) RETURNS TABLE (value numeric, currency text, is_refund boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT -abs(coalesce(p_event_value, 0)), p_event_currency, true
    WHERE p_event_type = 'transaction_step' AND (p_event_action = 'refund' OR p_event_value < 0) AND NOT p_is_superseded
    UNION ALL
    (SELECT coalesce(r.value, p_event_value, 0), coalesce(r.currency, p_event_currency), false
    FROM ref.conversion_rule r
    WHERE r.tenant_hk IN (p_tenant_hk, '\x') AND r.event_type = p_event_type AND r.event_action = p_event_action
      AND NOT p_is_superseded AND (r.event_label IS NULL OR r.event_label = p_event_label)
      AND r.valid_from <= p_event_timestamp AND (r.valid_to IS NULL OR r.valid_to > p_event_timestamp)
    ORDER BY r.tenant_hk DESC, r.event_label IS NULL, r.conversion_rule_id
    LIMIT 1)
    LIMIT 1
$$;

-- Whether a trusted sender says otherwise of an event, as of a load date (NULL: now).
CREATE OR REPLACE FUNCTION business.is_superseded(p_site_event_hk bytea, p_as_of timestamptz DEFAULT NULL) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (
    SELECT FROM business.superseded_w s WHERE s.site_event_hk = p_site_event_hk AND (p_as_of IS NULL OR s.load_date <= p_as_of));

-- Which conversions are one and the same: steps that name one transaction; without a number, those of one session, funnel and value;
-- refunds and other conversions stand each for itself. A thank-you page that is loaded again so counts once, and two orders without a
-- number in one visit are two.
CREATE OR REPLACE FUNCTION business.conversion_identity(
    p_event_type text, p_transaction_id text, p_session_hk bytea, p_funnel_step text, p_event_hk bytea, p_event_value numeric,
    p_is_refund boolean
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_is_refund THEN 'event ' || encode(p_event_hk, 'hex')
    WHEN p_transaction_id IS NOT NULL THEN 'transaction ' || p_transaction_id
    WHEN p_event_type = 'transaction_step'
    THEN 'session ' || encode(p_session_hk, 'hex') || ' ' || coalesce(p_funnel_step, '') || ' ' || coalesce(trim_scale(p_event_value)::text, '')
    ELSE 'event ' || encode(p_event_hk, 'hex')
END;

-- What a trusted sender says of an order stands above what others say of it, whichever came first: their completions of an order that
-- it completed, their refunds of one that it knows, and what they sent under the id of an event of its own are superseded. Finds that
-- of the load under way, whose events lie in pg_temp.fresh_event and in the bridge; the visits and days concerned are counted anew.
-- Returns how many events are superseded now.
CREATE OR REPLACE FUNCTION business.supersede(p_load_date timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_superseded bigint;
    v_visits bytea[];
    v_days date[];
BEGIN
    WITH named AS (
        SELECT DISTINCT f.tenant_hk, f.transaction_info ->> 'transaction_id' AS transaction_id
        FROM pg_temp.fresh_event f
        WHERE f.event_type = 'transaction_step' AND f.event_action IN ('complete', 'refund')
          AND f.transaction_info ? 'transaction_id'
    ), of_order AS MATERIALIZED (
        SELECT n.tenant_hk, n.transaction_id, e.site_event_hk, e.is_refund, NOT raw.is_public(d.record_source) AS is_trusted
        FROM named n
        CROSS JOIN LATERAL (
            SELECT e.site_event_hk, e.event_action = 'refund' OR coalesce(e.event_value < 0, false) AS is_refund
            FROM business.event_b e
            WHERE e.tenant_hk = n.tenant_hk AND e.transaction_id = n.transaction_id AND e.event_type = 'transaction_step'
              AND e.event_action IN ('complete', 'refund') OFFSET 0
        ) e
        CROSS JOIN LATERAL (
            SELECT d.record_source FROM business.site_event_details_s d WHERE d.site_event_hk = e.site_event_hk LIMIT 1
        ) d
    ), superseded AS (
        INSERT INTO business.superseded_w (tenant_hk, site_event_hk, load_date)
        SELECT o.tenant_hk, o.site_event_hk, p_load_date
        FROM of_order o
        WHERE NOT o.is_trusted AND EXISTS (
            SELECT FROM of_order t
            WHERE t.tenant_hk = o.tenant_hk AND t.transaction_id = o.transaction_id AND t.is_trusted AND (o.is_refund OR NOT t.is_refund))
        UNION
        SELECT f.tenant_hk, f.restates_hk, p_load_date
        FROM pg_temp.fresh_event f
        JOIN business.event_b e ON e.tenant_hk = f.tenant_hk AND e.site_event_hk = f.restates_hk
        WHERE f.restates_hk IS NOT NULL
        ON CONFLICT DO NOTHING
        RETURNING tenant_hk, site_event_hk
    ), marked AS (
        UPDATE business.event_b e SET is_superseded = true
        FROM superseded s WHERE e.tenant_hk = s.tenant_hk AND e.site_event_hk = s.site_event_hk
        RETURNING e.tenant_hk, e.site_session_hk, e.day, e.transaction_id
    ), reopened AS (
        UPDATE business.site_session_w w SET is_open = true
        FROM marked m WHERE w.root_session_hk = m.site_session_hk AND w.is_visit AND NOT w.is_open
    ), counted_anew AS (
        -- an order is told apart by the day on which it was seen before
        SELECT m.site_session_hk, m.day FROM marked m
        UNION
        SELECT e.site_session_hk, e.day FROM marked m
        CROSS JOIN LATERAL (
            SELECT e.site_session_hk, e.day FROM business.event_b e
            WHERE e.tenant_hk = m.tenant_hk AND e.transaction_id = m.transaction_id AND e.day >= m.day OFFSET 0
        ) e
    )
    SELECT (SELECT count(*) FROM marked), array_agg(c.site_session_hk), array_agg(c.day) INTO v_superseded, v_visits, v_days
    FROM counted_anew c;
    PERFORM business.mark_visits(p_load_date, v_visits, v_days);
    RETURN v_superseded;
END
$$;
