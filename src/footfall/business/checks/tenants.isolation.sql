-- Claim: every table that names a tenant is under row-level security, for its owner too
-- Hint: run `footfall migrate`
SELECT c.oid::regclass::text
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_hk' AND NOT a.attisdropped
WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business')
  AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'one_tenant'))
