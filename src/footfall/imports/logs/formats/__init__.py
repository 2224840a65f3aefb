"""The formats of logs, one file a family; which one a file is in is told by its first lines."""

from collections.abc import Sequence

from footfall.errors import FormatUnknown
from footfall.imports.logs.formats import aws, custom, envoy, haproxy, iis, named, text, w3c
from footfall.imports.logs.request import MALFORMED, Reader
from footfall.imports.logs.wrapping import unwrapping

# A family's module says its NAME, what it SAYS of itself, and gives a `reader` for the first lines of a file, or None.
# What is told apart most surely comes first.
_FAMILIES = (w3c, aws, haproxy, envoy, iis, named, text)
FORMATS = {family.NAME: family.SAYS for family in _FAMILIES}
HEAD = 200  # lines of a file that its format is told by
_OTHER_NAMES = {
    "combined": text.NAME,
    "nginx": text.NAME,
    "apache": text.NAME,
    "cloudfront": w3c.NAME,
    "alb": aws.NAME,
    "elb": aws.NAME,
    "s3": aws.NAME,
    "istio": envoy.NAME,
    "caddy": named.NAME,
    "traefik": named.NAME,
    "cloudflare": named.NAME,
    "csv": named.NAME,
    "ltsv": named.NAME,
    "logfmt": named.NAME,
}


def reader_of(head: Sequence[str], wanted: str = "") -> tuple[str, Reader]:
    """The format of these first lines, by name, and what reads them and the lines after them.

    Args:
        head: the lines, in whatever they may be wrapped.
        wanted: a format's name, or one of one's own; empty: whichever reads the most of these lines.

    Raises FormatUnknown with the first line that no format reads, and NotAccepted for a format of one's own that says too little.
    """
    if not custom.is_format(wanted) and wanted and _OTHER_NAMES.get(wanted, wanted) not in FORMATS:
        raise FormatUnknown(f"there is no format {wanted!r}: {_known()}")
    said = [line for line in head if line.strip()]
    unwrap = unwrapping(said)
    # a line may begin as what wraps others does
    ways = (unwrap, _as_it_is) if unwrap is not None else (_as_it_is,)
    tried = [(unwrap, *_best([unwrap(line) for line in said], wanted)) for unwrap in ways]
    unwrap, understood, name, reader = max(tried, key=lambda way: way[1])
    if not understood and any(not line.startswith("#") for line in said):
        given = "it is not in the format that was given" if wanted else _known()
        raise FormatUnknown(f"the first line that could not be read is: {_shown(said)}\n{given}")
    return name, reader if unwrap is _as_it_is else lambda line: reader(unwrap(line))


def _best(lines: Sequence[str], wanted: str) -> tuple[int, str, Reader]:
    """How many lines the format reads that reads the most, its name, and what reads them."""
    if custom.is_format(wanted):
        reader = custom.reader_of(wanted)
        return _understood(reader, lines), "custom", reader
    found: tuple[int, str, Reader] = (0, wanted or text.NAME, _nothing)
    for family in _FAMILIES:
        if wanted and _OTHER_NAMES.get(wanted, wanted) != family.NAME:
            continue
        if (tried := family.reader(lines)) is not None and (understood := _understood(tried, lines)) > found[0]:
            # what has been tried may remember what it read
            found = understood, family.NAME, family.reader(lines) or tried
    return found


def _as_it_is(line: str) -> str:
    return line


def _nothing(line: str) -> str | None:
    return None if line.startswith("#") or not line.strip() else MALFORMED


def _understood(reader: Reader, lines: Sequence[str]) -> int:
    """How many lines it reads, whatever they say."""
    return sum(found is not None and found != MALFORMED for found in map(reader, lines))


def _shown(lines: Sequence[str]) -> str:
    first = next((line for line in lines if not line.startswith("#")), lines[0])
    return first if len(first) <= 500 else f"{first[:500]}…"  # noqa: PLR2004  enough to know it by


def _known() -> str:
    names = "\n".join(f"  {name}: {says}" for name, says in FORMATS.items())
    return f"--format takes one of these, or a format as nginx or Apache are told it ('$remote_addr …', '%h …'):\n{names}"
