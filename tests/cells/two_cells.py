"""What is told of two cells, and asked of them."""

import re
from typing import Any

import psycopg
from starlette.testclient import TestClient

from footfall.auth import add_account, add_key, set_role
from footfall.business import all_checks, run_check
from footfall.database import connect
from footfall.worker import load_pending
from site_under_test import Site, view

OURS = {"X-Footfall-Request": "1"}
PASSWORD = "correct horse battery"
MARCH = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
REPORTS: dict[str, dict[str, Any]] = {
    "overview": {},
    "breakdown": {"dimension": "page"},
    "timeseries": {},
    "sessions": {},
    "paths": {},
    "funnel": {"steps": ["page==/", "page==/a"]},
    "retention": {},
    "events": {},
}


def code(reply: Any) -> str:
    return reply.json()["debug_info"]["error"]


def fill(site: Site) -> dict[str, str]:
    """Some visits of the tenant, settled; and a key of each kind."""
    for number in range(4):
        who = {"session_id": f"s{number}", "_visitor_id": f"v{number}"}
        site.land(view("/", number, **who), view("/a", number + 1, **who), view(f"/{site.tenant_id}", number + 2, **who))
    site.settle()
    return {kind: add_key(site.connection, site.tenant_id, kind, "test")[1] for kind in ("write", "read", "admin")}


def answers(client: TestClient, key: str) -> dict[str, Any]:
    """What the reports say to a key's tenant, without what is different in any two stores."""
    said = {}
    for report, question in REPORTS.items():
        reply = client.get(f"/api/analytics/{report}", params=MARCH | question, headers={"X-Footfall-Key": key})
        assert reply.status_code == 200, (report, reply.text)
        said[report] = re.sub(
            r'"(loaded_at|load_date|generated_at|watermark|lag_seconds|raw_event_id)":("[^"]*"|[0-9.]+)', "", reply.text
        )
    return said


def sign_in(client: TestClient, store: psycopg.Connection, name: str, role: str, tenant_hk: bytes | None) -> None:
    add_account(store, f"{name}@example.org", name.title(), PASSWORD, is_operator=tenant_hk is None)
    if tenant_hk is not None:
        set_role(store, f"{name}@example.org", "", role, tenant_hk)  # type: ignore[arg-type]
    client.cookies.clear()
    person = {"email": f"{name}@example.org", "password": PASSWORD}
    assert client.post("/api/session", json=person, headers=OURS).status_code == 200


def load(url: str) -> None:
    with connect(url, "footfall_worker") as connection:
        load_pending(connection, 1000)


def failing_checks(store: psycopg.Connection) -> list[str]:
    return [check.code for check in all_checks() if run_check(store, check)]
