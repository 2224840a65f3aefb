"""What a question chooses: in the SQL of reports, rows are named, and here the names become tables, joins and conditions.

    asked.events             e   the tenant's events of the range that meet the question's filter
    asked.all_events         e   the same without the filter
    asked.such_events        e   the same for a condition within the filter: events that a visit or visitor may also have
    asked.converting_events  e   events that can be conversions, whatever the filter says of them
    asked.visits             v   parts of visits that meet the filter, which is of visits alone

In files the same rows are event_b and visit_b, which `engines.written` makes. Bots are left out unless the question includes
them. Beside e stand, where a SELECT looks at them: v (its visit), p (its page), i (its item), d (its own properties). A report
may join asked.events to visits o that it has chosen.
"""

from collections.abc import Iterator
from typing import Literal

from sqlglot import exp

from footfall.api.questions.question import Question
from footfall.api.statements.conditions import meets
from footfall.api.statements.fragments import SLOTS, Tree, every, parameter, relations_of, sql, statements_of

_FILE = "statements/chosen.sql"
_FILTERED = frozenset({"events", "visits"})
_BESIDE = "vpid"
Where = Literal["", "_as_of", "_in_files"]  # which rows are chosen from: how the names of their statements end


def choose(tree: Tree, question: Question, *, in_files: bool = False) -> Tree:
    """The tree, with the question's rows where it names them: those of the store, or those in files."""
    where: Where = "_in_files" if in_files else "_as_of" if question.as_of else ""
    while found := next(_named(tree), None):
        select, table = found
        _expand(select, table, question, where)
    return tree


def _named(tree: Tree) -> Iterator[tuple[exp.Select, exp.Table]]:
    for table in tree.find_all(exp.Table):
        if table.db == SLOTS:
            select = table.find_ancestor(exp.Select)
            assert isinstance(select, exp.Select)  # noqa: S101  rows are named in a SELECT
            yield select, table


def _expand(select: exp.Select, table: exp.Table, question: Question, where: Where) -> None:
    if table.name == "converting_events":
        acts = sql("SELECT e.* FROM asked.all_events AS e WHERE :can_be OFFSET 0", can_be=_can_convert(question))
        _add_beside(select, table, where)
        table.replace(exp.Subquery(this=acts, alias=exp.TableAlias(this=exp.to_identifier("e"))))
        return
    conditions = [select.args["where"].this] if select.args.get("where") else []
    if table.name in _FILTERED:
        conditions.insert(0, meets(question.where))
    rows = _statement(f"{'visits' if table.name == 'visits' else 'events'}{where}")
    if table.name != "visits" and not question.bots:
        conditions.insert(0, sql("NOT e.is_bot"))
    if rows.args.get("where"):
        conditions.insert(0, rows.args["where"].this)
    select.set("where", exp.Where(this=every([*map(_enclosed, conditions)])))
    if table.name != "visits":
        _add_beside(select, table, where)
    elif where:
        # there is no join for what events inherit: a part of a visit has it itself
        for column in select.find_all(exp.Column):
            if column.table == "e":
                column.set("table", exp.to_identifier("v"))
    else:
        _put(select, rows.args["joins"])
    if isinstance(table.parent, exp.Join) and not where:
        (by_visits,) = _statement("of_visits").args["joins"]
        table.parent.replace(by_visits)
    else:
        source = rows.args["from_"].this
        table.replace(source)


def _add_beside(select: exp.Select, table: exp.Table, where: Where) -> None:
    """Join what the SELECT looks at and does not have."""
    own = {source.alias_or_name for source in select.find_all(exp.Table, exp.Subquery, exp.Lateral)}
    needed = relations_of([select]) - own
    names = [f"{name}{where}" if name == "v" else name for name in _BESIDE if name in needed]
    joins = [join for name in names for join in _statement(name).args["joins"]]
    if isinstance(table.parent, exp.Join):
        at = select.args["joins"].index(table.parent) + 1
        select.set("joins", [*select.args["joins"][:at], *joins, *select.args["joins"][at:]])
    else:
        _put(select, joins)


def _put(select: exp.Select, joins: list[exp.Expression]) -> None:
    select.set("joins", [*joins, *(select.args.get("joins") or [])])


def _can_convert(question: Question) -> Tree:
    acts = [
        sql("e.event_type = :kind AND e.event_action = :action", kind=parameter(kind.name), action=parameter(action.name))
        for kind, action in question.conversion_acts
    ]
    refund = sql("e.event_type = 'transaction_step' AND (e.event_action = 'refund' OR e.event_value < 0)")
    return exp.or_(*acts, refund, copy=False)


def _enclosed(condition: Tree) -> Tree:
    return exp.Paren(this=condition.copy()) if isinstance(condition, exp.Or) else condition


def _statement(name: str) -> exp.Select:
    statement = sql(statements_of(_FILE)[name])
    assert isinstance(statement, exp.Select)  # noqa: S101  so they are written
    return statement
