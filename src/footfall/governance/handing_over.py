"""All that is held about a person, as a zip for them: a folder a layer, each table as JSON and as CSV, and an index to read."""

import csv
import io
import json
import zipfile
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from footfall.auth import require_raw, tell
from footfall.business.model import VAULT
from footfall.business.reach import REACH, Reached
from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.governance.persons import Kind, laid_out, rows_of
from footfall.vault import Satellite

_LAYERS = {
    "raw": "events as they were received, without what is never kept",
    "staging": "the same events, checked and understood",
    "vault": "what is known: visits, visitors, events, and how they belong together",
    "judgements": "what was computed of it",
    "marts": "the rows that reports count",
    "work": "what the software notes while it works",
}
_COLUMNS = """/* governance.handing_over */
    SELECT a.attname::text, coalesce(col_description(a.attrelid, a.attnum), ''),
           coalesce(obj_description(a.attrelid, 'pg_class'), '')
    FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


def export_person(connection: Connection, tenant_hk: bytes, kind: Kind, value: str, file: Path) -> dict[str, int]:
    """Write all that is held about whoever is known by an id; returns the rows by table. It is told in the audit log.

    Raises NotAccepted as `write_person` does, and ``file_unwritable``.
    """
    try:
        with file.open("xb") as target:
            try:
                return write_person(connection, tenant_hk, kind, value, target)
            except BaseException:
                file.unlink()
                raise
    except OSError as error:
        raise NotAccepted("file_unwritable", f"{file} cannot be written: {error.strerror}") from None


def write_person(connection: Connection, tenant_hk: bytes, kind: Kind, value: str, target: IO[bytes]) -> dict[str, int]:
    """The same to an open file. `connection` is a worker's or an administrator's.

    Raises NotAccepted: ``person_unknown``, ``person_too_large``, ``kind_unknown``, ``raw_in_archive``: not all of it is here.
    """
    require_raw(connection, tenant_hk)
    with laid_out(connection, tenant_hk, kind, value):
        counts = _written(connection, target)
        tell(connection, "visitor.exported", kind, {"rows": sum(counts.values())}, tenant_hk)
    return counts


def _written(connection: Connection, target: IO[bytes]) -> dict[str, int]:
    counts: dict[str, int] = {}
    index = ["All that is held about you here. Each table is there twice: as JSON, and as CSV for spreadsheets.", ""]
    layer = ""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for reached in REACH:
            rows = rows_of(connection, reached.table)
            if not rows:
                continue
            counts[reached.table] = len(rows)
            name = f"{reached.layer}/{reached.table.split('.')[1]}"
            columns = connection.execute(_COLUMNS, (reached.table,)).fetchall()
            archive.writestr(f"{name}.json", json.dumps(rows, indent=1, ensure_ascii=False))
            archive.writestr(f"{name}.csv", _csv([column for column, _, _ in columns], rows))
            if reached.layer != layer:
                layer = reached.layer
                index += [f"{layer}: {_LAYERS[layer]}", ""]
            index += [f"  {name}: {len(rows)} rows. {columns[0][2]}"]
            personal = _personal(reached)
            index += [
                f"    {column}{' (personal)' if column in personal else ''}: {comment}"
                for column, comment, _ in columns
                if comment
            ]
            index.append("")
        archive.writestr("index.txt", "\n".join(index))
    if not counts:
        raise NotAccepted("person_unknown", "nothing is held about anybody of this id", HTTPStatus.NOT_FOUND)
    return counts


def _csv(columns: list[str], rows: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    # what a spreadsheet would compute is text
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _personal(reached: Reached) -> frozenset[str]:
    """The columns that the model marks."""
    return frozenset(
        column.name
        for satellite in VAULT.satellites
        if isinstance(satellite, Satellite) and f"{VAULT.schema}.{satellite.table}" == reached.table
        for column in satellite.columns
        if column.personal
    )
