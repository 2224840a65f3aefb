"""The schema: brought up to date once, by whoever comes first; months of partitions; one clock."""

import hashlib
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from footfall import schema
from footfall.database import Definition, connect, migrate, migrations, require_current
from footfall.errors import SchemaInUse, SchemaOutdated
from schema_lines import difference, schema_lines
from site_under_test import NOON, Site, view

ACCESS = Definition("access", "SELECT util.secure_access()")


def test_deploying_again_does_nothing(owner) -> None:
    assert schema.deploy(owner) == []
    require_current(owner, schema.definitions())


def test_only_what_has_changed_is_run(owner) -> None:
    owner.execute("UPDATE util.definition SET checksum = 'older' WHERE name = 'vault/load'")
    with pytest.raises(SchemaOutdated, match="vault/load"):
        require_current(owner, schema.definitions())
    assert schema.deploy(owner) == ["vault/load"]


def test_a_migration_runs_once_and_what_fails_leaves_nothing(owner) -> None:
    broken = Definition("broken", "CREATE TABLE util.half (); SELECT nonsense")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        migrate(owner, [broken], broken)
    assert owner.execute("SELECT to_regclass('util.half')").fetchone() == (None,)
    names = [name for name, _ in migrations()]
    assert names == sorted(names)
    assert [name for (name,) in owner.execute("SELECT name FROM util.migration ORDER BY name")] == names


def test_a_migration_that_has_landed_is_never_edited() -> None:
    """What stores have run is what fresh ones run: a change is a migration of its own. `make golden` adds a new one's line."""
    landed = (Path(__file__).parents[1] / "golden/migrations.txt").read_text().splitlines()
    assert [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}.sql" for name, text in migrations()] == landed


def _with(sql: str) -> list[Definition]:
    return [*schema.definitions(), Definition("more", sql)]


def test_what_no_definition_makes_any_more_is_dropped(owner) -> None:
    migrate(
        owner,
        _with("""
CREATE OR REPLACE FUNCTION api.one(p integer) RETURNS integer LANGUAGE sql RETURN p;
CREATE OR REPLACE FUNCTION api.two() RETURNS integer LANGUAGE sql RETURN api.one(2);
CREATE OR REPLACE VIEW api.three_v AS SELECT api.two();"""),
        ACCESS,
    )
    migrate(owner, _with("CREATE OR REPLACE FUNCTION api.one(p text) RETURNS text LANGUAGE sql RETURN p;"), ACCESS)
    assert owner.execute("SELECT oid::regprocedure::text FROM pg_proc WHERE proname IN ('one', 'two')").fetchall() == [
        ("api.one(text)",)
    ]
    schema.deploy(owner)
    assert owner.execute("SELECT to_regproc('api.one'), to_regclass('api.three_v')").fetchone() == (None, None)
    assert owner.execute("SELECT count(*) FROM util.definition WHERE name = 'more'").fetchone() == (0,)


def test_what_cannot_be_replaced_is_made_anew_with_all_that_stands_on_it(owner) -> None:
    before = schema_lines(owner)
    migrate(
        owner,
        _with("""
CREATE OR REPLACE FUNCTION api.one() RETURNS integer LANGUAGE sql RETURN 1;
CREATE OR REPLACE VIEW api.two_v AS SELECT api.one() AS one, 2 AS two;"""),
        ACCESS,
    )
    now = """
CREATE OR REPLACE FUNCTION api.one() RETURNS text LANGUAGE sql RETURN 'one';
CREATE OR REPLACE VIEW api.two_v AS SELECT api.one() AS one;"""
    migrate(owner, _with(now), ACCESS)
    assert owner.execute("TABLE api.two_v").fetchall() == [("one",)]
    schema.deploy(owner)
    assert difference(schema_lines(owner), before) == []


def test_a_view_of_the_operators_on_what_has_to_be_made_anew_is_kept_and_said(owner, caplog) -> None:
    migrate(owner, _with("CREATE OR REPLACE FUNCTION api.one() RETURNS integer LANGUAGE sql RETURN 1;"), ACCESS)
    owner.execute("CREATE VIEW public.mine AS SELECT api.one()")
    with pytest.raises(SchemaInUse, match=r"DROP FUNCTION api\.one\(\)"):
        migrate(owner, _with("CREATE OR REPLACE FUNCTION api.one() RETURNS text LANGUAGE sql RETURN 'one';"), ACCESS)
    schema.deploy(owner)
    assert "api.one() is of an earlier version, and stays" in caplog.text
    assert owner.execute("TABLE public.mine").fetchall() == [(1,)]


def test_two_that_start_together_do_not_meet(server: str) -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS footfall_twice")
        admin.execute("CREATE DATABASE footfall_twice")
    url = psycopg.conninfo.make_conninfo(server, dbname="footfall_twice")
    done: list[list[str]] = []

    def deploy() -> None:
        with connect(url) as connection:
            done.append(schema.deploy(connection))

    threads = [threading.Thread(target=deploy) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, done)) == [False, True]
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("DROP DATABASE footfall_twice WITH (FORCE)")


def test_a_store_without_a_schema_says_so(server: str) -> None:
    with connect(server) as connection, pytest.raises(SchemaOutdated, match="no schema yet"):
        require_current(connection, schema.definitions())


def test_partitions_are_made_ahead_and_once(owner) -> None:
    before = owner.execute("SELECT count(*) FROM pg_inherits").fetchone()[0]
    assert owner.execute("SELECT util.ensure_partitions('2031-11-15')").fetchone() == (27,)  # 9 tables, 3 months
    assert owner.execute("SELECT util.ensure_partitions('2031-11-15')").fetchone() == (0,)
    assert owner.execute("SELECT count(*) FROM pg_inherits").fetchone()[0] > before
    for month in ("203111", "203112", "203201"):
        assert owner.execute(f"SELECT to_regclass('business.site_event_h_{month}') IS NOT NULL").fetchone() == (True,)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_bounds_of_partitions_do_not_depend_on_the_sessions_time_zone(owner, zone: str) -> None:
    owner.execute(f"SET TimeZone = '{zone}'")
    owner.execute(
        "SELECT util.ensure_month('2031-05-31T23:30:00Z', 'bytea'), util.ensure_month('2031-05-31T23:30:00Z', 'timestamptz')"
    )
    owner.execute("SET TimeZone = 'UTC'")
    bounds = owner.execute("""
        SELECT pg_get_expr(relpartbound, oid) FROM pg_class
        WHERE oid IN ('business.site_event_h_203105'::regclass, 'raw.site_tracking_events_r_203105'::regclass)
        ORDER BY 1""").fetchall()
    assert bounds[0] == ("FOR VALUES FROM ('2031-05-01 00:00:00+00') TO ('2031-06-01 00:00:00+00')",)
    first, last = (datetime(2031, month, 1, tzinfo=UTC) for month in (5, 6))
    prefix = owner.execute("SELECT util.time_prefix(%s)::text, util.time_prefix(%s)::text", (first, last)).fetchone()
    assert bounds[1] == (f"FOR VALUES FROM ('{prefix[0]}') TO ('{prefix[1]}')",)


def test_a_question_about_a_range_touches_only_its_months(site: Site, owner) -> None:
    site.land(view("/", 0, session_id="s"))
    site.load()
    question = """
        EXPLAIN SELECT count(*) FROM business.site_event_h
        WHERE site_event_hk >= util.time_prefix('2026-03-05') AND site_event_hk < util.time_prefix('2026-03-20')"""
    plan = "\n".join(line for (line,) in owner.execute(question))
    assert set(re.findall(r"site_event_h_\d+", plan)) == {"site_event_h_202603"}


def test_statistics_follow_what_has_grown(site: Site, worker) -> None:
    site.land(*(view(f"/{n}", 0, session_id="s", event_id=str(n)) for n in range(1500)))
    site.load()
    worker.execute("SELECT pg_stat_force_next_flush()")
    assert worker.execute("SELECT util.analyze_grown()").fetchone()[0] > 0
    assert worker.execute("SELECT reltuples FROM pg_class WHERE oid = 'business.site_event_h'::regclass").fetchone() == (1500,)
    assert worker.execute("SELECT util.analyze_grown()").fetchone() == (0,)


def test_the_clock_can_be_set(owner) -> None:
    owner.execute("SELECT set_config('footfall.now', %s, false)", (NOON.isoformat(),))
    assert owner.execute("SELECT util.current_load_date()").fetchone() == (NOON,)
    owner.execute("SELECT set_config('footfall.now', '', false)")
    assert owner.execute("SELECT util.current_load_date() > now() - interval '1 minute'").fetchone() == (True,)


def test_every_load_is_later_than_the_one_before_even_when_the_clock_goes_back(site: Site) -> None:
    site.set_clock(NOON)
    dates = [site.value("SELECT business.open_load('test')") for _ in range(3)]
    site.set_clock(NOON.replace(year=2020))
    dates.append(site.value("SELECT business.open_load('test')"))
    assert dates == sorted(set(dates))
