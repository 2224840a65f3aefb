"""A visitor secret that was destroyed is nowhere: not in its table's file, not in the log, not in a backup."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from footfall import schema
from footfall.auth import NewTenant, Secrets, add_tenant
from footfall.database import EmbeddedStore, connect, pool
from postgres_programs import PostgresPrograms


class _Cluster:
    """A store of its own: the files of others would only be more to read."""

    def __init__(self, folder: Path, store: EmbeddedStore) -> None:
        self.folder, self.url = folder, store.url
        self.run = PostgresPrograms(folder)

    def restart(self, mode: str) -> None:
        data = self.folder / "postgres"
        self.run("pg_ctl", "-D", data, "-m", mode, "-w", "-l", data / "log", "restart")

    def secret_of(self, tenant_id: str, day: str, now: str) -> bytes:
        with connect(self.url) as owner:
            owner.execute("SELECT set_config('footfall.now', %s, false)", (now,))
            row = owner.execute("SELECT auth.visitor_secret_of(util.tenant_key(%s), %s)", (tenant_id, day)).fetchone()
        assert row is not None
        return bytes(row[0])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Cluster]:
    folder = tmp_path_factory.mktemp("secrets")
    with EmbeddedStore(folder) as store:
        with connect(store.url) as owner:
            schema.deploy(owner)
            for tenant_id in ("acme", "other"):
                add_tenant(owner, NewTenant(tenant_id, tenant_id))
        yield _Cluster(folder, store)


def files_with(folder: Path, *wanted: bytes) -> list[str]:
    """Files that hold one of these, as bytes or as digits."""
    looked_for = [form for secret in wanted for form in (secret, secret.hex().encode())]
    return [
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and any(form in file.read_bytes() for form in looked_for)
    ]


def test_no_secret_is_ever_in_the_log_and_a_destroyed_one_nowhere(cluster: _Cluster) -> None:
    destroyed = [
        cluster.secret_of(tenant_id, day, "2026-03-10T00:00:00Z")
        for tenant_id in ("acme", "other")
        for day in ("2026-03-09", "2026-03-10")
    ]
    cluster.restart("fast")  # which writes everything to disk
    found = files_with(cluster.folder, *destroyed)
    assert [name.split("/")[1] for name in found] == ["base"], "in the table's file, and not in pg_wal"
    kept = cluster.secret_of("acme", "2026-03-11", "2026-03-11T12:00:00Z")
    with connect(cluster.url) as owner:
        assert owner.execute("SELECT auth.destroy_visitor_secrets('2026-03-12T01:00:00Z')").fetchone() == (4,)
    assert files_with(cluster.folder, *destroyed) == []
    cluster.restart("fast")
    assert files_with(cluster.folder, *destroyed) == []
    assert cluster.secret_of("acme", "2026-03-11", "2026-03-12T01:00:00Z") == kept


def test_a_backup_has_none(cluster: _Cluster, tmp_path: Path) -> None:
    secret = cluster.secret_of("acme", "2026-03-11", "2026-03-11T12:00:00Z")
    cluster.restart("fast")
    backups = cluster.folder / "backups"  # in reach of whoever PostgreSQL runs as
    backups.mkdir(mode=0o777)
    backups.chmod(0o777)
    cluster.run("pg_basebackup", "-d", cluster.url, "-D", backups / "base", "-c", "fast", "-X", "fetch")
    cluster.run("pg_dump", "--no-unlogged-table-data", "-f", backups / "dump.sql", cluster.url)
    assert (backups / "dump.sql").stat().st_size > 100_000
    assert files_with(backups, secret) == []


def test_after_a_crash_visitors_count_anew_and_nothing_else_is_lost(cluster: _Cluster) -> None:
    before = cluster.secret_of("acme", "2026-03-11", "2026-03-11T12:00:00Z")
    cluster.restart("immediate")  # as after kill -9: from the log
    with pool(cluster.url, "footfall_ingest", size=1) as connections, connect(cluster.url) as owner:
        tenant_hk = owner.execute("SELECT util.tenant_key('acme')").fetchone()[0]  # type: ignore[index]
        secret = Secrets(connections).fetch(tenant_hk, date(2026, 3, 11))
        assert len(secret) == 32
        assert secret != before
        assert owner.execute("SELECT count(*) FROM auth.tenant_h").fetchone() == (2,)
