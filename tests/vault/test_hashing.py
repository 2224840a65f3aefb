"""Keys and diffs: the same in SQL and in Python, whatever the session's settings, and the same for ever (T05, T21)."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from footfall.database import connect
from footfall.vault import hashing

# settings that change how PostgreSQL prints values, and so would change keys that were made of prints
ODD_SETTINGS = (
    ("TimeZone", "Asia/Kolkata"),
    ("DateStyle", "German, DMY"),
    ("bytea_output", "escape"),
    ("IntervalStyle", "sql_standard"),
    ("extra_float_digits", "-15"),
    ("lc_numeric", "C"),
)

# \x00 no PostgreSQL text can hold, half surrogate pairs no UTF-8
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
odd_texts = st.sampled_from(["", "-", "1:a", "\\x41", "s'1\\", "é", "e\u0301", "||", "  a "])
parts = st.lists(st.none() | texts | odd_texts, min_size=1, max_size=4)
moments = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.timezones())


@pytest.fixture(scope="module")
def odd(module_url):
    with connect(module_url) as connection:
        for name, value in ODD_SETTINGS:
            connection.execute(f"SET {name} = '{value}'")
        yield connection


def in_sql(connection, key: list) -> bytes:
    """The hash key of these parts as the database makes it; a part stands twice in a netstring, so it is given as a column."""
    columns = hashing.hash_key_sql([hashing.netstring_sql(f"p[{place + 1}]") for place in range(len(key))])
    return connection.execute(f"SELECT {columns} FROM (SELECT %s::text[] AS p) v", (key,)).fetchone()[0]


PINNED = [
    (("acme", "s-1"), "52d06f7c3347c9fe8b91f726cce3918e8e85b6d1"),
    (("acme", None), "e89e32b50dc6324e7519139a1989b1c9168f1fbb"),
    (("acme", ""), "466158a2722d1a29870ccb09218977808f56bc69"),
    (("acme", "a\\b"), "19c304eb0c28e8a93c516ef638efa49747e70845"),
    (("acme", "é"), "b5f18e67f4592ec21e53950b1f1925334c9262c1"),
    (("acme", "e\u0301"), "32b19aa2fec52d01761a5c872f84e9b2d082a4a9"),
    (("ac", "me", "s-1"), "a1023f79ab33d058e67ec403401183c06e4e34db"),
    (("acme", "s", "-1"), "1ceb84f47c5edd11f45e0acd418411b4363dc2eb"),
    (("1:a", "2:b"), "b0244349c38fe53bb8a544c706991eda7076d716"),
]


@pytest.mark.parametrize(("key", "expected"), PINNED)
def test_keys_are_what_they_have_always_been(odd, key: tuple, expected: str) -> None:  # T21
    """A changed recipe would orphan every row that is stored: it needs a new RECIPE_VERSION and a rehash."""
    assert hashing.hash_key(*key).hex() == expected
    assert in_sql(odd, list(key)).hex() == expected


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=parts)
@example(key=["acme", "s'1\\x"])
def test_hash_keys_are_equal_in_sql_and_python(odd, key: list) -> None:
    stored = in_sql(odd, key)
    assert stored == hashing.hash_key(*key)
    assert len(stored) == hashing.KEY_BYTES


@settings(max_examples=200, deadline=None)
@given(one=parts, other=parts)
@example(one=["a", "b"], other=["ab", ""])
@example(one=[None], other=["-"])
@example(one=["1:a"], other=["a"])
def test_different_parts_never_give_the_same_input(one: list, other: list) -> None:
    assume(one != other)
    assert b"".join(map(hashing.netstring, one)) != b"".join(map(hashing.netstring, other))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moment=moments, key=texts)
def test_time_ordered_keys_are_equal_in_sql_and_python(odd, moment: datetime, key: str) -> None:
    expression = hashing.time_ordered_key_sql("util.time_prefix(t)", [hashing.netstring_sql("k")])
    stored = odd.execute(f"SELECT {expression} FROM (SELECT %s::timestamptz AS t, %s::text AS k) v", (moment, key)).fetchone()[0]
    assert stored == hashing.time_ordered_key(hashing.time_prefix(moment), key)
    assert len(stored) == hashing.KEY_BYTES


@settings(max_examples=200, deadline=None)
@given(earlier=moments, later=moments, one=texts, other=texts)
def test_time_ordered_keys_sort_by_time(earlier: datetime, later: datetime, one: str, other: str) -> None:
    assume(hashing.milliseconds(earlier) < hashing.milliseconds(later))
    keys = [hashing.time_ordered_key(hashing.time_prefix(t), k) for t, k in ((earlier, one), (later, other))]
    assert keys == sorted(keys)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moment=moments)
def test_the_range_of_a_millisecond_holds_its_keys_and_no_others(odd, moment: datetime) -> None:
    key = hashing.time_ordered_key(hashing.time_prefix(moment), "x")
    before, after = (hashing.time_prefix(moment + timedelta(milliseconds=step)) + b"\xff" * 14 for step in (-1, 1))
    inside = "k BETWEEN substr(%s::bytea, 1, 6) AND util.last_key_of(%s::bytea)"
    found = odd.execute(f"SELECT array_agg({inside}) FROM unnest(%s::bytea[]) k", (key, key, [key, before, after])).fetchone()[0]
    assert found == [True, False, False]


VALUES = {
    "text": texts,
    "varchar(50)": texts.map(lambda text: text[:50]),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "numeric(18,4)": st.decimals(-(10**13), 10**13, places=4),
    "boolean": st.booleans(),
    "timestamptz": moments,
    "text[]": st.lists(texts, max_size=4),
    "bytea": st.binary(),
    "jsonb": st.recursive(
        st.none() | st.booleans() | st.integers(-(10**30), 10**30) | texts | st.decimals(-(10**9), 10**9, places=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=8,
    ),
}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_type_has_one_text_in_sql_and_python(odd, data: st.DataObject) -> None:
    sql_type = data.draw(st.sampled_from(sorted(VALUES)))
    value = data.draw(st.none() | VALUES[sql_type])
    given_value = json.dumps(value, default=_number) if sql_type == "jsonb" and value is not None else value
    expression = hashing.canonical_sql(sql_type, "v")
    stored = odd.execute(f"SELECT {expression} FROM (SELECT %s::{sql_type} AS v) x", (given_value,)).fetchone()[0]
    if sql_type == "jsonb" and value is not None:
        value = json.loads(given_value, parse_float=Decimal)
    assert stored == hashing.canonical_text(sql_type, value)


def test_values_that_are_equal_have_one_text() -> None:
    assert hashing.canonical_text("numeric(18,4)", Decimal("19.9000")) == hashing.canonical_text("numeric(18,4)", Decimal("19.9"))
    berlin = datetime(2026, 3, 10, 13, tzinfo=timezone(timedelta(hours=1)))
    assert hashing.canonical_text("timestamptz", berlin) == hashing.canonical_text("timestamptz", berlin.astimezone(UTC))


def test_a_hash_diff_tells_null_from_empty_and_does_not_depend_on_the_order_of_columns() -> None:
    one = hashing.hash_diff({"a": ("text", None), "b": ("text", "")})
    assert one != hashing.hash_diff({"a": ("text", ""), "b": ("text", None)})
    assert one == hashing.hash_diff({"b": ("text", ""), "a": ("text", None)})


def _number(value: Decimal) -> float:
    # JSON has no decimals of its own; three places survive the way through a float
    return float(value)
