"""Whom proxies spoke for: the one rule, at the door and in logs that proxies wrote."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address

from footfall.auth.visitors import Address, address_of
from footfall.settings import Networks

_KEPT = 10_000


class TrustedProxies:
    """The networks of the proxies that are believed when they say whom they speak for.

    Each proxy adds whom it spoke with at the end of what it passes on. So that is read from its end, past the entries of trusted
    proxies, to the first that is none. What stands before that is what the visitor says.
    """

    def __init__(self, networks: Networks) -> None:
        @lru_cache(maxsize=_KEPT)
        def is_trusted(address: Address) -> bool:
            parsed = ip_address(address)
            return any(parsed in network for network in networks.networks)

        self._is_trusted = is_trusted

    def client_of(self, connected: Address | None, lines: Sequence[str]) -> Address | None:
        """The visitor's address; None: it is not known.

        Args:
            connected: who the connection was with; None: this machine.
            lines: what was passed on, `203.0.113.9, 10.0.0.1` or as RFC 7239 has it, in the order of the header's lines.
        """
        if connected is not None and not self._is_trusted(connected):
            return connected
        address = connected
        for said in _entries(lines):
            address = address_of(said)
            if address is None or not self._is_trusted(address):
                break
        return address


def _entries(lines: Sequence[str]) -> Iterable[str]:
    """The entries, the last first; of those of RFC 7239, `for=…;proto=…`, what is about the address."""
    for entry in reversed(",".join(lines).split(",")) if lines else ():
        pairs = [pair.strip() for pair in entry.split(";")]
        yield next((pair for pair in pairs if pair.lower().startswith("for=")), pairs[0])
