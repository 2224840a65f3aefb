"""Names of hosts: whose a host is by the public suffix list, and what it is called in one spelling.

A pattern of a list is a host, with those under it; `google.*` is google under the suffix of any country (and .com, .net, .org),
`*.bing.com` is what stands under the name of a country; what has a path is that part of a host; without a dot it is a name as
campaigns write it.
"""

import re
from collections.abc import Iterator
from functools import cache

import idna
from publicsuffixlist import PublicSuffixList

APP = "android-app://"  # before the package of an app, which would else look like a host
ANY = "*"

# .google and .youtube are their owner's; suffixes that anybody may register a name under are no country's
_NO_COUNTRY_BUT_OFFICIAL = ("com", "net", "org", "cat")
_COUNTRY = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?")
_ADDRESS = re.compile(r"[0-9.]+|\[.*\]")


@cache
def _suffixes() -> PublicSuffixList:
    """Suffixes under which names are registered, those among them who give away names under theirs, as github.io."""
    return PublicSuffixList(accept_unknown=False)


@cache
def _official_suffixes() -> PublicSuffixList:
    """Those of countries and registries alone."""
    return PublicSuffixList(accept_unknown=False, only_icann=True)


def ascii_name(host: str) -> str:
    """A host in one spelling (IDNA 2008 with the mappings of UTS 46), without www; as it is, where that cannot be said."""
    host = host.rstrip(".").lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, transitional=False).decode()
        except idna.IDNAError:
            return host.removeprefix("www.")
    return host.removeprefix("www.")


def site_of(name: str) -> str:
    """The name that somebody registered: blog.acme.co.uk is acme.co.uk; of what nobody can register, the name itself."""
    if _ADDRESS.fullmatch(name):
        return name
    # of a suffix that nobody knows, the last part is one
    return _suffixes().privatesuffix(name) or (name if _suffixes().publicsuffix(name) else ".".join(name.split(".")[-2:]))


def is_package(name: str) -> bool:
    """Whether this is an app's name, not a host's: backwards, com.facebook.katana."""
    first, _, rest = name.partition(".")
    # .android is a suffix, too, that no host is under
    is_host = _suffixes().publicsuffix(name) is not None and not name.endswith(".android")
    return "." in rest and not is_host and _suffixes().publicsuffix(first) is not None


def parents(name: str) -> Iterator[tuple[list[str], str]]:
    """The hosts of the same site that this one is under, the nearest first, each with the parts that it has more."""
    labels = name.split(".")
    for at in range(1, len(labels) - site_of(name).count(".")):
        yield labels[:at], ".".join(labels[at:])


def country_suffix(name: str) -> str | None:
    """The suffix of a host if it is a country's, or .com and the like: co.uk of google.co.uk; none of google.xyz."""
    suffix = _official_suffixes().publicsuffix(name)
    return suffix if suffix and (_COUNTRY.fullmatch(suffix.rpartition(".")[2]) or suffix in _NO_COUNTRY_BUT_OFFICIAL) else None


def is_country(text: str) -> bool:
    """Whether a part of a host stands for a country or a language: de, pt-br; some engines write it as its domain, co.uk."""
    return _COUNTRY.fullmatch(text) is not None or text == "com" or (text.count(".") == 1 and country_suffix("x." + text) == text)
