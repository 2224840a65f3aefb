"""Bringing in what other programs recorded."""

from footfall.imports.access_log import Imported, PageRequest, import_access_log, outcome, read_line

__all__ = ["Imported", "PageRequest", "import_access_log", "outcome", "read_line"]
