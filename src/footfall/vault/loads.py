"""Loading, rendered from a declared vault: keys in staging, then one set-based statement for each table.

Every statement can be repeated without effect: a hub or link row that exists stays, a satellite gets a row only when it says
something new. Rows are inserted in key order, so that two loads that meet wait for each other instead of deadlocking.
"""

from footfall.vault.hashing import hash_diff_sql, hash_key_sql, time_ordered_key_sql
from footfall.vault.kinds import History, Hub, Link, Satellite, Vault

# --- keys, computed once, in staging -----------------------------------------------------------------------------------------


def hub_key(hub: Hub, tenant_id: str = "tenant_id") -> str:
    """SQL of a hub's hash key from its business key (a grain hub's from event_timestamp too); NULL when that is."""
    parts = [tenant_id, hub.business_key]
    key = time_ordered_key_sql("util.time_prefix(event_timestamp)", parts) if hub.time_ordered else hash_key_sql(parts)
    return f"CASE WHEN {hub.business_key} IS NOT NULL THEN {key} END"


def link_key(link: Link, tenant_id: str = "tenant_id") -> str:
    """SQL of a link's hash key from its hubs' hash keys; NULL when one of them is."""
    keys = [hub.hash_key for hub in link.hubs]
    parts = [tenant_id, *(f"encode({key}, 'hex')" for key in keys)]
    key = time_ordered_key_sql(f"substr({keys[0]}, 1, 6)", parts) if link.time_ordered else hash_key_sql(parts)
    return f"CASE WHEN {' AND '.join(f'{key} IS NOT NULL' for key in keys)} THEN {key} END"


def staged_keys(vault: Vault) -> dict[str, str]:
    """What the staging statement is completed with: select lists of hub keys, link keys and the immutable satellites' diffs."""
    immutable = [satellite for satellite in vault.satellites if not satellite.historised]
    return {
        "hub_keys": ",\n".join(f"        {hub_key(hub)} AS {hub.hash_key}" for hub in vault.hubs),
        "link_keys": ",\n".join(f"        {link_key(link)} AS {link.hash_key}" for link in vault.links),
        "hash_diffs": ",\n".join(f"        {_staged_diff(satellite)} AS {_diff_column(satellite)}" for satellite in immutable),
    }


# --- one load ----------------------------------------------------------------------------------------------------------------


def load_function(vault: Vault) -> str:
    """`load_vault(batch ids, load date)`: everything that is loaded straight from staging, table by table."""
    others = [hub for hub in vault.hubs if hub is not vault.grain]
    staged = [satellite for satellite in vault.satellites if satellite.history is not History.COMPUTED]
    steps = [
        (vault.grain.table, _grain_load(vault)),
        *((hub.table, _hub_load(vault, hub)) for hub in others),
        *((link.table, _link_load(vault, link)) for link in vault.links),
        *((satellite.table, _satellite_load(vault, satellite)) for satellite in staged),
    ]
    body = "\n".join(
        f"\n{_indent(statement, 4)};\n    GET DIAGNOSTICS inserted = ROW_COUNT;\n    loaded := '{table}'; RETURN NEXT;"
        for table, statement in steps
    )
    grain = vault.grain
    return f"""\
-- The staged rows of these batches that made a row of {grain.table} at this load date: the first of each event. Duplicates, of
-- this load or of any before it, are left out, so that nothing of theirs reaches the vault.
CREATE OR REPLACE FUNCTION {vault.schema}.fresh_events(p_batch_ids bigint[], p_load_date timestamptz)
RETURNS SETOF {vault.staging}
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (s.{grain.hash_key}) s.*
    FROM {vault.staging} s
    JOIN {vault.schema}.{grain.table} h ON h.{grain.hash_key} = s.{grain.hash_key} AND h.load_date = p_load_date
    WHERE s.batch_id = ANY (p_batch_ids) AND s.validation_status = 'VALID'
    ORDER BY s.{grain.hash_key}, s.raw_event_id
$$;

-- Loads the VALID staged rows of these ingest batches under one load date; returns the rows inserted into each table.
CREATE OR REPLACE FUNCTION {vault.schema}.load_vault(p_batch_ids bigint[], p_load_date timestamptz)
RETURNS TABLE (loaded text, inserted bigint)
LANGUAGE plpgsql AS $$
BEGIN{body}
END
$$;
"""


def _grain_load(vault: Vault) -> str:
    hub = vault.grain
    return f"""\
INSERT INTO {vault.schema}.{hub.table} ({hub.hash_key}, {hub.business_key}, tenant_hk, load_date, record_source)
SELECT DISTINCT ON (s.{hub.hash_key}) s.{hub.hash_key}, s.{hub.business_key}, s.tenant_hk, p_load_date, s.record_source
FROM {vault.staging} s
WHERE s.batch_id = ANY (p_batch_ids) AND s.validation_status = 'VALID'
ORDER BY s.{hub.hash_key}, s.raw_event_id
ON CONFLICT DO NOTHING"""


def _hub_load(vault: Vault, hub: Hub) -> str:
    return f"""\
INSERT INTO {vault.schema}.{hub.table} ({hub.hash_key}, {hub.business_key}, tenant_hk, load_date, record_source)
SELECT DISTINCT ON (s.{hub.hash_key}) s.{hub.hash_key}, s.{hub.business_key}, s.tenant_hk, p_load_date, s.record_source
FROM {vault.schema}.fresh_events(p_batch_ids, p_load_date) s
WHERE s.{hub.hash_key} IS NOT NULL
ORDER BY s.{hub.hash_key}, s.{vault.grain.hash_key}
ON CONFLICT DO NOTHING"""


def _link_load(vault: Vault, link: Link) -> str:
    keys = ", ".join(hub.hash_key for hub in link.hubs)
    staged_keys = ", ".join(f"s.{hub.hash_key}" for hub in link.hubs)
    return f"""\
INSERT INTO {vault.schema}.{link.table} ({link.hash_key}, {keys}, tenant_hk, load_date, record_source)
SELECT DISTINCT ON (s.{link.hash_key}) s.{link.hash_key}, {staged_keys}, s.tenant_hk, p_load_date, s.record_source
FROM {vault.schema}.fresh_events(p_batch_ids, p_load_date) s
WHERE s.{link.hash_key} IS NOT NULL
ORDER BY s.{link.hash_key}, s.{vault.grain.hash_key}
ON CONFLICT DO NOTHING"""


def _satellite_load(vault: Vault, satellite: Satellite) -> str:
    if satellite.history is History.IMMUTABLE:
        return _immutable_load(vault, satellite)
    return _write_changes(vault, satellite, _earliest_changes(vault, satellite))


def _immutable_load(vault: Vault, satellite: Satellite) -> str:
    key = satellite.hub.hash_key
    names = ", ".join(column.name for column in satellite.columns)
    values = ", ".join(f"s.{column.source or column.name}" for column in satellite.columns)
    return f"""\
INSERT INTO {vault.schema}.{satellite.table} ({key}, tenant_hk, load_date, hash_diff, {names}, record_source)
SELECT s.{key}, s.tenant_hk, p_load_date, s.{_diff_column(satellite)}, {values}, s.record_source
FROM {vault.schema}.fresh_events(p_batch_ids, p_load_date) s
ORDER BY s.{key}
ON CONFLICT DO NOTHING"""


def _earliest_changes(vault: Vault, satellite: Satellite) -> str:
    key = satellite.hub.hash_key
    values = ", ".join(
        f"f.{column.source} AS {column.name}" if column.source else f"f.{column.name}" for column in satellite.columns
    )
    changes = f"""\
SELECT s.*, {hash_diff_sql(satellite.compared)} AS hash_diff
FROM (
    SELECT DISTINCT ON (f.{key}) f.*
    FROM (
        SELECT f.{key}, f.tenant_hk, f.record_source, {values}
        FROM {vault.schema}.fresh_events(p_batch_ids, p_load_date) f
        WHERE f.{key} IS NOT NULL
    ) f
    ORDER BY f.{key}, {_rank(satellite, "f")}
) s"""
    return _against_current(vault, satellite, changes, f"({_rank(satellite, 'c')}) < ({_rank(satellite, 'l')})")


# --- computed satellites -----------------------------------------------------------------------------------------------------


def refresh_function(vault: Vault, satellite: Satellite) -> str:
    """`refresh_<satellite>(keys, load date)`: recompute, and write a row for each key whose attributes changed."""
    changes = f"""\
SELECT s.*, {hash_diff_sql(satellite.compared)} AS hash_diff
FROM (
    SELECT f.*, 'computed:{satellite.name}' AS record_source
    FROM {vault.schema}.{satellite.name}_of(p_keys, p_load_date) f
) s"""
    changed = _against_current(vault, satellite, changes, "c.hash_diff <> l.hash_diff")
    return f"""\
-- Recomputes these keys' rows of {satellite.table} as of the load date and writes those that changed; returns how many.
CREATE OR REPLACE FUNCTION {vault.schema}.refresh_{satellite.name}(p_keys bytea[], p_load_date timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_inserted bigint;
BEGIN
{_indent(_write_changes(vault, satellite, changed), 4)};
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN v_inserted;
END
$$;
"""


def _against_current(vault: Vault, satellite: Satellite, candidates: str, differs: str) -> str:
    """Of the candidate rows, those whose key has no current row or one that `differs`: one index probe for each key."""
    key = satellite.hub.hash_key
    return f"""\
SELECT c.*, l.load_date AS ended_load_date FROM (
{_indent(candidates, 4)}
) c
LEFT JOIN LATERAL (
    SELECT o.* FROM {vault.schema}.{satellite.table} o
    WHERE o.{key} = c.{key} AND o.load_end_date IS NULL LIMIT 1
) l ON true
WHERE l.{key} IS NULL OR {differs}"""


def _write_changes(vault: Vault, satellite: Satellite, changes: str) -> str:
    """Ends the current row of each changed key and inserts its successor: [load_date, load_end_date) stays without gaps.

    The insert waits for the update through the sub-select: it would otherwise meet the still open row in the unique index.
    """
    key = satellite.hub.hash_key
    names = ", ".join(column.name for column in satellite.columns)
    return f"""\
WITH changed AS MATERIALIZED (
{_indent(changes, 4)}
), ended AS (
    UPDATE {vault.schema}.{satellite.table} l SET load_end_date = p_load_date
    FROM changed c WHERE l.{key} = c.{key} AND l.load_date = c.ended_load_date
    RETURNING 1
)
INSERT INTO {vault.schema}.{satellite.table} ({key}, tenant_hk, load_date, hash_diff, {names}, record_source)
SELECT {key}, tenant_hk, p_load_date, hash_diff, {names}, record_source
FROM changed
WHERE (SELECT count(*) FROM ended) >= 0
ORDER BY {key}"""


def _staged_diff(satellite: Satellite) -> str:
    return hash_diff_sql({c.name: (c.type, c.source or c.name) for c in satellite.columns if c.compared})


def _diff_column(satellite: Satellite) -> str:
    return f"{satellite.name}_hash_diff"


def _rank(satellite: Satellite, alias: str) -> str:
    """What rows of an EARLIEST satellite are ordered by."""
    return ", ".join([f"({alias}.{satellite.preferring} IS NULL)", *(f"{alias}.{column}" for column in satellite.order)])


def _indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line if line else line for line in text.splitlines())
