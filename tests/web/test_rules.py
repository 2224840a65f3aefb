"""A tenant's own rules over HTTP: owners try them, put them in force and take them back; a worker does it, in their name."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from sender import VIEW, post
from starlette.testclient import TestClient

from footfall.auth import add_account, add_key, set_role
from footfall.database import connect
from footfall.errors import NotAccepted
from footfall.governance import Wish, all_entries
from footfall.judgement.rules import read_rules
from footfall.operations import rule_tasks, rules
from footfall.operations.rule_tasks import do_next
from footfall.settings import Settings
from footfall.web import application
from site_under_test import HUMAN, Site, view

OURS = {"X-Footfall-Request": "1", "X-Footfall-Tenant": "acme"}
PASSWORD = "correct horse battery"
PROBE = {"bots": [{"name": "Probe", "agent": "AcmeProbe/"}]}
CALLS = (
    ("GET", "", None),
    ("GET", "/task", None),
    ("POST", "/diff", {"rules": PROBE}),
    ("POST", "/preview", {"rules": PROBE}),
    ("POST", "/apply", {"rules": PROBE}),
    ("POST", "/revert", {}),
)


@pytest.fixture
def people(site: Site) -> Site:
    """Ann owns acme, which a probe visits; Adam and Vic are of acme too, Olga owns another tenant, which it visits as well."""
    other = Site(site.connection, "other")
    roles = (("ann", "acme", "owner"), ("adam", "acme", "admin"), ("vic", "acme", "viewer"), ("olga", "other", "owner"))
    for name, tenant, role in roles:
        add_account(site.connection, f"{name}@example.org", name.title(), PASSWORD)
        set_role(site.connection, f"{name}@example.org", tenant, role)
    for one in (site, other):
        one.land(view("/", 0, session_id="p", _user_agent=f"{HUMAN} AcmeProbe/1.0"), view("/", 1, session_id="r"))
        one.settle()
    return site


def sign_in(client: TestClient, name: str) -> None:
    client.cookies.clear()
    reply = client.post("/api/session", json={"email": f"{name}@example.org", "password": PASSWORD}, headers=OURS)
    assert reply.status_code == 200, reply.text


def ask(client: TestClient, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return client.request(method, f"/api/setup/rules{path}", json=body, headers=OURS | headers)


def done(client: TestClient, url: str, path: str, body: Any) -> dict[str, Any]:
    """What a worker makes of what is asked."""
    reply = ask(client, "POST", path, body)
    assert reply.status_code == 200, reply.text
    assert ask(client, "GET", "/task").json()["data"]["state"] == "waiting"
    with connect(url, "footfall_worker") as worker:
        assert do_next(worker, url)
        assert not do_next(worker, url)
    return ask(client, "GET", "/task").json()["data"]


def test_only_owners_of_the_tenant_may(client: TestClient, people: Site) -> None:
    def all_of(**headers: str) -> set[int]:
        return {ask(client, method, path, body, **headers).status_code for method, path, body in CALLS}

    assert all_of() == {401}
    for name, expected in (("adam", {403}), ("vic", {403}), ("olga", {404})):
        sign_in(client, name)
        assert all_of() == expected, name
    client.cookies.clear()
    _, key = add_key(people.connection, "acme", "admin", "server")
    assert all_of(**{"X-Footfall-Key": key}) == {401}
    assert people.value("SELECT count(*) FROM ref.rule_task") == 0


def test_an_owner_tries_rules_puts_them_in_force_and_takes_them_back(client: TestClient, people: Site, url: str) -> None:
    sign_in(client, "ann")
    before = people.table("business.event_b"), people.table("business.visit_b")
    lines = ask(client, "POST", "/diff", {"rules": PROBE}).json()["data"]["lines"]
    assert '+      "agent": "AcmeProbe/"' in lines

    tried = done(client, url, "/preview", {"rules": PROBE})
    assert [one["sentence"] for one in tried["result"]["changes"]] == [
        "1 event of 1 visit: bot none → Probe",
        "1 event of 1 visit: traffic human → bot",
    ]
    assert tried["result"]["changes"][0]["example"].startswith("2026-03-10 12:00 · Mozilla/5.0")
    assert (people.table("business.event_b"), people.table("business.visit_b")) == before

    applied = done(client, url, "/apply", {"rules": PROBE, "why": "our uptime check"})
    assert applied["result"]["changes"] == [
        {key: value for key, value in one.items() if key != "example"} for one in tried["result"]["changes"]
    ]
    assert (people.table("business.event_b"), people.table("business.visit_b")) != before
    shown = ask(client, "GET", "").json()["data"]
    assert shown["rules"] == PROBE
    assert [(one["version"], one["made_by"], one["reason"]) for one in shown["versions"]] == [
        (1, "ann@example.org", "our uptime check")
    ]

    taken_back = done(client, url, "/revert", {"why": "it is a visitor"})
    assert (taken_back["state"], taken_back["result"]["version"]) == ("done", 2)
    assert (people.table("business.event_b"), people.table("business.visit_b")) == before
    told = all_entries(people.connection, people.tenant_hk, Wish(action="rules"))
    assert [(one["action"], one["who"], one["via"]) for one in told] == [
        ("rules.reverted", "ann@example.org", "dashboard"),
        ("rules.applied", "ann@example.org", "dashboard"),
    ]
    assert people.value("SELECT count(*) FROM ref.rule_set WHERE tenant_hk <> %s", people.tenant_hk) == 0


def test_what_cannot_be_done_is_told(client: TestClient, people: Site, url: str) -> None:
    sign_in(client, "ann")
    refused = ask(client, "POST", "/apply", {"rules": {"bots": [{"name": "x"}]}})
    assert (refused.status_code, refused.json()["debug_info"]["error"]) == (400, "rules_invalid")
    failed = done(client, url, "/revert", {})
    assert (failed["state"], failed["error_code"]) == ("failed", "rules_none")
    assert ask(client, "POST", "/preview", {"rules": PROBE}).status_code == 200
    busy = ask(client, "POST", "/apply", {"rules": PROBE})
    assert (busy.status_code, busy.json()["debug_info"]["error"]) == (409, "rules_busy")


def test_what_was_interrupted_is_taken_up_again_and_no_two_workers_do_it(people: Site, url: str, monkeypatch) -> None:
    with connect(url, "footfall_admin") as asking, asking.transaction():
        asking.execute("SELECT set_config('app.tenant_hk', %s, true)", (people.tenant_hk.hex(),))
        rule_tasks.ask(asking, "apply", read_rules(PROBE))

    def interrupted(*_: Any) -> Any:
        with connect(url, "footfall_worker") as another:
            assert not do_next(another, url)
        raise psycopg.OperationalError

    monkeypatch.setattr(rules, "_slices", interrupted)
    with connect(url, "footfall_worker") as worker:
        with pytest.raises(psycopg.OperationalError):
            do_next(worker, url)
        monkeypatch.undo()
        assert do_next(worker, url)
    (version,) = rules.versions(people.connection, people.tenant_hk)
    assert {"aspect": "traffic", "was": "human", "becomes": "bot", "visits": 1, "events": 1} in version.receipt
    with pytest.raises(NotAccepted):
        rules.apply(people.connection, people.tenant_hk, read_rules(PROBE))
    people.connection.execute("SELECT business.forget_rule_tasks(util.current_load_date() + interval '61 minutes')")
    assert people.value("SELECT count(*) FROM ref.rule_task") == 0


def test_what_is_never_ended_holds_up_nobody_and_others_rules_are_not_taken_for_its_own(
    people: Site, url: str, monkeypatch
) -> None:
    asked = []
    for site in (people, Site(people.connection, "patient")):
        with connect(url, "footfall_admin") as asking, asking.transaction():
            asking.execute("SELECT set_config('app.tenant_hk', %s, true)", (site.tenant_hk.hex(),))
            rule_tasks.ask(asking, "apply", read_rules(PROBE))
        asked.append(site.tenant_hk)

    def cancelled(*_: Any) -> Any:
        raise psycopg.errors.QueryCanceled

    with connect(url, "footfall_worker") as worker:
        with monkeypatch.context() as patched:
            patched.setattr(rules, "apply", cancelled)
            with pytest.raises(psycopg.OperationalError):
                do_next(worker, url)
        # meanwhile an operator has put others in force
        rules.apply(people.connection, asked[0], read_rules({"behaviour": {"views_per_minute": 9}}))
        assert do_next(worker, url)
        assert rule_tasks.last_task(worker, asked[1]).state == "done"  # who waited is not behind it
        assert do_next(worker, url)
        assert rules.rules_in_force(worker, asked[0]) == read_rules(PROBE)
        worker.execute(
            "UPDATE ref.rule_task SET finished_at = NULL, result = NULL, attempts = 5 WHERE tenant_hk = %s", (asked[0],)
        )
        assert do_next(worker, url)
        assert rule_tasks.last_task(worker, asked[0]).error_code == "rules_failed"


def test_where_an_event_comes_from_is_looked_at_before_its_address_is_thrown_away(people: Site, url: str, owner) -> None:
    office = {
        "networks": [
            {"name": "Lab", "range": "2001:DB8:7::/48"},
            {"name": "Office", "range": "198.51.100.0/25"},
            {"name": "Desk", "range": "198.51.100.9"},
        ]
    }
    rules.apply(people.connection, people.tenant_hk, read_rules(office))
    _, key = add_key(people.connection, "acme", "write", "web")
    _, server = add_key(people.connection, "acme", "admin", "server")
    _, others = add_key(people.connection, "other", "write", "web")
    sent = [
        ("198.51.100.9", "Office"),
        ("::ffff:198.51.100.1", "Office"),
        ("198.51.100.200", None),
        ("2001:db8:7:1::1", "Lab"),
        ("2001:db8:8::1", None),
    ]
    app = application(Settings(client_address_header="X-Forwarded-For"), url)
    with TestClient(app, client=("127.0.0.1", 50_000), raise_server_exceptions=False) as behind:
        behind.headers["User-Agent"] = HUMAN
        for number, (address, _) in enumerate(sent):
            body = VIEW | {"event_id": f"n-{number}", "session_id": f"n-{number}"}
            assert post(behind, key, body, **{"X-Forwarded-For": address}).status_code == 202
        ours = {"X-Forwarded-For": "198.51.100.9"}
        post(behind, key, VIEW | {"event_id": "opted-out"}, DNT="1", **ours)
        post(behind, server, VIEW | {"event_id": "by-server", "client_ip": "2001:db8:7::9"}, **ours)
        post(behind, others, VIEW | {"event_id": "another-tenant"}, **ours)
    landed = dict(people.rows("SELECT raw_payload ->> 'event_id', own_network FROM raw.site_tracking_events_r"))
    assert [landed[f"n-{number}"] for number in range(len(sent))] == [network for _, network in sent]
    assert (landed["opted-out"], landed["by-server"], landed["another-tenant"]) == (None, "Lab", None)
    by_sql = "SELECT auth.own_network_of(%s, %s::inet)"
    assert [people.value(by_sql, people.tenant_hk, address) for address, _ in sent if ":ffff" not in address] == [
        network for address, network in sent if ":ffff" not in address
    ]
    people.value("SELECT raw.ingest_tracking_event('acme', '198.51.100.7', 'x', %s)", Jsonb(VIEW | {"event_id": "by-sql"}))
    assert (
        people.value("SELECT own_network FROM raw.site_tracking_events_r WHERE raw_payload ->> 'event_id' = 'by-sql'") == "Office"
    )
    people.settle()
    internal = "SELECT count(*) FROM business.site_session_judgement_s WHERE traffic_class = 'internal' AND load_end_date IS NULL"
    assert people.value(internal) == 5
    for table in ("raw.site_tracking_events_r", "staging.site_events_staging", "business.site_session_network_s"):
        assert not [row for row in owner.execute(f"SELECT t::text FROM {table} t").fetchall() if "198.51.100" in row[0]]
