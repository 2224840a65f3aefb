"""A tenant's own networks: address ranges of its own people, looked at where an address is still known, and only there.

What goes on is the name of the range, never an address and no digest of it. What that name means is a judgement, by the rules
that are in force then (business/sql/judgements.sql).
"""

from ipaddress import ip_address, ip_network

from footfall.auth.visitors import Address
from footfall.database import Connection

OwnNetworks = tuple[tuple[int, int, int, str], ...]  # of each range: version of IP, first and last address as numbers, its name


def own_networks(connection: Connection, tenant_hk: bytes) -> OwnNetworks:
    """The ranges of the rules in force, in their order; none where there are none."""
    rows = connection.execute("/* auth.own_networks */ SELECT n.name, n.range FROM auth.own_networks(%s) n", (tenant_hk,))
    return tuple(
        (network.version, int(network.network_address), int(network.broadcast_address), name)
        for name, network in ((name, ip_network(cidr)) for name, cidr in rows)
    )


def own_network_of(address: Address | None, networks: OwnNetworks) -> str | None:
    """The name of the first range that an address lies in; twin of `auth.own_network_of`."""
    if address is None or not networks:
        return None
    found = ip_address(address)
    number, of_version = int(found), found.version
    return next((name for version, first, last, name in networks if first <= number <= last and version == of_version), None)
