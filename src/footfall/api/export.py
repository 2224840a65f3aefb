"""Exports: a tenant's events, or the rows of a report, as CSV, JSON lines or Parquet; a piece at a time, however many."""

import contextlib
import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from footfall.api.asking import Report, ask
from footfall.api.reports import REPORTS
from footfall.database import Connection

Format = Literal["csv", "jsonl", "parquet"]
Row = dict[str, Any]
Kind = Literal["timestamp", "date", "integer", "boolean", "decimal", "number", "text"]
Columns = dict[str, Kind]  # by name, in their order
FORMATS: tuple[Format, ...] = ("csv", "jsonl", "parquet")

_PIECE = 5_000  # rows that are in memory at once
_PAGE = 1_000  # rows that are asked for at once
# Whoever has a write key says what a label is, and spreadsheets compute what begins like this, full-width signs included; some do
# so also after what they take for the end of a cell (OWASP, CSV injection).
_FORMULA = re.compile(r"(^|[;\n\r\t])(?=[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")
_KINDS: dict[str, Kind] = {
    "timestamptz": "timestamp",
    "date": "date",
    "int4": "integer",
    "int8": "integer",
    "bool": "boolean",
    "numeric": "decimal",
}


def count_events(connection: Connection, first: date, last: date) -> int:
    """How many events `events` gives."""
    row = connection.execute(
        "SELECT count(*) FROM business.event_b e WHERE e.day BETWEEN %s AND %s AND e.tenant_hk = util.current_tenant()",
        (first, last),
    ).fetchone()
    return int(row[0]) if row else 0


@contextlib.contextmanager
def events(connection: Connection, first: date, last: date) -> Iterator[tuple[Columns, Iterator[Row]]]:
    """The columns and rows of api.event_v for the days of a range, both included, keys in hex; `connection` is a reader's."""
    with connection.cursor("footfall_export") as cursor:
        cursor.itersize = _PIECE
        cursor.execute(
            "SELECT e.* FROM api.event_v e WHERE e.tenant_hk = util.current_tenant() AND e.day BETWEEN %s AND %s"
            " ORDER BY e.event_timestamp, e.event",
            (first, last),
        )
        named = cursor.description or []
        shown = [number for number, column in enumerate(named) if column.name != "tenant_hk"]
        columns = {named[number].name: _KINDS.get(named[number].type_display.split("(")[0], "text") for number in shown}
        yield columns, ({named[number].name: _readable(values[number]) for number in shown} for values in cursor)


def _readable(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def report_rows(connection: Connection, report: str, request: Row) -> list[Row]:
    """All rows of a report's answer, flat, in an order of columns that people read; no more than `limit`, where it is asked for.

    All pages are of one moment if `connection` is `database.reading`'s. Raises NotAccepted for what the report refuses.
    """
    asked = dict(request)
    is_whole = "limit" in REPORTS[report].keys and not asked.get("limit")
    if is_whole:
        asked["limit"] = _PAGE
    rows: list[Row] = []
    while True:
        data = ask(connection, REPORTS[report], asked)
        rows += _rows_of(REPORTS[report], data)
        asked["cursor"] = data.get("nextCursor")
        if not is_whole or asked["cursor"] is None:
            return rows


def _rows_of(report: Report, answer: Row) -> list[Row]:
    if not report.rows:
        metrics = {name: answer["metrics"][name] for name in answer["query"]["metrics"]}
        return [metrics | {f"revenue_{currency}": value for currency, value in answer["revenue_by_currency"].items()}]
    # JSON has no order of keys
    columns = (*report.columns, *answer["query"].get("metrics", ()))
    return [{name: row[name] for name in columns if name in row} | row for row in answer[report.rows]]


def columns_of(rows: list[Row]) -> Columns:
    """The columns of a report's rows, by what is in them."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _kind_of([row.get(name) for row in rows]) for name in names}


def write(
    path: Path,
    form: Format,
    columns: Columns,
    rows: Iterable[Row],
    advance: Callable[[int], None] = lambda _: None,
    *,
    has_bom: bool = False,
) -> None:
    """Write rows to a file, telling `advance` how many more have been written.

    `has_bom`: CSV begins with a byte order mark, by which Excel knows its encoding.
    """
    match form:
        case "csv":
            with path.open("w", newline="", encoding="utf-8-sig" if has_bom else "utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(columns)
                for piece in _pieces(rows):
                    writer.writerows([_text(row.get(name)) for name in columns] for row in piece)
                    advance(len(piece))
        case "jsonl":
            with path.open("w") as file:
                for piece in _pieces(rows):
                    file.writelines(json.dumps(row, default=_json, ensure_ascii=False) + "\n" for row in piece)
                    advance(len(piece))
        case "parquet":
            from footfall.api.parquet import writing  # noqa: PLC0415  who writes none does without Arrow

            with writing(path, columns) as write_piece:
                for piece in _pieces(rows):
                    write_piece([{name: _value(row.get(name), kind) for name, kind in columns.items()} for row in piece])
                    advance(len(piece))


def _pieces(rows: Iterable[Row]) -> Iterator[list[Row]]:
    piece: list[Row] = []
    for row in rows:
        piece.append(row)
        if len(piece) == _PIECE:
            yield piece
            piece = []
    if piece:
        yield piece


def _kind_of(values: list[Any]) -> Kind:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool} and kinds:
        return "boolean"
    if kinds <= {int} and kinds:
        return "integer"
    if kinds <= {int, float} and kinds:
        return "number"
    return "text"


def _value(value: Any, kind: Kind) -> Any:
    """A value as its Parquet column holds it."""
    if value is None:
        return None
    if kind == "text":
        return value if isinstance(value, str) else json.dumps(value, default=_json, ensure_ascii=False)
    return float(value) if kind == "number" else value


def _text(value: Any) -> Any:
    """A value as CSV writes it."""
    if isinstance(value, dict | list):
        return json.dumps(value, default=_json, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _FORMULA.sub(r"\1'", value)
    return value.isoformat() if isinstance(value, datetime | date) else value


def _json(value: Any) -> Any:
    """A value that JSON has no word for."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
