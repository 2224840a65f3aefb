"""The door when the store is away or full, or too much comes in: nobody waits long, and nothing is stored by halves."""

import time

import psycopg
from sender import VIEW, VISITOR, post
from starlette.testclient import TestClient

from footfall.settings import Settings
from footfall.web import application


def test_while_the_store_is_away_the_door_says_so_and_recovers(url: str, keys, server: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with (
        TestClient(application(Settings(), url), client=(VISITOR, 1)) as client,
        psycopg.connect(server, autocommit=True) as admin,
    ):
        assert post(client, keys["write"], VIEW).status_code == 202
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        refused = post(client, keys["write"], VIEW)
        assert (refused.status_code, refused.json()["debug_info"]["error"]) == (503, "store_unavailable")
        assert int(refused.headers["retry-after"]) > 0
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        for _ in range(100):
            if (status := post(client, keys["write"], VIEW).status_code) == 202:
                break
            time.sleep(0.05)
        assert status == 202
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM raw.site_tracking_events_r").fetchone() == (2,)


def test_when_too_much_waits_the_door_asks_to_come_back(url: str, keys) -> None:
    with TestClient(application(Settings(max_waiting_events=2), url), client=(VISITOR, 1)) as client:
        refused = post(client, keys["write"], [VIEW] * 3)
        assert (refused.status_code, refused.json()["debug_info"]["error"]) == (503, "overloaded")
        assert int(refused.headers["retry-after"]) > 0
        assert post(client, keys["write"], [VIEW] * 2).status_code == 202


def test_a_key_that_sends_too_much_is_asked_to_come_back(url: str, keys, owner) -> None:
    with TestClient(application(Settings(key_events_per_second=1), url), client=(VISITOR, 1)) as client:
        assert post(client, keys["write"], [VIEW] * 5).status_code == 202
        refused = post(client, keys["write"], [VIEW] * 5)
        assert (refused.status_code, refused.json()["debug_info"]["error"]) == (429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 5
        assert post(client, keys["admin"], [VIEW] * 5).status_code == 202
    assert owner.execute("SELECT reason, refused_count FROM raw.refusal").fetchall() == [("rate_limited", 5)]


def test_a_full_disk_stores_no_half_of_a_request(url: str, keys, owner) -> None:
    owner.execute(
        """
        CREATE FUNCTION raw.full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON raw.site_tracking_events_r FOR EACH ROW
        WHEN (new.raw_payload ->> 'page_title' = 'the last straw') EXECUTE FUNCTION raw.full_disk();
        """
    )
    with TestClient(application(Settings(), url), client=(VISITOR, 1)) as client:
        refused = post(client, keys["write"], [VIEW, VIEW, VIEW | {"page_title": "the last straw"}])
        assert (refused.status_code, refused.json()["debug_info"]["error"]) == (503, "store_unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert owner.execute("SELECT count(*) FROM raw.site_tracking_events_r").fetchone() == (0,)
        assert owner.execute("SELECT count(*) FROM raw.ingest_batch").fetchone() == (0,)
        for _ in range(100):
            if (status := post(client, keys["write"], [VIEW, VIEW]).status_code) == 202:
                break
            time.sleep(0.05)
        assert status == 202


def test_a_connection_that_is_lost_in_the_middle_stores_no_half_of_a_request(url: str, keys, owner) -> None:
    owner.execute(
        """
        CREATE FUNCTION raw.cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN new; END $$;
        CREATE TRIGGER cut BEFORE INSERT ON raw.site_tracking_events_r FOR EACH ROW
        WHEN (new.raw_payload ->> 'page_title' = 'the last straw') EXECUTE FUNCTION raw.cut();
        """
    )
    with TestClient(application(Settings(), url), client=(VISITOR, 1)) as client:
        refused = post(client, keys["write"], [VIEW, VIEW, VIEW | {"page_title": "the last straw"}])
        assert (refused.status_code, refused.json()["debug_info"]["error"]) == (503, "store_unavailable")
        assert owner.execute("SELECT count(*) FROM raw.site_tracking_events_r").fetchone() == (0,)
        assert owner.execute("SELECT count(*) FROM raw.ingest_batch").fetchone() == (0,)
