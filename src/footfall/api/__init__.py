"""Questions and answers: the plan's functions and the reports, asked as one tenant; goals, funnels. Exports are in `export`."""

from footfall.api.answering import answer, sql_for
from footfall.api.engines.columns import read_archive
from footfall.api.engines.outside import ENGINES, Engine
from footfall.api.funnels import list_funnels, remove_funnel, save_funnel
from footfall.api.goals import add_goal, list_goals, remove_goal
from footfall.api.packs import apply_pack
from footfall.api.quality import quality, reprocess, store_health, trace
from footfall.api.questions.formulas import METRICS
from footfall.api.reports import REPORTS, ReportName
from footfall.api.tracking import live_events, track_analytics, track_test

__all__ = [
    "ENGINES",
    "METRICS",
    "REPORTS",
    "Engine",
    "ReportName",
    "add_goal",
    "answer",
    "apply_pack",
    "list_funnels",
    "list_goals",
    "live_events",
    "quality",
    "read_archive",
    "remove_funnel",
    "remove_goal",
    "reprocess",
    "save_funnel",
    "sql_for",
    "store_health",
    "trace",
    "track_analytics",
    "track_test",
]
