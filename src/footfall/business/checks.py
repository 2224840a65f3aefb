"""The doctor: every claim about the stored data, from the vault's model and from the files in `checks/`."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from footfall.business.model import VAULT
from footfall.database import Connection
from footfall.vault.checks import Check, Scope, checks, scoped

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that is not clean: how many rows contradict it, and the first of them."""

    check: Check
    count: int
    rows: tuple[str, ...]


def all_checks() -> list[Check]:
    """Those of the layers, then those of the vault's tables."""
    return [*_checks_in_files(), *checks(VAULT)]


def run_check(connection: Connection, check: Check, scope: Scope = Scope()) -> Finding | None:  # noqa: B008  frozen
    """None when the claim holds for what is looked at."""
    parameters = {"tenant_hk": scope.tenant_hk, "since": scope.since}
    rows = [str(row[0]) for row in connection.execute(f"/* check {check.code} */\n{scoped(check.sql)}", parameters)]
    return Finding(check, len(rows), tuple(rows[:_SHOWN])) if rows else None


def _checks_in_files() -> Iterator[Check]:
    """A file is a check: its name is the code, its first two lines are the claim and the hint."""
    folder = resources.files("footfall.business") / "checks"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        claim, hint, sql = file.read_text().split("\n", maxsplit=2)
        yield Check(file.name.removesuffix(".sql"), claim.removeprefix("-- Claim: "), hint.removeprefix("-- Hint: "), sql)
