"""Writes what is generated and kept under review: the golden schema, and the generated parts of the docs. `make golden` runs it.

With --check nothing is written; the exit status tells whether everything is up to date.
"""

import hashlib
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import typer.main
from golden_questions import golden_questions

from footfall import measures, schema
from footfall.api.questions.conditions import DIMENSIONS
from footfall.api.questions.declared import Unit
from footfall.api.questions.formulas import METRICS
from footfall.business import VAULT, all_checks
from footfall.cli import app
from footfall.database import migrations
from footfall.governance import ACTIONS
from footfall.operations.metrics import described
from footfall.settings import Settings
from footfall.staging import CUTS, ERRORS, NOTES, Rule
from footfall.vault.diagram import mermaid

ROOT = Path(__file__).parents[1]


def generated() -> dict[Path, str]:
    """Every generated file or part, by the file it is in."""
    docs = ROOT / "docs"
    vault, validation, reference = docs / "understand/vault.md", docs / "send/validation.md", docs / "operate/reference.md"
    reports = docs / "ask/reports.md"
    return {
        ROOT / "tests" / "golden" / "vault.sql": schema.rendered(),
        ROOT / "tests" / "golden" / "migrations.txt": _sealed(ROOT / "tests" / "golden" / "migrations.txt"),
        **{ROOT / "tests" / "golden" / "questions" / name: text for name, text in golden_questions().items()},
        vault: _within(vault, {"diagram": f"```mermaid\n{mermaid(VAULT)}```", "tables": _tables()}),
        validation: _within(validation, {"errors": _rules(ERRORS), "notes": _rules(NOTES), "cuts": _cuts()}),
        reports: _within(reports, {"metrics": _metrics(), "dimensions": _dimensions()}),
        ROOT / "dashboard/src/declared.ts": _declared_for_the_dashboard(),
        ROOT / "dashboard/src/actions.ts": _actions_for_the_dashboard(),
        docs / "operate/seeing.md": _within(docs / "operate/seeing.md", {"measures": _measures()}),
        reference: _within(reference, {"commands": _commands(), "settings": _settings(), "checks": _checks()}),
        docs / "operate/audit.md": _within(docs / "operate/audit.md", {"actions": _actions()}),
    }


def main() -> None:
    """Write, or check."""
    stale = [file for file, text in generated().items() if not file.exists() or file.read_text() != text]
    if "--check" in sys.argv:
        for file in stale:
            sys.stderr.write(f"{file.relative_to(ROOT)} is out of date: `make golden` writes it anew\n")
        sys.exit(bool(stale))
    for file in stale:
        file.parent.mkdir(exist_ok=True)
        file.write_text(generated()[file])
        sys.stdout.write(f"wrote {file.relative_to(ROOT)}\n")


def _within(file: Path, parts: dict[str, str]) -> str:
    """The file's text with its generated parts, which stand between comments, replaced."""
    text = file.read_text()
    for name, part in parts.items():
        before, begin, rest = text.partition(f"<!-- generated: {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not begin or not end:
            raise ValueError(f"{file} has no part `{name}`")
        text = f"{before}{begin}{part}\n{end}{after}"
    return text


def _sealed(file: Path) -> str:
    """A checksum for each migration, as sha256sum writes them. One that has its line keeps it: it may have run somewhere.

    While a new one is being written, its line is taken out by hand, and made again.
    """
    kept = {name: checksum for checksum, name in (line.split() for line in file.read_text().splitlines())}
    checksums = {f"{name}.sql": hashlib.sha256(text.encode()).hexdigest() for name, text in migrations()} | kept
    return "".join(f"{checksums[name]}  {name}\n" for name in sorted(checksums))


def _tables() -> str:
    lines = ["| table | what one row stands for |", "| --- | --- |"]
    lines += [f"| `{t.table}` | {t.comment.removeprefix('+ ')} |" for t in VAULT.tables]
    return "\n".join(lines)


def _rules(rules: tuple[Rule, ...]) -> str:
    return "\n".join(["| code | meaning |", "| --- | --- |", *(f"| `{rule.code}` | {rule.meaning} |" for rule in rules)])


def _cuts() -> str:
    return "\n".join(["| key | kept characters |", "| --- | --- |", *(f"| `{cut.key}` | {cut.length} |" for cut in CUTS)])


def _metrics() -> str:
    lines = ["| metric | is | as a formula |", "| --- | --- | --- |"]
    for metric in METRICS.values():
        detail = f": {metric.detail}" if metric.detail else ""
        lines.append(f"| `{metric.name}` | {metric.meaning}{detail} | `{metric.formula}` |")
    return "\n".join(lines)


def _measures() -> str:
    """What `/metrics` tells, as Prometheus names it."""
    lines = ["| metric | kind | tells |", "| --- | --- | --- |"]
    for metric in (*described(), *measures.collector().collect()):
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        lines.append(f"| `{name}` | {metric.type} | {metric.documentation} |")
    return "\n".join(lines)


def _actions() -> str:
    return "\n".join(["| action | means |", "| --- | --- |", *(f"| `{a.name}` | {a.meaning} |" for a in ACTIONS)])


def _dimensions() -> str:
    lines = ["| dimension | is | of |", "| --- | --- | --- |"]
    lines += [f"| `{d.name}` | {d.words} | {d.grain}s |" for d in DIMENSIONS.values()]
    return "\n".join(lines)


def _declared_for_the_dashboard() -> str:
    """The metrics' and dimensions' words, for its menus and cards."""
    metrics = {
        metric.name: {
            "label": metric.words,
            "meaning": metric.meaning,
            "unit": metric.unit,
            "isBetterLower": metric.is_better_lower,
            "isMeasured": metric.is_measured,
            "one": metric.one or metric.many,
            "many": metric.many,
        }
        for metric in METRICS.values()
    }
    dimensions = {dimension.name: dimension.words for dimension in DIMENSIONS.values()}
    return f"""// Generated from api/questions by tools/generate.py: `make golden`.
type Unit = {" | ".join(json.dumps(unit) for unit in get_args(Unit))};

interface Declared {{
  label: string;
  meaning: string;
  unit: Unit;
  isBetterLower: boolean;
  isMeasured: boolean;
  one: string;
  many: string;
}}

export const DECLARED_METRICS: Record<string, Declared> = {json.dumps(metrics, indent=2)};

export const DECLARED_DIMENSIONS: Record<string, string> = {json.dumps(dimensions, indent=2)};
"""


def _actions_for_the_dashboard() -> str:
    actions = json.dumps({action.name: action.meaning for action in ACTIONS}, indent=2)
    return f"""// Generated from governance/actions.py by tools/generate.py: `make golden`.
export const ACTIONS: Record<string, string> = {actions};
"""


def _settings() -> str:
    lines = ["| variable | default | |", "| --- | --- | --- |"]
    lines += [
        f"| `{field.metadata['variable']}` | {f'`{field.default}`' if field.default != '' else ''} | {field.metadata['help']} |"
        for field in fields(Settings)
    ]
    return "\n".join(lines)


def _checks() -> str:
    lines = ["| check | what is true while it is clean |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| `{check.code}` | {check.claim} |" for check in all_checks())])


def _commands() -> str:
    """Each command's help, as its docstring says it."""
    lines = ["| command | |", "| --- | --- |"]
    for name, command in _leaves(typer.main.get_command(app), "footfall"):
        text, _, example = (command.help or "").partition("Example:")
        lines.append(f"| `{name}` | {' '.join(text.split())}<br>`{example.strip()}` |")
    return "\n".join(lines)


def _leaves(command: Any, name: str) -> list[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if not inner:
        return [(name, command)]
    return [leaf for child, sub in inner.items() for leaf in _leaves(sub, f"{name} {child}")]


if __name__ == "__main__":
    main()
