"""What README and docs name is there: pages and their parts, files, commands, settings; and what names the docs finds them."""

import re
import subprocess
from pathlib import Path

import pytest
from documentation import PAGES, README, ROOT, anchors, links, name_of
from typer.main import get_command

from footfall.cli import app
from footfall.settings import Settings

FROM_OUTSIDE = {"FOOTFALL_SOAK_SECONDS"}  # settings of the tests


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    astray = []
    for link in links(page):
        path, _, anchor = link.target.partition("#")
        target = (page.parent / path).resolve() if path else page
        if link.target.startswith(("http://", "https://", "mailto:")):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            astray.append(str(link))
    assert astray == []


def test_every_page_is_found_from_the_readme() -> None:
    found, todo = set(), [README]
    while todo:
        page = todo.pop()
        found.add(page)
        targets = {(page.parent / link.target.partition("#")[0]).resolve() for link in links(page)}
        todo += [target for target in targets if target in PAGES and target not in found]
    assert [name_of(page) for page in PAGES if page not in found] == []


def test_every_picture_is_in_a_page() -> None:
    shown = {(page.parent / link.target).resolve() for page in PAGES for link in links(page)}
    assert set((ROOT / "docs").rglob("*.png")) - shown == set()


def test_the_code_names_pages_that_exist() -> None:
    # migrations that have landed are sealed: their comments keep the names of their day
    files = ["git", "grep", "-hoE", r"docs/[a-z/-]+\.(md|png)", "--", ".", ":!src/footfall/database/migrations"]
    named = set(subprocess.run(files, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_their_options_exist(page: Path) -> None:
    unknown = []
    for line in re.findall(r"(?:^|[\s`(])footfall ([a-z][^\n`'|)#]*)", page.read_text(), re.MULTILINE):
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


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_settings_and_make_targets_exist(page: Path) -> None:
    variables = {field.metadata["variable"] for field in Settings.__dataclass_fields__.values()}
    named = {name.removesuffix("_FILE") for name in re.findall(r"FOOTFALL_[A-Z_]+", page.read_text())} - FROM_OUTSIDE
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named - variables == set()
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)) - targets == set()
