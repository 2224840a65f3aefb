"""Web server logs become what a tracker would have sent."""

import gzip
import io
from typing import Any

import pytest

from footfall.errors import FormatUnknown, NotAccepted
from footfall.imports import Imported, bots, import_access_log, outcome
from footfall.settings import Networks
from log_lines import FROM, GET, SAMPLES, TIME, Sample
from site_under_test import BOT, HUMAN, Site

SITE = "https://www.acme.example"
LINE = f'203.0.113.9 - - {TIME} {GET} "{FROM}" "{HUMAN}"'


def imported(site: Site, *lines: str, of: str = "", **more: Any) -> Imported:
    """What becomes of these lines of a site, loaded."""
    done = import_access_log(site.connection, io.BytesIO("\n".join(lines).encode("utf-8", "surrogateescape")), "acme", of, **more)
    site.load()
    return done


def line(target: str = "/a", status: int = 200, *, agent: str = HUMAN, referrer: str = "-", second: int = 0, **more: str) -> str:
    """A line of the combined format."""
    time = f"[10/Mar/2026:12:{second // 60:02}:{second % 60:02} +0000]"
    request = f"{more.get('method', 'GET')} {target} HTTP/1.1"
    return f'{more.get("address", "203.0.113.9")} - - {time} "{request}" {status} 512 "{referrer}" "{agent}"'


def pages(site: Site) -> dict[str, int]:
    return dict(
        site.rows(
            "SELECT p.site_page_bk, count(*) FROM business.event_b e JOIN business.site_page_h p USING (site_page_hk)"
            " WHERE e.event_type = 'page_view' GROUP BY 1"
        )
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_each_format_brings_one_view_of_the_same_page(site: Site, sample: Sample) -> None:
    last = sample.log.splitlines()[-1]
    log = sample.log.replace(last, "") + last  # some samples have an earlier page
    done = import_access_log(site.connection, io.BytesIO(log.encode()), "acme", SITE, wanted=sample.wanted)
    site.load()
    assert outcome(site.connection, done) == {"loaded": done.imported}
    assert pages(site)["www.acme.example/shoes"] == 1
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == done.imported
    assert bots(site.connection, done) == 0


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["plain", "gzip"])
def test_a_log_may_be_packed_and_lines_that_are_alike_are_each_a_view(site: Site, pack) -> None:
    log = "\n".join([LINE, LINE, LINE.replace("/shoes", "/b"), "nonsense", ""])
    for _ in range(2):
        done = import_access_log(site.connection, io.BytesIO(pack(log.encode())), "acme", f"{SITE}/")
        site.load()
    assert (done.imported, done.skipped, done.malformed) == (3, {"malformed": 1}, (4, "nonsense"))
    assert outcome(site.connection, done) == {"duplicate": 3}
    assert site.value("SELECT count(*) FROM business.site_event_h") == 3
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 1
    assert {url for (url,) in site.rows("SELECT page_url FROM business.site_event_details_s")} == {
        f"{SITE}/shoes?size=42",
        f"{SITE}/b?size=42",
    }


def test_a_log_that_has_grown_adds_only_what_is_new(site: Site) -> None:
    first = imported(site, LINE)
    grown = imported(site, LINE, LINE.replace("12:00:00", "12:00:01"))
    assert (outcome(site.connection, first), outcome(site.connection, grown)) == ({"loaded": 1}, {"duplicate": 1, "loaded": 1})


def test_a_log_of_nobody_is_refused(site: Site) -> None:
    with pytest.raises(NotAccepted, match="nobody"):
        import_access_log(site.connection, io.BytesIO(LINE.encode()), "nobody")


def test_of_a_format_that_is_not_known_nothing_is_landed(site: Site) -> None:
    with pytest.raises(FormatUnknown, match="nonsense"):
        imported(site, "nonsense")
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r") == 0
    assert site.value("SELECT count(*) FROM raw.import") == 0


def test_a_log_that_is_cut_off_is_imported_as_far_as_it_is_whole(site: Site) -> None:
    whole = gzip.compress("\n".join(line(f"/{number}", second=number % 3600) for number in range(9000)).encode())
    done = import_access_log(site.connection, io.BytesIO(whole[: int(len(whole) * 0.8)]), "acme", SITE)
    assert 1000 < done.imported < 9000
    assert done.skipped == {}
    assert "cut off" in (done.incomplete or "")


def test_a_line_without_an_agent_is_of_an_unknown_and_no_bot(site: Site) -> None:
    imported(site, f"203.0.113.5 - - {TIME} {GET}", f"203.0.113.6 - - {TIME} {GET}", line(agent="-"), of=SITE)
    assert site.rows("SELECT DISTINCT user_agent FROM raw.site_tracking_events_r") == [(None,)]
    assert site.value("SELECT sum(page_views) FROM business.visit_b") == 3


def test_a_bot_is_counted_as_one(site: Site) -> None:
    done = imported(site, line(), line(agent=BOT), of=SITE)
    assert (bots(site.connection, done), site.value("SELECT sum(page_views) FROM business.visit_b")) == (1, 1)


@pytest.mark.parametrize(
    ("address", "as_if"),
    [
        ("203.0.113.9, 10.183.250.139", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),  # what stands before a proxy that is not trusted the visitor says
        ("203.0.113.9:50000", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[2001:db8::5]:443", "2001:db8::5"),
        ("DSL-12.isp.example", "dsl-12.isp.example"),
    ],
)
def test_the_client_is_found_as_at_the_door(site: Site, address: str, as_if: str) -> None:
    imported(site, line("/a", address=address), line("/b", address=as_if, second=5))
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 1


def test_only_trusted_proxies_say_whom_they_speak_for(site: Site) -> None:
    said = "10.0.0.1 - - " + TIME + ' "GET /{} HTTP/1.1" 200 1 "-" "' + HUMAN + '" "203.0.113.9"'
    imported(site, said.format("a"), said.format("b").replace("10.0.0.1", "198.51.100.1"))
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 2
    imported(
        site, said.format("c"), said.format("d").replace("10.0.0.1", "198.51.100.1"), trusted=Networks("private 198.51.100.0/24")
    )
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 2


def test_each_host_is_a_site(site: Site) -> None:
    first = "{} 203.0.113.9 - - " + TIME + ' "GET /{} HTTP/1.1" 200 1 "-" "' + HUMAN + '"'
    imported(
        site,
        first.format("www.acme.example:443", "a"),
        first.format("Blog.acme.example:80", "b"),
        first.format("_", "c"),
        of=SITE,
    )
    assert pages(site) == {"www.acme.example/a": 1, "blog.acme.example/b": 1, "www.acme.example/c": 1}
    assert {url for (url,) in site.rows("SELECT page_url FROM business.site_event_details_s")} == {
        "https://www.acme.example/a",
        "http://blog.acme.example/b",
        "https://www.acme.example/c",
    }


def test_whatever_the_spelling_a_page_is_one(site: Site) -> None:
    targets = (r"/caf\xC3\xA9", "/caf%C3%A9", "/caf%c3%a9", "/café", "/caf\udcc3\udca9")
    done = imported(site, *(line(target, second=second) for second, target in enumerate(targets)), of=SITE)
    fields = "#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent)"
    more = imported(site, fields, f"2026-03-10 12:10:00 203.0.113.9 GET /café 200 {HUMAN.replace(' ', '+')}", of=SITE)
    assert (done.imported, more.imported) == (5, 1)
    assert pages(site) == {"www.acme.example/café": 6}


def test_quotes_and_odd_agents(site: Site) -> None:
    imported(site, line(r"/s?q=\"shoe\""), line("/b", address="2001:db8::5").replace("- -", "- joe smith"), of=SITE)
    assert pages(site) == {"www.acme.example/s": 1, "www.acme.example/b": 1}
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 2


def test_files_of_pages_are_no_views(site: Site) -> None:
    files = ("/site.webmanifest", "/app.wasm", "/v/list.m3u8", "/img/a.heic", "/feed.xml")
    done = imported(site, line("/"), *(line(file, referrer=f"{SITE}/") for file in files), line("/v/seg1.m4s", 206), of=SITE)
    assert (done.kinds, done.skipped) == ({"page_view": 1}, {"asset": 5, "feed": 1})


def test_who_asks_for_other_sites_takes_the_server_for_a_proxy(site: Site) -> None:
    done = imported(
        site,
        line("http://proxyjudge.example/azenv.php"),
        line("proxyjudge.example:443", method="CONNECT"),
        line("http://www.acme.example/a", second=1),
        line("https://shop.acme.example/b", second=2),
        of="https://acme.example",
    )
    assert (done.kinds, done.skipped) == ({"page_view": 2}, {"method": 1, "proxy": 1})
    assert pages(site) == {"www.acme.example/a": 1, "shop.acme.example/b": 1}


def test_downloads_and_missing_pages_are_told_as_the_tracker_does(site: Site) -> None:
    done = imported(
        site,
        line("/prices", referrer=FROM),
        line("/prices.pdf", referrer=f"{SITE}/prices", second=10),
        line("/prises?x=1", 404, referrer=f"{SITE}/prices", second=20),
        line("/old.pdf", referrer="https://partner.example/", second=30, address="198.51.100.7"),
        of=SITE,
    )
    assert done.kinds == {"page_view": 1, "download": 2, "not_found": 1}
    assert site.rows(
        "SELECT event_category, event_action, event_label, page_url, page_referrer FROM business.site_event_details_s"
        " WHERE event_type = 'engagement' ORDER BY event_timestamp"
    ) == [
        ("engagement", "download", f"{SITE}/prices.pdf", f"{SITE}/prices", None),
        ("engagement", "not_found", "/prises", f"{SITE}/prises?x=1", f"{SITE}/prices"),
        ("engagement", "download", f"{SITE}/old.pdf", None, "https://partner.example/"),
    ]
    assert site.rows("SELECT source, events FROM business.visit_b ORDER BY 1") == [("google", 3), ("partner.example", 1)]


def test_a_scanner_makes_no_visit(site: Site) -> None:
    """It asks for what is not there, and for no page that is; somebody who has seen a page before is no scanner."""
    done = imported(
        site,
        *(line(f"/wp-{number}.php", 404, address="198.51.100.66", second=number) for number in range(5)),
        line("/", second=6),
        line("/gone", 410, second=7),
        of=SITE,
    )
    assert done.kinds == {"page_view": 1, "not_found": 6}
    assert site.value("SELECT count(*) FROM business.visit_b WHERE is_visit") == 1
    assert site.value("SELECT count(*) FROM business.event_b") == 7


def test_without_a_site_no_page_of_its_own_refers(site: Site) -> None:
    done = imported(
        site,
        line("/b", referrer="https://www.acme.example/a"),
        line("/c", referrer=FROM, address="198.51.100.7"),
    )
    assert done.is_site_missing
    assert site.rows("SELECT channel FROM business.visit_b ORDER BY 1") == [("direct",), ("search",)]
    assert not imported(site, line("/b", second=9), of=SITE).is_site_missing
