"""What is rendered from the model is under review: a golden file, the docs' diagram, and the deployed catalog agree with it."""

from pathlib import Path

import pytest

from footfall import schema
from footfall.business import VAULT
from footfall.database import connect
from footfall.vault import ddl
from footfall.vault.diagram import mermaid

ROOT = Path(__file__).parents[2]
CATALOG = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'business'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname = ANY (%(tables)s)
    UNION ALL
    SELECT tablename, 'index', regexp_replace(indexdef, '^CREATE (UNIQUE )?INDEX \\S+ ', 'CREATE \\1INDEX '), NULL FROM pg_indexes
    WHERE schemaname = 'business' AND tablename = ANY (%(tables)s)
    UNION ALL
    SELECT c.relname, 'partitioned by', pg_get_partkeydef(c.oid), NULL
    FROM pg_class c WHERE c.relnamespace = 'business'::regnamespace AND c.relkind = 'p' AND c.relname = ANY (%(tables)s)
    ORDER BY 1, 2, 3
"""


def test_the_golden_file_is_what_the_model_renders() -> None:
    golden = (ROOT / "tests" / "golden" / "vault.sql").read_text()
    assert golden == schema.rendered(), "the rendered schema changed: `make golden` writes it anew, for review"


def test_the_diagram_in_the_docs_is_rendered_from_the_model() -> None:
    page = (ROOT / "docs" / "understand" / "vault.md").read_text()
    assert f"```mermaid\n{mermaid(VAULT)}```" in page, "`make golden` writes it anew"


def test_migrations_lead_to_the_tables_that_the_model_declares(owner, url: str) -> None:
    """What migrations have made over time is what the model says today."""
    tables = [table.table for table in (*VAULT.hubs, *VAULT.links, *VAULT.satellites)]
    migrated = owner.execute(CATALOG, {"tables": tables}).fetchall()
    owner.execute("DROP SCHEMA business CASCADE; CREATE SCHEMA business")
    owner.execute(ddl.tables(VAULT))
    assert migrated == owner.execute(CATALOG, {"tables": tables}).fetchall()
    assert migrated


def test_every_index_says_which_question_it_serves() -> None:
    """In the model by construction; in the migrations as a comment on the line before, or within the table."""
    for file in (ROOT / "src/footfall/database/migrations").glob("*.sql"):
        lines = file.read_text().splitlines()
        for number, line in enumerate(lines):
            if line.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX")):
                assert lines[number - 1].startswith("-- Usage:"), f"{file.name}: {line}"


@pytest.mark.parametrize("satellite", [s for s in VAULT.satellites if s.historised], ids=lambda s: s.table)
def test_a_historised_satellite_has_a_current_view_and_an_as_of_function(url: str, satellite) -> None:
    with connect(url) as owner:
        owner.execute(f"SELECT * FROM business.{satellite.name}_current_v")
        owner.execute(f"SELECT * FROM business.{satellite.name}_as_of(now())")


def test_tools_see_the_references_that_nobody_enforces(owner) -> None:
    declared = {name for _, name, _ in ddl.foreign_keys(VAULT)}
    seen = owner.execute("SELECT conname, conenforced FROM pg_constraint WHERE contype = 'f' AND conparentid = 0").fetchall()
    assert declared <= {name for name, _ in seen}
    assert not any(enforced for _, enforced in seen)
