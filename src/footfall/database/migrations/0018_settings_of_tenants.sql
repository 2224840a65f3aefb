-- The keys of those who ask in SQL are the vault's own, not texts of them: a column's type changes only with its view.
DROP VIEW IF EXISTS api.event_v, api.visit_v;

ALTER TABLE auth.tenant_details_s
    ADD COLUMN week_start varchar(10) NOT NULL DEFAULT 'monday' CHECK (week_start IN ('monday', 'sunday', 'saturday'));
COMMENT ON COLUMN auth.tenant_details_s.week_start IS 'the day with which weeks of reports begin';

-- They have got more to know.
DROP FUNCTION IF EXISTS auth.describe_tenant(text, text);
DROP FUNCTION IF EXISTS api.bucket_sql(text, text);
