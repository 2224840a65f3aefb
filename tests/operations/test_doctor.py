"""What would be wrong in production is found, each by its code, and what is right is not told."""

import pytest

from footfall.database import Cells, Connection, Room
from footfall.operations import doctor
from footfall.operations.doctor import examine
from footfall.settings import Networks, PublicUrl, Settings
from site_under_test import Site, view

PRODUCTION = Settings(
    public_url=PublicUrl("https://stats.example.com"),
    client_address_header="X-Forwarded-For",
    trusted_proxies=Networks("private"),
    metrics_token="t" * 32,
)
# as tests run their server
OF_TESTS = {"fsync_off", "full_page_writes_off", "synchronous_commit_off"}


def codes(url: str, settings: Settings = PRODUCTION) -> set[str]:
    return {one.code for one in examine(Cells(url), settings)} - OF_TESTS


def make_well(owner: Connection) -> None:
    owner.execute("UPDATE util.migration SET applied_at = applied_at - interval '30 days'")
    owner.execute("INSERT INTO ref.retention VALUES ('', 'raw', 400)")
    owner.execute("INSERT INTO util.backup VALUES (now(), 'logical', 1, true)")
    owner.execute("INSERT INTO util.worker VALUES ('one', clock_timestamp())")
    owner.execute("INSERT INTO util.check_result VALUES ('marts.events', now(), 1, 0, '{}')")


@pytest.fixture
def well(owner: Connection, url: str) -> str:
    make_well(owner)
    return url


def test_of_a_store_that_is_well_nothing_is_told(well: str):
    assert codes(well) == set()


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        ("no_backup", "UPDATE util.backup SET taken_at = now() - interval '8 days'"),
        ("retention_off", "DELETE FROM ref.retention"),
        ("no_worker", "UPDATE util.worker SET seen_at = now() - interval '1 minute'"),
        ("not_checked", "UPDATE util.check_result SET checked_at = now() - interval '4 days'"),
        ("checks_failed", "UPDATE util.check_result SET violations = 3"),
        ("secrets_overdue", "INSERT INTO auth.visitor_secret SELECT 't', '2026-01-01', sha256('s'), now() - interval '3 days'"),
        ("access_open", "ALTER TABLE business.visit_b DISABLE ROW LEVEL SECURITY"),
        ("schema_outdated", "UPDATE util.definition SET checksum = 'older' WHERE name = 'vault/load'"),
    ],
)
def test_what_is_wrong_with_a_store_is_told(well: str, owner: Connection, code: str, statement: str):
    owner.execute(statement)
    assert code in codes(well)


def test_a_store_that_has_just_been_made_is_not_blamed(url: str):
    found = {one.code: one.level for one in examine(Cells(url), PRODUCTION)}
    assert found["no_backup"] == "risky"
    assert "not_checked" not in found


def test_batches_that_were_set_aside_are_told(well: str, site: Site):
    site.land(view("/", 0))
    site.connection.execute("UPDATE raw.ingest_batch SET processing_status = 'ERROR', error_message = 'x'")
    assert codes(well) == {"batches_set_aside"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"public_url": PublicUrl("")}, "no_public_url"),
        ({"public_url": PublicUrl("http://stats.example.com")}, "no_https"),
        ({"client_address_header": ""}, "no_client_address"),
        ({"metrics_token": ""}, "no_metrics"),
    ],
)
def test_what_is_wrong_with_settings_is_told(well: str, changed: dict[str, object], code: str):
    assert codes(well, PRODUCTION.override(**changed)) == {code}


def test_of_a_server_it_is_told_who_logs_in(well: str):
    server = PRODUCTION.override(database_url=well)
    assert codes(well, server) == {"superuser", "roles_without_login"}


def test_a_disk_that_is_almost_full_is_told(well: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "room_of", lambda _: Room(8 << 30, 100 << 30))
    assert codes(well) == {"disk_low"}


def test_settings_of_postgresql_that_lose_data_are_told(well: str):
    assert {one.code for one in examine(Cells(well), PRODUCTION)} == OF_TESTS


def test_clocks_that_differ_are_told(well: str, monkeypatch: pytest.MonkeyPatch):
    now = doctor.time.time
    monkeypatch.setattr(doctor.time, "time", lambda: now() + 60)
    assert codes(well) == {"clock"}
