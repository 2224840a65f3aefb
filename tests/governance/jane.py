"""Who is erased in these tests: Jane, who tells much of herself, among a crowd, for three days; and what reports say of them."""

from typing import Any

from site_under_test import BOT, Site, at, view

DAY = 1440.0


def order(number: str, value: float, minutes: float, **more: Any) -> dict[str, Any]:
    return {
        "evt_type": "transaction_step",
        "evt_action": "complete",
        "transaction_id": number,
        "evt_value": value,
        "event_timestamp": at(minutes),
        "event_id": f"order-{number}-{minutes}",
    } | more


def item(name: str, minutes: float, **more: Any) -> dict[str, Any]:
    return {
        "evt_type": "item_interaction",
        "event_timestamp": at(minutes),
        "item_id": name,
        "item_name": name.title(),
        "event_id": f"item-{name}-{minutes}",
    } | more


def jane(minutes: float = 0, **more: Any) -> list[dict[str, Any]]:
    """A visit of somebody who signs in, comes with a campaign, buys, and tells much of herself."""
    who = {
        "session_id": f"jane-{minutes}", "visitor_id": "jane-browser", "_visitor_id": "v_jane", "timezone": "Europe/Berlin",
        "language": "de", "screen_resolution": "3456x2234", "viewport_width": 1234, "viewport_height": 987,
    } | more  # fmt: skip
    page = "https://www.acme.example/shoes?name=Jane&utm_source=letter&utm_medium=email&gclid=jane-click#jane"
    return [
        view("/", minutes, **who, page_url=page, page_referrer="https://www.google.com/search?q=jane", page_title="Hello Jane"),
        view("/only-hers", minutes + 1, **who, properties={"name": "Jane"}),
        view("/q", minutes + 2, **who, user_id="jane-17"),
        item("chair", minutes + 3, **who, item_description="for Jane", item_metadata={"engraved": "Jane"}),
        order(f"jane-{minutes}", 99.5, minutes + 4, **who),
    ]


def crowd(minutes: float = 0) -> list[dict[str, Any]]:
    return [
        view("/", minutes, session_id=f"joe-{minutes}", _visitor_id="v_joe", timezone="America/New_York"),
        view("/q", minutes + 1, session_id=f"joe-{minutes}", _visitor_id="v_joe", timezone="America/New_York"),
        item("chair", minutes + 2, session_id=f"joe-{minutes}", _visitor_id="v_joe"),
        view("/p", minutes + 3, _visitor_id="v_nobody"),
        view("/p", minutes, _user_agent=BOT, session_id=f"bot-{minutes}"),
    ]


def days(site: Site, *, with_jane: bool = True) -> None:
    """Three days in loads, with what came twice, late or wrong, and the jobs in between."""
    for day in range(3):
        base = (day - 2) * DAY
        hers = jane(base) if with_jane else []
        site.land(*crowd(base), *hers[:3])
        site.load()
        site.close()
        site.land(*crowd(base + 90), *hers[3:], *hers[:1])
        site.load()
        site.refresh()
        if with_jane:
            alone = {"_visitor_id": "v_jane", "visitor_id": "jane-browser"}
            site.land(view("/half-hour", base + 300, **alone), view("/half-hour", base + 320, **alone))
            site.land({"evt_type": "nonsense", "session_id": f"jane-{base}", "properties": {"name": "Jane"}})
            site.land(view("/late", base - 1, session_id=f"jane-{base}", visitor_id="jane-browser", _visitor_id="v_jane"))
        site.land(view("/public", base + 5, session_id=f"joe-{base}", _is_trusted=False, _record_source="web:1"))
        site.settle()


FIGURES = (
    {"report": "overview"},
    *({"report": "breakdown", "dimension": d} for d in (
        "page", "event_type", "event_label", "item", "source", "channel", "referrer", "utm_source", "utm_medium", "device",
        "browser", "browser_version", "os", "language", "country", "entry_page", "exit_page", "bot")),
    {"report": "items"}, {"report": "engagement"}, {"report": "bots"},
)  # fmt: skip


def figures(site: Site) -> list[Any]:
    """What reports say of the days, without how they came to it."""
    said = []
    for asked in FIGURES:
        answer = site.ask(**asked, dateRange={"start": "2026-03-01", "end": "2026-03-31"})
        said.append(
            {key: value for key, value in answer["data"].items() if key not in ("metadata", "meta")}
            if "data" in answer
            else answer
        )
    return said
