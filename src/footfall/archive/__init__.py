"""The archive: months that are over as columns, in files of a folder or an object store, kept by a ledger in PostgreSQL."""
