"""What --help says: every setting by name with its default, and the attributes of the snippet as the guide has them."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from footfall.cli import app
from footfall.settings import Settings

GUIDE = Path(__file__).parents[2] / "docs/send/tracker.md"


def help_of(*command: str) -> str:
    return re.sub(r"\s+", " ", CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "400"}).output)


def leaves(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """The paths of all commands that do something."""
    if not (commands := getattr(command, "commands", None)):
        yield path
    for name in commands or ():
        yield from leaves(commands[name], *path, name)


def test_every_command_is_listed_and_has_help_with_an_example():
    all_of_them = list(leaves(get_command(app)))
    assert len(all_of_them) > 50
    for *group, leaf in all_of_them:
        assert f" {leaf} " in help_of(*group)
        assert re.search(r"Example: (footfall|DATABASE_URL|pgbench)", help_of(*group, leaf)), (*group, leaf)


def test_what_is_no_command_is_told_with_what_may_have_been_meant():
    said = CliRunner().invoke(app, ["rport"])
    assert said.exit_code == 2
    assert "No such command 'rport'. Did you mean 'report'" in said.output


@pytest.mark.parametrize("command", ["up", "serve", "worker"])
def test_what_runs_names_all_settings_with_their_defaults(command: str):
    said = help_of(command)
    for setting in fields(Settings):
        assert f"{setting.metadata['variable']}: {setting.metadata['help']}" in said
        assert f"Default: {setting.default}." in said or setting.default == ""


def test_options_name_the_setting_that_they_override():
    said = help_of("check")
    assert "(setting FOOTFALL_DATA; default: footfall-data)" in said
    assert "(setting DATABASE_URL)" in said


def test_a_key_comes_with_the_attributes_of_the_snippet():
    script = GUIDE.read_text().partition("\n| `data-ff-")[0]
    attributes = re.findall(r"^\| `(data-[a-z-]+)", script, re.MULTILINE)
    assert "data-key" in attributes
    assert re.findall(r"\b(data-[a-z-]+)(?:=\"[^\"]*\")?: ", help_of("key", "add")) == attributes
