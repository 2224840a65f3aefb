"""A tenant's own rules: what they are (`declared`), and what they say of each distinct input (`matching`)."""

from footfall.judgement.rules.declared import RuleSet, as_json, channel_groups, digest_of, read_rules, stored_rules
from footfall.judgement.rules.general import general_digest
from footfall.judgement.rules.matching import judge_by_lists, judge_by_own_rules, judge_stored_inputs

__all__ = [
    "RuleSet",
    "as_json",
    "channel_groups",
    "digest_of",
    "general_digest",
    "judge_by_lists",
    "judge_by_own_rules",
    "judge_stored_inputs",
    "read_rules",
    "stored_rules",
]
