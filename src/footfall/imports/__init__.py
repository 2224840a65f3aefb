"""Bringing in what other programs recorded."""

from footfall.imports.access_log import Imported, bots, import_access_log, outcome
from footfall.imports.ledger import list_imports, undo_import
from footfall.imports.logs.formats import FORMATS

__all__ = ["FORMATS", "Imported", "bots", "import_access_log", "list_imports", "outcome", "undo_import"]
