"""What the commands for customers say, and with which status; what they do is told in tests/operations."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from footfall.auth import NewTenant, add_tenant, list_tenants
from footfall.cli import app
from footfall.database import Connection
from footfall.errors import NotAccepted


@pytest.fixture
def footfall(url: str, worker: Connection):
    """The command, on a store with the tenant acme."""
    add_tenant(worker, NewTenant("acme", "Acme"))

    def run(*arguments: str, **options) -> Result:
        return CliRunner().invoke(app, [*arguments, "--database-url", url], **options)

    return run


def test_nothing_is_deleted_unless_it_is_meant_and_then_there_is_a_receipt(footfall, worker, tmp_path: Path) -> None:
    said = footfall("tenant", "delete", "acme")
    assert said.exit_code == 1
    assert "auth.tenant_h" in said.stdout
    assert "footfall tenant delete acme --yes" in said.stdout
    assert json.loads(footfall("tenant", "delete", "acme", "--json").stdout)["would_delete"]["auth.tenant_h"] == 1
    assert len(list_tenants(worker)) == 1
    receipt = tmp_path / "receipt.json"
    assert footfall("tenant", "delete", "acme", "--yes", "--receipt", str(receipt)).exit_code == 0
    assert json.loads(receipt.read_text())["deleted"]["auth.tenant_h"] == 1
    assert list_tenants(worker) == []


def test_a_table_comes_from_standard_input_and_keys_go_to_a_file_that_only_its_owner_reads(footfall, tmp_path: Path) -> None:
    printed = footfall("tenant", "import", "-", input="tenant_id\na\n").stdout.splitlines()
    assert printed[0] == "tenant_id,write_key,owner,password"
    assert printed[1].startswith("a,ffw_")
    keys = tmp_path / "keys.csv"
    assert footfall("tenant", "import", "-", "--keys", str(keys), input="tenant_id\nb\n").exit_code == 0
    assert keys.read_text().splitlines()[1].startswith("b,ffw_")
    assert keys.stat().st_mode & 0o077 == 0
    for arguments, code in ((("-", "--keys", "/nowhere/keys.csv"), "file_unwritable"), (("/nowhere.csv",), "table_invalid")):
        refused = footfall("tenant", "import", *arguments, input="tenant_id\nc\n").exception
        assert isinstance(refused, NotAccepted)
        assert refused.code == code
    assert {row["tenant"] for row in json.loads(footfall("tenant", "list", "--json").stdout)} == {"acme", "a", "b"}


def test_a_tenant_is_disabled_once_and_renamed_and_both_names_are_understood(footfall) -> None:
    assert "acme is disabled" in footfall("tenant", "disable", "acme").stdout
    assert "acme was disabled" in footfall("tenant", "disable", "acme").stdout
    footfall("tenant", "rename", "acme", "shoes")
    assert json.loads(footfall("tenant", "enable", "shoes", "--json").stdout)["changed"]
    assert json.loads(footfall("tenant", "set", "acme", "--name", "Shoes", "--json").stdout)["tenant"] == "shoes"


def test_operators_tokens_are_shown_once_listed_and_ended(footfall) -> None:
    token = footfall("operator", "token", "add", "billing", "--days", "30").stdout.splitlines()[-1]
    assert (token[:3], len(token)) == ("op_", 35)
    listed = footfall("operator", "token", "list", "--json").stdout
    assert token not in listed
    assert json.loads(listed)[0]["label"] == "billing"
    assert json.loads(footfall("operator", "token", "revoke", "1", "--json").stdout) == {"revoked": 1}
    assert json.loads(footfall("operator", "token", "list", "--json").stdout)[0]["revoked_at"]
