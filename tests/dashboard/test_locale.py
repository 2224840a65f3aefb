"""The dashboard writes dates and figures in one language, and never reads back what it wrote for people.

What a browser writes in its own language (Thai years, Persian digits) it cannot read: `Date.parse` of it is no date.
"""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "dashboard" / "src"
FILES = sorted(path for path in SOURCE.rglob("*") if path.suffix in (".ts", ".tsx"))
# who formats; `Intl.Locale` and `supportedValuesOf` name things, and a bare `DateTimeFormat()` is asked for a time zone
FORMATTER = re.compile(r"\bIntl\.(?:\w+Format|DisplayNames|Collator|Segmenter)\((?!\)\.resolvedOptions\(\)\.timeZone)\s*([^,)]*)")
READ_BACK = re.compile(
    r"(?:Date\.parse|new Date|Number|parseInt|parseFloat)\([^;\n]*\.format\(|\.format\([^;\n]*\)\.(?:split|match|replace)\("
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_no_file_formats_in_the_browsers_language_or_reads_back_what_was_formatted(file: Path):
    text = file.read_text()
    assert set(FORMATTER.findall(text)) <= {"ENGLISH"}
    assert re.findall(r"\.toLocale\w+\(", text) == []
    assert READ_BACK.findall(text) == []


def test_the_rule_finds_formatters():
    assert sum(len(FORMATTER.findall(file.read_text())) for file in FILES) > 5
