"""A tenant's own rules: looked at, tried, put in force over all that is stored, taken back.

Rules are put in force in one short transaction, after which loads judge by them; stored visits follow in slices, each a
transaction in which loads wait. Whatever interrupts that, `judge_again` goes on with it: a judgement is a function of what is
stored and of the rules in force.
"""

import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from footfall import __version__
from footfall.auth import OF_NO_TENANT, tell
from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.judgement.rules import (
    RuleSet,
    as_json,
    digest_of,
    general_digest,
    judge_by_lists,
    judge_stored_inputs,
    stored_rules,
)

_VISITS_AT_ONCE = 5_000
_OF_NOBODY = b"\xff" * 64  # after every key


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of some visits or pages.

    Attributes:
        aspect: traffic, channel, source, page category, page type.
        was: what it is said to be until now, None where nothing is said.
        becomes: what it is said to be then.
        what: visits, or pages.
        count: how many of those.
        events: how many events the visits have; 0 of pages.
        example: one of them, as its owner knows it; empty in what was done.
    """

    aspect: str
    was: str | None
    becomes: str | None
    what: str
    count: int
    events: int
    example: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What putting rules in force, or judging again, did: their version and digest, and what became of what is stored."""

    version: int
    digest: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """A set of rules that is in force, or was until `until`; `receipt`: what became of what was stored, None: not yet done."""

    version: int
    rules: RuleSet
    digest: str
    made_by: str
    made_at: datetime
    reason: str
    reverts: int | None
    lists: str | None
    since: datetime
    until: datetime | None
    receipt: Any


def as_row(change: Change) -> dict[str, Any]:
    """A change as rows of answers have it."""
    row: dict[str, Any] = {"aspect": change.aspect, "was": change.was, "becomes": change.becomes, change.what: change.count}
    if change.what == "visits":
        row["events"] = change.events
    return row | ({"example": change.example} if change.example else {})


def sentence_of(change: Change) -> str:
    """A change in words: `3,210 events of 212 visits: traffic human → bot`."""
    of_events = f"{change.events:,} {'event' if change.events == 1 else 'events'} of " if change.what == "visits" else ""
    what = change.what.removesuffix("s") if change.count == 1 else change.what
    return f"{of_events}{change.count:,} {what}: {change.aspect} {change.was or 'none'} → {change.becomes or 'none'}"


def note_on(before: RuleSet, after: RuleSet) -> str | None:
    """What a preview cannot count: new ranges of addresses reach only what comes from then on."""
    if set(after.networks) <= set(before.networks):
        return None
    return (
        "Ranges of addresses are looked at as events arrive, for no address is kept: new ones reach what comes a minute after"
        " they are in force, and nothing that is stored."
    )


def difference(before: RuleSet, after: RuleSet, before_name: str, after_name: str) -> list[str]:
    """How rules differ, line by line of their JSON."""
    ours, theirs = (json.dumps(as_json(one), indent=2, ensure_ascii=False).splitlines() for one in (before, after))
    return list(difflib.unified_diff(ours, theirs, before_name, after_name, lineterm=""))


Told = Callable[[int], None]


def versions(connection: Connection, tenant_hk: bytes) -> list[Version]:
    """All sets that a tenant ever had, the latest first: that one is in force. OF_NO_TENANT: the general ones, without text."""
    rows = connection.execute(
        "/* operations.rules */ SELECT version, rules, digest, made_by, made_at, reason, reverts, lists, in_force_from,"
        "  in_force_until, receipt FROM ref.rule_set WHERE tenant_hk = %s ORDER BY version DESC",
        (tenant_hk,),
    )
    return [Version(version, stored_rules(rules), *rest) for version, rules, *rest in rows]


def note_general_set(connection: Connection) -> bool:
    """Put the general rules, which this process loads by, down as a set of their own where they are not the last ones that were.

    They belong to no tenant: version, digest, who ("footfall"), when, why. Which of them held at a load date is told by the time
    that each was in force, as of a tenant's. Returns whether there was something new.
    """
    digest = general_digest()

    def is_known() -> bool:
        return connection.execute(_GENERAL_KNOWN, (OF_NO_TENANT, digest)).fetchone() is not None

    if is_known():
        return False
    with connection.transaction():
        # in the turn of loads: those that come after it judge by it
        connection.execute("SELECT util.take_turn('load')")
        if is_known():
            return False
        connection.execute(_NOTE_GENERAL, {"nobody": OF_NO_TENANT, "digest": digest, "reason": f"Footfall {__version__}"})
    return True


def rules_in_force(connection: Connection, tenant_hk: bytes) -> RuleSet:
    """A tenant's own rules; none where it has none."""
    return next((one.rules for one in versions(connection, tenant_hk)), RuleSet())


def preview(
    connection: Connection, tenant_hk: bytes, rules: RuleSet, days: int | None = None, *, lists: bool = False
) -> list[Change]:
    """What putting these rules in force would change now, with an example each; `days`: of visits that began in the last so many.

    The very functions that put rules in force are run, and all of it is rolled back; loads go on meanwhile.
    """
    with connection.transaction(force_rollback=True):
        row = connection.execute(
            "/* operations.rules */ SELECT greatest(util.current_load_date(), max(load_date) + interval '1 microsecond')"
            " FROM raw.load_batch"
        ).fetchone()
        moment = row[0] if row else None
        wanted = _Wanted(rules, *_lists(connection, tenant_hk, anew=lists))
        _put_in_force(connection, tenant_hk, wanted, "", None, moment)
        visits = connection.execute(_PREVIEW_VISITS, {"tenant": tenant_hk, "moment": moment, "days": days})
        changes = [Change(aspect, was, becomes, "visits", *rest) for aspect, was, becomes, *rest in visits]
        pages = connection.execute(_PREVIEW_PAGES, {"tenant": tenant_hk, "moment": moment})
        changes += [Change(aspect, was, becomes, "pages", count, 0, example) for aspect, was, becomes, count, example in pages]
    return _sorted(changes)


def apply(
    connection: Connection,
    tenant_hk: bytes,
    rules: RuleSet,
    reason: str = "",
    told: Told = lambda _visits: None,
    *,
    lists: bool = False,
) -> Applied:
    """Put rules in force, for what comes and for all that is stored; `told` hears how many visits more were judged.

    `lists`: agents and referrers of what is stored are judged by the general lists of now; else as they were. Raises NotAccepted:
    ``rules_unchanged`` where all of that is in force already.
    """
    return _apply(connection, tenant_hk, _Wanted(rules, *_lists(connection, tenant_hk, anew=lists)), reason, None, told)


def revert(connection: Connection, tenant_hk: bytes, reason: str = "", told: Told = lambda _visits: None) -> Applied:
    """Take back the rules in force: those before them come into force again, over all that is stored; of the first, none.

    Taken back twice, it is the set before that. Raises NotAccepted: ``rules_none`` where no rules are left to be taken back.
    """
    known = versions(connection, tenant_hk)
    by_number = {one.version: one for one in known}
    current = known[0] if known else None
    # of a set that took another back, the one that it brought back is what it stands for
    while current and current.reverts is not None:
        current = by_number.get(current.reverts - 1)
    if current is None:
        raise NotAccepted("rules_none", "there are no rules of your own to be taken back")
    before = by_number.get(current.version - 1)
    wanted = _Wanted(before.rules, before.lists, before.version) if before else _Wanted(RuleSet())
    return _apply(connection, tenant_hk, wanted, reason, current.version, told)


def judge_again(connection: Connection, tenant_hk: bytes, told: Told = lambda _visits: None) -> Applied:
    """Judge all that is stored by the rules in force: what an interrupted `apply` left. Raises NotAccepted: ``rules_none``."""
    current = next(iter(versions(connection, tenant_hk)), None)
    if current is None:
        raise NotAccepted("rules_none", "there are no rules of your own")
    return _judge_stored(connection, tenant_hk, current.version, current.digest, current.reverts, told)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Rules to be put in force; of the general lists for what is stored the digest, and the version that had them (None: now)."""

    rules: RuleSet
    lists: str | None = None
    lists_of: int | None = None


def _lists(connection: Connection, tenant_hk: bytes, *, anew: bool) -> tuple[str | None, int | None]:
    current = next(iter(versions(connection, tenant_hk)), None)
    if current and current.lists and (not anew or current.lists == general_digest()):
        return current.lists, current.version
    return (general_digest() if anew else None), None


def _apply(connection: Connection, tenant_hk: bytes, wanted: _Wanted, reason: str, reverts: int | None, told: Told) -> Applied:
    digest = digest_of(wanted.rules)
    with connection.transaction():
        # a preview under way holds the set in force: whoever waits for it must not have all loads wait
        connection.execute(
            "/* operations.rules */ SELECT FROM ref.rule_set WHERE tenant_hk = %s AND in_force_until IS NULL FOR UPDATE",
            (tenant_hk,),
        )
        # in the order of business.close_sessions
        connection.execute("SELECT util.take_turn('sessions'), util.take_turn('load')")
        current = next(iter(versions(connection, tenant_hk)), None)
        if (digest, wanted.lists) == ((current.digest, current.lists) if current else (digest_of(RuleSet()), None)):
            raise NotAccepted("rules_unchanged", "these rules are in force already")
        row = connection.execute("/* operations.rules */ SELECT business.open_load('rules')").fetchone()
        version = _put_in_force(connection, tenant_hk, wanted, reason, reverts, row[0] if row else None)
    return _judge_stored(connection, tenant_hk, version, digest, reverts, told)


def _put_in_force(
    connection: Connection, tenant_hk: bytes, wanted: _Wanted, reason: str, reverts: int | None, load_date: datetime | None
) -> int:
    rules = wanted.rules
    row = connection.execute(
        "/* operations.rules */ SELECT business.put_rules_in_force(%s, %s, %s, %s, %s, %s, %s, %s)",
        (tenant_hk, Jsonb(as_json(rules)), digest_of(rules), reason, reverts, wanted.lists, wanted.lists_of, load_date),
    ).fetchone()
    version = int(row[0]) if row else 0
    judge_stored_inputs(connection, tenant_hk, version, rules)
    if wanted.lists and wanted.lists_of is None:
        judge_by_lists(connection, tenant_hk, version)
    return version


def _judge_stored(
    connection: Connection, tenant_hk: bytes, version: int, digest: str, reverts: int | None, told: Told
) -> Applied:
    found: Counter[tuple[str, str | None, str | None, str]] = Counter()
    events: Counter[tuple[str, str | None, str | None, str]] = Counter()
    pages = connection.execute("/* operations.rules */ SELECT * FROM business.judge_pages_again(%s)", (tenant_hk,))
    for aspect, was, becomes, count in pages:
        found[aspect, was, becomes, "pages"] += count
    for after, until, visits in _slices(connection, tenant_hk):
        rows = connection.execute(
            "/* operations.rules */ SELECT * FROM business.judge_visits_again(%s, %s, %s)", (tenant_hk, after, until)
        )
        for aspect, was, becomes, count, of_them in rows:
            found[aspect, was, becomes, "visits"] += count
            events[aspect, was, becomes, "visits"] += of_them
        told(visits)
    changes = _sorted(Change(*key, count, events[key]) for key, count in found.items())
    receipt = [
        {"aspect": one.aspect, "was": one.was, "becomes": one.becomes, one.what: one.count, "events": one.events}
        for one in changes
    ]
    counts: Counter[str] = Counter()
    for one in changes:
        counts[one.aspect] += one.count
    with connection.transaction():
        connection.execute(
            "/* operations.rules */ UPDATE ref.rule_set SET receipt = coalesce(receipt, '[]') || %s"
            " WHERE tenant_hk = %s AND version = %s",
            (Jsonb(receipt), tenant_hk, version),
        )
        said = {"digest": digest, "reverts": reverts, "changed": counts}
        if reverts is None:
            tell(connection, "rules.applied", str(version), said, tenant_hk)
        else:
            tell(connection, "rules.reverted", str(version), said, tenant_hk)
    return Applied(version, digest, tuple(changes))


def _slices(connection: Connection, tenant_hk: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Ranges of keys that have all of a tenant's visits, few each; what comes after is judged by the load that brings it."""
    keys = connection.execute(
        "/* operations.rules */ SELECT k.site_session_hk FROM ("
        "  SELECT w.site_session_hk, row_number() OVER (ORDER BY w.site_session_hk) AS n FROM business.site_session_w w"
        "  WHERE w.tenant_hk = %s AND w.root_session_hk = w.site_session_hk) k WHERE k.n %% %s = 0 ORDER BY 1",
        (tenant_hk, _VISITS_AT_ONCE),
    ).fetchall()
    after = b""
    for (key,) in [*keys, (_OF_NOBODY,)]:
        yield after, key, _VISITS_AT_ONCE
        after = key


def _sorted(changes: Iterator[Change] | list[Change]) -> list[Change]:
    return sorted(changes, key=lambda one: (one.aspect, -one.count, one.was or "", one.becomes or ""))


_GENERAL_KNOWN = """/* operations.rules */
    SELECT FROM ref.rule_set r WHERE r.tenant_hk = %s AND r.in_force_until IS NULL AND r.digest = %s
"""
_NOTE_GENERAL = """/* operations.rules */
    WITH moment AS MATERIALIZED (SELECT util.current_load_date() AS now), before AS (
        UPDATE ref.rule_set SET in_force_until = m.now FROM moment m
        WHERE tenant_hk = %(nobody)s AND in_force_until IS NULL RETURNING version
    )
    INSERT INTO ref.rule_set (tenant_hk, version, rules, digest, made_by, made_at, reason, in_force_from, receipt)
    SELECT %(nobody)s, coalesce((SELECT version FROM before), 0) + 1, '{}', %(digest)s, 'footfall', m.now, %(reason)s, m.now, '[]'
    FROM moment m
"""
_PREVIEW_VISITS = """/* operations.rules */
    SELECT n.aspect, n.was, n.becomes, n.visits, n.events,
           concat_ws(' · ', to_char(c.entry_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), left(c.user_agent, 200),
                     'from ' || business.referrer_host(c.referrer_url), 'utm_medium ' || c.utm_medium)
    FROM business.count_visit_changes(ARRAY(
        SELECT w.site_session_hk FROM business.site_session_w w
        WHERE w.tenant_hk = %(tenant)s AND w.root_session_hk = w.site_session_hk AND NOT w.is_retired
          AND (%(days)s::integer IS NULL OR w.first_event_timestamp >= util.current_load_date() - make_interval(days => %(days)s))
    ), %(moment)s) n
    JOIN business.site_session_context_s c ON c.site_session_hk = n.example AND c.load_end_date IS NULL
"""
_PREVIEW_PAGES = """/* operations.rules */
    SELECT n.aspect, n.was, n.becomes, n.pages, h.site_page_bk
    FROM business.count_page_changes(%(tenant)s, %(moment)s) n JOIN business.site_page_h h ON h.site_page_hk = n.example
"""
