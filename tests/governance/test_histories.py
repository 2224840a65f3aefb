"""Whatever happened before somebody is erased, and whatever comes after: nothing of theirs is left, nothing of others lost."""

import contextlib
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from footfall.database import Connection, Store
from footfall.errors import NotAccepted
from footfall.governance.persons import erase_person, find_person
from footfall.judgement.rules import read_rules
from footfall.operations import rules
from footfall.operations.proof.rebuild import Wanted, verify
from site_under_test import BOT, Site, view

CANARY = "zq7canary"
DAY = 1440
OWN = {"behaviour": {"views_without_engagement": 1}, "pages": [{"path": "/p", "category": "own"}]}

# what may happen, in any order: events of hers and of others, and what is done with them meanwhile
HERS = ("view", "signed_in", "consented", "half_hour", "wrong", "unknown_type", "ordered")
DONE = ("crowd", "late", "twice", "load", "settle", "allow_type", "rules")
steps = st.lists(st.tuples(st.sampled_from((*HERS, *DONE)), st.integers(0, 3)), min_size=4, max_size=14)


def hers(kind: str, number: int) -> dict[str, Any]:
    """An event of somebody who leaves the canary wherever something may be said."""
    minutes = number * DAY / 2 + HERS.index(kind)
    who = {"visitor_id": f"{CANARY}-v", "_visitor_id": f"v_{CANARY}", "event_id": f"{CANARY}-{kind}-{number}"}
    said = {
        "page_title": f"For {CANARY}",
        "properties": {f"{CANARY}k": CANARY},
        "page_url": f"https://acme.example/p?name={CANARY}#{CANARY}",
        "page_referrer": f"https://elsewhere.example/{CANARY}",
        "_user_agent": f"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0 {CANARY}",
    }
    session = {"session_id": f"{CANARY}-s-{number}"}
    more = {
        "view": session,
        "signed_in": session | {"user_id": f"{CANARY}-u"},
        "consented": session | {"consent": {"state": "granted", "version": "1"}},
        "half_hour": {},
        "wrong": session | {"evt_type": "transaction_step"},
        "unknown_type": session | {"evt_type": "own_type"},
        "ordered": session
        | {"evt_type": "transaction_step", "evt_action": "complete", "transaction_id": f"{CANARY}-o", "evt_value": 10},
    }
    return view("/p", minutes, **said, **who) | more[kind]


def happen(site: Site, step: str, number: int, sent: list[dict[str, Any]]) -> None:
    if step in HERS:
        sent.append(hers(step, number))
        site.land(sent[-1])
    elif step == "crowd":
        site.land(
            view("/p", number * DAY / 2, session_id=f"joe-{number}", _visitor_id="v_joe"),
            view("/q", number * DAY / 2 + 1, session_id=f"joe-{number}", _visitor_id="v_joe"),
            view("/p", number, _user_agent=BOT, session_id="bot"),
        )
    elif step == "late":
        site.land(hers("view", 0) | {"event_timestamp": view("/", -7)["event_timestamp"], "event_id": f"{CANARY}-late"})
    elif step == "twice":
        site.land(*sent, record_source="import:1")
    elif step == "load":
        site.load()
    elif step == "settle":
        site.settle()
    elif step == "allow_type":
        with site.connection.transaction():
            site.connection.execute("SELECT set_config('app.tenant_hk', %s, true)", (site.tenant_hk.hex(),))
            site.connection.execute("SELECT business.add_event_type('own_type', 'own', 'own')")
    elif step == "rules":
        site.load()
        with contextlib.suppress(NotAccepted):  # they are in force already
            rules.apply(site.connection, site.tenant_hk, read_rules(OWN))


def said_of(site: Site) -> Counter[str]:
    """All rows that are the tenant's, of whatever table."""
    said: Counter[str] = Counter()
    for (table,) in site.rows("SELECT auth.tables_of_tenants()"):
        if table.split(".")[0] in ("raw", "staging", "business", "ref"):
            said.update(
                f"{table} {row}" for (row,) in site.rows(f"SELECT t::text FROM {table} t WHERE tenant_hk = %s", site.tenant_hk)
            )
    return said


def events_of(site: Site) -> int:
    return int(site.value("SELECT count(*) FROM business.site_event_h WHERE tenant_hk = %s", site.tenant_hk))


def test_whatever_happened_before_and_comes_after(worker: Connection, url: str) -> None:
    erased = Counter[str]()

    @given(before=steps, after=steps, mode=st.sampled_from(("forget", "delete")), by=st.sampled_from(("visitor", "user")))
    @settings(
        max_examples=6,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    def check(before: Any, after: Any, mode: Any, by: Any) -> None:
        site, other = Site.another(worker), Site.another(worker)
        sent: list[dict[str, Any]] = []
        for step, number in [("view", 0), ("signed_in", 0), ("crowd", 0), ("load", 0), *before]:
            happen(site, step, number, sent)
            happen(other, step, number, [])
        other.settle()
        theirs, stored = said_of(other), events_of(site)
        found = find_person(worker, site.tenant_hk, by, f"{CANARY}-{by[0]}")
        erase_person(worker, site.tenant_hk, by, f"{CANARY}-{by[0]}", mode)
        assert events_of(site) == stored - (found.events if mode == "delete" else 0)
        site.settle()
        left = events_of(site)
        nothing = [row for row in said_of(site) if CANARY in row]
        assert nothing == []
        # a retry, an import, and whatever else comes of them
        site.land(*sent)
        for step, number in after:
            if step != "crowd":
                happen(site, step, number, sent)
        site.settle()
        assert events_of(site) == left
        assert [row for row in said_of(site) if CANARY in row] == []
        assert said_of(other) == theirs
        erased[mode] += 1

    check()
    assert len(erased) == 2
    assert Site.another(worker).failing_checks() == []
    done = verify(Store(url), Wanted())
    assert done.is_proved, (done.failures, done.differences, done.limits)
