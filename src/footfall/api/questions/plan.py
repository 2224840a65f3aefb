"""Which source answers a question: the first in SOURCES whose every rule holds. The rules are a table that one can read."""

from collections.abc import Callable
from dataclasses import dataclass

from footfall.api.questions.conditions import Has, is_of_visits, leaves, leaves_of
from footfall.api.questions.declared import Kind
from footfall.api.questions.question import Question

Rule = tuple[str, Callable[[Question], bool]]


def _are_rolled_up(question: Question) -> bool:
    by = question.by.dimension if question.by else None
    if question.across or not all(measure.rolled for measure in question.measures):
        return False
    if by is None or by.grain == "visit":
        return by is None or by.is_rolled
    # the visitors of a day are distinct by what belongs to visits alone
    counts_visitors = any(measure.visitor for measure in question.measures)
    counts_begun = any(measure.of_begun for measure in question.measures)
    return by.is_rolled and not counts_visitors and (by.entered is not None or not counts_begun)


def _are_of_rows(question: Question) -> bool:
    looked_at = [*question.dimensions, *(leaf.by for condition in question.conditions for leaf in leaves_of(condition))]
    return all(by.dimension.is_of_rows for by in looked_at)


def _names_values(question: Question) -> bool:
    # what case a letter has depends on the store's locale; of pages and items PostgreSQL has said which keys are meant
    contained = [leaf for condition in question.conditions for leaf in leaves_of(condition) if isinstance(leaf, Has)]
    return all(leaf.how == "is" or leaf.by.dimension.kind is not Kind.TEXT for leaf in contained)


_NOW: Rule = ("asked as of now", lambda question: question.as_of is None)
_THEN: Rule = ("asked as of a load date", lambda question: question.as_of is not None)
_HUMANS: Rule = ("without bots", lambda question: not question.bots)
_BY_DAYS: Rule = ("of days", lambda question: not question.is_of_hours and question.interval not in ("minute", "hour"))
_WHOLE: Rule = ("of whole days", lambda question: not question.is_cut)
_UNFILTERED: Rule = ("without a filter", lambda question: next(leaves(question.where), None) is None)
_KNOWN: Rule = ("of values that are known", lambda question: not question.unknown)
_ROLLED: Rule = ("its measures are rolled up by its dimension", _are_rolled_up)
_BY_VISITS: Rule = (
    "by properties of visits, or by none",
    lambda question: all(by.dimension.grain == "visit" for by in question.dimensions),
)
_OF_VISITS: Rule = ("filtered by properties of visits, or not at all", lambda question: is_of_visits(question.where))
# measures of conversions are taken from PostgreSQL, whatever counts the others
_OF_ROWS: Rule = ("by what rows of events and visits say by themselves", _are_of_rows)
_OF_VALUES: Rule = ("of values as they are, not of parts of them", _names_values)
_UNMEASURED: Rule = (
    "without what is measured of views",
    lambda question: all(measure.rows in (None, "conversions") for measure in question.measures),
)
_IN_FILES: Rule = ("of months whose columns are in files", lambda question: question.is_in_columns)


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that can answer, and the rules under which they answer exactly.

    `is_of_visits`: the rows are parts of visits; `is_in_files`: of months that are over, in the columns of the archive.
    """

    name: str
    words: str
    rules: tuple[Rule, ...]
    is_of_visits: bool = False
    is_in_files: bool = False


_COLUMNS = (_BY_DAYS, _OF_ROWS, _OF_VALUES, _UNMEASURED, _IN_FILES)
ROLLUPS = Source("rollups", "figures of days", (_NOW, _HUMANS, _BY_DAYS, _UNFILTERED, _KNOWN, _ROLLED))
VISITS = Source("visits", "visits of days", (_NOW, _HUMANS, _BY_DAYS, _WHOLE, _BY_VISITS, _OF_VISITS), is_of_visits=True)
VISIT_COLUMNS = Source(
    "visit columns", "visits of months that are over, in files", (*VISITS.rules, *_COLUMNS), is_of_visits=True, is_in_files=True
)
EVENTS = Source("events", "events", (_NOW,))
COLUMNS = Source("columns", "events of months that are over, in files", (*EVENTS.rules, *_COLUMNS), is_in_files=True)
VAULT = Source("vault", "events as the vault knew them at a load date", (_THEN,))
# What can answer which questions, the cheapest first.
OF_EVENTS = (EVENTS, VAULT)
OF_VISITS = (VISITS, *OF_EVENTS)
OF_WAYS = (COLUMNS, *OF_EVENTS)
OF_COHORTS = (VISIT_COLUMNS, VISITS, *OF_WAYS)
OF_FIGURES = (ROLLUPS, *OF_COHORTS)


def plan(question: Question, sources: tuple[Source, ...] = OF_FIGURES) -> Source:
    """The cheapest of these sources that answers exactly."""
    return next(source for source in sources if _objection(source, question) is None)


def verdicts(question: Question, sources: tuple[Source, ...]) -> dict[str, str]:
    """Each of these sources, and why it was taken or not."""
    chosen = plan(question, sources)
    return {f"{source.name}: {source.words}": _verdict(source, chosen, question) for source in sources}


def objection(question: Question, source: Source) -> str:
    """What a question would have to be for this source to answer it exactly; empty: it does."""
    return _objection(source, question) or ""


def _verdict(source: Source, chosen: Source, question: Question) -> str:
    if source is chosen:
        return "taken"
    objection = _objection(source, question)
    return f"no: not {objection}" if objection else "would cost more"


def _objection(source: Source, question: Question) -> str | None:
    return next((words for words, holds in source.rules if not holds(question)), None)
