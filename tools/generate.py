"""Writes what is generated and kept under review: the golden schema, and the generated parts of the docs. `make golden` runs it.

With --check nothing is written; the exit status tells whether everything is up to date.
"""

import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer.main

from footfall import schema
from footfall.business import VAULT, all_checks
from footfall.cli import app
from footfall.settings import Settings
from footfall.staging import CUTS, ERRORS, NOTES, Rule
from footfall.vault.diagram import mermaid

ROOT = Path(__file__).parents[1]


def generated() -> dict[Path, str]:
    """Every generated file or part, by the file it is in."""
    docs = ROOT / "docs"
    return {
        ROOT / "tests" / "golden" / "vault.sql": schema.rendered(),
        docs / "vault.md": _within(docs / "vault.md", {"diagram": f"```mermaid\n{mermaid(VAULT)}```", "tables": _tables()}),
        docs / "validation.md": _within(
            docs / "validation.md", {"errors": _rules(ERRORS), "notes": _rules(NOTES), "cuts": _cuts()}
        ),
        docs / "reference.md": _within(
            docs / "reference.md", {"commands": _commands(), "settings": _settings(), "checks": _checks()}
        ),
    }


def main() -> None:
    """Write, or check."""
    stale = [file for file, text in generated().items() if not file.exists() or file.read_text() != text]
    if "--check" in sys.argv:
        for file in stale:
            sys.stderr.write(f"{file.relative_to(ROOT)} is out of date: `make golden` writes it anew\n")
        sys.exit(bool(stale))
    for file in stale:
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


def _tables() -> str:
    lines = ["| table | what one row stands for |", "| --- | --- |"]
    lines += [f"| `{t.table}` | {t.comment.removeprefix('+ ')} |" for t in VAULT.tables]
    return "\n".join(lines)


def _rules(rules: tuple[Rule, ...]) -> str:
    return "\n".join(["| code | meaning |", "| --- | --- |", *(f"| `{rule.code}` | {rule.meaning} |" for rule in rules)])


def _cuts() -> str:
    return "\n".join(["| key | kept characters |", "| --- | --- |", *(f"| `{cut.key}` | {cut.length} |" for cut in CUTS)])


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
