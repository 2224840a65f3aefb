"""What is published to an index: a wheel with all that Footfall needs, and a source distribution that builds the very same."""

import email
import email.policy
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[2]
NEEDED = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "src")


def build(checkout: Path, kind: str, into: Path) -> subprocess.CompletedProcess[str]:
    """`python -m build`, with the tools that are installed."""
    command = [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", into, checkout]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def copy_of_checkout(folder: Path) -> Path:
    """What a build reads: built in place, it would leave folders in the checkout."""
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    return folder


def contents(wheel: Path) -> dict[str, str]:
    """Each file's name and what is in it, as a hash."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    checkout = copy_of_checkout(tmp_path_factory.mktemp("checkout"))
    for kind in ("sdist", "wheel"):
        done = build(checkout, kind, folder)
        assert done.returncode == 0, done.stderr + done.stdout
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


def test_a_wheel_has_every_file_that_footfall_reads(wheel: Path) -> None:
    there = {name for name in contents(wheel) if name.startswith("footfall/")}
    package = ROOT / "src" / "footfall"
    ours = {f"footfall/{file.relative_to(package)}" for file in package.rglob("*") if file.is_file()}
    assert there == {name for name in ours if "__pycache__" not in name and not name.endswith("/.built")}
    assert {name.rpartition(".")[2] for name in there} >= {"py", "sql", "csv", "html", "js", "css", "svg", "typed"}


def test_a_source_distribution_builds_the_same_wheel_without_node(built: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    done = build(next(tmp_path.glob("footfall-*")), "wheel", tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert contents(next(tmp_path.glob("*.whl"))) == contents(wheel)


def test_an_index_gets_all_it_shows(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("METADATA"))
        said = email.message_from_bytes(archive.read(name), policy=email.policy.default)
    links = dict(link.split(", ") for link in said.get_all("Project-URL"))
    assert set(links) == {"Source", "Documentation", "Changelog", "Issues", "Security"}
    assert said["License-Expression"] == "Apache-2.0"
    assert "LICENSE" in said.get_all("License-File")
    assert said["Description-Content-Type"] == "text/markdown"
    assert "](docs/" not in said.get_content(), "a link that leads nowhere from an index"
    assert f"]({links['Source']}/raw/main/docs/pictures/overview.png)" in said.get_content()
    needed = [line.partition(";")[0] for line in said.get_all("Requires-Dist") if "extra ==" not in line]
    assert any(line.startswith("psycopg") for line in needed)
    assert not any(line.startswith("pytest") for line in needed)


def test_a_wheel_says_whose_work_is_in_it_and_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        notices, bill = (archive.read(f"footfall/third_party/{name}").decode() for name in ("notices.txt", "footfall.cdx.json"))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    listed = {component["purl"]: component for component in json.loads(bill)["components"]}
    pinned = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert {f"pkg:pypi/{name}@{version}" for name, version in pinned} <= set(listed)
    assert all(component["licenses"] for component in listed.values())
    locked = json.loads((ROOT / "dashboard/package-lock.json").read_text())["packages"]
    assert f"pkg:npm/preact@{locked['node_modules/preact']['version']}" in listed
    for name, words in (
        ("preact", "Jason Miller"),
        ("d3-sankey", "Mike Bostock"),
        ("web-vitals", "Google"),
        ("mkdocs-material", "Martin Donath"),
    ):
        assert re.search(rf"^{name} .*^=+$.*{words}", notices, re.MULTILINE | re.DOTALL)


def test_without_the_front_end_nothing_is_built(tmp_path: Path) -> None:
    checkout = copy_of_checkout(tmp_path)
    shutil.rmtree(checkout / "src/footfall/web/static/dashboard")
    for kind in ("wheel", "sdist"):
        done = build(checkout, kind, tmp_path / "dist")
        assert done.returncode != 0
        assert "the front end is not built: web/static/dashboard/index.html missing" in done.stdout + done.stderr
    assert not list(tmp_path.glob("dist/*"))
