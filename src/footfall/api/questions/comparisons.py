"""What a range is compared with: like with like.

Whole months are compared with the months before, a week (as the tenant's begins) with the week before, any other range with as
many days just before, or all of them with a year ago. A range that still runs is compared up to the same moment: today until
14:10 with yesterday until 14:10, this month's 26 days with the first 26 of the last.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from footfall.api.questions.question import FIRST_WEEKDAYS, Aligned, Comparison, Question, Range
from footfall.api.tenant import Tenant

_WEEK = timedelta(days=7)
_YEAR_OF_WEEKS = timedelta(weeks=52)

Shift = Callable[[date], date]


@dataclass(frozen=True, slots=True)
class Compared:
    """The range that another one is compared with; `is_cut`: it ends at a moment of its last day, as the other one does."""

    range: Range
    is_cut: bool


def compared_with(question: Question, name: Comparison, tenant: Tenant) -> Compared:
    """What a question's range is compared with, by the name of the comparison."""
    assert question.range is not None  # noqa: S101  what is compared has one
    if question.compared_range and name == "custom":
        return Compared(question.compared_range, is_cut=False)
    if question.is_of_hours:
        return Compared(_hours_before(question.range, name, tenant), is_cut=False)
    return compared(question.range, name, question.aligned, tenant)


def compared(asked: Range, name: Comparison, aligned: Aligned, tenant: Tenant) -> Compared:
    """What a range of days is compared with, by its name: previous_period or previous_year."""
    today = tenant.clock.date()
    is_running = asked.first <= today <= asked.last
    last = today if is_running else asked.last
    shift = _a_year(aligned) if name == "previous_year" else _a_period(asked.first, last, aligned, tenant, is_running=is_running)
    first, last = shift(asked.first), shift(last)
    if not is_running or _is_capped(last, today):
        return Compared(range_of_days(first, last, tenant), is_cut=False)
    until = tenant.zone.moment(datetime.combine(last, tenant.clock.time()))
    return Compared(Range(first, last, tenant.zone.day_start(first), until), is_cut=True)


def _hours_before(asked: Range, name: Comparison, tenant: Tenant) -> Range:
    """What the last hours are compared with: as many just before, or those of a year ago."""
    if name == "previous_year":
        return range_of_moments(_year_before(asked.since), _year_before(asked.until), tenant)
    lasted = asked.until - asked.since
    return range_of_moments(asked.since - lasted, asked.until - lasted, tenant)


def range_of_days(first: date, last: date, tenant: Tenant) -> Range:
    """Days of the tenant's time zone, both included."""
    return Range(first, last, tenant.zone.day_start(first), tenant.zone.day_start(last + timedelta(days=1)))


def range_of_moments(since: datetime, until: datetime, tenant: Tenant) -> Range:
    """From one moment until before another, and the days that they touch."""
    zone = tenant.zone
    return Range(zone.local(since).date(), zone.local(until - timedelta(microseconds=1)).date(), since, until)


def _a_period(first: date, last: date, aligned: Aligned, tenant: Tenant, *, is_running: bool) -> Shift:
    days = (last - first).days + 1
    if aligned == "weekday":
        return _days(_WEEK * -(-days // _WEEK.days))
    ends_a_month = is_running or (last + timedelta(days=1)).day == 1
    if first.day == 1 and ends_a_month and days > 1:
        return _months((last.year - first.year) * 12 + last.month - first.month + 1)
    weekday = (first.weekday() - FIRST_WEEKDAYS[tenant.week_start]) % _WEEK.days
    if weekday == 0 and ((is_running and days > 1) or days % _WEEK.days == 0) and days <= _WEEK.days:
        return _days(_WEEK)
    return _days(timedelta(days=days))


def _a_year(aligned: Aligned) -> Shift:
    return _days(_YEAR_OF_WEEKS) if aligned == "weekday" else _year_before_day


def _days(earlier: timedelta) -> Shift:
    return lambda day: day - earlier


def _months(earlier: int) -> Shift:
    """The same day so many months before; the last of a month is the last of that one, and no day is beyond it."""

    def shift(day: date) -> date:
        months = day.year * 12 + day.month - 1 - earlier
        year, month = months // 12, months % 12 + 1
        most = monthrange(year, month)[1]
        is_last = day.day == monthrange(day.year, day.month)[1]
        return date(year, month, most if is_last else min(day.day, most))

    return shift


def _is_capped(shifted: date, today: date) -> bool:
    """Whether a day stands for a later one that its month does not have: then all of it counts."""
    return shifted.day < today.day and (shifted + timedelta(days=1)).day == 1


def _year_before_day(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _year_before(moment: datetime) -> datetime:
    return moment.replace(year=moment.year - 1, day=28 if (moment.month, moment.day) == (2, 29) else moment.day)
