"""What mkdocs does not know: the README is the first page, links to the code lead nowhere, and the guide is served at /guide."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils.templates import TemplateContext

_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
_FIRST = "index.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The README among the pages."""
    readme = (Path(config.docs_dir).parent / "README.md").read_text()
    files.append(File.generated(config, _FIRST, content=readme))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as they are in the guide: from the README into docs/, back to the README, and none to the code."""
    del config
    folder = "" if page.file.src_uri == _FIRST else posixpath.join("docs", posixpath.dirname(page.file.src_uri))

    def in_guide(link: re.Match[str]) -> str:
        text, path, anchor = link.groups()
        target = posixpath.normpath(posixpath.join(folder, path))
        source = _FIRST if target == "README.md" else target.removeprefix("docs/")
        if files.get_file_from_path(source) is None or not target.startswith(("docs/", "README.md")):
            return text
        return f"[{text}]({posixpath.relpath(source, folder.removeprefix('docs').lstrip('/') or '.')}{anchor or ''})"

    return _LINK.sub(in_guide, markdown)


def on_template_context(context: TemplateContext, template_name: str, config: MkDocsConfig) -> TemplateContext:
    """The page for unknown addresses stands at any depth: its links begin at the root."""
    del config
    if template_name == "404.html":
        context["base_url"] = "/guide"
    return context
