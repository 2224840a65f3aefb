"""Questions and answers: the plan's functions and the reports, asked as one tenant; goals. Exports are in `export`."""

from footfall.api.goals import add_goal, list_goals, remove_goal
from footfall.api.quality import quality, trace
from footfall.api.questions import METRICS, REPORTS, Metric, Report, answer, live_events, track_analytics, track_test

__all__ = [
    "METRICS",
    "REPORTS",
    "Metric",
    "Report",
    "add_goal",
    "answer",
    "list_goals",
    "live_events",
    "quality",
    "remove_goal",
    "trace",
    "track_analytics",
    "track_test",
]
