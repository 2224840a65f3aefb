"""Where a request came from: the connection's address, or what proxies that are trusted say of it."""

from collections.abc import MutableMapping
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

from footfall.auth import Address, TrustedProxies, address_of
from footfall.settings import Settings

_KEPT = 10_000


class Proxies:
    """The header in which proxies say whom they speak for, and who of them is believed."""

    def __init__(self, settings: Settings) -> None:
        self._header = settings.client_address_header.lower().encode()
        self._trusted = TrustedProxies(settings.trusted_proxies)

    def client_of(self, scope: MutableMapping[str, Any]) -> Address | None:
        """The visitor's address; None: it is not known."""
        # a connection without an address is of this machine
        connected = address_of(scope["client"][0]) if scope.get("client") else None
        if not self._header:
            return connected
        return self._trusted.client_of(
            connected, [value.decode("latin-1") for name, value in scope["headers"] if name == self._header]
        )


@lru_cache(maxsize=_KEPT)
def network_of(address: Address | None) -> str:
    """Whom limits are for: an address of IPv4, the /64 of one of IPv6, of which everybody has as many as they like."""
    if address is None or ":" not in address:
        return address or ""
    return str(ip_network((address, 64), strict=False))
