"""From a request to the question it asks: checked, with every default filled in. Refuses what it cannot mean, by field."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast, get_args

import msgspec

from footfall.api.questions.comparisons import range_of_days, range_of_moments
from footfall.api.questions.conditions import Condition, parse_by, parse_condition, parse_filter
from footfall.api.questions.formulas import METRICS, AskedMetric, asked_metric
from footfall.api.questions.question import After, Aligned, Comparison, Figure, GoalAsked, Interval, Question, Range
from footfall.api.refused import refuse
from footfall.api.tenant import Tenant

Request = dict[str, Any]

# What every report about a range may be asked.
RANGE = ("dateFrom", "dateTo", "filter", "includeBots", "asOf")
COMPARING = ("compare", "compareBy", "compareFrom", "compareTo")
# What may be asked about a figure of another report, beside what its events may.
_KEYS_OF_FIGURES = {
    "funnel": ("steps", "order", "window", "per", "dimension", "value", "step", "dropped"),
    "retention": ("interval", "cohort", "period"),
    "paths": ("start", "direction", "of", "top", "level", "source", "target"),
}

_MOST_DAYS = 3660
_MOST_HOURS = 168
_MOST_PERIODS = 60
_DAYS_OF_PERIOD = {"day": 1, "week": 7, "month": 28}
_MOST_DAYS_BY = {"minute": 2, "hour": 92}
_MOST_ROWS = 1000
_ROWS = {"sessions": 50, "visitor": 50, "events": 50, "properties": 50, "realtime": 20}
_MOST_SKIPPED = 100_000_000
_MOST_MINUTES = 525_600
_LEAST_STEPS = 2
_MOST_STEPS = 10
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KEY = re.compile("[0-9a-f]{40}")
_CURSOR = re.compile("(?P<shown>[0-9]{1,9})(?:~(?:(?P<moment>[0-9]{1,17})~)?(?P<key>(?:[0-9a-f]{2}){1,40}))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile("[0-9]{1,9}")
# what a breakdown shows when it is not told
_METRICS_OF_PAGES = ("page_views", "visits")
_METRICS_OF_VISITS = ("visitors", "visits", "page_views")
_METRICS_OF_EVENTS = ("events", "page_views", "visits")
# what an overview shows when it is not told: what is known at once
_METRICS_AT_ONCE = tuple(name for name in METRICS if all(measure.rolled for measure in asked_metric(name).measures))


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question, and how it is echoed: the request with every default filled in."""

    question: Question
    query: Request


def keys_about(keys: Sequence[str], figure: str) -> tuple[str, ...]:
    """What a report with these keys may be asked about a figure: also what the figure's own report is asked."""
    return (*(key for key in keys if not (figure == "retention" and key == "hours")), *_KEYS_OF_FIGURES.get(figure, ()))


def resolve(report: str, keys: Sequence[str], request: Request, tenant: Tenant, as_of: datetime | None) -> Resolved:
    """The question that a tenant's request asks of a report, which may be asked `keys`.

    `as_of` is what the request's asOf says; None: nothing, or no moment.

    Raises Refused: ``key_unknown``, ``date_invalid``, ``range_inverted``, ``range_too_long``, ``value_unknown``,
    ``number_out_of_range``, ``moment_invalid``, ``key_invalid``, ``dimension_unknown``, ``metric_unavailable``,
    ``steps_invalid``, and those of filters.
    """
    try:
        return _Reader(report, keys, request, tenant, as_of).resolved()
    except OverflowError:  # before the year 1, or after 9999
        refuse("date_invalid", "dateFrom")


class _Reader:
    """Reads one request, key by key."""

    def __init__(self, report: str, keys: Sequence[str], request: Request, tenant: Tenant, as_of: datetime | None) -> None:
        self._report = report
        self._request = request
        self._tenant = tenant
        self._as_of = as_of
        self._figure = self._word("figure", get_args(Figure), "events") if "figure" in keys else ""
        self._keys = keys_about(keys, self._figure)
        # whoever asks for the events behind another report's figure says what that report was asked
        self._about = self._figure or report

    def resolved(self) -> Resolved:
        days = self._days()
        hours = self._number("hours", 1, _MOST_HOURS, 24) if self._text("hours") is not None else None
        asked_range = self._last_hours(hours) if hours is not None and "hours" in self._keys else days
        self._require_known_keys()
        if asked_range.first > asked_range.last:
            refuse("range_inverted", "dateFrom")
        if (asked_range.last - asked_range.first).days > _MOST_DAYS:
            refuse("range_too_long", "dateFrom", f"at most {_MOST_DAYS} days")
        if self._text("asOf") is not None and self._as_of is None:
            refuse("moment_invalid", "asOf", "ISO 8601, e.g. 2026-11-23T12:00:00Z")
        self._range = asked_range
        self._fields: dict[str, Any] = {
            "report": self._report,
            "range": asked_range if "dateFrom" in self._keys else None,
            "as_of": self._as_of if "asOf" in self._keys else None,
            "is_of_hours": hours is not None,
            "where": self._filter("filter"),
            "bots": self._truth("includeBots"),
            "conversion_acts": self._tenant.conversion_acts,
            "week_start": self._tenant.week_start,
        }
        self._query: Request = {
            "report": self._report,
            "filter": self._request.get("filter") or "",
            "includeBots": self._fields["bots"],
        }
        if "dateFrom" in self._keys:
            self._query |= {
                "dateFrom": asked_range.first.isoformat(),
                "dateTo": asked_range.last.isoformat(),
                "asOf": self._as_of.isoformat() if self._as_of else None,
            }
        if hours is not None:
            self._query |= {"hours": hours, "from": asked_range.since.isoformat(), "until": asked_range.until.isoformat()}
        self._read_groups(hours)
        self._read_page()
        self._read_about()
        return Resolved(Question(**self._fields), self._query)

    def _read_groups(self, hours: int | None) -> None:
        interval = self._interval(hours) if "interval" in self._keys else None
        if interval:
            self._fields["interval"] = interval
            self._query["interval"] = interval
            if interval == "week":
                self._query["weekStart"] = self._tenant.week_start
        if "dimension" in self._keys and (self._report == "breakdown" or self._text("dimension") is not None):
            self._fields["by"] = by = parse_by(self._text("dimension"), "dimension")
            self._query["dimension"] = by.name
        if "across" in self._keys and self._text("across") is not None:
            self._fields["across"] = across = parse_by(self._text("across"), "across")
            self._query["across"] = across.name
        if "metrics" in self._keys:
            metrics = self._metrics(interval)
            self._fields["metrics"] = metrics
            self._query["metrics"] = [metric.name for metric in metrics]
        if "sort" in self._keys:
            names = [metric.name for metric in self._fields["metrics"]]
            self._keep("sort", self._word("sort", (*names, *(f"-{name}" for name in names)), f"-{names[0]}"))
            self._keep("search", self._text("search") or "")

    def _read_page(self) -> None:
        if "limit" in self._keys:
            self._keep("limit", self._number("limit", 1, _MOST_ROWS, _ROWS.get(self._report, 10)))
        if "cursor" in self._keys:
            self._read_cursor()
        if "compare" in self._keys:
            self._fields["compare"] = compare = self._words("compare", get_args(Comparison), ("none",))
            self._query["compare"] = list(compare)
            self._fields["aligned"] = self._query["compareBy"] = self._word("compareBy", get_args(Aligned), "date")
            if "custom" in compare:
                first, last = self._required_day("compareFrom"), self._required_day("compareTo")
                if first > last:
                    refuse("range_inverted", "compareFrom")
                self._fields["compared_range"] = range_of_days(first, last, self._tenant)
                self._query |= {"compareFrom": first.isoformat(), "compareTo": last.isoformat()}

    def _read_cursor(self) -> None:
        """Rows to skip; or after which row to go on, as `nextCursor` says it: what comes in before that moves nothing."""
        match = _CURSOR.fullmatch(self._text("cursor") or "0")
        if match is None or int(match["shown"]) > _MOST_SKIPPED:
            refuse("number_out_of_range", "cursor", f"0 to {_MOST_SKIPPED}, or as nextCursor says it")
        self._fields["cursor"] = int(match["shown"])
        if match["key"]:
            moment = _EPOCH + timedelta(microseconds=int(match["moment"])) if match["moment"] else None
            self._fields["after"] = After(bytes.fromhex(match["key"]), moment)
        self._query["cursor"] = self._text("cursor") if match["key"] else int(match["shown"])

    def _read_about(self) -> None:
        match self._about:
            case "funnel":
                self._read_funnel()
            case "paths":
                self._fields["start"] = self._filter("start")
                self._query["start"] = self._request.get("start") or ""
                self._keep("of", self._word("of", ("pages", "events"), "pages"))
                self._keep("direction", self._word("direction", ("next", "previous"), "next"))
            case "session" | "visitor" as kind:
                self._fields["key"] = self._hash_key(kind)
                self._query[kind] = self._text(kind)
            case "goals":
                self._fields["goals"] = self._goals()
        if self._report == "paths":
            self._keep("depth", self._number("depth", 1, 10, 3))
            self._fields["top"] = self._fields["limit"]
        elif self._report == "events":
            self._keep("figure", self._figure)
            self._read_figure()

    def _read_funnel(self) -> None:
        asked = self._request.get("steps")
        steps: list[str] = [step for step in asked if isinstance(step, str) and step] if isinstance(asked, list) else []
        if steps != asked or not _LEAST_STEPS <= len(steps) <= _MOST_STEPS:
            refuse("steps_invalid", "steps", f"{_LEAST_STEPS} to {_MOST_STEPS} filters")
        self._fields["steps"] = tuple(parse_filter(step, self._tenant.filters, "steps") for step in steps)
        self._fields["step_texts"] = tuple(steps)
        self._query["steps"] = steps
        self._keep("order", self._word("order", ("loose", "strict"), "loose"))
        self._keep("window", self._number("window", 1, _MOST_MINUTES, 43_200))
        self._keep("per", self._word("per", ("visit", "visitor"), "visit"))

    def _read_figure(self) -> None:
        match self._figure:
            case "funnel":
                self._keep("step", self._number("step", 1, len(self._fields["steps"]), 1))
                self._keep("dropped", self._truth("dropped"))
                self._keep("value", self._text("value") or "")
            case "retention":
                cohort = self._day("cohort", self._range.first)
                self._fields["cohort"] = cohort
                self._query["cohort"] = cohort.isoformat()
                self._keep("period", self._number("period", 0, _MOST_DAYS, 0))
            case "paths":
                self._keep("top", self._number("top", 1, _MOST_ROWS, 10))
                self._keep("level", self._number("level", 0, 9, 0))
                self._fields["depth"] = self._fields["level"] + 1
                self._keep("source", self._text("source") or "")
                self._keep("target", self._text("target") or "")

    def _keep(self, name: str, value: Any) -> None:
        self._fields[name] = value
        self._query[name] = value

    def _require_known_keys(self) -> None:
        unknown = min(self._request.keys() - {*self._keys, "tenantId", "tenant_id"}, default=None)
        if unknown is not None:
            refuse("key_unknown", unknown, ", ".join(self._keys))

    def _days(self) -> Range:
        """The days asked for; the last 30 when it says nothing."""
        today = self._tenant.clock.date()
        last = self._day("dateTo", today)
        first = self._day("dateFrom", min(today, last) - timedelta(days=29))
        return range_of_days(first, last, self._tenant)

    def _last_hours(self, hours: int) -> Range:
        """The last hours, the one that runs included."""
        if any(self._text(key) is not None for key in ("dateFrom", "dateTo", "asOf")):
            refuse("value_unknown", "hours", "without dateFrom, dateTo and asOf: the last hours until now")
        clock = self._tenant.clock
        begun = timedelta(minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)
        until = self._tenant.now - begun + timedelta(hours=1)
        return range_of_moments(until - timedelta(hours=hours), until, self._tenant)

    def _interval(self, hours: int | None) -> Interval:
        days = (self._range.last - self._range.first).days
        if self._about == "retention":
            interval = self._word("interval", tuple(_DAYS_OF_PERIOD), "week")
            if days // _DAYS_OF_PERIOD[interval] > _MOST_PERIODS:
                refuse("range_too_long", "interval", f"at most {_MOST_PERIODS} periods")
        else:
            interval = self._word("interval", get_args(Interval), "hour" if hours is not None or days == 0 else "day")
            if days >= _MOST_DAYS_BY.get(interval, _MOST_DAYS + 1):
                refuse("range_too_long", "interval", "minute: at most 2 days; hour: at most 92 days")
        return cast(Interval, interval)

    def _metrics(self, interval: Interval | None) -> tuple[AskedMetric, ...]:
        by = self._fields.get("by")
        default = (
            _METRICS_AT_ONCE
            if self._report == "overview"
            else _METRICS_OF_VISITS
            if by is None or by.dimension.grain == "visit"
            else _METRICS_OF_PAGES
            if by.dimension.name == "page"
            else _METRICS_OF_EVENTS
        )
        metrics = []
        for name in self._list("metrics", tuple(METRICS)) or default:
            try:
                metrics.append(asked_metric(name))
            except ValueError:
                refuse("value_unknown", "metrics", f"{', '.join(METRICS)}; or a formula of these: revenue / visits")
        if interval in ("minute", "hour") and any(measure.of_begun for metric in metrics for measure in metric.measures):
            refuse("metric_unavailable", "metrics", "bounce_rate and visit_duration: by day, week or month")
        return tuple(metrics)

    def _goals(self) -> tuple[GoalAsked, ...]:
        currency = self._tenant.currency
        return tuple(
            GoalAsked(
                goal.goal,
                goal.filter,
                parse_filter(goal.filter, self._tenant.filters, "goal"),
                goal.value is not None,
                goal.value,
                (goal.currency or currency) == currency,
            )
            for goal in self._tenant.goals
        )

    def _filter(self, key: str) -> Condition:
        """A condition: in the filter language, or a tree in JSON, which a query string holds as text."""
        asked = self._request.get(key) or ""
        if isinstance(asked, str) and asked.startswith("{"):
            with contextlib.suppress(msgspec.DecodeError):
                asked = msgspec.json.decode(asked)
        return parse_condition(asked, self._tenant.filters, key)

    def _text(self, key: str) -> str | None:
        """A value as text; what is missing or empty is None."""
        match self._request.get(key):
            case None | "":
                return None
            case str() as text:
                return text
            case other:
                return msgspec.json.encode(other).decode()

    def _word(self, key: str, allowed: Sequence[str], default: str) -> str:
        word = self._text(key) or default
        if word not in allowed:
            refuse("value_unknown", key, ", ".join(allowed))
        return word

    def _list(self, key: str, allowed: Sequence[str]) -> tuple[str, ...]:
        """A list, sent as an array or as one text with commas."""
        match self._request.get(key):
            case None | "":
                return ()
            case str() as text:
                return tuple(text.split(","))
            case list() as words if all(isinstance(word, str) for word in words):
                return tuple(words)
            case _:
                return refuse("value_unknown", key, ", ".join(allowed))

    def _words(self, key: str, allowed: Sequence[str], default: tuple[str, ...]) -> tuple[str, ...]:
        words = self._list(key, allowed) or default
        if not set(words) <= set(allowed):
            refuse("value_unknown", key, ", ".join(allowed))
        return words

    def _number(self, key: str, least: int, most: int, default: int) -> int:
        text = self._text(key)
        if text is None:
            return default
        if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
            refuse("number_out_of_range", key, f"{least} to {most}")
        return int(text)

    def _truth(self, key: str) -> bool:
        return self._word(key, ("true", "false"), "false") == "true"

    def _hash_key(self, key: str) -> bytes:
        text = self._text(key) or ""
        if not _KEY.fullmatch(text):
            refuse("key_invalid", key, "40 hexadecimal digits, as reports write them")
        return bytes.fromhex(text)

    def _required_day(self, key: str) -> date:
        if self._text(key) is None:
            refuse("date_invalid", key, "a day, YYYY-MM-DD")
        return self._day(key, date.min)

    def _day(self, key: str, default: date) -> date:
        text = self._text(key)
        if text is None:
            return default
        with contextlib.suppress(ValueError):
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        return refuse("date_invalid", key)
