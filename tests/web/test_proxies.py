"""Who came: whatever a caller writes into the header of a proxy, only trusted proxies are believed."""

import pytest

from footfall.errors import SettingInvalid
from footfall.settings import Networks, Settings
from footfall.web.proxies import Proxies, network_of

XFF = "X-Forwarded-For"
ELSEWHERE = "203.0.113.0/24 2001:db8:9::/48, private"


@pytest.mark.parametrize(
    ("connected", "networks", "header", "said", "expected"),
    [
        ("10.0.0.1", "private", XFF, ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", "private", XFF, ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", "private", XFF, ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", "private", XFF, ["6.6.6.6, 198.51.100.1, 10.0.0.2, 192.168.7.7"], "198.51.100.1"),
        ("10.0.0.1", "private", XFF, ["1.2.3.4:5678"], "1.2.3.4"),
        ("::1", "private", XFF, ["[2001:db8::1]:80"], "2001:db8::1"),
        ("::ffff:10.0.0.1", "private", XFF, ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("fd00::1", "private", "Forwarded", ['for=6.6.6.6, proto=https;For="[2001:db8::1]:9"'], "2001:db8::1"),
        ("10.0.0.1", "private", XFF, ["10.0.0.9"], "10.0.0.9"),  # from within: nobody outside is named
        ("10.0.0.1", "private", XFF, [], "10.0.0.1"),
        ("10.0.0.1", "private", XFF, ["6.6.6.6, unknown"], None),
        ("10.0.0.1", "private", XFF, [""], None),
        (None, "private", XFF, ["198.51.100.1"], "198.51.100.1"),  # a socket of this machine
        # a direct caller is who connects, whatever it writes
        ("198.51.100.9", "private", XFF, ["6.6.6.6"], "198.51.100.9"),
        ("2001:db8::9", "private", XFF, ["6.6.6.6"], "2001:db8::9"),
        ("203.0.113.5", "private", XFF, ["6.6.6.6"], "203.0.113.5"),
        ("203.0.113.5", ELSEWHERE, XFF, ["6.6.6.6, 198.51.100.1, 2001:db8:9::4, 127.0.0.1"], "198.51.100.1"),
        ("10.0.0.1", "203.0.113.0/24", XFF, ["6.6.6.6"], "10.0.0.1"),
        ("10.0.0.1", "", XFF, ["6.6.6.6"], "10.0.0.1"),
        ("10.0.0.1", "private", "", ["6.6.6.6"], "10.0.0.1"),
        ("10.0.0.1", "private", "X-Real-IP", ["6.6.6.6"], "10.0.0.1"),  # another header than the one that is said
    ],
)
def test_the_first_that_is_no_trusted_proxy_counts(connected, networks, header, said, expected) -> None:
    proxies = Proxies(Settings(client_address_header=header, trusted_proxies=Networks(networks)))
    sent = "Forwarded" if header == "Forwarded" else XFF
    headers = [(b"host", b"footfall"), *((sent.lower().encode(), entry.encode()) for entry in said)]
    scope = {"client": (connected, 1) if connected else None, "headers": headers}
    assert proxies.client_of(scope) == expected


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("2001:db8:0:1::", "2001:db8:0:1::/64"),
        (None, ""),
    ],
)
def test_who_has_a_network_of_ipv6_is_one(address, network) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("networks", ["10.0.0.1/8", "everybody", "10.0.0.0/8; 192.168.0.0/16"])
def test_networks_that_are_none_are_told_before_the_server_starts(networks: str) -> None:
    with pytest.raises(SettingInvalid, match="FOOTFALL_TRUSTED_PROXIES"):
        Settings.read({"FOOTFALL_TRUSTED_PROXIES": networks})


def test_networks_are_read_from_the_environment_and_handed_on() -> None:
    settings = Settings.read({"FOOTFALL_TRUSTED_PROXIES": ELSEWHERE})
    assert Settings.read(settings.environment()) == settings
    assert len(settings.trusted_proxies.networks) == 11
