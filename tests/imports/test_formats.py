"""Every format that a log may be in, told by its first lines."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from footfall.errors import FormatUnknown, NotAccepted
from footfall.imports.logs.formats import FORMATS, reader_of
from footfall.imports.logs.request import Request
from log_lines import AGENT, BARE, FROM, GET, SAMPLES, TIME, Sample

COMBINED = f'203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}"'


def read(line: str, *before: str) -> Request | str | None:
    """A line as it is read at the end of a file."""
    _, reader = reader_of([*before, line])
    for earlier in before:
        reader(earlier)
    return reader(line)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_format_is_known_by_itself_and_tells_the_request(sample: Sample) -> None:
    *before, line = sample.log.splitlines()
    name, reader = reader_of([*before, line], sample.wanted)
    for heading in before:
        reader(heading)
    assert (name, reader(line)) == (sample.format, sample.request)


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if not sample.wanted], ids=lambda sample: sample.name)
def test_a_format_may_be_named(sample: Sample) -> None:
    name, _ = reader_of(sample.log.splitlines(), sample.format)
    assert name == sample.format
    assert name in FORMATS


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (COMBINED.replace(" 200 ", " 304 "), replace(BARE, status=304)),
        (COMBINED.replace("GET", "POST"), replace(BARE, method="POST")),
        (
            COMBINED.replace("+0000", "-0530"),
            replace(BARE, moment=datetime(2026, 3, 10, 12, tzinfo=timezone(-timedelta(hours=5.5)))),
        ),
        (COMBINED.replace(FROM, "-").replace(AGENT, "-"), replace(BARE, referrer=None, user_agent=None)),
        (COMBINED.replace(AGENT, r"an \"odd\" agent"), replace(BARE, user_agent='an "odd" agent')),
        (COMBINED.replace("/shoes?size=42", r"/s?q=\"shoe\""), replace(BARE, target='/s?q="shoe"')),
        (COMBINED.replace("HTTP/1.1", "HTTP/2.0"), BARE),
        (COMBINED.replace("203.0.113.9", "2001:db8::5"), replace(BARE, address="2001:db8::5")),
        (COMBINED.replace("/shoes?size=42", r"/caf\xC3\xA9"), replace(BARE, target="/caf%C3%A9")),
        (COMBINED.replace("/shoes?size=42", "/café"), replace(BARE, target="/caf%C3%A9")),
        (COMBINED.replace("/shoes?size=42", "/caf\udcc3\udca9"), replace(BARE, target="/caf%C3%A9")),  # bytes as they came
        (COMBINED.replace("/shoes?size=42", r"/a\x22b"), replace(BARE, target='/a"b')),
        (COMBINED.replace(AGENT, r"caf\xC3\xA9"), replace(BARE, user_agent="café")),
        ("", None),
        ("# a comment", None),
        ("nonsense", "malformed"),
        (COMBINED.replace("Mar", "Mrz"), "malformed"),
        (COMBINED.replace("10/Mar", "31/Feb"), "malformed"),
        (COMBINED.replace("GET /shoes?size=42 HTTP/1.1", "-"), "no_request"),
        (COMBINED.replace("GET /shoes?size=42 HTTP/1.1", r"\x16\x03\x01"), "no_request"),
    ],
)
def test_fields_are_read_as_servers_write_them(changed: str, expected: Request | str | None) -> None:
    assert read(changed, COMBINED) == expected


def test_the_common_format_and_others_may_stand_in_one_file() -> None:
    other = f'www.acme.example:80 198.51.100.7 - - {TIME} {GET} "-" "{AGENT}" "192.0.2.1"'
    assert read(f"203.0.113.9 - - {TIME} {GET}", COMBINED) == replace(BARE, referrer=None, user_agent=None)
    assert read(other, COMBINED) == replace(
        BARE, address="198.51.100.7", host="www.acme.example", scheme="http", referrer=None, forwarded="192.0.2.1"
    )
    assert read(COMBINED, other) == BARE


def test_what_most_lines_have_tells_what_a_field_is() -> None:
    """A single line may say nothing of it: the first has neither referrer nor agent, and a list of addresses."""
    line = "10.0.0.1 - - " + TIME + ' "www.acme.example" ' + GET + ' "{}" "{}" "{}"'
    lines = [line.format("-", "-", "-"), line.format(FROM, AGENT, "203.0.113.9"), line.format("-", AGENT, "-")]
    _, reader = reader_of(lines)
    assert [(found.host, found.referrer, found.user_agent, found.forwarded) for found in map(reader, lines)] == [
        ("www.acme.example", None, None, None),
        ("www.acme.example", FROM, AGENT, "203.0.113.9"),
        ("www.acme.example", None, AGENT, None),
    ]


@pytest.mark.parametrize("wanted", ["", "w3c"])
def test_an_unknown_format_is_said_with_its_first_line_and_those_that_are_known(wanted: str) -> None:
    with pytest.raises(FormatUnknown, match="one two three") as error:
        reader_of(["# hello", "one two three", COMBINED.replace("[", "(")], wanted)
    assert wanted or all(name in str(error.value) for name in FORMATS)


def test_a_format_of_ones_own_has_to_say_enough_and_to_fit() -> None:
    with pytest.raises(NotAccepted, match="time and status"):
        reader_of([COMBINED], "$remote_addr $request")
    with pytest.raises(FormatUnknown, match=r"203\.0\.113\.9"):
        reader_of([COMBINED], "%v|%h|%t|%r|%s")
    with pytest.raises(FormatUnknown, match="there is no format 'csf'"):
        reader_of([COMBINED], "csf")


@pytest.mark.parametrize(
    ("shape", "time"),
    [("%{sec}t", "1773144000"), ("%{msec}t", "1773144000000"), ("%{begin:usec}t", "1773144000000000"), ("%t", TIME)],
)
def test_apaches_times(shape: str, time: str) -> None:
    _, reader = reader_of([line := f"{time} 203.0.113.9 200 GET /a"], f"{shape} %a %>s %r")
    assert reader(line).moment == datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_samples_of_another_program_are_read(tmp_path: Path) -> None:
    """Matomo's, where a developer has its repository: nothing of it is ours, so that only their number is known here."""
    repository = Path("/work/.mirror/matomo-org+matomo-log-analytics/repo")
    if not repository.exists():
        pytest.skip("a snapshot of matomo-org/matomo-log-analytics is not here")
    git = ["git", "-C", str(repository)]
    names = subprocess.run(
        [*git, "ls-tree", "--name-only", "HEAD", "tests/logs/"], capture_output=True, text=True, check=True
    ).stdout.split()
    known = 0
    for name in names:
        if name.endswith(".log"):
            text = subprocess.run([*git, "show", f"HEAD:{name}"], capture_output=True, check=True).stdout
            lines = text.decode("utf-8", "surrogateescape").splitlines()
            try:
                _, reader = reader_of(lines)
            except FormatUnknown:
                continue
            known += all(reader(line) != "malformed" for line in lines if line.strip())
    assert known >= 22
