"""What owners ask of their rules in the dashboard: it may take minutes, so a worker does it, and whoever asked looks again."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal, get_args

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from footfall.database import Actor, Connection, acting_as, connect
from footfall.errors import FootfallError, NotAccepted
from footfall.judgement.rules import RuleSet, as_json, digest_of, stored_rules
from footfall.operations import rules as own

Asked = Literal["preview", "apply", "revert"]
ASKED: tuple[Asked, ...] = get_args(Asked)
_MOST_ATTEMPTS = 5

_NEXT = """/* operations.rule_tasks */
    SELECT t.tenant_hk, t.task, t.kind, t.rules, t.days, t.reason, t.attempts, t.actor_kind, t.actor_via,
           CASE t.actor_kind WHEN 'person' THEN
               coalesce((SELECT a.email FROM auth.account a WHERE a.account_id::text = t.actor), '') ELSE t.actor END
    FROM ref.rule_task t WHERE t.finished_at IS NULL AND NOT util.is_moving(t.tenant_hk)
    ORDER BY t.attempts, t.asked_at LIMIT 1 FOR UPDATE OF t SKIP LOCKED
"""
_TAKE = """/* operations.rule_tasks */
    UPDATE ref.rule_task t
    SET begun_at = coalesce(t.begun_at, util.current_load_date()), attempts = t.attempts + 1,
        version_then = coalesce(t.version_then, (
            SELECT r.version FROM ref.rule_set r WHERE r.tenant_hk = t.tenant_hk AND r.in_force_until IS NULL), 0)
    WHERE t.tenant_hk = %s AND t.task = %s
    RETURNING t.version_then
"""
_HOLD = """/* operations.rule_tasks */
    SELECT FROM ref.rule_task t WHERE t.tenant_hk = %s AND t.task = %s AND t.finished_at IS NULL FOR UPDATE SKIP LOCKED
"""
# who was erased meanwhile may be an example of what was looked at before
_DONE = """/* operations.rule_tasks */
    UPDATE ref.rule_task t
    SET finished_at = util.current_load_date(), error_code = %s, error = %s,
        result = CASE WHEN EXISTS (SELECT FROM auth.erasure e WHERE e.tenant_hk = t.tenant_hk AND e.erased_at >= t.begun_at)
                      THEN jsonb_set(d.result, '{changes}', (
                          SELECT coalesce(jsonb_agg(c - 'example'), '[]') FROM jsonb_array_elements(d.result -> 'changes') c))
                      ELSE d.result END
    FROM (SELECT %s::jsonb AS result) d
    WHERE t.tenant_hk = %s AND t.task = %s
"""


@dataclass(frozen=True, slots=True)
class Task:
    """What was asked. `state`: waiting, working, done, failed; `result`: what would change, or changed."""

    task: int
    kind: Asked
    state: str
    asked_at: datetime
    result: dict[str, Any] | None
    error_code: str | None
    error: str | None


def ask(connection: Connection, kind: Asked, rules: RuleSet | None = None, *, days: int | None = None, reason: str = "") -> int:
    """Ask for something, for the tenant of the connection's transaction, by who acts; returns the task's number.

    Raises NotAccepted: ``rules_busy`` while what was asked before is not done.
    """
    row = connection.execute(
        "/* operations.rule_tasks */ SELECT business.ask_rules(%s, %s, %s, %s)",
        (kind, None if rules is None else Jsonb(as_json(rules)), days, reason),
    ).fetchone()
    if row is None or row[0] is None:
        raise NotAccepted("rules_busy", "what was asked of the rules before is not done yet: try again then", HTTPStatus.CONFLICT)
    return int(row[0])


def last_task(connection: Connection, tenant_hk: bytes) -> Task | None:
    """What was asked last, until an hour after it was done."""
    row = connection.execute(
        "/* operations.rule_tasks */ SELECT t.task, t.kind,"
        " CASE WHEN t.error_code IS NOT NULL THEN 'failed' WHEN t.finished_at IS NOT NULL THEN 'done'"
        "      WHEN t.begun_at IS NOT NULL THEN 'working' ELSE 'waiting' END,"
        " t.asked_at, t.result, t.error_code, t.error FROM ref.rule_task t WHERE t.tenant_hk = %s ORDER BY t.task DESC LIMIT 1",
        (tenant_hk,),
    ).fetchone()
    return Task(*row) if row else None


def makers(connection: Connection, sets: Iterable[own.Version]) -> dict[str, str]:
    """Who made these sets, as people know them, by how it is stored."""
    rows = connection.execute(
        "/* operations.rule_tasks */ SELECT m.made_by, business.maker_of_rules(m.made_by)"
        " FROM (SELECT DISTINCT unnest(%s::text[]) AS made_by) m",
        ([one.made_by for one in sets],),
    )
    return dict(rows.fetchall())


def do_next(connection: Connection, url: str, stop: threading.Event | None = None) -> bool:
    """Do what was asked first and no other worker does; whether there was something. `connection` holds it, as a worker's.

    What is interrupted, by `stop` too, is taken up again, after what others asked: rules that it has put in force by then are
    only judged by. What was begun five times and never ended has failed.
    """
    with connection.transaction():
        found = connection.execute(_NEXT).fetchone()
        if found is None:
            connection.execute("/* operations.rule_tasks */ SELECT business.forget_rule_tasks(util.current_load_date())")
            return False
        tenant_hk, task, kind, rules, days, reason, attempts, *by = found
        row = connection.execute(_TAKE, (tenant_hk, task)).fetchone()
        version_then = int(row[0]) if row else 0
    with connection.transaction():
        if connection.execute(_HOLD, (tenant_hk, task)).fetchone() is None:
            return False
        actor_kind, via, name = by
        result: dict[str, Any] | None = None
        refused: tuple[str | None, str | None] = (None, None)
        try:
            if attempts >= _MOST_ATTEMPTS:
                raise NotAccepted("rules_failed", f"it was begun {attempts} times, and never ended: the worker's log says why")
            wanted = stored_rules(rules) if rules is not None else RuleSet()
            with acting_as(Actor(actor_kind, name, via)), connect(url, "footfall_worker") as working:
                result = _do(working, tenant_hk, kind, wanted, days, reason, version_then, stop)
        except _Stopped:
            return False
        except psycopg.OperationalError:
            raise  # the store went, or others held what it needs: again
        except FootfallError as error:
            refused = (error.code, str(error))
        except psycopg.Error as error:
            refused = ("rules_failed", error.diag.message_primary or str(error))
        except msgspec.ValidationError as error:  # stored by a later version
            refused = ("rules_failed", str(error))
        connection.execute(_DONE, (*refused, None if result is None else Jsonb(result), tenant_hk, task))
    return True


class _Stopped(Exception):
    """The worker is to end."""


def _do(
    connection: Connection,
    tenant_hk: bytes,
    kind: Asked,
    wanted: RuleSet,
    days: int | None,
    reason: str,
    version_then: int,
    stop: threading.Event | None,
) -> dict[str, Any]:
    def told(_: int) -> None:
        if stop and stop.is_set():
            raise _Stopped

    if kind == "preview":
        changes = [_said(one) for one in own.preview(connection, tenant_hk, wanted, days)]
        return {"changes": changes, "note": own.note_on(own.rules_in_force(connection, tenant_hk), wanted)}
    current = next(iter(own.versions(connection, tenant_hk)), None)
    follows = current is not None and current.version == version_then + 1
    if current and follows and (current.reverts is not None if kind == "revert" else current.digest == digest_of(wanted)):
        done = own.judge_again(connection, tenant_hk, told)
    elif kind == "revert" and current and current.version != version_then:
        raise NotAccepted("rules_changed", "other rules were put in force meanwhile: look at them first", HTTPStatus.CONFLICT)
    elif kind == "revert":
        done = own.revert(connection, tenant_hk, reason, told)
    else:
        done = own.apply(connection, tenant_hk, wanted, reason, told)
    return {"version": done.version, "digest": done.digest, "changes": [_said(one) for one in done.changes]}


def _said(change: own.Change) -> dict[str, Any]:
    return {**own.as_row(change), "sentence": own.sentence_of(change)}
