"""Visitor keys: the same in SQL and in Python, and nobody's once their secret is destroyed."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall.auth import PERSONAL_KEYS, Secrets, address_of, day_of, truncated, visitor_key
from footfall.database import connect, pool
from site_under_test import Site

secrets = st.binary(min_size=32, max_size=32)
# PostgreSQL writes IPv4-compatible IPv6 addresses (long deprecated, RFC 4291) with dots, Python does not
v6 = st.ip_addresses(v=6).filter(lambda address: address > ip_address("::1:0:0:0"))
addresses = (st.ip_addresses(v=4) | v6).map(str)
agents = st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=secrets, address=addresses, agent=agents)
def test_visitor_keys_are_equal_in_sql_and_python(module_url: str, secret, address, agent) -> None:
    with connect(module_url) as connection:
        stored = connection.execute(
            "SELECT auth.visitor_key(%s, %s, %s), auth.truncated_address(%s)", (secret, address, agent, address)
        ).fetchone()
    assert stored[0] == visitor_key(secret, address, agent)
    assert str(stored[1]) == truncated(address)


def test_personal_keys_are_the_same_in_sql_and_python(owner) -> None:
    assert set(owner.execute("SELECT raw.personal_keys()").fetchone()[0]) == PERSONAL_KEYS


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("10.1.2.3", "10.1.2.3"),
        (" 10.1.2.3 ", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:DB8::1", "2001:db8::1"),
        ("10.1.2", None),
        ("10.1.2.3/32", None),
        ("nope", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_is_read_or_is_none(sent, meant) -> None:
    assert address_of(sent) == meant


def test_an_address_is_cut_to_its_network() -> None:
    assert (truncated("10.1.2.3"), truncated("2001:db8:1:2::3")) == ("10.1.2.0/24", "2001:db8:1::/48")


def test_a_day_is_that_of_the_tenants_time_zone() -> None:
    moment = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    assert (day_of(moment, "UTC"), day_of(moment, "Asia/Kolkata")) == (date(2026, 3, 10), date(2026, 3, 11))


def test_a_visitor_has_another_key_at_every_tenant_and_day(site: Site, worker, url: str) -> None:
    other = Site(worker, "other")
    with pool(url, "footfall_ingest", size=1) as connections:
        known = Secrets(connections)
        days = [date(2026, 3, 10), date(2026, 3, 11)]
        keys = {
            visitor_key(known.fetch(tenant, day), "10.1.2.3", "agent")
            for tenant in (site.tenant_hk, other.tenant_hk)
            for day in days
        }
        assert len(keys) == 4
        assert known.known(site.tenant_hk, days[0]) == known.fetch(site.tenant_hk, days[0])
        known.forget()
        assert known.known(site.tenant_hk, days[0]) is None


def test_a_secret_is_destroyed_within_48_hours_and_never_comes_back(site: Site) -> None:
    made = datetime(2026, 3, 10, tzinfo=UTC)
    site.set_clock(made)
    before = site.value("SELECT auth.visitor_secret_of(%s, '2026-03-10')", site.tenant_hk)
    assert len(before) == 32
    for hours, destroyed in ((24, 0), (46, 0), (48, 1)):
        assert site.value("SELECT auth.destroy_visitor_secrets(%s)", made + timedelta(hours=hours)) == destroyed
    assert site.value("SELECT auth.visitor_secret_of(%s, '2026-03-10')", site.tenant_hk) != before


def test_a_visitor_key_is_no_plain_hash_of_an_address() -> None:  # T18, D37
    """Addresses are few: a hash without a secret could be searched in seconds."""
    address, agent = "10.1.2.3", "agent"
    key = visitor_key(b"\x17" * 32, address, agent)
    for text in ("10.1.2.3", "10.1.2.3/32", "10.1.2.3|agent", "10.1.2.3agent"):
        for algorithm in ("md5", "sha1", "sha256"):
            assert hashlib.new(algorithm, text.encode()).hexdigest()[:32] not in key
    assert key != visitor_key(b"\x18" * 32, address, agent)
