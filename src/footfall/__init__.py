"""Footfall: multi-tenant site tracking on a Data Vault 2.0 in PostgreSQL."""

from importlib.metadata import version

__version__ = version("footfall")
