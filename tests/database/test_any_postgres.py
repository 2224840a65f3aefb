"""Any PostgreSQL: of 16 and 18, owned by a role with few rights, beside another Footfall, restored without its roles."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from footfall import api, schema
from footfall.auth import grant_sql_access, revoke_sql_access
from footfall.business import all_checks, run_check
from footfall.database import Cluster, Store, connect, roles_script
from footfall.errors import NotAccepted, RolesMissing, SettingInvalid
from footfall.operations.backups.backup import back_up
from footfall.operations.backups.backup_file import Sealing
from footfall.operations.backups.restore import restore_to_server
from site_under_test import NOON, Site, view

ROLES = ("footfall_worker", "footfall_reader", "footfall_ingest", "footfall_admin")


@pytest.fixture(scope="module", params=[16, 18])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster as a provider has it: its superuser is not ours."""
    cluster = Cluster(tmp_path_factory.mktemp("managed") / "postgres", major=request.param)
    cluster.make()
    cluster.start()
    yield cluster
    cluster.stop()


def owned_by(cluster: Cluster, owner: str, rights: str) -> str:
    """The URL of an empty database whose owner has these rights and no others."""
    with psycopg.connect(cluster.url, autocommit=True) as provider:
        provider.execute(f"CREATE ROLE {owner} LOGIN {rights}")
        provider.execute(f"CREATE DATABASE {owner} OWNER {owner}")
    return make_conninfo(cluster.url, user=owner, dbname=owner)


@pytest.fixture(scope="module")
def managed(cluster: Cluster) -> str:
    """A migrated store whose owner may make roles and databases, no more."""
    url = owned_by(cluster, "shop", "CREATEDB CREATEROLE")
    deploy(url)
    return url


def deploy(url: str, prefix: str | None = None) -> list[str]:
    with connect(url) as owner:
        return schema.deploy(owner, prefix)


def works(url: str, tenant_id: str = "acme") -> None:
    """An event goes all the way, and nothing about the store is to be said."""
    with connect(url, "footfall_worker") as worker:
        worker.execute("SELECT util.ensure_partitions(%s)", (NOON,))
        site = Site(worker, tenant_id)
        site.land(view("/", 0, session_id="s"), view("/a", 1, session_id="s"))
        site.load()
        reply = api.answer(worker, "overview", {"tenantId": tenant_id, "dateFrom": "2026-03-10", "dateTo": "2026-03-10"})
        assert reply["data"]["metrics"]["page_views"] == 2
        assert [found for check in all_checks() if (found := run_check(worker, check))] == []


def test_an_owner_without_a_superusers_rights_has_a_store(managed: str):
    works(managed)
    assert deploy(managed) == []
    for role in ROLES:
        with connect(managed, role) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (role,)


def test_its_tenants_ask_in_sql_and_see_their_own(managed: str):
    works(managed, "asks")
    works(managed, "other")
    with connect(managed) as owner:
        login, password = grant_sql_access(owner, "asks")
    with psycopg.connect(make_conninfo(managed, user=login, password=password)) as tenant:
        assert tenant.execute("SELECT DISTINCT tenant_hk = util.tenant_key('asks') FROM business.site_event_h").fetchall() == [
            (True,)
        ]
        with connect(managed) as owner:
            assert revoke_sql_access(owner, "asks")
        with pytest.raises(psycopg.OperationalError):
            tenant.execute("SELECT 1")


def test_its_owner_dumps_it(managed: str, cluster: Cluster):
    assert "COPY business.site_event_h" in cluster.run("pg_dump", "--dbname", managed)


def test_an_owner_who_may_make_no_roles_is_told_what_an_administrator_has_to_run(cluster: Cluster):
    url = owned_by(cluster, "alone", "NOCREATEROLE")
    with pytest.raises(RolesMissing, match="--print-roles"):
        deploy(url, "alone")
    with psycopg.connect(cluster.url, autocommit=True) as provider:
        provider.execute(roles_script("alone", "alone"))
    assert deploy(url, "alone")
    works(url)
    # who runs it for somebody else gives nobody the roles of the first
    low = owned_by(cluster, "low", "NOCREATEROLE")
    with psycopg.connect(cluster.url, autocommit=True) as provider, pytest.raises(psycopg.errors.RaiseException, match="another"):
        provider.execute(roles_script("low", "alone"))
    with pytest.raises(RolesMissing):
        deploy(low, "alone")


def test_two_of_different_owners_live_in_one_cluster(cluster: Cluster, managed: str):
    url = owned_by(cluster, "second", "CREATEROLE")
    with pytest.raises(RolesMissing, match="--role-prefix"):
        deploy(url)
    assert deploy(url, "second")
    assert deploy(url) == []
    works(url)
    works(managed, "again")
    with connect(url, "footfall_reader") as reader:
        assert reader.execute("SELECT current_user").fetchone() == ("second_reader",)


def test_a_prefix_that_no_role_can_have_is_refused(managed: str):
    with pytest.raises(SettingInvalid):
        deploy(managed, "no; DROP ROLE")


def test_a_dump_restored_without_owners_roles_and_grants_is_made_right(cluster: Cluster, managed: str, tmp_path: Path):
    """By another owner, whose roles have other names."""
    works(managed, "kept")
    dump = cluster.run("pg_dump", "--no-owner", "--no-privileges", "--dbname", managed)
    url = owned_by(cluster, "restorer", "CREATEROLE")
    restore = [cluster.programs / "psql", "--quiet", "--output=/dev/null", "--dbname", url]
    subprocess.run(restore, input=dump.encode(), capture_output=True, check=True)
    deploy(url, "restorer")
    works(url, "new")
    with connect(url, "footfall_reader") as reader:
        assert reader.execute("SELECT count(*) FROM business.site_event_h").fetchone() == (0,)
        reader.execute("SELECT set_config('app.tenant_hk', encode(util.tenant_key('kept'), 'hex'), false)")
        assert reader.execute("SELECT count(*) FROM business.site_event_h").fetchone() == (2,)
    with connect(url) as owner:
        owners = owner.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'business'::regnamespace"
        ).fetchall()
    assert owners == [("restorer",)]


def test_what_was_opened_or_changed_by_hand_is_made_right(managed: str):
    with connect(managed) as owner:
        owner.execute("GRANT SELECT ON auth.account TO PUBLIC")
        owner.execute("GRANT EXECUTE ON FUNCTION auth.set_password(text, text) TO footfall_reader")
        owner.execute("ALTER POLICY one_tenant ON business.visit_b USING (true)")
        owner.execute("CREATE POLICY more ON business.event_b TO PUBLIC USING (true)")
        owner.execute("ALTER TABLE raw.ingest_batch DISABLE ROW LEVEL SECURITY")
        owner.execute("ALTER FUNCTION auth.people() OWNER TO CURRENT_USER")
        before = owner.execute("SELECT util.access_digest()").fetchone()
        assert {step.name for step in schema.repairs(owner)} == {
            "access", "policies of raw.ingest_batch", "policies of business.event_b", "policies of business.visit_b",
        }  # fmt: skip
        assert owner.execute("SELECT util.access_digest()").fetchone() == before
        assert len(owner.execute("SELECT util.unsecured_tables()").fetchall()) == 3
    deploy(managed)
    with connect(managed) as owner:
        assert schema.repairs(owner) == []
    with connect(managed, "footfall_worker") as worker:
        assert worker.execute("SELECT util.access_digest()").fetchone() != before
        assert worker.execute("SELECT util.unsecured_tables()").fetchall() == []
        assert worker.execute("SELECT has_table_privilege('footfall_reader', 'auth.account', 'SELECT')").fetchone() == (False,)
        assert worker.execute(
            "SELECT has_function_privilege('footfall_reader', 'auth.set_password(text, text)', 'EXECUTE')"
        ).fetchone() == (False,)
        assert worker.execute(
            "SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE oid = 'auth.people()'::regprocedure"
        ).fetchone() == ("footfall_worker",)


def test_what_is_right_is_not_touched(managed: str):
    touched = "SELECT max(xmin::text::bigint) FROM pg_class WHERE relnamespace = 'business'::regnamespace"
    deploy(managed)
    with connect(managed) as owner:
        before = owner.execute(touched).fetchone()
        deploy(managed)
        assert owner.execute(touched).fetchone() == before


def test_a_backup_is_restored_beside_another_footfall_under_roles_of_its_own(cluster: Cluster, managed: str, tmp_path: Path):
    works(managed, "backed")
    back_up(Store(managed), tmp_path / "file", Sealing())
    url = owned_by(cluster, "beside", "CREATEROLE")
    if cluster.major == "16":
        with pytest.raises(NotAccepted, match="needs a server of PostgreSQL 18"):
            restore_to_server(tmp_path / "file", Store(url), Sealing(), "beside")
        return
    done = restore_to_server(tmp_path / "file", Store(url), Sealing(), "beside")
    assert done.findings == ()
    works(url, "fresh")
    with connect(url, "footfall_reader") as reader:
        assert reader.execute("SELECT current_user").fetchone() == ("beside_reader",)


def command(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": url}
    return subprocess.run(
        [sys.executable, "-m", "footfall", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_what_is_wrong_with_a_connection_is_said_in_a_line(managed: str, cluster: Cluster):
    with psycopg.connect(cluster.url, autocommit=True) as provider:
        provider.execute("CREATE ROLE stranger LOGIN")
    for url, said in (
        (make_conninfo(managed, user="nobody_at_all"), 'store_unavailable: .*role "nobody_at_all" does not exist'),
        (make_conninfo(managed, dbname="no_such"), 'store_unavailable: .*database "no_such" does not exist'),
        (make_conninfo(managed, user="stranger"), "not_the_owner: permission denied for schema util"),
    ):
        done = command(url, "migrate")
        assert (done.returncode, done.stdout) == (1, "")
        assert re.match(said, done.stderr), done.stderr
        assert done.stderr.count("\n") == 1
    done = command(make_conninfo(managed, user="stranger"), "tenant", "list")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
