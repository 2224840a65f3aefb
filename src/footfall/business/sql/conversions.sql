-- What counts as a conversion, and what it is worth: no row when the event is none. A tenant's own rules come before the general
-- one, those that name a label before those that do not. What takes a transaction back (a step `refund`, or one whose value is below
-- zero) is a refund: no conversion, and worth what it lowers revenue by, below zero.
CREATE OR REPLACE FUNCTION business.conversion_of(
    p_tenant_hk bytea, p_event_type text, p_event_action text, p_event_label text, p_event_timestamp timestamptz,
    p_event_value numeric, p_event_currency text
) RETURNS TABLE (value numeric, currency text, is_refund boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT -abs(coalesce(p_event_value, 0)), p_event_currency, true
    WHERE p_event_type = 'transaction_step' AND (p_event_action = 'refund' OR p_event_value < 0)
    UNION ALL
    (SELECT coalesce(r.value, p_event_value, 0), coalesce(r.currency, p_event_currency), false
    FROM ref.conversion_rule r
    WHERE r.tenant_hk IN (p_tenant_hk, '\x') AND r.event_type = p_event_type AND r.event_action = p_event_action
      AND (r.event_label IS NULL OR r.event_label = p_event_label)
      AND r.valid_from <= p_event_timestamp AND (r.valid_to IS NULL OR r.valid_to > p_event_timestamp)
    ORDER BY r.tenant_hk DESC, r.event_label IS NULL, r.conversion_rule_id
    LIMIT 1)
    LIMIT 1
$$;

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
