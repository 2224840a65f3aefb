"""The plan against the catalog (T20): what it names is there; each difference is a row of docs/understand/plan-conformance.md."""

import re
from pathlib import Path

import pytest

import plan
from footfall.web import openapi, wire

DOCUMENT = (Path(__file__).parents[2] / "docs" / "understand" / "plan-conformance.md").read_text()
# what can be read from a catalog; the sections after it are prose, each claim with tests of its own
CATALOGUED = DOCUMENT.split("## Meaning", maxsplit=1)[0]
DEVIATIONS = set(re.findall(r"^\| `([^`]+)` \|", CATALOGUED, re.MULTILINE))
SHORT = {"character varying": "varchar", "timestamp with time zone": "timestamptz"}


def columns_of(text: str) -> dict[str, str]:
    return dict(re.split(r"\s+", column.strip(), maxsplit=1) for column in re.split(r",\s*(?![0-9])", text))


@pytest.fixture(scope="module")
def catalog(module_url):
    from footfall.database import connect

    with connect(module_url) as connection:
        yield connection


def found_columns(catalog, table: str) -> dict[str, str]:
    rows = catalog.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        (table,),
    )
    found = {}
    for name, kind in rows:
        for long, short in SHORT.items():
            kind = kind.replace(long, short)
        found[name] = kind
    return found


def undocumented(differences: dict[str, str]) -> dict[str, str]:
    """Differences that no row of the document names: by column, or by a type or table for all columns alike."""
    return {
        name: what
        for name, what in differences.items()
        if not any(known in DEVIATIONS for known in (name, name.split(".")[-1], what))
    }


@pytest.mark.parametrize("table", plan.TABLES)
def test_a_table_has_the_plans_columns(catalog, table: str) -> None:
    found = found_columns(catalog, table)
    differences = {}
    for name, kind in columns_of(plan.TABLES[table]).items():
        if name not in found:
            differences[f"{table}.{name}"] = "missing"
        elif found[name] != kind:
            differences[f"{table}.{name}"] = f"{kind} -> {found[name]}"
    assert undocumented(differences) == {}


@pytest.mark.parametrize("table", plan.TABLES)
def test_what_a_table_has_beside_the_plans_columns_is_documented(catalog, table: str) -> None:
    added = set(found_columns(catalog, table)) - set(columns_of(plan.TABLES[table]))
    assert undocumented({f"{table}.{name}": "added" for name in added}) == {}


@pytest.mark.parametrize("table", plan.PRIMARY_KEYS)
def test_a_table_has_the_plans_primary_key(catalog, table: str) -> None:
    found = catalog.execute(
        "SELECT array_agg(a.attname ORDER BY array_position(i.indkey::int[], a.attnum::int)) FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
        " WHERE i.indrelid = %s::regclass AND i.indisprimary",
        (table,),
    ).fetchone()[0]
    if found != plan.PRIMARY_KEYS[table]:
        assert f"{table} primary key" in DEVIATIONS


@pytest.mark.parametrize("function", plan.FUNCTIONS)
def test_a_function_has_the_plans_signature(catalog, function: str) -> None:
    arguments, result = plan.FUNCTIONS[function]
    row = catalog.execute(
        "SELECT pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid) FROM pg_proc p"
        " WHERE p.pronamespace::regnamespace::text || '.' || p.proname = %s",
        (function,),
    ).fetchone()
    assert row is not None, f"{function} is missing"
    found = [re.sub("|".join(SHORT), lambda match: SHORT[match[0]], text) for text in row]
    if found[0] != arguments or (result and found[1] != result):
        assert function in DEVIATIONS, found


def test_the_status_columns_are_readable_per_event(catalog) -> None:
    """Raw rows are never rewritten: what the plan keeps in them is in a view over raw and queue."""
    view = found_columns(catalog, "raw.site_tracking_events_v")
    assert set(columns_of(plan.TABLES["raw.site_tracking_events_r"])) <= set(view)


@pytest.mark.parametrize("endpoint", plan.ENDPOINTS)
def test_an_endpoint_is_there(endpoint: str) -> None:
    method, path = endpoint.split()
    assert method.lower() in openapi.document()["paths"][path]


def test_the_wire_has_the_plans_keys() -> None:
    assert set(plan.EVENT_KEYS) <= set(wire.TrackingEvent.__struct_fields__)


def test_the_plans_event_types_are_allowed_everywhere(catalog) -> None:
    allowed = {name for (name,) in catalog.execute("SELECT event_type FROM ref.event_type WHERE tenant_hk = '\\x'")}
    assert set(plan.EVENT_TYPES) <= allowed


def test_no_row_of_the_document_is_about_nothing(catalog) -> None:
    """A deviation that is none any more has to go."""
    real = set()
    for table, text in plan.TABLES.items():
        found, planned = found_columns(catalog, table), columns_of(text)
        for name in set(found) | set(planned):
            if name not in planned:
                real |= {f"{table}.{name}", name, "added"}
            elif name not in found:
                real |= {f"{table}.{name}", name}
            elif found[name] != planned[name]:
                real |= {f"{table}.{name}", name, f"{planned[name]} -> {found[name]}"}
    real |= {f"{table} primary key" for table in plan.PRIMARY_KEYS} | set(plan.FUNCTIONS)
    assert {name for name in DEVIATIONS if "." in name or "->" in name} <= real
