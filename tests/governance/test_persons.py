"""A person is found, forgotten or deleted; nothing brings them back, and nobody else loses anything."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jane import DAY, crowd, days, figures, jane

from footfall.auth import hold, keep, lift_hold
from footfall.business.reach import HOLDS_NOBODY, REACH
from footfall.database import Connection, Store
from footfall.errors import NotAccepted
from footfall.governance.persons import erase_person, find_person, receipts
from footfall.governance.tombstones import erase_again, tombstones
from footfall.judgement.rules import read_rules
from footfall.operations import rules
from footfall.operations.proof.rebuild import Wanted, verify
from site_under_test import NOON, RECEIVED, Site, view


def test_a_table_with_tenants_rows_is_in_the_reach_or_holds_nobody(worker: Connection) -> None:
    tables = [table for (table,) in worker.execute("SELECT auth.tables_of_tenants()")]
    reached = {one.table for one in REACH}
    assert [t for t in tables if t not in reached and t not in HOLDS_NOBODY and t.split(".")[0] not in HOLDS_NOBODY] == []
    assert [t for t in {*reached, *HOLDS_NOBODY} if "." in t and t not in tables] == [], "named, but there is no such table"
    assert not reached & HOLDS_NOBODY.keys()


@pytest.mark.parametrize(
    ("kind", "value"),
    [("visitor", "jane-browser"), ("session", "jane--1440.0"), ("user", "jane-17")],
)
def test_whoever_is_known_by_an_id_is_found_whole(site: Site, kind: Any, value: str) -> None:
    days(site)
    found = find_person(site.connection, site.tenant_hk, kind, value)
    assert found.visitors == ("jane-browser",)
    assert found.users == ("jane-17",)
    assert found.events == 24
    assert found.counts["raw.site_tracking_events_r"] == 24 + 3 + 3


def test_a_code_that_she_reads_out_leads_to_her(site: Site) -> None:
    days(site)
    moment = int(NOON.timestamp() * 1000) + 4711
    code = f"{to_base36(moment)}-4f1c9a02"
    asked = {
        "evt_type": "engagement",
        "evt_action": "whoami",
        "event_id": code,
        "_visitor_id": "v_jane",
        "visitor_id": "jane-browser",
    }
    # of a clock that is three hours fast
    stamp = datetime.fromtimestamp(moment / 1000, UTC)
    later = {"event_timestamp": stamp.isoformat(), "sent_at": (RECEIVED + timedelta(hours=3)).isoformat()}
    site.land(asked | {"event_timestamp": stamp.isoformat(), "page_url": "https://acme.example/"}, received=RECEIVED)
    other = f"{to_base36(moment)}-ffffffff"
    site.land(asked | later | {"event_id": other, "visitor_id": "jim"}, is_trusted=False, received=RECEIVED)
    site.load()
    assert site.value("SELECT count(*) FROM business.site_event_h WHERE site_event_bk = %s", f"evt_{moment}_{code}") == 1
    assert find_person(site.connection, site.tenant_hk, "code", f" {code.upper()} ").visitors == ("jane-browser",)
    assert "jim" in find_person(site.connection, site.tenant_hk, "code", other).visitors
    for unknown in (f"{to_base36(moment)}-00000000", "zzzzzzzzz-1", "nonsense", ""):
        assert find_person(site.connection, site.tenant_hk, "code", unknown).counts == {}
    erase_person(site.connection, site.tenant_hk, "code", code)
    assert find_person(site.connection, site.tenant_hk, "visitor", "jane-browser").counts == {}


def to_base36(number: int) -> str:
    """As the tracker's `toString(36)`."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


@pytest.mark.parametrize("mode", ["forget", "delete"])
def test_nothing_of_hers_is_left_and_every_check_is_clean(url: str, site: Site, mode: Any) -> None:
    days(site)
    before = figures(site)
    receipt = erase_person(site.connection, site.tenant_hk, "user", "jane-17", mode)
    assert receipt.counts["business.site_event_h"] == 24
    for kind, value in (("user", "jane-17"), ("visitor", "jane-browser"), ("session", "jane-0.0")):
        assert find_person(site.connection, site.tenant_hk, kind, value).counts == {}
    site.settle()
    assert site.failing_checks() == []
    if mode == "forget":
        assert figures(site) == before
    done = verify(Store(url), Wanted())
    assert done.is_proved, (done.failures, done.differences, done.limits)


def test_who_is_forgotten_after_the_lists_were_renewed_counts_as_before(site: Site, owner: Connection) -> None:
    """New lists forget what was judged by the old: what an erasure loads again is judged for it."""
    days(site)
    before = figures(site)
    owner.execute("DELETE FROM ref.campaign; DELETE FROM ref.origin")
    erase_person(site.connection, site.tenant_hk, "user", "jane-17")
    site.settle()
    assert figures(site) == before
    assert site.value("SELECT count(*) FROM ref.campaign") > 0


@pytest.mark.parametrize("mode", ["forget", "delete"])
def test_nothing_brings_her_back(url: str, site: Site, owner: Connection, mode: Any) -> None:
    other = Site(site.connection, "other")
    days(site)
    days(other)
    theirs, sent = figures(other), [jane((day - 2) * DAY) for day in range(3)]
    erase_person(site.connection, site.tenant_hk, "visitor", "jane-browser", mode)
    site.settle()
    before = figures(site)
    rows = site.value("SELECT count(*) FROM business.site_event_h WHERE tenant_hk = %s", site.tenant_hk)
    for events in sent:  # a retry, a replay, an import
        site.land(*events, record_source="import:1")
    site.land(
        view("/new", 10, session_id="another", visitor_id="jane-browser"),
        view("/", 11, session_id="joe-0.0", _visitor_id="v_joe"),
    )
    site.settle()
    assert site.value("SELECT count(*) FROM business.site_event_h WHERE tenant_hk = %s", site.tenant_hk) == rows + 1
    erased = "SELECT count(*) FROM staging.site_events_staging WHERE tenant_hk = %s AND validation_errors = '{person_erased}'"
    assert site.value(erased, site.tenant_hk) == 16
    assert (
        site.value(
            "SELECT count(*) FROM raw.site_tracking_events_r WHERE tenant_hk = %s AND raw_payload::text ~* 'jane'", site.tenant_hk
        )
        == 0
    )
    assert site.failing_checks() == []
    assert figures(other) == theirs
    assert find_person(other.connection, other.tenant_hk, "visitor", "jane-browser").events == 24
    assert len(before) == len(figures(site))
    done = verify(Store(url), Wanted())
    assert done.is_proved, (done.failures, done.differences, done.limits)
    assert done.limits == ()


def let_go(site: Site) -> None:
    """Staging lets go of what the vault holds, as it does after three days."""
    assert site.value("SELECT business.forget_proved(util.current_load_date() + interval '7 days', '3 days')") > 0


@pytest.mark.parametrize("is_staged", [True, False])
def test_a_deletion_leaves_what_a_store_has_that_never_had_them(site: Site, is_staged: bool) -> None:
    never = Site(site.connection, "never")
    days(never, with_jane=False)
    days(site)
    if not is_staged:
        let_go(site)
    erase_person(site.connection, site.tenant_hk, "session", "jane-0.0", "delete")
    site.settle()
    assert figures(site) == figures(never)


def test_who_has_gone_from_staging_is_forgotten_as_who_has_not(url: str, site: Site) -> None:
    days(site)
    let_go(site)
    staged = "SELECT raw_event_id, validation_status FROM staging.site_events_staging ORDER BY 1"
    before, left = figures(site), site.rows(staged)
    erase_person(site.connection, site.tenant_hk, "visitor", "jane-browser")
    assert figures(site) == before
    # what was staged again for her is gone again; only her repetitions are refused events now
    assert [event for event, _ in site.rows(staged)] == [event for event, _ in left]
    site.settle()
    assert figures(site) == before
    assert not find_person(site.connection, site.tenant_hk, "user", "jane-17").counts
    assert site.failing_checks() == []
    done = verify(Store(url), Wanted())
    assert done.is_proved, (done.failures, done.differences, done.limits)


def test_of_several_who_signed_in_in_one_session_each_is_found_when_staging_has_let_go(site: Site) -> None:
    shared = {"session_id": "family", "_visitor_id": "v_family"}
    site.land(view("/", 0, **shared, user_id="jane-17"), view("/q", 1, **shared, user_id="jack-18"), view("/p", 2, **shared))
    site.settle()
    let_go(site)
    for who in ("jane-17", "jack-18"):
        assert find_person(site.connection, site.tenant_hk, "user", who).events == 3


def test_who_is_in_raw_alone_is_found_by_the_id_they_signed_in_with(site: Site, owner: Connection) -> None:
    site.land(view("/", 0, session_id="s", user_id="jane-17"), view("/q", 1, session_id="s", user_id="jane-17"))
    site.settle()
    let_go(site)
    keep(owner, "context", 30, "acme")
    assert site.value("SELECT business.retire_context(util.current_load_date() + interval '400 days', 100)") > 0
    assert erase_person(site.connection, site.tenant_hk, "user", "jane-17", "delete").counts
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r") == 0


def test_a_receipt_that_is_changed_or_gone_is_found(site: Site, owner: Connection) -> None:
    days(site)
    first = erase_person(site.connection, site.tenant_hk, "session", "jane-0.0")
    second = erase_person(site.connection, site.tenant_hk, "visitor", "v_joe", "delete")
    assert [one.number for one in receipts(site.connection, site.tenant_hk)] == [2, 1]
    assert second.previous_hash == first.hash
    assert "jane" not in str(first)
    assert "erasure.receipts" not in site.failing_checks()
    for change in ("UPDATE auth.erasure SET counts = '{}'", "DELETE FROM auth.erasure"):
        with pytest.raises(Exception, match="audit_append_only"):
            owner.execute(change)
    owner.execute("ALTER TABLE auth.erasure DISABLE TRIGGER keep_receipts")
    owner.execute("UPDATE auth.erasure SET mode = 'delete' WHERE erasure_id = 1")
    assert "erasure.receipts" in site.failing_checks()
    owner.execute("DELETE FROM auth.erasure")
    assert "erasure.receipts" in site.failing_checks()


def test_who_is_nobody_and_what_is_everybodys_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    days(site)
    with pytest.raises(NotAccepted) as refused:
        erase_person(site.connection, site.tenant_hk, "visitor", "nobody")
    assert refused.value.code == "person_unknown"
    monkeypatch.setattr("footfall.governance.persons.MOST_SESSIONS", 2)
    with pytest.raises(NotAccepted) as refused:
        find_person(site.connection, site.tenant_hk, "visitor", "jane-browser")
    assert refused.value.code == "person_too_large"


def test_a_legal_hold_keeps_a_person_too(site: Site) -> None:
    site.land(*crowd(), *jane())
    site.settle()
    hold(site.connection, "acme", "case 4711")
    with pytest.raises(NotAccepted) as refused:
        erase_person(site.connection, site.tenant_hk, "user", "jane-17")
    assert refused.value.code == "tenant_held"
    lift_hold(site.connection, "acme")
    assert erase_person(site.connection, site.tenant_hk, "user", "jane-17").number == 1


@pytest.mark.parametrize("mode", ["forget", "delete"])
def test_what_rules_made_of_her_is_told_of_nobody_and_proved(url: str, site: Site, mode: Any) -> None:
    before = read_rules({"internal": [{"name": "Quiet page", "path": "/only-hers"}]})
    after = read_rules({"internal": [{"name": "Front door", "path": "/"}], "behaviour": {"views_per_minute": 2}})
    hers = {"session_id": "jane-1", "_visitor_id": "v_jane", "user_id": "jane-17"}
    site.land(*crowd(), view("/", 0, **hers), view("/q", 0.1, **hers))
    site.settle()
    rules.apply(site.connection, site.tenant_hk, before, "first")
    rules.apply(site.connection, site.tenant_hk, after, "second")
    site.land(view("/p", 2, **hers), *crowd(DAY))
    site.settle()
    figures = site.report(dateFrom="2026-03-01", dateTo="2026-03-31")["overview"]
    erase_person(site.connection, site.tenant_hk, "user", "jane-17", mode)
    site.settle()
    if mode == "forget":
        assert site.report(dateFrom="2026-03-01", dateTo="2026-03-31")["overview"] == figures
    assert site.failing_checks() == []
    done = verify(Store(url), Wanted())
    assert done.is_proved, (done.failures, done.differences, done.limits)


def test_what_raw_has_no_longer_can_be_deleted_but_not_told_anew(site: Site, owner: Connection) -> None:
    site.land(*crowd(), *jane(), {"evt_type": "nonsense", "session_id": "jane-0"})
    site.settle()
    owner.execute("DELETE FROM raw.site_tracking_events_r WHERE raw_payload ->> 'session_id' = 'jane-0'")
    before = len(site.rows("SELECT FROM business.site_event_h"))
    with pytest.raises(NotAccepted) as refused:
        erase_person(site.connection, site.tenant_hk, "user", "jane-17", "forget")
    assert refused.value.code == "raw_gone"
    assert receipts(site.connection, site.tenant_hk) == []
    erase_person(site.connection, site.tenant_hk, "user", "jane-17", "delete")
    assert len(site.rows("SELECT FROM business.site_event_h")) == before - 5
    assert not find_person(site.connection, site.tenant_hk, "user", "jane-17").counts
    assert site.value("SELECT count(*) FROM staging.site_events_staging WHERE session_id = 'jane-0'") == 0


@pytest.mark.parametrize("mode", ["forget", "delete"])
def test_who_is_back_after_a_restore_is_erased_again(site: Site, owner: Connection, mode: Any) -> None:
    days(site)
    erase_person(site.connection, site.tenant_hk, "user", "jane-17", mode)
    kept = tombstones(site.connection, site.tenant_hk)
    assert "jane" not in str(kept)
    # as a backup of before has it: she is there, and no tombstone is
    owner.execute("DELETE FROM auth.tombstone; DELETE FROM auth.erasure_secret")
    site.land(*jane(-300), *jane(-200))
    site.settle()
    assert find_person(site.connection, site.tenant_hk, "user", "jane-17").events == 10
    assert len(erase_again(site.connection, site.tenant_hk, kept)) == 1
    assert erase_again(site.connection, site.tenant_hk) == []
    site.settle()
    assert site.failing_checks() == []
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r WHERE raw_payload::text ~* 'jane'") == 0
    with pytest.raises(NotAccepted):
        erase_again(site.connection, site.tenant_hk, kept | {"secret": "00" * 128})


def test_an_address_is_found_by_what_sites_make_of_it(site: Site) -> None:
    site.land(view("/", 0, session_id="s", user_id=hashlib.sha256(b"jane@home.example").hexdigest()))
    site.settle()
    assert find_person(site.connection, site.tenant_hk, "email", " Jane@home.example").events == 1
    assert find_person(site.connection, site.tenant_hk, "email", "joe@home.example").counts == {}


def test_what_waits_or_was_set_aside_is_reached_too(site: Site) -> None:
    days(site)
    site.land(view("/waits", 7, session_id="jane-0.0", visitor_id="jane-browser"), view("/waits", 7, session_id="joe-0.0"))
    erase_person(site.connection, site.tenant_hk, "visitor", "jane-browser")
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r WHERE raw_payload::text ~* 'jane'") == 0
    site.settle()
    assert site.failing_checks() == []
