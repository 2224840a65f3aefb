"""Pages are carried forward, and come to what all their visits come to, in whatever order events came and went."""

from datetime import timedelta

import pytest
import stories
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall.business import all_checks, run_check
from footfall.database import Connection, connect
from footfall.vault.checks import Scope
from site_under_test import NOON, Site, view

CHECKS = [check for check in all_checks() if check.code in ("marts.pages", "marts.page_sums")]
DETAILS = "SELECT d::text FROM business.site_page_details_of(%s, now()) d ORDER BY 1"
PAGES = "SELECT site_page_hk FROM business.site_page_h WHERE tenant_hk = %s"

events = st.fixed_dictionaries(
    {
        "evt_type": st.sampled_from(["page_view"] * 4 + ["contact_interaction", "transaction_step"]),
        "path": st.sampled_from("abc"),
        # half hours join, visits last for longer than they may, and ids come back
        "minutes": st.one_of(st.integers(0, 100), st.integers(0, 1600)),
        "who": stories.WHO,
        "title": st.sampled_from([None, "A", "B"]),
        "time_on_page": st.sampled_from([None, None, 7]),
        "is_bot": stories.IS_BOT,
    }
)
steps = st.lists(
    st.one_of(
        st.lists(events, min_size=1, max_size=6),
        stories.CLOSED,
        st.tuples(st.just("refresh"), st.just(0)),
        stories.REMOVED,
        stories.JUDGED,
    ),
    min_size=3,
    max_size=9,
)


def sent(event: dict) -> dict:
    payload = {
        "evt_type": event["evt_type"],
        "page_url": f"https://acme.example/{event['path']}",
        "page_title": event["title"],
        "time_on_page": event["time_on_page"],
    }
    if event["evt_type"] == "transaction_step":
        payload |= {"evt_action": "complete", "funnel": "checkout"}
    return stories.sent(payload, event)


def findings(site: Site) -> list:
    return [finding for check in CHECKS if (finding := run_check(site.connection, check, Scope(site.tenant_hk)))]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps)
def test_what_is_carried_is_what_all_visits_come_to(module_url: str, story: list) -> None:
    with connect(module_url, "footfall_worker") as connection:
        site = Site.another(connection)
        for step in story:
            match step:
                case ("close" | "remove" | "judge", _):
                    stories.tell(site, step)
                case ("refresh", _):
                    site.refresh()
                case _:
                    site.land(*map(sent, step))
                    site.load()
            assert findings(site) == [], step
        site.close()
        site.refresh()
        assert findings(site) == []
        pages = [page for (page,) in site.rows(PAGES, site.tenant_hk)]
        carried = site.rows(DETAILS, pages)
        # all of their history is read
        site.value("SELECT business.forget_pages(%s)", pages)
        site.value("SELECT business.sum_pages(%s)", pages)
        assert carried == site.rows(DETAILS, pages)
        stored = "SELECT count(*) FROM business.site_page_details_s WHERE tenant_hk = %s AND load_end_date IS NULL"
        assert site.value(stored, site.tenant_hk) == len(pages)


def test_a_visit_counts_for_its_pages_when_it_is_over(site: Site) -> None:
    views = "SELECT total_views FROM business.site_page_details_s WHERE load_end_date IS NULL"
    site.land(view("/", 0, session_id="s"), view("/", 0))
    site.load()
    site.refresh()
    assert site.rows(views) == []
    site.close()
    site.refresh()
    assert site.rows(views) == [(2,)]


def test_until_version_51_it_counted_at_once(site: Site) -> None:
    """A rebuild of what was loaded then comes to what was said then; nothing of it is carried."""
    site.land(view("/", 0, session_id="s"))
    site.load()
    site.value(
        "INSERT INTO business.refresh_w SELECT 'site_page_details', site_page_hk, load_date, tenant_hk FROM business.site_page_h"
        " RETURNING 1"
    )
    assert site.value("SELECT business.refresh_due('site_page_details', '0', now(), 10, NULL, false)") == 1
    assert site.value("SELECT total_views FROM business.site_page_details_s") == 1
    for table in ("page_w", "page_title_w", "page_visit_w"):
        assert site.rows(f"SELECT 1 FROM business.{table}") == []


@pytest.mark.parametrize("history", [20, 400])
def test_a_snapshot_reads_no_more_of_a_page_that_has_been_there_for_long(site: Site, owner: Connection, history: int) -> None:
    """What one more visit costs its page: as many rows, however many visits saw it before."""
    site.land(*[view("/", n, session_id=f"old-{n}", visitor_id=f"v-{n}", page_title="Home") for n in range(history)])
    site.settle()
    owner.execute("ANALYZE")
    site.land(view("/", history, session_id="new", visitor_id="new", page_title="Home"))
    site.load()
    read = """SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::integer FROM pg_stat_xact_user_tables
              WHERE schemaname = 'business' AND relname NOT LIKE 'day_w'"""
    with site.connection.transaction():
        # in a store of a few rows PostgreSQL would rather read them all
        site.connection.execute("SET LOCAL enable_seqscan = off")
        before = site.value(read)
        site.close()
        site.value("SELECT business.refresh_due('site_page_details', '0', %s)", NOON + timedelta(days=365))
        assert site.value("SELECT total_views FROM business.site_page_details_s WHERE load_end_date IS NULL") == history + 1
        assert site.value(read) - before < 100
