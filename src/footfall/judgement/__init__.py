"""What Footfall thinks of what was sent: who came (agents), and from where (origins).

Kept lists (`lists/`) and short rules, looked at once per distinct input. Judgements are made in Python, before a load stages its
events, and kept in `ref`: SQL only looks them up.
"""

from footfall.database import Connection
from footfall.judgement.agents import DEVICE_TYPES, KINDS, UserAgent, describe, hints_of, is_program, judge_agents
from footfall.judgement.origins import channels, is_known_origin, judge_origins, judge_own_origins, known_origins, parameters

__all__ = [
    "DEVICE_TYPES",
    "KINDS",
    "UserAgent",
    "channels",
    "describe",
    "hints_of",
    "is_known_origin",
    "is_program",
    "judge_new",
    "judge_own_origins",
    "known_origins",
    "parameters",
]


def judge_new(connection: Connection, batch_ids: list[int]) -> None:
    """Judge what the raw events of these ingest batches bring that was never judged before; in the load's transaction."""
    judge_agents(connection, batch_ids)
    judge_origins(connection, batch_ids)
