"""Where a request came from: the connection's address, or what proxies that are trusted say of it."""

from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from footfall.auth import Address, address_of
from footfall.settings import Settings

_KEPT = 10_000


class Proxies:
    """The header in which proxies say whom they speak for, and the networks of those who are believed.

    Each proxy adds whom it spoke with at the end of the header. So it is read from there, past the entries of trusted proxies, to
    the first that is none. What stands before that is what the visitor says.
    """

    def __init__(self, settings: Settings) -> None:
        self._header = settings.client_address_header.lower().encode()
        networks = settings.trusted_proxies.networks

        @lru_cache(maxsize=_KEPT)
        def is_trusted(address: Address) -> bool:
            parsed = ip_address(address)
            return any(parsed in network for network in networks)

        self._is_trusted = is_trusted

    def client_of(self, scope: MutableMapping[str, Any]) -> Address | None:
        """The visitor's address; None: it is not known."""
        connected = address_of(scope["client"][0]) if scope.get("client") else None
        # a connection without an address is of this machine
        if not self._header or (connected is not None and not self._is_trusted(connected)):
            return connected
        address = connected
        for said in self._said(scope["headers"]):
            address = address_of(said)
            if address is None or not self._is_trusted(address):
                break
        return address

    def _said(self, headers: Iterable[tuple[bytes, bytes]]) -> Iterable[str]:
        """The entries, the last first; of those of RFC 7239, `for=…;proto=…`, what is about the address."""
        lines = [value.decode("latin-1") for name, value in headers if name == self._header]
        for entry in reversed(",".join(lines).split(",")) if lines else ():
            pairs = [pair.strip() for pair in entry.split(";")]
            yield next((pair for pair in pairs if pair.lower().startswith("for=")), pairs[0])


@lru_cache(maxsize=_KEPT)
def network_of(address: Address | None) -> str:
    """Whom limits are for: an address of IPv4, the /64 of one of IPv6, of which everybody has as many as they like."""
    if address is None or ":" not in address:
        return address or ""
    return str(ip_network((address, 64), strict=False))
