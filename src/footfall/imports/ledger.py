"""What was imported, by whom, and taking it back."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from footfall.auth import require_raw, tell, tenant_key
from footfall.business import remove_import
from footfall.database import Connection
from footfall.errors import NotAccepted

_SOURCE = "import:access-log"


@dataclass(frozen=True, slots=True)
class Import:
    """An import: whose, and what it and its events are known by."""

    tenant_hk: bytes
    import_id: str
    record_source: str


def begin_import(connection: Connection, tenant_hk: bytes, log_format: str, *, file_name: str, site: str, by: str) -> Import:
    """Note that an import begins: whatever becomes of it, it can be taken back."""
    row = connection.execute(
        "/* imports.ledger */ INSERT INTO raw.import"
        " (tenant_hk, import_id, record_source, format, file_name, site, imported_by, begun_at)"
        " SELECT %s, i.id, %s || ':' || i.id, %s, left(%s, 255), left(%s, 255), left(%s, 255), clock_timestamp()"
        " FROM (SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISSUS')) AS i(id)"
        " RETURNING import_id, record_source",
        (tenant_hk, _SOURCE, log_format, file_name, site, by),
    ).fetchone()
    assert row is not None  # noqa: S101  an insert that did not fail returns its row
    return Import(tenant_hk, *row)


def finish_import(connection: Connection, done: Import, *, lines: int, imported: int) -> None:
    """Note that all of it has landed."""
    connection.execute(
        "/* imports.ledger */ UPDATE raw.import SET done_at = clock_timestamp(), lines = %s, events = %s"
        " WHERE tenant_hk = %s AND import_id = %s",
        (lines, imported, done.tenant_hk, done.import_id),
    )


def list_imports(connection: Connection, tenant_id: str | None = None) -> list[dict[str, Any]]:
    """All imports, or a tenant's, the latest first. Raises NotAccepted: ``tenant_unknown``."""
    cursor = connection.execute(
        "/* imports.ledger */ SELECT i.import_id, t.tenant_bk, i.format, i.file_name, i.site, i.imported_by, i.begun_at, i.lines,"
        " i.events, CASE WHEN i.undone_at IS NOT NULL THEN 'undone' WHEN i.done_at IS NULL THEN 'not finished' ELSE 'done' END"
        " FROM raw.import i JOIN auth.tenant_h t USING (tenant_hk)"
        " WHERE %(tenant)s::bytea IS NULL OR i.tenant_hk = %(tenant)s ORDER BY i.begun_at DESC, i.import_id",
        {"tenant": tenant_key(connection, tenant_id) if tenant_id else None},
    )
    names = ("import", "tenant", "format", "file", "site", "by", "begun_at", "lines", "events", "state")
    return [dict(zip(names, row, strict=True)) for row in cursor]


def undo_import(connection: Connection, import_id: str, tenant_id: str | None = None) -> dict[str, Any]:
    """Take an import back: everything that it brought goes, in one transaction; a second time there is nothing left to do.

    Events that others sent too, and that counted as their repetitions, wait to be loaded from those: `reloaded`.

    Raises NotAccepted: ``import_unknown``; ``import_ambiguous``, where tenants have imports of one id; ``raw_in_archive``.
    """
    found = connection.execute(
        "/* imports.ledger */ SELECT i.tenant_hk, i.record_source, i.undone_at FROM raw.import i"
        " WHERE i.import_id = %(id)s AND (%(tenant)s::bytea IS NULL OR i.tenant_hk = %(tenant)s)",
        {"id": import_id, "tenant": tenant_key(connection, tenant_id) if tenant_id else None},
    ).fetchall()
    if not found:
        raise NotAccepted(
            "import_unknown", f"there is no import {import_id}: `footfall import list` names them", HTTPStatus.NOT_FOUND
        )
    if len(found) > 1:
        raise NotAccepted("import_ambiguous", f"several tenants have an import {import_id}: say whose with --tenant")
    ((tenant_hk, record_source, undone_at),) = found
    require_raw(connection, tenant_hk)
    with connection.transaction():
        removed, reloaded = remove_import(connection, tenant_hk, record_source)
        tell(connection, "events.removed", import_id, {"events": removed}, tenant_hk)
    return {"import": import_id, "removed": removed, "reloaded": reloaded, "was_undone_at": _said(undone_at)}


def _said(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
