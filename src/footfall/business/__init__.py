"""Footfall's vault: declared in `model`, loaded by the SQL beside it, and checked."""

from footfall.business.checks import Finding, all_checks, run_check
from footfall.business.marts import rebuild_marts
from footfall.business.model import VAULT
from footfall.business.removal import remove_import
from footfall.business.tenants import (
    WEEK_STARTS,
    WeekStart,
    add_event_type,
    change_tenant,
    list_event_types,
    list_sending_hosts,
    list_sites,
    origins_of_tenant,
    remove_event_type,
    remove_site,
    set_active,
    set_site,
)
from footfall.vault.checks import Check, Scope

__all__ = [
    "VAULT",
    "WEEK_STARTS",
    "Check",
    "Finding",
    "Scope",
    "WeekStart",
    "add_event_type",
    "all_checks",
    "change_tenant",
    "list_event_types",
    "list_sending_hosts",
    "list_sites",
    "origins_of_tenant",
    "rebuild_marts",
    "remove_event_type",
    "remove_import",
    "remove_site",
    "run_check",
    "set_active",
    "set_site",
]
