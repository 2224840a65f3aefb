"""The loads of a store once more, one after the other, each of its batches and under its date, by the functions that loaded them.

A job that computed satellites beside the loads comes after the latest load that it saw, and is asked what it was asked then. A
load's date is the session's clock: `business.open_load` takes it as it is in a store that is marked as being rebuilt, and in no
other.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from footfall.database import Connection

_EVENTS_AT_ONCE = 20_000  # in one transaction: nobody else waits for these loads
_FORGETTING = timedelta(seconds=15)  # how often a worker keeps house (footfall.worker.loop)
_ANALYZE_SECONDS = 10.0
_ALL = 2_147_483_647
_CARRIED = ("site_page_details", "business_item_details")
_SATELLITES = ("site_visitor_details", *_CARRIED)

# each load and job with its batches of these tenants, in the order in which what they wrote was seen
_STEPS = """/* proof.replay */
    SELECT l.load_date, l.job, l.asked, coalesce(b.batch_ids, '{}'), coalesce(b.events, 0)
    FROM raw.load_batch l
    LEFT JOIN (
        SELECT d.load_date, array_agg(b.batch_id ORDER BY b.batch_id) AS batch_ids, sum(b.event_count) AS events
        FROM raw.ingest_batch b CROSS JOIN LATERAL unnest(b.former_load_dates || b.load_date) AS d(load_date)
        WHERE b.batch_id = ANY (%(batches)s)
        GROUP BY d.load_date
    ) b USING (load_date)
    WHERE l.load_date < %(until)s AND (l.job <> 'load' OR b.batch_ids IS NOT NULL)
    ORDER BY coalesce((l.asked ->> 'seen')::timestamptz, l.load_date), l.job NOT IN ('load', 'rules'), l.load_date
"""
# batches whose events are all in raw, and were loaded; those that lack some
_BATCHES = """/* proof.replay */
    SELECT b.batch_id, b.tenant_hk, b.event_count,
           CASE WHEN k.is_archived AND %(is_archived)s AND b.received_from < k.kept_since THEN b.event_count
                ELSE coalesce(r.events, 0) END,
           b.received_to, coalesce(b.load_date, b.received_to),
           b.received_from < coalesce(k.kept_since, '-infinity')
    FROM raw.ingest_batch b
    LEFT JOIN (SELECT e.batch_id, count(*) AS events FROM raw.site_tracking_events_r e
               WHERE %(tenants)s::bytea[] IS NULL OR e.tenant_hk = ANY (%(tenants)s) GROUP BY e.batch_id) r USING (batch_id)
    LEFT JOIN raw.kept_since k ON k.tenant_hk = b.tenant_hk AND k.layer = 'raw'
    WHERE (b.load_date IS NOT NULL OR b.processing_status = 'PROCESSED') AND b.received_from < %(until)s
      AND (%(tenants)s::bytea[] IS NULL OR b.tenant_hk = ANY (%(tenants)s))
    ORDER BY b.batch_id
"""
# what was refused and left out until now is tried again, as business.reprocess_invalid had it
_TRY_AGAIN = """/* proof.replay */
    WITH tried AS (
        DELETE FROM staging.site_events_staging s USING raw.left_out o
        WHERE o.batch_id = ANY (%(batches)s) AND o.left_out_until <= %(moment)s AND s.raw_event_id = o.raw_event_id
          AND s.received_timestamp = o.received_timestamp AND s.validation_status = 'INVALID'
        RETURNING s.batch_id
    )
    UPDATE raw.ingest_batch b
    SET processing_status = 'PENDING',
        invalid_count = b.invalid_count - (SELECT count(*) FROM tried t WHERE t.batch_id = b.batch_id)
    WHERE b.batch_id = ANY (%(batches)s) AND b.processing_status = 'PROCESSED'
"""
# until version 51 loads made their pages due, and until 52 their items, and snapshots counted visits that were not over
_DUE_AT_ONCE = """/* proof.replay */
    INSERT INTO business.refresh_w (satellite, hash_key, load_date, tenant_hk)
    SELECT DISTINCT m.satellite, m.hash_key, %(load_date)s::timestamptz, f.tenant_hk
    FROM pg_temp.fresh_event f
    CROSS JOIN LATERAL (
        VALUES ('site_page_details', f.site_page_hk), ('business_item_details', f.business_item_hk)) AS m(satellite, hash_key)
    WHERE m.hash_key IS NOT NULL AND m.satellite = ANY (%(satellites)s)
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Step:
    """A load or job as it was recorded: its date, what it was asked, and its batches."""

    load_date: datetime
    job: str
    asked: dict[str, Any] | None
    batches: list[int]
    events: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A batch whose events raw has not, or not all; `is_retired`: retention says so."""

    batch_id: int
    tenant_hk: bytes
    events: int
    kept: int
    received_to: datetime
    loaded_at: datetime
    is_retired: bool


@dataclass(slots=True)
class Plan:
    """What is to be done, in order, and what cannot be done, by name."""

    steps: list[Step]
    batches: list[int]
    gaps: list[Gap]
    waiting: list[int]  # batches that wait to be tried again
    limits: list[str] = field(default_factory=list)

    @property
    def events(self) -> int:
        """Events to load, each time that they are."""
        return sum(step.events for step in self.steps)


def plan_of(connection: Connection, tenants: Sequence[bytes] | None, until: str, *, is_archived: bool = False) -> Plan:
    """The loads of a store until a moment, or of some tenants alone; `is_archived`: what has left raw is had from files."""
    parameters = {"tenants": None if tenants is None else list(tenants), "until": until, "is_archived": is_archived}
    whole: list[int] = []
    gaps: list[Gap] = []
    for batch_id, tenant_hk, events, kept, received_to, loaded_at, is_retired in connection.execute(_BATCHES, parameters):
        if events == kept:
            whole.append(batch_id)
        else:
            gaps.append(Gap(batch_id, tenant_hk, events, kept, received_to, loaded_at, is_retired))
    steps = [Step(*row) for row in connection.execute(_STEPS, {"batches": whole, "until": until})]
    waiting = connection.execute(
        "SELECT batch_id FROM raw.ingest_batch WHERE batch_id = ANY (%s) AND processing_status = 'PENDING'", (whole,)
    )
    return Plan(steps, whole, gaps, [batch_id for (batch_id,) in waiting], _limits(connection, steps))


def _limits(connection: Connection, steps: Sequence[Step]) -> list[str]:
    found = []
    # what an erasure took out is not in raw any more, and what it left is there as if it had come so
    jobs = [step for step in steps if step.job not in ("load", "erasure")]
    if silent := [step for step in jobs if step.asked is None]:
        found.append(
            f"{len(silent):,} jobs of before version 41 did not write down what they were asked for, until"
            f" {silent[-1].load_date:%Y-%m-%d %H:%M}: what they computed may be of another moment here"
        )
    if strange := sorted({step.job for step in jobs} - {"sessions", "rules", "retention", *_SATELLITES}):
        found.append(
            f"what {', '.join(strange)} wrote: a rebuild knows loads, sessions, visitors, pages, items, rules, retention"
        )
    (old,) = connection.execute("SELECT count(*) FROM staging.event_identity WHERE is_of_before").fetchone() or (0,)
    if old:
        found.append(
            f"{old:,} event ids are of before it was noted who had sent them first: a repetition may be told apart otherwise"
        )
    return found


class Replay:
    """The loads once more, into a store that has raw and what loads look up; `connection` is a worker's."""

    def __init__(self, connection: Connection, told: Callable[[int], None] = lambda _: None) -> None:
        self._connection = connection
        self._told = told
        self._loaded: set[int] = set()
        self._left_out = {b for (b,) in connection.execute("SELECT DISTINCT batch_id FROM raw.left_out")}
        self._tenants = {tenant_hk.hex() for (tenant_hk,) in connection.execute("SELECT tenant_hk FROM auth.tenant_h")}
        self._forgot: datetime | None = None
        self._analyzed = time.monotonic()
        self._changes: list[datetime] = []
        self._closed_since: dict[str, datetime] = {}
        self.failures: list[str] = []

    def run(self, plan: Plan) -> None:
        """Do every step of the plan, then roll up what is due."""
        self._begin()
        self._closed_since = {satellite: _closed_since(plan.steps, satellite) for satellite in _CARRIED}
        for group in _grouped(plan.steps):
            with self._connection.transaction():
                for step in group:
                    self._do(step)
            self._told(sum(step.events for step in group))
            self._keep_statistics()
        with self._connection.transaction():
            self._put_in_force(datetime.max.replace(tzinfo=UTC))
        self._connection.execute(_TRY_AGAIN, {"batches": plan.waiting, "moment": datetime.max.replace(tzinfo=UTC)})
        # what retention has removed does not come back; of events that was a step
        self._connection.execute(
            "/* proof.replay */ SELECT business.remove_personal(k.tenant_hk, k.kept_since, NULL)"
            " FROM raw.kept_since k WHERE k.layer = 'context'"
        )
        self._connection.execute("SELECT util.analyze_grown()")
        self._roll_up()
        self._connection.execute(
            "/* proof.replay */ SELECT business.retire_marts_of(k.tenant_hk, k.kept_since, NULL)"
            " FROM pg_temp.removed_marts k JOIN auth.tenant_h h USING (tenant_hk)"
        )

    def _roll_up(self) -> None:
        while self._connection.execute("SELECT business.roll_up_due('0', 'infinity')").fetchone() != (0,):
            pass

    def _do(self, step: Step) -> None:
        self._put_in_force(step.load_date)
        self._set_clock(step.load_date)
        try:
            with self._connection.transaction():
                if step.job == "load":
                    self._load(step)
                else:
                    self._compute(step)
        except psycopg.Error as error:
            if self._connection.closed:
                raise
            self.failures.append(f"the {step.job} of {step.load_date.isoformat()}: {error.diag.message_primary or error}")

    def _load(self, step: Step) -> None:
        self._forget(step.load_date)
        if again := [batch for batch in step.batches if batch in self._loaded]:
            self._connection.execute(_TRY_AGAIN, {"batches": again, "moment": step.load_date})
        if left_out := [batch for batch in step.batches if batch in self._left_out]:
            self._connection.execute("SELECT staging.leave_out(%s, %s)", (left_out, step.load_date))
            self._connection.execute("/* proof.replay */ SELECT staging.validate_and_enrich(%s)", (step.batches,))
            self._connection.execute("SELECT staging.refuse_again(%s, %s)", (left_out, step.load_date))
        self._connection.execute("/* proof.replay */ SELECT count(*) FROM business.load_claimed(%s)", (step.batches,))
        if at_once := [satellite for satellite, since in self._closed_since.items() if step.load_date < since]:
            self._connection.execute(_DUE_AT_ONCE, {"load_date": step.load_date, "satellites": at_once})
        self._loaded.update(step.batches)

    def _compute(self, step: Step) -> None:
        if step.job == "rules":
            self._judge(step.asked or {})
            return
        if step.job == "retention":
            self._retire(step.asked or {})
            return
        asked = step.asked or {"as_of": step.load_date.isoformat(), "minimum_age": "0"}
        # Of more than it might take, it took so many of each tenant, in turns: of those that are here, it takes as many now.
        taken = asked.get("taken")
        most = sum(keys for tenant, keys in taken.items() if tenant in self._tenants) if taken is not None else _ALL
        if most and step.job == "sessions":
            self._connection.execute("SELECT business.close_sessions(%s, %s)", (asked["as_of"], most))
        elif most and step.job in _SATELLITES:
            self._connection.execute(
                "SELECT business.refresh_due(%s, %s, %s, %s, %s, %s)",
                (step.job, asked["minimum_age"], asked["as_of"], most, asked.get("much"), _is_closed(asked, step.job)),
            )

    def _retire(self, asked: dict[str, Any]) -> None:
        """Days are counted while their events are there; then those go that went then."""
        if asked.get("tenant") in self._tenants:
            self._roll_up()
            self._connection.execute(
                "SELECT business.retire_events_of(%s, %s, %s)", (bytes.fromhex(asked["tenant"]), asked["until"], asked["most"])
            )

    def _judge(self, asked: dict[str, Any]) -> None:
        """By the rules that were in force then, which ref.rule_set tells by the load date: judge again what was judged again."""
        if asked.get("tenant") not in self._tenants:
            return
        tenant_hk = bytes.fromhex(asked["tenant"])
        if asked.get("pages"):
            self._connection.execute("SELECT count(*) FROM business.judge_pages_again(%s)", (tenant_hk,))
        elif "until" in asked:
            after, until = bytes.fromhex(asked["after"]), bytes.fromhex(asked["until"])
            self._connection.execute("SELECT count(*) FROM business.judge_visits_again(%s, %s, %s)", (tenant_hk, after, until))

    def _begin(self) -> None:
        """Each tenant has the details with which it began; what it was told later waits for its time."""
        with self._connection.transaction():
            self._connection.execute("CREATE TEMP TABLE later_details (LIKE auth.tenant_details_s)")
            # events and marts are all there until it is time
            self._connection.execute(
                "/* proof.replay */ CREATE TEMP TABLE removed_marts AS SELECT k.* FROM raw.kept_since k WHERE k.layer = 'marts'"
            )
            self._connection.execute("DELETE FROM raw.kept_since k WHERE k.layer IN ('events', 'marts')")
            self._connection.execute(
                "/* proof.replay */ WITH later AS (DELETE FROM auth.tenant_details_s d WHERE EXISTS ("
                "  SELECT FROM auth.tenant_details_s e WHERE e.tenant_hk = d.tenant_hk AND e.load_date < d.load_date)"
                "  RETURNING d.*)"
                " INSERT INTO pg_temp.later_details SELECT * FROM later"
            )
            for table in ("auth.tenant_details_s", "pg_temp.later_details"):
                self._connection.execute(sql.SQL("UPDATE {} SET load_end_date = NULL").format(sql.Identifier(*table.split("."))))
        changes = self._connection.execute("SELECT DISTINCT load_date FROM pg_temp.later_details ORDER BY 1 DESC")
        self._changes = [moment for (moment,) in changes]

    def _put_in_force(self, moment: datetime) -> None:
        """What tenants were told until this moment, with what followed from it at once."""
        while self._changes and self._changes[-1] < moment:
            change = self._changes.pop()
            self._set_clock(change)
            self._connection.execute(
                "UPDATE auth.tenant_details_s d SET load_end_date = %(at)s FROM pg_temp.later_details l"
                " WHERE l.load_date = %(at)s AND d.tenant_hk = l.tenant_hk AND d.load_end_date IS NULL",
                {"at": change},
            )
            self._connection.execute(
                "INSERT INTO auth.tenant_details_s SELECT * FROM pg_temp.later_details l WHERE l.load_date = %s", (change,)
            )
            self._connection.execute(
                "SELECT business.follow_details(d) FROM auth.tenant_details_s d WHERE d.load_end_date = %s", (change,)
            )

    def _set_clock(self, moment: datetime) -> None:
        self._connection.execute("SELECT set_config('footfall.now', %s, true)", (moment.isoformat(),))

    def _forget(self, moment: datetime) -> None:
        """Event ids are known for some days: a worker that keeps house forgets them, and so does this one."""
        if self._forgot is None or moment - self._forgot >= _FORGETTING:
            self._connection.execute("SELECT staging.forget_identities(%s), staging.forget_notes(%s)", (moment, moment))
            self._forgot = moment

    def _keep_statistics(self) -> None:
        if time.monotonic() - self._analyzed > _ANALYZE_SECONDS:
            self._connection.execute("SELECT util.analyze_grown()")
            self._analyzed = time.monotonic()


def _closed_since(steps: Sequence[Step], satellite: str) -> datetime:
    """When snapshots of a satellite began to count visits that are over; at the beginning: they always did."""
    snapshots = [step for step in steps if step.job in _SATELLITES]
    if all(_is_closed(step.asked, satellite) for step in snapshots if step.job == satellite):
        return datetime.min.replace(tzinfo=UTC)
    later = [step.load_date for step in snapshots if _is_closed(step.asked, satellite)]
    return min(later, default=datetime.max.replace(tzinfo=UTC))


def _is_closed(asked: dict[str, Any] | None, satellite: str) -> bool:
    """Whether a snapshot was of a time in which those of a satellite counted visits that are over."""
    closed = (asked or {}).get("closed") or []
    # version 52 said so of pages alone
    return satellite in (["site_page_details"] if closed is True else closed)


def _grouped(steps: Sequence[Step]) -> Iterator[list[Step]]:
    group: list[Step] = []
    for step in steps:
        group.append(step)
        if sum(one.events for one in group) >= _EVENTS_AT_ONCE:
            yield group
            group = []
    if group:
        yield group


@contextlib.contextmanager
def marked(owner: Connection) -> Iterator[None]:
    """Mark a store as being rebuilt until it is: nobody else's load gets a date there."""
    owner.execute("INSERT INTO util.work (work) VALUES ('rebuild')")
    yield
    owner.execute("DELETE FROM util.work WHERE work = 'rebuild'")
