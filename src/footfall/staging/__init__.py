"""Events as understood: validated by a list of rules, enriched, keyed; one row for each raw event."""

from footfall.staging.rules import CUTS, ERRORS, NOTES, Rule

__all__ = ["CUTS", "ERRORS", "NOTES", "Rule"]
