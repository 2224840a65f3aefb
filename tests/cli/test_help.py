"""What --help says: every setting by name with its default, and the attributes of the snippet as the guide has them."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from footfall.cli import app
from footfall.settings import Settings

GUIDE = Path(__file__).parents[2] / "docs/send/tracker.md"


def help_of(*command: str) -> str:
    return re.sub(r"\s+", " ", CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "400"}).output)


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
