"""The store, backed up and restored: as one file, or as it was at any moment; and moved to another PostgreSQL."""
