"""What is told of every cell, and done in every one: the doctor, metrics, turns at the readers, commands, single sign-on."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from in_process import run
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from sender import VISITOR, post
from starlette.testclient import TestClient
from two_cells import fill

from footfall.auth import Accounts, add_account, keep, set_role
from footfall.auth.provider import Identity, state_of
from footfall.auth.sign_ons import SignOns
from footfall.database import Cells, Connection, pool, pools
from footfall.errors import NotAccepted
from footfall.operations.doctor import Advice, examine
from footfall.settings import GroupRoles, Settings
from footfall.web import application
from footfall.web.callers import Reader
from footfall.web.readers import Readers
from site_under_test import Site, view

TOKEN = "a-token-for-prometheus"
AWAY = ("c", "postgresql://127.0.0.1:9/away")


@pytest.fixture
def with_one_away(cells: Cells) -> Cells:
    """Home, b, and c, which nobody answers for."""
    return Cells(cells.home.url, [("b", cells.called("b").url), AWAY])


@pytest.fixture
def environment(cells: Cells) -> dict[str, str]:
    """What commands are told of the two."""
    return {"DATABASE_URL": cells.home.url, "FOOTFALL_CELLS": f"b={cells.called('b').url}"}


@pytest.fixture
def of_three(with_one_away: Cells) -> dict[str, str]:
    """What commands are told of all three."""
    return {
        "DATABASE_URL": with_one_away.home.url,
        "FOOTFALL_CELLS": " ".join(f"{cell.name}={cell.url}" for cell in with_one_away.all[1:]),
    }


def codes(found: list[Advice], cell: str) -> set[str]:
    return {one.code for one in found if one.cell == cell}


def test_the_doctor_looks_at_every_cell_and_tells_of_one_that_is_away(with_one_away, stores, of_three):
    Site(stores["b"], "bakery").land(view("/"))
    stores["b"].execute("UPDATE raw.ingest_batch SET processing_status = 'ERROR'")
    found = examine(with_one_away, Settings())
    assert "batches_set_aside" in codes(found, "b")
    assert "batches_set_aside" not in codes(found, "home")
    assert {"retention_off", "no_worker"} <= codes(found, "home") & codes(found, "b")
    assert codes(found, "c") == {"cell_away"}
    # what is of no store is told once
    assert [one.cell for one in found if one.code == "no_public_url"] == [""]
    ended, said, _ = run("doctor", environment=of_three)
    assert (ended, "cell b: batches_set_aside" in said, "cell c: cell_away" in said) == (1, True, True)


def test_the_doctor_tells_of_a_tenant_in_two_cells_and_of_a_cell_without_a_number(cells, stores):
    for store in stores.values():
        Site(store, "twice")
    stores["b"].execute("SELECT 1 FROM util.cell")
    with psycopg.connect(cells.called("b").url, autocommit=True) as owner:
        owner.execute("DELETE FROM util.cell")
    found = examine(cells, Settings())
    assert "tenant_in_two_cells" in codes(found, "")
    assert ("not_numbered" in codes(found, "b"), "not_numbered" in codes(found, "home")) == (True, False)


def test_of_a_store_that_is_alone_no_cell_is_said(url):
    assert {one.cell for one in examine(Cells(url), Settings())} == {""}


Samples = dict[tuple[str, ...], float]


@contextmanager
def watched(cells: Cells) -> Iterator[TestClient]:
    urls = " ".join(f"{cell.name}={cell.url}" for cell in cells.all[1:])
    settings = Settings.read({"FOOTFALL_CELLS": urls, "FOOTFALL_METRICS_TOKEN": TOKEN})
    with TestClient(application(settings, cells.home.url), client=(VISITOR, 50_000), raise_server_exceptions=False) as client:
        yield client


def samples(client: TestClient) -> Samples:
    """Samples of metrics that stores tell, by name, cell and their other labels."""
    accept = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/openmetrics-text;version=1.0.0"}
    families = text_string_to_metric_families(client.get("/metrics", headers=accept).text)
    return {
        (one.name, one.labels["cell"], *(value for label, value in one.labels.items() if label != "cell")): one.value
        for family in families
        for one in family.samples
        if "cell" in one.labels
    }


def test_metrics_tell_of_every_cell_and_of_one_that_is_away(with_one_away, stores):
    acme, bakery = (fill(Site(stores[cell], name)) for name, cell in (("acme", "home"), ("bakery", "b")))
    with watched(with_one_away) as client:
        assert post(client, acme["write"], view("/n", session_id="n", event_timestamp=None)).status_code == 202
        for _ in range(2):
            assert post(client, bakery["write"], view("/n", session_id="n", event_timestamp=None)).status_code == 202
        told = samples(client)
    assert [told["footfall_store_up", cell] for cell in ("home", "b", "c")] == [1, 1, 0]
    assert [told["footfall_pending_events", cell] for cell in ("home", "b")] == [1, 2]
    assert ("footfall_pending_events", "c") not in told
    last = "footfall_tenant_last_event_timestamp_seconds"
    assert {one[1:] for one in told if one[0] == last} == {("home", "acme"), ("b", "bakery")}
    assert ("footfall_table_bytes", "b", "raw.site_tracking_events_r") in told


def test_a_cell_that_hangs_keeps_nobody_waiting_for_figures(cells, monkeypatch):
    monkeypatch.setattr("footfall.operations.metrics._MOST_SECONDS", 0.5)
    monkeypatch.setattr("footfall.operations.metrics._KEPT_SECONDS", 0)
    with watched(cells) as client:
        with psycopg.connect(cells.called("b").url) as holder:
            holder.execute("LOCK TABLE auth.sign_in IN ACCESS EXCLUSIVE MODE")
            told = samples(client)
            assert [told["footfall_store_up", cell] for cell in ("home", "b")] == [1, 0]
            assert ("footfall_pending_events", "home") in told
            # it is asked still: nobody has waited for its answer
            assert holder.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (1,)
        monkeypatch.setattr("footfall.operations.metrics._MOST_SECONDS", 60)
        samples(client)  # what was asked for then is told now
        assert samples(client)["footfall_store_up", "b"] == 1


def test_questions_that_hang_in_a_cell_take_no_turns_of_others(cells, stores):
    for tenant in ("bakery", "cafe"):
        Site(stores["b"], tenant)
    Site(stores["home"], "acme")
    leave, there = threading.Event(), threading.Barrier(7)

    def hangs(connection: Connection) -> None:
        there.wait()
        leave.wait()

    def named(connection: Connection) -> Any:
        return connection.execute("SELECT current_database()").fetchone()[0]

    async def story() -> str:
        readers = Readers(connections, 30)
        hanging = [asyncio.create_task(readers.answer(Reader(tenant), hangs)) for tenant in ("bakery", "cafe") for _ in range(3)]
        await asyncio.to_thread(there.wait)  # all that may be asked of b at a time is
        try:
            return await readers.answer(Reader("acme"), named)
        finally:
            leave.set()
            await asyncio.gather(*hanging)

    with pools(cells, "footfall_reader", size=8) as connections:
        # nobody waits for a turn that nobody gives back
        answered = asyncio.run(asyncio.wait_for(story(), 60))
    assert answered == psycopg.conninfo.conninfo_to_dict(cells.home.url)["dbname"]


def test_retention_is_applied_in_every_cell(stores, environment):
    for name, tenant in (("home", "acme"), ("b", "bakery")):
        site = Site(stores[name], tenant)
        site.land(view("/"))
        site.load()
        keep(stores[name], "raw", 30)
    ended, said, _ = run("retention", "apply", "--yes", "--json", environment=environment)
    assert (ended, {row["tenant"] for row in json.loads(said)["gone"]}) == (0, {"acme", "bakery"})
    for store in stores.values():
        assert store.execute("SELECT count(*) FROM raw.site_tracking_events_r").fetchone() == (0,)


def test_a_command_for_all_cells_works_in_all_that_answer_and_says_which_does_not(stores, environment, of_three, tmp_path):
    Site(stores["home"], "acme")
    Site(stores["b"], "bakery")
    for arguments, expected in (
        (("tenant", "list", "--json"), ("acme", "bakery")),
        (("key", "list", "--json"), ()),
        (("check", "--only", "raw.*", "--json"), ('"home": {', '"b": {')),
        (("migrate", "--json"), ('"home": {', '"b": {')),
        (("rebuild-marts", "--json"), ("acme", "bakery")),
        (("import", "list", "--json"), ()),
        (("retention", "preview", "--json"), ("would_go",)),
        (("retention", "apply", "--yes", "--json"), ("gone",)),
        (("backup", str(tmp_path / "{}"), "--json"), ('"home": {', '"b": {')),
    ):
        ended, said, errors = run(*(argument.format("of three") for argument in arguments), environment=of_three)
        assert (ended, [one for one in expected if one not in said]) == (1, []), (arguments, said, errors)
        assert "cell_away: cell c" in errors
        json.loads(said)
        ended, said, errors = run(*(argument.format("of two") for argument in arguments), environment=environment)
        assert (ended, errors.strip()) == (0, ""), arguments
    # whose tenant nobody knows may be the one's that is away
    assert "cell_away" in run("report", "--tenant", "cafe", "overview", environment=of_three)[2]
    assert "tenant_unknown" in run("report", "--tenant", "cafe", "overview", environment=environment)[2]


def test_an_import_is_listed_and_taken_back_wherever_its_tenant_lives(stores, environment, of_three, tmp_path):
    Site(stores["home"], "acme")
    bakery = Site(stores["b"], "bakery")
    log = tmp_path / "access.log"
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    log.write_text(f'192.0.2.7 - - [10/Mar/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 100 "-" "{agent}"\n')
    site = ("--tenant", "bakery", "--site", "https://bakery.example")
    ended, _, errors = run("import", "access-log", str(log), *site, environment=environment)
    assert ended == 0, errors
    assert bakery.value("SELECT count(*) FROM raw.site_tracking_events_r") == 1
    (row,) = json.loads(run("import", "list", "--json", environment=environment)[1])
    assert row["tenant"] == "bakery"
    assert "cell_away" in run("import", "undo", "nothing", environment=of_three)[2]
    assert "import_unknown" in run("import", "undo", "nothing", environment=environment)[2]
    ended, said, errors = run("import", "undo", row["import"], "--json", environment=of_three)
    assert (ended, json.loads(said)["removed"]) == (0, 1), errors
    assert bakery.value("SELECT count(*) FROM raw.site_tracking_events_r") == 0


def test_groups_give_roles_in_tenants_of_every_cell(cells, stores):
    Site(stores["home"], "acme")
    bakery = Site(stores["b"], "bakery")
    with (
        pool(cells.home.url, "footfall_admin", size=2) as home,
        pools(cells, "footfall_admin", size=2) as everywhere,
    ):
        provider = _Provider()
        accounts = Accounts(home, everywhere)
        roles = GroupRoles("bakers=bakery:admin shop=acme:viewer bakers=nowhere:viewer")
        sign_ons = SignOns(home, everywhere, accounts, provider, roles)

        def roles_of(*groups: str) -> dict[str, str]:
            provider.groups = groups
            return {line["tenant"]: line["role"] for line in accounts.tenants(signed_on(sign_ons))}

        assert roles_of("bakers") == {"bakery": "admin"}
        assert roles_of("bakers", "shop") == {"bakery": "admin", "acme": "viewer"}
        assert roles_of("shop") == {"acme": "viewer"}
        # of that cell too the last owner stays, whatever the groups say
        set_role(stores["home"], "ann@example.org", "bakery", "owner", bakery.tenant_hk)
        assert roles_of("shop") == {"bakery": "owner", "acme": "viewer"}
        add_account(stores["home"], "bob@example.org", "Bob", "a good long one")
        set_role(stores["home"], "bob@example.org", "bakery", "owner", bakery.tenant_hk)
        assert roles_of("bakers") == {"bakery": "admin"}
        # a group whose tenant is nowhere makes nobody an account
        provider.subject = "eve"
        provider.groups = ("cooks",)
        with pytest.raises(NotAccepted) as refused:
            signed_on(sign_ons)
        assert refused.value.code == "no_role"


def signed_on(sign_ons: SignOns) -> str:
    """The token of who came back from the provider."""
    token, _ = sign_ons.begin()
    return sign_ons.finish(token, state_of(token), "code", "https://issuer.example", "a browser")


class _Provider:
    """One that says of everybody that they are Ann, in these groups."""

    subject = "ann"
    groups: tuple[str, ...] = ()

    def address(self, _token: str) -> str:
        return "https://issuer.example/authorize"

    def require_issuer(self, _issuer: str) -> None:
        pass

    def identity(self, _token: str, _code: str) -> Identity:
        email = f"{self.subject}@example.org"
        proved = {"email": email, "is_proved": True, "is_multi_factor": False}
        return Identity("https://issuer.example", self.subject, name=self.subject.title(), groups=self.groups, **proved)
