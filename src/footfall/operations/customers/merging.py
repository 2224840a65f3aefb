"""One tenant becomes part of another: an agency puts two customers together, a shop its second brand.

What its sites sent is the other's from now on, loaded once more from raw under that one's settings; so figures, visitors and
sessions of both are those of one tenant. Keys go on working, and its ids name the other.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from footfall.auth import KeyRing, require_no_hold, require_raw, tell, tenant_key
from footfall.business import set_active
from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.operations.customers.deletion import delete_tenant

_SLICE = 20_000  # events in one transaction: loads wait meanwhile
_DOORS_FORGET = timedelta(seconds=KeyRing.SECONDS + 5)  # and what they took is committed

_SETTINGS = """/* customers.merging */
    SELECT t.currency, util.is_moving(t.tenant_hk),
           EXISTS (SELECT FROM auth.tombstone o WHERE o.tenant_hk = t.tenant_hk)
    FROM auth.tenant_v t WHERE t.tenant_hk = %s
"""
_GIVEN_AT = """/* customers.merging */
    SELECT d.load_date FROM auth.tenant_details_s d WHERE d.tenant_hk = %s AND d.load_end_date IS NULL AND NOT d.is_active
"""
_PEOPLE = """/* customers.merging */
    INSERT INTO auth.membership (account_id, tenant_hk, role)
    SELECT m.account_id, %s, m.role FROM auth.membership m WHERE m.tenant_hk = %s
    ON CONFLICT DO NOTHING
"""
_NAMES = """/* customers.merging */
    INSERT INTO auth.tenant_alias (alias, tenant_hk, created_at)
    SELECT a.alias, %(into)s, util.current_load_date() FROM unnest(%(names)s::text[]) AS a(alias)
    ON CONFLICT (alias) DO UPDATE SET tenant_hk = excluded.tenant_hk
"""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: events that are the other tenant's now, and the receipt of the tenant that is no more."""

    events: int
    receipt: dict[str, Any]


def merge_tenant(
    connection: Connection,
    owner: Connection,
    tenant_id: str,
    into: str,
    standby: Connection | None = None,
    home: Connection | None = None,
) -> Merged:
    """Make a tenant part of another, and delete what is left of it.

    What came with its keys while doors remember them, for a minute, is fetched as well. Interrupted, call it again. The
    connections are those of `delete_tenant`. Raises NotAccepted: ``tenant_unknown``, ``tenant_held``, ``same_tenant``,
    ``tenant_moving``, ``currencies_differ``, ``raw_in_archive``; ``raw_gone``, ``events_gone``: retention has removed, of
    either, some of the time of what was sent; ``people_erased``: who was erased there would be taken in here again.
    """
    tenant_hk, into_hk = tenant_key(connection, tenant_id), tenant_key(connection, into)
    _require_mergeable(connection, tenant_hk, into_hk, tenant_id, into)
    names = _names_of(connection, tenant_hk)
    _give_keys(connection, tenant_hk, into_hk, names)
    (connection if home is None else home).execute(_PEOPLE, (into_hk, tenant_hk))
    events = _take_batches(connection, tenant_hk, into_hk)
    if ends := connection.execute(_GIVEN_AT, (tenant_hk,)).fetchone():
        time.sleep(max(0.0, (ends[0] + _DOORS_FORGET - datetime.now(UTC)).total_seconds()))
        events += _take_batches(connection, tenant_hk, into_hk)
    tell(connection, "tenant.merged", names[0], {"events": events}, into_hk)
    return Merged(events, delete_tenant(connection, owner, names[0], standby, home))


def _require_mergeable(connection: Connection, tenant_hk: bytes, into_hk: bytes, tenant_id: str, into: str) -> None:
    if tenant_hk == into_hk:
        raise NotAccepted("same_tenant", f"{tenant_id} and {into} are one tenant")
    require_no_hold(connection, tenant_hk)
    (currency, is_moving, has_erased), (other_currency, other_moves, _) = (
        connection.execute(_SETTINGS, (one,)).fetchone() or ("", False, False) for one in (tenant_hk, into_hk)
    )
    if is_moving or other_moves:
        raise NotAccepted("tenant_moving", "one of them moves to another cell: let that end first")
    if currency != other_currency:
        message = (
            f"{tenant_id} is counted in {currency}, {into} in {other_currency}: values without a currency would change theirs"
        )
        raise NotAccepted("currencies_differ", message)
    match connection.execute("SELECT business.lost_by_merge(%s, %s)", (tenant_hk, into_hk)).fetchone():
        case ("raw_gone",):
            require_raw(connection, tenant_hk)
            require_raw(connection, into_hk)
            raise NotAccepted(
                "raw_gone",
                f"raw of {tenant_id}, or of {into}, has gone of a time in which {tenant_id} was sent something:"
                " that cannot be loaded once more, or would stay for ever",
            )
        case ("events_gone",):
            message = f"retention has removed events of {tenant_id}, or of its time in {into}: figures would change"
            raise NotAccepted("events_gone", message)
    if has_erased:
        message = f"somebody was erased from {tenant_id}: what comes under their ids, {into} would take again"
        raise NotAccepted("people_erased", message)


def _give_keys(connection: Connection, tenant_hk: bytes, into_hk: bytes, names: list[str]) -> None:
    """Give keys and settings to the other, with the names that are sent along: whoever has a key is taken for the other then.

    A tenant that had keys is disabled from then on: so it is known when that was.
    """
    with connection.transaction():
        if connection.execute("SELECT FROM auth.access_key WHERE tenant_hk = %s LIMIT 1", (tenant_hk,)).rowcount:
            connection.execute("SELECT set_config('app.tenant_hk', %s, true)", (tenant_hk.hex(),))
            set_active(connection, is_active=False)
        connection.execute("/* customers.merging */ SELECT business.merge_settings(%s, %s)", (tenant_hk, into_hk))
        connection.execute(_NAMES, {"into": into_hk, "names": names})


def _names_of(connection: Connection, tenant_hk: bytes) -> list[str]:
    """All ids that name it, the first of all first."""
    return [
        name
        for (name,) in connection.execute(
            "SELECT h.tenant_bk FROM auth.tenant_h h WHERE h.tenant_hk = %(t)s"
            " UNION ALL SELECT a.alias FROM auth.tenant_alias a WHERE a.tenant_hk = %(t)s",
            {"t": tenant_hk},
        )
    ]


def _take_batches(connection: Connection, tenant_hk: bytes, into_hk: bytes) -> int:
    """Make all that waits or was loaded the other's; how many events."""
    events = 0
    while row := connection.execute(
        "/* customers.merging */ SELECT business.merge_batches(%s, %s, %s)", (tenant_hk, into_hk, _SLICE)
    ).fetchone():
        if row[0] == 0:
            break
        events += row[0]
    return events
