"""The documentation as its tests read it: pages, links, headings, and blocks of code with what is said about running them.

docs/understand/documentation.md says for writers what the marks mean.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
_MARK = re.compile(r"<!-- (not run|keeps running|opens|run)(?::? (.*?))? -->")
_markdown = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A fenced block; or, without a language, a mark that stands alone and asks the reader to do something."""

    page: Path
    line: int
    heading: str
    language: str
    code: str
    file: str = ""  # the name that the page gives it
    mark: str = ""
    about: str = ""  # what the mark says besides

    @property
    def where(self) -> str:
        return f"{name_of(self.page)}:{self.line}"


@dataclass(frozen=True)
class Link:
    page: Path
    line: int
    target: str

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.line} {self.target}"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """The blocks of a page in their order."""
    found, mark, heading = [], ("", ""), ""
    tokens = _markdown.parse(page.read_text())
    for before, token in zip([None, *tokens], tokens, strict=False):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "inline" and before and before.type == "heading_open":
            heading = token.content
        if token.type == "html_block" and (said := _MARK.search(token.content)):
            if said[1] == "opens":
                found.append(Block(page, line, heading, "", "", mark="opens", about=said[2]))
            else:
                mark = (said[1], said[2] or "")
        elif token.type == "fence":
            language, _, rest = token.info.partition(" ")
            title = re.search(r'title="([^"]+)"', rest)
            found.append(Block(page, line, heading, language, token.content, title[1] if title else "", *mark))
            mark = ("", "")
        elif token.type != "html_block":
            mark = ("", "")
    return found


def links(page: Path) -> list[Link]:
    """Every link and picture of a page."""
    found, line = [], 0
    for token in _markdown.parse(page.read_text()):
        line = token.map[0] + 1 if token.map else line
        for child in token.children or []:
            found += [Link(page, line, str(child.attrs[name])) for name in ("href", "src") if name in child.attrs]
    return found


def anchors(page: Path) -> set[str]:
    """What may stand after # in a link to the page; GitHub and the guide make the same out of these headings."""
    seen, found, is_heading = Counter[str](), set(), False
    for token in _markdown.parse(page.read_text()):
        if token.type == "inline" and is_heading:
            text = "".join(child.content for child in token.children or [])
            slug = re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")
            found.add(slug if not seen[slug] else f"{slug}-{seen[slug]}")
            seen[slug] += 1
        is_heading = token.type == "heading_open"
    return found
