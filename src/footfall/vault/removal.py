"""Removing events, rendered from a declared vault: what a load writes, the other way round.

Which tables an event reaches follows from the model alone, so that a table that is added to it is not forgotten here.
"""

from footfall.vault.ddl import is_personal
from footfall.vault.hashing import canonical_texts_sql, hash_diff_sql
from footfall.vault.kinds import History, Hub, Link, Satellite, Vault

_GONE = "pg_temp.gone_event"
_TOUCHED = "pg_temp.touched_key"


def remove_functions(vault: Vault) -> str:
    """`remove_grain()` and `remove_unlinked()`: the rows of events, and of hubs that only they had brought."""
    grain = vault.grain
    links = [link for link in vault.links if link.time_ordered]
    satellites = [satellite for satellite in vault.satellites if satellite.hub is grain]
    touched = [(link.hubs[1], link) for link in links]
    gathered = "\nUNION\n".join(
        f"SELECT '{hub.name}', l.{hub.hash_key} FROM {_links_of(vault, link, hub.hash_key)}" for hub, link in touched
    )
    stated = "\n".join(
        f"    DELETE FROM {vault.schema}.{satellite.table} t USING {_GONE} g WHERE t.{grain.hash_key} = g.{grain.hash_key};"
        for satellite in vault.satellites
        if satellite.history is History.STATED
    )
    deletions = "\n".join(
        (
            *(
                f"    DELETE FROM {vault.schema}.{link.table} t USING (\n"
                f"        SELECT l.{link.hash_key} FROM {_links_of(vault, link, link.hash_key)}) o\n"
                f"    WHERE t.{link.hash_key} = o.{link.hash_key} AND t.{link.hash_key} BETWEEN v_first AND v_last;"
                for link in links
            ),
            *(
                f"    DELETE FROM {vault.schema}.{table} t USING {_GONE} g\n"
                f"    WHERE t.{grain.hash_key} = g.{grain.hash_key} AND t.{grain.hash_key} BETWEEN v_first AND v_last;"
                for table in (*(satellite.table for satellite in satellites), grain.table)
            ),
        )
    )
    unlinked = "\n".join(_unlinked(vault, hub) for hub in vault.hubs if hub is not grain)
    return f"""\
-- Deletes the events of {_GONE} with all that is of an event alone, and adds to {_TOUCHED} what they were
-- linked to. Keys of events and of their links begin with the time: only its months are read.
CREATE OR REPLACE FUNCTION {vault.schema}.remove_grain() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_first constant bytea := (SELECT substr(min(g.{grain.hash_key}), 1, 6) FROM {_GONE} g);
    v_last constant bytea := (SELECT util.last_key_of(max(g.{grain.hash_key})) FROM {_GONE} g);
BEGIN
    INSERT INTO {_TOUCHED} (hub, hash_key)
    {gathered.replace(chr(10), chr(10) + "    ")}
    ON CONFLICT DO NOTHING;
{stated}
{deletions}
END
$$;

-- Deletes, of what is in {_TOUCHED}, the hubs that no event has any more, with their satellites and links. A hub stays as
-- long as a link of which it is the second leads to it.
CREATE OR REPLACE FUNCTION {vault.schema}.remove_unlinked() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_keys bytea[];
BEGIN
{unlinked}
END
$$;
"""


def personal_functions(vault: Vault) -> str:
    """`has_personal`, `personal_rows`, `remove_personal` of a tenant: what is personal of before a moment, and kept no longer.

    The rows stay, and what figures are made of; their `hash_diff` is that of what is left.
    """
    dated = [satellite for satellite in vault.satellites if satellite.dated]
    found = "\n    UNION ALL\n".join(
        f"    SELECT '{satellite.table}', date_trunc('month', s.{satellite.dated}, 'UTC')::date, count(*),\n"
        f"           sum({' + '.join(f'coalesce(pg_column_size(s.{column.name}), 0)' for column in satellite.personal)})\n"
        f"    FROM {vault.schema}.{satellite.table} s\n"
        f"    WHERE s.tenant_hk = p_tenant_hk AND s.{satellite.dated} < p_until AND ({is_personal(satellite, 's')})\n"
        f"    GROUP BY 2"
        for satellite in dated
    )
    exists = "\n    OR ".join(
        f"EXISTS (SELECT FROM {vault.schema}.{satellite.table} s WHERE s.tenant_hk = p_tenant_hk"
        f" AND s.{satellite.dated} < p_until AND ({is_personal(satellite, 's')}))"
        for satellite in dated
    )
    steps = "\n".join(_remove_personal(vault, satellite) for satellite in dated)
    return f"""\
-- Whether something of a tenant is personal and from before a moment.
CREATE OR REPLACE FUNCTION {vault.schema}.has_personal(p_tenant_hk bytea, p_until timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT {exists}
$$;

-- The rows of a tenant in which something is personal and from before a moment, by table and month, and the bytes that it takes.
CREATE OR REPLACE FUNCTION {vault.schema}.personal_rows(p_tenant_hk bytea, p_until timestamptz)
RETURNS TABLE (of_table text, month date, found bigint, bytes bigint)
LANGUAGE sql STABLE AS $$
{found}
$$;

-- Removes what is personal from those rows, of p_most of each table at most; returns from how many. Each is its own hash again.
CREATE OR REPLACE FUNCTION {vault.schema}.remove_personal(p_tenant_hk bytea, p_until timestamptz, p_most integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_rows bigint;
    v_removed bigint := 0;
BEGIN
{steps}
    RETURN v_removed;
END
$$;
"""


def _remove_personal(vault: Vault, satellite: Satellite) -> str:
    key = satellite.hub.hash_key
    nothing = ", ".join(f"{column.name} = NULL" for column in satellite.personal)
    gone = {column.name for column in satellite.personal}
    left = {
        name: (kind, f"NULL::{kind}" if name in gone else f"s.{expression}")
        for name, (kind, expression) in satellite.compared.items()
    }
    return f"""\
    UPDATE {vault.schema}.{satellite.table} s
    SET {nothing},
        hash_diff = {hash_diff_sql(canonical_texts_sql(left))}
    FROM (
        SELECT o.{key}, o.load_date FROM {vault.schema}.{satellite.table} o
        WHERE o.tenant_hk = p_tenant_hk AND o.{satellite.dated} < p_until AND ({is_personal(satellite, "o")})
        ORDER BY o.{satellite.dated} LIMIT p_most
    ) o
    WHERE s.{key} = o.{key} AND s.load_date = o.load_date;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := v_removed + v_rows;
"""


def _links_of(vault: Vault, link: Link, column: str) -> str:
    """SQL after FROM: a column of the gone events' links, each event's by the beginning of its key.

    The planner cannot know how few those are: OFFSET 0 keeps it from reading all of their months.
    """
    event = vault.grain.hash_key
    return (
        f"{_GONE} g CROSS JOIN LATERAL (\n"
        f"            SELECT l.{column} FROM {vault.schema}.{link.table} l\n"
        f"            WHERE l.{event} = g.{event}\n"
        f"              AND l.{link.hash_key} BETWEEN substr(g.{event}, 1, 6) AND util.last_key_of(g.{event})\n"
        f"            OFFSET 0) l"
    )


def _unlinked(vault: Vault, hub: Hub) -> str:
    holding = [link for link in vault.links if link.hubs[1] is hub]
    owned = [link for link in vault.links if link.hubs[0] is hub]
    held = "\n".join(
        f"      AND NOT EXISTS (SELECT FROM {vault.schema}.{link.table} l WHERE l.{hub.hash_key} = t.hash_key)"
        for link in holding
    )
    tables = [link.table for link in owned] + [satellite.table for satellite in vault.satellites if satellite.hub is hub]
    deletions = "\n".join(
        f"    DELETE FROM {vault.schema}.{table} d WHERE d.{hub.hash_key} = ANY (v_keys);" for table in (*tables, hub.table)
    )
    return f"""\
    SELECT coalesce(array_agg(t.hash_key), '{{}}') INTO v_keys FROM {_TOUCHED} t
    WHERE t.hub = '{hub.name}'
{held};
{_touches(vault, owned)}{deletions}
    DELETE FROM {_TOUCHED} t WHERE t.hub = '{hub.name}' AND t.hash_key = ANY (v_keys);
"""


def _touches(vault: Vault, owned: list[Link]) -> str:
    """What is linked to a hub that goes may go as well: it comes later in the model."""
    return "".join(
        f"    INSERT INTO {_TOUCHED} (hub, hash_key)\n"
        f"    SELECT DISTINCT '{link.hubs[1].name}', l.{link.hubs[1].hash_key} FROM {vault.schema}.{link.table} l\n"
        f"    WHERE l.{link.hubs[0].hash_key} = ANY (v_keys) ON CONFLICT DO NOTHING;\n"
        for link in owned
    )
