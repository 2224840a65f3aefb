"""`footfall restore` of a file: into an empty database, or an embedded store of its own; proved before it is done."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from footfall import schema
from footfall.auth import tell
from footfall.business import Finding
from footfall.database import Connection, Store, connect, migrations
from footfall.database.roles import ensure_roles
from footfall.errors import NotAccepted
from footfall.operations.backups import backup_file
from footfall.operations.backups.backup_file import Dump, Sealing
from footfall.operations.backups.content import SCHEMAS, findings_of, require_same_rows
from footfall.operations.backups.placing import in_place
from footfall.operations.backups.programs import client

_EXISTING = "SELECT string_agg(nspname, ', ') FROM pg_namespace WHERE nspname = ANY (%s)"
_POLICIES_APART = 18  # the first pg_restore that can leave them out


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the moment it is of, its rows, and which claims do not hold about it."""

    taken_at: datetime
    rows: int
    findings: tuple[Finding, ...]
    logins: tuple[str, ...] = ()
    logins_without_password: tuple[str, ...] = ()
    replaced: Path | None = None

    def in_place_of(self, replaced: Path | None) -> "Restored":
        """The same, with where the former store is now."""
        return replace(self, replaced=replaced)


def restore_to_server(source: Path, store: Store, sealing: Sealing, role_prefix: str | None = None) -> Restored:
    """Restore a file into the database of a server, which holds no Footfall yet; under roles of another prefix, if asked.

    Raises NotAccepted: ``store_not_empty``, ``backup_newer``, ``server_older``, ``option_invalid``, and what
    `backup_file.reading` does; StoreUnavailable: no pg_restore fits; BackupFailed: what came back is not what was backed up.
    """
    with backup_file.reading(source, sealing) as (about, dump):
        _require_not_newer(about)
        return _restore(store, about, dump, role_prefix)


def restore_to_folder(source: Path, folder: Path, sealing: Sealing, *, replace: bool, user: str = "") -> Restored:
    """Restore a file into an embedded store in `folder`; with `replace`, in place of the one there, kept beside.

    `user` runs it if root asks. Raises as `restore_to_server` does. Whatever fails: what is in the folder stays as it is.
    """
    with backup_file.reading(source, sealing) as (about, dump):
        _require_not_newer(about)
        with in_place(folder, replace=replace, user=user) as place:
            with place.opened() as store:
                restored = _restore(store, about, dump)
            return restored.in_place_of(place.take())


def _restore(store: Store, about: Mapping[str, Any], dump: Dump, role_prefix: str | None = None) -> Restored:
    """Rows first, as they were; then the schema of this version, with all that a dump does not carry: owners, grants, logins."""
    with connect(store.url) as owner:
        if (schemas := (owner.execute(_EXISTING, (SCHEMAS,)).fetchone() or (None,))[0]) is not None:
            raise NotAccepted("store_not_empty", f"the database has {schemas} already: make a new one, and restore into that")
        made_by, this = about["postgresql"] // 10_000, owner.info.server_version // 10_000
        if made_by > this:
            raise NotAccepted("server_older", f"it is of PostgreSQL {made_by}, and a dump is for no older server: this is {this}")
        prefix = role_prefix or about["role_prefix"]
        # policies name them, and a new server has none; what they may do comes with the schema, when the rows are there
        ensure_roles(owner, prefix)
        command = [client(owner, "pg_restore"), "--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={store.address}"]
        if prefix != about["role_prefix"]:
            if this < _POLICIES_APART:
                raise NotAccepted(
                    "option_invalid", f"--role-prefix needs a server of PostgreSQL {_POLICIES_APART}: this is {this}"
                )
            command.append("--no-policies")  # they name the roles that the store had
        dump.read_into(command, store.secrets)
        require_same_rows(owner, about["tables"])
        redeploy(owner, prefix)
        tell(owner, "store.restored", about["taken_at"], {})
        logins, silent = _make_logins(owner, about["logins"])
    rows = sum(about["tables"].values())
    return Restored(datetime.fromisoformat(about["taken_at"]), rows, tuple(findings_of(store.url)), logins, silent)


def redeploy(owner: Connection, role_prefix: str | None = None) -> None:
    """Deploy the schema on rows from elsewhere: its definitions say who owns them, and what this version of PostgreSQL may do."""
    owner.execute("DELETE FROM util.definition")
    schema.deploy(owner, role_prefix)


def _make_logins(owner: Connection, logins: Mapping[str, str | None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tenants' SQL logins: those that have their password again, and those that need a new one.

    One that is there already, another database of the server has: its password stays.
    """
    there = {name for (name,) in owner.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", (list(logins),))}
    for name, verifier in logins.items():
        if name not in there:
            owner.execute("SELECT auth.make_sql_role(%s, %s)", (name, verifier))
    silent = tuple(name for name, verifier in logins.items() if verifier is None and name not in there)
    return tuple(name for name in logins if name not in silent), silent


def _require_not_newer(about: Mapping[str, Any]) -> None:
    ours = {name for name, _ in migrations()}
    if newer := [name for name in about["migrations"] if name not in ours]:
        raise NotAccepted(
            "backup_newer", f"it is of a newer Footfall ({about['footfall']}, with {newer[-1]}): update this one first"
        )
