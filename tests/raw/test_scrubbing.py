"""What is secret is not stored, what merely looks long is: the same cases as the tracker's."""

import json
from pathlib import Path
from typing import Any

import pytest

from site_under_test import Site

CASES = json.loads((Path(__file__).parents[1] / "scrubbing.json").read_text())
KEYS = ("page_url", "page_referrer", "page_title", "evt_label")


def with_a_star(said: str) -> str:
    """The text with a star for what went."""
    return said.replace("[email]", "*").replace("removed", "*")


def scrubbed(site: Site, payload: dict[str, Any]) -> dict[str, Any]:
    """A payload as it is landed."""
    site.land(payload)
    return site.value("SELECT raw_payload FROM raw.site_tracking_events_r ORDER BY raw_event_id DESC LIMIT 1")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_what_is_secret_goes_from_addresses_titles_labels_and_properties_alike(site: Site, case: dict[str, Any]):
    """Each place alone: what is beside it must not be what gives it away."""
    for key in KEYS:
        assert with_a_star(scrubbed(site, {key: case["text"]})[key]) == case["becomes"]
    for properties in ({"said": case["text"]}, {"list": [case["text"]]}):
        (said,) = scrubbed(site, {"properties": properties})["properties"].values()
        assert with_a_star(said if isinstance(said, str) else said[0]) == case["becomes"]


def test_values_of_telling_properties_go_and_ids_stay(site: Site):
    payload = {
        "event_id": "9f86d081884c7d659a2feaa0c55ad015",
        "session_id": "9f86d081884c7d659a2feaa0c55ad016",
        "item_id": "4111111111111112",
        "properties": {"password": 'a "quoted" one\n', "pin_token": 1234, "author": "Ann", "plan": "pro"},
    }
    assert scrubbed(site, payload) == payload | {
        "properties": {"password": "removed", "pin_token": "removed", "author": "Ann", "plan": "pro"}
    }


@pytest.mark.parametrize("escaped", ["\\u0040", "\\n", "\\\\", '\\"', "\\u00e9"])
def test_escapes_around_an_address_stay_json(site: Site, escaped: str):
    site.land(f'{{"evt_label": "a{escaped}ann@example.org{escaped}b"}}')
    assert "example.org" not in site.value("SELECT raw_payload ->> 'evt_label' FROM raw.site_tracking_events_r")
