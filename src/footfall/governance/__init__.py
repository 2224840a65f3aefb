"""What the store owes to those whose data it keeps: today who did what, told in a chain that nobody changes unseen."""

from footfall.governance.actions import ACTIONS, Action
from footfall.governance.audit import Break, Chain, Wish, all_entries, as_csv, own_entries, require_head, verify

__all__ = ["ACTIONS", "Action", "Break", "Chain", "Wish", "all_entries", "as_csv", "own_entries", "require_head", "verify"]
