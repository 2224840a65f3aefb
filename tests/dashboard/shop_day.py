"""A day of a shop, small enough to count by hand."""

from site_under_test import BOT, Site, at, view

PASSWORD = "correct horse battery"
# the day of the shop's data
DAY = "from=2026-03-10&to=2026-03-10"


def trade(site: Site) -> None:
    """A day of a shop: two visitors; one comes by a search, looks, buys; a bot; and an event that nobody understands."""
    item = {"page_url": "https://acme.example/red-shoe", "item_id": "sku-1", "item_type": "product", "item_name": "Red shoe"}
    ann = {"session_id": "s-ann", "_visitor_id": "ann", "timezone": "Europe/Berlin", "language": "de-DE"}
    site.land(
        view("/", 0, page_referrer="https://www.google.com/", page_title="Shop", **ann),
        view("/red-shoe", 1, page_title="Red shoe", **ann),
        {"evt_type": "item_interaction", "evt_action": "view", "event_timestamp": at(1.5), "properties": {"size": 42}}
        | item
        | ann,
        {"evt_type": "transaction_step", "evt_action": "start", "funnel": "checkout", "event_timestamp": at(2)} | item | ann,
        {
            "evt_type": "transaction_step",
            "evt_action": "complete",
            "evt_label": "paid",
            "evt_value": 59.9,
            "funnel": "checkout",
            "transaction_id": "o-1",
            "event_timestamp": at(3),
        }
        | item
        | ann,
        view("/", 5, session_id="s-bob", _visitor_id="bob", page_title="Shop"),
        view("/robots", 6, session_id="s-bot", _visitor_id="bot", _user_agent=BOT),
        {"evt_type": "mystery", "event_timestamp": at(7)},
    )
    site.settle()
