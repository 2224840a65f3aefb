"""Questions whose statements are kept under review, in tests/golden/questions: each report, from each source that answers it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from footfall.api.asking import explanation
from footfall.api.questions.parsing import resolve
from footfall.api.reports import REPORTS
from footfall.api.tenant import Goal, Tenant

_STEPS = ["page==/cart", "event_action==complete"]
_KEY = "5b3628547b3231e6b59f2517386bd6d8c5189ff9"
_AS_OF = datetime(2026, 11, 23, 12, tzinfo=UTC)
_PAID = {"filter": "channel==paid|email,source=~news"}
_READ = {"filter": "page==/blog;property:plan!=free"}
_THEN = {"asOf": _AS_OF.isoformat()}
# a report, what is remarkable, and the question
QUESTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("overview", "of rollups", {"compare": ["previous_period"]}),
    ("overview", "of visits", _PAID),
    ("overview", "of events", _READ),
    ("overview", "of the vault", _PAID | _THEN),
    ("overview", "visits that did and did not", {"filter": "visit:page==/cart;!visit:event_action==complete"}),
    ("overview", "a tree", {"filter": {"or": ["country==DE", {"and": ["device==mobile", {"not": "browser==Chrome"}]}]}}),
    ("timeseries", "by day of rollups", {"metrics": ["visits", "bounce_rate"]}),
    ("timeseries", "by week of visits", _PAID | {"interval": "week", "metrics": ["visitors", "bounce_rate"]}),
    ("timeseries", "by hour", {"hours": 24}),
    ("breakdown", "of rollups", {"dimension": "source"}),
    ("breakdown", "of pages entered", {"dimension": "page", "metrics": ["page_views", "bounce_rate"]}),
    ("breakdown", "of visits", _PAID | {"dimension": "country", "search": "d"}),
    ("breakdown", "of a property", {"dimension": "property:plan", "metrics": ["events", "revenue / visits"], "sort": "events"}),
    ("breakdown", "of the vault", _THEN | {"dimension": "browser"}),
    ("breakdown", "of pairs", {"dimension": "page", "across": "device", "metrics": ["page_views", "bounce_rate", "revenue"]}),
    (
        "breakdown",
        "of what is measured",
        {"dimension": "page", "metrics": ["time_on_page", "scroll_depth", "lcp"], "sort": "lcp"},
    ),
    ("breakdown", "of columns", {"dimension": "page", "metrics": ["visitors", "revenue"]}),
    ("funnel", "by country of columns", {"steps": _STEPS, "dimension": "country"}),
    ("retention", "of visit columns", {"filter": "country==DE"}),
    ("goals", "of events", {}),
    ("funnel", "loose", {"steps": _STEPS}),
    ("funnel", "strict by a dimension", {"steps": _STEPS, "order": "strict", "per": "visitor", "dimension": "page"}),
    ("retention", "of visits", {}),
    ("retention", "of events", _READ | {"interval": "month"}),
    ("retention", "by first source", {"dimension": "source"}),
    ("paths", "of pages", {"start": "page==/"}),
    ("paths", "of events, back", {"of": "events", "direction": "previous"}),
    ("items", "of events", {}),
    ("engagement", "of events", {}),
    ("vitals", "of events", {}),
    ("events", "of visits", {"figure": "visits"}),
    ("events", "of revenue", {"figure": "revenue"}),
    ("events", "of a funnel", {"figure": "funnel", "steps": _STEPS, "step": 2, "dropped": True}),
    ("events", "of retention", {"figure": "retention", "cohort": "2026-11-02", "period": 1}),
    ("events", "of paths", {"figure": "paths", "source": "acme.example/", "target": "(exit)"}),
    ("properties", "of events", {}),
    ("sessions", "of visits", _PAID),
    ("sessions", "of events", _READ),
    ("sessions", "of the vault", _THEN),
    ("session", "itself", {"session": _KEY}),
    ("visitor", "itself", {"visitor": _KEY}),
    ("realtime", "now", {}),
)


class _Greenwich:
    """A zone that no store has to be asked about: no statement says a moment."""

    def day_start(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    def moment(self, local: datetime) -> datetime:
        return local.replace(tzinfo=UTC)

    def local(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=None)


_TENANT = Tenant(
    tenant_hk=bytes(20),
    tenant_id="acme",
    time_zone="Europe/Berlin",
    currency="EUR",
    week_start="monday",
    now=datetime(2026, 11, 30, 12, tzinfo=UTC),
    clock=datetime(2026, 11, 30, 13),  # noqa: DTZ001  what a clock shows
    freshness={},
    events_from=None,
    figures_from=None,
    goals=(Goal("Buy", "event_action==complete", None, None), Goal("Pricing", "page==/pricing", Decimal(5), "EUR")),
    conversion_acts=(("transaction_step", "complete"),),
    zone=_Greenwich(),
)


def golden_questions() -> dict[str, str]:
    """The files by their names: question in, statements out."""
    return {f"{name}_{what.replace(',', '').replace(' ', '_')}.sql": _golden(name, what, asked) for name, what, asked in QUESTIONS}


def _golden(name: str, what: str, asked: dict[str, Any]) -> str:
    report = REPORTS[name]
    question = resolve(name, report.keys, asked, _TENANT, _AS_OF if "asOf" in asked else None).question
    question = replace(question, is_in_columns=what.endswith("columns"))
    said = explanation(report, question)
    head = [
        f"-- {name} {msgspec.json.encode(asked).decode()}",
        *(f"-- {source}: {why}" for source, why in said["sources"].items()),
    ]
    return "\n\n".join(["\n".join(head), *(f"{statement};" for statement in said["statements"])]) + "\n"
