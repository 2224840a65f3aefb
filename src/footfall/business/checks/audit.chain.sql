-- Claim: no row of an audit chain was changed, removed, put elsewhere or cut off
-- Hint: somebody with the rights of the database's owner did that: `footfall audit verify` says where; compare with a backup
SELECT coalesce(nullif(encode(b.tenant_hk, 'hex'), ''), 'operators') || ' ' || b.seq || ' ' || b.broken
FROM auth.audit_breaks(%(tenant_hk)s::bytea, %(since)s::timestamptz) b
