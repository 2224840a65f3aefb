"""A site is a thing of its own: hosts under a name, and keys that send for these alone."""

from datetime import UTC, datetime

import pytest

from footfall.auth import add_key, revoke_key
from footfall.business import change_tenant, list_sites, remove_site, set_site
from footfall.database import Connection, administering, pool
from footfall.errors import NotAccepted
from site_under_test import Site, view


@pytest.fixture
def admin(site: Site, url: str):
    """A transaction of the tenant's settings for each call."""
    with pool(url, "footfall_admin", size=1) as administrators:

        def act(action, *arguments, **named):
            with administering(administrators, site.tenant_hk) as connection:
                return action(connection, *arguments, **named)

        yield act


def sent(site: Site, key: int, host: str) -> None:
    now = datetime.now(UTC)
    event = view("/", session_id="s", page_url=f"https://{host}/", event_timestamp=now.isoformat(), event_id=f"{key}-{host}")
    site.connection.execute("SELECT util.ensure_partitions(%s, 0)", (now,))
    site.land(event, record_source=f"web:{key}", is_trusted=False, received=now)
    site.load()


def test_a_sites_key_sends_of_its_pages_only_and_the_tenants_of_all_that_it_allows(site: Site, admin) -> None:
    admin(set_site, "shop", ["shop.acme.example"])
    admin(change_tenant, allowed_hosts=["acme.example"])
    of_shop, of_all = (add_key(site.connection, "acme", "write", "x", site=name)[0] for name in ("shop", None))
    for key in (of_shop, of_all):
        for host in ("www.shop.acme.example", "a.shop.acme.example", "blog.acme.example"):
            sent(site, key, host)
    assert site.fates() == ["loaded", "loaded", "invalid", "loaded", "loaded", "loaded"]
    admin(set_site, "shop", ["shop.acme.example", "blog.acme.example"])
    site.load()
    assert site.fates() == ["loaded"] * 6
    site.roll_up()
    (listed,) = admin(list_sites)
    assert (listed["site"], listed["hosts"], listed["keys"], listed["events"]) == (
        "shop",
        ["blog.acme.example", "shop.acme.example"],
        [of_shop],
        6,
    )


def test_a_site_goes_when_no_key_sends_for_it(site: Site, admin) -> None:
    admin(set_site, "shop", ["shop.example"])
    key = add_key(site.connection, "acme", "write", "x", site="shop")[0]
    with pytest.raises(NotAccepted) as refused:
        admin(remove_site, "shop")
    assert refused.value.code == "site_in_use"
    revoke_key(site.connection, key)
    assert admin(remove_site, "shop")
    assert not admin(remove_site, "shop")


def test_what_is_no_site_is_refused_and_another_tenants_is_unknown(site: Site, worker: Connection, admin) -> None:
    for name, hosts, code in (
        ("", ["a.example"], "site_invalid"),
        ("a", [], "site_invalid"),
        ("a", ["http://a"], "host_invalid"),
    ):
        with pytest.raises(NotAccepted) as refused:
            admin(set_site, name, hosts)
        assert refused.value.code == code
    Site(worker, "other")
    admin(set_site, "shop", ["shop.example"])
    for tenant, kind, name in (("other", "write", "shop"), ("acme", "write", "blog"), ("acme", "read", "shop")):
        with pytest.raises(NotAccepted) as refused:
            add_key(worker, tenant, kind, "x", site=name)
        assert refused.value.code == "site_unknown"
