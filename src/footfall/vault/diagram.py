"""The vault as a Mermaid diagram, which code hosts draw as it stands."""

from footfall.vault.kinds import Vault


def mermaid(vault: Vault) -> str:
    """Entity-relationship diagram: hubs, the links between them, and their satellites."""
    lines = ["erDiagram"]
    lines += [f'    {hub.table} ||--o{{ {link.table} : ""' for link in vault.links for hub in link.hubs]
    lines += [f'    {satellite.hub.table} ||--o{{ {satellite.table} : ""' for satellite in vault.satellites]
    for hub in vault.hubs:
        lines += [f"    {hub.table} {{", f"        bytea {hub.hash_key} PK", f"        text {hub.business_key}", "    }"]
    for link in vault.links:
        references = [f"        bytea {hub.hash_key} FK" for hub in link.hubs]
        lines += [f"    {link.table} {{", f"        bytea {link.hash_key} PK", *references, "    }"]
    for satellite in vault.satellites:
        key = [f"        bytea {satellite.hub.hash_key} PK", "        timestamptz load_date PK"]
        attributes = [f"        {_bare(column.type)} {column.name}" for column in satellite.columns]
        lines += [f"    {satellite.table} {{", *key, *attributes, "    }"]
    return "\n".join(lines) + "\n"


def _bare(sql_type: str) -> str:
    """Mermaid's grammar has no room for lengths; `text[]` it takes as it is."""
    return sql_type.split("(", maxsplit=1)[0]
