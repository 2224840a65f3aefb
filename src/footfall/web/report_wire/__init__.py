"""The reports over the wire: what each is asked, with an example, and what it answers. OpenAPI is made from these."""

from typing import Any

import msgspec

from footfall.web.report_wire.answers import (
    Answer,
    BotsAnswer,
    BreakdownAnswer,
    EngagementAnswer,
    EventsAnswer,
    FunnelAnswer,
    GoalsAnswer,
    ItemsAnswer,
    OverviewAnswer,
    PathsAnswer,
    PropertiesAnswer,
    RealtimeAnswer,
    RetentionAnswer,
    SessionAnswer,
    SessionsAnswer,
    TimeseriesAnswer,
    VisitorAnswer,
    VitalsAnswer,
)
from footfall.web.report_wire.questions import (
    BreakdownQuestion,
    EventsQuestion,
    FunnelQuestion,
    ListQuestion,
    OverviewQuestion,
    PathsQuestion,
    PropertiesQuestion,
    Range,
    RealtimeQuestion,
    RetentionQuestion,
    SessionQuestion,
    TimeseriesQuestion,
    VisitorQuestion,
)

__all__ = ["REPORTS", "Report"]


class Report(msgspec.Struct, frozen=True):
    """A report in the description, with an example; what it is for, `api.REPORTS` says."""

    question: type[msgspec.Struct]
    answer: type[Answer]
    example: dict[str, Any]


_MONTH = {"dateFrom": "2026-11-01", "dateTo": "2026-11-30"}
_KEY = "5b3628547b3231e6b59f2517386bd6d8c5189ff9"
REPORTS = {
    "overview": Report(OverviewQuestion, OverviewAnswer, _MONTH | {"compare": ["previous_period"]}),
    "timeseries": Report(
        TimeseriesQuestion,
        TimeseriesAnswer,
        _MONTH | {"interval": "day", "metrics": ["visitors", "page_views"]},
    ),
    "breakdown": Report(BreakdownQuestion, BreakdownAnswer, _MONTH | {"dimension": "page", "filter": "country==DE"}),
    "goals": Report(Range, GoalsAnswer, _MONTH),
    "funnel": Report(
        FunnelQuestion,
        FunnelAnswer,
        _MONTH | {"steps": ["page=~/products", "event_action==start", "event_action==complete"], "dimension": "device"},
    ),
    "retention": Report(RetentionQuestion, RetentionAnswer, _MONTH | {"interval": "week"}),
    "paths": Report(PathsQuestion, PathsAnswer, _MONTH | {"start": "page==/"}),
    "items": Report(ListQuestion, ItemsAnswer, _MONTH),
    "engagement": Report(ListQuestion, EngagementAnswer, _MONTH),
    "vitals": Report(ListQuestion, VitalsAnswer, _MONTH | {"filter": "device==mobile"}),
    "bots": Report(ListQuestion, BotsAnswer, _MONTH | {"filter": "bot_kind==ai_crawler"}),
    "events": Report(EventsQuestion, EventsAnswer, _MONTH | {"figure": "conversions"}),
    "properties": Report(PropertiesQuestion, PropertiesAnswer, _MONTH),
    "sessions": Report(ListQuestion, SessionsAnswer, _MONTH | {"filter": "source==google"}),
    "session": Report(SessionQuestion, SessionAnswer, {"session": _KEY}),
    "visitor": Report(VisitorQuestion, VisitorAnswer, {"visitor": _KEY}),
    "realtime": Report(RealtimeQuestion, RealtimeAnswer, {}),
}
