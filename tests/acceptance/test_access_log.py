"""Ten thousand real requests of a real site, imported, against an independent count in plain Python."""

import gzip
import json
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from footfall.business import all_checks, run_check
from footfall.database import connect
from footfall.imports import import_access_log, outcome
from site_under_test import Site

ZONE = "America/Los_Angeles"
NOT_PAGES = (
    "css js xml rss atom txt ico png jpg jpeg gif svg json pdf zip gz tgz bz2 rar tar rpm deb exe doc xls ppt pptx mp3 mp4 ogg"
    " avi pl rb jar py c h sh patch diff swf woff ttf eot"
).split()
DOWNLOADS = "pdf zip gz tgz bz2 rar tar rpm deb exe doc xls ppt pptx mp3 mp4 avi jar txt".split()
BOTS = (
    "bot spider slurp feed rss crawl fetch preview wget curl python libwww-perl phantomjs nutch archiver sleuth validator"
    " irssi genieo simplepie theoldreader appengine spinn3r daum ruby yandex lwp favicon facebookexternalhit ezooms"
    " siteexplorer proxy livejournal distilator liferea portscout embedly newsify reeder http_request binlar viewer"
    " discovery superblock zdm robosourcer http:// desktop indy agent"
).split()
# What is too short to be a browser's.
NO_BROWSERS = ("Mozilla/4.0 (compatible;)", "Mozilla/4.0", "Mozilla/5.0", "Maui Browser", "Opera 9.6", "")


def kind_by_hand(method: str, status: str, page: str) -> str:
    """View, download or missing; else why a line is left out."""
    end = page.rsplit(".", 1)[-1].lower()
    is_good = status[0] == "2" or status == "304"
    if method != "GET" or not is_good:
        is_missing = status in ("404", "410") and end not in NOT_PAGES
        return "method" if method != "GET" else "redirect" if status[0] == "3" else "missing" if is_missing else "error"
    if end in DOWNLOADS and not page.endswith("/robots.txt"):
        return "asset" if status == "206" else "download"
    return "asset" if end in NOT_PAGES else "view"


def count_by_hand(path: Path) -> dict:
    """Page views, downloads and missing pages, and what of them, without a line of Footfall's."""
    skipped, hits, seen = Counter(), [], {}
    for line in gzip.open(path, "rt", encoding="utf-8", errors="replace"):
        address, rest = line.split(" ", 1)
        moment = datetime.strptime(rest.split("[")[1].split("]")[0], "%d/%b/%Y:%H:%M:%S %z")
        method, target = rest.split('"')[1].split(" ")[:2]
        page = target.split("?")[0]
        kind = kind_by_hand(method, rest.split('"')[2].split()[0], page)
        if kind not in ("view", "download", "missing"):
            skipped[kind] += 1
            continue
        referrer, agent = line.split('"')[3], line.rsplit('"', 2)[1]
        of = "semicomplete.com" + (unquote(page).rstrip("/") or "/")
        if kind == "download":
            link = re.match(r"https?://((?:www\.)?semicomplete\.com)(/[^?#]*)?", referrer)
            of = link and link[1] + (unquote(link[2] or "/").rstrip("/") or "/")
        visitor = (address, agent, moment.astimezone(ZoneInfo(ZONE)).date())
        if kind != "missing":
            seen[visitor] = moment
        elif visitor not in seen or moment - seen[visitor] > timedelta(minutes=30):
            visitor = None  # what asks for missing pages alone is nobody
        is_bot = agent.strip() in NO_BROWSERS or any(word in agent.lower() for word in BOTS)
        hits.append((kind, visitor, moment, of, is_bot))
    visits = defaultdict(list)
    for _, visitor, moment, _, is_bot in hits:
        if visitor:
            visits[*visitor, is_bot].append(moment)
    sessions = Counter()
    for (_, _, _, is_bot), moments in visits.items():
        moments.sort()
        gaps = sum(after - before > timedelta(minutes=30) for before, after in pairwise(moments))
        sessions[is_bot] += 1 + gaps
    return {
        "skipped": dict(skipped),
        "kinds": Counter(kind for kind, *_ in hits),
        "hits": len(hits),
        "bots": sum(is_bot for *_, is_bot in hits),
        "human views": sum(kind == "view" and not is_bot for kind, *_, is_bot in hits),
        "visitors": len(visits),
        "human visitors": sum(not is_bot for *_, is_bot in visits),
        "sessions": sum(sessions.values()),
        "human sessions": sessions[False],
        "pages": len({page for *_, page, _ in hits if page}),
        "human pages": len({page for *_, page, is_bot in hits if page and not is_bot}),
    }


@pytest.fixture
def log(shared_data: Path) -> Path:
    return shared_data / "access-combined-10k.log.gz"


def test_the_log_is_counted_as_by_hand_and_twice_is_once(worker, url: str, log: Path) -> None:
    site = Site(worker, "semicomplete", time_zone=ZONE)
    by_hand = count_by_hand(log)
    imports = []
    for _ in range(2):
        with log.open("rb") as file:
            imports.append(import_access_log(worker, file, "semicomplete", "http://semicomplete.com"))
        site.settle()
    assert [(each.imported, each.skipped) for each in imports] == [(by_hand["hits"], by_hand["skipped"])] * 2
    kinds = {"page_view": "view", "download": "download", "not_found": "missing"}
    assert imports[0].kinds == {kind: by_hand["kinds"][name] for kind, name in kinds.items()}
    assert [outcome(worker, each) for each in imports] == [{"loaded": by_hand["hits"]}, {"duplicate": by_hand["hits"]}]

    counts = {
        "hits": "SELECT count(*) FROM business.site_event_h",
        "bots": "SELECT count(*) FROM business.site_event_details_s WHERE traffic_class = 'bot'",
        "visitors": "SELECT count(*) FROM business.site_visitor_h",
        "sessions": "SELECT count(*) FROM business.site_session_details_s WHERE load_end_date IS NULL AND total_events > 0",
        "pages": "SELECT count(*) FROM business.site_page_h",
    }
    assert {name: site.value(query) for name, query in counts.items()} == {name: by_hand[name] for name in counts}

    report = site.report(dateFrom="2015-05-01", dateTo="2015-05-31")
    assert report["overview"]["totalSessions"] == by_hand["human sessions"]
    assert report["overview"]["uniqueVisitors"] == by_hand["human visitors"]
    assert report["overview"]["pageViews"] == by_hand["human views"]
    assert report["interactions"]["uniquePagesVisited"] == by_hand["human pages"]

    balance = site.rows("SELECT sum(received), sum(loaded), sum(duplicate), sum(invalid), sum(pending) FROM api.event_balance_v")
    assert balance == [(2 * by_hand["hits"], by_hand["hits"], by_hand["hits"], 0, 0)]
    assert [finding for check in all_checks() if (finding := run_check(worker, check))] == []

    # no address of the log is anywhere in the store
    addresses = {line.split(" ", 1)[0] for line in gzip.open(log, "rt", encoding="utf-8", errors="replace")}
    with connect(url) as owner:
        for table in ("raw.site_tracking_events_r", "staging.site_events_staging", "business.site_session_context_s"):
            stored = json.dumps([row for (row,) in owner.execute(f"SELECT t::text FROM {table} t")])
            assert not addresses & set(re.findall(r"\d+\.\d+\.\d+\.\d+", stored)), table
