"""What commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from footfall.business import Finding

_WHOLE = 10_000  # columns: wider than any table

# as wide as the terminal; where there is none, as wide as it takes, so that a pipe gets whole cells
console = Console(highlight=False, width=None if sys.stdout.isatty() else _WHOLE)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, default=_text, indent=2, ensure_ascii=False))  # noqa: T201  this is where commands print


def print_rows(rows: Sequence[Mapping[str, Any]], empty: str) -> None:
    """Rows as a table; a sentence when there are none."""
    if not rows:
        console.print(empty)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console.print(table)


def print_findings(findings: Sequence[Finding]) -> None:
    """Which claims about the stored data do not hold, and the first rows that say so."""
    for finding in findings:
        console.print(f"[bold red]{finding.check.code}[/]: {finding.count:,} rows contradict that {finding.check.claim}")
        for row in finding.rows:
            console.print(f"    {row}", markup=False)
        console.print(f"  [dim]{finding.check.hint}[/]")


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case int():
            return f"{value:,}"
    return str(value)


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
