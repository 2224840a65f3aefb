"""What a data vault is: its kinds as frozen data, its hash recipe, and the SQL that is rendered from a declared vault."""

from footfall.vault.kinds import Column, History, Hub, Index, Link, Satellite, Vault

__all__ = ["Column", "History", "Hub", "Index", "Link", "Satellite", "Vault"]
