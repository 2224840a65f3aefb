"""One question, from the request to the reply: read, planned, written as SQL, bound, run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from footfall.api.engines import columns
from footfall.api.engines.outside import Engine, statement
from footfall.api.engines.written import counting
from footfall.api.questions.parsing import Request, Resolved, resolve
from footfall.api.questions.plan import OF_EVENTS, Source, plan, verdicts
from footfall.api.questions.question import Question, shape_of
from footfall.api.refused import refuse
from footfall.api.statements.compiled import Write, compiled, rows, statement_of
from footfall.api.statements.names import with_keys
from footfall.api.statements.undivided import PARAMETER, Count
from footfall.api.tenant import Tenant, asking_tenant
from footfall.database import Connection


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a tenant, the connection that it is asked on, and what else than PostgreSQL may count: see `Report`."""

    connection: Connection
    tenant: Tenant
    question: Question
    undivided: Count | None = None
    sources: tuple[Source, ...] = OF_EVENTS

    def one(self, write: Write, more: Mapping[str, Any] | None = None, **changed: Any) -> Any:
        """The one value that a statement gives.

        `more` are the parameters that it has beside those of every question; `changed`: it asks something else than this one.
        """
        question = replace(self.question, **changed)
        tenant_hk = self.tenant.tenant_hk
        counted = columns.counted(self.connection, tenant_hk, question, self.undivided, self.sources, shape_of(question)[1])
        shape, values = shape_of(replace(question, is_in_columns=counted is not None))
        tenant = {"tenant": tenant_hk, "time_zone": self.tenant.time_zone, "currency": self.tenant.currency}
        bound = {**values, **tenant, PARAMETER: counted, **(more or {})}
        ((value,),) = rows(self.connection, compiled(write, shape), bound)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A question with a name.

    Attributes:
        name: as requests write it.
        words: as people read it.
        keys: what it may be asked.
        answer: its answer's own part.
        rows: where its rows are in that, for files; nothing: it is one row.
        columns: in which order people read them; others follow.
        statements: what it is answered with.
        undivided: the rows that its answer is made of, where files can give them as well.
        sources: which can answer it, the cheapest first.
    """

    name: str
    words: str
    keys: tuple[str, ...]
    answer: Callable[[Asked], dict[str, Any]]
    statements: tuple[Write, ...]
    rows: str = ""
    columns: tuple[str, ...] = ()
    undivided: Count | None = None
    sources: tuple[Source, ...] = OF_EVENTS


def ask(connection: Connection, report: Report, request: Request, *, is_explained: bool = False) -> dict[str, Any]:
    """A report's answer to a request, with the question as it was understood (`query`) and `metadata`. Raises Refused.

    `is_explained`: with how it was found, see `explanation`.
    """
    tenant = asking_tenant(connection, request)
    resolved = _resolved(connection, tenant, report, request)
    question = with_keys(connection, tenant.tenant_hk, resolved.question)
    _require_kept(tenant, question, plan(question, report.sources))
    metadata = {
        "tenant_id": tenant.tenant_id,
        "time_zone": tenant.time_zone,
        "currency": tenant.currency,
        "generated_at": tenant.now.isoformat(),
        "data_freshness": tenant.freshness,
    }
    said = {"query": resolved.query, "metadata": metadata}
    if is_explained:
        is_in_columns = columns.found(connection, tenant.tenant_hk, question, report.undivided, report.sources) is not None
        said["explanation"] = explanation(report, replace(question, is_in_columns=is_in_columns))
    return report.answer(Asked(connection, tenant, question, report.undivided, report.sources)) | said


def _require_kept(tenant: Tenant, question: Question, source: Source) -> None:
    """Refuse what would be answered by less than there was: ``figures_gone``, ``events_gone``, with the first day kept."""
    days = [one.first for one in (question.range, question.compared_range) if one]
    kept = (("figures_gone", tenant.figures_from), ("events_gone", tenant.events_from if source in OF_EVENTS else None))
    for code, first in kept:
        if first and any(day < first for day in days):
            refuse(code, "dateFrom", f"from {first} on")


def explanation(report: Report, question: Question) -> dict[str, Any]:
    """Which source answers a question, what speaks against the others, and the statements, with places for values."""
    shape, _ = shape_of(question)
    source = plan(question, report.sources)
    counted = [counting(report.undivided, shape).statement.text] if source.is_in_files and report.undivided else []
    return {
        "source": source.name,
        "sources": verdicts(question, report.sources),
        "statements": [*counted, *(statement_of(write(shape), is_pretty=True).text for write in report.statements)],
    }


def sql_for(connection: Connection, report: Report, count: Count, request: Request, engine: Engine) -> str:
    """What counts the rows that an answer is made of, for an engine that reads the published archive: see `engines.outside`.

    Raises Refused: ``engine_cannot``, and what `ask` does.
    """
    tenant = asking_tenant(connection, request)
    question = with_keys(connection, tenant.tenant_hk, _resolved(connection, tenant, report, request).question)
    return statement(count, question, tenant.tenant_hk, engine)


def checked(connection: Connection, report: Report, request: Request) -> Request:
    """The question as it would be echoed. Raises Refused."""
    return _resolved(connection, asking_tenant(connection, request), report, request).query


def _resolved(connection: Connection, tenant: Tenant, report: Report, request: Request) -> Resolved:
    moment = request.get("asOf")
    as_of = None
    if moment:
        ((as_of,),) = connection.execute("SELECT util.moment_of(%s)", (str(moment),)).fetchall()
    return resolve(report.name, report.keys, request, tenant, as_of)
