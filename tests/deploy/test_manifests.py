"""Units, image, compose file and manifests are what those who read them understand, and name only what Footfall has."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from proxy import DEPLOY
from typer.main import get_command

from footfall.cli import app
from footfall.settings import Settings
from footfall.web import openapi

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
FILES = [file for file in DEPLOY.rglob("*") if file.is_file()]
PROGRAMS = Path(sys.executable).parent


def said(*command: str | Path) -> str:
    """What a program says that must find nothing wrong."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def objects(kind: str) -> list[dict[str, Any]]:
    """All that the manifests describe of one kind."""
    every = [found for file in MANIFESTS for found in yaml.safe_load_all(file.read_text())]
    return [found for found in every if found["kind"] == kind]


def pods() -> list[dict[str, Any]]:
    return [found["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for found in objects(kind)]


def commands() -> list[list[str]]:
    """Every command of Footfall that something here starts."""
    units = [
        re.search(r"^ExecStart=/opt/footfall/bin/footfall (.*)$", unit.read_text(), re.MULTILINE)[1].split() for unit in UNITS
    ]
    services = [service["command"] for service in compose()["services"].values() if "command" in service]
    containers = [container["args"] for pod in pods() for container in pod["containers"]]
    image = re.findall(r'^CMD \["(.*)"\]$', (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    return [*units, *services, *containers, *([word] for word in image)]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_each_unit_and_shuts_it_in(unit: Path, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd")
    # where Footfall is installed, `verify` would find its command
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/footfall/bin/footfall", shutil.which("true")))
    assert said("systemd-analyze", "verify", copy) == ""
    said("systemd-analyze", "security", "--offline=true", "--threshold=20", copy)


def test_every_command_that_is_started_is_one_of_footfalls() -> None:
    known = get_command(app).commands
    assert {command for command, *_ in commands()} == {"serve", "worker", "migrate"}
    for command, *options in commands():
        known[command].make_context(command, list(options))  # raises for what it does not know


def test_every_setting_that_is_named_is_one_of_footfalls() -> None:
    known = {field.metadata["variable"] for field in Settings.__dataclass_fields__.values()}
    named = {name for file in FILES for name in re.findall(r"\b(?:FOOTFALL_[A-Z_]+|DATABASE_URL\w*)", file.read_text())}
    assert {name.removesuffix("_FILE") for name in named} - known == set()


def test_the_image_is_built_as_its_linter_wants() -> None:
    assert said(PROGRAMS / "hadolint", DEPLOY / "Dockerfile") == ""


def test_the_image_gets_what_its_build_reads_and_nothing_private() -> None:
    root = DEPLOY.parent
    let_in = {line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert [name for name in let_in if not (root / name).exists()] == []
    assert {"Makefile", "pyproject.toml", "requirements.txt", "requirements-dev.txt", "setup.py", "src"} <= let_in
    assert "deploy" not in let_in


def test_compose_files_are_understood_and_what_they_name_is_there() -> None:
    said(PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")
    file = compose()
    services = file["services"]
    for service in services.values():
        assert set(service.get("secrets", [])) <= set(file["secrets"])
        assert set(service.get("depends_on", [])) <= set(services)
    assert services["db"]["image"] == "postgres:18"
    # a way to the server that no proxy stands in would let anybody say who they are
    assert services["web"]["ports"] == ["127.0.0.1:8700:8700"]


def test_docker_understands_the_compose_file_too() -> None:
    there = ["docker", "compose", "version"]
    if not shutil.which("docker") or subprocess.run(there, capture_output=True, check=False).returncode:
        pytest.skip("needs docker's compose")
    said("docker", "compose", "-f", DEPLOY / "compose.yaml", "config", "--quiet")


def test_kubernetes_understands_every_manifest() -> None:
    # strict: a name that its schema has not, such as a misspelt one, is an error
    assert said(PROGRAMS / "kubernetes-validate", "--strict", *MANIFESTS).count("passed") == 10


def test_manifests_lead_to_each_other() -> None:
    labels = [found["spec"]["template"]["metadata"]["labels"] for found in objects("Deployment")]
    selectors = [found["spec"]["selector"].get("matchLabels") for found in objects("Deployment")]
    selectors += [found["spec"]["selector"] for found in objects("Service")]
    assert all(any(selector.items() <= label.items() for label in labels) for selector in selectors)
    configured = {found["metadata"]["name"] for found in objects("ConfigMap")}
    secret = {found["metadata"]["name"] for found in objects("Secret")}
    for pod in pods():
        assert pod["volumes"][0]["secret"]["secretName"] in secret
        for container in pod["containers"]:
            assert {source["configMapRef"]["name"] for source in container.get("envFrom", [])} <= configured


def test_what_is_probed_is_there() -> None:
    (web,) = [pod for pod in pods() if pod["containers"][0]["name"] == "web"]
    probes = {web["containers"][0][probe]["httpGet"]["path"] for probe in ("readinessProbe", "livenessProbe")}
    assert probes == {"/health/accepting", "/health/live"}
    assert probes <= set(openapi.document()["paths"])
    assert "/health/accepting" in (DEPLOY / "Dockerfile").read_text()


def test_nothing_runs_as_root_or_writes_its_own_files() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert not container["securityContext"]["allowPrivilegeEscalation"]
    assert re.findall(r"^USER (.*)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE) == ["10001"]
