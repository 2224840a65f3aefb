"""Enrichment: rows in, rows out."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import characters, from_regex, text

from site_under_test import HUMAN, Site, at, view

# page_url, host, path, category, type, page business key
PAGES = [
    ("https://Shop.Example/", "shop.example", "/", None, "landing", "shop.example/"),
    ("https://shop.example", "shop.example", "/", None, "landing", "shop.example/"),
    ("http://shop.example:80/a/", "shop.example", "/a", None, "content", "shop.example/a"),
    ("https://shop.example:443/a#top", "shop.example", "/a", None, "content", "shop.example/a"),
    ("https://shop.example:8443/a", "shop.example", "/a", None, "content", "shop.example:8443/a"),
    ("https://jo:secret@shop.example/a?b=c", "shop.example", "/a", None, "content", "shop.example/a"),
    ("https://shop.example/products", "shop.example", "/products", "products", "category", "shop.example/products"),
    ("https://shop.example/products/42?q=1", "shop.example", "/products/42", "products", "detail", "shop.example/products/42"),
    ("https://shop.example/Blog/2026/03", "shop.example", "/Blog/2026/03", "articles", "detail", "shop.example/Blog/2026/03"),
    (
        "https://shop.example/checkout/payment",
        "shop.example",
        "/checkout/payment",
        None,
        "checkout",
        "shop.example/checkout/payment",
    ),
    ("https://shop.example/about-us", "shop.example", "/about-us", "about", "content", "shop.example/about-us"),
    ("https://shop.example/%7ejo/%c3%a9", "shop.example", "/~jo/é", None, "content", "shop.example/~jo/é"),
    ("/pricing?plan=1", None, "/pricing", "features", "category", "/pricing"),
    ("app://screen/settings", "screen", "/settings", None, "content", "screen/settings"),
    ("https://[2001:db8::1]/a", "[2001:db8::1]", "/a", None, "content", "[2001:db8::1]/a"),
    ("not a url", None, None, None, None, None),
]


@pytest.mark.parametrize(("page_url", "host", "path", "category", "kind", "key"), PAGES)
def test_a_page_is_taken_from_its_url(site: Site, page_url, host, path, category, kind, key) -> None:
    site.land({"evt_type": "page_view", "page_url": page_url})
    site.load()
    ((info, business_key),) = site.staged("page_info", "site_page_bk")
    known = {"host": host, "path": path, "category": category, "type": kind}
    assert ((info or {}), business_key) == ({name: value for name, value in known.items() if value}, key)


# spellings of a path that are one page, and how that page is written
SPELLINGS = [
    (("/%C3%A4", "/%c3%a4", "/ä"), "/ä"),
    (("/%E3%83%9A%E3%83%BC%E3%82%B8", "/ペ%E3%83%BC%e3%82%b8", "/ページ"), "/ページ"),
    (("/%F0%9F%91%9F", "/👟"), "/👟"),
    (("/%D9%85%DB%8C%E2%80%8C%D8%B1%D9%88%D9%85", "/می\u200cروم"), "/می\u200cروم"),  # a joiner is part of the word
    (("/%61%2D%7e", "/a-~"), "/a-~"),
    (("/a b", "/a%20b"), "/a%20b"),
    (("/%22%3c%7Cx%7d", '/"<|x}'), "/%22%3C%7Cx%7D"),
    (("/a%2fb",), "/a%2Fb"),  # not /a/b
    (("/%3f%23%25%26",), "/%3F%23%25%26"),
    (("/100%", "/100%25"), "/100%25"),
    (("/%%34%31", "/%2541"), "/%2541"),
    (("/%2541",), "/%2541"),  # not %41, which would be A
    (("/%0a%00%7f",), "/%0A%00%7F"),
    (("/%C2%85%E2%80%AEgnp", "/\u0085\u202egnp"), "/%C2%85%E2%80%AEgnp"),  # nobody could see them
    (("/%e4-%C3", "/%E4-%c3"), "/%E4-%C3"),  # Latin-1, and half a character
    (("/%C3%28%ED%A0%80%C0%AF%F5%80%80%80",), "/%C3%28%ED%A0%80%C0%AF%F5%80%80%80"),  # no UTF-8 at all
    (("/%C3%A4%c3%A4%a4", "/ä%C3%A4%A4"), "/ää%A4"),
]


@pytest.mark.parametrize(("spellings", "path"), SPELLINGS)
def test_spellings_of_a_path_are_one_page_shown_readable(site: Site, spellings, path) -> None:
    site.land(*({"evt_type": "page_view", "page_url": f"https://acme.example{spelling}"} for spelling in (*spellings, path)))
    site.load()
    assert set(site.staged("site_page_bk")) == {f"acme.example{path}"}


def test_pages_of_queries_have_one_spelling_too(worker) -> None:
    site = Site(worker, "forum", page_query_keys=("q",))
    for query in ("q=gr%c3%bcn%20tee", "q=grün+tee", "%71=gr%C3%BCn%20tee"):
        site.land({"evt_type": "page_view", "page_url": f"https://forum.example/?{query}"})
    site.load()
    assert set(site.staged("site_page_bk")) == {"forum.example/?q=grün%20tee"}


@given(
    text(alphabet=characters(codec="utf-8", exclude_characters="\0")) | from_regex(r"(%[0-9a-fA-F]{2}|%|[a-cä])*", fullmatch=True)
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_spelt_once_stays_so(worker, path: str) -> None:
    once, twice = worker.execute(
        "SELECT c, staging.canonical_escapes(c) FROM (SELECT staging.canonical_escapes(%s) AS c OFFSET 0) c", (path,)
    ).fetchone()
    assert once == twice


def test_a_page_is_found_however_its_name_is_spelt(site: Site) -> None:
    """Those that were stored under an escaped name too: as all were, once."""
    site.land(view("/ä", 0, session_id="s"), view("/b", 1, session_id="s"))
    site.settle()
    for stored in ("acme.example/ä", "acme.example/%c3%a4"):
        site.connection.execute("UPDATE business.site_page_h SET site_page_bk = %s WHERE site_page_bk NOT LIKE '%%/b'", (stored,))
        for asked in ("/ä", "/%C3%A4", "acme.example/%c3%a4"):
            reply = site.ask("overview", dateFrom="2026-03-10", dateTo="2026-03-10", filter=f"page=={asked}")
            assert reply["data"]["metrics"]["page_views"] == 1


def test_only_the_query_keys_that_a_tenant_names_tell_pages_apart(worker) -> None:
    site = Site(worker, "forum", page_query_keys=("topic", "page"))
    site.land({"evt_type": "page_view", "page_url": "https://forum.example/show?utm_source=x&topic=7&sid=123&page=2"})
    site.load()
    assert site.staged("site_page_bk") == ["forum.example/show?page=2&topic=7"]


def test_a_very_long_url_still_is_one_page(site: Site) -> None:
    site.land({"evt_type": "page_view", "page_url": "https://acme.example/" + "a" * 2500})
    site.land({"evt_type": "page_view", "page_url": "https://acme.example/" + "a" * 2500 + "b"})
    site.load()
    assert [len(key) for key in site.staged("site_page_bk")] == [1917, 1917]


# what is sent about an item, its key and its name
ITEMS = [
    ({"item_id": "SKU-1", "item_type": "Product", "evt_label": "Red shoe"}, "product:SKU-1", "Red shoe"),
    ({"item_id": "SKU-1", "item_name": "Shoe", "evt_label": "click"}, "product:SKU-1", "Shoe"),
    ({"item_id": "SKU-1"}, "product:SKU-1", None),
    ({"evt_label": "Red  Shoe (new!)"}, "product:red-shoe-new", "Red  Shoe (new!)"),
    ({"evt_label": "Грибы & Ягоды"}, "product:Грибы-Ягоды", "Грибы & Ягоды"),
]


@pytest.mark.parametrize(("sent", "key", "name"), ITEMS)
def test_an_item_is_known_by_type_and_id_or_else_by_its_label(worker, sent, key, name) -> None:
    site = Site(worker, "shop", industry="e-commerce")
    site.land({"evt_type": "item_interaction"} | sent)
    site.load()
    ((business_key, info),) = site.staged("business_item_bk", "business_item_info")
    assert (business_key, info.get("item_name")) == (key, name)


def test_everything_an_event_says_of_its_item_is_kept(site: Site) -> None:
    said = {
        "item_id": "7",
        "item_type": "course",
        "item_name": "SQL",
        "item_category": "data",
        "item_description": "from zero",
        "item_value": "39.90",
        "item_metadata": {"level": 1},
    }
    site.land({"evt_type": "item_interaction", "evt_action": "view"} | said)
    site.settle()
    details = site.table("business.business_item_details_s")[0]
    assert (details["item_name"], details["item_type"], details["item_category"]) == ("SQL", "course", "data")
    assert (details["item_description"], details["item_value"], details["item_currency"]) == ("from zero", 39.9, "USD")
    assert details["business_metadata"] == {"level": 1}


# action, funnel stage of the plan, with and without a funnel's name
STEPS = [
    ("start", "initiated"),
    ("progress", "in_progress"),
    ("complete", "completed"),
    ("abandon", "abandoned"),
    ("wander", "unknown"),
]


@pytest.mark.parametrize(("action", "stage"), STEPS)
def test_a_transaction_step_knows_its_place_in_the_funnel(site: Site, action: str, stage: str) -> None:
    step = {
        "evt_type": "transaction_step",
        "evt_action": action,
        "evt_label": "cart",
        "funnel": "Checkout",
        "transaction_id": "o-1",
    }
    site.land(step)
    site.load()
    info = site.staged("transaction_info")[0]
    assert info == {
        "step_name": "cart",
        "step_action": action,
        "funnel": "checkout",
        "funnel_step": "checkout_step",
        "transaction_id": "o-1",
        "funnel_stage": stage,
    }
    details = site.table("business.site_event_details_s")[0]
    assert (details["transaction_funnel_step"], details["conversion_funnel_stage"]) == ("checkout_step", "conversion")


# event, default category and action, conversion stage
DEFAULTS = [
    ({"evt_type": "page_view"}, "navigation", "view", "awareness"),
    ({"evt_type": "item_interaction", "evt_label": "a"}, "items", "view", "consideration"),
    ({"evt_type": "contact_interaction"}, "contact", "submit", "consideration"),
    ({"evt_type": "transaction_step", "evt_action": "start"}, "transactions", "start", "conversion"),
    ({"evt_type": "transaction_step", "evt_action": "start", "funnel": "onboarding"}, "transactions", "start", "retention"),
    ({"evt_type": "engagement"}, "engagement", "view", None),
    ({"evt_type": "page_view", "evt_category": "mine", "evt_action": "peek"}, "mine", "peek", "awareness"),
]


@pytest.mark.parametrize(("event", "category", "action", "stage"), DEFAULTS)
def test_category_and_action_have_defaults_by_type(site: Site, event, category, action, stage) -> None:
    site.land(event)
    site.load()
    assert site.staged("event_category", "event_action", "conversion_funnel_stage") == [(category, action, stage)]


def test_all_that_the_event_satellite_wants_is_filled_when_it_is_sent(site: Site) -> None:
    site.land(
        {
            "evt_type": "item_interaction",
            "evt_label": "Red shoe",
            "evt_value": "19.90",
            "currency": "eur",
            "page_url": "https://acme.example/p/1",
            "page_title": "Red shoe",
            "page_referrer": "https://acme.example/",
            "scroll_depth": "75.4",
            "time_on_page": 31,
            "click_x": 10,
            "click_y": 20,
            "item_id": "1",
            "item_type": "product",
            "properties": {"size": 42},
        }
    )
    site.load()
    row = site.table("business.site_event_details_s")[0]
    empty = {name for name, value in row.items() if value is None}
    assert empty == {"load_end_date", "transaction_id", "transaction_funnel_step"}
    assert (row["event_value"], row["event_currency"], row["scroll_depth"], row["custom_properties"]) == (
        19.9,
        "EUR",
        75,
        {"size": 42},
    )


def test_only_properties_become_custom_properties(site: Site) -> None:
    site.land({"evt_type": "page_view", "tenantId": "acme", "password": "secret", "properties": {"a": 1}})
    site.load()
    assert site.value("SELECT custom_properties FROM business.site_event_details_s") == {"a": 1}


def test_context_says_who_came_with_what(site: Site) -> None:
    site.land(
        {
            "evt_type": "page_view",
            "session_id": "s-1",
            "user_id": "u-7",
            "screen_resolution": "1920x1080",
            "viewport_width": 1280,
            "viewport_height": "720",
            "timezone": "Europe/Berlin",
            "language": "de-DE",
            "page_url": "https://acme.example/?utm_source=n&utm_medium=email&utm_campaign=march&utm_content=header",
            "page_referrer": "https://mail.proton.me/",
            "_visitor_id": "v_1",
        }
    )
    site.load()
    row = site.table("business.site_session_context_s")[0]
    said = {name: value for name, value in row.items() if not name.endswith(("_hk", "date", "diff", "timestamp", "raw_event_id"))}
    assert said == {
        "user_id": "u-7",
        "visitor_ip_hash": None,
        "user_agent": HUMAN,
        "device_type": "desktop",
        "browser_name": "Chrome",
        "browser_version": "142.0",
        "operating_system": "Windows",
        "operating_system_version": "10",
        "client_hints": None,
        "bot_kind": None,
        "bot_name": None,
        "screen_resolution": "1920x1080",
        "viewport_size": "1280x720",
        "timezone": "Europe/Berlin",
        "language": "de-DE",
        "do_not_track": False,
        "referrer_url": "https://mail.proton.me/",
        "source": "n",
        "channel": "email",
        "utm_source": "n",
        "utm_medium": "email",
        "utm_campaign": "march",
        "utm_content": "header",
        "utm_term": None,
        "traffic_class": "human",
        "channel_name": "Email",
        "utm_id": None,
        "click_id": None,
        "record_source": "test",
    }


def test_the_context_of_a_session_is_that_of_its_first_event_whenever_it_arrives(site: Site) -> None:
    late = {"evt_type": "page_view", "session_id": "s", "event_timestamp": at(5), "language": "en", "_visitor_id": "v_2"}
    early = late | {"event_timestamp": at(0), "language": "de", "_visitor_id": "v_1"}
    site.land(late)
    site.load()
    site.land(early)
    site.load()
    site.land(late | {"event_timestamp": at(3), "language": "fr"})
    site.load()
    rows = site.rows("SELECT language, load_end_date IS NULL FROM business.site_session_context_s ORDER BY load_date")
    assert rows == [("en", False), ("de", True)]
