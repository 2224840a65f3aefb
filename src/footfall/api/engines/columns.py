"""Columns: which months of a question the archive's files have, and what is counted over those and the rows of all others.

Ledger, files and rows are of one snapshot, the question's: a part that the ledger calls fresh is what the tables have.
"""

import functools
import hashlib
import importlib.util
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from footfall.api.engines.written import BRIDGE, VISIT, Counting, Relation, counting
from footfall.api.questions.plan import Source, plan
from footfall.api.questions.question import Question, Range, shape_of
from footfall.api.statements.undivided import Count
from footfall.archive.copies import Copies, Files, Folder
from footfall.database import Connection
from footfall.vault.hashing import time_prefix

logger = logging.getLogger(__name__)

# of a tenant in the range: with 60,000 in one file both took as long, since DuckDB has to be asked, too
LEAST_ROWS = 100_000
# of the days, in files: to send a row from PostgreSQL costs 2.5 us, to count it there 1 to 2, and out of a file 0.6
_LEAST_SHARE = 0.75
_MOST_GROUPS = 200_000  # that are sent to PostgreSQL
_PARTS = """
/* api.engines.columns */
SELECT extract(epoch FROM current_setting('statement_timeout')::interval)::float8, p.layer, p.month, p.path, p.row_count, p.sha256
FROM (SELECT) AS one
LEFT JOIN LATERAL (
    SELECT 'bridge' AS layer, b.* FROM archive.live_parts(%(tenant)s, 'bridge', %(first)s, %(last)s) b
    UNION ALL
    SELECT 'visit', v.* FROM archive.live_parts(%(tenant)s, 'visit', %(first)s, %(last)s) v) AS p ON true
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What files have of a relation's range: their paths, and between which bounds nothing."""

    files: list[str]
    low: Any
    high: Any
    gaps: list[tuple[object, object]]


@dataclass(frozen=True, slots=True)
class Found:
    """How a question is counted: the statement, what files have, and for how many seconds at most."""

    counting: Counting
    held: Mapping[Relation, Held]
    seconds: float | None


@dataclass(frozen=True, slots=True)
class _Part:
    """The tenant's month in a file, as the ledger has it."""

    month: date
    path: str
    rows: int
    sha256: bytes


_files: Files | None = None


def read_archive(named: str, cache: str = "", most_bytes: int = 0) -> Copies | None:
    """Have the questions of this process read the archive that FOOTFALL_ARCHIVE names: its folder on this machine.

    Of files in an object store they read copies in the folder `cache`, which a process that lasts looks after: they are returned.
    Without such a folder PostgreSQL answers, and so it does without the extra ``archive``.
    """
    global _files  # noqa: PLW0603  it is one for a process, as the setting is
    _files = None
    if not named or not importlib.util.find_spec("duckdb"):
        return None
    if "://" not in named:
        _files = Folder(Path(named).absolute())
        return None
    _files = copies = Copies(named, Path(cache).absolute(), most_bytes) if cache else None
    return copies


def found(
    connection: Connection, tenant_hk: bytes, question: Question, count: Count | None, sources: tuple[Source, ...]
) -> Found | None:
    """How files answer this question; None: they do not, or would not be faster. Looks at the ledger only if they might."""
    if _files is None or count is None or question.range is None:
        return None
    would_be = replace(question, is_in_columns=True)
    if not plan(would_be, sources).is_in_files:
        return None
    shape, _ = shape_of(would_be)
    how = counting(count, shape)
    first, last = _days_around(question.range)
    asked = {"tenant": tenant_hk, "first": first.replace(day=1), "last": last.replace(day=1)}
    rows = connection.execute(_PARTS, asked).fetchall()
    parts: dict[str, list[_Part]] = {"bridge": [], "visit": []}
    for _, layer, month, path, row_count, sha256 in rows:
        if path is not None:
            parts[layer].append(_Part(month, path, row_count or 0, sha256))
    held = _taken(how, question.range, parts)
    proved = {part.path: part.sha256 for layer in parts.values() for part in layer}
    wanted = {path: proved[path] for one in held.values() for path in one.files}
    here = {path: file for path, sha256 in wanted.items() if (file := _files.present(path, sha256))}
    if wanted.keys() - here.keys():
        _files.want(wanted)
        held = _taken(how, question.range, {layer: [one for one in of if one.path in here] for layer, of in parts.items()})
    read = {here[path]: proved[path] for one in held.values() for path in one.files}
    if wrong := [file for file, sha256 in read.items() if not _is_as_written(file, sha256)]:
        for file in wrong:
            _files.discard(file)
        return None
    if not held:
        return None
    local = {relation: replace(one, files=[str(here[path]) for path in one.files]) for relation, one in held.items()}
    return Found(how, local, rows[0][0] or None)


def _taken(how: Counting, asked: Range, parts: Mapping[str, list[_Part]]) -> dict[Relation, Held]:
    """What is read of files when there are these parts, by their paths; nothing: PostgreSQL would be faster."""
    held = {}
    for relation in how.looked_at:
        one, row_count, share = _held(relation, asked, parts[relation.layer_name], is_joined=BRIDGE in how.looked_at)
        is_few = row_count < LEAST_ROWS and (relation is BRIDGE or BRIDGE not in how.looked_at)
        if not one.files or is_few or share < _LEAST_SHARE:
            return {}
        held[relation] = one
    return held


def _is_as_written(file: Path, sha256: bytes) -> bool:
    """Whether a file has the bytes that were proved: of most that are wrong DuckDB says nothing, and counts otherwise."""
    try:
        there = file.stat()
        if _has_bytes(file, there.st_size, there.st_mtime_ns, sha256):
            return True
    except FileNotFoundError:  # it has gone in this moment
        return False
    logger.warning("%s is not as it was written, PostgreSQL answers: `footfall archive verify`", file)
    return False


@functools.lru_cache(maxsize=10_000)
def _has_bytes(file: Path, _size: int, _changed: int, sha256: bytes) -> bool:
    """Read once a process, and again when it looks changed: a month of a large tenant takes a hundredth of a second."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").digest() == sha256


def counted(
    connection: Connection,
    tenant_hk: bytes,
    question: Question,
    count: Count | None,
    sources: tuple[Source, ...],
    values: Mapping[str, Any],
) -> str | None:
    """What files count of a question, as JSON; None: PostgreSQL has to count.

    `values` are those of its parameters. Raises psycopg.errors.QueryCanceled when it takes too long.
    """
    for _ in range(2):  # a file may go between ledger and reading: it is planned anew, once
        how = found(connection, tenant_hk, question, count, sources)
        if how is None:
            return None
        try:
            return _counted(connection, tenant_hk, how, values)
        except FileNotFoundError:
            continue
    return None


def _counted(connection: Connection, tenant_hk: bytes, how: Found, values: Mapping[str, Any]) -> str | None:
    import duckdb  # noqa: PLC0415  who has no archive does without

    from footfall.api.engines.locked import locked  # noqa: PLC0415
    from footfall.api.engines.streamed import stream  # noqa: PLC0415

    own: dict[str, Any] = {"held_tenant": tenant_hk}
    for relation, held in how.held.items():
        own |= relation.values(held.files, held.low, held.high)
    bound = [{**values, **own}[name] for name in how.counting.statement.parameters]
    files = sorted(file for held in how.held.values() for file in held.files)
    try:
        with locked(tenant_hk, files).asking(how.seconds) as cursor:
            for relation, held in how.held.items():
                stream(connection, cursor, relation, how.counting.looked_at[relation], tenant_hk, held.gaps)
            cursor.execute(how.counting.statement.text, bound)
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchmany(_MOST_GROUPS + 1)
    except duckdb.Error as error:
        if not all(Path(file).exists() for file in files):
            raise FileNotFoundError from error
        # a file that is none, or too little room: the tables say the same
        logger.warning("columns are not read, PostgreSQL answers: %s", error)
        return None
    if len(rows) > _MOST_GROUPS:
        return None
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=_as_text)


def _as_text(value: Any) -> Any:
    """A value that JSON has no word for, as PostgreSQL reads it."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat()


def _days_around(asked: Range) -> tuple[date, date]:
    """All days that an event of the range may have, whatever its tenant's time zone is, and was."""
    last = asked.until - timedelta(microseconds=1)
    day = timedelta(days=1)
    return (
        min(asked.first, asked.since.astimezone(UTC).date() - day),
        max(asked.last, last.astimezone(UTC).date() + day),
    )


def _held(relation: Relation, asked: Range, parts: list[_Part], *, is_joined: bool) -> tuple[Held, float, float]:
    """What files have of a range, about how many rows of it that are, and which share of its days."""
    from footfall.archive.layers import after  # noqa: PLC0415  as above

    if relation is VISIT:
        first, last = _days_around(asked) if is_joined else (asked.first, asked.last)
        low, high = _midnight(first), _midnight(last + timedelta(days=1))
    else:
        low, high = asked.since.astimezone(UTC), asked.until.astimezone(UTC)
    files: list[str] = []
    gaps: list[tuple[datetime, datetime]] = []
    rows, held_days = 0.0, 0.0
    month = low.date().replace(day=1)
    by_month: dict[date, list[_Part]] = {}
    for part in parts:
        by_month.setdefault(part.month, []).append(part)
    while _midnight(month) < high:
        begins, ends = max(low, _midnight(month)), min(high, _midnight(after(month)))
        if month in by_month:
            share = (ends - begins) / (_midnight(after(month)) - _midnight(month))
            files += [part.path for part in by_month[month]]
            rows += share * sum(part.rows for part in by_month[month])
            held_days += (ends - begins) / timedelta(days=1)
        elif gaps and gaps[-1][1] == begins:
            gaps[-1] = (gaps[-1][0], ends)
        else:
            gaps.append((begins, ends))
        month = after(month)
    bounds = _day if relation is VISIT else time_prefix
    whole = Held(sorted(files), bounds(low), bounds(high), [(bounds(begins), bounds(ends)) for begins, ends in gaps])
    return whole, rows, held_days / max((high - low) / timedelta(days=1), 1e-9)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _day(moment: datetime) -> date:
    return moment.date()
