"""DuckDB, locked: it reads the files that it was made for, and nothing else, within bounds of memory, disk and threads."""

import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    import duckdb

_KEPT = 8  # to open one costs 50 ms of CPU
_SETTINGS: dict[str, str | int | float | list[str]] = {
    "threads": 2,
    "memory_limit": "512MB",
    "max_temp_directory_size": "4GB",
    "preserve_insertion_order": False,
    "enable_external_file_cache": False,
    # as PostgreSQL sorts
    "default_null_order": "nulls_last_on_asc_first_on_desc",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}
# PostgreSQL's functions of ours that dimensions use; tests/api/test_columns.py compares them
_FUNCTIONS = (
    "CREATE SCHEMA business",
    """CREATE MACRO business.channel_of(channel, channel_group) AS coalesce(channel, CASE channel_group
        WHEN 'search' THEN 'Organic Search' WHEN 'social' THEN 'Organic Social' WHEN 'paid' THEN 'Paid Other' WHEN 'ai' THEN 'AI'
        ELSE upper(left(channel_group, 1)) || lower(substr(channel_group, 2)) END)""",
)


class Locked:
    """An instance of DuckDB that reads these files of one tenant. Cursors of it see nothing of each other's tables."""

    def __init__(self, files: tuple[str, ...]) -> None:
        import duckdb  # noqa: PLC0415  who has no archive does without

        room = tempfile.mkdtemp(prefix="footfall-columns-")
        weakref.finalize(self, shutil.rmtree, room, ignore_errors=True)
        self._database = duckdb.connect(config={**_SETTINGS, "temp_directory": room})
        for statement in _FUNCTIONS:
            self._database.execute(statement)
        # in this order: who may read nothing else may also name no more files
        self._database.execute("SET allowed_paths = $1", [list(files)])
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")

    @contextmanager
    def asking(self, seconds: float | None) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A cursor that is stopped after so long: psycopg.errors.QueryCanceled, as of any question that takes too long."""
        import duckdb  # noqa: PLC0415

        with self._database.cursor() as cursor:
            timer = threading.Timer(seconds, cursor.interrupt) if seconds else None
            if timer:
                timer.daemon = True
                timer.start()
            try:
                yield cursor
            except duckdb.InterruptException as error:
                raise psycopg.errors.QueryCanceled("canceled: it took too long to count columns") from error
            finally:
                if timer:
                    timer.cancel()


_kept: OrderedDict[Any, Locked] = OrderedDict()
_keeping = threading.Lock()


def locked(tenant_hk: bytes, files: list[str]) -> Locked:
    """An instance for a tenant's files; kept, since the next question is often about the same months."""
    key = (tenant_hk, tuple(files))
    with _keeping:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = Locked(tuple(files))
    with _keeping:
        _kept[key] = made
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return made
