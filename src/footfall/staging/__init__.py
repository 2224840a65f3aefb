"""Events as understood: validated by a list of rules, enriched, keyed; one row for each raw event."""

from footfall.staging.rules import CUTS, ERRORS, NOTES, Rule
from footfall.staging.user_agents import UserAgent, describe, parse_new_user_agents

__all__ = ["CUTS", "ERRORS", "NOTES", "Rule", "UserAgent", "describe", "parse_new_user_agents"]
