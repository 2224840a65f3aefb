-- Stores a goal of a tenant, or changes it: name, filter in the language of reports (docs/ask/reports.md), worth; NULL: what the event
-- says. p_from: worth that from this day on, and before it what it was worth until now; NULL: worth that before all such days. Whoever calls it has read the filter: api.goals.add_goal does, which the dashboard and the command line ask.
CREATE OR REPLACE FUNCTION api.add_goal(
    p_tenant_hk bytea, p_goal text, p_filter text, p_value numeric DEFAULT NULL, p_currency text DEFAULT NULL, p_from date DEFAULT NULL
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO ref.goal AS g (tenant_hk, goal, filter, value, currency, later_values, created_at)
    SELECT p_tenant_hk, p_goal, p_filter, CASE WHEN p_from IS NULL THEN p_value END, CASE WHEN p_from IS NULL THEN p_currency END,
           CASE WHEN p_from IS NOT NULL THEN jsonb_build_array(jsonb_build_object('from', p_from, 'value', p_value, 'currency', p_currency))
           END, util.current_load_date()
    ON CONFLICT (tenant_hk, goal) DO UPDATE
    SET filter = excluded.filter,
        value = CASE WHEN p_from IS NULL THEN excluded.value ELSE g.value END,
        currency = CASE WHEN p_from IS NULL THEN excluded.currency ELSE g.currency END,
        later_values = CASE WHEN p_from IS NULL THEN g.later_values ELSE (
            SELECT jsonb_agg(l.said ORDER BY l.said ->> 'from')
            FROM (SELECT e.said FROM jsonb_array_elements(coalesce(g.later_values, '[]')) AS e(said) WHERE e.said ->> 'from' <> p_from::text
                  UNION ALL SELECT n.said FROM jsonb_array_elements(excluded.later_values) AS n(said)) l) END
$$;
