"""Tenants and keys: made once, shown once, stored as hashes, revoked for good."""

import hashlib

import pytest

from footfall.auth import KeyRing, NewTenant, add_key, add_tenant, list_keys, list_tenants, revoke_key
from footfall.database import pool
from footfall.errors import NotAccepted
from site_under_test import Site


def test_only_a_hash_of_a_key_is_stored(site: Site, owner) -> None:
    _, key = add_key(site.connection, "acme", "write", "site")
    stored = owner.execute("SELECT to_jsonb(k)::text, key_hash FROM auth.access_key k").fetchone()
    assert key not in stored[0]
    assert bytes(stored[1]) == hashlib.sha256(key.encode()).digest()


def test_keys_say_their_kind_and_are_never_alike(site: Site) -> None:
    keys = {kind: add_key(site.connection, "acme", kind, "")[1] for kind in ("write", "read", "admin")}
    assert {kind: key[:4] for kind, key in keys.items()} == {"write": "ffw_", "read": "ffr_", "admin": "ffa_"}
    assert len({add_key(site.connection, "acme", "write", "")[1] for _ in range(20)}) == 20


def test_a_key_opens_what_its_kind_opens(site: Site, url: str) -> None:
    rights = {}
    with pool(url, "footfall_ingest", size=1) as connections:
        ring = KeyRing(connections)
        for kind in ("write", "read", "admin"):
            owner = ring.look_up(add_key(site.connection, "acme", kind, "")[1])
            rights[kind] = (owner.may_write, owner.may_read, owner.is_trusted)
            assert (owner.tenant_id, owner.tenant_hk) == ("acme", site.tenant_hk)
    assert rights == {"write": (True, False, False), "read": (False, True, False), "admin": (True, True, True)}


def test_a_revoked_key_opens_nothing(site: Site, url: str) -> None:
    number, key = add_key(site.connection, "acme", "write", "")
    with pool(url, "footfall_ingest", size=1) as connections:
        ring = KeyRing(connections)
        assert ring.look_up(key) is not None
        revoke_key(site.connection, number)
        assert ring.known(key)[1] is not None  # for a minute at most
        assert ring.look_up(key) is None
        assert ring.known(key) == (True, None)
    assert list_keys(site.connection)[0]["revoked_at"] is not None


@pytest.mark.parametrize(
    "shown", ["", "x" * 50_000, "ffw_", "ffx_" + "a" * 32, "ffw_" + "a" * 31, "ffw_" + "a" * 33, "ffw_" + "ä" * 32]
)
def test_what_does_not_look_like_a_key_is_not_looked_up_nor_remembered(shown: str) -> None:
    ring = KeyRing(None)  # without a store
    assert ring.known(shown) == (True, None)
    assert ring.owner_of(shown) is None


def test_keys_that_are_made_up_push_none_of_a_tenant_out(site: Site, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyRing, "_KEPT", 2)
    monkeypatch.setattr(KeyRing, "_UNKNOWN_KEPT", 2)
    _, key = add_key(site.connection, "acme", "write", "")
    with pool(url, "footfall_ingest", size=1) as connections:
        ring = KeyRing(connections)
        ring.look_up(key)
        made_up = [f"ffw_{number:032}" for number in range(5)]
        for one in made_up:
            assert ring.look_up(one) is None
        assert ring.known(key)[0]
        assert [ring.known(one)[0] for one in made_up] == [False, False, False, True, True]


def test_keys_of_a_disabled_tenant_open_nothing_and_say_so(site: Site, url: str) -> None:
    _, key = add_key(site.connection, "acme", "write", "")
    site.connection.execute("UPDATE auth.tenant_details_s SET is_active = false")
    with pool(url, "footfall_ingest", size=1) as connections:
        owner = KeyRing(connections).look_up(key)
    assert owner is not None
    with pytest.raises(NotAccepted) as refused:
        owner.require_active()
    assert (refused.value.code, refused.value.status) == ("tenant_disabled", 403)


def test_what_cannot_be_done_says_why(site: Site) -> None:
    for call, code in (
        (lambda: add_key(site.connection, "nobody", "write", ""), "tenant_unknown"),
        (lambda: add_key(site.connection, "acme", "root", ""), "key_kind_unknown"),
        (lambda: revoke_key(site.connection, 99), "key_unknown"),
        (lambda: add_tenant(site.connection, NewTenant("acme", "Acme")), "tenant_exists"),
        (lambda: add_tenant(site.connection, NewTenant("a b", "A")), "tenant_id_invalid"),
        (lambda: add_tenant(site.connection, NewTenant("a", "A", time_zone="Mars/Base")), "time_zone_unknown"),
        (lambda: add_tenant(site.connection, NewTenant("a", "A", currency="euro")), "currency_invalid"),
    ):
        with pytest.raises(NotAccepted) as refused:
            call()
        assert refused.value.code == code
    assert [tenant["tenant"] for tenant in list_tenants(site.connection)] == ["acme"]


def test_tenants_are_listed_as_they_are_now(site: Site) -> None:
    add_tenant(site.connection, NewTenant("b", "Bakery", "e-commerce", "Europe/Paris", "EUR"))
    bakery = list_tenants(site.connection)[1]
    assert (bakery["tenant"], bakery["name"], bakery["time_zone"], bakery["active"]) == ("b", "Bakery", "Europe/Paris", True)
