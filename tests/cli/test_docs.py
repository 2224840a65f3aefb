"""What README and docs name exists: files, commands, settings."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from footfall.cli import app
from footfall.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Path) -> None:
    unknown = []
    for line in re.findall(r"(?:^|[\s`(])footfall ([a-z][^\n`|)#]*)", page.read_text(), re.MULTILINE):
        command, words = get_command(app), line.split()
        while words and hasattr(command, "commands"):
            if words[0] not in command.commands:
                break
            command = command.commands[words.pop(0)]
        known = {name for parameter in getattr(command, "params", []) for name in parameter.opts + parameter.secondary_opts}
        options = {word for word in words[: words.index("--") if "--" in words else None] if word.startswith("--")}
        if hasattr(command, "commands") or options - known - {"--help"}:
            unknown.append(line)
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_and_make_targets_exist(page: Path) -> None:
    variables = {field.metadata["variable"] for field in Settings.__dataclass_fields__.values()}
    named = set(re.findall(r"FOOTFALL_[A-Z_]+", page.read_text())) - {"FOOTFALL_SOAK_SECONDS"}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named - variables == set()
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)) - targets == set()
