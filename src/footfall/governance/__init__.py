"""What the store owes to those whose data it keeps: who did what, in chains; the record of processing."""

from footfall.governance.actions import ACTIONS, Action
from footfall.governance.audit import Break, Chain, Wish, all_entries, as_csv, own_entries, require_head, verify
from footfall.governance.records import as_markdown, records_of

__all__ = [
    "ACTIONS",
    "Action",
    "Break",
    "Chain",
    "Wish",
    "all_entries",
    "as_csv",
    "as_markdown",
    "own_entries",
    "records_of",
    "require_head",
    "verify",
]
