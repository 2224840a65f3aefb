"""A store made anew from its raw is the store, to the bit of every load date (T03)."""

import itertools
import random
import signal
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from footfall.business import add_event_type, change_tenant, remove_event_type
from footfall.database import Connection, Store, administering, connect, pool
from footfall.demo import INDUSTRIES, history
from footfall.errors import NotAccepted
from footfall.imports.access_log import import_access_log
from footfall.operations.customers.deletion import delete_tenant
from footfall.operations.proof.rebuild import Rebuilt, Wanted, rebuild_into, sample, verify
from footfall.worker.quarantine import quarantine_poison
from site_under_test import BOT, NOON, Site, at, view

ALL = Wanted()
PUBLIC = {"_is_trusted": False, "_record_source": "web:1"}
_numbers = itertools.count()


def chunks(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [events[first : first + 300] for first in range(0, len(events), 300)]


def item(name: str, minutes: float, **more: Any) -> dict[str, Any]:
    return {
        "evt_type": "item_interaction",
        "event_timestamp": at(minutes),
        "item_id": name,
        "item_name": name.title(),
        "event_id": f"item-{name}-{minutes}",
    } | more


def order(number: str, value: float, minutes: float, **more: Any) -> dict[str, Any]:
    return {
        "evt_type": "transaction_step",
        "evt_action": "complete",
        "transaction_id": number,
        "evt_value": value,
        "event_timestamp": at(minutes),
        "event_id": f"order-{number}-{value}",
    } | more


def administer(url: str, site: Site, change: Callable[[Connection], Any]) -> Any:
    with pool(url, "footfall_admin", size=1) as administrators, administering(administrators, site.tenant_hk) as connection:
        return change(connection)


def proved(url: str, wanted: Wanted = ALL) -> Rebuilt:
    """Verify, and say what differs where that is not nothing."""
    done = verify(Store(url), wanted)
    assert done.is_proved, (done.failures, done.differences, done.limits)
    assert done.compared > 0
    return done


def traffic(site: Site, day: int = 0) -> None:
    """Half a day of a shop in four loads, with a bot, somebody without an id, an item, an order, and jobs in between."""
    base = day * 1440
    site.land(
        view("/", base, _visitor_id="v"), view("/p", base + 20, _visitor_id="v"), view("/", base, _user_agent=BOT, session_id="b")
    )
    site.load()
    site.land(item("chair", base + 21, _visitor_id="v"), order(f"o-{day}", 12.5, base + 22, _visitor_id="v"))
    site.land(view("/q", base + 300, session_id="s", visitor_id="consented"), {"evt_type": "page_view", "_do_not_track": True})
    site.load()
    site.close()
    site.refresh()
    site.land(view("/late", base + 5, _visitor_id="v"), view("/late", base + 5, _visitor_id="v"), {"evt_type": "nonsense"})
    site.load()
    site.roll_up()
    site.land(item("table", base + 310, session_id="s"), order(f"o-{day}", 12.5, base + 25, _visitor_id="v"))
    site.settle()


def test_a_store_and_what_is_made_of_its_raw_are_the_same(url: str, site: Site) -> None:
    traffic(site)
    traffic(Site(site.connection, "other", time_zone="Asia/Tokyo", currency="JPY"))
    done = proved(url)
    assert done.events == site.value("SELECT count(*) FROM raw.site_tracking_events_r")
    assert (done.limits, done.not_compared) == ((), 0)
    assert done.loads == site.value("SELECT count(*) FROM raw.load_batch")


# each in a tenant of its own
DAMAGE = {
    "a load date": "UPDATE business.site_visitor_h SET load_date = load_date + interval '1 microsecond' WHERE",
    "an event": "UPDATE business.site_event_details_s SET event_value = 12.51 WHERE event_value = 12.5 AND",
    "a link that is lost": "DELETE FROM business.event_page_l WHERE",
    "a link that nobody made": "UPDATE business.session_visitor_l SET link_session_visitor_hk = sha256(link_session_visitor_hk)"
    " WHERE",
    "an end of a timeline": "UPDATE business.site_session_context_s SET load_end_date = load_date + interval '1 s' WHERE",
    "a session": "UPDATE business.site_session_details_s SET is_bounce = NOT is_bounce WHERE load_end_date IS NULL AND",
    "a page": "UPDATE business.site_page_details_s SET total_views = 0 WHERE load_end_date IS NULL AND",
    "an item that is lost": "DELETE FROM business.business_item_details_s WHERE",
    "a mart": "UPDATE business.event_b SET channel = 'paid' WHERE",
    "a visit": "UPDATE business.visit_b SET exit_page_hk = entry_page_hk, events = events + 1 WHERE",
    "a rollup": "UPDATE business.rollup_b SET visits = visits + 1 WHERE",
    "a payload": """UPDATE raw.site_tracking_events_r SET raw_payload = raw_payload || '{"evt_label": "forged"}' WHERE""",
}


def test_whatever_was_changed_afterwards_is_found_to_the_row(url: str, worker: Connection, owner: Connection) -> None:
    damaged = {damage: Site.another(worker) for damage in DAMAGE}
    well = Site.another(worker)
    for site in (*damaged.values(), well):
        traffic(site)
    for damage, site in damaged.items():
        assert owner.execute(f"{DAMAGE[damage]} tenant_hk = %s", (site.tenant_hk,)).rowcount, damage
    done = verify(Store(url), ALL)
    assert not done.is_proved
    found = {(difference.place.tenant, bool(difference.rows)) for difference in done.differences}
    assert found == {(site.tenant_id, True) for site in damaged.values()}


def test_a_raw_event_that_is_lost_is_missed(url: str, site: Site, owner: Connection) -> None:
    traffic(site)
    owner.execute(
        "DELETE FROM raw.site_tracking_events_r WHERE raw_event_id = (SELECT min(raw_event_id) FROM raw.site_tracking_events_r)"
    )
    done = verify(Store(url), ALL)
    assert "raw has 2 of the 3 events" in done.failures[0]


def test_what_waits_waits_in_the_rebuilt_store_too(url: str, site: Site) -> None:
    traffic(site)
    site.land(view("/waiting", 900, _visitor_id="v"), {"evt_type": "banner", "event_id": "b"})
    proved(url)
    site.load()
    proved(url)  # loaded, and no session closed, nothing computed


def test_what_was_refused_and_tried_again_is_loaded_when_it_was_loaded(url: str, site: Site) -> None:
    site.land(view("/", 0, session_id="s"), {"evt_type": "banner", "event_id": "b-1", "session_id": "s"})
    site.land({"evt_type": "poster", "event_id": "p-1", "session_id": "s"}, {"event_id": "nothing"})
    site.settle()
    for name, tried in (("banner", 2), ("poster", 1)):  # whatever was refused for its type is tried
        assert administer(url, site, lambda c, name=name: add_event_type(c, name, "engagement", "view")) == tried
        proved(url)  # it waits to be tried again
        site.settle()
        proved(url)
    former = site.rows("SELECT former_load_dates FROM raw.ingest_batch ORDER BY batch_id")
    assert [len(dates) for (dates,) in former] == [1, 2]
    assert site.fates() == ["loaded", "loaded", "loaded", "invalid"]


def test_what_is_refused_still_or_again_is_refused(url: str, site: Site) -> None:
    site.land(view("/", 0, session_id="s"), {"evt_type": "banner", "event_id": "b-1"}, {"evt_type": "poster", "event_id": "p"})
    site.settle()
    site.connection.execute("SELECT set_config('app.tenant_hk', %s, false)", (site.tenant_hk.hex(),))
    for _ in range(2):  # for no reason
        assert site.value("SELECT business.reprocess_invalid('evt_type_unknown', '-infinity')") == 2
        site.settle()
    assert site.fates() == ["loaded", "invalid", "invalid"]
    proved(url)


def test_rules_that_changed_without_another_try_are_named(url: str, site: Site) -> None:
    site.land(view("/", 0, session_id="s"), {"evt_type": "banner", "event_id": "b-1", "session_id": "s"})
    site.settle()
    site.connection.execute("INSERT INTO ref.event_type VALUES (%s, 'banner', 'engagement', 'click')", (site.tenant_hk,))
    done = verify(Store(url), ALL)
    assert done.limits == ("acme: events that were refused (evt_type_unknown) and that the rules of now take: 1",)
    assert not done.is_proved


def test_an_event_type_that_was_taken_away_is_named(url: str, site: Site) -> None:
    administer(url, site, lambda c: add_event_type(c, "banner", "engagement", "view"))
    site.land(view("/", 0, session_id="s"), {"evt_type": "banner", "event_id": "b-1", "session_id": "s"})
    site.settle()
    administer(url, site, lambda c: remove_event_type(c, "banner"))
    done = verify(Store(url), ALL)
    assert done.limits == ("acme: events that were taken and that the rules of now refuse (evt_type_unknown): 1",)
    assert not done.is_proved


def test_an_event_that_was_set_aside_is_left_out(url: str, site: Site, owner: Connection) -> None:
    owner.execute("ALTER TABLE business.site_event_details_s ADD CONSTRAINT poison CHECK (page_title <> 'poison')")
    site.land(view("/", 0, session_id="s"), view("/p", 1, session_id="s", page_title="poison"))
    (batch,) = owner.execute("SELECT max(batch_id) FROM raw.ingest_batch").fetchone()
    assert quarantine_poison(site.connection, batch) == 1
    site.settle()
    owner.execute("ALTER TABLE business.site_event_details_s DROP CONSTRAINT poison")
    assert site.fates() == ["loaded", "invalid"]
    proved(url)
    site.connection.execute("SELECT set_config('app.tenant_hk', %s, false)", (site.tenant_hk.hex(),))
    assert site.value("SELECT business.reprocess_invalid('load_failed', '-infinity')") == 1
    proved(url)
    site.settle()
    assert site.fates() == ["loaded", "loaded"]
    proved(url)
    # also where staging, which had told it, is empty
    owner.execute("TRUNCATE staging.site_events_staging")
    proved(url)


def test_what_a_server_says_otherwise_is_superseded(url: str, site: Site) -> None:
    site.land(order("o-1", 5000, 0, **PUBLIC, event_id="e"), view("/", 1, session_id="s"))
    site.settle()
    site.land(order("o-1", 50, 3, event_id="e"), order("o-1", 7000, 4, **PUBLIC, event_id="f"))
    site.settle()
    assert site.value("SELECT count(*) FROM business.superseded_w") > 0
    proved(url)


def test_tenants_have_the_settings_of_then(url: str, site: Site) -> None:
    site.land(view("/", 0, _visitor_id="v"), order("o-1", 10, 1, _visitor_id="v"), order("o-2", 1000, 2, **PUBLIC))
    site.settle()
    administer(url, site, lambda c: change_tenant(c, largest_value=100))
    site.land(order("o-3", 1000, 200, **PUBLIC), view("/", 700, _visitor_id="v"))
    site.settle()
    administer(url, site, lambda c: change_tenant(c, time_zone="America/New_York", currency="JPY"))
    site.land(view("/", 710, _visitor_id="v"), order("o-4", 10, 711, _visitor_id="v"))
    site.settle()
    administer(url, site, lambda c: change_tenant(c, largest_value=100_000, industry="finance"))
    site.settle()
    assert "invalid" not in site.fates()
    proved(url)


def test_a_deleted_tenant_is_in_neither_and_the_others_are_the_same(url: str, site: Site, owner: Connection) -> None:
    other = Site(site.connection, "other")
    for day in range(2):
        for one in (site, other):
            one.land(view("/", day * 1440, _visitor_id="v"), item("chair", day * 1440 + 2, _visitor_id="v"))
        site.load()  # one load of both
    while site.value("SELECT business.close_sessions(%s, 1)", NOON + timedelta(days=365)):
        pass
    site.settle()
    taken = "SELECT count(*) FROM raw.load_batch WHERE asked -> 'taken' ? %s"
    assert site.value(taken, other.tenant_hk.hex())
    delete_tenant(site.connection, owner, "other")
    assert not site.value(taken, other.tenant_hk.hex())
    done = proved(url)
    assert done.events == 4


def test_one_tenant_is_rebuilt_as_it_is_among_others(url: str, site: Site) -> None:
    """Jobs take so many of each tenant, in turns, and visitors at most daily: alone, a tenant would have other turns."""
    sites = [site, *(Site(site.connection, f"tenant-{n}") for n in range(3))]
    for number, one in enumerate(sites):
        for visitor in range(2 + 3 * number):
            one.land(view("/", visitor * 35, _visitor_id=f"v{visitor}"), view("/", 400 + visitor * 35, _visitor_id=f"v{visitor}"))
    site.load()
    while site.value("SELECT business.close_sessions(%s, 3)", NOON + timedelta(days=365)):
        site.value("SELECT business.refresh_due('site_visitor_details', '1 day', %s, 2)", datetime.now(UTC))
    for one in sites:
        proved(url, Wanted((one.tenant_hk,)))
    proved(url)


def test_jobs_come_after_the_load_that_they_saw_not_after_their_date(url: str, site: Site) -> None:
    """A job that begins while a load is under way has a later date, and does not see the load."""
    site.land(view("/", 0, _visitor_id="v"), item("chair", 1, _visitor_id="v"))
    site.load()
    site.close()
    site.land(view("/", 2, _visitor_id="v"), item("chair", 3, _visitor_id="v"))
    with connect(url, "footfall_worker") as another:
        batches = another.execute(
            "SELECT array_agg(batch_id) FROM raw.ingest_batch WHERE processing_status = 'PENDING'"
        ).fetchone()
        with another.transaction():
            another.execute("SELECT count(*) FROM business.load_claimed(%s)", batches)
            site.refresh()
    (asked,) = site.rows("SELECT asked ->> 'seen', load_date FROM raw.load_batch WHERE job = 'business_item_details'")
    assert (
        datetime.fromisoformat(asked[0]) < site.value("SELECT max(load_date) FROM raw.load_batch WHERE job = 'load'") < asked[1]
    )
    assert site.value("SELECT total_interactions FROM business.business_item_details_s WHERE load_end_date IS NULL") == 1
    proved(url)


def test_a_store_at_work_is_proved_as_of_one_moment(url: str, site: Site) -> None:
    other = Site(site.connection, "other")
    stop = threading.Event()

    def work() -> None:
        with connect(url, "footfall_worker") as connection:
            mine = Site.__new__(Site)
            mine.connection = connection
            while not stop.is_set():
                mine.close()
                mine.refresh()
                mine.roll_up()

    at_work = threading.Thread(target=work)
    at_work.start()
    try:
        for number in range(30):
            for one in (site, other):
                one.land(view(f"/{number % 5}", number * 7, _visitor_id=f"v{number % 4}"), item("chair", number * 7 + 1))
            site.load()
        proved(url)
    finally:
        stop.set()
        at_work.join()
    proved(url)


def test_what_retention_removed_is_named_and_what_came_later_is_compared(url: str, site: Site, owner: Connection) -> None:
    other = Site(site.connection, "other")
    for month in (1, 2, 3):
        moment = datetime(2026, month, 10, 12, tzinfo=UTC)
        owner.execute("SELECT util.ensure_month(%s, 'timestamptz')", (moment,))
        site.set_clock(moment + timedelta(minutes=1))
        for one in (site, other):
            one.land(view("/", 0, session_id=f"s-{month}", event_timestamp=moment.isoformat()), received=moment)
        site.load()
    site.settle()
    owner.execute("INSERT INTO ref.retention VALUES (%s, 'raw', 45)", (site.tenant_hk,))
    assert owner.execute("SELECT util.delete_expired('raw', '2026-03-20')").fetchone() == (1,)
    done = proved(url)
    assert len(done.limits) == 1
    assert done.limits[0].startswith("acme: 1 events of 1 batches, received until 2026-01-10, are not in raw any more")
    assert done.not_compared > 0
    owner.execute(
        "UPDATE business.site_event_h SET load_date = load_date + interval '1 s'"
        " WHERE tenant_hk = %s AND load_date > '2026-03-01'",
        (site.tenant_hk,),
    )
    assert not verify(Store(url), ALL).is_proved


def test_what_retention_removed_of_persons_does_not_come_back(url: str, site: Site, owner: Connection) -> None:
    for day in (0, 40):
        moment = NOON + timedelta(days=day)
        site.set_clock(moment + timedelta(minutes=1))
        more = {"_visitor_id": "v", "screen_resolution": f"{800 + day}x600", "event_timestamp": moment.isoformat()}
        site.land(view("/", day * 1440, **more), received=moment)
        site.load()
        site.close(moment + timedelta(days=1))
        site.refresh(moment + timedelta(days=1))
    site.roll_up()
    known = "SELECT count(*) FROM business.site_session_context_s WHERE user_agent IS NOT NULL"
    owner.execute("INSERT INTO ref.retention VALUES (%s, 'context', 30)", (site.tenant_hk,))
    assert owner.execute("SELECT business.retire_context(%s, 1000)", (NOON + timedelta(days=40),)).fetchone() == (2,)
    assert owner.execute(known).fetchone() == (1,)
    assert proved(url).limits == ()
    owner.execute("DELETE FROM raw.kept_since")
    assert not verify(Store(url), ALL).is_proved


def test_months_that_are_past_are_proved_as_they_were(url: str, site: Site, owner: Connection) -> None:
    for month in (1, 2, 3):
        moment = datetime(2026, month, 10, 12, tzinfo=UTC)
        owner.execute("SELECT util.ensure_month(%s, 'timestamptz')", (moment,))
        site.set_clock(moment + timedelta(minutes=1))
        site.land(
            view("/", 0, _visitor_id="v", event_id=f"e-{month}", event_timestamp=moment.isoformat()),
            # late, of the month before
            view(
                "/",
                0,
                _visitor_id="v",
                event_id=f"late-{month}",
                event_timestamp=(moment - timedelta(days=28, minutes=5)).isoformat(),
            ),
            received=moment,
        )
        site.load()
        site.close(moment + timedelta(days=1))
        site.refresh(moment + timedelta(days=1))
    done = proved(url, Wanted(None, (date(2026, 2, 1),)))
    assert done.loads < site.value("SELECT count(*) FROM raw.load_batch")
    assert done.limits == ("raw and marts of 2026-02: those are of now, and what came later was not loaded",)
    owner.execute("UPDATE business.site_event_h SET load_date = load_date + interval '1 s' WHERE load_date > '2026-03-01'")
    proved(url, Wanted(None, (date(2026, 2, 1),)))
    owner.execute("UPDATE business.site_page_h SET load_date = load_date + interval '40 days'")
    assert not verify(Store(url), Wanted(None, (date(2026, 2, 1),))).is_proved


def test_a_sample_is_of_tenants_and_months_with_loads(url: str, site: Site) -> None:
    for number in range(4):
        Site(site.connection, f"tenant-{number}").land(view("/", 0, session_id="s"))
    site.load()
    wanted = sample(Store(url), None, 2, 1, random.Random(1))
    assert len(wanted.tenants or ()) == 2
    assert site.tenant_hk not in (wanted.tenants or ())
    assert wanted.months == (site.value("SELECT date_trunc('month', max(load_date))::date FROM raw.load_batch"),)
    assert proved(url, wanted).events == 2


def test_a_rebuilt_store_goes_on(url: str, site: Site, server: str) -> None:
    traffic(site)
    name = f"rebuilt_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    target = make_conninfo(server, dbname=name)
    try:
        assert rebuild_into(Store(url), target, ALL).is_proved
        with pytest.raises(NotAccepted) as refused:
            rebuild_into(Store(url), target, ALL)
        assert refused.value.code == "store_not_empty"
        with connect(target, "footfall_worker") as connection:
            rebuilt = Site.__new__(Site)
            rebuilt.connection, rebuilt.tenant_id, rebuilt.tenant_hk = connection, "acme", site.tenant_hk
            rebuilt.land(view("/new", 2000, _visitor_id="v"))
            rebuilt.settle()
            assert rebuilt.failing_checks() == []
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_only_a_store_that_is_rebuilt_takes_a_date_as_it_is(site: Site, owner: Connection) -> None:
    latest = site.value("SELECT business.open_load('load')")
    site.set_clock(latest - timedelta(days=1))
    assert site.value("SELECT business.open_load('load')") > latest
    owner.execute("INSERT INTO util.work VALUES ('rebuild')")
    assert site.value("SELECT business.open_load('load')") == latest - timedelta(days=1)
    site.connection.execute("RESET footfall.now")
    with pytest.raises(psycopg.errors.DataError):  # no worker works there by the clock of the wall
        site.value("SELECT business.open_load('load')")


def databases(server: str) -> list[str]:
    with psycopg.connect(server, autocommit=True) as connection:
        return [
            name for (name,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'footfall\\_rebuild\\_%'")
        ]


def test_the_throw_away_store_is_gone_also_when_it_was_interrupted(url: str, site: Site, server: str) -> None:
    site.land(view("/", 0, session_id="s"))
    site.settle()

    def stop_at(what: str) -> Callable[[str, int], None]:
        def told(doing: str, _events: int) -> None:
            assert databases(server)
            if doing == what:
                signal.raise_signal(signal.SIGTERM)

        return told

    for what in ("Making the schema", "Loading", "Comparing"):
        with pytest.raises(KeyboardInterrupt):
            verify(Store(url), Wanted(), stop_at(what))
        assert databases(server) == []
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE footfall_rebuild_0123456789ab")  # of one that was killed
    proved(url)
    assert databases(server) == []


def test_who_may_make_no_database_rebuilds_in_a_temporary_folder(url: str, site: Site, server: str, tmp_path: Path) -> None:
    traffic(site)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE ROLE of_no_database LOGIN IN ROLE footfall_worker; GRANT footfall_worker TO of_no_database")
    try:
        done = verify(Store(make_conninfo(url, user="of_no_database")), Wanted(), folder=tmp_path)
        assert done.is_proved, done
        assert list(tmp_path.iterdir()) == []
    finally:
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute("DROP OWNED BY of_no_database; DROP ROLE of_no_database")


def test_the_demo_is_what_it_was_sent(url: str, worker: Connection) -> None:
    sites = [
        (Site(worker, one.tenant_id, industry=one.industry, time_zone=one.time_zone), history(one, 2, NOON)) for one in INDUSTRIES
    ]
    for some in itertools.zip_longest(*(chunks(events) for _, events in sites)):
        for (site, _), events in zip(sites, some, strict=True):
            site.land(*(events or ()))
        site.load()
        site.close()
    site.settle()
    done = proved(url)
    assert done.events == sum(len(events) for _, events in sites) > 5000
    assert done.limits == ()


def test_a_real_log_is_what_it_was_imported_from(url: str, worker: Connection, shared_data: Path) -> None:
    site = Site(worker, "semicomplete", time_zone="America/Los_Angeles")
    for _ in range(2):  # the second time, all of it is there already
        with (shared_data / "access-combined-10k.log.gz").open("rb") as file:
            import_access_log(worker, file, "semicomplete", "http://semicomplete.com")
        site.settle()
    assert site.value("SELECT sum(duplicate_count) FROM raw.ingest_batch") > 1000
    done = proved(url)
    assert done.events == site.value("SELECT count(*) FROM raw.site_tracking_events_r")
    assert done.limits == ()


EVENTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["view", "view", "item", "order", "banner", "again", "refund"]),
        "minutes": st.sampled_from([0, 1, 10, 29, 30, 31, 45, 61, 90, 1430, 1450, -3000]),
        "visitor": st.sampled_from(["v1", "v2", None]),
        "session": st.sampled_from(["s1", None, None]),
        "name": st.sampled_from(["a", "b", "c"]),
        "tenant": st.integers(0, 1),
        "is_public": st.booleans(),
    }
)
ACTIONS = st.sampled_from(["load", "load", "small load", "close", "refresh", "roll up", "allow", "nothing", "nothing"])


def event_of(drawn: dict[str, Any]) -> dict[str, Any]:
    who = {"_visitor_id": drawn["visitor"]} | ({"session_id": drawn["session"]} if drawn["session"] else {})
    if drawn["is_public"]:
        who |= PUBLIC
    name, minutes = drawn["name"], drawn["minutes"]
    match drawn["kind"]:
        case "view":
            return view(f"/{name}", minutes, event_id=f"{name}{minutes}{drawn['visitor']}", **who)
        case "item":
            return item(name, minutes, **who)
        case "order":
            return order(name, 10, minutes, **who)
        case "refund":
            return order(name, -10, minutes, **who)
        case "banner":
            return {"evt_type": "banner", "event_id": f"banner {name}", "event_timestamp": at(minutes)} | who
    return view(f"/{name}", minutes, event_id=f"again {name}", **who)  # one id at several times


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(drawn=st.lists(st.tuples(EVENTS, ACTIONS), min_size=4, max_size=25))
def test_whatever_came_in_whatever_order_the_rebuilt_store_is_the_same(module_url: str, drawn: list) -> None:
    """Batches in any order, duplicates, late events, refused ones that are tried again, two tenants, jobs at any time."""
    with connect(module_url, "footfall_worker") as connection:
        sites = [Site.another(connection), Site.another(connection)]
        for facts, action in drawn:
            site = sites[facts["tenant"]]
            site.land(event_of(facts))
            match action:
                case "load":
                    site.load()
                case "small load":
                    site.load(batch_size=1)
                case "close":
                    site.close(NOON + timedelta(minutes=100))
                case "refresh":
                    site.value("SELECT business.refresh_due('site_page_details', '1 hour', %s, 2)", datetime.now(UTC))
                    site.value("SELECT business.refresh_due('site_visitor_details', '0', %s, 2)", datetime.now(UTC))
                case "roll up":
                    site.roll_up()
                case "allow":
                    administer(module_url, site, lambda c: add_event_type(c, "banner", "engagement", "view"))
        proved(module_url, Wanted(tuple(site.tenant_hk for site in sites)))
        sites[0].settle()
        done = proved(module_url, Wanted(tuple(site.tenant_hk for site in sites)))
        assert done.limits == ()


def test_which_of_two_times_an_event_that_was_refused_at_first_has(url: str, site: Site) -> None:
    """Its id told when it was as it was refused, and the first of them. In which order they were tried again tells nothing."""
    banner = {"evt_type": "banner", "event_id": "banner a"}
    for minutes in (10, -3000):
        site.land(banner | {"event_timestamp": at(minutes)})
    site.load()
    administer(url, site, lambda c: add_event_type(c, "banner", "engagement", "view"))
    later = site.value("SELECT max(batch_id) FROM raw.ingest_batch")
    site.connection.execute("SELECT count(*) FROM business.load_claimed(%s)", ([later],))
    site.load()
    assert site.rows("SELECT event_timestamp FROM business.site_event_details_s") == [(NOON + timedelta(minutes=10),)]
    proved(url)
