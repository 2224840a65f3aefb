"""Reading web server logs, line by line."""

import gzip
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest

from footfall.errors import NotAccepted
from footfall.imports import PageRequest, import_access_log, outcome, read_line
from site_under_test import HUMAN, Site

LINE = '203.0.113.9 - - [10/Mar/2026:12:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 512 "https://www.google.com/" "' + HUMAN + '"'


def test_a_line_is_a_page_request() -> None:
    assert read_line(LINE) == PageRequest(
        "203.0.113.9", datetime(2026, 3, 10, 12, tzinfo=UTC), "/a?x=1", "https://www.google.com/", HUMAN
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "malformed"),
        ("nonsense", "malformed"),
        (LINE.replace("Mar", "Mrz"), "malformed"),
        (LINE.replace("10/Mar", "31/Feb"), "malformed"),
        (LINE.replace("GET", "POST"), "method"),
        (LINE.replace("GET", "HEAD"), "method"),
        (LINE.replace(" 200 ", " 404 "), "status"),
        (LINE.replace(" 200 ", " 301 "), "status"),
        (LINE.replace("/a?x=1", "/a.css?x=1"), "asset"),
        (LINE.replace("/a?x=1", "/favicon.ICO"), "asset"),
    ],
)
def test_what_is_no_page_view_is_left_out_with_its_reason(line: str, reason: str) -> None:
    assert read_line(line) == reason


def test_fields_are_read_as_servers_write_them() -> None:
    assert read_line(LINE.replace(" 200 ", " 304 ")).target == "/a?x=1"
    assert read_line(LINE.replace("/a?x=1", "/a.html")).target == "/a.html"
    assert read_line(LINE.replace("+0000", "-0530")).moment.utcoffset() == -timedelta(hours=5, minutes=30)
    assert read_line(LINE.replace("+0000", "+0100")).moment == datetime(2026, 3, 10, 12, tzinfo=timezone(timedelta(hours=1)))
    assert read_line(LINE.replace("https://www.google.com/", "-")).referrer is None
    assert read_line(LINE.replace(HUMAN, "-")).user_agent == ""
    assert read_line(LINE.replace(HUMAN, r"a \"quoted\" agent")).user_agent == 'a "quoted" agent'
    assert read_line(LINE.replace("- - [", "- jo doe [")).address == "203.0.113.9"
    assert read_line(LINE[: LINE.index(' "https')]).referrer is None  # the common format: no referrer, no agent


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["plain", "gzip"])
def test_a_log_may_be_packed_and_lines_that_are_alike_are_each_a_view(site: Site, pack) -> None:
    log = "\n".join([LINE, LINE, LINE.replace("/a?x=1", "/b"), "nonsense", ""])
    for _ in range(2):
        done = import_access_log(site.connection, io.BytesIO(pack(log.encode())), "acme", "https://acme.example/")
        site.load()
    assert (done.imported, done.skipped) == (3, {"malformed": 1})
    assert outcome(site.connection, done) == {"duplicate": 3}
    assert site.value("SELECT count(*) FROM business.site_event_h") == 3
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 1
    assert {url for (url,) in site.rows("SELECT page_url FROM business.site_event_details_s")} == {
        "https://acme.example/a?x=1",
        "https://acme.example/b",
    }


def test_a_log_that_has_grown_adds_only_what_is_new(site: Site) -> None:
    first = import_access_log(site.connection, io.BytesIO(LINE.encode()), "acme")
    site.load()
    grown = import_access_log(site.connection, io.BytesIO(f"{LINE}\n{LINE.replace('12:00:00', '12:00:01')}".encode()), "acme")
    site.load()
    assert (outcome(site.connection, first), outcome(site.connection, grown)) == ({"loaded": 1}, {"duplicate": 1, "loaded": 1})


def test_a_log_of_nobody_is_refused(site: Site) -> None:
    with pytest.raises(NotAccepted, match="nobody"):
        import_access_log(site.connection, io.BytesIO(LINE.encode()), "nobody")
