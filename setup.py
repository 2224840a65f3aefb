"""What pyproject.toml cannot say: nothing is built without the pages, and the description's links lead to the repository."""

import re
import tomllib
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.sdist import sdist
from setuptools.errors import SetupError

HERE = Path(__file__).parent
STATIC = HERE / "src" / "footfall" / "web" / "static"
# of each part of the front end a file that its build writes
PAGES = ("dashboard/index.html", "tracker/footfall.js", "swagger-ui/swagger-ui-bundle.js", "guide/index.html")


def require_pages() -> None:
    """Raises SetupError where a wheel would serve no pages."""
    if missing := [page for page in PAGES if not (STATIC / page).is_file()]:
        raise SetupError(f"the front end is not built: {', '.join(missing)} missing in {STATIC}; `make setup` builds it")


class Wheel(bdist_wheel):
    """A wheel with all pages. (An editable install, of which `make setup` is one, comes before them.)"""

    def run(self) -> None:
        """Build it, if the pages are there."""
        require_pages()
        super().run()


class Source(sdist):
    """A source distribution with all pages: whoever builds from it needs no Node."""

    def run(self) -> None:
        """Build it, if the pages are there."""
        require_pages()
        super().run()


def description() -> str:
    """The README, its links and pictures at the repository."""
    source = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]["urls"]["Source"]
    text = (HERE / "README.md").read_text()
    text = re.sub(r"!\[([^\]]*)\]\((?!https?:)([^)]+)\)", rf"![\1]({source}/raw/main/\2)", text)
    return re.sub(r"(?<!!)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)", rf"[\1]({source}/blob/main/\2)", text)


setup(
    cmdclass={"bdist_wheel": Wheel, "sdist": Source},
    long_description=description(),
    long_description_content_type="text/markdown",
)
