"""Writes the lists that agents are judged by, from the packages that carry them. `make lists` runs it; nobody edits them.

    .venv/bin/python tools/lists/agents.py      needs pip and npm

    isbot (npm, Unlicense)              lists/bots.txt       patterns of bots
    crawler-user-agents (PyPI, MIT)     lists/bot_kinds.tsv  which pattern is which kind of bot, and what it is called

Beside them goes to tests/suites what both are tested by, with mail addresses taken out: of crawler-user-agents what its list
says, of isbot the fixtures of its repository (`--isbot CLONE`; the package has none). Versions, dates and licences go to
lists/agents.toml.
"""

import gzip
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
LISTS = ROOT / "src/footfall/judgement/lists"
SUITES = ROOT / "tests/suites"

# A bot of several kinds is the first of these.
_KINDS = {
    "ai-crawler": "ai_crawler",
    "search-engine": "search_engine",
    "browser-automation": "automation",
    "social-preview": "link_preview",
    "feed-reader": "feed_reader",
    "archiver": "archiver",
    "monitoring": "monitor",
    "scanner": "scanner",
    "seo": "seo",
    "advertising": "advertising",
    "http-library": "library",
    "academic": "other",
}


_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE)


@dataclass(frozen=True)
class Package:
    """A package of others, unpacked in memory."""

    name: str
    version: str
    date: str
    licence: str
    source: str
    files: dict[str, str]

    def heading(self) -> str:
        """What a list says of where it is from."""
        return f"# {self.name} {self.version} ({self.date}), {self.licence}, {self.source}; written by tools/lists/agents.py\n"


def main() -> None:
    """Fetch, convert, write."""
    with tempfile.TemporaryDirectory() as folder:
        isbot, crawlers = _isbot(Path(folder)), _crawlers(Path(folder))
    known = json.loads(crawlers.files["crawler-user-agents.json"])
    LISTS.joinpath("bots.txt").write_text(isbot.heading() + "".join(f"{pattern}\n" for pattern in _patterns(isbot)))
    LISTS.joinpath("bot_kinds.tsv").write_text(crawlers.heading() + "".join("\t".join(row) + "\n" for row in _rows(known)))
    LISTS.joinpath("agents.toml").write_text("\n".join(_about(package) for package in (isbot, crawlers)))
    _write_suite("crawler-user-agents", (("bot", agent) for about in known for agent in about.get("instances", ())))
    if "--isbot" in sys.argv:
        bots = re.compile("|".join(f"(?:{about['pattern']})" for about in known))
        fixtures = _fixtures(Path(sys.argv[sys.argv.index("--isbot") + 1]))
        # a few that isbot takes for people's are bots' to the others: no list of ours can please both
        _write_suite("isbot", ((kind, agent) for kind, agent in fixtures if kind == "bot" or not bots.search(agent)))
    sys.stdout.write(f"isbot {isbot.version}, crawler-user-agents {crawlers.version}\n")


def _isbot(folder: Path) -> Package:
    _run("npm", "pack", "--silent", "isbot", cwd=folder)
    (archive,) = folder.glob("isbot-*.tgz")
    with tarfile.open(archive) as tar:
        files = {name: _text(tar, f"package/{name}") for name in ("package.json", "index.mjs")}
    version = json.loads(files["package.json"])["version"]
    date = json.loads(_run("npm", "view", "isbot", "time", "--json", cwd=folder))[version][:10]
    return Package("isbot", version, date, "Unlicense", "https://github.com/omrilotan/isbot", files)


def _crawlers(folder: Path) -> Package:
    _run(
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "crawler-user-agents", cwd=folder
    )
    (archive,) = folder.glob("crawler_user_agents-*.whl")
    with zipfile.ZipFile(archive) as wheel:
        text = wheel.read("crawleruseragents/crawler-user-agents.json").decode()
        date = "-".join(f"{part:02}" for part in max(info.date_time for info in wheel.infolist())[:3])
    version = archive.name.split("-")[1]
    source = "https://github.com/monperrus/crawler-user-agents"
    return Package("crawler-user-agents", version, date, "MIT", source, {"crawler-user-agents.json": text})


def _patterns(isbot: Package) -> list[str]:
    """The patterns of isbot, as Python writes them: it looks behind over one length, and wants a dash in a set escaped."""
    found = re.search(r"var patterns_default = (\[.*?\n\]);", isbot.files["index.mjs"], re.DOTALL)
    if found is None:
        raise SystemExit("isbot's module looks other than it did: where are its patterns?")
    return [_in_python(pattern) for pattern in json.loads(found[1])]


def _in_python(pattern: str) -> str:
    pattern = re.sub(r"\(\?<!([^()]*\|[^()]*)\)", lambda m: "".join(f"(?<!{one})" for one in m[1].split("|")), pattern)
    pattern = re.sub(r"(\\[wds])-(?=[^\]])", r"\1\\-", pattern)
    re.compile(pattern)
    return pattern


def _rows(known: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Pattern, kind, name; a name where the pattern is one, else what matched is the name."""
    for about in known:
        pattern = about["pattern"]
        kind = next((kind for tag, kind in _KINDS.items() if tag in about.get("tags", ())), "other")
        plain = pattern.replace("\\/", "/").replace("\\.", ".")
        is_plain = not re.search(r"[\\^$*+?()[\]{}|]", plain)
        yield pattern, kind, plain.strip(" /;") if is_plain else ""


def _fixtures(clone: Path) -> Iterator[tuple[str, str]]:
    for kind, file in (("bot", "crawlers"), ("human", "browsers")):
        for agents in yaml.safe_load(_run("git", "show", f"HEAD:fixtures/{file}.yml", cwd=clone)).values():
            yield from ((kind, agent) for agent in agents)


def _about(package: Package) -> str:
    said = {"version": package.version, "date": package.date, "licence": package.licence, "source": package.source}
    return f"[{package.name}]\n" + "".join(f'{key} = "{value}"\n' for key, value in said.items())


def _write_suite(name: str, rows: Iterator[tuple[str, str]]) -> None:
    said = (kind + "\t" + _MAIL.sub("contact@example.org", " ".join(agent.split())) + "\n" for kind, agent in rows)
    SUITES.joinpath(f"{name}.tsv.gz").write_bytes(gzip.compress("".join(dict.fromkeys(said)).encode(), mtime=0))


def _text(tar: tarfile.TarFile, name: str) -> str:
    file = tar.extractfile(name)
    return file.read().decode() if file else ""


def _run(*command: str, cwd: Path) -> str:
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603  our own words


if __name__ == "__main__":
    main()
