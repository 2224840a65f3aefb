"""The proof that a store is what was sent: digests of its tables, and a rebuild from raw that comes to the same."""
