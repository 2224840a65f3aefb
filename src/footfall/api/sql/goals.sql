-- Defines a goal of a tenant, or redefines it: name, filter in the language of reports, worth. Refuses goal_invalid and what
-- api.filter_sql refuses; a goal may not stand on another one.
CREATE OR REPLACE FUNCTION api.add_goal(
    p_tenant_hk bytea, p_goal text, p_filter text, p_value numeric DEFAULT NULL, p_currency text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_goal !~ '^[^\x01-\x1f;,|\\]{1,100}$' THEN
        PERFORM api.refuse('goal_invalid', 'goal', '1 to 100 characters, none of ; , | and backslash');
    ELSIF coalesce(p_filter, '') = '' OR p_filter ~ '(^|[;,])\s*goal[=!]' THEN
        PERFORM api.refuse('filter_invalid', 'filter', 'a filter that names no goal');
    ELSIF p_currency !~ '^[A-Z]{3}$' THEN
        PERFORM api.refuse('currency_invalid', 'currency', 'an ISO 4217 code such as EUR');
    END IF;
    PERFORM api.filter_sql(p_tenant_hk, p_filter, 'filter');
    INSERT INTO ref.goal (tenant_hk, goal, filter, value, currency, created_at)
    VALUES (p_tenant_hk, p_goal, p_filter, p_value, p_currency, util.current_load_date())
    ON CONFLICT (tenant_hk, goal) DO UPDATE
    SET filter = excluded.filter, value = excluded.value, currency = excluded.currency;
END
$$;
