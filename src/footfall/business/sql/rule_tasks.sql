-- What owners ask of their rules. It may take minutes, and loads wait for slices of it: so a worker does it (footfall.operations.rule_tasks),
-- and whoever asks looks again.

-- Asks for a preview, for rules to be put in force, or for those in force to be taken back, of the session's tenant and by who acts;
-- returns the task's number, NULL while another one is not done. What was asked before, and is done, goes.
CREATE OR REPLACE FUNCTION business.ask_rules(p_kind text, p_rules jsonb, p_days integer, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_task bigint;
BEGIN
    DELETE FROM ref.rule_task t WHERE t.tenant_hk = util.current_tenant() AND t.finished_at IS NOT NULL;
    INSERT INTO ref.rule_task (tenant_hk, kind, rules, days, reason, actor_kind, actor, actor_via, asked_at)
    SELECT util.current_tenant(), p_kind, p_rules, p_days, p_reason, a.kind, a.name, a.via, util.current_load_date() FROM auth.acting() a
    ON CONFLICT (tenant_hk) WHERE finished_at IS NULL DO NOTHING
    RETURNING task INTO v_task;
    RETURN v_task;
END
$$;

-- Who made a set of rules, as people know them: of a person of the store the e-mail address.
CREATE OR REPLACE FUNCTION business.maker_of_rules(p_made_by text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT coalesce((SELECT a.email FROM auth.account a WHERE p_made_by = 'person ' || a.account_id), p_made_by)
$$;

-- Forgets tasks that were done more than an hour ago: their examples are of visits.
CREATE OR REPLACE FUNCTION business.forget_rule_tasks(p_now timestamptz) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM ref.rule_task t WHERE t.finished_at < p_now - interval '1 hour'
$$;
