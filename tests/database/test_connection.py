"""Connections act in their role or not at all: behind a pooler that drops start-up options they would be the schema's owner."""

import contextlib
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import PoolTimeout

from footfall import schema
from footfall.auth import add_key
from footfall.database import EmbeddedStore, connect, pool
from footfall.errors import RoleNotTaken
from footfall.processes import Processes
from footfall.settings import Settings
from server_process import ServerProcess, free_port
from site_under_test import Site

ROLES = ("footfall_worker", "footfall_reader", "footfall_ingest", "footfall_admin")


@pytest.fixture
def behind(url: str) -> Iterator[str]:
    """The URL of the test's database behind a pooler that drops start-up options, as some are told to."""
    server = conninfo_to_dict(url)
    command = [sys.executable, Path(__file__).with_name("pooler.py"), str(server["host"]), str(server.get("port", 5432))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as pooler:
        yield make_conninfo(url, host="127.0.0.1", port=int(pooler.stdout.readline()))
        pooler.kill()


def test_the_pooler_of_these_tests_leads_to_the_store(behind: str, url: str):
    with connect(behind) as through, connect(url) as straight:
        assert through.execute("SELECT current_database()").fetchone() == straight.execute("SELECT current_database()").fetchone()


@pytest.mark.parametrize("role", ROLES)
def test_a_connection_with_other_rights_than_its_roles_is_refused(behind: str, url: str, role):
    with connect(url, role) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (role,)
    with pytest.raises(RoleNotTaken), connect(behind, role):
        pass


def test_a_role_that_may_go_round_policies_is_refused(url: str, owner):
    owner.execute("ALTER ROLE footfall_admin BYPASSRLS")
    try:
        with pytest.raises(RoleNotTaken), connect(url, "footfall_admin"):
            pass
    finally:
        owner.execute("ALTER ROLE footfall_admin NOBYPASSRLS")


def test_a_pool_hands_none_out(behind: str):
    with pool(behind, "footfall_reader", size=1) as readers, pytest.raises(PoolTimeout), readers.connection(timeout=0.5):
        pass


def test_a_server_behind_it_says_why_it_is_not_ready_and_answers_nobody(behind: str, site: Site):
    _, secret = add_key(site.connection, "acme", "read", "test")
    with ServerProcess(behind) as server:
        assert _refused(f"{server.address}/health/ready") == (503, True)
        assert _refused(f"{server.address}/api/analytics/overview", {"X-Footfall-Key": secret}) == (503, False)


def _refused(address: str, headers: dict[str, str] | None = None) -> tuple[int, bool]:
    """The status, and whether the answer says that a role could not be taken."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(address, headers=headers or {}), timeout=30)
    with refused.value as answer:
        return answer.code, b'"role_not_taken"' in answer.read()


@pytest.fixture(scope="module")
def of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store whose roles log in by themselves, as `footfall up` has them. Roles are a cluster's: so is this one's own."""
    with EmbeddedStore(tmp_path_factory.mktemp("roles")) as store:
        with connect(store.url) as owner:
            schema.deploy(owner)
        store.let_roles_log_in()
        yield store.url


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_logs_in_has_no_way_to_more_rights(of_its_own: str, role):
    with connect(of_its_own, role) as connection:
        for way in ("RESET ROLE", "SET ROLE NONE", "RESET SESSION AUTHORIZATION", "DISCARD ALL"):
            connection.execute(way)
            assert connection.execute("SELECT current_user, session_user").fetchone() == (role, role)
        for other in {*ROLES, "postgres"} - {role}:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SET ROLE {other}")


def test_what_up_starts_knows_no_way_to_the_schemas_owner(tmp_path: Path):
    with Processes(Settings(data=tmp_path / "data", port=free_port()), quiet=True) as processes:
        with urllib.request.urlopen(f"{processes.address}/health/ready", timeout=30) as answer:
            assert answer.status == 200
        with connect(processes.url) as owner:
            others = owner.execute(
                "SELECT usename, count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend' GROUP BY 1"
            ).fetchall()
        assert {user for user, _ in others} == set(ROLES)
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "footfall" in " ".join(child.cmdline()):
                    assert "user=postgres" not in child.environ().get("DATABASE_URL", "")
                    assert "postgres:@" not in child.environ().get("DATABASE_URL", "")
