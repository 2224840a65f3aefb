"""All that is stored of a tenant, as files that any program reads.

CSV, as PostgreSQL writes it: every type keeps its exact text (keys, JSON, money to the last digit), and `COPY ... FROM` takes it
back; Parquet has no form for some of these types.
"""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

from psycopg import sql

from footfall.auth import require_raw, tenant_key
from footfall.database import Connection
from footfall.errors import NotAccepted

# what proves who somebody is, or would tell which address a visitor has, goes nowhere
# secrets; and which files hold its months, which says nothing without them
_SECRET_TABLES = frozenset({"auth.visitor_secret", "auth.erasure_secret", "archive.part"})
_SECRET_COLUMNS = frozenset({"key_hash", "token_hash", "password_hash"})
_PEOPLE = "auth.account"
_PEOPLE_QUERY = sql.SQL(
    "SELECT a.email, a.account_name, m.role, a.created_at FROM auth.membership m JOIN auth.account a USING (account_id)"
    " WHERE m.tenant_hk = {tenant_hk} ORDER BY a.email"
)
_COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"


def export_tenant(connection: Connection, tenant_id: str, folder: Path) -> dict[str, Any]:
    """Write every table's rows of a tenant, as of one moment, and `index.json`, which this returns: files, rows, SHA-256.

    `connection` is a worker's. Raises NotAccepted: ``tenant_unknown``, ``folder_not_empty``, ``file_unwritable``,
    ``raw_in_archive``: not all of it is in tables.
    """
    tenant_hk = tenant_key(connection, tenant_id)
    require_raw(connection, tenant_hk)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise NotAccepted("folder_not_empty", f"{folder} holds something already: name a new folder")
        index = _written(connection, tenant_hk, folder)
    except OSError as error:
        raise NotAccepted("file_unwritable", f"{folder} cannot be written: {error.strerror}") from None
    index = {"tenant": tenant_id, **index}
    (folder / "index.json").write_text(json.dumps(index, indent=2) + "\n")
    return index


def _written(connection: Connection, tenant_hk: bytes, folder: Path) -> dict[str, Any]:
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        (moment,) = connection.execute("SELECT to_jsonb(now()) #>> '{}'").fetchone() or ("",)
        tables = [table for (table,) in connection.execute("SELECT auth.tables_of_tenants()") if table not in _SECRET_TABLES]
        queries = {table: _rows_of(connection, table, tenant_hk) for table in sorted(tables)}
        queries[_PEOPLE] = _PEOPLE_QUERY.format(tenant_hk=sql.Literal(tenant_hk))
        files = [_file(connection, table, query, folder) for table, query in queries.items()]
        return {"as_of": moment, "tables": files}


def _rows_of(connection: Connection, table: str, tenant_hk: bytes) -> sql.Composed:
    columns = [column for (column,) in connection.execute(_COLUMNS, (table,)) if column not in _SECRET_COLUMNS]
    return sql.SQL("SELECT {columns} FROM {table} WHERE tenant_hk = {tenant_hk}").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        table=sql.Identifier(*table.split(".")),
        tenant_hk=sql.Literal(tenant_hk),
    )


def _file(connection: Connection, table: str, query: sql.Composed, folder: Path) -> dict[str, Any]:
    file = folder / f"{table}.csv.gz"
    (rows,) = connection.execute(sql.SQL("SELECT count(*) FROM ({query}) q").format(query=query)).fetchone() or (0,)
    with (
        gzip.open(file, "wb", compresslevel=6) as target,
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY ({query}) TO STDOUT (FORMAT csv, HEADER)").format(query=query)) as pieces,
    ):
        for piece in pieces:
            target.write(piece)
    with file.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return {"table": table, "file": file.name, "rows": rows, "bytes": file.stat().st_size, "sha256": digest}
