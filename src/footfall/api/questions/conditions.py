"""Conditions: which events a question is about. A tree, and the filter language that people write it in.

`;` is and, `,` is or and binds closer:

    source==google;page=~/blog,page==/

Operators: == is, != is not, =~ contains (in any case), !~ contains not; `|` between values means any of them. A value that is
empty stands for "unknown". A backslash takes the meaning from ; , | and itself. A page is written host/path, or /path on any
host; an item type:id, or id; goal==<name> stands for that goal's filter. `visit:` before a condition chooses all events of the
visits in which some event meets it, `visitor:` those of such visitors, and a `!` before that those of all others:

    visit:page==/cart;!visit:event_action==complete
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from footfall.api.questions.declared import Dimension, declared
from footfall.api.refused import refuse

DIMENSIONS = declared("footfall.api.questions.dimensions", Dimension)

_PROPERTY = "property:"
_LONGEST_NAME = 200
_LONGEST_FILTER = 2000
_DEEPEST = 10
_TERM = re.compile(r"\s*(!?)(?:(visit|visitor):)?(property:[^=!~]+|[a-z_]+)(==|!=|=~|!~)(.*)", re.DOTALL)
_SYNTAX = "dimension==value, != , =~ or !~; joined by ; (and) or , (or)"
# what a backslash protects becomes a control character, so that all else can be split plainly
_PROTECTED = {"\\\\": "\x01", "\\;": "\x02", "\\,": "\x03", "\\|": "\x04"}
_RESTORED = str.maketrans({"\x01": "\\", "\x02": ";", "\x03": ",", "\x04": "|"})
_CONTROL = re.compile("[\x01-\x06]")


@dataclass(frozen=True, slots=True)
class Hole:
    """Where a value was: it is bound as a parameter of this name, and never seen by whoever writes SQL."""

    name: str


Values = tuple[str | bytes, ...] | Hole


@dataclass(frozen=True, slots=True)
class By:
    """A dimension as a question names it; `key` is that of property:<key>."""

    dimension: Dimension
    key: str | Hole | None = None

    @property
    def name(self) -> str:
        """As the question writes it."""
        return self.dimension.name if self.key is None else f"{_PROPERTY}{self.key}"


@dataclass(frozen=True, slots=True)
class Has:
    """The dimension's value is (contains) one of these; or also: is not known."""

    by: By
    how: Literal["is", "contains"]
    values: Values
    or_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """The dimension's value is not known."""

    by: By


@dataclass(frozen=True, slots=True)
class Not:
    """The condition is not met."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Every:
    """All are met; none at all: any event will do."""

    conditions: "tuple[Condition, ...]" = ()


@dataclass(frozen=True, slots=True)
class Some:
    """One is met at least."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Did:
    """The event's visit (visitor) has some event in the range that meets the condition."""

    who: Literal["visit", "visitor"]
    condition: "Condition"


Leaf = Has | Unknown
Condition = Leaf | Not | Every | Some | Did
ANY = Every()

# Keys of custom_properties are dimensions, too: as many as tenants make up.
PROPERTY = Dimension("property", "Property", "d.custom_properties ->> :key", is_rolled=False, is_of_rows=False)


def parse_by(name: str | None, field: str) -> By:
    """The dimension that a name stands for. Refuses ``dimension_unknown``."""
    if name in DIMENSIONS:
        return By(DIMENSIONS[name])
    if name and name.startswith(_PROPERTY) and len(_PROPERTY) < len(name) <= _LONGEST_NAME:
        return By(PROPERTY, name.removeprefix(_PROPERTY))
    return refuse("dimension_unknown", field, f"{', '.join(DIMENSIONS)}, property:<key>{_meant(name or '', DIMENSIONS)}")


def parse_filter(text: str | None, goals: Mapping[str, str], field: str) -> Condition:
    """What a filter says; `goals` are the tenant's filters, by name.

    Refuses ``filter_invalid``, ``dimension_unknown``, ``goal_unknown``.
    """
    if not text:
        return ANY
    if len(text) > _LONGEST_FILTER:
        refuse("filter_invalid", field, f"at most {_LONGEST_FILTER} characters")
    if _CONTROL.search(text):
        refuse("filter_invalid", field, "no control characters")
    for written, code in _PROTECTED.items():
        text = text.replace(written, code)
    return Every(tuple(_alternatives(part, goals, field) for part in text.split(";")))


def parse_condition(asked: object, goals: Mapping[str, str], field: str, depth: int = 0) -> Condition:
    """What a condition in JSON says: a filter; or {"and": […]}, {"or": […]}, {"not": …}, {"visit": …}, {"visitor": …} of such.

    Refuses ``filter_invalid``, and what `parse_filter` refuses.
    """
    if depth > _DEEPEST:
        refuse("filter_invalid", field, f"at most {_DEEPEST} conditions within each other")

    def inner(one: object) -> Condition:
        return parse_condition(one, goals, field, depth + 1)

    if isinstance(asked, str):
        return parse_filter(asked, goals, field)
    match list(asked.items()) if isinstance(asked, dict) else []:
        case [("and", list(several))]:
            said: Condition = Every(tuple(map(inner, several)))
        case [("or", list(several))] if several:
            said = Some(tuple(map(inner, several)))
        case [("not", one)]:
            said = Not(inner(one))
        case [("visit" | "visitor" as who, one)]:
            said = Did(who, inner(one))
        case _:
            refuse("filter_invalid", field, f"{_SYNTAX}; in JSON: and, or, not, visit, visitor")
    return said


def _alternatives(text: str, goals: Mapping[str, str], field: str) -> Condition:
    if not text:
        refuse("filter_invalid", field, "a condition on each side of ; and ,")
    return Some(tuple(_term(term, goals, field) for term in text.split(",")))


def _term(text: str, goals: Mapping[str, str], field: str) -> Condition:
    match = _TERM.fullmatch(text)
    if match is None or (match[1] and not match[2]):
        refuse("filter_invalid", field, _SYNTAX)
    negation, who, name, operator, written = match.groups()
    values = [value.translate(_RESTORED) for value in written.split("|")]
    condition = _goal(values[0], operator, goals, field) if name == "goal" else _leaf(parse_by(name, field), operator, values)
    if who:
        condition = Did("visit" if who == "visit" else "visitor", condition)
    return Not(condition) if negation else condition


def _leaf(by: By, operator: str, values: list[str]) -> Condition:
    known = tuple(value for value in values if value)
    how: Literal["is", "contains"] = "is" if operator[1] == "=" else "contains"
    leaf: Condition = Has(by, how, known, or_unknown="" in values) if known else Unknown(by)
    if how == "is" and by.dimension.formerly:
        leaf = _with_former_values(by, known, or_unknown="" in values)
    return Not(leaf) if operator[0] == "!" else leaf


def _with_former_values(by: By, values: tuple[str, ...], *, or_unknown: bool) -> Condition:
    """What filters of the time before mean: a value that the dimension had then is one of the dimension that has it now."""
    assert by.dimension.formerly  # noqa: S101
    name, former = by.dimension.formerly
    then = tuple(value for value in values if value in former)
    now = tuple(value for value in values if value not in former)
    parts: list[Condition] = [Has(By(DIMENSIONS[name]), "is", then, or_unknown)] if then else []
    if now or not then:
        parts.append(Has(by, "is", now, or_unknown) if now else Unknown(by))
    return parts[0] if len(parts) == 1 else Some(tuple(parts))


def _goal(name: str, operator: str, goals: Mapping[str, str], field: str) -> Condition:
    if operator != "==" or name not in goals:
        refuse("goal_unknown", field, ", ".join(sorted(goals)))
    return parse_filter(goals[name], {}, field)


def _meant(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def leaves(condition: Condition) -> Iterator[Leaf | Did]:
    """What a condition looks at, in the order in which it is written."""
    match condition:
        case Not(inner):
            yield from leaves(inner)
        case Every(several) | Some(several):
            for one in several:
                yield from leaves(one)
        case _:
            yield condition


def leaves_of(condition: Condition) -> Iterator[Leaf]:
    """The same with what is in `Did`."""
    for leaf in leaves(condition):
        if isinstance(leaf, Did):
            yield from leaves_of(leaf.condition)
        else:
            yield leaf


def is_of_visits(condition: Condition) -> bool:
    """Whether it looks at properties of visits alone."""
    return all(not isinstance(leaf, Did) and leaf.by.dimension.grain == "visit" for leaf in leaves(condition))


def requires(condition: Condition, by: By) -> bool:
    """Whether it holds only for what has a value of this."""
    match condition:
        case Has(about, _, _, or_unknown):
            return about == by and not or_unknown
        case Every(several):
            return any(requires(one, by) for one in several)
        case Some(several):
            return bool(several) and all(requires(one, by) for one in several)
        case _:
            return False


def transform(condition: Condition, change: Callable[[Leaf], Condition]) -> Condition:
    """The same tree with its leaves changed."""
    match condition:
        case Not(inner):
            return Not(transform(inner, change))
        case Every(several):
            return Every(tuple(transform(one, change) for one in several))
        case Some(several):
            return Some(tuple(transform(one, change) for one in several))
        case Did(who, inner):
            return Did(who, transform(inner, change))
        case _:
            return change(condition)
