"""A chain is whole, or it is found where it is not: whatever somebody with all rights on the database did to it."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from psycopg.rows import tuple_row

from footfall.auth import OF_NO_TENANT, NewTenant, add_key, add_tenant, tell, tenant_key
from footfall.business import Scope, all_checks, run_check
from footfall.database import Connection, connect, pool
from footfall.errors import NotAccepted
from footfall.governance import Wish, all_entries, require_head, verify
from footfall.vault.hashing import digest
from site_under_test import Site

CHECK = next(check for check in all_checks() if check.code == "audit.chain")


def broken(connection: Connection, tenant_hk: bytes | None = None) -> list[tuple[str | None, int, str]]:
    return [(one.tenant, one.seq, one.code) for one in verify(connection, tenant_hk)[1]]


@pytest.fixture
def chain(site: Site) -> Site:
    """Acme with a chain of ten rows."""
    for number in range(9):
        add_key(site.connection, "acme", "write", f"key {number}")
    return site


@pytest.fixture
def tampering(owner: Connection) -> Iterator[Connection]:
    """The superuser, past all triggers."""
    owner.execute("SET session_replication_role = replica")
    yield owner
    owner.execute("SET session_replication_role = origin")


TAMPERING = {
    "a changed action": ("UPDATE auth.audit_event SET action = 'key.removed' WHERE seq = 4", [("acme", 4, "changed")]),
    "another actor": ("UPDATE auth.audit_event SET actor = 'somebody' WHERE seq = 1", [("acme", 1, "changed")]),
    "another moment": (
        "UPDATE auth.audit_event SET occurred_at = occurred_at - interval '1 microsecond' WHERE seq = 10",
        [("acme", 10, "changed")],
    ),
    "other details": (
        """UPDATE auth.audit_event SET details = details || '{"label": [null, "x"]}' WHERE seq = 5""",
        [("acme", 5, "changed")],
    ),
    "a row that is gone": ("DELETE FROM auth.audit_event WHERE seq = 4", [("acme", 4, "missing")]),
    "the first row is gone": ("DELETE FROM auth.audit_event WHERE seq = 1", [("acme", 1, "missing")]),
    "rows that changed places": (
        "UPDATE auth.audit_event SET seq = -1 WHERE seq = 3; UPDATE auth.audit_event SET seq = 3 WHERE seq = 4;"
        " UPDATE auth.audit_event SET seq = 4 WHERE seq = -1",
        [("acme", 3, "changed"), ("acme", 4, "changed"), ("acme", 5, "unlinked")],
    ),
    "an end that was cut off": ("DELETE FROM auth.audit_event WHERE seq > 7", [("acme", 7, "end")]),
    "a row that was hashed anew": (
        "UPDATE auth.audit_event SET actor = 'somebody' WHERE seq = 4;"
        " UPDATE auth.audit_event e SET hash = auth.audit_hash(e) WHERE seq = 4",
        [("acme", 5, "unlinked")],
    ),
    "an end that was cut off with its head": (
        "DELETE FROM auth.audit_event WHERE seq > 7; DELETE FROM auth.audit_head",
        [("acme", 7, "end")],
    ),
    "a row that nobody told": (
        "INSERT INTO auth.audit_event SELECT tenant_hk, 11, occurred_at, actor_kind, actor, via, action, subject, details, NULL,"
        " hash, hash FROM auth.audit_event WHERE seq = 10",
        [("acme", 11, "changed"), ("acme", 11, "end")],
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_what_the_superuser_did_to_a_chain_is_found(chain: Site, tampering: Connection, worker: Connection, how: str) -> None:
    statement, places = TAMPERING[how]
    assert broken(worker) == []
    for one in statement.split("; "):
        tampering.execute(f"{one} {'AND' if 'WHERE' in one else 'WHERE'} tenant_hk = '\\x{chain.tenant_hk.hex()}'")
    assert sorted(broken(worker, chain.tenant_hk)) == sorted(places)
    finding = run_check(worker, CHECK)
    assert finding is not None
    assert finding.count >= len(places)
    assert run_check(worker, CHECK, Scope(tenant_hk=OF_NO_TENANT)) is None


def test_a_chain_that_is_gone_as_a_whole_is_missed(chain: Site, tampering: Connection, worker: Connection) -> None:
    tampering.execute("DELETE FROM auth.audit_event WHERE tenant_hk <> '\\x'")
    tampering.execute("DELETE FROM auth.audit_head WHERE tenant_hk <> '\\x'")
    assert broken(worker) == [("acme", 0, "gone")]


def test_the_operators_chain_says_each_day_where_the_others_stand(chain: Site, tampering: Connection, worker: Connection) -> None:
    """Whoever has noted down its head finds what was written anew in any."""
    anchor = "SELECT auth.anchor_audit(util.current_load_date() + %s::interval)"
    assert [worker.execute(anchor, (after,)).fetchone() for after in ("0", "1 hour", "25 hours")] == [(1,), (0,), (1,)]
    assert broken(worker) == []
    _write_anew(tampering)
    assert broken(worker) == [("acme", 10, "anchor"), ("acme", 10, "anchor")]
    assert broken(worker, OF_NO_TENANT) == []


def _write_anew(tampering: Connection) -> None:
    """What somebody who owns the database and knows the recipe can do to the chain of acme."""
    tampering.execute("UPDATE auth.audit_event SET actor = 'somebody' WHERE seq = 4 AND tenant_hk <> '\\x'")
    before = b""
    for (seq,) in tampering.execute("SELECT seq FROM auth.audit_event WHERE tenant_hk <> '\\x' ORDER BY seq").fetchall():
        tampering.execute("UPDATE auth.audit_event SET previous_hash = %s WHERE tenant_hk <> '\\x' AND seq = %s", (before, seq))
        ((before,),) = tampering.execute(
            "UPDATE auth.audit_event e SET hash = auth.audit_hash(e) WHERE tenant_hk <> '\\x' AND seq = %s RETURNING hash", (seq,)
        ).fetchall()
    tampering.execute("UPDATE auth.audit_head SET hash = %s WHERE tenant_hk <> '\\x'", (before,))


def test_a_chain_that_was_written_anew_does_not_go_through_the_head_that_was_noted(
    chain: Site, tampering: Connection, worker: Connection
) -> None:
    """Whoever owns the database can do this unseen: only what was noted elsewhere tells."""
    noted = next(one for one in verify(worker)[0] if one.tenant == "acme")
    head = f"{noted.rows}:{noted.head}"
    require_head(worker, chain.tenant_hk, head)
    _write_anew(tampering)
    assert broken(worker) == []
    with pytest.raises(NotAccepted, match="does not go through"):
        require_head(worker, chain.tenant_hk, head)
    with pytest.raises(NotAccepted, match="is no head"):
        require_head(worker, chain.tenant_hk, "ten")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE auth.audit_event SET action = 'key.removed'",
        "DELETE FROM auth.audit_event",
        "TRUNCATE auth.audit_event",
        "DELETE FROM auth.audit_head",
        "TRUNCATE auth.audit_head",
    ],
)
def test_nobody_changes_a_chain_not_even_its_owner_by_mistake(chain: Site, owner: Connection, url: str, statement: str) -> None:
    with pytest.raises(errors.DatabaseError, match="audit_append_only"):
        owner.execute(statement)
    for role in ("footfall_worker", "footfall_admin", "footfall_reader", "footfall_ingest"):
        with connect(url, role) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)
    with pytest.raises(errors.DatabaseError, match="audit_append_only"):
        owner.execute("UPDATE auth.audit_head SET seq = seq - 1")


def test_the_recipe_of_a_hash_is_what_the_docs_say(chain: Site, owner: Connection) -> None:
    """Somebody who has the rows as a file can prove them with any program: netstrings, SHA-256."""
    before = b""
    columns = "seq, occurred_at, actor_kind, actor, via, action, subject, details::text, request_id, previous_hash, hash"
    rows = owner.cursor(row_factory=tuple_row).execute(
        f"SELECT {columns} FROM auth.audit_event WHERE tenant_hk = %s ORDER BY seq", (chain.tenant_hk,)
    )
    for number, (seq, at, kind, actor, via, action, subject, details, request_id, previous, found) in enumerate(rows, start=1):
        moment = f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
        parts = (before.hex(), chain.tenant_hk.hex(), str(seq), moment, kind, actor, via, action, subject, details, request_id)
        assert (seq, previous, found) == (number, before, digest(*parts))
        before = found
    assert before


def test_what_is_rolled_back_is_not_told(chain: Site, owner: Connection) -> None:
    with owner.transaction(force_rollback=True):
        add_key(owner, "acme", "read", "rolled back")
        with owner.transaction(force_rollback=True):
            add_key(owner, "acme", "read", "too")
    with owner.transaction():
        with owner.transaction(force_rollback=True):
            add_key(owner, "acme", "read", "rolled back to a savepoint")
        add_key(owner, "acme", "read", "committed")
    told = [row["details"]["label"][1] for row in all_entries(owner, chain.tenant_hk, Wish(action="key"))]
    assert told[0] == "committed"
    assert "rolled" not in " ".join(told)
    assert broken(owner) == []


def test_nothing_that_waits_to_be_chained_is_left(chain: Site, owner: Connection) -> None:
    assert owner.execute("SELECT count(*) FROM auth.audit_told").fetchone() == (0,)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    writers=st.lists(
        st.lists(st.tuples(st.lists(st.integers(0, 2), min_size=1, max_size=3), st.booleans()), min_size=1, max_size=5),
        min_size=2,
        max_size=5,
    )
)
def test_many_who_write_at_once_make_no_fork_and_wait_for_nobody_in_a_circle(
    module_url: str, writers: list[list[tuple[list[int], bool]]]
) -> None:
    """Each writer's transactions tell some of three chains, in any order, and commit or not: what is committed is there once."""
    with connect(module_url) as owner:
        chains = [OF_NO_TENANT, *(_tenant(owner, name) for name in ("one", "two"))]
        before = _rows(owner, chains)
        failed: list[BaseException] = []

        def write(steps: list[tuple[list[int], bool]]) -> None:
            try:
                with connect(module_url) as connection:
                    connection.execute("SET deadlock_timeout = '10ms'")
                    for of, is_committed in steps:
                        with connection.transaction(force_rollback=not is_committed):
                            for one in of:
                                tell(connection, "goal.changed", "g", {"n": [1, 2]}, chains[one])
            except BaseException as error:  # noqa: BLE001  it is told below, whatever it is
                failed.append(error)

        threads = [threading.Thread(target=write, args=(steps,)) for steps in writers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        expected = [
            sum(of.count(number) for steps in writers for of, is_committed in steps if is_committed) for number in range(3)
        ]
        assert [now - then for now, then in zip(_rows(owner, chains), before, strict=True)] == expected
        assert broken(owner) == []


def test_a_new_tenants_chain_and_that_of_none_are_locked_in_one_order(url: str) -> None:
    """Two transactions, each of which begins a chain that the other goes on with, and both tell the operators'."""
    chains = [bytes([number] * 20) for number in (1, 2)]
    for number in range(10):
        failed: list[BaseException] = []

        def write(order: list[bytes], number: int = number, failed: list[BaseException] = failed) -> None:
            try:
                with connect(url) as connection, connection.transaction():
                    for one in order:
                        tell(connection, "goal.changed", "g", {}, one[:19] + bytes([number]) if one else one)
            except BaseException as error:  # noqa: BLE001  it is told below
                failed.append(error)

        threads = [
            threading.Thread(target=write, args=(order,)) for order in ([*chains, b""], [b"", *reversed(chains)], chains[::-1])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
    with connect(url, "footfall_worker") as worker:
        assert broken(worker) == []


def test_who_waits_for_a_chain_waits_for_a_commit_and_no_longer(chain: Site, url: str) -> None:
    """A chain is locked when a transaction ends, not while it is under way."""
    with connect(url) as slow, connect(url) as quick, slow.transaction():
        add_key(slow, "acme", "read", "slow")
        quick.execute("SET lock_timeout = '1s'")
        add_key(quick, "acme", "read", "quick")
    labels = [row["details"]["label"][1] for row in all_entries(chain.connection, chain.tenant_hk, Wish(limit=2, action="key"))]
    assert set(labels) == {"slow", "quick"}
    assert broken(chain.connection) == []


def test_a_tenants_chain_is_seen_by_that_tenant_alone(chain: Site, url: str) -> None:
    other = Site(chain.connection, "other")
    with pool(url, "footfall_admin", size=1) as administrators, administrators.connection() as connection:
        for tenant, expected in ((chain.tenant_hk, {"acme"}), (other.tenant_hk, {"other"}), (b"", set())):
            with connection.transaction():
                connection.execute("SELECT set_config('app.tenant_hk', %s, true)", (tenant.hex(),))
                rows = connection.execute("SELECT * FROM auth.own_audit('', '', '-infinity', 'infinity', 100, 0)").fetchall()
                assert {row[0] for row in rows} == expected
                for table in ("audit_event", "audit_head", "audit_told", "audit_repeat"):
                    with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                        connection.execute(f"SELECT * FROM auth.{table}")
    with connect(url, "footfall_reader") as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM auth.own_audit('', '', '-infinity', 'infinity', 100, 0)")


def _tenant(connection: Connection, name: str) -> bytes:
    try:
        return tenant_key(connection, name)
    except NotAccepted:
        add_tenant(connection, NewTenant(name, name))
        return tenant_key(connection, name)


def _rows(connection: Connection, chains: list[bytes]) -> list[int]:
    found = dict(connection.execute("SELECT tenant_hk, seq FROM auth.audit_head").fetchall())
    return [found.get(chain, 0) for chain in chains]
