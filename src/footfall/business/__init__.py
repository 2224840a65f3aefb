"""Footfall's vault: declared in `model`, loaded by the SQL beside it, and checked."""

from footfall.business.checks import Finding, all_checks, run_check
from footfall.business.marts import rebuild_marts
from footfall.business.model import VAULT

__all__ = ["VAULT", "Finding", "all_checks", "rebuild_marts", "run_check"]
