"""What a goal is worth from a day on: answers of days before it stay what they were."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from footfall.api import add_goal, list_goals
from footfall.governance import Wish, all_entries
from site_under_test import Site, view

PAID = "page==/paid"
DAY = 1440  # minutes
LATER = datetime(2026, 3, 16, tzinfo=UTC)
# the value from a day on, and what each paid page of 10 to 15 March is worth then
VALUES: list[tuple[Decimal | None, str | None, str | None]] = [
    (Decimal(5), None, None),
    (Decimal("8.5"), None, "2026-03-12"),
    (None, None, "2026-03-14"),
    (Decimal(100), "JPY", "2026-03-15"),
]
WORTH = {10: 5, 11: 5, 12: 8.5, 13: 8.5, 14: 3, 15: 0}


@pytest.fixture
def paid(site: Site) -> Site:
    """A paid page each day, of a value of its own; and another page."""
    for number in range(6):
        site.land(
            view("/paid", number * DAY, session_id=f"s-{number}", event_id=f"p-{number}", evt_value=3, currency="USD"),
            received=LATER,
        )
        site.land(view("/", number * DAY + 1, session_id=f"s-{number}", event_id=f"v-{number}"), received=LATER)
    site.settle()
    return site


def value(site: Site, first: int, last: int, **more: Any) -> float:
    rows = site.ask("goals", dateFrom=f"2026-03-{first}", dateTo=f"2026-03-{last}", **more)["data"]["goals"]
    return {row["goal"]: row["value"] for row in rows}["Paid"]


def test_a_value_from_a_day_on_changes_no_answer_of_days_before(paid: Site) -> None:
    add_goal(paid.connection, "acme", "Seen", "page==/", Decimal(1), None)
    for number, (worth, currency, since) in enumerate(VALUES):
        before = None if not number else [value(paid, day, day) for day in WORTH]
        add_goal(paid.connection, "acme", "Paid", PAID, worth, currency, date.fromisoformat(since) if since else None)
        if before and since:
            day = int(since[-2:])
            assert [value(paid, day_before, day_before) for day_before in WORTH if day_before < day] == before[: day - 10]
    assert [value(paid, day, day) for day in WORTH] == list(WORTH.values())
    assert value(paid, 10, 15) == sum(WORTH.values())
    now = paid.value("SELECT max(load_date) FROM raw.load_batch").isoformat()
    assert value(paid, 10, 15, asOf=now) == sum(WORTH.values())
    goals = site_goals(paid)
    assert goals["Seen"] == []
    assert [one["from"] for one in goals["Paid"]] == ["2026-03-12", "2026-03-14", "2026-03-15"]
    # redefined, it keeps what holds from a day on; of the same day the last word holds
    add_goal(paid.connection, "acme", "Paid", PAID, Decimal(6), None)
    add_goal(paid.connection, "acme", "Paid", PAID, Decimal(9), None, date(2026, 3, 12))
    assert [value(paid, day, day) for day in WORTH] == [6, 6, 9, 9, 3, 0]
    assert all_entries(paid.connection, paid.tenant_hk, Wish(action="goal"))[0]["details"].keys() == {"later_values"}


def site_goals(site: Site) -> dict[str, Any]:
    return {row["goal"]: row["later_values"] for row in list_goals(site.connection, "acme")}
