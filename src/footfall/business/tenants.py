"""What a tenant is counted by, and what it may send: settings that the marts and refused events follow.

Each function is about the tenant of the connection's transaction (`administering`).
"""

from collections.abc import Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Literal, get_args

import psycopg

from footfall.database import Connection
from footfall.errors import NotAccepted

WeekStart = Literal["monday", "sunday", "saturday"]
WEEK_STARTS: tuple[WeekStart, ...] = get_args(WeekStart)

_REFUSALS = {
    "name_invalid": "a name has 1 to 255 characters",
    "time_zone_unknown": "a time zone is an IANA name such as Europe/Berlin",
    "currency_invalid": "a currency is an ISO 4217 code such as EUR",
    "week_start_invalid": f"a week begins on {', '.join(WEEK_STARTS)}",
    "host_invalid": "a host is written without scheme, port and path, such as shop.example.com; at most 1,000",
    "largest_value_invalid": "the largest value is above zero, of at most 14 digits before the point",
    "site_invalid": "a site has a name of 1 to 100 characters, and a host",
    "event_type_invalid": "type, category and action have 1 to 50 characters each",
}


def change_tenant(
    connection: Connection,
    *,
    name: str | None = None,
    industry: str | None = None,
    time_zone: str | None = None,
    currency: str | None = None,
    week_start: str | None = None,
    allowed_hosts: Sequence[str] | None = None,
    own_hosts: Sequence[str] | None = None,
    ignored_referrers: Sequence[str] | None = None,
    largest_value: Decimal | None = None,
    require_second_factor: bool | None = None,
    require_single_sign_on: bool | None = None,
) -> None:
    """Say anew what the tenant is called and counted by, what its public keys may send, who sends it no visits; None: as it is.

    Its marts follow in the same transaction. Raises NotAccepted: ``name_invalid``, ``time_zone_unknown``, ``currency_invalid``,
    ``week_start_invalid``, ``host_invalid``, ``largest_value_invalid``.
    """
    _call(
        connection,
        "SELECT business.change_tenant(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        name if name is None else name.strip(),
        industry,
        time_zone,
        currency,
        week_start,
        None if allowed_hosts is None else list(allowed_hosts),
        largest_value,
        require_second_factor,
        require_single_sign_on,
        None if own_hosts is None else list(own_hosts),
        None if ignored_referrers is None else list(ignored_referrers),
    )


def set_active(connection: Connection, *, is_active: bool) -> bool:
    """Enable the tenant, or disable it: nobody sends for it or looks at it, and what is stored stays. Whether anything changed.

    The doors follow within a minute; what came until then is loaded when the tenant is enabled again.
    """
    return bool(_call(connection, "SELECT business.set_active(%s)", is_active))


def set_site(connection: Connection, site: str, hosts: Sequence[str]) -> None:
    """Give a site of the tenant these hosts, with those under them; keys of the site send of its pages only.

    What they sent of them and was refused is tried again. Raises NotAccepted: ``site_invalid``, ``host_invalid``.
    """
    _call(connection, "SELECT business.set_site(%s, %s)", site.strip(), list(hosts))


def remove_site(connection: Connection, site: str) -> bool:
    """Forget a site of the tenant; whether there was one. Raises NotAccepted: ``site_in_use`` while a key sends for it."""
    held = connection.execute("SELECT count(*) FROM auth.access_key WHERE site = %s AND revoked_at IS NULL", (site,)).fetchone()
    if held != (0,):
        raise NotAccepted(
            "site_in_use", "a key sends for this site: revoke it first, it would send of any host", HTTPStatus.CONFLICT
        )
    return connection.execute("DELETE FROM auth.site WHERE site = %s", (site,)).rowcount > 0


def list_sites(connection: Connection, days: int = 30) -> list[dict[str, Any]]:
    """The tenant's sites by name: hosts, numbers of the keys that send for it, and events of its hosts in so many days."""
    sent = list_sending_hosts(connection, days)
    cursor = connection.execute(
        "SELECT w.site, w.hosts, ARRAY(SELECT k.access_key_id FROM auth.access_key k WHERE k.tenant_hk = w.tenant_hk"
        " AND k.site = w.site AND k.revoked_at IS NULL ORDER BY 1), w.created_at FROM auth.site w ORDER BY w.site"
    )
    return [
        {
            "site": site,
            "hosts": hosts,
            "keys": keys,
            "events": sum(row["events"] for row in sent if _is_under(row["host"], hosts)),
            "created_at": created_at,
        }
        for site, hosts, keys, created_at in cursor
    ]


def _is_under(host: str, hosts: Sequence[str]) -> bool:
    """Twin of staging.is_allowed_host."""
    bare = host.removeprefix("www.")
    return any(bare == one or bare.endswith(f".{one}") for one in hosts)


def list_sending_hosts(connection: Connection, days: int = 30) -> list[dict[str, Any]]:
    """Whose pages sent something in so many days, the most first; `refused`: how many more events were not let in."""
    cursor = connection.execute(
        "SELECT * FROM business.sending_hosts(util.current_load_date() - make_interval(days => %s))", (days,)
    )
    return [dict(zip(("host", "allowed", "events", "refused"), row, strict=True)) for row in cursor]


def origins_of_tenant(connection: Connection) -> dict[str, list[str]]:
    """Hosts, with those under them: the tenant's own besides that of a page, and those that never begin a visit."""
    row = connection.execute(
        "SELECT t.own_hosts, t.ignored_referrers FROM auth.tenant_v t WHERE t.tenant_hk = util.current_tenant()"
    ).fetchone()
    own_hosts, ignored_referrers = row or (None, None)
    return {"ownHosts": own_hosts or [], "ignoredReferrers": ignored_referrers or []}


def add_event_type(connection: Connection, event_type: str, category: str, action: str) -> int:
    """Let the tenant send an event type of its own; what was refused for want of it is tried again.

    Returns how many events that are. Raises NotAccepted: ``event_type_invalid``.
    """
    return int(_call(connection, "SELECT business.add_event_type(%s, %s, %s)", event_type.strip(), category, action))


def remove_event_type(connection: Connection, event_type: str) -> bool:
    """Let the tenant send it no longer; what is loaded stays. Whether it was one of its own."""
    return bool(_call(connection, "SELECT business.remove_event_type(%s)", event_type))


def list_event_types(connection: Connection) -> list[dict[str, Any]]:
    """What the tenant may send, its own and everybody's; before these what it sent but may not: `known` is false."""
    cursor = connection.execute("SELECT * FROM business.event_types()")
    names = ("event_type", "category", "action", "own", "known", "refused", "last_refused")
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _call(connection: Connection, query: str, *parameters: Any) -> Any:
    try:
        row = connection.execute(query, parameters).fetchone()
    except psycopg.Error as error:
        code = error.diag.message_primary or ""
        if code not in _REFUSALS:
            raise
        raise NotAccepted(code, _REFUSALS[code]) from None
    return row[0] if row else None
