"""Events that were found wrong are tried again once the cause is mended; none is lost or counted twice on the way."""

from datetime import timedelta

import psycopg
import pytest

from footfall.business import all_checks, run_check
from footfall.database import connect
from footfall.worker import load_pending
from site_under_test import RECEIVED, Site, view

FATES = ("received", "loaded", "duplicate", "invalid", "pending")


def balance(site: Site) -> dict[str, int]:
    row = site.rows(
        f"SELECT {', '.join(f'sum({fate})::integer' for fate in FATES)} FROM api.event_balance_v WHERE tenant_hk = %s",
        site.tenant_hk,
    )[0]
    counted = dict(zip(FATES, row, strict=True))
    assert counted["received"] == sum(counted[fate] for fate in FATES[1:])
    return counted


def reprocess(site: Site, reason: str) -> int:
    site.connection.execute("SELECT set_config('app.tenant_hk', %s, false)", (site.tenant_hk.hex(),))
    return site.value("SELECT business.reprocess_invalid(%s, '2020-01-01')", reason)


def allow_banners(site: Site) -> None:
    site.connection.execute("INSERT INTO ref.event_type VALUES (%s, 'banner', 'engagement', 'click')", (site.tenant_hk,))


def findings(site: Site) -> list:
    return [finding for check in all_checks() if (finding := run_check(site.connection, check))]


def tenants_that_wait(site: Site) -> list[str]:
    query = (
        "SELECT DISTINCT t.tenant_bk FROM raw.ingest_batch b JOIN auth.tenant_h t USING (tenant_hk)"
        " WHERE b.processing_status <> 'PROCESSED' ORDER BY 1"
    )
    return [tenant for (tenant,) in site.rows(query)]


@pytest.fixture
def spoiled(site: Site) -> Site:
    """One batch with a good event, its duplicate, two of an unknown type and one without a type; and one of another tenant."""
    site.land(
        view("/", session_id="s"),
        view("/", session_id="s"),
        {"evt_type": "banner", "event_id": "b-1", "session_id": "s"},
        {"evt_type": "banner", "event_id": "b-2", "session_id": "s"},
        {"event_id": "nothing", "session_id": "s"},
    )
    Site(site.connection, "other").land({"evt_type": "banner", "event_id": "b-1"})
    site.load()
    return site


def test_events_of_a_type_that_was_added_are_loaded_from_raw(spoiled: Site) -> None:
    assert balance(spoiled) == {"received": 5, "loaded": 1, "duplicate": 1, "invalid": 3, "pending": 0}
    allow_banners(spoiled)
    assert reprocess(spoiled, "evt_type_unknown") == 2
    assert balance(spoiled) == {"received": 5, "loaded": 1, "duplicate": 1, "invalid": 1, "pending": 2}
    assert findings(spoiled) == []
    spoiled.settle()
    assert balance(spoiled) == {"received": 5, "loaded": 3, "duplicate": 1, "invalid": 1, "pending": 0}
    assert spoiled.rows(
        "SELECT d.event_type, d.event_action FROM business.site_event_details_s d ORDER BY 1, d.raw_event_id"
    ) == [
        ("banner", "click"),
        ("banner", "click"),
        ("page_view", "view"),
    ]
    assert findings(spoiled) == []


def test_what_is_still_wrong_is_invalid_again(spoiled: Site) -> None:
    assert reprocess(spoiled, "evt_type_unknown") == 2
    spoiled.settle()
    assert balance(spoiled) == {"received": 5, "loaded": 1, "duplicate": 1, "invalid": 3, "pending": 0}
    assert reprocess(spoiled, "evt_type_unknown") == 2


def test_each_raw_event_tells_what_became_of_it_also_while_others_of_its_batch_wait(spoiled: Site) -> None:
    allow_banners(spoiled)
    reprocess(spoiled, "evt_type_unknown")
    assert spoiled.fates()[:5] == ["loaded", "duplicate", "pending", "pending", "invalid"]
    spoiled.load()
    assert spoiled.fates()[:5] == ["loaded", "duplicate", "loaded", "loaded", "invalid"]


def test_what_is_loaded_is_not_loaded_again_however_often_one_tries(spoiled: Site) -> None:
    allow_banners(spoiled)
    reprocess(spoiled, "evt_type_unknown")
    spoiled.settle()
    loaded = spoiled.table("business.site_event_details_s")
    for reason in ("evt_type_unknown", "evt_type_missing", "evt_type_missing"):
        reprocess(spoiled, reason)
        spoiled.settle()
        assert spoiled.table("business.site_event_details_s") == loaded
    assert balance(spoiled) == {"received": 5, "loaded": 3, "duplicate": 1, "invalid": 1, "pending": 0}
    assert findings(spoiled) == []


def test_an_event_that_was_sent_again_in_the_meantime_is_its_duplicate(spoiled: Site) -> None:
    allow_banners(spoiled)
    spoiled.land({"evt_type": "banner", "event_id": "b-1", "session_id": "s"})
    spoiled.load()
    assert balance(spoiled) == {"received": 6, "loaded": 2, "duplicate": 1, "invalid": 3, "pending": 0}
    reprocess(spoiled, "evt_type_unknown")
    spoiled.settle()
    assert balance(spoiled) == {"received": 6, "loaded": 3, "duplicate": 2, "invalid": 1, "pending": 0}
    assert findings(spoiled) == []


def test_asking_twice_before_the_worker_comes_queues_nothing_twice(spoiled: Site) -> None:
    allow_banners(spoiled)
    assert [reprocess(spoiled, "evt_type_unknown"), reprocess(spoiled, "evt_type_unknown")] == [2, 0]
    assert balance(spoiled)["pending"] == 2
    spoiled.load()
    assert balance(spoiled) == {"received": 5, "loaded": 3, "duplicate": 1, "invalid": 1, "pending": 0}


def test_what_the_store_could_not_load_is_tried_again_like_all_else(site: Site, owner) -> None:
    site.land(view("/a", session_id="a"), view("/poison", session_id="p"))
    constraint = (
        "ALTER TABLE business.site_event_details_s ADD CONSTRAINT no_poison CHECK (page_url NOT LIKE '%/poison') NOT VALID"
    )
    owner.execute(constraint)
    for hour in range(8):
        site.set_clock(RECEIVED + timedelta(hours=hour))
        load_pending(site.connection, 1000)
    assert balance(site) == {"received": 2, "loaded": 1, "duplicate": 0, "invalid": 1, "pending": 0}
    owner.execute("ALTER TABLE business.site_event_details_s DROP CONSTRAINT no_poison")
    assert reprocess(site, "load_failed") == 1
    assert balance(site) == {"received": 2, "loaded": 1, "duplicate": 0, "invalid": 0, "pending": 1}
    site.settle()
    assert balance(site) == {"received": 2, "loaded": 2, "duplicate": 0, "invalid": 0, "pending": 0}
    assert findings(site) == []


def test_other_reasons_and_other_tenants_are_left_alone(spoiled: Site) -> None:
    staged = "SELECT raw_event_id, validation_errors, processing_timestamp FROM staging.site_events_staging ORDER BY 1"
    before = spoiled.rows(staged)
    assert reprocess(spoiled, "no_such_reason") == 0
    assert (spoiled.rows(staged), tenants_that_wait(spoiled)) == (before, [])
    assert reprocess(spoiled, "evt_type_missing") == 1
    assert tenants_that_wait(spoiled) == ["acme"]
    spoiled.load()
    after = spoiled.rows(staged)
    assert [row[:2] for row in after] == [row[:2] for row in before]
    assert [new[0] for old, new in zip(before, after, strict=True) if old != new] == [5]
    assert reprocess(spoiled, "evt_type_unknown") == 2
    assert tenants_that_wait(spoiled) == ["acme"]


def test_without_a_tenant_nothing_is_tried_again(spoiled: Site, url: str) -> None:
    with connect(url, "footfall_admin") as admin:
        assert admin.execute("SELECT business.reprocess_invalid('evt_type_unknown', '2020-01-01')").fetchone() == (0,)
    assert tenants_that_wait(spoiled) == []


def test_only_what_came_since_then_is_tried_again(spoiled: Site) -> None:
    spoiled.connection.execute("SELECT set_config('app.tenant_hk', %s, false)", (spoiled.tenant_hk.hex(),))
    later = RECEIVED.replace(year=2027)
    assert spoiled.value("SELECT business.reprocess_invalid('evt_type_unknown', %s)", later) == 0


@pytest.mark.parametrize("role", ["footfall_reader", "footfall_ingest", "footfall_analyst"])
def test_who_only_reads_cannot_have_anything_tried_again(url: str, role: str) -> None:
    with connect(url, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT business.reprocess_invalid('x', now())")
