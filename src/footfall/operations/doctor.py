"""What would be wrong in production, looked for before it is: of the store, of its server, of the settings."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict

from footfall import schema
from footfall.database import Cell, Cells, Connection, connect, require_numbered, room_of
from footfall.errors import CellAway, FootfallError, NotAccepted, StoreUnavailable
from footfall.settings import Settings

_BACKUP_DAYS = 7
_LOW_SHARE, _LEAST_ROOM = 0.1, 5 << 30
_CLOCK_SECONDS = 5.0
_NIGHTS = 3  # that may pass without a check


Level = Literal["wrong", "risky"]


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to mend: `wrong` loses or shows data sooner or later, `risky` may; the hint says what to do.

    `cell`: which of several it is about; empty: none of them, or a store that is alone.
    """

    code: str
    level: Level
    message: str
    hint: str
    cell: str = ""


# of PostgreSQL: a value that is bad, how bad, and why
_SETTINGS: tuple[tuple[str, str, Level, str], ...] = (
    ("fsync", "off", "wrong", "a power cut can destroy the store"),
    ("full_page_writes", "off", "wrong", "a power cut can destroy the store"),
    ("synchronous_commit", "off", "wrong", "events that were acknowledged can be lost in a crash"),
    ("autovacuum", "off", "wrong", "tables grow without end, until the store stops"),
    ("log_statement", "all", "risky", "what visitors sent is in the server's log, addresses too"),
    ("data_checksums", "off", "risky", "a disk that gives back other bytes is not noticed"),
)


def examine(cells: Cells, settings: Settings) -> list[Advice]:
    """Everything that would be wrong in production, what is wrong before what is risky; home before the other cells.

    Raises psycopg.OperationalError when home is away; another cell that is, is told, and keeps nobody waiting.
    """
    found = [*_of_settings(settings), *_of_disk(settings)]
    with ThreadPoolExecutor(len(cells.all)) as threads:
        for of_cell in threads.map(lambda cell: _of_cell(cells, cell, settings), cells.all):
            found += of_cell
    found += _of_places(cells)
    return sorted(found, key=lambda one: (one.level != "wrong", one.code))


def _of_cell(cells: Cells, cell: Cell, settings: Settings) -> list[Advice]:
    try:
        with connect(cell.url) as owner:
            is_own = cell is not cells.home or bool(settings.database_url)
            found = [*_of_server(owner, is_own=is_own), *_of_store(owner), *_of_number(cells, cell, owner)]
    except (psycopg.OperationalError, StoreUnavailable) as error:
        if cell is cells.home:
            raise
        message = f"{CellAway(cell.name)}: {' '.join(str(error).split())}"
        found = [Advice(CellAway.code, "wrong", message, "its tenants are refused until it is back: look at its log")]
    return [replace(one, cell=cell.name) for one in found] if cells.are_several else found


def _of_number(cells: Cells, cell: Cell, owner: Connection) -> Iterator[Advice]:
    try:
        require_numbered(cells, owner, cell.name)
    except NotAccepted as error:
        yield Advice(error.code, "risky", str(error), "run `footfall migrate` while all cells answer")
    except psycopg.errors.UndefinedTable:
        pass  # its schema is of before cells, which is told by itself


def _of_places(cells: Cells) -> Iterator[Advice]:
    """Who is in two cells: no tenant may be."""
    cells.refresh()
    for error in cells.doubled.values():
        yield Advice(error.code, "wrong", str(error), "`footfall tenant delete … --cell …`: docs/operate/cells.md")


def _of_settings(settings: Settings) -> Iterator[Advice]:
    if not settings.public_url:
        yield Advice("no_public_url", "risky", "nobody knows where people reach the server", "set FOOTFALL_PUBLIC_URL")
    elif settings.public_url.startswith("http://"):
        yield Advice(
            "no_https",
            "wrong",
            "people reach the server without TLS: passwords go in the clear",
            "put it behind a proxy with TLS",
        )
    if settings.public_url and not settings.client_address_header:
        yield Advice(
            "no_client_address",
            "wrong",
            "behind a proxy all visitors have the proxy's address, and are one visitor",
            "set FOOTFALL_CLIENT_ADDRESS_HEADER, such as X-Forwarded-For, if there is a proxy",
        )
    if not settings.metrics_token:
        yield Advice("no_metrics", "risky", "nobody can watch it", "set FOOTFALL_METRICS_TOKEN, and have Prometheus ask /metrics")


def _of_server(owner: Connection, *, is_own: bool) -> Iterator[Advice]:
    if is_own:
        yield from _of_own_server(owner)
    here, there = time.time(), _value(owner, "SELECT extract(epoch FROM clock_timestamp())::double precision")
    if abs(here - there) > _CLOCK_SECONDS:
        yield Advice(
            "clock", "wrong", f"the clocks of this machine and of the store differ by {here - there:+.0f} s", "run NTP on both"
        )
    for setting, bad, level, about in _SETTINGS:
        if _value(owner, "SELECT current_setting(%s)", setting) == bad:
            yield Advice(f"{setting}_{bad}", level, f"{setting} is {bad}: {about}", f"change {setting} of PostgreSQL")
    if _value(
        owner, "SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) FROM pg_stat_archiver"
    ):
        yield Advice(
            "archive_fails", "wrong", "PostgreSQL cannot archive its log, which grows in the store", "look at the store's log"
        )


def _of_own_server(owner: Connection) -> Iterator[Advice]:
    """What only an operator's server can have."""
    if _value(owner, "SELECT rolsuper FROM pg_roles WHERE rolname = session_user"):
        yield Advice(
            "superuser",
            "wrong",
            "DATABASE_URL names a superuser: whoever gets it has the whole server",
            "give the database an owner of its own, and migrate as that: docs/operate/deploy.md",
        )
    host = str(conninfo_to_dict(owner.info.dsn).get("host") or "")
    if host and not host.startswith("/") and host not in ("localhost", "127.0.0.1", "::1") and not owner.pgconn.ssl_in_use:
        yield Advice(
            "no_tls", "wrong", f"the way to the store at {host} is not encrypted", "add ?sslmode=verify-full to DATABASE_URL"
        )
    if not _value(owner, "SELECT bool_and(rolcanlogin) FROM pg_roles WHERE rolname LIKE util.role_prefix() || '_worker'"):
        yield Advice(
            "roles_without_login",
            "risky",
            "processes log in as the schema's owner, who may do more than they need",
            "give the roles LOGIN and a password: docs/security.md",
        )


def _of_store(owner: Connection) -> Iterator[Advice]:
    try:
        schema.require_usable(owner)
    except FootfallError as error:
        yield Advice(error.code, "wrong", str(error), "run `footfall migrate`")
        return
    yield from _counted(owner)
    if not _value(owner, "SELECT EXISTS (SELECT FROM ref.retention)"):
        yield Advice(
            "retention_off", "risky", "what was sent is kept for ever", "decide for how long: `footfall retention set raw 400`"
        )
    age = _value(owner, "SELECT extract(day FROM now() - min(applied_at))::integer FROM util.migration")
    backed_up = "SELECT EXISTS (SELECT FROM util.backup WHERE taken_at > now() - make_interval(days => %s))"
    if not _value(owner, backed_up, _BACKUP_DAYS):
        hint = "run `footfall backup` every night: docs/operate/backup.md"
        if age >= _BACKUP_DAYS:
            yield Advice("no_backup", "wrong", f"there was no backup for {_BACKUP_DAYS} days", hint)
        else:
            yield Advice("no_backup", "risky", "there is no backup yet", hint)
    checked = "SELECT coalesce(min(checked_at) > now() - make_interval(days => %s), false) FROM util.check_result"
    if age >= _NIGHTS and not _value(owner, checked, _NIGHTS):
        yield Advice(
            "not_checked",
            "risky",
            f"the stored data were not checked for {_NIGHTS} nights",
            "is a worker running all night?",
        )


def _counted(owner: Connection) -> Iterator[Advice]:
    """Things of which there should be none."""
    for code, question, message, hint in (
        (
            "no_worker",
            "SELECT (NOT EXISTS (SELECT FROM util.worker WHERE seen_at > clock_timestamp() - interval '30 seconds'))::integer",
            "no worker runs: what comes in is not loaded",
            "start `footfall worker`",
        ),
        (
            "batches_set_aside",
            "SELECT count(*) FROM raw.ingest_batch WHERE processing_status = 'ERROR'",
            "{} batches were set aside",
            "`footfall check --only raw.failed` names them",
        ),
        (
            "secrets_overdue",
            "SELECT count(*) FROM auth.visitor_secret WHERE created_at < clock_timestamp() - interval '48 hours'",
            "{} visitor secrets are older than 48 hours",
            "is a worker running?",
        ),
        (
            "checks_failed",
            "SELECT count(*) FROM util.check_result WHERE violations > 0",
            "{} checks failed",
            "run `footfall check`",
        ),
        (
            "erased_in_archive",
            "SELECT count(*) FROM archive.file f WHERE f.state <> 'writing' AND archive.holds_erased(f)",
            "{} files of the archive hold what was erased",
            "run `footfall archive run`; is FOOTFALL_ARCHIVE set, and a worker running?",
        ),
        (
            "access_open",
            "SELECT count(*) FROM util.unsecured_tables()",
            "{} tables are open to other tenants",
            "run `footfall migrate`",
        ),
    ):
        if count := _value(owner, question):
            yield Advice(code, "wrong", message.format(count), hint)


def _of_disk(settings: Settings) -> Iterator[Advice]:
    room = room_of(settings.data)
    if room and room.free < max(room.size * _LOW_SHARE, min(_LEAST_ROOM, room.size / 2)):
        yield Advice(
            "disk_low", "wrong", f"the store's disk has {room.free >> 30} of {room.size >> 30} GB left", "make room for it"
        )


def _value(connection: Connection, question: str, *parameters: object) -> Any:
    row = connection.execute(f"/* operations.doctor */ {question}", parameters).fetchone()
    return row[0] if row else None
