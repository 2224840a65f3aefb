"""Every block of code in README and docs does what the page says, in the order of the page, on a Footfall of its own.

HTML and JavaScript run in a browser: tests/tracker/test_docs.py. What is in docs/ask/sql.md: tests/api/test_sql_docs.py.
"""

import re
import subprocess
from pathlib import Path

import pytest
from documentation import PAGES, README, ROOT, blocks, name_of
from forked import commands
from playwright.sync_api import Browser
from terminal import Reader, environment, pattern, python_of_tests, set_up

from footfall import schema
from footfall.database import EmbeddedStore, connect

SQL_PAGE = ROOT / "docs" / "ask" / "sql.md"
IN_TERMINAL = {"sh", "sql"}
IN_BROWSER = {"html", "js"}
TYPED = {"tsx", "ts", "vue"}
DRAWN = {"mermaid"}
SHOWN = {"text"}
NOT_RUN = 28  # a number to be proud of, but for the ten that need a server of one's own; each says why beside it
RUN_HERE = [page for page in PAGES if page != SQL_PAGE and IN_TERMINAL & {block.language for block in blocks(page)}]


def starts_footfall(page: Path) -> bool:
    return any(block.mark == "keeps running" and "footfall up" in block.code for block in blocks(page))


def do(reader: Reader, page: Path, browser: Browser) -> None:
    """All that a page asks its reader to do; what a `text` block shows was seen."""
    shown = ""
    todo = blocks(page)
    for block, after in zip(todo, [*todo[1:], None], strict=True):
        if block.mark == "not run":
            continue
        if block.mark == "opens":
            visit(browser, reader, reader.meant(block.about))
        elif block.file:
            reader.save(block)
        elif block.mark == "keeps running":
            reader.leave_running(block.code, until=after.code if after and after.language in SHOWN else "")
            shown = ""
        elif block.language == "sh":
            shown = reader.paste(block.code)
        elif block.language == "sql":
            (reader.folder / "block.sql").write_text(block.code)
            reader.paste("footfall psql -- -X -q -v ON_ERROR_STOP=1 -f block.sql")
        elif block.language in SHOWN and shown:
            assert re.search(pattern(reader.meant(block.code)), shown), f"{block.where}\n{shown}"


def visit(browser: Browser, reader: Reader, address: str) -> None:
    """Look at a page until it has been counted."""
    page = browser.new_page()
    reader.wait_until_open(address)
    with page.expect_response(lambda response: "/api/tracking/events" in response.url) as answered:
        page.goto(address)
    assert answered.value.status == 202
    page.close()
    reader.wait_until_loaded()


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory):
    """Where a reader's commands are: with a `footfall` that has been loaded already."""
    folder = tmp_path_factory.mktemp("forked")
    real = python_of_tests()
    with commands(folder, real, environment([real], folder)) as forked:
        yield [forked, real]


@pytest.fixture(scope="module")
def used_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a Footfall that was started once."""
    folder = tmp_path_factory.mktemp("used")
    with EmbeddedStore(folder / "footfall-data") as store, connect(store.url) as owner:
        schema.deploy(owner)
    return folder / "footfall-data"


@pytest.fixture
def reader(tmp_path: Path, binaries: list[Path]):
    set_up(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    with Reader(tmp_path, binaries, home) as reader:
        yield reader


@pytest.mark.parametrize("page", RUN_HERE, ids=name_of)
def test_what_a_page_says_to_do_works(page: Path, reader: Reader, visitors_browser: Browser, used_store: Path):
    if not starts_footfall(page):
        # as the superuser PostgreSQL has a user of its own, whose files these stay
        subprocess.run(["cp", "-a", used_store, reader.folder], check=True)
        reader.leave_running("footfall up --quiet", until="Footfall is ready")
        reader.paste("footfall tenant add acme --industry e-commerce && footfall key add --tenant acme --kind write")
    do(reader, page, visitors_browser)


def test_what_a_page_shows_must_be_what_was_shown():
    page = pattern("visitors  1\n…\npage views  1")
    assert re.search(page, "acme\n\nvisitors  1\nvisits    1\npage views  1\n")
    assert not re.search(page, "visitors  1\nvisits    1\npage views  2\n")
    assert not re.search(page, "visitors  1\n")


@pytest.mark.clone
def test_the_readme_leads_from_a_fresh_clone_to_the_first_event(tmp_path: Path, visitors_browser: Browser):
    clone, home = tmp_path / "footfall", tmp_path / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    with Reader(clone, [clone / ".venv" / "bin"], home) as reader:
        reader.paste("make setup")
        do(reader, README, visitors_browser)


def test_every_block_is_run_or_says_why_not():
    every = [block for page in PAGES for block in blocks(page) if block.mark != "opens"]
    known = IN_TERMINAL | IN_BROWSER | TYPED | DRAWN | SHOWN
    silent = [
        block.where
        for block in every
        if block.mark != "not run" and not block.file and block.language not in known and block.page != SQL_PAGE
    ]
    assert silent == [], "a language that nothing runs: mark it `not run` and say why"
    not_run = [block for block in every if block.mark == "not run"]
    assert [block.where for block in not_run if not block.about] == [], "say why"
    assert len(not_run) == NOT_RUN, [block.where for block in not_run]


def test_components_are_of_the_types_that_they_name(tmp_path: Path):
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "footfall-tracker").symlink_to(ROOT / "tracker")
    for block in (block for page in PAGES for block in blocks(page) if block.language in {"ts", "tsx"}):
        file = tmp_path / block.page.stem / block.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.code)
    compiler = [ROOT / "tracker/node_modules/.bin/tsc", "--noEmit", "--strict", "--target", "es2022", "--jsx", "preserve"]
    compiler += ["--module", "esnext", "--moduleResolution", "bundler", Path(__file__).parent / "frameworks.d.ts"]
    done = subprocess.run([*compiler, *tmp_path.glob("*/**/*.ts*")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
