"""What visits did next after (or before) the first event that meets `start`, step by step: pages viewed, or kinds of events.

The same thing twice in a row is once. Links for a Sankey diagram: level 0 is the start; beyond the `limit` most frequent values
of a level is (other), a visit that ended is (exit), or (entry) when looking back.
"""

from typing import Any

from sqlglot import exp

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.plan import OF_WAYS
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.conditions import meets
from footfall.api.statements.fragments import Tree, sql, statements_of
from footfall.api.statements.undivided import Undivided

_STATEMENTS = statements_of("reports/paths.sql")


def answer(asked: Asked) -> dict[str, Any]:
    """`visits`, and `links`."""
    return dict(asked.one(_paths))


def events_of_paths(question: Question) -> Tree:
    """Rows (g, site_session_hk): of each visit that went from `source` at `level` to `target`, the event at the source."""
    called = _of_kind("called", question)
    return sql(
        _STATEMENTS["events"], following=sql(_STATEMENTS["following"], kept=_kept(question), called=called, end=_end(question))
    )


def _paths(question: Question) -> Tree:
    named = _of_kind("named", question)
    tree = sql(_STATEMENTS["paths"], linked=_linked(question).of(question), named=named, end=_end(question))
    return choose(tree, question)


def _linked(question: Question) -> Undivided:
    kind = "bytea" if question.of == "pages" else "text"
    rows = sql(_STATEMENTS["linked"], kept=_kept(question))
    return Undivided(rows, {"level": "integer", "what": kind, "next": kind, "is_last": "boolean", "visits": "bigint"})


def _kept(question: Question) -> Tree:
    is_of_pages = question.of == "pages"
    is_back = question.direction == "previous"
    return sql(
        _STATEMENTS["kept"],
        is_step="(e.event_type = 'page_view' AND e.site_page_hk IS NOT NULL)" if is_of_pages else "true",
        what="e.site_page_hk" if is_of_pages else "(e.event_type || ':' || e.event_action) COLLATE \"C\"",
        is_start=meets(question.start),
        order=[exp.Ordered(this=sql(column), desc=is_back) for column in ("a.t", "a.o", "a.g")],
    )


def _of_kind(name: str, question: Question) -> Tree:
    """Things with what people call them: pages by their names, events by themselves."""
    return sql(_STATEMENTS[f"{name}_{question.of}"])


def _end(question: Question) -> Tree:
    """What comes after the last of a visit."""
    return exp.Literal.string("(entry)" if question.direction == "previous" else "(exit)")


REPORT = Report(
    name="paths",
    words="What visits did next, or before",
    keys=(*RANGE, "hours", "start", "direction", "of", "depth", "limit"),
    answer=answer,
    statements=(_paths,),
    undivided=_linked,
    rows="links",
    columns=("level", "source", "target", "visits"),
    sources=OF_WAYS,
)
