"""The demo's tenants, their keys, and who may look at them.

Its operator has a password that everybody knows: it is for a store in which there is nobody else.

Keys are kept in a file beside the store, because the store knows only their hashes.
"""

import json
from pathlib import Path

from footfall.api import apply_pack
from footfall.auth import KINDS, NewTenant, add_account, add_key, add_tenant, list_accounts, list_tenants
from footfall.database import Connection
from footfall.demo.industries import INDUSTRIES
from footfall.errors import NotAccepted

Keys = dict[str, dict[str, str]]  # tenant id -> kind -> key
EMAIL, PASSWORD = "demo@footfall.example", "footfall demo"


def ensure_tenants(connection: Connection, folder: Path) -> Keys:
    """Add the demo's tenants if they are not there, and return their keys: those of the last time, or new ones.

    Raises NotAccepted: ``store_in_use`` when the store has tenants that are not the demo's.
    """
    there = {str(tenant["tenant"]) for tenant in list_tenants(connection)}
    if others := there - {industry.tenant_id for industry in INDUSTRIES}:
        raise NotAccepted(
            "store_in_use",
            f"this store has other tenants ({', '.join(sorted(others)[:3])}), and the demo's operator, whose password everybody"
            " knows, would see them: --data names a store of the demo's own",
        )
    for industry in INDUSTRIES:
        if industry.tenant_id not in there:
            add_tenant(
                connection,
                NewTenant(industry.tenant_id, industry.name, industry.industry, industry.time_zone, industry.currency),
            )
            apply_pack(connection, industry.tenant_id, industry.industry)
    if EMAIL not in {account["email"] for account in list_accounts(connection)}:
        add_account(connection, EMAIL, "Demo", PASSWORD, is_operator=True)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "demo-keys.json"
    if file.exists() and there:
        keys: Keys = json.loads(file.read_text())
    else:
        keys = {
            industry.tenant_id: {kind: add_key(connection, industry.tenant_id, kind, "demo")[1] for kind in KINDS}
            for industry in INDUSTRIES
        }
        file.touch(mode=0o600)
        file.write_text(json.dumps(keys, indent=2))
    return keys
