"""What each report answers, as structs."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from footfall.web.wire import Freshness, Text

Figures = Annotated[dict[str, float | None], Meta(description="null: nothing was measured")]
Cursor = Annotated[int | str | None, Meta(description="send it as `cursor` for the next rows; null: there are none")]


class AnswerMetadata(msgspec.Struct):
    """About the answer."""

    tenant_id: str
    time_zone: str
    currency: str
    generated_at: str
    data_freshness: Freshness


class Explanation(msgspec.Struct):
    """How an answer was found: which source gave it, what spoke for or against each, and the statements, without values."""

    source: str
    sources: dict[str, str]
    statements: list[str]


class Answer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What every report says beside its answer: the question as it was understood, and about the answer."""

    query: dict[str, Any]
    metadata: AnswerMetadata
    explanation: Explanation | UnsetType = UNSET


class ComparedRange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What was compared: the same part of another range."""

    dateFrom: str  # noqa: N815
    dateTo: str  # noqa: N815


class Comparison(ComparedRange, kw_only=True, omit_defaults=True):
    """The same figures of another range, and by how many percent (of percentages: points) they changed since."""

    from_: Annotated[str | UnsetType, Meta(description="of hours: the moment it begins")] = msgspec.field(
        name="from", default=UNSET
    )
    until: Annotated[str | UnsetType, Meta(description="the moment it ends, where that is within a day")] = UNSET
    metrics: Figures
    change: Annotated[dict[str, float | None], Meta(description="null: there was nothing")]


class SeriesBefore(ComparedRange, kw_only=True):
    """The buckets of another range, whole days (or hours)."""

    buckets: list[dict[str, Any]]


class OverviewAnswer(Answer):
    """Figures of the range."""

    metrics: Figures
    revenue_by_currency: Figures
    comparison: dict[str, Comparison] | UnsetType = UNSET


class TimeseriesAnswer(Answer):
    """A row for each bucket: `start`, and the metrics."""

    buckets: list[dict[str, Any]]
    comparison: dict[str, SeriesBefore] | UnsetType = UNSET


class BreakdownAnswer(Answer, kw_only=True):
    """A row for each value, or pair of `value` and `across`, with the metrics; of single values last, what has none (null)."""

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


class CohortGroup(msgspec.Struct):
    """Visitors of whom a dimension said this when they were first seen."""

    value: str | None
    visitors: int
    retained: list[int]
    percent: Annotated[list[float], Meta(description="of those for whom so many periods have passed")]


class RetentionAnswer(Answer):
    """Cohorts, the oldest first."""

    cohorts: list[Cohort]
    groups: list[CohortGroup] | UnsetType = UNSET


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


class BotKind(msgspec.Struct):
    """What bots of a kind read."""

    kind: Annotated[Text, Meta(description="search_engine, ai_crawler, ai_assistant, monitor, library, …; null: not known")]
    bots: int
    page_views: int
    pages: Annotated[int, Meta(description="different ones")]
    events: int
    last_seen: str


class ReadingBot(msgspec.Struct):
    """What a bot read."""

    kind: Text
    bot: Annotated[Text, Meta(description="what it is called")]
    page_views: int
    pages: Annotated[int, Meta(description="different ones")]
    events: int
    last_seen: str


class BotsAnswer(Answer, kw_only=True):
    """Bots by kind, and each by its name, those that read most first."""

    kinds: list[BotKind]
    rows: list[ReadingBot]
    nextCursor: Cursor  # noqa: N815


class Read(msgspec.Struct, kw_only=True):
    """How long and how far views were read; null: none was measured."""

    views: int
    measured: Annotated[int, Meta(description="views of which the tracker told its attention")]
    time_on_page: Annotated[float | None, Meta(description="seconds of attention, median of the measured views")]
    scroll_depth: Annotated[float | None, Meta(description="percent of the page, mean of the measured views")]


class PageRead(Read, kw_only=True):
    """The same of a page."""

    page: str


class NotFound(msgspec.Struct):
    """A page that was not there, and the address that people came from."""

    page: str
    referrer: Text
    events: int
    visits: int


class EngagementAnswer(Answer, kw_only=True):
    """All views, and by page, the most viewed first; and what was not found, the most frequent first, `limit` rows at most."""

    all: Read
    rows: list[PageRead]
    nextCursor: Cursor  # noqa: N815
    not_found: list[NotFound]


class Vital(msgspec.Struct):
    """How loads fared by one web vital; good, needs_improvement and poor are percent of the loads."""

    loads: int
    p75: Annotated[float, Meta(description="milliseconds; of cls without a unit")]
    good: float
    needs_improvement: float
    poor: float


class PageVitals(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The web vitals of a page; those that nobody told are left out."""

    page: str
    loads: int
    lcp: Vital | UnsetType = UNSET
    inp: Vital | UnsetType = UNSET
    cls: Vital | UnsetType = UNSET
    fcp: Vital | UnsetType = UNSET
    ttfb: Vital | UnsetType = UNSET


class VitalsAnswer(Answer, kw_only=True):
    """The web vitals (lcp, inp, cls, fcp, ttfb) of all loads, and by page, those with most loads first."""

    loads: int
    vitals: dict[str, Vital]
    rows: list[PageVitals]
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
    engaged_time: Annotated[float | None, Meta(description="seconds; null: none of its views was measured")]
    scroll_depth: Annotated[float | None, Meta(description="percent of its pages, on average; null: as above")]
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
    consent: Annotated[
        list[dict[str, Any]],
        Meta(description="each time that it was said: state, purposes, version, at, stated_at, event; the last one holds"),
    ]


class Visitor(msgspec.Struct):
    """What is known of a visitor."""

    visitor: str
    first_day: str
    last_day: str
    visits: int
    page_views: int
    events: int
    engaged_time: Annotated[float | None, Meta(description="seconds a visit; null: there was none")]
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
