"""What the log says of requests: whose they were, by which id, and never what was in them."""

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from sender import EVENTS, VIEW, VISITOR, post
from starlette.testclient import TestClient

from footfall import logs
from footfall.auth import add_account
from footfall.database import Connection
from footfall.logs import LogFormat, LogLevel
from footfall.settings import Settings
from footfall.web import application
from server_process import ServerProcess
from site_under_test import HUMAN, Site, view

PASSWORD = "a good long one"
Lines = Callable[[], list[dict]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """What Footfall has logged as JSON until now, line by line."""
    root, log = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", log)
    logs.configure(LogFormat.JSON, LogLevel.INFO)
    every = lambda: [json.loads(line) for line in log.getvalue().splitlines()]  # noqa: E731
    yield lambda: [line for line in every() if line["logger"].startswith("footfall")]
    root.handlers, root.level = before


def test_every_answer_says_the_id_that_was_sent_or_one_of_its_own(client, keys) -> None:
    for path in (EVENTS, "/health/live", "/nowhere", "/api/session"):
        assert client.get(path, headers={"X-Request-Id": "proxy-1.a_B"}).headers.get_list("x-request-id") == ["proxy-1.a_B"]
    made = [client.get("/health/live").headers["x-request-id"] for _ in range(3)]
    made += [post(client, keys["write"], VIEW).headers["x-request-id"] for _ in range(3)]
    assert len(set(made)) == 6


@pytest.mark.parametrize("odd", ["", "a b", "x" * 65, 'a"b', "ä".encode()])
def test_an_id_that_does_not_look_like_one_is_not_taken(client, odd) -> None:
    assert client.get("/health/live", headers={"X-Request-Id": odd}).headers["x-request-id"] not in ("", odd)


def test_an_error_that_nobody_foresaw_is_found_in_the_log_by_its_id(client, keys, owner: Connection, lines: Lines) -> None:
    owner.execute("DROP FUNCTION api.track_test")
    said = client.get("/api/tracking/test", headers={"X-Request-Id": "who-asks"})
    assert said.status_code == 500
    (line,) = [line for line in lines() if line.get("error_id") == said.json()["debug_info"]["error_id"]]
    assert (line["level"], line["message"], line["request_id"]) == ("error", "internal error", "who-asks")
    assert "UndefinedFunction" in line["traceback"]


def test_a_slow_question_is_logged_with_report_and_tenant_and_no_value(url: str, keys, lines: Lines) -> None:
    with TestClient(application(Settings(slow_question=0), url)) as client:
        question = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31", "filter": "page==/secretword", "key": keys["read"]}
        assert client.get("/api/analytics/overview", params=question, headers={"X-Request-Id": "slow-1"}).status_code == 200
        key = {"X-Footfall-Key": keys["read"]}
        assert client.post("/api/analytics/many", json=[{"report": "goals"}], headers=key).status_code == 200
        assert client.get("/api/analytics/items.csv", headers=key).status_code == 200
    slow = [line for line in lines() if line["message"] == "slow question"]
    assert [(line["report"], line["tenant"]) for line in slow] == [("overview", "acme"), ("goals", "acme"), ("items", "acme")]
    assert slow[0]["request_id"] == "slow-1"
    assert slow[0]["milliseconds"] >= 0
    assert "secretword" not in json.dumps(slow)


def test_a_quick_question_is_not_worth_a_line(client, keys, lines: Lines) -> None:
    client.get("/api/analytics/overview", headers={"X-Footfall-Key": keys["read"]})
    assert lines() == []


def test_sign_ins_are_logged_by_outcome_and_number_of_the_account(client, site: Site, worker: Connection, lines: Lines) -> None:
    account = add_account(worker, "ann@example.org", "Ann", PASSWORD)
    for email, password in (("ann@example.org", PASSWORD), ("ann@example.org", "secretword"), ("bob@secretword.org", PASSWORD)):
        client.post("/api/session", json={"email": email, "password": password}, headers={"X-Footfall-Request": "1"})
    said = [(line["outcome"], line.get("account")) for line in lines() if line["message"] == "sign-in"]
    assert said == [("signed_in", account), ("sign_in_refused", account), ("sign_in_refused", None)]


def test_no_line_says_who_visits_or_signs_in(client, keys, site: Site, worker: Connection, lines: Lines) -> None:
    add_account(worker, "ann@example.org", "Ann", PASSWORD)
    post(client, keys["write"], view("/", 0, session_id="s"))
    post(client, keys["write"], "no json")
    client.post("/api/session", json={"email": "ann@example.org", "password": PASSWORD}, headers={"X-Footfall-Request": "1"})
    logging.getLogger("footfall").warning("the end")
    said = json.dumps(lines())
    assert "the end" in said
    for private in (VISITOR, HUMAN, "ann@", PASSWORD, keys["write"]):
        assert private not in said


def test_requests_that_are_answered_at_once_keep_their_ids_apart(url: str, keys, owner: Connection, tmp_path: Path) -> None:
    """In Granian's own processes, whose requests share an event loop."""
    owner.execute("DROP FUNCTION api.track_test")
    log = tmp_path / "log"
    with ServerProcess(url, log=log, FOOTFALL_LOG_FORMAT="json") as server:
        asked = asyncio.run(all_at_once(server.address, keys["write"]))
    said = [json.loads(line) for line in log.read_text().splitlines()]
    found = {line["error_id"]: line["request_id"] for line in said if line["message"] == "internal error"}
    assert found == asked
    assert len(asked) == 20


async def all_at_once(address: str, key: str) -> dict[str, str]:
    """The request ids that were sent, by the error ids that came back; events are sent meanwhile."""
    async with httpx2.AsyncClient(base_url=address, timeout=60) as client:
        events = [client.post(EVENTS, json=VIEW, headers={"X-Footfall-Key": key}) for _ in range(20)]
        errors = [client.get("/api/tracking/test", headers={"X-Request-Id": f"r-{n}"}) for n in range(20)]
        answers = await asyncio.gather(*errors, *events)
    return {answer.json()["debug_info"]["error_id"]: f"r-{n}" for n, answer in enumerate(answers[:20])}


def test_lines_are_text_for_people_until_json_is_asked_for() -> None:
    record = logging.LogRecord("footfall.web", logging.WARNING, "", 0, "two\nlines", None, None)
    record.tenant, record.milliseconds = "acme", 12
    assert logs.TextLine().format(record).endswith(" WARNING footfall.web: two\nlines tenant=acme milliseconds=12")
    said = json.loads(logs.JsonLine().format(record))
    assert said.pop("time").endswith("+00:00")
    assert said == {"level": "warning", "logger": "footfall.web", "message": "two\nlines", "tenant": "acme", "milliseconds": 12}


def test_a_worker_logs_as_it_is_told(url: str, site: Site) -> None:
    command = [sys.executable, "-m", "footfall", "worker", "--once", "--database-url", url]
    for level, is_heard in (("info", True), ("error", False)):
        settings = {**os.environ, "FOOTFALL_LOG_FORMAT": "json", "FOOTFALL_LOG_LEVEL": level}
        site.land(view("/", 0))
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
        said = [json.loads(line) for line in done.stderr.splitlines()]
        assert ("info" in {line["level"] for line in said}) == is_heard
    done = subprocess.run(command, env=settings | {"FOOTFALL_LOG_LEVEL": "loud"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "setting_invalid: FOOTFALL_LOG_LEVEL='loud' is not debug, info, warning or error\n",
    )
