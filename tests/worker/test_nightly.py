"""The checks that a worker runs at night: each in its turn, what they found is kept."""

from datetime import UTC, datetime

from footfall.business import all_checks
from footfall.database import connect
from footfall.worker.nightly import check_next
from site_under_test import NOON, Site, view


def test_each_check_is_run_once_a_night_and_what_it_found_is_kept(site: Site):
    site.set_clock(NOON)
    site.land(view("/", 0, session_id="s"))
    site.load()
    site.connection.execute("UPDATE business.site_event_details_s SET event_type = 'another'")
    runs = 0
    while check_next(site.connection):
        runs += 1
    assert runs == len(all_checks())
    found = dict(site.rows("SELECT code, violations FROM util.check_result WHERE violations > 0"))
    assert found["site_event_details_s.hash_diff"] == 1
    assert site.value("SELECT cardinality(examples) FROM util.check_result WHERE code = 'site_event_details_s.hash_diff'") == 1
    # nothing is due for the rest of the night; a day later, all
    assert not check_next(site.connection)
    site.set_clock(datetime(2026, 3, 11, 12, tzinfo=UTC))
    assert check_next(site.connection)


def test_two_workers_do_not_run_the_same(site: Site, url: str):
    with connect(url, "footfall_worker") as other, other.transaction():
        assert other.execute("SELECT util.try_turn('checks')").fetchone() == (True,)
        assert not check_next(site.connection)
    assert check_next(site.connection)
