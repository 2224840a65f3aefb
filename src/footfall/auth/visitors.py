"""Who is who without knowing who: visitor keys under a secret that exists for a day.

A visitor's key is a keyed hash of address and user agent. The key of the hash is random, one for each tenant and day of its time
zone, and is destroyed within 48 hours: from then on nobody can tell which address a visitor key came from, nor connect two days.
"""

import hmac
import re
import threading
from collections import OrderedDict
from datetime import date, datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from zoneinfo import ZoneInfo

from footfall.database import Pools

Address = str  # of IPv4 or IPv6, in its one canonical spelling: what `address_of` gives

# What tells a person or a browser apart: nothing of it is kept of visitors who ask not to be tracked.
# Twin of raw.personal_keys().
PERSONAL_KEYS = frozenset(
    {
        "session_id",
        "visitor_id",
        "user_id",
        "screen_resolution",
        "viewport_width",
        "viewport_height",
        "timezone",
        "language",
        "browser_name",
        "transaction_id",
        "properties",
        "item_metadata",
        "consent",
    }
)
_HEX_DIGITS = 32  # 128 bits


def visitor_key(secret: bytes, address: Address, user_agent: str | None) -> str:
    """The visitor key of an address and a user agent; twin of `auth.visitor_key`."""
    return "v_" + hmac.digest(secret, f"{address}|{user_agent or ''}".encode(), "sha256").hex()[:_HEX_DIGITS]


def truncated(address: Address) -> str:
    """An address cut to its network: /24 of IPv4, /48 of IPv6; twin of `auth.truncated_address`."""
    return str(ip_network((address, 48 if ":" in address else 24), strict=False))


# what proxies write around an address: quotes, `for=`, the brackets of IPv6, a port, a zone
_AROUND = re.compile(r'"?(?:for=)?"?(?:\[(?P<v6>[^\]]*)\]|(?P<v4>[0-9.]+)|(?P<bare>[^"\[\]]*))(?::[0-9]{1,5})?"?', re.IGNORECASE)


@lru_cache(maxsize=4096)
def address_of(text: str | None) -> Address | None:
    """An address as sent; None when it is none. An IPv4 address inside an IPv6 one is the IPv4 address.

    As proxies write it: `203.0.113.9:50000` (Azure), `[2001:db8::1]:443`, `for="[2001:db8::1]"` (RFC 7239), `fe80::1%eth0`.
    """
    parts = _AROUND.fullmatch((text or "").strip())
    if parts is None:
        return None
    try:
        address = ip_address(next(part for part in parts.groups() if part is not None).partition("%")[0].strip())
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


class Secrets:
    """The visitor secrets of tenants and days, kept in memory while they are in use."""

    _KEPT = 10_000

    def __init__(self, connections: Pools) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[bytes, date], bytes] = OrderedDict()

    def known(self, tenant_hk: bytes, day: date) -> bytes | None:
        """The secret, if it is in memory."""
        return self._known.get((tenant_hk, day))

    def fetch(self, tenant_hk: bytes, day: date) -> bytes:
        """The secret from the store, made there if it is the first time that this day is asked for."""
        with self._connections.of(tenant_hk).connection() as connection:
            row = connection.execute("SELECT auth.visitor_secret_of(%s, %s)", (tenant_hk, day)).fetchone()
        assert row is not None  # noqa: S101  a function without a set returns one row
        secret = bytes(row[0])
        with self._lock:
            self._known[tenant_hk, day] = secret
            while len(self._known) > self._KEPT:
                self._known.popitem(last=False)
        return secret

    def forget(self) -> None:
        """Drop what is in memory: called hourly, so that a destroyed secret does not live on here."""
        with self._lock:
            self._known.clear()


def day_of(moment: datetime, time_zone: str) -> date:
    """The day of a moment in a tenant's time zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()
