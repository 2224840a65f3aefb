"""Engines beside PostgreSQL that count: DuckDB, over the columns of months that are over.

They give rows that are grouped and not divided (`statements.undivided`); names, division and rounding stay with PostgreSQL.
"""
