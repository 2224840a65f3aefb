"""What a request counts as."""

from dataclasses import replace

import pytest

from footfall.imports.logs.kinds import Kind, kind_of
from log_lines import BARE


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", Kind.PAGE_VIEW),
        ("/shoes/red.html", Kind.PAGE_VIEW),
        ("/index.php", Kind.PAGE_VIEW),
        ("/v1.2/notes", Kind.PAGE_VIEW),
        ("/feedback", Kind.PAGE_VIEW),
        ("/style.css", Kind.ASSET),
        ("/favicon.ICO", Kind.ASSET),
        ("/site.webmanifest", Kind.ASSET),
        ("/app.wasm", Kind.ASSET),
        ("/v/list.m3u8", Kind.ASSET),
        ("/img/a.heic", Kind.ASSET),
        ("/robots.txt", Kind.ASSET),
        ("/.well-known/security.txt", Kind.ASSET),
        ("/sitemap.xml", Kind.ASSET),
        ("/price-list.PDF", Kind.DOWNLOAD),
        ("/files/setup.exe", Kind.DOWNLOAD),
        ("/files/notes.txt", Kind.DOWNLOAD),
        ("/feed", Kind.FEED),
        ("/blog/feed/", Kind.FEED),
        ("/rss.xml", Kind.FEED),
        ("/news.atom", Kind.FEED),
    ],
)
def test_what_was_given_counts_by_what_it_is(path: str, kind: Kind) -> None:
    assert kind_of(BARE, path) == kind


@pytest.mark.parametrize(
    ("status", "of_page", "of_asset", "of_download"),
    [
        (200, Kind.PAGE_VIEW, Kind.ASSET, Kind.DOWNLOAD),
        (304, Kind.PAGE_VIEW, Kind.ASSET, Kind.DOWNLOAD),
        (206, Kind.PAGE_VIEW, Kind.ASSET, Kind.ASSET),  # a part of a film
        (301, Kind.REDIRECT, Kind.REDIRECT, Kind.REDIRECT),
        (404, Kind.NOT_FOUND, Kind.ERROR, Kind.ERROR),
        (410, Kind.NOT_FOUND, Kind.ERROR, Kind.ERROR),
        (403, Kind.ERROR, Kind.ERROR, Kind.ERROR),
        (500, Kind.ERROR, Kind.ERROR, Kind.ERROR),
        (0, Kind.ERROR, Kind.ERROR, Kind.ERROR),  # nobody waited for the answer
    ],
)
def test_how_it_was_answered_counts(status: int, of_page: Kind, of_asset: Kind, of_download: Kind) -> None:
    request = replace(BARE, status=status)
    assert [kind_of(request, path) for path in ("/a", "/a.css", "/a.mp4")] == [of_page, of_asset, of_download]


def test_other_methods_ask_for_no_page() -> None:
    for method in ("POST", "HEAD", "OPTIONS", "CONNECT"):
        assert kind_of(replace(BARE, method=method), "/a") == Kind.METHOD
