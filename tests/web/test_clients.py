"""Clients are generated from the description, in TypeScript and in Python: they compile, and what they ask is answered."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from footfall.auth import add_key
from footfall.web import openapi
from server_process import ServerProcess
from site_under_test import Site, view

TOOLS = Path(__file__).parents[2] / "dashboard" / "node_modules" / ".bin"
PROGRAM = """
import type { components, paths } from "./api.js";

type Question = components["schemas"]["BreakdownQuestion"];
type Reply = paths["/api/analytics/breakdown"]["post"]["responses"]["200"]["content"]["application/json"];
type Asked = NonNullable<paths["/api/analytics/{report}.{form}"]["get"]["parameters"]["query"]>;

const [address, key] = process.argv.slice(2) as [string, string];
const question: Question = { dimension: "page", dateFrom: "2026-03-10", dateTo: "2026-03-10", filter: { not: "country==DE" } };
const asked: Asked = { dimension: "page", dateFrom: "2026-03-10", dateTo: "2026-03-10" };
const headers = { "X-Footfall-Key": key, "Content-Type": "application/json" };
const body = JSON.stringify(question);
const reply = (await (await fetch(`${address}/api/analytics/breakdown`, { method: "POST", headers, body })).json()) as Reply;
const query = new URLSearchParams(asked as Record<string, string>);
const file = await (await fetch(`${address}/api/analytics/breakdown.csv?${query}`, { headers })).text();
console.log(JSON.stringify({ rows: reply.data.rows, cursor: reply.data.nextCursor, file }));
"""


@pytest.fixture
def busy(url: str, site: Site) -> Iterator[tuple[str, str]]:
    """A server's address, and a key to a site with one view."""
    site.land(view("/", session_id="s"))
    site.settle()
    with ServerProcess(url) as server:
        yield server.address, add_key(site.connection, "acme", "read", "")[1]


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("clients") / "openapi.json"
    file.write_text(json.dumps(openapi.document()))
    return file


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for path in openapi.document()["paths"].values() for operation in path.values()]
    assert sorted(names) == sorted(set(names))


def test_a_client_in_typescript(busy: tuple[str, str], description: Path, tmp_path: Path) -> None:
    run(TOOLS / "openapi-typescript", description, "-o", tmp_path / "api.ts")
    (tmp_path / "program.ts").write_text(PROGRAM)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node.d.ts").write_text("declare const process: { argv: string[] };")
    options = {"strict": True, "target": "es2022", "module": "nodenext", "lib": ["es2022", "dom"], "types": []}
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options}))
    run(TOOLS / "tsc", "--project", tmp_path)
    said = json.loads(run("node", tmp_path / "program.js", *busy))
    assert said["rows"] == [{"value": "acme.example/", "page_views": 1, "visits": 1}]
    assert said["cursor"] is None
    assert said["file"].splitlines() == ["value,page_views,visits", "acme.example/,1,1"]


def test_a_client_in_python(busy: tuple[str, str], description: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = [Path(sys.executable).parent / "openapi-python-client", "generate", "--meta", "none"]
    config = tmp_path / "config.json"
    config.write_text('{"post_hooks": []}')
    said = run(*program, "--path", description, "--output-path", tmp_path / "footfall_client", "--config", config)
    assert "will not be generated" not in said
    monkeypatch.syspath_prepend(tmp_path)
    address, key = busy
    question = module("models.breakdown_question").BreakdownQuestion.from_dict({"dimension": "page", "dateFrom": "2026-03-10"})
    with module("client").Client(base_url=address, headers={"X-Footfall-Key": key}) as client:
        reply = module("api.analytics.get_overview").sync(client=client, date_from="2026-03-10", date_to="2026-03-10")
        pages = module("api.analytics.ask_breakdown").sync(client=client, body=question)
    assert (reply.success, reply.data.metrics["page_views"]) == (True, 1)
    assert pages.data.rows[0]["value"] == "acme.example/"


def module(name: str) -> ModuleType:
    return importlib.import_module(f"footfall_client.{name}")


def run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
