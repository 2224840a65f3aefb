"""A tenant's own rules: previewed, put in force over what is stored, taken back; and what comes meanwhile."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import InsufficientPrivilege

from footfall.auth import OF_NO_TENANT
from footfall.database import Connection, Store, connect
from footfall.errors import NotAccepted
from footfall.governance import verify as verify_chains
from footfall.judgement.agents import _rules as lists_version
from footfall.judgement.rules import as_json, digest_of, general_digest, judge_by_own_rules, read_rules
from footfall.operations import rules
from footfall.operations.proof.rebuild import Wanted, verify
from site_under_test import BOT, HUMAN, Site, view

PROBE = HUMAN + " AcmeProbe/1.0"
MARCH = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
OWN = {
    "internal": [{"name": "Office", "host": "*acme.example", "parameter": "audience=staff"}],
    "bots": [{"name": "Probe", "agent": "acmeprobe/"}],
    "behaviour": {"views_per_minute": 5, "views_without_engagement": 8},
    "campaigns": [{"utm_medium": "blast*", "channel": "Email"}, {"utm_source": "crew", "source": "The crew"}],
    "sources": [{"host": "*partner.example", "source": "Partner", "channel": "Affiliates"}],
    "pages": [{"path": "/docs/*", "category": "documentation", "type": "content"}],
}
# what one visit is, as it is sent, and what those rules make of it
VISITS: dict[str, tuple[dict[str, Any], dict[str, str | None]]] = {
    "a reader": ({}, {}),
    "a crawler": ({"_user_agent": BOT}, {}),
    "a probe": ({"_user_agent": PROBE}, {"traffic": "bot"}),
    "somebody of the office": ({"page_url": "https://www.acme.example/?Audience=Staff"}, {"traffic": "internal"}),
    "a probe of the office": (
        {"page_url": "https://x.acme.example/?audience=staff", "_user_agent": PROBE},
        {"traffic": "internal"},
    ),
    "from a partner": ({"page_referrer": "https://www.shop.partner.example/x"}, {"channel": "Affiliates", "source": "Partner"}),
    "from a partner's campaign": (
        {"page_referrer": "https://partner.example/", "page_url": "https://acme.example/?utm_medium=Blast-7"},
        {"channel": "Email"},
    ),
    "from the crew": ({"page_url": "https://acme.example/?utm_source=Crew"}, {"source": "The crew"}),
    "in the docs": ({"page_url": "https://acme.example/docs/start"}, {}),
}


def sent(kind: str, number: int, views: int = 1, gap: float = 1, base: float = 0) -> list[dict[str, Any]]:
    """A visit of that kind: views so many minutes apart."""
    first = view("/", base, session_id=f"s-{number}", event_id=f"e-{number}-0") | VISITS[kind][0]
    agent = {"_user_agent": first.get("_user_agent", HUMAN)}
    rest = [view(f"/p{n}", base + n * gap, session_id=f"s-{number}", event_id=f"e-{number}-{n}") | agent for n in range(1, views)]
    return [first, *rest]


def marts(site: Site) -> dict[str, Any]:
    """All that reports read, to the value."""
    return {name: site.table(f"business.{name}") for name in ("event_b", "visit_b", "rollup_b")}


def details(site: Site) -> list[str]:
    """What is computed of visits, pages, items and visitors, as it stands."""
    return [
        row
        for name in ("site_session_details_s", "site_page_details_s", "business_item_details_s", "site_visitor_details_s")
        for (row,) in site.rows(
            f"SELECT (to_jsonb(t) - 'load_date')::text FROM business.{name} t"
            " WHERE load_end_date IS NULL AND tenant_hk = %s ORDER BY 1",
            site.tenant_hk,
        )
    ]


def apply(site: Site, document: dict[str, Any] = OWN, why: str = "") -> rules.Applied:
    done = rules.apply(site.connection, site.tenant_hk, read_rules(document), why)
    site.settle()
    return done


def revert(site: Site) -> rules.Applied:
    done = rules.revert(site.connection, site.tenant_hk)
    site.settle()
    return done


def counted(changes: Sequence[rules.Change]) -> list[tuple[Any, ...]]:
    return [(one.aspect, one.was, one.becomes, one.what, one.count, one.events) for one in changes]


@pytest.fixture
def visited(site: Site) -> Site:
    """Two visits of each kind, of two views each; one that hurries, and one that goes on and on."""
    for number, kind in enumerate([*VISITS, *VISITS]):
        site.land(*sent(kind, number, views=2, base=number))
    site.land(*sent("a reader", 90, views=7, gap=0.1), *sent("a reader", 91, views=10, gap=3))
    site.settle()
    return site


def test_preview_says_what_apply_then_does(visited: Site) -> None:
    before = marts(visited)
    told = rules.preview(visited.connection, visited.tenant_hk, read_rules(OWN))
    assert marts(visited) == before
    assert not visited.value("SELECT count(*) FROM ref.rule_set")
    done = apply(visited)
    assert counted(told) == counted(done.changes)
    assert {*counted(told)} >= {
        ("channel", "Referral", "Affiliates", "visits", 2, 4),
        ("page category", "articles", "documentation", "pages", 1, 0),
        ("source", "shop.partner.example", "Partner", "visits", 2, 4),
        ("source", "crew", "The crew", "visits", 2, 4),
        ("traffic", "human", "bot", "visits", 4, 21),
        ("traffic", "human", "internal", "visits", 4, 8),
    }
    assert all(one.example for one in told)
    assert visited.failing_checks() == []


def test_of_the_last_days_it_says_what_is_of_them(visited: Site) -> None:
    assert rules.preview(visited.connection, visited.tenant_hk, read_rules(OWN | {"pages": []}), days=1) == []


def test_reports_say_what_the_rules_make_of_every_visit(visited: Site) -> None:
    """Counted once more by hand."""
    apply(visited)
    kinds = [*VISITS, *VISITS, "a reader", "a reader"]
    views = [2] * (2 * len(VISITS)) + [7, 10]
    bots = {
        number for number, kind in enumerate(kinds) if kind == "a crawler" or "traffic" in VISITS[kind][1] or views[number] > 2
    }
    people = [number for number in range(len(kinds)) if number not in bots]
    metrics = visited.ask("overview", **MARCH)["data"]["metrics"]
    assert metrics["visits"] == len(people)
    assert metrics["page_views"] == sum(views[number] for number in people)
    channels = {row["value"]: row["visits"] for row in visited.ask("breakdown", **MARCH, dimension="channel")["data"]["rows"]}
    assert (channels["Affiliates"], channels["Email"]) == (2, 2)
    found = {(row["kind"], row["bot"]): row["events"] for row in visited.ask("bots", **MARCH)["data"]["rows"]}
    assert found["own", "Probe"] == 4
    assert found["internal", "Office"] == 8
    assert (found["own", "views_per_minute"], found["own", "views_without_engagement"]) == (7, 10)


def test_what_was_asked_before_has_the_answer_of_before(visited: Site) -> None:
    then = visited.value("SELECT max(load_date) FROM raw.load_batch")
    questions = [("overview", {}), ("breakdown", {"dimension": "channel"}), ("bots", {})]
    before = [visited.ask(report, **MARCH, **keys)["data"] for report, keys in questions]
    apply(visited)
    now = visited.value("SELECT max(load_date) FROM raw.load_batch")
    after = [visited.ask(report, **MARCH, **keys)["data"] for report, keys in questions]
    for said in (before, after):
        for one in said:
            one.pop("metadata", None), one.pop("query", None)

    def as_of(moment: Any) -> list[Any]:
        said = [visited.ask(report, **MARCH, **keys, asOf=moment.isoformat())["data"] for report, keys in questions]
        for one in said:
            one.pop("metadata", None), one.pop("query", None)
        return said

    assert before != after
    assert (as_of(then), as_of(now)) == (before, after)
    revert(visited)
    assert (as_of(then), as_of(now)) == (before, after)
    by_sql = "SELECT count(*) FROM business.site_session_judgement_as_of(%s) WHERE traffic_class = 'internal'"
    assert [visited.value(by_sql, moment) for moment in (then, now)] == [0, 4]
    page = "SELECT page_category FROM business.site_page_details_as_of(%s) WHERE page_url = 'acme.example/docs/start'"
    assert [visited.value(page, moment) for moment in (then, now)] == ["articles", "documentation"]


def test_taken_back_everything_is_what_it_was(visited: Site) -> None:
    before = marts(visited), details(visited)
    apply(visited)
    assert (marts(visited), details(visited)) != before
    done = revert(visited)
    assert (marts(visited), details(visited)) == before
    assert visited.failing_checks() == []
    assert (done.version, done.digest) == (2, digest_of(read_rules({})))


def test_sets_are_taken_back_one_after_the_other(visited: Site) -> None:
    states = [marts(visited)]
    for document in ({"bots": OWN["bots"]}, {"sources": OWN["sources"]}, OWN):
        apply(visited, document)
        states.append(marts(visited))
    for state in reversed(states[:-1]):
        revert(visited)
        assert marts(visited) == state
    with pytest.raises(NotAccepted) as refused:
        rules.revert(visited.connection, visited.tenant_hk)
    assert refused.value.code == "rules_none"


examples = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
traffic = st.lists(
    st.tuples(
        st.sampled_from(sorted(VISITS)),
        st.sampled_from([None, None, "v_1", "v_2"]),
        st.integers(1, 10),
        st.sampled_from([0.1, 2, 29, 31]),
        st.integers(0, 60),
    ),
    min_size=2,
    max_size=6,
)
some_rules = st.fixed_dictionaries({}, optional={kind: st.just(said) for kind, said in OWN.items()}).map(
    lambda document: document | {"since": "2026-01-01"}
)


def told(site: Site, story: list[tuple[str, str | None, int, float, int]]) -> list[dict[str, Any]]:
    """Visits with an id, and half hours of visitors without one, which join."""
    events = []
    for number, (kind, visitor, views, gap, base) in enumerate(story):
        for event in sent(kind, number, views, gap, base):
            without_id = {key: value for key, value in event.items() if key != "session_id"} | {"_visitor_id": visitor}
            events.append(event if visitor is None else without_id)
    return events


@examples
@given(story=traffic, document=some_rules, cut=st.integers(1, 20), order=st.randoms(use_true_random=False))
def test_it_is_the_same_whether_rules_or_events_come_first(module_url: str, story, document, cut, order) -> None:
    """Judged when it is loaded, load by load, and judged afterwards; and taken back it is as if there had never been rules."""
    with connect(module_url, "footfall_worker") as connection:
        early, late = Site.another(connection), Site.another(connection)
        events = told(early, story)
        order.shuffle(events)
        if document != {"since": "2026-01-01"}:
            apply(early, document)
        for first in range(0, len(events), cut):
            early.land(*events[first : first + cut])
            early.load()
        early.settle()
        late.land(*events)
        late.settle()
        before = marts(late), details(late)
        if document != {"since": "2026-01-01"}:
            apply(late, document)
        assert comparable(early) == comparable(late)
        if document != {"since": "2026-01-01"}:
            revert(late)
        assert (marts(late), details(late)) == before
        assert late.failing_checks() == []


def comparable(site: Site) -> list[Any]:
    """What a site's marts say, by names instead of keys."""
    query = (
        "SELECT n.site_event_bk, e.is_bot, s.site_session_bk, v.day::text, v.events, v.page_views, v.source, v.channel_name,"
        " v.bot_kind, v.bot_name, v.is_bounce, v.duration_seconds"
        " FROM business.event_b e JOIN business.site_event_h n USING (site_event_hk)"
        " JOIN business.visit_b v ON v.site_session_hk = e.site_session_hk AND v.day = e.day"
        " JOIN business.site_session_h s ON s.site_session_hk = e.site_session_hk WHERE e.tenant_hk = %s ORDER BY 1"
    )
    rollups = (
        "SELECT day::text, dimension, value, events, visits, page_views FROM business.rollup_b"
        " WHERE tenant_hk = %s AND value !~ '^[0-9a-f]{40}$' ORDER BY 1, 2, 3"  # no keys: those are each tenant's own
    )
    return [*site.rows(query, site.tenant_hk), *site.rows(rollups, site.tenant_hk)]


def test_a_visit_becomes_a_bot_s_when_a_later_load_shows_it(site: Site) -> None:
    apply(site)
    events = sent("a reader", 1, views=7, gap=0.1)
    site.land(*events[:5])
    site.settle()
    assert site.ask("overview", **MARCH)["data"]["metrics"]["page_views"] == 5
    site.land(*events[5:])
    site.settle()
    assert site.ask("overview", **MARCH)["data"]["metrics"]["page_views"] == 0
    assert site.failing_checks() == []


def test_a_load_under_way_is_waited_for_and_judged(url: str, site: Site) -> None:
    """Neither a gap nor twice: what is loaded when rules are put in force is judged by them, like what comes after."""
    site.land(*sent("a probe", 1))
    done: list[rules.Applied] = []

    def put_in_force() -> None:
        with connect(url, "footfall_worker") as another:
            done.append(rules.apply(another, site.tenant_hk, read_rules(OWN)))

    with site.connection.transaction():
        batches = site.value("SELECT business.claim_batches(100)")
        site.connection.execute("SELECT business.prepare_load(%s)", (batches,))
        judge_by_own_rules(site.connection)
        waiting = threading.Thread(target=put_in_force)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        site.connection.execute("SELECT count(*) FROM business.load_prepared(%s)", (batches,))
    waiting.join()
    site.land(*sent("a probe", 2))
    site.settle()
    assert counted(done[0].changes) == [("bot", None, "Probe", "visits", 1, 1), ("traffic", "human", "bot", "visits", 1, 1)]
    assert [row["events"] for row in site.ask("bots", **MARCH)["data"]["rows"]] == [2]


def test_who_puts_rules_in_force_during_a_preview_waits_and_lets_loads_go_on(url: str, visited: Site) -> None:
    apply(visited)

    def put_in_force() -> None:
        with connect(url, "footfall_worker") as another:
            rules.apply(another, visited.tenant_hk, read_rules({"behaviour": {"views_per_minute": 9}}))

    with connect(url, "footfall_worker") as looking, looking.transaction(force_rollback=True):
        # what a preview holds until it has counted
        looking.execute("UPDATE ref.rule_set SET in_force_until = now() WHERE tenant_hk = %s", (visited.tenant_hk,))
        waiting = threading.Thread(target=put_in_force)
        waiting.start()
        waiting.join(0.5)
        visited.land(view("/meanwhile", 7, session_id="meanwhile"))
        visited.connection.execute("SET lock_timeout = '5s'")
        assert visited.load() == 1
        assert waiting.is_alive()
    waiting.join()
    assert rules.rules_in_force(visited.connection, visited.tenant_hk) == read_rules({"behaviour": {"views_per_minute": 9}})


def test_what_an_interruption_leaves_is_judged_by_the_next_attempt(visited: Site, monkeypatch) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(rules, "_slices", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rules.apply(visited.connection, visited.tenant_hk, read_rules(OWN))
    monkeypatch.undo()
    assert rules.versions(visited.connection, visited.tenant_hk)[0].receipt is None
    done = rules.judge_again(visited.connection, visited.tenant_hk)
    assert ("traffic", "human", "internal", "visits", 4, 8) in counted(done.changes)
    assert rules.judge_again(visited.connection, visited.tenant_hk).changes == ()


def test_visits_that_began_before_the_rules_do_are_left(visited: Site) -> None:
    assert apply(visited, OWN | {"since": "2026-03-11", "pages": []}).changes == ()


def test_rules_of_one_tenant_change_nothing_of_another(visited: Site) -> None:
    other = Site(visited.connection, "other")
    for number, kind in enumerate(VISITS):
        other.land(*sent(kind, number, views=2, base=number))
    other.settle()
    before = marts(other), details(other)
    apply(visited)
    other.land(*sent("a probe", 50))
    other.settle()
    visited.land(*sent("a probe", 51))
    visited.settle()
    assert [row for row in other.table("business.event_b") if row in before[0]["event_b"]] == before[0]["event_b"]
    assert other.table("business.site_session_judgement_s") == []
    assert (
        other.value("SELECT count(*) FROM business.event_b WHERE tenant_hk = %s AND is_bot", other.tenant_hk) == 2
    )  # the crawler's


def test_a_rebuild_comes_to_the_same_whatever_was_applied_and_taken_back(url: str, site: Site) -> None:  # T03
    visits = [event for number, kind in enumerate(VISITS) for event in sent(kind, number, views=3, gap=0.2, base=number * 40)]
    site.land(*visits[::2])
    site.settle()
    apply(site)
    site.land(*visits[1::2])
    site.load()
    site.close()
    apply(site, {"behaviour": {"views_per_minute": 2}, "pages": OWN["pages"]})
    site.land(*sent("a probe", 60), *sent("from a partner", 61, base=300))
    site.settle()
    revert(site)
    site.land(*sent("a probe", 62, views=3, base=600))
    site.load()
    done = verify(Store(url), Wanted())
    assert done.is_proved, (done.failures, done.differences, done.limits)
    assert done.limits == ()


OFFICE = {"networks": [{"name": "Office", "range": "203.0.113.0/24"}]}


def test_visits_from_a_network_of_ones_own_are_internal_as_long_as_a_rule_is_called_so(url: str, site: Site) -> None:
    for number, network in enumerate((None, "Office", "Lab")):
        site.land(*(event | {"_own_network": network} for event in sent("a reader", number, views=2, base=number)))
    # a visit is where it began
    site.land(*sent("a reader", 3), view("/p", 9, session_id="s-3", event_id="late", _own_network="Office"))
    site.settle()
    before = marts(site), details(site)
    told = rules.preview(site.connection, site.tenant_hk, read_rules(OFFICE))
    done = apply(site, OFFICE)
    assert (
        counted(told)
        == counted(done.changes)
        == [
            ("bot", None, "Office", "visits", 1, 2),
            ("traffic", "human", "internal", "visits", 1, 2),
        ]
    )
    site.land(*(event | {"_own_network": "Office"} for event in sent("a reader", 4, base=30)))
    site.settle()
    assert site.ask("bots", **MARCH)["data"]["rows"][0]["events"] == 3
    assert site.failing_checks() == []
    renamed = {"networks": [{"name": "Lab", "range": "203.0.113.0/24"}]}
    assert ("traffic", "human", "internal", "visits", 1, 2) in counted(apply(site, renamed).changes)
    done = verify(Store(url), Wanted())
    assert done.is_proved, (done.failures, done.differences, done.limits)
    revert(site)
    revert(site)
    business = [row for row in site.table("business.event_b") if row in before[0]["event_b"]]
    assert business == before[0]["event_b"]
    assert site.value("SELECT count(*) FROM business.event_b WHERE is_bot") == 0


def test_the_general_rules_are_a_set_of_their_own_and_another_one_after_an_update(site: Site, monkeypatch) -> None:
    assert [rules.note_general_set(site.connection) for _ in range(2)] == [True, False]
    apply(site)
    monkeypatch.setattr(rules, "general_digest", lambda: "another")
    assert rules.note_general_set(site.connection)
    last, first = rules.versions(site.connection, OF_NO_TENANT)
    assert (first.version, first.made_by, first.digest, first.until) == (1, "footfall", general_digest(), last.since)
    assert (last.version, last.digest, last.until) == (2, "another", None)
    assert last.reason.startswith("Footfall ")
    site.land(*sent("a probe", 1))
    site.settle()
    # whatever a row of the store is judged by can be looked up
    looked_up = (
        "SELECT o.rules ? 'bots', g.version FROM business.site_session_judgement_s j"
        " JOIN ref.rule_set o ON o.tenant_hk = j.tenant_hk AND o.version = j.rule_set"
        " JOIN ref.rule_set g ON g.tenant_hk = '\\x' AND g.in_force_from <= j.load_date"
        "  AND (g.in_force_until IS NULL OR g.in_force_until > j.load_date)"
    )
    assert site.rows(looked_up) == [(True, 2)]


@pytest.fixture
def misjudged(site: Site, owner: Connection) -> Site:
    """What was loaded when the lists knew neither a crawler nor an assistant."""
    owner.execute("UPDATE ref.origin SET kind = NULL, source = host WHERE host = 'chatgpt.com'")
    owner.execute(
        "INSERT INTO ref.user_agent (user_agent_hash, traffic_class, parser_version)"
        " VALUES (staging.agent_key(%s, ''), 'human', %s)",
        (BOT, lists_version()),
    )
    for number in range(2):
        site.land(*sent("a crawler", number, views=2), *sent("a reader", number + 10))
        site.land(view("/", 5, session_id=f"a-{number}", event_id=f"a-{number}", page_referrer="https://chatgpt.com/"))
    site.land(view("/?ref=x", 5, session_id="r", event_id="r", page_referrer="https://chatgpt.com/"))
    site.settle()
    return site


def test_history_is_judged_by_better_lists(url: str, misjudged: Site) -> None:
    site, before = misjudged, marts(misjudged)
    then = site.value("SELECT max(load_date) FROM raw.load_batch")
    told = rules.preview(site.connection, site.tenant_hk, read_rules({}), lists=True)
    done = rules.apply(site.connection, site.tenant_hk, read_rules({}), lists=True)
    assert counted(told) == counted(done.changes)
    assert {*counted(told)} >= {
        ("traffic", "human", "bot", "visits", 2, 4),
        ("channel", "Referral", "AI", "visits", 2, 2),
        ("source", "chatgpt.com", "chatgpt", "visits", 2, 2),
    }
    apply(site, {"pages": OWN["pages"]})  # by the same lists
    assert site.ask("overview", **MARCH)["data"]["metrics"]["page_views"] == 5
    assert site.ask("overview", **MARCH, asOf=then.isoformat())["data"]["metrics"]["page_views"] == 9
    assert site.failing_checks() == []
    site.land(*sent("a probe", 70))
    site.settle()
    assert verify(Store(url), Wanted()).is_proved
    revert(site)
    assert site.ask("overview", **MARCH)["data"]["metrics"]["page_views"] == 6
    revert(site)
    assert verify(Store(url), Wanted()).is_proved
    assert [row for row in site.table("business.event_b") if row in before["event_b"]] == before["event_b"]


def test_a_judgement_changed_by_hand_is_found(url: str, visited: Site, owner: Connection) -> None:
    apply(visited)
    for change in (
        "UPDATE business.site_session_judgement_s SET source = 'forged'",
        "UPDATE business.site_page_judgement_s SET page_type = 'forged'",
    ):
        assert owner.execute(change).rowcount
    tables = {found.place.table for found in verify(Store(url), Wanted()).differences}
    assert tables == {"business.site_session_judgement_s", "business.site_page_judgement_s"}


def test_who_did_it_is_told_and_kept(visited: Site) -> None:
    apply(visited, why="the check is no visitor")
    revert(visited)
    told = visited.rows("SELECT action, subject FROM auth.audit_event WHERE action LIKE 'rules.%%' ORDER BY seq")
    assert told == [("rules.applied", "1"), ("rules.reverted", "2")]
    assert verify_chains(visited.connection)[1] == []
    last, first = rules.versions(visited.connection, visited.tenant_hk)
    assert (first.reason, last.reverts, last.until) == ("the check is no visitor", 1, None)
    assert {"aspect": "traffic", "was": "human", "becomes": "internal", "visits": 4, "events": 8} in first.receipt


def test_a_reader_sees_no_rules(url: str, visited: Site) -> None:
    apply(visited)
    with connect(url, "footfall_reader") as reader:
        for table in ("ref.rule_set", "ref.rule_match"):
            with pytest.raises(InsufficientPrivilege):
                reader.execute(f"SELECT FROM {table}")
        assert reader.execute("SELECT count(*) FROM business.site_session_judgement_s").fetchone() == (0,)
        reader.execute("SELECT set_config('app.tenant_hk', %s, false)", (visited.tenant_hk.hex(),))
        assert reader.execute("SELECT count(*) FROM business.site_session_judgement_s").fetchone()[0] > 0
        for change in ("judge_pages_again(''::bytea)", "judge_visits_again('', '', '')"):
            with pytest.raises(InsufficientPrivilege):
                reader.execute(f"SELECT business.{change}")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        '{"bots": [{"name": "x"}]}',
        '{"bots": [{"name": " ", "agent": "x"}]}',
        '{"robots": []}',
        '{"behaviour": {"views_per_minute": 0}}',
        '{"sources": [{"host": "x.example", "channel": "Post"}]}',
        '{"sources": [{"host": "x.example"}]}',
        '{"campaigns": [{"channel": "Email"}]}',
        '{"internal": [{"name": "Office"}]}',
        '{"pages": [{"path": "/"}]}',
        '{"since": "soon"}',
        '{"networks": [{"name": "Office", "range": "203.0.113.7/24"}]}',
        '{"networks": [{"name": "Office", "range": "203.0.113.0/255.255.255.0"}]}',
        '{"networks": [{"name": "Office", "range": "fe80::1%eth0"}]}',
        '{"bots": [{"name": "x\\u0000", "agent": "x"}]}',
        '{"bots": [{"name": "x", "agent": "\\ud800"}]}',
        "[" * 100_000,
    ],
)
def test_what_are_no_rules_is_refused(document: str) -> None:
    with pytest.raises(NotAccepted) as refused:
        read_rules(document)
    assert refused.value.code == "rules_invalid"


def test_rules_that_are_in_force_already_are_told(site: Site) -> None:
    apply(site)
    with pytest.raises(NotAccepted) as refused:
        apply(site)
    assert refused.value.code == "rules_unchanged"
    assert as_json(rules.rules_in_force(site.connection, site.tenant_hk)) == as_json(read_rules(OWN))
