"""What each report is asked, as structs."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from footfall.api import METRICS
from footfall.api.questions.question import Aligned, Comparison, Figure

Cursor = Annotated[int | str, Meta(description="rows to skip, or `nextCursor` of the page before")]
# a filter, or {"and": […]}, {"or": […]}, {"not": …}, {"visit": …}, {"visitor": …} of such
Tree = Annotated[dict[str, Any], Meta(extra_json_schema={"additionalProperties": True})]
Condition = Annotated[str, Meta(max_length=2000)] | Tree
Metric = Annotated[str, Meta(description=f"{', '.join(METRICS)}; or a formula of these: `revenue / visits`", max_length=200)]


class Days(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Which events are chosen."""

    dateFrom: Annotated[str, Meta(description="first day in the tenant's time zone; default: 29 days before dateTo")] = ""  # noqa: N815
    dateTo: Annotated[str, Meta(description="last day; default: today")] = ""  # noqa: N815
    filter: Annotated[Condition, Meta(description="e.g. `channel==search,channel==ai;page=~/blog`; or a tree of such")] = ""
    includeBots: Annotated[bool, Meta(description="bots too")] = False  # noqa: N815
    asOf: Annotated[str, Meta(description="a load date (ISO 8601): what would have been said then")] = ""  # noqa: N815


class Range(Days):
    """The same, of days or of hours."""

    hours: Annotated[int, Meta(description="instead of days: the last, this one included", ge=1, le=168)] | UnsetType = UNSET


class Compared(Range):
    """The same, and other ranges to compare it with."""

    compare: Annotated[list[Comparison], Meta(description="like with like: see docs/ask/reports.md")] = []
    compareBy: Annotated[Aligned | Literal[""], Meta(description="how a day finds its counterpart; default: date")] = ""  # noqa: N815
    compareFrom: Annotated[str, Meta(description="of `custom`: first day")] = ""  # noqa: N815
    compareTo: Annotated[str, Meta(description="of `custom`: last day")] = ""  # noqa: N815


class OverviewQuestion(Compared):
    """Metrics of the range."""

    metrics: Annotated[list[Metric], Meta(description="default: those that are known at once")] = []


class TimeseriesQuestion(Compared):
    """Metrics by buckets of time."""

    interval: Literal["minute", "hour", "day", "week", "month", ""] = ""
    metrics: list[Metric] = []


class BreakdownQuestion(Range, kw_only=True):
    """Metrics by the values of a dimension."""

    dimension: Annotated[str, Meta(description="source, page, country, property:<key>, …")]
    across: Annotated[str, Meta(description="each value by another dimension, too")] = ""
    metrics: list[Metric] = []
    sort: Annotated[str, Meta(description="a metric that is asked for; `-` before it: descending")] = ""
    search: Annotated[str, Meta(description="only values that contain this")] = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 10
    cursor: Cursor = 0


class FunnelQuestion(Range, kw_only=True):
    """A way of steps."""

    steps: Annotated[list[str], Meta(min_length=2, max_length=10, description="filters, in order")]
    order: Literal["loose", "strict"] = "loose"
    window: Annotated[int, Meta(ge=1, le=525_600, description="most minutes from the first step on")] = 43_200
    per: Literal["visit", "visitor"] = "visit"
    dimension: str = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 10


class RetentionQuestion(Days):
    """Cohorts."""

    interval: Literal["day", "week", "month", ""] = ""
    dimension: Annotated[str, Meta(description="also by what this said when a visitor was first seen")] = ""
    limit: Annotated[int, Meta(ge=1, le=1000, description="most groups")] = 10


class PathsQuestion(Range):
    """What came next, or before."""

    start: Annotated[Condition, Meta(description="a filter; default: the first of the visit")] = ""
    direction: Literal["next", "previous"] = "next"
    of: Literal["pages", "events"] = "pages"
    depth: Annotated[int, Meta(ge=1, le=10)] = 3
    limit: Annotated[int, Meta(ge=1, le=1000)] = 10


class ListQuestion(Range):
    """Rows, in pages."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 10
    cursor: Cursor = 0


class EventsQuestion(ListQuestion):
    """The events that a figure counts; of a funnel, of retention, of paths with what that report is asked, and which figure."""

    figure: Annotated[Figure, Meta(description="which figure")] = "events"
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
    start: Annotated[Condition, Meta(description="of paths: a filter")] = ""
    direction: Literal["next", "previous", ""] = ""
    of: Literal["pages", "events", ""] = ""
    top: Annotated[int, Meta(ge=1, le=1000, description="of paths: that report's limit")] | UnsetType = UNSET
    level: Annotated[int, Meta(ge=0, le=9, description="of paths: a link's level, source and target")] | UnsetType = UNSET
    source: str = ""
    target: str = ""


class PropertiesQuestion(Range):
    """Keys of events' properties."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


class SessionQuestion(Days, kw_only=True):
    """One visit."""

    session: Annotated[str, Meta(pattern="^[0-9a-f]{40}$")]


class VisitorQuestion(Days, kw_only=True):
    """One visitor."""

    visitor: Annotated[str, Meta(pattern="^[0-9a-f]{40}$")]
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    cursor: Cursor = 0


class RealtimeQuestion(msgspec.Struct, omit_defaults=True):
    """Now."""

    filter: Condition = ""
    includeBots: bool = False  # noqa: N815
    limit: Annotated[int, Meta(ge=1, le=1000)] = 20
