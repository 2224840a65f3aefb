-- What counts as a conversion, and what it is worth: no row when the event is none. A tenant's own rules come before the general
-- one, those that name a label before those that do not.
CREATE OR REPLACE FUNCTION business.conversion_of(
    p_tenant_hk bytea, p_event_type text, p_event_action text, p_event_label text, p_event_timestamp timestamptz,
    p_event_value numeric, p_event_currency text
) RETURNS TABLE (value numeric, currency text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(r.value, p_event_value, 0), coalesce(r.currency, p_event_currency)
    FROM ref.conversion_rule r
    WHERE r.tenant_hk IN (p_tenant_hk, '\x') AND r.event_type = p_event_type AND r.event_action = p_event_action
      AND (r.event_label IS NULL OR r.event_label = p_event_label)
      AND r.valid_from <= p_event_timestamp AND (r.valid_to IS NULL OR r.valid_to > p_event_timestamp)
    ORDER BY r.tenant_hk DESC, r.event_label IS NULL, r.conversion_rule_id
    LIMIT 1
$$;

-- Which conversions are one and the same: steps that name one transaction; without a number, those of one session and funnel;
-- other conversions stand each for itself. A thank-you page that is loaded again so counts once.
CREATE OR REPLACE FUNCTION business.conversion_identity(
    p_event_type text, p_transaction_id text, p_session_hk bytea, p_funnel_step text, p_event_hk bytea
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_transaction_id IS NOT NULL THEN 'transaction ' || p_transaction_id
    WHEN p_event_type = 'transaction_step' THEN 'session ' || encode(p_session_hk, 'hex') || ' ' || coalesce(p_funnel_step, '')
    ELSE 'event ' || encode(p_event_hk, 'hex')
END;
