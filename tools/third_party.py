"""Writes what of others is in a wheel, and what it needs: their notices, and a bill of materials (CycloneDX 1.6).

    .venv/bin/python tools/third_party.py      writes src/footfall/third_party/

Read from what is locked: package-lock.json of each part of the front end, requirements.txt. Licences are the packages' own files.
The same locks give the same bytes. A package whose licence is not found, or not known here, stops the build: look at it.
"""

import base64
import json
import re
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "src" / "footfall" / "third_party"
# built into pages and scripts though npm lists them as needed to build only
_BUNDLED_ALL_THE_SAME = {"tracker": {"web-vitals"}}
# runs when it is installed, which we do not let it; nothing of it is built in
_NOT_BUNDLED = {"@scarf/scarf"}
# the theme of the guide, whose scripts and styles the guide brings along
_OF_THE_GUIDE = "mkdocs-material"
_KNOWN = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "LGPL-3.0-only", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"}
# of packages that say it in words of their own
_SAID_OTHERWISE = {
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
}
# of packages that do not say which of several: what their text is
_BY_ITS_TEXT = {"pyasn1-modules": "BSD-2-Clause"}


@dataclass(frozen=True)
class Package:
    """A package of others; `texts` are its licence and notices."""

    kind: str  # npm or pypi
    name: str
    version: str
    licence: str  # an SPDX expression
    hashes: tuple[tuple[HashAlgorithm, str], ...]
    texts: tuple[str, ...] = ()

    def component(self) -> Component:
        """The package as CycloneDX has it."""
        namespace, _, name = self.name.rpartition("/")
        url = PackageURL(self.kind, namespace or None, name, self.version)
        return Component(
            type=ComponentType.LIBRARY,
            bom_ref=str(url),
            group=namespace or None,
            name=name,
            version=self.version,
            purl=url,
            licenses=[LicenseFactory().make_from_string(self.licence)],
            hashes=[HashType(alg=algorithm, content=content) for algorithm, content in self.hashes],
        )


def bundled() -> Iterator[Package]:
    """What is inside the wheel: packages of npm that scripts are built of, and the guide's theme."""
    for part in ("dashboard", "docs-ui", "tracker"):
        locked = json.loads((ROOT / part / "package-lock.json").read_text())["packages"]
        for place, about in locked.items():
            name = place.rpartition("node_modules/")[2]
            is_built_in = not about.get("dev") or name in _BUNDLED_ALL_THE_SAME.get(part, ())
            if name and is_built_in and name not in _NOT_BUNDLED:
                algorithm, _, digest = about["integrity"].partition("-")
                hashes = ((HashAlgorithm[algorithm.upper().replace("SHA", "SHA_")], base64.b64decode(digest).hex()),)
                yield Package("npm", name, about["version"], about["license"], hashes, _texts(ROOT / part / place))
    theme = metadata.distribution(_OF_THE_GUIDE)
    texts = tuple(Path(str(theme.locate_file(file))).read_text() for file in theme.files or [] if file.name == "LICENSE")
    yield Package("pypi", _OF_THE_GUIDE, theme.version, _licence_of(theme), (), texts)


def needed() -> Iterator[Package]:
    """What a wheel is installed with: requirements.txt, whose hashes are of every file of a version."""
    pin = re.compile(r"^([\w.-]+)==(\S+)((?:\s*\\\n\s+--hash=sha256:\w+)*)", re.MULTILINE)
    for name, version, hashes in pin.findall((ROOT / "requirements.txt").read_text()):
        sums = tuple((HashAlgorithm.SHA_256, digest) for digest in re.findall(r"sha256:(\w+)", hashes))
        yield Package("pypi", name, version, _licence_of(metadata.distribution(name)), sums)


def notices(packages: list[Package]) -> str:
    """What those who made the bundled packages want to be said."""
    head = (
        "Footfall is under the Apache License 2.0. The wheel has parts of these packages inside, under licences of their own.\n"
    )
    return head + "".join(
        f"\n{'=' * 120}\n{package.name} {package.version}: {package.licence}\n{'=' * 120}\n\n" + "\n\n".join(package.texts) + "\n"
        for package in packages
    )


def bill(packages: list[Package]) -> str:
    """All packages in CycloneDX's JSON."""
    version = metadata.version("footfall")
    url = PackageURL("pypi", None, "footfall", version)
    components = [package.component() for package in packages]
    bom = Bom(components=components, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, repr(packages)))
    cast(Any, bom.metadata).timestamp = None  # the same locks give the same bytes
    bom.metadata.component = Component(
        type=ComponentType.APPLICATION,
        name="footfall",
        version=version,
        bom_ref=str(url),
        purl=url,
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )
    bom.register_dependency(bom.metadata.component, components)
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _texts(folder: Path) -> tuple[str, ...]:
    files = sorted(
        file for file in folder.iterdir() if re.match(r"(LICEN[CS]E|NOTICE|COPYING)|.*-bundle\.js\.LICENSE", file.name)
    )
    if not files:
        sys.exit(f"{folder.name} has no licence that this finds: look at it")
    return tuple(file.read_text().strip() for file in files)


def _licence_of(distribution: metadata.Distribution) -> str:
    """What a package of Python says of its licence, as SPDX has it."""
    about = distribution.metadata
    if (name := about["Name"].replace("_", "-")) in _BY_ITS_TEXT:
        return _BY_ITS_TEXT[name]
    classified = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    said = [*about.get_all("License-Expression", []), *about.get_all("License", []), *classified]
    for text in said:
        expression = _SAID_OTHERWISE.get(str(text), str(text))
        if set(re.split(r" (?:AND|OR) ", expression)) <= _KNOWN:
            return expression
    sys.exit(f"{about['Name']} says of its licence {said}: look at it")


def main() -> None:
    """Write both files."""
    inside = sorted(bundled(), key=lambda package: package.name)
    TARGET.mkdir(exist_ok=True)
    (TARGET / "notices.txt").write_text(notices(inside))
    (TARGET / "footfall.cdx.json").write_text(bill(inside + list(needed())))


if __name__ == "__main__":
    main()
