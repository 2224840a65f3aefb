"""Loading, rendered from a declared vault: keys in staging, then one set-based statement for each table.

A load can be repeated without effect: an event that is there stays and takes nothing with it, a hub or link row that exists
stays, a satellite gets a row only when it says something new. Rows are inserted in key order, so that two loads that meet
wait for each other instead of deadlocking.
"""

from collections.abc import Sequence

from footfall.vault.hashing import (
    canonical_texts_sql,
    hash_diff_sql,
    hash_key_sql,
    key_netstring_sql,
    netstring_sql,
    time_ordered_key_sql,
)
from footfall.vault.kinds import History, Hub, Link, Satellite, Vault

# --- keys, computed once, in staging -----------------------------------------------------------------------------------------


# The tenant is the first part of every key: staging computes its netstring once for all keys of an event.
STAGED_TENANT = "tenant_netstring"


def hub_key(hub: Hub, tenant: str = STAGED_TENANT) -> str:
    """SQL of a hub's hash key from its business key (a grain hub's from event_timestamp too); NULL when that is.

    `tenant` is the netstring of the tenant's public id.
    """
    parts = [tenant, netstring_sql(hub.business_key)]
    key = time_ordered_key_sql("util.time_prefix(event_timestamp)", parts) if hub.time_ordered else hash_key_sql(parts)
    return f"CASE WHEN {hub.business_key} IS NOT NULL THEN {key} END"


def link_key(link: Link, tenant: str = STAGED_TENANT) -> str:
    """SQL of a link's hash key from its hubs' hash keys; NULL when one of them is. `tenant` as for `hub_key`."""
    keys = [hub.hash_key for hub in link.hubs]
    parts = [tenant, *(key_netstring_sql(key) for key in keys)]
    key = time_ordered_key_sql(f"substr({keys[0]}, 1, 6)", parts) if link.time_ordered else hash_key_sql(parts)
    return f"CASE WHEN {' AND '.join(f'{key} IS NOT NULL' for key in keys)} THEN {key} END"


def staged_keys(vault: Vault) -> dict[str, str]:
    """Select lists that the staging statement is completed with.

    Hub keys, link keys, the immutable satellites' diffs, and the canonical texts that those are made of.
    """
    immutable = [satellite for satellite in vault.satellites if satellite.history is History.IMMUTABLE]
    return {
        "hub_keys": ",\n".join(f"        {hub_key(hub)} AS {hub.hash_key}" for hub in vault.hubs),
        "link_keys": ",\n".join(f"        {link_key(link)} AS {link.hash_key}" for link in vault.links),
        "canonical_texts": ",\n".join(
            f"        {expression} AS {name}_text"
            for satellite in immutable
            for name, expression in _staged_texts(satellite).items()
        ),
        "hash_diffs": ",\n".join(
            f"        {hash_diff_sql({name: f'{name}_text' for name in _staged_texts(satellite)})} AS {_diff_column(satellite)}"
            for satellite in immutable
        ),
    }


# --- one load ----------------------------------------------------------------------------------------------------------------


def load_function(vault: Vault) -> str:
    """Everything that is loaded straight from staging, table by table.

    `gather_events(batch ids)`, `load_vault(load date)`, what of it many events share: `load_shared(load date)`; and
    `load_earliest(load date)`.
    """
    others = [hub for hub in vault.hubs if hub is not vault.grain]
    immutable = [satellite for satellite in vault.satellites if satellite.history is History.IMMUTABLE]
    stated = [satellite for satellite in vault.satellites if satellite.history is History.STATED]
    earliest = [satellite for satellite in vault.satellites if satellite.history is History.EARLIEST]
    steps = [
        *((link.table, _grain_link_load(vault, link)) for link in vault.links if link.time_ordered),
        *((satellite.table, _immutable_load(vault, satellite)) for satellite in immutable),
        *((satellite.table, _stated_load(vault, satellite)) for satellite in stated),
    ]
    shared = [
        *((hub.table, _hub_load(vault, hub)) for hub in others),
        *((link.table, _link_load(vault, link)) for link in vault.links if not link.time_ordered),
    ]
    described = [(satellite.table, _earliest_load(vault, satellite)) for satellite in earliest]
    grain = vault.grain
    return f"""\
-- Lays the VALID staged rows of these ingest batches out in {_FRESH}, each event once, in the order of their keys, for
-- the statements of one load. A temporary table: it is the transaction's own, and nothing of it is logged.
CREATE OR REPLACE FUNCTION {vault.schema}.gather_events(p_batch_ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('{_FRESH}') IS NULL THEN
        CREATE TEMP TABLE fresh_event (LIKE {vault.staging}) ON COMMIT DELETE ROWS;
    END IF;
    DELETE FROM {_FRESH};
    INSERT INTO {_FRESH}
    SELECT DISTINCT ON (s.{grain.hash_key}) s.*
    FROM {vault.staged}(p_batch_ids) s
    WHERE s.validation_status = 'VALID'
    ORDER BY s.{grain.hash_key}, {vault.precedence};
END
$$;

-- Loads what was gathered under one load date; returns the rows inserted into each table. Events that the vault has already,
-- from this load or any before it, are taken out of {_FRESH} first, so that nothing of theirs reaches another table.
CREATE OR REPLACE FUNCTION {vault.schema}.load_vault(p_load_date timestamptz)
RETURNS TABLE (loaded text, inserted bigint)
LANGUAGE plpgsql AS $$
BEGIN
{_indent(_grain_load(vault), 4)};
    loaded := '{grain.table}';
    SELECT count(*) INTO inserted FROM {_FRESH};
    RETURN NEXT;
{_steps(steps)}
    RETURN QUERY SELECT l.loaded, l.inserted FROM {vault.schema}.load_shared(p_load_date) l;
END
$$;

-- Loads of what was gathered all that events share: hubs and their links. What is there stays.
CREATE OR REPLACE FUNCTION {vault.schema}.load_shared(p_load_date timestamptz)
RETURNS TABLE (loaded text, inserted bigint)
LANGUAGE plpgsql AS $$
BEGIN
{_steps(shared)}
END
$$;

-- Loads what the earliest events say of their keys. Apart from the rest: in between, what was gathered may have got other keys.
CREATE OR REPLACE FUNCTION {vault.schema}.load_earliest(p_load_date timestamptz)
RETURNS TABLE (loaded text, inserted bigint)
LANGUAGE plpgsql AS $$
BEGIN
{_steps(described)}
END
$$;
"""


_FRESH = "pg_temp.fresh_event"


def _steps(statements: Sequence[tuple[str, str]]) -> str:
    return "\n".join(
        f"\n{_indent(statement, 4)};\n    GET DIAGNOSTICS inserted = ROW_COUNT;\n    loaded := '{table}'; RETURN NEXT;"
        for table, statement in statements
    )


def _grain_load(vault: Vault) -> str:
    """Events lie in the order of their keys (gather_events), which begin with their time: nothing of theirs is sorted again."""
    hub = vault.grain
    return f"""\
WITH fresh AS (
    INSERT INTO {vault.schema}.{hub.table} ({hub.hash_key}, {hub.business_key}, tenant_hk, load_date, record_source)
    SELECT s.{hub.hash_key}, s.{hub.business_key}, s.tenant_hk, p_load_date, s.record_source
    FROM {_FRESH} s
    ON CONFLICT DO NOTHING
    RETURNING {hub.hash_key}
)
DELETE FROM {_FRESH} s WHERE NOT EXISTS (SELECT FROM fresh f WHERE f.{hub.hash_key} = s.{hub.hash_key})"""


def _grain_link_load(vault: Vault, link: Link) -> str:
    """A link of a fresh event cannot exist: its key begins with the event's."""
    return f"""\
INSERT INTO {vault.schema}.{link.table} ({_link_columns(link)}, tenant_hk, load_date, record_source)
SELECT {_link_columns(link, "s.")}, s.tenant_hk, p_load_date, s.record_source
FROM {_FRESH} s
WHERE s.{link.hash_key} IS NOT NULL"""


def _immutable_load(vault: Vault, satellite: Satellite) -> str:
    key = satellite.hub.hash_key
    names = ", ".join(column.name for column in satellite.columns)
    values = ", ".join(f"s.{column.source or column.name}" for column in satellite.columns)
    return f"""\
INSERT INTO {vault.schema}.{satellite.table} ({key}, tenant_hk, load_date, hash_diff, {names}, record_source)
SELECT s.{key}, s.tenant_hk, p_load_date, s.{_diff_column(satellite)}, {values}, s.record_source
FROM {_FRESH} s"""


def _stated_load(vault: Vault, satellite: Satellite) -> str:
    """What fresh events say: few say something, and only those are looked at."""
    key = satellite.hub.hash_key
    names = ", ".join(column.name for column in satellite.columns)
    values = ", ".join(f"(f.{column.source or column.name})::{column.type} AS {column.name}" for column in satellite.columns)
    return f"""\
INSERT INTO {vault.schema}.{satellite.table} ({key}, tenant_hk, load_date, hash_diff, {names}, record_source)
SELECT s.{key}, s.tenant_hk, p_load_date, {hash_diff_sql(canonical_texts_sql(satellite.compared))}, {names}, s.record_source
FROM (
    SELECT f.{key}, f.tenant_hk, f.record_source, {values}
    FROM {_FRESH} f WHERE f.{satellite.stated} IS NOT NULL
) s"""


def _hub_load(vault: Vault, hub: Hub) -> str:
    return _shared_load(vault, hub.table, hub.hash_key, f"{hub.hash_key}, {hub.business_key}")


def _link_load(vault: Vault, link: Link) -> str:
    return _shared_load(vault, link.table, link.hash_key, _link_columns(link))


def _shared_load(vault: Vault, table: str, key: str, columns: str) -> str:
    """Rows that many events share: each key once, and only if it is not there."""
    staged = ", ".join(f"s.{column}" for column in columns.split(", "))
    return f"""\
INSERT INTO {vault.schema}.{table} ({columns}, tenant_hk, load_date, record_source)
SELECT {staged}, s.tenant_hk, p_load_date, min(s.record_source)
FROM {_FRESH} s
WHERE s.{key} IS NOT NULL
GROUP BY {staged}, s.tenant_hk
ORDER BY s.{key}
ON CONFLICT DO NOTHING"""


def _link_columns(link: Link, alias: str = "") -> str:
    return ", ".join(f"{alias}{key}" for key in (link.hash_key, *(hub.hash_key for hub in link.hubs)))


def _earliest_load(vault: Vault, satellite: Satellite) -> str:
    key = satellite.hub.hash_key
    sources = {column.name: column.source or column.name for column in satellite.columns}
    values = ", ".join(f"e.{source} AS {name}" if source != name else f"e.{name}" for name, source in sources.items())
    rank = ", ".join([f"(f.{sources[satellite.preferring]} IS NULL)", *(f"f.{sources[column]}" for column in satellite.order)])
    # the earliest event of each key is found first, and only its attributes are looked at
    changes = f"""\
SELECT s.*, {hash_diff_sql(canonical_texts_sql(satellite.compared))} AS hash_diff
FROM (
    SELECT e.{key}, e.tenant_hk, e.record_source, {values}
    FROM (
        SELECT DISTINCT ON (f.{key}) f.*
        FROM {_FRESH} f
        WHERE f.{key} IS NOT NULL
        ORDER BY f.{key}, {rank}
    ) e
) s"""
    earlier = f"({_rank(satellite, 'c')}) < ({_rank(satellite, 'l')})"
    return _write_changes(vault, satellite, _against_current(vault, satellite, changes, earlier))


def anew_function(vault: Vault, satellite: Satellite) -> str:
    """`<satellite>_of(keys, load date)` of an EARLIEST satellite: for keys whose events are not those any more that they were.

    It takes the earliest of what staging still has of their events, `<hub>_staged(keys)`, and of the rows that are known of them,
    `<satellite>_known(keys)`: rows of staging and of the satellite, under these keys.
    """
    key = satellite.hub.hash_key
    staged = ", ".join(f"e.{column.source or column.name}" for column in satellite.columns)
    known = ", ".join(f"k.{column.name}" for column in satellite.columns)
    names = ", ".join(column.name for column in satellite.columns)
    types = ", ".join(f"{column.name} {column.type}" for column in satellite.columns)
    return f"""\
-- What the earliest event of each of these keys says, of those events that are still known.
CREATE OR REPLACE FUNCTION {vault.schema}.{satellite.name}_of(p_keys bytea[], p_as_of timestamptz)
RETURNS TABLE ({key} bytea, tenant_hk bytea, {types})
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (l.{key}) l.*
    FROM (
        SELECT e.{key}, e.tenant_hk, {staged}
        FROM {vault.schema}.{satellite.hub.name}_staged(p_keys) e
        UNION ALL
        SELECT k.{key}, k.tenant_hk, {known}
        FROM {vault.schema}.{satellite.name}_known(p_keys) k
    ) l({key}, tenant_hk, {names})
    ORDER BY l.{key}, {_rank(satellite, "l")}
$$;
"""


# --- computed satellites -----------------------------------------------------------------------------------------------------


def refresh_function(vault: Vault, satellite: Satellite) -> str:
    """`refresh_<satellite>(keys, load date)`: recompute, and write a row for each key whose attributes changed."""
    changes = f"""\
SELECT s.*, {hash_diff_sql(canonical_texts_sql(satellite.compared))} AS hash_diff
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


def _staged_texts(satellite: Satellite) -> dict[str, str]:
    """The canonical texts of a satellite's compared attributes, from staging's columns."""
    return canonical_texts_sql({c.name: (c.type, c.source or c.name) for c in satellite.columns if c.compared})


def _diff_column(satellite: Satellite) -> str:
    return f"{satellite.name}_hash_diff"


def _rank(satellite: Satellite, alias: str) -> str:
    """What rows of an EARLIEST satellite are ordered by."""
    return ", ".join([f"({alias}.{satellite.preferring} IS NULL)", *(f"{alias}.{column}" for column in satellite.order)])


def _indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line if line else line for line in text.splitlines())
