"""A tenant's own networks: address ranges of its own people, looked at where an address is still known, and only there.

What goes on is the name of the range, never an address and no digest of it. What that name means is a judgement, by the rules
that are in force then (business/sql/judgements.sql).
"""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from footfall.auth.visitors import Address
from footfall.database import Connection

OwnNetworks = tuple[tuple[str, str], ...]  # of each range the name, and the range as CIDR


def own_networks(connection: Connection, tenant_hk: bytes) -> OwnNetworks:
    """The ranges of the rules in force, in their order; none where there are none."""
    rows = connection.execute("/* auth.own_networks */ SELECT n.name, n.range FROM auth.own_networks(%s) n", (tenant_hk,))
    return tuple((name, cidr) for name, cidr in rows)


def own_network_of(address: Address | None, networks: OwnNetworks) -> str | None:
    """The name of the first range that an address lies in; twin of `auth.own_network_of`."""
    if address is None or not networks:
        return None
    found = ip_address(address)
    return next((name for name, cidr in networks if found in _network(cidr)), None)


@lru_cache(maxsize=10_000)
def _network(cidr: str) -> IPv4Network | IPv6Network:
    return ip_network(cidr)
