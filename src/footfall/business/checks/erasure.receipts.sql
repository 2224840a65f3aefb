-- Claim: no receipt of an erasure was changed, removed or put elsewhere
-- Hint: somebody with the rights of the database's owner did that; compare with a backup, and with the audit log
SELECT encode(b.tenant_hk, 'hex') || ' ' || b.erasure_id || ' ' || b.broken
FROM auth.erasure_breaks(%(tenant_hk)s::bytea) b
