"""What a schema is, as lines that can be compared: one for each relation, column, constraint, function, policy, grant and so on.

Left out are partitions, which go by the data, the order of columns, which goes by when a column came, and parentheses and casts
of parsed bodies and views: restored from a dump, (a AND b) AND c is a AND b AND c.
"""

from footfall.database import Connection

_LINES = """
WITH dumped AS (
    -- what PostgreSQL writes in another way once a dump has been restored
    SELECT '::(character varying|text)|\\[\\]|[()[:space:]]' AS differs
), schema AS (
    SELECT n.oid, n.nspname, n.nspacl, n.nspowner FROM pg_namespace n
    WHERE n.nspname IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api')
), relation AS (
    SELECT c.*, c.oid::regclass::text AS name,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind
    FROM pg_class c JOIN schema n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT c.relispartition
), routine AS (
    SELECT p.*, p.oid::regprocedure::text AS name FROM pg_proc p JOIN schema n ON n.oid = p.pronamespace
), granted AS (
    SELECT 'schema ' || n.nspname AS what, a.* FROM schema n
    CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    UNION ALL
    SELECT c.kind || ' ' || c.name, a.* FROM relation c
    CROSS JOIN LATERAL aclexplode(
        coalesce(c.relacl, acldefault(CASE c.kind WHEN 'sequence' THEN 's'::"char" ELSE 'r' END, c.relowner))) a
    UNION ALL
    SELECT 'column ' || c.name || '.' || m.attname, a.* FROM relation c
    JOIN pg_attribute m ON m.attrelid = c.oid CROSS JOIN LATERAL aclexplode(m.attacl) a
    UNION ALL
    SELECT 'function ' || p.name, a.* FROM routine p
    CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    UNION ALL
    SELECT concat_ws(' ', 'new', d.defaclobjtype, 'of', d.defaclrole::regrole, 'in', coalesce(n.nspname, 'all schemas')), a.*
    FROM pg_default_acl d LEFT JOIN schema n ON n.oid = d.defaclnamespace CROSS JOIN LATERAL aclexplode(d.defaclacl) a
)
SELECT concat_ws(' ', c.kind, c.name, c.relkind, c.relpersistence, c.reloptions::text, pg_get_partkeydef(c.oid),
                 CASE WHEN c.relrowsecurity THEN 'row security' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END,
                 'owner ' || c.relowner::regrole::text,
                 md5(regexp_replace(pg_get_viewdef(c.oid), (SELECT differs FROM dumped), '', 'g')),
                 obj_description(c.oid, 'pg_class'))
FROM relation c
UNION ALL
SELECT concat_ws(' ', 'sequence', c.name, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                 s.seqcycle)
FROM relation c JOIN pg_sequence s ON s.seqrelid = c.oid
UNION ALL
SELECT concat_ws(' ', 'column', c.name || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
                 CASE WHEN a.attnotnull THEN 'not null' END, 'default ' || pg_get_expr(d.adbin, d.adrelid),
                 'identity ' || nullif(a.attidentity::text, ''), 'generated ' || nullif(a.attgenerated::text, ''),
                 a.attoptions::text, 'statistics ' || a.attstattarget, 'storage ' || a.attstorage::text,
                 'collation ' || nullif(a.attcollation, 0)::regcollation::text, col_description(c.oid, a.attnum))
FROM relation c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind <> 'S'
UNION ALL
SELECT concat_ws(' ', 'constraint', c.name, k.conname,
                 -- a dump writes the casts of a check otherwise
                 CASE k.contype WHEN 'c'
                 THEN regexp_replace(pg_get_constraintdef(k.oid), (SELECT differs FROM dumped), '', 'g')
                 ELSE pg_get_constraintdef(k.oid) END,
                 CASE WHEN NOT k.convalidated THEN 'not valid' END)
FROM relation c JOIN pg_constraint k ON k.conrelid = c.oid AND k.conparentid = 0
UNION ALL
SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), CASE WHEN NOT i.indisvalid THEN 'not valid' END)
FROM relation c JOIN pg_index i ON i.indrelid = c.oid
UNION ALL
SELECT concat_ws(' ', 'statistics', pg_get_statisticsobjdef(s.oid)) FROM relation c JOIN pg_statistic_ext s ON s.stxrelid = c.oid
UNION ALL
SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled)
FROM relation c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
UNION ALL
SELECT concat_ws(' ', 'policy', p.schemaname || '.' || p.tablename, p.policyname, p.permissive, p.roles::text, p.cmd,
                 p.qual, p.with_check)
FROM pg_policies p JOIN schema n ON n.nspname = p.schemaname
UNION ALL
SELECT concat_ws(' ', 'function', p.name, 'returns', pg_get_function_result(p.oid),
                 md5(regexp_replace(pg_get_functiondef(p.oid), (SELECT differs FROM dumped), '', 'g')),
                 'owner ' || p.proowner::regrole::text)
FROM routine p WHERE p.prokind IN ('f', 'p')
UNION ALL
SELECT concat_ws(' ', 'type', t.oid::regtype, t.typtype) FROM pg_type t JOIN schema n ON n.oid = t.typnamespace
WHERE t.typtype NOT IN ('b', 'c')
UNION ALL
SELECT concat_ws(' ', 'grant', g.privilege_type, 'on', g.what, 'to',
                 CASE g.grantee WHEN 0 THEN 'everybody' ELSE g.grantee::regrole::text END,
                 CASE WHEN g.is_grantable THEN 'with grant option' END)
FROM granted g
UNION ALL
SELECT concat_ws(' ', 'definition', d.name, d.checksum) FROM util.definition d
UNION ALL
SELECT concat_ws(' ', 'migration', m.name) FROM util.migration m
"""


def schema_lines(connection: Connection) -> set[str]:
    """The schema that this owner's connection sees."""
    return {line for (line,) in connection.execute(_LINES)}


def difference(found: set[str], expected: set[str]) -> list[str]:
    """What is found, `+`, and is missing, `-`, side by side by what it is of."""
    changes = [(line, f"+ {line}") for line in found - expected] + [(line, f"- {line}") for line in expected - found]
    return [change for _, change in sorted(changes)]
