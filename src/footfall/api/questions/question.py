"""A question: what is asked, as a small tree. Without its values it is a shape, by which statements are kept."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from footfall.api.questions.conditions import ANY, By, Condition, Has, Hole, Leaf, Unknown, transform
from footfall.api.questions.declared import Measure
from footfall.api.questions.formulas import AskedMetric

Interval = Literal["minute", "hour", "day", "week", "month"]
Comparison = Literal["previous_period", "previous_year", "custom", "none"]
Aligned = Literal["date", "weekday"]
WeekStart = Literal["monday", "sunday", "saturday"]
# as date.weekday() counts them
FIRST_WEEKDAYS: dict[WeekStart, int] = {"monday": 0, "sunday": 6, "saturday": 5}
# whose events can be asked for
Figure = Literal[
    "events",
    "page_views",
    "visits",
    "visitors",
    "conversions",
    "revenue",
    "refunds",
    "views_without_visit",
    "funnel",
    "retention",
    "paths",
]


@dataclass(frozen=True, slots=True)
class Range:
    """Days of the tenant's time zone, both included, and the moments from which and until which they last."""

    first: date
    last: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class After:
    """The last row of the page before: its key, and the moment that rows are sorted by before that, where they are."""

    key: bytes
    moment: datetime | None


@dataclass(frozen=True, slots=True)
class GoalAsked:
    """A goal: what reaches it, and what that is worth; None: what the event says."""

    goal: str | Hole
    text: str | Hole
    condition: Condition
    has_value: bool
    value: Any
    is_in_currency: bool  # whether that value is in the tenant's currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a report is asked, complete. What only some reports are asked has a default that others never see."""

    report: str
    range: Range | None
    as_of: datetime | Hole | None = None
    is_of_hours: bool = False  # the last hours, instead of days
    is_in_columns: bool = False  # files have enough of its range, see engines.columns
    where: Condition = ANY
    bots: bool = False
    interval: Interval | None = None
    week_start: WeekStart = "monday"
    metrics: tuple[AskedMetric, ...] = ()
    by: By | None = None
    across: By | None = None  # each of those values by another dimension, too
    unknown: bool = False  # about what has no value of the dimension
    sort: str = ""
    search: str | Hole = ""
    limit: int = 0
    cursor: int = 0  # rows that were shown before
    after: After | Hole | None = None  # the last of these; None: so many are skipped
    compare: tuple[Comparison, ...] = ()
    aligned: Aligned = "date"  # how comparisons find a day's counterpart: date, weekday
    compared_range: Range | None = None  # of the comparison `custom`
    is_cut: bool = False  # the range ends at a moment of its last day
    steps: tuple[Condition, ...] = ()
    step_texts: tuple[str | Hole, ...] = ()
    order: Literal["loose", "strict"] = "loose"
    window: int = 0  # minutes
    per: Literal["visit", "visitor"] = "visit"
    start: Condition = ANY
    direction: Literal["next", "previous"] = "next"
    of: Literal["pages", "events"] = "pages"
    depth: int = 0
    top: int = 0  # so many things of each level of paths have names
    key: bytes | None = None  # of a session or a visitor
    figure: str = ""
    step: int = 0
    dropped: bool = False
    value: str = ""
    cohort: date | None = None
    period: int = 0
    level: int = 0
    source: str = ""
    target: str = ""
    goals: tuple[GoalAsked, ...] = ()
    conversion_acts: tuple[Any, ...] = ()  # which (event type, event action) can be conversions

    @property
    def dimensions(self) -> tuple[By, ...]:
        """What it is broken down by."""
        return tuple(one for one in (self.by, self.across) if one)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All that it says of events."""
        return (self.where, self.start, *self.steps, *(goal.condition for goal in self.goals))

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What the metrics are made of, each once."""
        return tuple(dict.fromkeys(measure for metric in self.metrics for measure in metric.measures))


# Values that change no statement: each is bound as the parameter of its name.
_VALUES: dict[str, Any] = {
    "limit": 0,
    "cursor": 0,
    "window": 0,
    "depth": 0,
    "top": 0,
    "period": 0,
    "level": 0,
    "key": None,
    "value": "",
    "cohort": None,
    "source": "",
    "target": "",
}


def shape_of(question: Question) -> tuple[Question, dict[str, Any]]:
    """The question without its values, and the values by the names of their parameters."""
    values: dict[str, Any] = {}

    def hole(value: Any) -> Hole:
        name = f"v{len(values)}"
        values[name] = list(value) if isinstance(value, tuple) else value
        return Hole(name)

    def by(one: By) -> By:
        return one if one.key is None else By(one.dimension, hole(one.key))

    def leaf(one: Leaf) -> Condition:
        return Unknown(by(one.by)) if isinstance(one, Unknown) else Has(by(one.by), one.how, hole(one.values), one.or_unknown)

    shape = replace(
        question,
        range=None,
        compared_range=None,
        where=transform(question.where, leaf),
        by=by(question.by) if question.by else None,
        across=by(question.across) if question.across else None,
        steps=tuple(transform(step, leaf) for step in question.steps),
        step_texts=tuple(hole(text) for text in question.step_texts),
        start=transform(question.start, leaf),
        goals=tuple(_without_values(goal, leaf, hole) for goal in question.goals),
        conversion_acts=tuple((hole(kind), hole(action)) for kind, action in question.conversion_acts),
        as_of=Hole("as_of") if question.as_of else None,
        after=Hole("after") if question.after else None,
        search=Hole("search") if question.search else "",
        **_VALUES,
    )
    values |= {name: getattr(question, name) for name in ("as_of", "search", *_VALUES)}
    values["skipped"] = 0 if question.after else question.cursor
    if isinstance(question.after, After):
        values |= {"after_key": question.after.key, "after_moment": question.after.moment}
    if question.range:
        asked = question.range
        values |= {"first_day": asked.first, "last_day": asked.last, "since": asked.since, "until": asked.until}
    return shape, values


def _without_values(goal: GoalAsked, leaf: Callable[[Leaf], Condition], hole: Callable[[Any], Hole]) -> GoalAsked:
    return replace(
        goal,
        goal=hole(goal.goal),
        text=hole(goal.text),
        condition=transform(goal.condition, leaf),
        value=hole(goal.value) if goal.has_value else None,
    )
