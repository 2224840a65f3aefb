"""The reports, each in a module of its name with its SQL beside it."""

from importlib import import_module
from typing import Literal, get_args

from footfall.api.asking import Report

# in the order in which people read them
ReportName = Literal[
    "overview",
    "timeseries",
    "breakdown",
    "goals",
    "funnel",
    "retention",
    "paths",
    "items",
    "engagement",
    "vitals",
    "bots",
    "events",
    "properties",
    "sessions",
    "session",
    "visitor",
    "realtime",
]
REPORTS: dict[str, Report] = {name: import_module(f"{__name__}.{name}").REPORT for name in get_args(ReportName)}
