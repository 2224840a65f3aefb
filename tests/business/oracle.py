"""The definitions of docs/ask/metrics.md once more, in plain Python over the events as sent: slow, nothing shared with SQL."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

HALF_HOUR = timedelta(minutes=30)
DAY = timedelta(days=1)


@dataclass
class Fact:
    """An event as the oracle sees it."""

    key: Any
    moment: datetime
    type: str
    action: str
    session_id: str | None = None
    visitor: str | None = None
    page: str | None = None
    item: str | None = None
    item_name: str | None = None
    value: float = 0
    currency: str = "USD"
    transaction: str | None = None
    funnel: str | None = None
    is_bot: bool = False
    session: Any = field(default=None, init=False)

    @property
    def is_refund(self) -> bool:
        """It takes a transaction back, or a part of it."""
        return self.type == "transaction_step" and (self.action == "refund" or self.value < 0)

    @property
    def is_of_a_visit(self) -> bool:
        """An event of nobody counts for itself."""
        return self.session[0] != "alone"


def distinct(facts: list[Fact]) -> list[Fact]:
    """Each event once: what is sent again counts once."""
    return list({fact.key: fact for fact in reversed(facts)}.values())


def assign_sessions(facts: list[Fact]) -> None:
    """A session id's events, else a visitor's, are visits that 30 minutes of silence or a day end; else the event is alone.

    Without a session id a visit is half hours: it lasts a day from the half hour of its first event on.
    """
    by_whom = defaultdict(list)
    for fact in facts:
        if fact.session_id is not None:
            by_whom["sent", fact.session_id].append(fact)
        elif fact.visitor is None:
            fact.session = ("alone", fact.key)
        else:
            by_whom["visit", fact.visitor].append(fact)
    for whose, of_one in by_whom.items():
        of_one.sort(key=lambda fact: fact.moment)
        first, last = None, None
        for fact in of_one:
            begun = (
                fact.moment if whose[0] == "sent" else fact.moment - (fact.moment - datetime(1970, 1, 1, tzinfo=UTC)) % HALF_HOUR
            )
            if first is None or fact.moment - last > HALF_HOUR or begun - first >= DAY:
                first = begun
            fact.session = (*whose, first)
            last = fact.moment


def sessions_of(facts: list[Fact]) -> dict[Any, list[Fact]]:
    """Sessions, each with its events in order."""
    sessions = defaultdict(list)
    for fact in sorted(facts, key=lambda fact: fact.moment):
        sessions[fact.session].append(fact)
    return sessions


def track_analytics(facts: list[Fact], first: date, last: date, zone: str, currency: str = "USD") -> dict[str, Any]:
    """The plan's report."""
    facts = distinct(facts)
    assign_sessions(facts)
    with_bots = {fact.session for fact in facts if fact.is_bot}
    everything = sessions_of(facts)
    facts = [fact for fact in facts if not fact.is_bot]
    start = datetime.combine(first, time(), ZoneInfo(zone))
    end = datetime.combine(last + timedelta(days=1), time(), ZoneInfo(zone))
    inside = [fact for fact in facts if start <= fact.moment < end]
    seen = {fact.session for fact in inside if fact.is_of_a_visit}
    steps = [fact for fact in inside if fact.type == "transaction_step"]
    started = {fact.session for fact in steps if fact.action == "start" and fact.is_of_a_visit}
    completed = [fact for fact in steps if fact.action == "complete" and not fact.is_refund]
    paid_back = sum(abs(fact.value) for fact in steps if fact.is_refund and fact.currency == currency)
    durations = [
        int((of[-1].moment - of[0].moment).total_seconds())
        for session, of in everything.items()
        if session not in with_bots and start <= of[0].moment < end and of[0].is_of_a_visit
    ]
    counted = {}
    for fact in sorted(completed, key=lambda fact: fact.moment):
        counted.setdefault(_identity(fact), fact)
    items = defaultdict(lambda: [None, 0, 0.0])
    for fact in sorted(inside, key=lambda fact: fact.moment):
        if fact.item and fact.type == "item_interaction":
            items[fact.item][0] = fact.item_name
            items[fact.item][1] += 1
    for fact in counted.values():
        if fact.item and fact.currency == currency:
            items[fact.item][2] += fact.value
    for fact in steps:
        if fact.is_refund and fact.item and fact.currency == currency:
            items[fact.item][2] -= abs(fact.value)
    top = sorted((name, n, round(value, 4)) for name, n, value in items.values() if n)
    finished = {fact.session for fact in steps if fact.action == "complete"} & started
    rate = _percent(len(finished), len(started))
    views = sum(fact.type == "page_view" for fact in inside)
    views_of_visits = sum(fact.type == "page_view" and fact.is_of_a_visit for fact in inside)
    return {
        "overview": {
            "totalSessions": len(seen),
            "uniqueVisitors": len({_first_visitor(everything[session]) for session in seen} - {None}),
            "totalEvents": len(inside),
            "pageViews": views,
            "avgSessionDurationMinutes": _mean(durations) / 60,
            "avgPagesPerSession": views_of_visits / len(seen) if seen else 0,
        },
        "interactions": {
            "itemInteractions": sum(fact.type == "item_interaction" for fact in inside),
            "contactInteractions": sum(fact.type == "contact_interaction" for fact in inside),
            "uniquePagesVisited": len({fact.page for fact in inside} - {None}),
        },
        "conversions": {
            "transactionStarts": len(started),
            "completedTransactions": len(counted),
            "totalConversionValue": sum(fact.value for fact in counted.values() if fact.currency == currency) - paid_back,
            "conversionRate": rate,
        },
        "topItems": sorted(top, key=lambda item: (-item[1], item[0]))[:10],
        "conversionFunnel": {
            "funnel_start": len(started),
            "funnel_progress": len({f.session for f in steps if f.action == "progress"} & started),
            "funnel_complete": len(finished),
            "conversion_rate": rate,
        },
    }


def _identity(fact: Fact) -> Any:
    return ("transaction", fact.transaction) if fact.transaction else ("session", fact.session, fact.funnel, fact.value)


def _first_visitor(of: list[Fact]) -> str | None:
    return next((fact.visitor for fact in of if fact.visitor), None)


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0


def _mean(values: list[int]) -> float:
    return sum(values) / len(values) if values else 0
