"""What a server says of an order or an event stands above what anybody says of it under a public key, whichever came first."""

from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from footfall.business import change_tenant, list_sending_hosts
from footfall.database import administering, pool
from site_under_test import NOON, RECEIVED, Site

PUBLIC = {"_is_trusted": False, "_record_source": "web:1"}
SERVER = {"_is_trusted": True, "_record_source": "server:2"}
DAYS = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}


def order(value: float, sender: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return {
        "evt_type": "transaction_step",
        "evt_action": "complete",
        "evt_value": value,
        "event_timestamp": NOON.isoformat(),
        **facts,
        **sender,
    }


THREE_DAYS_BEFORE = (NOON - timedelta(days=3)).isoformat()
STORIES = {
    "its order's number": ({"transaction_id": "o-1"}, {"transaction_id": "o-1", "event_timestamp": THREE_DAYS_BEFORE}),
    "its event's id": ({"event_id": "e-1"}, {"event_id": "e-1", "event_timestamp": THREE_DAYS_BEFORE}),
    "its event's id and time": ({"event_id": "e-1"}, {"event_id": "e-1"}),
    "both": ({"event_id": "e-1", "transaction_id": "o-1"}, {"event_id": "e-1", "transaction_id": "o-1"}),
    "its order's number, in the visit of its customer": (
        {"transaction_id": "o-1", "session_id": "s-1"},
        {"transaction_id": "o-1", "session_id": "s-1"},
    ),
}


def figures(site: Site, **asked: Any) -> dict[str, Any]:
    metrics: dict[str, Any] = site.ask("overview", metrics=["revenue", "conversions", "page_views"], **asked)["data"]["metrics"]
    return metrics


def invalid(site: Site) -> dict[str, int]:
    return dict(site.rows("SELECT unnest(validation_errors), count(*) FROM staging.site_events_staging GROUP BY 1"))  # type: ignore[arg-type]


def revenue(site: Site, **asked: Any) -> tuple[Decimal, int]:
    metrics = figures(site, **DAYS, **asked)
    return Decimal(str(metrics["revenue"])), metrics["conversions"]


@pytest.mark.parametrize("is_apart", [True, False], ids=["loads apart", "one load"])
@pytest.mark.parametrize("is_public_first", [True, False], ids=["public first", "server first"])
@pytest.mark.parametrize("story", STORIES)
def test_a_public_key_takes_nothing_from_a_servers_order_that_it_knows(
    site: Site, story: str, is_public_first: bool, is_apart: bool
) -> None:
    servers, publics = STORIES[story]
    events = [order(0.01, PUBLIC, **publics), order(5000, SERVER, **servers)]
    for event in events if is_public_first else events[::-1]:
        site.land(event)
        if is_apart:
            site.load()
    site.load()
    assert revenue(site) == (5000, 1)
    site.roll_up()
    assert revenue(site) == (5000, 1)
    assert revenue(site, asOf=site.value("SELECT max(load_date)::text FROM raw.load_batch")) == (5000, 1)
    assert figures(site, dateFrom="2026-03-10", dateTo="2026-03-10")["revenue"] == 5000
    assert site.failing_checks() == []


def test_what_was_reported_before_the_server_spoke_stays_known(site: Site) -> None:
    site.land(order(0.01, PUBLIC, transaction_id="o-1", session_id="s-1"))
    site.load()
    site.close()
    before = site.value("SELECT max(load_date)::text FROM raw.load_batch")
    site.land(order(5000, SERVER, transaction_id="o-1"))
    site.load()
    assert revenue(site, asOf=before) == (Decimal("0.01"), 1)
    assert revenue(site) == (5000, 1)
    site.close()
    site.refresh()
    worth = """
        SELECT total_conversion_value FROM business.site_session_current_v
        JOIN business.site_session_h USING (site_session_hk) WHERE site_session_bk = 's-1'
    """
    assert site.value(worth) == 0
    assert site.failing_checks() == []


def test_neither_does_it_take_an_order_back(site: Site) -> None:
    refund = {"evt_action": "refund", "transaction_id": "o-1"}
    for events in permutations([order(5000, SERVER, transaction_id="o-1"), order(4000, PUBLIC, **refund)]):
        another = Site.another(site.connection)
        for event in events:
            another.land(event)
            another.load()
        assert revenue(another) == (5000, 1)
        another.land(order(1000, SERVER, **refund))
        another.load()
        assert revenue(another) == (4000, 1)


def test_a_refund_of_the_server_leaves_the_order_that_only_the_browser_told_of(site: Site) -> None:
    site.land(order(100, PUBLIC, transaction_id="o-1"))
    site.load()
    site.land(order(30, SERVER, evt_action="refund", transaction_id="o-1"))
    site.load()
    assert revenue(site) == (70, 1)


def test_what_a_server_sends_again_counts_once(site: Site) -> None:
    site.land(order(0.01, PUBLIC, event_id="e-1"))
    site.load()
    for minute in range(3):  # a client that stamps at each attempt
        site.land(order(5000, SERVER, event_id="e-1", event_timestamp=(NOON + timedelta(minutes=minute)).isoformat()))
        site.load()
    assert revenue(site) == (5000, 1)
    assert site.failing_checks() == []


def test_a_public_key_may_not_send_what_no_order_is_worth(site: Site) -> None:
    site.land(order(99_999_999_999, PUBLIC), order(99_999_999_999, SERVER))
    site.land(order(5, PUBLIC, item_value=-99_999_999_999, item_id="i"))
    site.load()
    assert invalid(site) == {"value_out_of_bounds": 2}
    assert revenue(site) == (99_999_999_999, 1)


@pytest.fixture
def administrators(url: str, site: Site) -> Any:
    with pool(url, "footfall_admin", size=1) as connections:
        yield connections


def test_pages_of_hosts_that_are_not_a_tenants_wait_until_they_are(site: Site, administrators: Any) -> None:
    def view(host: str | None, **sender: Any) -> dict[str, Any]:
        page = {"page_url": f"https://{host}/"} if host else {}
        return {"evt_type": "page_view", "event_timestamp": NOON.isoformat(), "session_id": "s", **page, **(sender or PUBLIC)}

    def allow(*hosts: str) -> None:
        with administering(administrators, site.tenant_hk) as connection:
            change_tenant(connection, allowed_hosts=hosts)

    def views() -> int:
        return int(figures(site, **DAYS)["page_views"])

    site.land(view("shop.acme.example"))
    site.load()
    assert views() == 1, "whose hosts nobody has named, any host may send"
    allow("www.ACME.example")
    ours, others = ("acme.example", "www.acme.example", "blog.acme.example"), ("evilacme.example", "evil.example")
    site.land(*map(view, ours + others))
    site.land(view("evil.example", **SERVER, event_id="server's"), view(None))
    site.load()
    assert invalid(site) == {"host_not_allowed": 2}
    assert views() == 6
    with administering(administrators, site.tenant_hk) as connection:
        connection.execute("SELECT set_config('footfall.now', %s, true)", ((RECEIVED + timedelta(hours=1)).isoformat(),))
        seen = {row["host"]: (row["allowed"], row["events"], row["refused"]) for row in list_sending_hosts(connection)}
    assert seen["evil.example"] == (False, 1, 1)
    assert seen["blog.acme.example"] == (True, 1, 0)
    allow("acme.example", "evil.example")
    site.load()
    assert invalid(site) == {"host_not_allowed": 1}
    assert views() == 7
    assert site.failing_checks() == []
