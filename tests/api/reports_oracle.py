"""docs/ask/reports.md once more, in plain Python over the events as sent: slow, and nothing shared with SQL."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from oracle import Fact, assign_sessions, distinct, sessions_of

METRICS = [
    "visitors",
    "visits",
    "page_views",
    "views_without_visit",
    "events",
    "views_per_visit",
    "bounce_rate",
    "visit_duration",
    "conversions",
    "conversion_rate",
    "revenue",
    "refunds",
]
MEASURED = ["engaged_time", "time_on_page", "scroll_depth", "lcp", "inp", "cls", "fcp", "ttfb"]
OF_CLOSED_VISITS = ("bounce_rate", "visit_duration")
GROUPS = {"Direct": "direct", "Email": "email", "Organic Search": "search", "AI": "ai"}
OF_VISITS = (
    "source",
    "channel",
    "channel_group",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "device",
    "country",
    "entry_page",
    "exit_page",
)
HOUR = timedelta(hours=1)


@dataclass
class Event(Fact):
    """An event with what the reports tell apart besides; pages are `host/path`, items `type:id`."""

    source: str = "direct"
    channel: str = "Direct"
    campaign: str | None = None
    content: str | None = None
    term: str | None = None
    device: str = "desktop"
    country: str | None = None
    plan: str | None = None
    seats: int | None = None
    attention: tuple[int, int] | None = None  # seconds, percent of the page
    vitals: dict[str, float] | None = None
    referrer: str | None = None
    is_conversion: bool = False
    conversion_value: float = 0
    conversion_currency: str = "USD"
    is_fresh: bool = False  # came after sessions were closed for the last time
    visit: "Visit" = field(default=None, init=False)


@dataclass
class Visit:
    """All events of a session in order, and what holds for each of them."""

    events: list[Event]

    def __post_init__(self) -> None:
        views = [event for event in self.events if event.type == "page_view"]
        first = next((event for event in self.events if event.visitor), self.events[0])
        self.visitor = first.visitor
        self.is_visit = self.events[0].is_of_a_visit
        self.closed = self.is_visit and not any(event.is_fresh for event in self.events)
        self.of_humans_only = not any(event.is_bot for event in self.events)
        self.began = self.events[0].moment
        self.seconds = int((self.events[-1].moment - self.began).total_seconds())
        others = {"item_interaction", "transaction_step", "contact_interaction"}
        self.is_bounce = len(views) == 1 and not any(event.type in others for event in self.events)
        self.values = {
            "source": first.source,
            "channel": first.channel,
            "channel_group": GROUPS[first.channel],
            "utm_campaign": first.campaign,
            "utm_content": first.content,
            "utm_term": first.term,
            "device": first.device,
            "country": first.country,
            "entry_page": views[0].page if views else None,
            "exit_page": views[-1].page if views else None,
        }


def value_of(event: Event, dimension: str) -> str | None:
    """The value of a dimension at an event."""
    if dimension in event.visit.values:
        return event.visit.values[dimension]
    if dimension == "host":
        return event.page and event.page.partition("/")[0]
    if dimension == "item_type":
        return event.item and event.item.partition(":")[0]
    if dimension == "funnel_step":
        return f"{event.funnel}_step:{event.action}" if event.type == "transaction_step" else None
    name = {"event_type": "type", "event_action": "action", "property:plan": "plan"}.get(dimension, dimension)
    return getattr(event, name)


@dataclass(frozen=True)
class Condition:
    """One comparison of a filter; an empty value is what is not known."""

    dimension: str
    operator: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.dimension}{self.operator}{'|'.join(escaped(value) for value in self.values)}"

    def holds(self, event: Event) -> bool:
        value = value_of(event, self.dimension)
        is_one = any(self._is(value, wanted) for wanted in self.values)
        return is_one if self.operator in {"==", "=~"} else not is_one

    def _is(self, value: str | None, wanted: str) -> bool:
        if value is None or not wanted:
            return value is None and not wanted
        if self.operator in {"=~", "!~"}:
            return wanted.lower() in value.lower()
        if self.dimension in {"page", "entry_page", "exit_page"} and wanted.startswith("/"):
            return wanted == value[value.index("/") :]
        if self.dimension == "channel" and wanted in GROUPS.values():
            return wanted == GROUPS[value]
        if self.dimension == "item" and ":" not in wanted:
            return wanted == value.partition(":")[2]
        return wanted == value


@dataclass(frozen=True)
class Filter:
    """Conditions of which one of each group must hold."""

    groups: tuple[tuple[Condition, ...], ...] = ()

    def __str__(self) -> str:
        return ";".join(",".join(str(condition) for condition in group) for group in self.groups)

    def holds(self, event: Event) -> bool:
        return all(any(condition.holds(event) for condition in group) for group in self.groups)


def escaped(value: str) -> str:
    """A value as a filter writes it."""
    return "".join("\\" + letter if letter in "\\;,|" else letter for letter in value)


@dataclass(frozen=True)
class Question:
    """Which events are asked about."""

    first: date
    last: date
    zone: str
    filter: Filter = Filter()
    bots: bool = False
    currency: str = "USD"

    @property
    def start(self) -> datetime:
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return midnight(self.last + timedelta(days=1), self.zone)

    def inside(self, events: Iterable[Event]) -> list[Event]:
        """The events of the range, of those who are asked about, in order."""
        return [event for event in events if self.start <= event.moment < self.end and (self.bots or not event.is_bot)]

    def day_of(self, event: Event) -> date:
        return event.moment.astimezone(ZoneInfo(self.zone)).date()

    def began_inside(self, visit: Visit) -> bool:
        return self.start <= visit.began < self.end


def midnight(day: date, zone: str) -> datetime:
    """The first moment of a day, in UTC: comparisons within one zone would look at the clock on the wall."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def understood(events: list[Event]) -> list[Event]:
    """Events once and in order, with the visits they belong to."""
    events = distinct(events)
    assign_sessions(events)
    for of_visit in sessions_of(events).values():
        visit = Visit(of_visit)
        for event in of_visit:
            event.visit = visit
    return sorted(events, key=lambda event: event.moment)


def overview(events: list[Event], question: Question) -> dict[str, Any]:
    """All metrics, and the revenue in each currency."""
    inside = question.inside(events)
    by_currency: dict[str, float] = defaultdict(float)
    for event in [*first_of_conversions(inside), *(event for event in inside if event.is_refund)]:
        if question.filter.holds(event):
            by_currency[event.conversion_currency] += event.conversion_value
    return {
        "metrics": metrics(inside, question.filter.holds, question),
        "revenue_by_currency": {currency: value for currency, value in by_currency.items() if value},
    }


def timeseries(events: list[Event], question: Question, interval: str, names: list[str]) -> list[dict[str, Any]]:
    """Metrics of each period of the range."""
    starts = periods(question, interval)
    inside = defaultdict(list)
    for event in question.inside(events):
        inside[bucket(event.moment, question, interval)].append(event)

    def of_bucket(start: Any) -> dict[str, Any]:
        def began(visit: Visit) -> bool:
            return question.began_inside(visit) and bucket(visit.began, question, interval) == start

        return metrics(inside[start], question.filter.holds, question, began)

    return [{"start": start} | {name: value for name, value in of_bucket(start).items() if name in names} for start in starts]


def breakdown(
    events: list[Event], question: Question, dimension: str, names: list[str], sort: str, search: str = ""
) -> list[dict[str, Any]]:
    """Metrics of each value, in the order of one of them; last, unless a value is searched for, of what has none."""
    inside = question.inside(events)
    values = {value_of(event, dimension) for event in inside if question.filter.holds(event)}

    def of_value(value: str | None) -> dict[str, Any]:
        def chosen(event: Event) -> bool:
            return question.filter.holds(event) and value_of(event, dimension) == value

        def began(visit: Visit) -> bool:
            return question.began_inside(visit) and (dimension != "page" or visit.values["entry_page"] == value)

        return {"value": value} | metrics(inside, chosen, question, began)

    rows = sorted((of_value(value) for value in values - {None} if search.lower() in value.lower()), key=lambda row: row["value"])
    rows.sort(key=lambda row: row[sort.removeprefix("-")], reverse=sort.startswith("-"))
    rows += [of_value(None)] if None in values and not search else []
    return [{name: row[name] for name in ["value", *names]} for row in rows]


def matrix(events: list[Event], question: Question, dimensions: list[str], names: list[str], sort: str) -> list[dict[str, Any]]:
    """Metrics of each pair of values, in the order of one of them; what is not known comes last."""
    inside = question.inside(events)

    def pair_of(event: Event) -> tuple[str | None, ...]:
        return tuple(value_of(event, dimension) for dimension in dimensions)

    def of_pair(pair: tuple[str | None, ...]) -> dict[str, Any]:
        def began(visit: Visit) -> bool:
            entered = [value for dimension, value in zip(dimensions, pair, strict=True) if dimension == "page"]
            return question.began_inside(visit) and all(visit.values["entry_page"] == value for value in entered)

        chosen = metrics(inside, lambda event: question.filter.holds(event) and pair_of(event) == pair, question, began)
        return dict(zip(("value", "across"), pair, strict=True)) | chosen

    pairs = {pair_of(event) for event in inside if question.filter.holds(event)}
    rows = [of_pair(pair) for pair in sorted(pairs, key=lambda pair: [(value is None, value or "") for value in pair])]
    rows.sort(key=lambda row: row[sort.removeprefix("-")], reverse=sort.startswith("-"))
    return [{name: row[name] for name in ["value", "across", *names]} for row in rows]


def measured(events: list[Event], question: Question, belongs: Callable[[Event], bool]) -> dict[str, Any]:
    """What the tracker measured, of the views and loads at events that belong together."""
    chosen = [event for event in question.inside(events) if question.filter.holds(event)]
    most = [told for event, told in views_of(chosen) if told and belongs(event)]
    loads = [event for event in loads_of(chosen) if belongs(event)]
    seconds = [seconds for seconds, _ in most]
    visits = visits_of(event for event in chosen if belongs(event))
    return {
        "engaged_time": ratio(sum(seconds), len(visits)),
        "time_on_page": median(seconds) if seconds else None,
        "scroll_depth": round(sum(depth for _, depth in most) / len(most) + 1e-9, 1) if most else None,
    } | {vital: p75([event.vitals[vital] for event in loads if vital in event.vitals]) for vital in VITALS}


def metrics(
    inside: list[Event],
    is_chosen: Callable[[Event], bool],
    question: Question,
    began: Callable[[Visit], bool] | None = None,
) -> dict[str, Any]:
    """All metrics of the chosen among some events."""
    began = began or question.began_inside
    chosen = [event for event in inside if is_chosen(event)]
    visits = visits_of(chosen)
    whole = [visit for visit in visits if visit.closed and visit.of_humans_only and began(visit)]
    conversions = [event for event in first_of_conversions(inside) if is_chosen(event)]
    views = sum(event.type == "page_view" for event in chosen)
    alone = sum(event.type == "page_view" and not event.is_of_a_visit for event in chosen)
    refunds = [event for event in chosen if event.is_refund]
    return {
        "visitors": len(visitors_of(visits)),
        "visits": len(visits),
        "page_views": views,
        "views_without_visit": alone,
        "events": len(chosen),
        "views_per_visit": ratio(views - alone, len(visits)),
        "bounce_rate": percent(sum(visit.is_bounce for visit in whole), len(whole)),
        "visit_duration": ratio(sum(visit.seconds for visit in whole), len(whole)),
        "conversions": len(conversions),
        "conversion_rate": percent(len(visits_of(event for event in chosen if event.is_conversion)), len(visits)),
        "revenue": revenue(conversions + refunds, question),
        "refunds": -revenue(refunds, question),
    }


def goals(events: list[Event], question: Question, of_tenant: list[tuple[str, Filter, float | None]]) -> dict[str, Any]:
    """For each goal what met it."""
    chosen = [event for event in question.inside(events) if question.filter.holds(event)]
    everyone = visits_of(chosen)

    def of_goal(name: str, which: Filter, value: float | None) -> dict[str, Any]:
        meeting = [event for event in chosen if which.holds(event)]
        visits = visits_of(meeting)
        own = sum(event.value for event in meeting if event.currency == question.currency)
        return {
            "goal": name,
            "filter": str(which),
            "events": len(meeting),
            "visits": len(visits),
            "visitors": len(visitors_of(visits)),
            "conversion_rate": percent(len(visits), len(everyone)),
            "value": own if value is None else value * len(meeting),
        }

    return {"visits": len(everyone), "goals": [of_goal(*goal) for goal in sorted(of_tenant, key=lambda goal: goal[0])]}


def funnel(
    events: list[Event],
    question: Question,
    steps: list[Filter],
    *,
    strict: bool = False,
    window: timedelta = timedelta(days=30),
    by_visitor: bool = False,
    dimension: str | None = None,
) -> dict[str, Any]:
    """How many came how far; with a dimension the same for each value, the most frequent first."""
    ways = ways_of_funnel(events, question, steps, strict=strict, window=window, by_visitor=by_visitor)
    answer = {"steps": funnel_steps([firsts for _, firsts in ways], steps)}
    if dimension:
        groups = defaultdict(list)
        for entry, firsts in ways:
            if entry is not None and value_of(entry, dimension) is not None:
                groups[value_of(entry, dimension)].append(firsts)
        in_order = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
        answer["groups"] = [{"value": value, "steps": funnel_steps(of, steps)} for value, of in in_order]
    return answer


def events_of_funnel(
    events: list[Event],
    question: Question,
    steps: list[Filter],
    *,
    step: int,
    dropped: bool = False,
    dimension: str | None = None,
    value: str | None = None,
    **way: Any,
) -> list[Event]:
    """The event by which each who reached a step did; of those who were dropped there, that of the step before."""
    ways = [
        firsts
        for entry, firsts in ways_of_funnel(events, question, steps, **way)
        if not dimension or (entry is not None and value_of(entry, dimension) == value)
    ]
    if dropped:
        return [firsts[step - 2] for firsts in ways if step > 1 and len(firsts) == step - 1]
    return [firsts[step - 1] for firsts in ways if len(firsts) >= step]


def ways_of_funnel(
    events: list[Event], question: Question, steps: list[Filter], *, strict: bool, window: timedelta, by_visitor: bool
) -> list[tuple[Event | None, list[Event]]]:
    """For each visit or visitor the first event that meets the first step, and those that reached each step first."""
    of_subject = defaultdict(list)
    for event in question.inside(events):
        subject = event.visit.visitor if by_visitor else event.session if event.is_of_a_visit else None
        if question.filter.holds(event) and subject is not None:
            of_subject[subject].append(event)
    return [
        (next((event for event in of if steps[0].holds(event)), None), firsts_of_steps(of, steps, strict=strict, window=window))
        for of in of_subject.values()
    ]


def firsts_of_steps(events: list[Event], steps: list[Filter], *, strict: bool, window: timedelta) -> list[Event]:
    """The event by which each step was first reached, over all ways; as long as the furthest of them."""
    firsts: dict[int, int] = {}
    for start, first in enumerate(events):
        here = {start} if steps[0].holds(first) else set()
        for step, which in enumerate(steps):
            if step:
                here = {
                    after
                    for after, event in enumerate(events)
                    if which.holds(event)
                    and event.moment - first.moment <= window
                    and any(after == before + 1 if strict else after > before for before in here)
                }
            for place in here:
                firsts[step] = min(firsts.get(step, place), place)
    return [events[firsts[step]] for step in sorted(firsts)]


def funnel_steps(reached: list[list[Event]], steps: list[Filter]) -> list[dict[str, Any]]:
    """The figures of each step."""
    counts = [sum(len(firsts) > step for firsts in reached) for step in range(len(steps))]
    answer = []
    for step, which in enumerate(steps):
        previous = counts[max(step - 1, 0)]
        took = [
            (firsts[step].moment - firsts[max(step - 1, 0)].moment).total_seconds() for firsts in reached if len(firsts) > step
        ]
        answer.append(
            {
                "step": step + 1,
                "filter": str(which),
                "count": counts[step],
                "drop_off": previous - counts[step],
                "percent_of_start": percent(counts[step], counts[0]),
                "percent_of_previous": percent(counts[step], previous),
                "median_seconds": median(took) if took else None,
            }
        )
    return answer


def retention(events: list[Event], question: Question, interval: str) -> list[dict[str, Any]]:
    """Of those who first came in a period, how many came in each from then on."""
    starts = periods(question, interval)
    came = visitors_by_period(events, question, interval)
    cohorts = []
    for number, start in enumerate(starts):
        cohort = [firsts for firsts in came if min(firsts) == number]
        retained = [sum(later in firsts for firsts in cohort) for later in range(number, len(starts))]
        percents = [percent(n, len(cohort)) for n in retained]
        cohorts.append({"start": start, "visitors": len(cohort), "retained": retained, "percent": percents})
    return cohorts


def retention_groups(events: list[Event], question: Question, interval: str, dimension: str) -> list[dict[str, Any]]:
    """The same visitors by what was said of them first, those with most first; percent of those who could have come so late."""
    periods_there_are = len(periods(question, interval))
    groups = defaultdict(list)
    for firsts in visitors_by_period(events, question, interval):
        groups[value_of(firsts[min(firsts)], dimension)].append(firsts)

    def of_group(value: str | None, group: list[dict[int, Event]]) -> dict[str, Any]:
        ages = range(periods_there_are)
        retained = [sum(min(firsts) + age in firsts for firsts in group) for age in ages]
        possible = [sum(min(firsts) + age < periods_there_are for firsts in group) for age in ages]
        percents = [percent(n, of) for n, of in zip(retained, possible, strict=True)]
        return {"value": value, "visitors": len(group), "retained": retained, "percent": percents}

    rows = [of_group(*group) for group in groups.items()]
    return sorted(rows, key=lambda row: (-row["visitors"], row["value"] is None, row["value"]))


def events_of_retention(events: list[Event], question: Question, interval: str, *, cohort: int, period: int) -> list[Event]:
    """The first event of each visitor of a cohort in a later period; cohorts and periods are counted from 0."""
    came = visitors_by_period(events, question, interval)
    return [firsts[cohort + period] for firsts in came if min(firsts) == cohort and cohort + period in firsts]


def visitors_by_period(events: list[Event], question: Question, interval: str) -> list[dict[int, Event]]:
    """For each visitor the first event in each period in which there is one."""
    starts = periods(question, interval)
    came: dict[str, dict[int, Event]] = defaultdict(dict)
    for event in question.inside(events):
        if question.filter.holds(event) and event.visit.visitor is not None:
            came[event.visit.visitor].setdefault(starts.index(bucket(event.moment, question, interval)), event)
    return list(came.values())


def paths(
    events: list[Event],
    question: Question,
    start: Filter = Filter(),
    *,
    back: bool = False,
    of_pages: bool = True,
    depth: int = 3,
    limit: int = 10,
) -> dict[str, Any]:
    """Which thing followed which, level by level."""
    links = Counter(
        link
        for way in named_ways(events, question, start, back=back, of_pages=of_pages, depth=depth, limit=limit)
        for _, link in way
        if link[0] < depth
    )
    keys = ("level", "source", "target")
    visits = len(ways_of_things(events, question, start, back=back, of_pages=of_pages, depth=depth))
    return {"visits": visits, "links": [dict(zip(keys, link, strict=True)) | {"visits": n} for link, n in links.items()]}


def events_of_path(events: list[Event], question: Question, start: Filter, link: tuple, **way: Any) -> list[Event]:
    """The event at the source of a link, of each visit that took it."""
    return [event for of in named_ways(events, question, start, **way) for event, taken in of if taken == link]


def ways_of_things(
    events: list[Event], question: Question, start: Filter, *, back: bool, of_pages: bool, depth: int
) -> list[list[tuple[str, Event]]]:
    """What each visit did from its start on, each thing with its event; the same thing twice in a row is one."""
    of_visit = defaultdict(list)
    for event in question.inside(events):
        is_thing = not of_pages or (event.type == "page_view" and event.page)
        if question.filter.holds(event) and event.is_of_a_visit and is_thing:
            of_visit[event.session].append(event)
    ways = []
    for of in of_visit.values():
        of = of[::-1] if back else of
        begin = next((place for place, event in enumerate(of) if start.holds(event)), None)
        if begin is not None:
            things = [(event.page if of_pages else f"{event.type}:{event.action}", event) for event in of[begin:]]
            changed = [thing for place, thing in enumerate(things) if not place or thing[0] != things[place - 1][0]]
            ways.append(changed[: depth + 1])
    return ways


def named_ways(
    events: list[Event], question: Question, start: Filter, *, back: bool, of_pages: bool, depth: int, limit: int
) -> list[list[tuple[Event, tuple[int, str, str]]]]:
    """Of each visit the links it took, each with the event at its source; rare things are (other)."""
    ways = ways_of_things(events, question, start, back=back, of_pages=of_pages, depth=depth)
    kept = []
    for level in range(depth + 1):
        counts = Counter(way[level][0] for way in ways if len(way) > level)
        kept.append(sorted(counts, key=lambda thing: (-counts[thing], thing))[:limit])
    answer = []
    for way in ways:
        names = [thing if thing in kept[level] else "(other)" for level, (thing, _) in enumerate(way)]
        names += ["(entry)" if back else "(exit)"]
        answer.append([(event, (level, names[level], names[level + 1])) for level, (_, event) in enumerate(way)])
    return answer


def items(events: list[Event], question: Question) -> list[dict[str, Any]]:
    """What happened with each item."""
    inside = question.inside(events)
    chosen = [event for event in inside if question.filter.holds(event) and event.item]
    conversions = [event for event in first_of_conversions(inside) if question.filter.holds(event)]

    def of_item(item: str) -> dict[str, Any]:
        about = [event for event in chosen if event.item == item]
        interactions = [event for event in about if event.type == "item_interaction"]
        converted = [event for event in conversions if event.item == item]
        return {
            "item": item,
            "views": sum(event.action == "view" for event in interactions),
            "interactions": len(interactions),
            "visits": len(visits_of(about)),
            "conversions": len(converted),
            "value": revenue(converted + [event for event in about if event.is_refund], question),
        }

    rows = [of_item(item) for item in {event.item for event in chosen}]
    return sorted(rows, key=lambda row: (-row["interactions"], row["item"]))


def engagement(events: list[Event], question: Question) -> dict[str, Any]:
    """How views were read, in all and by page; and what was not found, with where people came from."""
    chosen = [event for event in question.inside(events) if question.filter.holds(event)]
    views = views_of(chosen)

    def read(of: list[tuple[Event, Any]]) -> dict[str, Any]:
        most = [told for _, told in of if told]
        return {
            "views": len(of),
            "measured": len(most),
            "time_on_page": median(seconds for seconds, _ in most) if most else None,
            "scroll_depth": round(sum(depth for _, depth in most) / len(most) + 1e-9, 1) if most else None,
        }

    pages = {event.page for event, _ in views if event.page}
    rows = [{"page": page} | read([view for view in views if view[0].page == page]) for page in pages]
    missing: dict[Any, list[Event]] = defaultdict(list)
    for event in chosen:
        if event.action == "not_found" and event.page:
            missing[event.page, event.referrer].append(event)
    not_found = [
        {"page": page, "referrer": referrer, "events": len(of), "visits": len(visits_of(of))}
        for (page, referrer), of in missing.items()
    ]
    return {
        "all": read(views),
        "rows": sorted(rows, key=lambda row: (-row["views"], row["page"])),
        "not_found": sorted(not_found, key=lambda row: (-row["events"], row["page"], row["referrer"] is None, row["referrer"])),
    }


def views_of(chosen: list[Event]) -> list[tuple[Event, tuple[int, int] | None]]:
    """Page views, each with how long and how far it was read until the next one of its visit, if that was told."""
    views: dict[Any, list[Event]] = defaultdict(list)
    number: Counter[Any] = Counter()
    for event in chosen:
        if event.type == "page_view" or event.attention:
            number[event.session] += event.type == "page_view"
            views[event.session, number[event.session], event.page].append(event)
    answer = []
    for view in views.values():
        first = next((event for event in view if event.type == "page_view"), None)
        told = [event.attention for event in view if event.attention]
        if first:
            answer.append((first, (max(seconds for seconds, _ in told), max(depth for _, depth in told)) if told else None))
    return answer


def loads_of(chosen: list[Event]) -> list[Event]:
    """The last word of each load."""
    loads = {(event.session, event.page, event.vitals.get("ttfb")): event for event in chosen if event.vitals is not None}
    return list(loads.values())


def p75(values: list[float]) -> float | None:
    """What three of four do not exceed."""
    return sorted(values)[-(-3 * len(values) // 4) - 1] if values else None


VITALS = {"lcp": (2500, 4000), "inp": (200, 500), "cls": (0.1, 0.25), "fcp": (1800, 3000), "ttfb": (800, 1800)}


def vitals(events: list[Event], question: Question) -> dict[str, Any]:
    """The last word of each load, rated; in all and by page."""
    loads = loads_of([event for event in question.inside(events) if question.filter.holds(event)])

    def rated(of: list[Event]) -> dict[str, Any]:
        answer = {}
        for vital, (good, poor) in VITALS.items():
            values = sorted(event.vitals[vital] for event in of if vital in event.vitals)
            if values:
                answer[vital] = {
                    "loads": len(values),
                    "p75": p75(values),
                    "good": percent(sum(value <= good for value in values), len(values)),
                    "needs_improvement": percent(sum(good < value <= poor for value in values), len(values)),
                    "poor": percent(sum(value > poor for value in values), len(values)),
                }
        return answer

    of_page: dict[str, list[Event]] = defaultdict(list)
    for event in loads:
        if event.page:
            of_page[event.page].append(event)
    rows = [{"page": page, "loads": len(of)} | rated(of) for page, of in of_page.items()]
    return {
        "loads": len(loads),
        "vitals": rated(loads),
        "rows": sorted(rows, key=lambda row: (-row["loads"], row["page"])),
    }


def counted(events: list[Event], question: Question, figure: str) -> tuple[float, list[Event]]:
    """A figure, and the events that it counts."""
    inside = question.inside(events)
    chosen = [event for event in inside if question.filter.holds(event)]
    conversions = [event for event in first_of_conversions(inside) if question.filter.holds(event)]
    refunds = [event for event in chosen if event.is_refund]
    which = {
        "events": chosen,
        "page_views": [event for event in chosen if event.type == "page_view"],
        "views_without_visit": [event for event in chosen if event.type == "page_view" and not event.is_of_a_visit],
        "visits": list({event.session: event for event in reversed(chosen) if event.is_of_a_visit}.values()),
        "visitors": list({event.visit.visitor: event for event in reversed(chosen) if event.visit.visitor is not None}.values()),
        "conversions": conversions,
        "revenue": [event for event in conversions + refunds if event.conversion_currency == question.currency],
        "refunds": [event for event in refunds if event.conversion_currency == question.currency],
    }[figure]
    return {"revenue": 1, "refunds": -1}[figure] * revenue(which, question) if figure in ("revenue", "refunds") else len(
        which
    ), which


def properties(events: list[Event], question: Question) -> list[dict[str, Any]]:
    """The keys of events' own properties, the most frequent first."""
    chosen = [event for event in question.inside(events) if question.filter.holds(event)]
    sent = {key: [getattr(event, key) for event in chosen if getattr(event, key)] for key in ("plan", "seats")}
    sent |= {key: [event.vitals[key] for event in chosen if key in (event.vitals or {})] for key in VITALS}
    rows = [{"key": key, "events": len(values), "values": len(set(values))} for key, values in sent.items() if values]
    return sorted(rows, key=lambda row: (-row["events"], row["key"]))


def sessions(events: list[Event], question: Question) -> list[dict[str, Any]]:
    """Visits, the latest first: from the first to the last of their chosen events; bounce and duration are the whole visit's."""
    of_visit = defaultdict(list)
    for event in question.inside(events):
        if question.filter.holds(event) and event.is_of_a_visit:
            of_visit[event.session].append(event)
    rows = []
    for of in of_visit.values():
        visit = of[0].visit
        is_known = visit.closed and visit.of_humans_only
        told = [read for _, read in views_of(of) if read]
        rows.append(
            {
                "start": of[0].moment,
                "end": of[-1].moment,
                "events": len(of),
                "page_views": sum(event.type == "page_view" for event in of),
                "is_bounce": visit.is_bounce if is_known else None,
                "duration_seconds": visit.seconds if is_known else None,
                "engaged_time": sum(seconds for seconds, _ in told) if told else None,
                "scroll_depth": round(sum(depth for _, depth in told) / len(told), 1) if told else None,
            }
            | {key: visit.values[key] for key in ("source", "channel", "device", "country", "entry_page", "exit_page")}
        )
    return sorted(rows, key=lambda row: row["start"], reverse=True)


def periods(question: Question, interval: str) -> list[Any]:
    """What begins in the range: hours as moments, days, weeks and months as days."""
    if interval == "hour":
        return [question.start + n * HOUR for n in range(-(-(question.end - question.start) // HOUR))]
    days = [question.first + timedelta(days=n) for n in range((question.last - question.first).days + 1)]
    return sorted({period_of(day, interval) for day in days})


def bucket(moment: datetime, question: Question, interval: str) -> Any:
    """The period that a moment belongs to."""
    if interval == "hour":
        return question.start + (moment - question.start) // HOUR * HOUR
    return period_of(moment.astimezone(ZoneInfo(question.zone)).date(), interval)


def period_of(day: date, interval: str) -> date:
    """The first day of a day's period."""
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[interval]


def first_of_conversions(inside: list[Event]) -> list[Event]:
    """Each conversion once, by its first event; in order."""
    seen: dict[Any, Event] = {}
    for event in inside:
        if event.is_conversion:
            seen.setdefault(identity(event), event)
    return list(seen.values())


def identity(event: Event) -> Any:
    """What makes a conversion the same."""
    if event.transaction:
        return ("transaction", event.transaction)
    is_step = event.type == "transaction_step"
    return ("session", event.session, event.funnel, event.value) if is_step else ("event", event.key)


def visits_of(events: Iterable[Event]) -> list[Visit]:
    """Distinct visits; an event of nobody is in none."""
    return list({event.session: event.visit for event in events if event.is_of_a_visit}.values())


def visitors_of(visits: list[Visit]) -> set[str]:
    """Distinct visitors; visits without one add none."""
    return {visit.visitor for visit in visits if visit.visitor is not None}


def revenue(conversions: list[Event], question: Question) -> float:
    """Value in the tenant's currency."""
    return sum(event.conversion_value for event in conversions if event.conversion_currency == question.currency)


def percent(part: int, whole: int) -> float:
    return ratio(100 * part, whole)


def ratio(part: float, whole: int) -> float:
    return part / whole if whole else 0
