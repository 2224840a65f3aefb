"""Tables, indexes, views and foreign keys, rendered from a declared vault."""

from collections.abc import Iterator

from footfall.vault.kinds import Hub, Link, Satellite, Table, Vault

_LOAD_DATE = "load_date timestamptz NOT NULL"
_RECORD_SOURCE = "record_source varchar(100) NOT NULL"


def tables(vault: Vault) -> str:
    """CREATE TABLE and CREATE INDEX for the whole vault: what a migration runs once."""
    statements = [
        *(_hub(vault, hub) for hub in vault.hubs),
        *(_link(vault, link) for link in vault.links),
        *(_satellite(vault, satellite) for satellite in vault.satellites),
    ]
    return "\n\n".join([*statements, *_indexes(vault)]) + "\n"


def views(vault: Vault) -> str:
    """For each historised satellite its current rows as a view, and its rows as of a load date as a function."""
    return "\n\n".join(_timeline(vault, satellite) for satellite in vault.satellites if satellite.historised) + "\n"


def foreign_keys(vault: Vault) -> Iterator[tuple[str, str, str]]:
    """(table, constraint, definition) of each reference, as NOT ENFORCED: tools see them, loads do not pay for them."""
    for link in vault.links:
        for hub in link.hubs:
            yield _foreign_key(vault, link.table, hub)
    for satellite in vault.satellites:
        yield _foreign_key(vault, satellite.table, satellite.hub)
    for table in vault.tables:
        yield (
            f"{vault.schema}.{table.table}",
            f"{table.table}_tenant_hk_fkey",
            "FOREIGN KEY (tenant_hk) REFERENCES auth.tenant_h (tenant_hk) NOT ENFORCED",
        )


def is_personal(satellite: Satellite, alias: str = "") -> str:
    """Whether something of a row is personal, as SQL: the condition of the index that such rows are found by, too."""
    return " OR ".join(f"{alias}{'.' * bool(alias)}{column.name} IS NOT NULL" for column in satellite.personal)


def _hub(vault: Vault, hub: Hub) -> str:
    columns = (
        f"{hub.hash_key} bytea NOT NULL",
        f"{hub.business_key} text NOT NULL",
        "tenant_hk bytea NOT NULL",
        _LOAD_DATE,
        _RECORD_SOURCE,
    )
    return _table(vault, hub, columns, primary_key=(hub.hash_key,), partition_key=hub.hash_key)


def _link(vault: Vault, link: Link) -> str:
    columns = (
        f"{link.hash_key} bytea NOT NULL",
        *(f"{hub.hash_key} bytea NOT NULL" for hub in link.hubs),
        "tenant_hk bytea NOT NULL",
        _LOAD_DATE,
        _RECORD_SOURCE,
    )
    return _table(vault, link, columns, primary_key=(link.hash_key,), partition_key=link.hash_key)


def _satellite(vault: Vault, satellite: Satellite) -> str:
    key = satellite.hub.hash_key
    columns = (
        f"{key} bytea NOT NULL",
        "tenant_hk bytea NOT NULL",
        _LOAD_DATE,
        "load_end_date timestamptz",
        "hash_diff bytea NOT NULL",
        *(f"{column.name} {column.type}{' NOT NULL' * column.required}" for column in satellite.columns),
        _RECORD_SOURCE,
    )
    statements = [_table(vault, satellite, columns, primary_key=satellite.key_with(vault.grain), partition_key=key)]
    if satellite.historised:
        statements.append(
            f"-- Usage: exactly one current row for each key, and the way to it\n"
            f"CREATE UNIQUE INDEX {satellite.table}_current ON {vault.schema}.{satellite.table} ({key})"
            f" WHERE load_end_date IS NULL;"
        )
    statements += [
        f"COMMENT ON COLUMN {vault.schema}.{satellite.table}.{column.name} IS {_literal(column.comment)};"
        for column in satellite.columns
        if column.comment
    ]
    return "\n".join(statements)


def _table(
    vault: Vault,
    table: Table,
    columns: tuple[str, ...],
    primary_key: tuple[str, ...],
    partition_key: str,
) -> str:
    lines = ",\n".join(f"    {line}" for line in (*columns, f"PRIMARY KEY ({', '.join(primary_key)})"))
    partitioning = f" PARTITION BY RANGE ({partition_key})" if table.time_ordered else ""
    return (
        f"CREATE TABLE {vault.schema}.{table.table} (\n{lines}\n){partitioning};\n"
        f"COMMENT ON TABLE {vault.schema}.{table.table} IS {_literal(table.comment)};"
    )


def _indexes(vault: Vault) -> Iterator[str]:
    for index in vault.indexes:
        where = f" WHERE {index.where}" if index.where else ""
        yield f"-- Usage: {index.usage}\nCREATE INDEX ON {vault.schema}.{index.table} ({index.columns}){where};"
    for satellite in vault.satellites:
        if satellite.dated:
            yield (
                f"-- Usage: {vault.schema}.remove_personal: what is personal, and kept no longer\n"
                f"CREATE INDEX {satellite.table}_personal ON {vault.schema}.{satellite.table} (tenant_hk, {satellite.dated})"
                f" WHERE {is_personal(satellite)};"
            )


def _timeline(vault: Vault, satellite: Satellite) -> str:
    table = f"{vault.schema}.{satellite.table}"
    return f"""\
CREATE OR REPLACE VIEW {vault.schema}.{satellite.name}_current_v WITH (security_invoker = true) AS
SELECT * FROM {table} WHERE load_end_date IS NULL;

-- What {table} said at a load date: the rows whose [load_date, load_end_date) contains it.
CREATE OR REPLACE FUNCTION {vault.schema}.{satellite.name}_as_of(p_load_date timestamptz)
RETURNS SETOF {table}
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.* FROM {table} s
    WHERE s.load_date <= p_load_date AND (s.load_end_date IS NULL OR s.load_end_date > p_load_date)
$$;"""


def _foreign_key(vault: Vault, table: str, hub: Hub) -> tuple[str, str, str]:
    reference = f"FOREIGN KEY ({hub.hash_key}) REFERENCES {vault.schema}.{hub.table} ({hub.hash_key}) NOT ENFORCED"
    return f"{vault.schema}.{table}", f"{table}_{hub.hash_key}_fkey", reference


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
