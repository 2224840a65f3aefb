"""Where a person is held: every table that has something of one, as a list. Finding, handing over and erasing go by it.

A layer joins by its entries in `REACH`. Those of the vault are rendered from the marks in `business/model.py`: hubs whose keys
lead to a person, with their links and satellites. What is neither here nor in `HOLDS_NOBODY` fails a test.

The person is laid out in temporary tables before (`business.gather_person`): `person_session`, `person_visitor`, `person_event`,
`person_raw`, and `person_id`, what they are known by.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from footfall.business.model import VAULT
from footfall.vault import Hub, Link, Satellite


@dataclass(frozen=True, slots=True)
class Reached:
    """A table that holds something of a person.

    Attributes:
        layer: the folder of an export that it is in.
        table: its name, with schema.
        where: SQL: which rows of it, as `t`, are the person's.
        left: SQL: which rows would still lead to the person after an erasure; as `where`, unless it is said.
    """

    layer: str
    table: str
    where: str
    left: str = ""


_RAW = "(t.raw_event_id, t.received_timestamp) IN (SELECT p.raw_event_id, p.received_timestamp FROM pg_temp.person_raw p)"
# of a batch that is still known by its row, the rows that are known by what the person was known by
_RAW_LEFT = f"{_RAW} AND EXISTS (SELECT FROM raw.ids_of(t) i JOIN pg_temp.person_id p USING (kind, id))"
_STAGED_LEFT = (
    f"{_RAW} AND EXISTS (SELECT FROM pg_temp.person_id p WHERE (p.kind, p.id) IN"
    " (('session', t.session_id), ('visitor', t.visitor_id), ('user', t.user_id)))"
)


def _of(hub: Hub, column: str = "") -> str:
    """Rows that have one of the person's keys of this hub."""
    name = hub.name.removeprefix("site_")
    return f"t.{column or hub.hash_key} IN (SELECT p.{hub.hash_key} FROM pg_temp.person_{name} p)"  # noqa: S608  of the model


def _vault() -> Iterator[Reached]:
    """Personal hubs, their links and satellites; those at event grain by the events alone."""
    for table in VAULT.tables:
        match table:
            case Hub() if table.personal:
                hub: Hub = table
            case Link() if table.hubs[0].personal:
                hub = table.hubs[0]
            case Satellite() if table.hub.personal:
                hub = table.hub
            case _:
                continue
        layer = "judgements" if isinstance(table, Satellite) and table.history.name == "COMPUTED" else "vault"
        where = _of(hub)
        if isinstance(table, Link) and table.time_ordered:
            # keys of links begin as those of their events: they are found by their own
            key, event = table.hash_key, hub.hash_key
            where = (
                f"t.{key} IN (SELECT l.{key} FROM pg_temp.person_event p CROSS JOIN LATERAL ("  # noqa: S608  of the model
                f"SELECT l.{key} FROM {VAULT.schema}.{table.table} l WHERE l.{event} = p.{event}"
                f" AND l.{key} BETWEEN substr(p.{event}, 1, 6) AND util.last_key_of(p.{event}) OFFSET 0) l)"
            )
        yield Reached(layer, f"{VAULT.schema}.{table.table}", where)


_EVENT, _SESSION, _VISITOR = (
    hub for name in ("site_event", "site_session", "site_visitor") for hub in VAULT.hubs if hub.name == name
)

REACH: tuple[Reached, ...] = (
    Reached("raw", "raw.site_tracking_events_r", _RAW, _RAW_LEFT),
    Reached("raw", "raw.left_out", _RAW, "false"),
    Reached("staging", "staging.site_events_staging", _RAW, _STAGED_LEFT),
    *_vault(),
    Reached("marts", "business.event_b", f"{_of(_EVENT)} AND t.tenant_hk = (SELECT util.current_tenant())"),
    Reached("marts", "business.visit_b", _of(_SESSION)),
    Reached("work", "business.site_session_w", _of(_SESSION)),
    Reached("work", "business.superseded_w", _of(_EVENT)),
    Reached("work", "business.page_visit_w", _of(_SESSION)),
    Reached("work", "business.item_visit_w", _of(_SESSION)),
    Reached("work", "business.refresh_w", f"t.satellite = 'site_visitor_details' AND {_of(_VISITOR, 'hash_key')}"),
)

# Tables with tenants' rows that hold nothing of a visitor, by their schema or one by one, and why.
HOLDS_NOBODY = {
    "archive": "which files hold whose months; the files are written anew after an erasure",
    "auth": "who of the staff may do what; tombstones and receipts, in which nobody can be read",
    "ref": "settings, rules, and judgements of inputs that are nobody's: agents by their hash, hosts, campaigns",
    "raw.ingest_batch": "the queue: counts and times of batches",
    "raw.refusal": "counts by reason",
    "raw.kept_since": "what retention removed",
    "raw.import": "which files were imported, by whom of the staff",
    "staging.proved": "until when staging has let go of what was loaded",
    "staging.note": "counts by reason, with the number of one raw event",
    "business.site_page_h": "what the site shows; a page that only the person saw goes with a deletion",
    "business.site_page_judgement_s": "what the site's pages are, by its rules",
    "business.page_w": "sums of a page; those of a person's visits are taken out with them",
    "business.page_title_w": "titles of a page, and how often each was seen; likewise",
    "business.site_page_details_s": "what the site shows, and how often that was seen",
    "business.item_w": "sums of an item, and which events spoke last of it; those of a person are taken out with them",
    "business.item_day_w": "how often an item was met on a day; likewise",
    "business.business_item_h": "what the site offers",
    "business.business_item_details_s": "what the site offers, and how often that was met",
    "business.rollup_b": "figures of days: an erasure takes back those of its days, and they are made anew",
    "business.day_w": "which days are rolled up",
    "business.hour_w": "which hours of large days are rolled up",
    "business.rollup_hour_w": "figures of such hours: an erasure takes back those of its days, and they are made anew",
    "business.retired_order_w": "digests of orders' numbers, and days: nothing leads from them to anybody",
}
