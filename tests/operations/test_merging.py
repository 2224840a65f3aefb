"""Two customers become one: what both were sent is loaded as if one had been sent it, and nothing acknowledged is lost."""

import pytest

from footfall.auth import KeyRing, add_account, add_key, hold, rename_tenant, set_role, tenant_key
from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.governance import Wish, all_entries, verify
from footfall.operations.customers import merging
from footfall.operations.customers.merging import merge_tenant
from site_under_test import Site, view

PAID = {"evt_type": "transaction_step", "evt_action": "complete", "transaction_id": "o1", "evt_value": 5}
EVENTS = {
    "outlet": (
        view("/a", 0, session_id="s1", visitor_id="v1"),
        view("/thanks", 1, session_id="s1", visitor_id="v1", **PAID),
        view("/x", 9, session_id="s2"),
    ),
    "acme": (
        view("/b", 2, session_id="s1", visitor_id="v1"),
        view("/a", 5, session_id="s3", visitor_id="v2"),
        {"evt_type": "nonsense"},
    ),
}


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long doors were waited for: no time."""
    seconds: list[float] = []
    monkeypatch.setattr("footfall.operations.customers.merging.time.sleep", seconds.append)
    return seconds


@pytest.fixture
def both(worker: Connection) -> dict[str, Site]:
    """Two tenants, whose events are loaded."""
    sites = {name: Site(worker, name) for name in EVENTS}
    for name, site in sites.items():
        site.land(*EVENTS[name])
        site.settle()
    return sites


def test_what_was_sent_to_both_counts_as_if_one_had_been_sent_it(both, worker, owner, slept) -> None:
    whole = Site(worker, "whole")
    whole.land(*EVENTS["outlet"], *EVENTS["acme"])
    whole.settle()
    both["outlet"].land(view("/late", 10, session_id="s2"))  # waits to be loaded
    whole.land(view("/late", 10, session_id="s2"))

    done = merge_tenant(worker, owner, "outlet", "acme")

    both["acme"].settle()
    whole.settle()
    assert done.events == 4
    assert fates(both["acme"]) == fates(whole)
    for report, asked in (("overview", {}), ("breakdown", {"dimension": "page"}), ("paths", {})):
        assert told(both["acme"], report, asked) == told(whole, report, asked)
    assert both["acme"].failing_checks() == []
    assert slept == [], "there are no keys"


def fates(site: Site) -> list[str]:
    """What became of the tenant's events."""
    query = "SELECT fate FROM raw.site_tracking_events_v WHERE tenant_hk = %s ORDER BY 1"
    return [fate for (fate,) in site.rows(query, site.tenant_hk)]


def told(site: Site, report: str, asked: dict) -> dict:
    data = site.ask(report, **asked)["data"]
    return {key: value for key, value in data.items() if key not in ("metadata", "query")}


def test_keys_people_and_names_come_along_and_the_rest_has_a_receipt(both, worker, owner, slept) -> None:
    _, key = add_key(worker, "outlet", "write", "web")
    add_account(worker, "ann@example.org", "Ann", "correct horse battery")
    set_role(worker, "ann@example.org", "outlet", "admin")
    done = merge_tenant(worker, owner, "outlet", "acme")
    assert KeyRing.SECONDS < slept[0] < KeyRing.SECONDS + 10, "until no door takes the key for the former tenant's"
    acme = both["acme"].tenant_hk
    assert worker.execute("SELECT tenant_id FROM auth.key_owner(sha256(%s))", (key.encode(),)).fetchone() == ("acme",)
    assert worker.execute("SELECT role FROM auth.membership WHERE tenant_hk = %s", (acme,)).fetchall() == [("admin",)]
    assert tenant_key(worker, "outlet") == acme
    assert done.receipt["tenant"] == "outlet"
    (merged,) = all_entries(worker, acme, Wish(action="tenant.merged"))
    assert (merged["subject"], merged["details"]) == ("outlet", {"events": 3})
    assert verify(worker)[1] == []
    with pytest.raises(NotAccepted, match="one tenant"):
        merge_tenant(worker, owner, "outlet", "acme")


def test_an_interrupted_merge_goes_on(both, worker, owner, slept, monkeypatch) -> None:
    monkeypatch.setattr("footfall.operations.customers.merging._SLICE", 1)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("footfall.operations.customers.merging.delete_tenant", die)
    with pytest.raises(KeyboardInterrupt):
        merge_tenant(worker, owner, "outlet", "acme")
    monkeypatch.undo()
    both["outlet"].land(view("/z", 20, session_id="s9"))
    assert merge_tenant(worker, owner, "outlet", "acme").events == 1
    both["acme"].settle()
    assert fates(both["acme"]) == ["invalid", *["loaded"] * 6]
    assert both["acme"].failing_checks() == []


def test_names_go_with_the_keys_and_are_there_whatever_interrupts_a_merge(both, worker, owner, slept, monkeypatch) -> None:
    """A site that names its tenant in what it sends is known by its key at every moment."""
    _, key = add_key(worker, "outlet", "write", "web")
    rename_tenant(worker, "outlet", "outlet-2")
    delete, is_before = merging.delete_tenant, iter((True, False))

    def die(*given: object) -> None:
        if not next(is_before):
            delete(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(merging, "delete_tenant", die)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            merge_tenant(worker, owner, "outlet", "acme")
        (names,) = worker.execute("SELECT names FROM auth.key_owner(sha256(%s))", (key.encode(),)).fetchone()
        assert set(names) == {"acme", "outlet", "outlet-2"}
    assert {tenant_key(worker, name) for name in names} == {both["acme"].tenant_hk}


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        ("INSERT INTO raw.kept_since VALUES (%(t)s, 'raw', now())", "raw_gone"),
        ("INSERT INTO raw.kept_since VALUES (%(into)s, 'raw', now())", "raw_gone"),
        ("INSERT INTO raw.kept_since VALUES (%(t)s, 'events', '2026-01-01')", "events_gone"),
        ("INSERT INTO raw.kept_since VALUES (%(into)s, 'events', now())", "events_gone"),
        ("UPDATE auth.tenant_details_s SET currency = 'CHF' WHERE tenant_hk = %(t)s", "currencies_differ"),
        ("INSERT INTO auth.tombstone VALUES (%(t)s, 'x', 1)", "people_erased"),
        ("INSERT INTO util.tenant_move VALUES (%(t)s, 'outlet', 'leaving', 'b', now())", "tenant_moving"),
        ("", "tenant_held"),
    ],
)
def test_a_merge_that_would_lose_something_is_refused(both, worker, owner, prepare: str, code: str) -> None:
    if prepare:
        owner.execute(prepare, {"t": both["outlet"].tenant_hk, "into": both["acme"].tenant_hk})
    else:
        hold(worker, "outlet", "case")
    with pytest.raises(NotAccepted) as refused:
        merge_tenant(worker, owner, "outlet", "acme")
    assert refused.value.code == code
    assert fates(both["outlet"]) == ["loaded"] * 3
