"""The commands by their names, each loaded when it is named: nobody waits for what another command imports."""

import keyword
from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

# In the order in which the help lists them. A command is in the file of its name and has its name there: a Typer of several or
# the function of one.
_NAMES = (
    "up",
    "demo",
    "tenant",
    "site",
    "key",
    "retention",
    "goal",
    "rules",
    "event-type",
    "user",
    "operator",
    "audit",
    "person",
    "report",
    "export",
    "import",
    "check",
    "doctor",
    "backup",
    "restore",
    "upgrade-store",
    "archive",
    "digest",
    "rebuild",
    "rebuild-marts",
    "records",
    "migrate",
    "worker",
    "serve",
    "database-url",
    "psql",
)
_PROCESSES = ("up", "demo", "worker", "serve")  # whose help ends with all settings


class Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Loaded()


class _Loaded(MutableMapping[str, Any]):
    """Commands by name."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            if name not in _NAMES:
                raise KeyError(name)
            self._loaded[name] = _load(name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


def _load(name: str) -> Any:
    place = name.replace("-", "_") + ("_" if keyword.iskeyword(name) else "")
    found = getattr(import_module(f"footfall.cli.{place}"), place)
    if isinstance(found, typer.Typer):
        command: Any = get_group(found)
    else:
        one = typer.Typer(add_completion=False, rich_markup_mode="rich")
        one.command(epilog=_settings() if name in _PROCESSES else None)(found)
        command = get_command(one)
    command.name = name
    return command


def _settings() -> str:
    from footfall.settings import Settings  # noqa: PLC0415  few ask for it

    # paragraphs, as lines would be filled up
    return "\n\n".join(["Settings, as environment variables:", *Settings.told()])
