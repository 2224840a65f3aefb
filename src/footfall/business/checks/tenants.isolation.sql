-- Claim: whoever asks for one tenant gets its rows and no others, whatever relation they name
-- Hint: run `footfall migrate`
SELECT c.oid::regclass::text
FROM pg_class c
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_hk' AND NOT a.attisdropped) AS names_tenant
) t
WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api')
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND CASE
      -- a partition is reached through its table alone
      WHEN c.relispartition
      THEN NOT c.relrowsecurity OR EXISTS (SELECT FROM util.grants_of(c.oid))
           OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
      -- a view asks with the rights of who looks at it
      WHEN c.relkind = 'v' THEN NOT coalesce(c.reloptions @> '{security_invoker=true}', false)
      WHEN c.relkind IN ('m', 'f') THEN EXISTS (SELECT FROM util.grants_of(c.oid))
      -- a table that names a tenant is under row-level security, with our policies and no others
      WHEN t.names_tenant
      THEN c.oid IN (SELECT util.unsecured_tables())
      -- a table that names none is for nobody who asks for one
      ELSE EXISTS (
          SELECT FROM util.grants_of(c.oid) g
          WHERE g.grantee = 0 OR pg_get_userbyid(g.grantee) IN (
              SELECT util.role_prefix() || kind FROM unnest('{_reader,_analyst,_admin,_ingest}'::text[]) kind))
  END
