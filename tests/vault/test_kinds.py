"""A model that contradicts itself is refused before anything is rendered from it."""

import pytest

from footfall.vault import Column, History, Hub, Index, Link, Satellite, Vault

EVENT = Hub("event", "what happened", time_ordered=True)
PLACE = Hub("place", "where")
DETAILS = Satellite("place_details", PLACE, History.COMPUTED, "", (Column("name", "text"),))


def vault(**parts) -> Vault:
    return Vault(
        **{"schema": "s", "staging": "s.staging", "staged": "s.staged", "precedence": "s.id"}
        | {"hubs": (EVENT, PLACE), "links": (), "satellites": ()}
        | parts
    )


def test_names_follow_from_the_concept() -> None:
    assert (PLACE.table, PLACE.hash_key, PLACE.business_key) == ("place_h", "place_hk", "place_bk")
    link = Link("event_place", (EVENT, PLACE), "")
    assert (link.table, link.hash_key) == ("event_place_l", "link_event_place_hk")
    assert DETAILS.table == "place_details_s"


def test_a_link_and_a_satellite_at_event_grain_are_partitioned_as_their_hub_is() -> None:
    assert Link("event_place", (EVENT, PLACE), "").time_ordered
    assert not DETAILS.time_ordered


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"hubs": (EVENT, PLACE, PLACE)}, "declared twice"),
        ({"hubs": (PLACE,)}, "exactly one hub is the grain"),
        ({"links": (Link("event_shop", (EVENT, Hub("shop", "")), ""),)}, "hubs the vault does not have"),
        ({"satellites": (Satellite("x", Hub("x", ""), History.COMPUTED, "", ()),)}, "describes a hub the vault does not have"),
        ({"satellites": (Satellite("x", PLACE, History.EARLIEST, "", ()),)}, "belong to History.EARLIEST"),
        ({"satellites": (Satellite("x", PLACE, History.COMPUTED, "", (), order=("a",), preferring="b"),)}, "History.EARLIEST"),
        ({"indexes": (Index("nowhere_h", "x", "none"),)}, "an index on nowhere_h"),
    ],
)
def test_a_contradiction_is_refused(parts: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        vault(**parts)
