"""What pyproject.toml cannot say: nothing is built without the pages, and the description's links lead to the repository."""

import re
import tomllib
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.sdist import sdist
from setuptools.errors import SetupError

HERE = Path(__file__).parent
PACKAGE = HERE / "src" / "footfall"
# of each part of the front end a file that its build writes; and what those of others want to be said
BUILT = (
    "web/static/dashboard/index.html",
    "web/static/tracker/footfall.js",
    "web/static/swagger-ui/swagger-ui-bundle.js",
    "web/static/guide/index.html",
    "third_party/notices.txt",
    "third_party/footfall.cdx.json",
)


def require_built() -> None:
    """Raises SetupError where a wheel would serve no pages, or not say whose work is in it."""
    if missing := [file for file in BUILT if not (PACKAGE / file).is_file()]:
        raise SetupError(f"the front end is not built: {', '.join(missing)} missing in {PACKAGE}; `make setup` builds it")


class Wheel(bdist_wheel):
    """A wheel with all pages. (An editable install, of which `make setup` is one, comes before them.)"""

    def run(self) -> None:
        """Build it, if the pages are there."""
        require_built()
        super().run()


class Source(sdist):
    """A source distribution with all pages: whoever builds from it needs no Node."""

    def run(self) -> None:
        """Build it, if the pages are there."""
        require_built()
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
