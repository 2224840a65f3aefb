-- Stores a goal of a tenant, or changes it: name, filter in the language of reports (docs/ask/reports.md), worth; NULL: what the event
-- says. Whoever calls it has read the filter: api.goals.add_goal does, which the dashboard and the command line ask.
CREATE OR REPLACE FUNCTION api.add_goal(
    p_tenant_hk bytea, p_goal text, p_filter text, p_value numeric DEFAULT NULL, p_currency text DEFAULT NULL
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO ref.goal (tenant_hk, goal, filter, value, currency, created_at)
    VALUES (p_tenant_hk, p_goal, p_filter, p_value, p_currency, util.current_load_date())
    ON CONFLICT (tenant_hk, goal) DO UPDATE
    SET filter = excluded.filter, value = excluded.value, currency = excluded.currency
$$;
