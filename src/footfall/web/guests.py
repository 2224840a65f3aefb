"""What guests of a share link are shown: figures of groups that are large enough for nobody to be found in them.

A group is what a filter, a step, a value leaves: fewer than five visits are no group. Whoever compares two groups, of which one
has a visit more, may learn something of that one: a share link is for figures that are no secret.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from footfall import api
from footfall.api import export
from footfall.database import Connection
from footfall.errors import NotAccepted

_LEAST = 5  # visits
# where a report has rows, and how many stand behind one
_SIZES = {
    "breakdown": {"rows": "visits"},
    "goals": {"goals": "visits"},
    "items": {"rows": "visits"},
    "paths": {"links": "visits"},
    "engagement": {"rows": "views", "not_found": "visits"},
    "vitals": {"rows": "loads"},
    "retention": {"groups": "visitors"},
}
_ABOUT = ("tenantId", "dateFrom", "dateTo", "hours", "filter", "includeBots", "asOf")

Row = dict[str, Any]


def answer(connection: Connection, report: str, question: Row) -> Row:
    """The reply to a guest, without what is about fewer than five visits. Raises NotAccepted: ``group_too_small``."""
    _require_group(connection, question)
    reply = api.answer(connection, report, _with_sizes(report, question))
    if reply["success"]:
        data = reply["data"]
        _require_ways(report, data)
        for name, size in _SIZES.get(report, {}).items():
            if name in data:
                data[name] = _shown(data[name], size, question)
        if report == "funnel" and "groups" in data:
            data["groups"] = [group for group in data["groups"] if not _is_any_small(group["steps"], "count")]
    return reply


def report_rows(connection: Connection, report: str, question: Row) -> list[Row]:
    """The same for a file. Raises NotAccepted, also for what the report refuses."""
    _require_group(connection, question)
    rows = export.report_rows(connection, report, _with_sizes(report, question))
    if report == "funnel" and _is_any_small(rows, "count"):
        raise _too_small()
    sizes = list(_SIZES.get(report, {}).values())
    return _shown(rows, sizes[0], question) if sizes and report != "retention" else rows


def _require_group(connection: Connection, question: Row) -> None:
    if question.get("interval") == "minute" or (question.get("filter") and question.get("interval") == "hour"):
        raise _too_small()
    if question.get("filter"):
        about = {key: question[key] for key in _ABOUT if key in question}
        reply = api.answer(connection, "overview", about | {"metrics": ["visits"]})
        if reply["success"] and _is_any_small([reply["data"]["metrics"]], "visits"):
            raise _too_small()


def _require_ways(report: str, data: Row) -> None:
    """Each step of a funnel is a filter, and so is where paths begin."""
    if (report == "funnel" and _is_any_small(data["steps"], "count")) or (report == "paths" and _is_any_small([data], "visits")):
        raise _too_small()


def _with_sizes(report: str, question: Row) -> Row:
    """The question, so that each row tells how many visits it is about."""
    asked = _metrics(question)
    return question | {"metrics": [*asked, "visits"]} if report == "breakdown" and asked and "visits" not in asked else question


def _shown(rows: list[Row], size: str, question: Row) -> list[Row]:
    """Rows that are large enough, without the size if it was not asked for."""
    asked = _metrics(question)
    large = [row for row in rows if not _is_any_small([row], size)]
    return [{name: row[name] for name in row if name != size or not asked or name in asked} for row in large]


def _is_any_small(rows: Iterable[Row], size: str) -> bool:
    """Whether somebody might be found in what one of these is about; nobody is in nothing."""
    return any(0 < row[size] < _LEAST for row in rows)


def _metrics(question: Row) -> list[str]:
    metrics = question.get("metrics") or []
    return metrics.split(",") if isinstance(metrics, str) else list(metrics)


def _too_small() -> NotAccepted:
    return NotAccepted(
        "group_too_small", f"a share link shows nothing of fewer than {_LEAST} visits, nor of minutes", HTTPStatus.FORBIDDEN
    )
