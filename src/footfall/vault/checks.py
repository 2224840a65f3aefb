"""What must always be true of a vault, rendered as queries that return the rows for which it is not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from footfall.vault.hashing import canonical_texts_sql, hash_diff_sql, netstring_sql
from footfall.vault.kinds import History, Hub, Link, Satellite, Vault
from footfall.vault.loads import hub_key, link_key


@dataclass(frozen=True, slots=True)
class Check:
    """A claim about the stored data.

    Attributes:
        code: stable name, e.g. ``site_event_h.key``.
        claim: what is true while the check is clean.
        hint: what an operator should think of when it is not.
        sql: a query with one text column, one row for each violation; takes the parameters of a `Scope`.
    """

    code: str
    claim: str
    hint: str
    sql: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: one tenant's rows, or all; of events those that happened since, of the rest what was loaded since."""

    tenant_hk: bytes | None = None
    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)


_PLACES = {
    "tenant": r"(%(tenant_hk)s::bytea IS NULL OR \1.tenant_hk = %(tenant_hk)s)",
    "since": r"\1 >= %(since)s",
    "since_key": r"\1 >= util.time_prefix(%(since)s)",
}


def scoped(sql: str) -> str:
    """A check's SQL with its places filled in: {{tenant alias}}, {{since column}}, {{since_key column}}."""
    for place, condition in _PLACES.items():
        sql = re.sub(rf"\{{\{{{place} ([a-z._]+)\}}\}}", condition, sql)
    if "{{" in sql:
        raise ValueError(f"no such place in a check: {sql[sql.index('{{') :].split('}}', maxsplit=1)[0]}")
    return sql


def checks(vault: Vault) -> Iterator[Check]:
    """Every check that follows from the model alone."""
    for hub in vault.hubs:
        yield from _hub_checks(vault, hub)
    for link in vault.links:
        yield from _link_checks(vault, link)
    for satellite in vault.satellites:
        yield from _satellite_checks(vault, satellite)
        if satellite.historised:
            yield from _timeline_checks(vault, satellite)
        elif satellite.history is History.STATED:
            yield _stated_check(vault, satellite)
        else:
            yield _described_check(vault, satellite)


def _hub_checks(vault: Vault, hub: Hub) -> Iterator[Check]:
    table, hk, bk = f"{vault.schema}.{hub.table}", hub.hash_key, hub.business_key
    # a grain hub's key begins with the time that its business key names: evt_<ms>_…
    timed = (
        f"CROSS JOIN LATERAL (SELECT to_timestamp(substring({bk} FROM '^[a-z]+_(\\d{{1,15}})_')::numeric / 1000)"
        f" AS event_timestamp) t"
    )
    yield Check(
        f"{hub.table}.key",
        f"the hash key of every {hub.name} is the hash of its tenant and business key",
        "a row was written or changed by hand, or by another hash recipe",
        f"SELECT encode(h.{hk}, 'hex') || ' ' || h.{bk}\n"
        f"FROM {table} h LEFT JOIN auth.tenant_h n ON n.tenant_hk = h.tenant_hk\n"
        f"{timed if hub.time_ordered else ''}\n"
        f"WHERE {_scope('h', hub)} AND h.{hk} IS DISTINCT FROM {hub_key(hub, netstring_sql('n.tenant_bk'))}",
    )
    yield Check(
        f"{hub.table}.business_key",
        f"a tenant has each {hub.name} once",
        "the same business key was stored under two hash keys",
        f"SELECT {bk} || ' x' || count(*) FROM {table} h WHERE {_scope('h', hub)} GROUP BY tenant_hk, {bk} HAVING count(*) > 1",
    )


def _link_checks(vault: Vault, link: Link) -> Iterator[Check]:
    table, hk = f"{vault.schema}.{link.table}", link.hash_key
    yield Check(
        f"{link.table}.key",
        f"the hash key of every {link.name} is the hash of its tenant and hubs",
        "a row was written or changed by hand, or by another hash recipe",
        f"SELECT encode(l.{hk}, 'hex') FROM {table} l LEFT JOIN auth.tenant_h n ON n.tenant_hk = l.tenant_hk\n"
        f"WHERE {_scope('l', link)} AND l.{hk} IS DISTINCT FROM {link_key(link, netstring_sql('n.tenant_bk'))}",
    )
    for hub in link.hubs:
        yield Check(
            f"{link.table}.{hub.name}",
            f"every {link.name} link finds its {hub.name}, of the same tenant",
            "a hub row was deleted, or a link was written by hand",
            _orphans(vault, link.table, hub, hk, _scope("c", link)),
        )
    first = link.hubs[0]
    if first.time_ordered:
        yield Check(
            f"{link.table}.once",
            f"every {first.name} has {'exactly' if link.mandatory else 'at most'} one {link.name} link",
            "a link row was deleted or written by hand",
            f"SELECT encode(h.{first.hash_key}, 'hex') || ' has ' || count(l.{hk})\n"
            f"FROM {vault.schema}.{first.table} h LEFT JOIN {table} l USING ({first.hash_key})\n"
            f"WHERE {_scope('h', first)}\n"
            f"GROUP BY h.{first.hash_key} HAVING count(l.{hk}) {'<>' if link.mandatory else '>'} 1",
        )


def _satellite_checks(vault: Vault, satellite: Satellite) -> Iterator[Check]:
    table, key = f"{vault.schema}.{satellite.table}", satellite.hub.hash_key
    yield Check(
        f"{satellite.table}.{satellite.hub.name}",
        f"every row of {satellite.table} finds its {satellite.hub.name}, of the same tenant",
        "a hub row was deleted, or a satellite row was written by hand",
        _orphans(vault, satellite.table, satellite.hub, key, _scope("c", satellite)),
    )
    # columns that are not compared may have changed since, but hash_diff covers only the compared ones: it always recomputes
    yield Check(
        f"{satellite.table}.hash_diff",
        f"the hash_diff of every row of {satellite.table} is the hash of its attributes",
        "an attribute was changed in place",
        f"SELECT encode({key}, 'hex') || ' ' || load_date FROM {table} s\n"
        f"WHERE {_scope('s', satellite)} AND hash_diff IS DISTINCT FROM {hash_diff_sql(canonical_texts_sql(satellite.compared))}",
    )


def _timeline_checks(vault: Vault, satellite: Satellite) -> Iterator[Check]:
    table, key = f"{vault.schema}.{satellite.table}", satellite.hub.hash_key
    # rows that differed in nothing but what was personal may be the same without it
    kept = f" AND util.is_kept(s.tenant_hk, 'context', s.{satellite.dated})" if satellite.dated else ""
    yield Check(
        f"{satellite.table}.timeline",
        f"each row of {satellite.table} ends where its successor begins, and only the last is open",
        "load_end_date was changed by hand, or a row was removed from the middle",
        f"SELECT encode({key}, 'hex') || ' ' || load_date FROM (\n"
        f"    SELECT *, lead(load_date) OVER (PARTITION BY {key} ORDER BY load_date) AS successor FROM {table}\n"
        f") s WHERE {_scope('s', satellite)} AND load_end_date IS DISTINCT FROM successor",
    )
    yield Check(
        f"{satellite.table}.change",
        f"no row of {satellite.table} repeats its predecessor",
        "a row was written although nothing had changed",
        f"SELECT encode({key}, 'hex') || ' ' || load_date FROM (\n"
        f"    SELECT *, lag(hash_diff) OVER (PARTITION BY {key} ORDER BY load_date) AS before FROM {table}\n"
        f") s WHERE {_scope('s', satellite)} AND hash_diff = before{kept}",
    )


def _stated_check(vault: Vault, satellite: Satellite) -> Check:
    return Check(
        f"{satellite.table}.{vault.grain.name}",
        f"every row of {satellite.table} finds the {vault.grain.name} that states it, of the same tenant",
        "an event was deleted, or a satellite row was written by hand",
        _orphans(vault, satellite.table, vault.grain, vault.grain.hash_key, _scope("c", satellite)),
    )


def _described_check(vault: Vault, satellite: Satellite) -> Check:
    hub = satellite.hub
    return Check(
        f"{satellite.table}.once",
        f"every {hub.name} has exactly one row of {satellite.table}",
        "a satellite row was deleted or written by hand",
        f"SELECT encode(h.{hub.hash_key}, 'hex') || ' has ' || count(s.hash_diff)\n"
        f"FROM {vault.schema}.{hub.table} h LEFT JOIN {vault.schema}.{satellite.table} s USING ({hub.hash_key})\n"
        f"WHERE {_scope('h', hub)}\n"
        f"GROUP BY h.{hub.hash_key} HAVING count(s.hash_diff) <> 1",
    )


def _scope(alias: str, entity: Hub | Link | Satellite) -> str:
    """The condition for rows of this table; those of event grain are found by their keys, which begin with the time."""
    if isinstance(entity, Hub):
        key, is_timed = entity.hash_key, entity.time_ordered
    elif isinstance(entity, Link):
        key, is_timed = entity.hash_key, entity.hubs[0].time_ordered
    else:
        key, is_timed = entity.hub.hash_key, entity.hub.time_ordered
    since = f"{{{{since_key {alias}.{key}}}}}" if is_timed else f"{{{{since {alias}.load_date}}}}"
    return f"{{{{tenant {alias}}}}} AND {since}"


def _orphans(vault: Vault, table: str, hub: Hub, shown: str, scope: str) -> str:
    return (
        f"SELECT encode(c.{shown}, 'hex') FROM {vault.schema}.{table} c\n"
        f"WHERE {scope} AND NOT EXISTS (SELECT FROM {vault.schema}.{hub.table} h\n"
        f"    WHERE h.{hub.hash_key} = c.{hub.hash_key} AND h.tenant_hk = c.tenant_hk)"
    )
