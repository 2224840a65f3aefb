"""Events that were found wrong are tried again once the cause is mended; none is lost or counted twice on the way."""

import psycopg
import pytest

from footfall.business import all_checks, run_check
from footfall.database import connect
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
    spoiled.connection.execute("INSERT INTO ref.event_type VALUES (%s, 'banner', 'engagement', 'click')", (spoiled.tenant_hk,))
    assert reprocess(spoiled, "evt_type_unknown") == 2
    assert balance(spoiled) == {"received": 5, "loaded": 1, "duplicate": 1, "invalid": 1, "pending": 2}
    spoiled.settle()
    assert balance(spoiled) == {"received": 5, "loaded": 3, "duplicate": 1, "invalid": 1, "pending": 0}
    assert spoiled.rows(
        "SELECT d.event_type, d.event_action FROM business.site_event_details_s d ORDER BY 1, d.raw_event_id"
    ) == [
        ("banner", "click"),
        ("banner", "click"),
        ("page_view", "view"),
    ]
    assert [finding for check in all_checks() if (finding := run_check(spoiled.connection, check))] == []


def test_what_is_still_wrong_is_invalid_again(spoiled: Site) -> None:
    assert reprocess(spoiled, "evt_type_unknown") == 2
    spoiled.settle()
    assert balance(spoiled) == {"received": 5, "loaded": 1, "duplicate": 1, "invalid": 3, "pending": 0}
    assert reprocess(spoiled, "evt_type_unknown") == 2


def test_other_reasons_and_other_tenants_are_left_alone(spoiled: Site) -> None:
    assert reprocess(spoiled, "evt_type_missing") == 1
    spoiled.load()
    assert reprocess(spoiled, "no_such_reason") == 0
    assert spoiled.value("SELECT count(*) FROM raw.ingest_batch WHERE processing_status <> 'PROCESSED'") == 0


def test_only_what_came_since_then_is_tried_again(spoiled: Site) -> None:
    spoiled.connection.execute("SELECT set_config('app.tenant_hk', %s, false)", (spoiled.tenant_hk.hex(),))
    later = RECEIVED.replace(year=2027)
    assert spoiled.value("SELECT business.reprocess_invalid('evt_type_unknown', %s)", later) == 0


@pytest.mark.parametrize("role", ["footfall_reader", "footfall_ingest", "footfall_analyst"])
def test_who_only_reads_cannot_have_anything_tried_again(url: str, role: str) -> None:
    with connect(url, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT business.reprocess_invalid('x', now())")
