"""What can be asked, as data: dimensions, measures, metrics. Whoever adds one writes it into one file, and touches no other."""

import importlib
import pkgutil
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeVar

Grain = Literal["visit", "event"]
Unit = Literal["count", "percent", "seconds", "milliseconds", "money", "ratio"]
Rows = Literal["conversions", "views", "loads"]


class Kind(StrEnum):
    """What the values of a dimension are."""

    TEXT = "text"
    PAGE = "page"  # keys of site_page_h, written host/path, or /path on any host
    ITEM = "item"  # keys of business_item_h, written type:id, or id


@dataclass(frozen=True, slots=True)
class Dimension:
    """What answers are broken down and filtered by.

    Attributes:
        name: as questions write it.
        words: as people read it.
        value: SQL over e (event_b), v (visit_b), p (site_page_h), i (business_item_h), d (event details). What belongs to a visit
            stands alone of it, too: as v, with e for what an event inherits.
        grain: of visit: the same for all events of one.
        entered: the dimension by which visits that began are counted, where that is another one: pages are entered.
        is_rolled: whether the rollups of days have it.
        is_of_rows: whether rows of events and visits say it by themselves, without p, i, d, and without a time zone.
        formerly: the dimension whose values this one had before, and which: filters that name them mean that one.
    """

    name: str
    words: str
    value: str
    grain: Grain = "event"
    kind: Kind = Kind.TEXT
    entered: str | None = None
    is_rolled: bool = True
    is_of_rows: bool = True
    formerly: tuple[str, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """What is counted or added up. Each attribute is SQL, by the grain where the counting begins; from there on it is summed.

    Attributes:
        name: as formulas write it.
        event: over the chosen events e of a visit.
        day: the same over days v of a visit; what begins at events has both.
        visit: over the visits b of a visitor.
        visitor: over the visitors b of a group.
        taken: over rows o of `rows`, all those of a group at once.
        rows: what that is taken of: a statement of statements/figures.sql.
        rolled: over rows r of the rollups.
        facts: what has to be known of a visit for that, by the names of `FACTS` (statements/figures.py).
        of_begun: over closed visits that began in the range.
        is_quantile: nothing that could be summed, and not known where there are no rows.
    """

    name: str
    event: str | None = None
    day: str | None = None
    visit: str | None = None
    visitor: str | None = None
    taken: str | None = None
    rows: Rows | None = None
    rolled: str | None = None
    facts: tuple[str, ...] = ()
    of_begun: bool = False
    is_quantile: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """What a question asks for: a formula over measures, rounded to `places`.

    Attributes:
        name: as questions write it.
        words: as people read it.
        meaning: what it is, for people; `detail`: what else has to be known to count it again.
        formula: measures, numbers, + - * / and parentheses.
        many: a sentence with the number in its `{}`; `one`: the same of one, where that reads otherwise.
        unit: what the number is.
        places: decimals that are kept; none: as exact as its measures.
        is_better_lower: whether less is good.
        is_measured: whether it is not known (null) where nothing was measured; the others are 0 where there is nothing.
    """

    name: str
    words: str
    meaning: str
    formula: str
    many: str
    one: str | None = None
    detail: str = ""
    unit: Unit = "count"
    places: int | None = None
    is_better_lower: bool = False
    is_measured: bool = False


Declared = TypeVar("Declared", Dimension, Measure, Metric)


def declared(package: str, kind: type[Declared]) -> dict[str, Declared]:
    """All declarations of a kind in the modules of a package, by name, in the order of their modules' `ORDER` and lines."""
    root = importlib.import_module(package)
    modules: list[Any] = [importlib.import_module(f"{package}.{module.name}") for module in pkgutil.iter_modules(root.__path__)]
    found: dict[str, Declared] = {}
    for module in sorted(modules, key=lambda module: module.ORDER):
        for one in module.DECLARED:
            if isinstance(one, kind) and found.setdefault(one.name, one) is not one:
                raise ValueError(f"{one.name} is declared twice")
    return found
