"""Tells what is done and changes no setting: those tell of themselves (auth/sql/audit.sql). `governance` reads what was told."""

import contextlib
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from footfall.database import Connection

OF_NO_TENANT = b""


def tell(connection: Connection, action: str, subject: str, details: dict[str, Any], tenant_hk: bytes = OF_NO_TENANT) -> None:
    """Tell the chain of a tenant, or that of no tenant, what is being done; in the transaction in which it is done.

    `action` is one of `governance.ACTIONS`; `details` hold no secret and nothing of visitors.
    """
    connection.execute("SELECT auth.tell(ARRAY[%s::bytea], %s, %s, %s)", (tenant_hk, action, subject, Jsonb(details)))


def tell_failure(connection: Connection, account_id: int | None, reason: str, share_link_id: int | None = None) -> None:
    """Tell that somebody could not sign in, or open a link; those of a minute together."""
    connection.execute("SELECT auth.tell_failure(%s, %s, %s)", (account_id, share_link_id, reason))


def tell_looked_in(connection: Connection, tenant_hk: bytes) -> None:
    """Tell that an operator looks at what is a tenant's; once an hour."""
    connection.execute("SELECT auth.tell_looked_in(%s)", (tenant_hk,))


def tell_download(connection: Connection, file: str, rows: int, tenant_hk: bytes = OF_NO_TENANT) -> None:
    """Tell that rows of a tenant, or of all, were taken along as a file; those of a minute together."""
    connection.execute("SELECT auth.tell_download(%s, %s, %s)", (tenant_hk, file, rows))


def tell_opened(connection: Connection, how: str) -> None:
    """Tell that somebody on the host opens the store itself. Who may only look, or finds an older schema, is let in untold."""
    untold = (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.ReadOnlySqlTransaction,
        psycopg.errors.UndefinedFunction,
        psycopg.errors.InvalidSchemaName,
    )
    with contextlib.suppress(*untold):
        tell(connection, "store.opened", how, {})
