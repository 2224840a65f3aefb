"""The reports over the wire, as structs: what each is asked, with an example, and what it answers. OpenAPI is made from these."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from footfall.api import Metric
from footfall.web.wire import Freshness, Text

Figures = dict[str, float]
CountedFigure = Literal["events", "page_views", "visits", "visitors", "conversions", "revenue", "funnel", "retention", "paths"]
Cursor = Annotated[int | None, Meta(description="send it as `cursor` for the next rows; null: there are none")]


class Range(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Which events are chosen."""

    dateFrom: Annotated[str, Meta(description="first day in the tenant's time zone; default: 29 days before dateTo")] = ""  # noqa: N815
    dateTo: Annotated[str, Meta(description="last day; default: today")] = ""  # noqa: N815
    filter: Annotated[str, Meta(description="e.g. `channel==search,channel==ai;page=~/blog`", max_length=2000)] = ""
    includeBots: Annotated[bool, Meta(description="bots too")] = False  # noqa: N815
    asOf: Annotated[str, Meta(description="a load date (ISO 8601): what would have been said then")] = ""  # noqa: N815


class OverviewQuestion(Range):
    """All metrics of the range."""

    compare: list[Literal["previous_period", "previous_year", "none"]] = []


class TimeseriesQuestion(Range):
    """Metrics by buckets of time."""

    interval: Literal["minute", "hour", "day", "week", "month", ""] = ""
    metrics: list[Metric] = []


class BreakdownQuestion(Range, kw_only=True):
    """Metrics by the values of a dimension."""

    dimension: Annotated[str, Meta(description="source, page, country, property:<key>, …")]
    metrics: list[Metric] = []
    sort: Annotated[str, Meta(description="a metric that is asked for; `-` before it: descending")] = ""
    search: Annotated[str, Meta(description="only values that contain this")] = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 10
    cursor: Annotated[int, Meta(ge=0, le=100_000_000)] = 0


class FunnelQuestion(Range, kw_only=True):
    """A way of steps."""

    steps: Annotated[list[str], Meta(min_length=2, max_length=10, description="filters, in order")]
    order: Literal["loose", "strict"] = "loose"
    window: Annotated[int, Meta(ge=1, le=525_600, description="most minutes from the first step on")] = 43_200
    per: Literal["visit", "visitor"] = "visit"
    dimension: str = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 10


class RetentionQuestion(Range):
    """Cohorts."""

    interval: Literal["day", "week", "month", ""] = ""


class PathsQuestion(Range):
    """What came next, or before."""

    start: Annotated[str, Meta(description="a filter; default: the first of the visit", max_length=2000)] = ""
    direction: Literal["next", "previous"] = "next"
    of: Literal["pages", "events"] = "pages"
    depth: Annotated[int, Meta(ge=1, le=10)] = 3
    limit: Annotated[int, Meta(ge=1, le=1000)] = 10


class ListQuestion(Range):
    """Rows, in pages."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 10
    cursor: Annotated[int, Meta(ge=0, le=100_000_000)] = 0


class EventsQuestion(ListQuestion):
    """The events that a figure counts; of a funnel, of retention, of paths with what that report is asked, and which figure."""

    figure: Annotated[CountedFigure, Meta(description="which figure")] = "events"
    steps: Annotated[list[str], Meta(max_length=10, description="of a funnel: filters, in order")] = []
    order: Literal["loose", "strict", ""] = ""
    window: Annotated[int, Meta(ge=1, le=525_600)] | UnsetType = UNSET
    per: Literal["visit", "visitor", ""] = ""
    dimension: str = ""
    value: Annotated[str, Meta(description="of a funnel by a dimension: whose")] = ""
    step: Annotated[int, Meta(ge=1, le=10, description="of a funnel: who reached it")] | UnsetType = UNSET
    dropped: Annotated[bool, Meta(description="of a funnel: who reached the step before it, but not it")] | UnsetType = UNSET
    interval: Literal["day", "week", "month", ""] = ""
    cohort: Annotated[str, Meta(description="of retention: a day of the cohort's period")] = ""
    period: Annotated[int, Meta(ge=0, le=3660, description="of retention: how many periods later")] | UnsetType = UNSET
    start: Annotated[str, Meta(description="of paths: a filter", max_length=2000)] = ""
    direction: Literal["next", "previous", ""] = ""
    of: Literal["pages", "events", ""] = ""
    top: Annotated[int, Meta(ge=1, le=1000, description="of paths: that report's limit")] | UnsetType = UNSET
    level: Annotated[int, Meta(ge=0, le=9, description="of paths: a link's level, source and target")] | UnsetType = UNSET
    source: str = ""
    target: str = ""


class PropertiesQuestion(Range):
    """Keys of events' properties."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


class SessionQuestion(Range, kw_only=True):
    """One visit."""

    session: Annotated[str, Meta(pattern="^[0-9a-f]{40}$")]


class VisitorQuestion(Range, kw_only=True):
    """One visitor."""

    visitor: Annotated[str, Meta(pattern="^[0-9a-f]{40}$")]
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    cursor: Annotated[int, Meta(ge=0, le=100_000_000)] = 0


class RealtimeQuestion(msgspec.Struct, omit_defaults=True):
    """Now."""

    filter: Annotated[str, Meta(max_length=2000)] = ""
    includeBots: bool = False  # noqa: N815
    limit: Annotated[int, Meta(ge=1, le=1000)] = 20


class AnswerMetadata(msgspec.Struct):
    """About the answer."""

    tenant_id: str
    time_zone: str
    currency: str
    generated_at: str
    data_freshness: Freshness


class Answer(msgspec.Struct, kw_only=True):
    """What every report says beside its answer: the question as it was understood, and about the answer."""

    query: dict[str, Any]
    metadata: AnswerMetadata


class Comparison(msgspec.Struct):
    """The same figures of another range, and by how many percent they changed since; null: there was nothing."""

    dateFrom: str  # noqa: N815
    dateTo: str  # noqa: N815
    metrics: Figures
    change: dict[str, float | None]


class OverviewAnswer(Answer):
    """Figures of the range."""

    metrics: Figures
    revenue_by_currency: Figures
    comparison: dict[str, Comparison] | UnsetType = UNSET


class TimeseriesAnswer(Answer):
    """A row for each bucket: `start`, and the metrics."""

    buckets: list[dict[str, Any]]


class BreakdownAnswer(Answer, kw_only=True):
    """A row for each value: `value`, and the metrics."""

    rows: list[dict[str, Any]]
    nextCursor: Cursor  # noqa: N815


class Goal(msgspec.Struct):
    """How a goal was reached."""

    goal: str
    filter: str
    events: int
    visits: int
    visitors: int
    conversion_rate: float
    value: float


class GoalsAnswer(Answer):
    """All goals, and how many visits there were."""

    goals: list[Goal]
    visits: int


class FunnelStep(msgspec.Struct):
    """How many reached a step."""

    step: int
    filter: str
    count: int
    percent_of_start: float
    percent_of_previous: float
    drop_off: int
    median_seconds: Annotated[float | None, Meta(description="between reaching the step before and this one")]


class FunnelGroup(msgspec.Struct):
    """The funnel of one value."""

    value: str
    steps: list[FunnelStep]


class FunnelAnswer(Answer, kw_only=True):
    """The steps, and by the values of the dimension if one was asked for."""

    steps: list[FunnelStep]
    groups: list[FunnelGroup] | UnsetType = UNSET


class Cohort(msgspec.Struct):
    """Visitors whose first period this is, and how many were there again in it and in each later one."""

    start: str
    visitors: int
    retained: list[int]
    percent: list[float]


class RetentionAnswer(Answer):
    """Cohorts, the oldest first."""

    cohorts: list[Cohort]


class PathLink(msgspec.Struct):
    """How many visits went from one thing to the next."""

    level: int
    source: str
    target: str
    visits: int


class PathsAnswer(Answer):
    """Links of a Sankey diagram."""

    visits: int
    links: list[PathLink]


class Item(msgspec.Struct):
    """What became of an item."""

    item: str
    name: Text
    views: int
    interactions: int
    visits: int
    conversions: int
    value: float


class ItemsAnswer(Answer, kw_only=True):
    """Items, those with most interactions first."""

    rows: list[Item]
    nextCursor: Cursor  # noqa: N815


class CountedEvent(msgspec.Struct):
    """An event that a figure counts, and what proves it; keys that it does not have are left out."""

    event: str
    time: str
    type: str
    session: str
    raw_event_id: int
    load_date: str
    hash: str
    action: str | UnsetType = UNSET
    label: str | UnsetType = UNSET
    value: Annotated[float | UnsetType, Meta(description="of conversions: what it is worth")] = UNSET
    currency: str | UnsetType = UNSET
    page: str | UnsetType = UNSET


class EventsAnswer(Answer, kw_only=True):
    """The events, the latest first; `figure` is counted (of revenue: summed) from exactly these."""

    figure: float
    rows: list[CountedEvent]
    nextCursor: Cursor  # noqa: N815


class Property(msgspec.Struct):
    """A key of events' own properties."""

    key: str
    events: int
    values: Annotated[int, Meta(description="how many different ones")]


class PropertiesAnswer(Answer):
    """Keys, the most frequent first."""

    rows: list[Property]


class Session(msgspec.Struct):
    """A visit."""

    session: str
    visitor: Text
    start: str
    end: str
    events: int
    page_views: int
    duration_seconds: Annotated[int | None, Meta(description="known when the visit is closed")]
    is_bounce: bool | None
    source: Text
    channel: Text
    device: Text
    browser: Text
    os: Text
    country: Text
    entry_page: Text
    exit_page: Text


class SessionsAnswer(Answer, kw_only=True):
    """Visits, the latest first."""

    sessions: list[Session]
    nextCursor: Cursor  # noqa: N815


class SessionAnswer(Answer):
    """One visit and its events, in order; keys of an event that it does not have are left out."""

    sessions: list[Session]
    events: list[dict[str, Any]]


class Visitor(msgspec.Struct):
    """What is known of a visitor."""

    visitor: str
    first_day: str
    last_day: str
    visits: int
    page_views: int
    events: int
    details: dict[str, Any] | None


class VisitorAnswer(Answer, kw_only=True):
    """One visitor, and the visits, the latest first."""

    visitor: Visitor
    sessions: list[Session]
    nextCursor: Cursor  # noqa: N815


class RealtimeAnswer(Answer):
    """The last half hour."""

    visitors_5_minutes: int
    visitors_30_minutes: int
    minutes: list[dict[str, Any]]
    pages: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    events: list[dict[str, Any]]


class Report(msgspec.Struct, frozen=True):
    """A report's line in the description."""

    summary: str
    question: type[msgspec.Struct]
    answer: type[Answer]
    example: dict[str, Any]


_MONTH = {"dateFrom": "2026-11-01", "dateTo": "2026-11-30"}
_KEY = "5b3628547b3231e6b59f2517386bd6d8c5189ff9"
REPORTS = {
    "overview": Report("All metrics of a range", OverviewQuestion, OverviewAnswer, _MONTH | {"compare": ["previous_period"]}),
    "timeseries": Report(
        "Metrics over time",
        TimeseriesQuestion,
        TimeseriesAnswer,
        _MONTH | {"interval": "day", "metrics": ["visitors", "page_views"]},
    ),
    "breakdown": Report(
        "Metrics by a dimension", BreakdownQuestion, BreakdownAnswer, _MONTH | {"dimension": "page", "filter": "country==DE"}
    ),
    "goals": Report("How goals were reached", Range, GoalsAnswer, _MONTH),
    "funnel": Report(
        "How far visits came on a way",
        FunnelQuestion,
        FunnelAnswer,
        _MONTH | {"steps": ["page=~/products", "event_action==start", "event_action==complete"], "dimension": "device"},
    ),
    "retention": Report("Who came again", RetentionQuestion, RetentionAnswer, _MONTH | {"interval": "week"}),
    "paths": Report("What visits did next, or before", PathsQuestion, PathsAnswer, _MONTH | {"start": "page==/"}),
    "items": Report("Items: views, interactions, conversions, value", ListQuestion, ItemsAnswer, _MONTH),
    "events": Report("The events that a figure counts", EventsQuestion, EventsAnswer, _MONTH | {"figure": "conversions"}),
    "properties": Report("Keys of events' properties", PropertiesQuestion, PropertiesAnswer, _MONTH),
    "sessions": Report("Visits", ListQuestion, SessionsAnswer, _MONTH | {"filter": "source==google"}),
    "session": Report("One visit, event by event", SessionQuestion, SessionAnswer, {"session": _KEY}),
    "visitor": Report("One visitor's visits", VisitorQuestion, VisitorAnswer, {"visitor": _KEY}),
    "realtime": Report("The last half hour", RealtimeQuestion, RealtimeAnswer, {}),
}
