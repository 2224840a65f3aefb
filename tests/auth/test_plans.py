"""A tenant's plan: what it may send, what it has, and what becomes of more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from footfall.auth import KeyRing, own_plan, plan_of, set_plan
from footfall.database import Connection, administering, pool
from footfall.errors import NotAccepted
from site_under_test import Site, view


def limits(connection: Connection, tenant_id: str = "acme") -> dict[str, tuple[Any, Any, str]]:
    return {row["limit"]: (row["used"], row["most"], row["state"]) for row in plan_of(connection, tenant_id)}


def item(number: int) -> dict[str, Any]:
    return {
        "evt_type": "item_interaction",
        "item_id": f"i-{number}",
        "event_id": f"e-{number}",
        "properties": {"a": 1, "b": [2, 3]},
    }


def test_what_is_loaded_is_counted_once(site: Site) -> None:
    site.land(view("/a", 0), view("/b", 1), view("/a", 2), item(1), item(2))
    site.load()
    site.land(view("/a", 3), view("/c", 4), view("/a", 0), {"evt_type": "nonsense"})
    site.load()
    used = {limit: row[0] for limit, row in limits(site.connection).items()}
    assert used["events_per_month"] == 9
    assert (used["pages_per_day"], used["items_per_day"], used["values_per_day"]) == (3, 2, 4)
    payloads = site.value("SELECT sum(octet_length(raw_payload::text)) FROM raw.site_tracking_events_r")
    assert payloads * 0.8 < used["bytes_per_day"] < payloads * 1.2, "jsonb writes its blanks otherwise"


def test_keys_of_properties_and_months_are_counted_once_a_day(site: Site) -> None:
    def of_month(month: int, **properties: int) -> dict[str, Any]:
        return {
            **view(f"/{month}", 0),
            "event_timestamp": f"2025-{month:02}-15T12:00:00Z",
            "event_id": f"m-{month}-{len(properties)}",
            "properties": properties,
        }

    site.land(of_month(1, a=1, b=2), of_month(2, a=3))
    site.load()
    site.land(of_month(1, b=5, c=1, d=1), of_month(3))
    site.load()
    used = {limit: row[0] for limit, row in limits(site.connection).items()}
    assert (used["keys_per_day"], used["months_per_day"]) == (4, 3)
    # of the next day nothing is known that was seen the day before
    assert site.value("SELECT auth.forget_seen(util.current_load_date())") == 0
    assert site.value("SELECT auth.forget_seen(util.current_load_date() + interval '1 day')") == 7


def test_an_event_that_is_tried_again_is_not_counted_again(site: Site) -> None:
    site.land({"evt_type": "nonsense"})
    site.load()
    site.connection.execute("UPDATE raw.ingest_batch SET processing_status = 'PENDING'")
    site.load()
    assert limits(site.connection)["events_per_month"][0] == 1


def test_limits_are_a_tenants_own_or_those_of_all(site: Site) -> None:
    set_plan(site.connection, None, {"pages_per_day": 10, "events_per_second": 7})
    set_plan(site.connection, "acme", {"pages_per_day": 5})
    Site(site.connection, "other")
    assert limits(site.connection)["pages_per_day"] == (0, 5, "free")
    assert limits(site.connection, "other")["pages_per_day"] == (0, 10, "free")
    assert limits(site.connection)["events_per_second"] == (None, 7, "free")
    set_plan(site.connection, "acme", {"pages_per_day": None})
    assert limits(site.connection)["pages_per_day"] == (0, 10, "free")
    set_plan(site.connection, None, {"pages_per_day": None})
    assert limits(site.connection)["pages_per_day"] == (0, None, "free")


def test_a_limit_above_zero_is_needed_and_a_tenant_that_is_there(site: Site) -> None:
    for tenant_id, most, code in (("acme", 0, "limit_invalid"), ("nobody", 5, "tenant_unknown")):
        with pytest.raises(NotAccepted) as refused:
            set_plan(site.connection, tenant_id, {"pages_per_day": most})
        assert refused.value.code == code


def test_owners_are_told_before_it_is_too_late(site: Site, url: str) -> None:
    set_plan(site.connection, "acme", {"pages_per_day": 5})
    site.land(*(view(f"/{number}", number) for number in range(4)))
    site.load()
    with pool(url, "footfall_admin", size=1) as administrators, administering(administrators, site.tenant_hk) as connection:
        assert {row["limit"]: row["state"] for row in own_plan(connection)}["pages_per_day"] == "near"


def test_the_key_of_a_tenant_that_has_used_its_plan_up_says_until_when(site: Site, url: str, keys: dict[str, str]) -> None:
    set_plan(site.connection, "acme", {"pages_per_day": 2})
    site.land(view("/a", 0), view("/b", 1))
    site.load()
    with pool(url, "footfall_ingest", size=1) as connections:
        owner = KeyRing(connections).owner_of(keys["write"])
    assert owner is not None
    with pytest.raises(NotAccepted) as refused:
        owner.require_room()
    midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    wait = (midnight - datetime.now(UTC)).total_seconds()
    assert (refused.value.code, refused.value.status) == ("quota_exceeded", 429)
    assert refused.value.retry_after is not None
    assert abs(refused.value.retry_after - wait) < 60


def test_yesterdays_pages_and_last_months_events_count_no_longer(site: Site) -> None:
    site.connection.execute(
        "INSERT INTO auth.tenant_usage SELECT %s, (now() AT TIME ZONE 'UTC')::date - d, 1000, 1000, 1000, 1000, 1000"
        " FROM unnest('{1,32}'::int[]) d",
        (site.tenant_hk,),
    )
    used = {limit: row[0] for limit, row in limits(site.connection).items()}
    assert used["pages_per_day"] == used["bytes_per_day"] == 0
    assert used["events_per_month"] == (0 if datetime.now(UTC).day == 1 else 1000)
