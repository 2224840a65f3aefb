"""Every report against a brute-force oracle in plain Python, over generated traffic; and what was said then, and built anew."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import reports_oracle as oracle
from api.reports_oracle import MEASURED, METRICS, OF_CLOSED_VISITS, OF_VISITS, Condition, Event, Filter, Question, understood
from footfall import api
from footfall.database import connect
from site_under_test import BOT, HUMAN, Site, at

# the noon around which things happen: clocks change soon after in most, in Beirut at midnight, in Lord Howe by half an hour
PLACES = [
    ("UTC", "2026-03-28T12:00+00:00"),
    ("Europe/Berlin", "2026-03-28T11:00+00:00"),
    ("Europe/Berlin", "2025-10-25T10:00+00:00"),
    ("America/New_York", "2026-03-07T17:00+00:00"),
    ("America/St_Johns", "2025-11-01T14:30+00:00"),
    ("Asia/Kolkata", "2026-02-27T06:30+00:00"),
    ("Asia/Beirut", "2026-03-28T10:00+00:00"),
    ("Australia/Lord_Howe", "2026-04-04T01:00+00:00"),
    ("Australia/Lord_Howe", "2025-10-04T01:30+00:00"),
    ("Pacific/Apia", "2026-03-27T23:00+00:00"),
]
NOONS_AND_MIDNIGHTS = [0, 0, 12, 12, 36, 60, 84, 8.5 * 24, 33.5 * 24]  # in hours from that noon
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.0 Mobile/15E148 Safari/604.1"
)
WORDS = "utm_content=banner&utm_term=red+shoes"
CAMPAIGN = "Spring 50%_a,b|c;d\\e"
# what is sent, and the source and channel that it means
ARRIVALS = {
    None: ("direct", "Direct"),
    "newsletter": ("newsletter", "Email"),
    "campaign": ("newsletter", "Email"),
    "https://www.google.com/": ("google", "Organic Search"),
    "https://chatgpt.com/": ("chatgpt", "AI"),
}
COUNTRIES = {None: None, "Europe/Berlin": "DE", "Asia/Kolkata": "IN"}
PAGES = ["acme.example/", "acme.example/a", "acme.example/a", "acme.example/b", "shop.example/a", None]
ACTIONS = {
    "page_view": ["view"],
    "item_interaction": ["view", "view", "click"],
    "transaction_step": ["start", "progress", "complete", "complete", "complete", "refund"],
    "contact_interaction": ["submit", "click", "view"],
    "engagement": ["attention", "attention", "web_vitals", "web_vitals", "not_found"],
}
VALUES = {
    "source": ["direct", "newsletter", "google", "chatgpt"],
    # what filters of before say of a channel is its group
    "channel": ["Direct", "Email", "Organic Search", "AI", "direct", "search"],
    "channel_group": ["direct", "email", "search", "ai"],
    "utm_campaign": [CAMPAIGN, "Spring"],
    "utm_content": ["banner"],
    "utm_term": ["red shoes", "red"],
    "device": ["desktop", "mobile"],
    "country": ["DE", "IN"],
    "entry_page": ["acme.example/", "acme.example/a", "/a", "/"],
    "exit_page": ["acme.example/a", "shop.example/a", "/a", "/b"],
    "page": ["acme.example/", "acme.example/a", "/a", "/b", "shop.example/a"],
    "host": ["acme.example", "shop.example"],
    "event_type": list(ACTIONS),
    "event_action": ["view", "click", "complete", "start"],
    "item": ["item:a", "item:b", "b", "c"],
    "item_type": ["item"],
    "funnel_step": ["checkout_step:start", "checkout_step:complete"],
    "property:plan": ["pro", "free"],
}
FRAGMENTS = {
    "utm_campaign": ["spring", "50%", "0%_A,", "5_", "\\E"],
    "page": ["/", "/A", "acme"],
    "entry_page": ["/a", "SHOP"],
    "exit_page": ["/b", "ACME"],
    "event_type": ["action", "PAGE"],
    "item": ["item", ":a", "B"],
}
# values at the thresholds of web.dev, and around them
TOLD = {
    "lcp": st.sampled_from([900, 2500, 2501, 4000, 4001]),
    "inp": st.sampled_from([0, 200, 201, 500, 501]),
    "cls": st.sampled_from([0, 0.1, 0.101, 0.25, 0.251]),
    "fcp": st.sampled_from([1800, 3000, 3001]),
    "ttfb": st.sampled_from([120, 800, 1801]),
}
LATER = "2999-01-01T00:00:00Z"

checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
WHICH = st.sampled_from([0.0, 0.0, 0.4, 0.7, 1.0])  # of a report's figures, from the first to the last
examples = settings(max_examples=7, deadline=None, suppress_health_check=checks)


@dataclass
class Story:
    """Traffic, and how it comes in."""

    zone: str
    noon: datetime
    traffic: list[dict]
    order: Any
    cut: int
    rolled: str
    left_open: bool


@st.composite
def hits(draw) -> dict:
    """One event as a generator of traffic sees it: small alphabets, so that things meet."""
    kind = draw(
        st.sampled_from(
            ["page_view"] * 5 + ["item_interaction"] * 2 + ["transaction_step"] * 3 + ["contact_interaction"] + ["engagement"] * 4
        )
    )
    return {
        "kind": kind,
        "action": draw(st.sampled_from(ACTIONS[kind])),
        "minutes": round(draw(st.sampled_from(NOONS_AND_MIDNIGHTS)) * 60 + draw(st.floats(-90, 90)), 2),
        "visitor": draw(st.sampled_from(["v_1", "v_1", "v_2", "v_3", None])),
        "session": draw(st.sampled_from([None, None, "s-1", "s-2"])),
        "page": draw(st.sampled_from(PAGES)),
        "arrival": draw(st.sampled_from([None, None, *ARRIVALS])),
        "phone": draw(st.booleans()),
        "clock": draw(st.sampled_from([None, *COUNTRIES])),
        "item": draw(st.sampled_from(["a", "b", "c", *[None] * (kind != "item_interaction")])) if kind != "page_view" else None,
        "value": draw(st.sampled_from([0, 5, 19.9, -5])),
        "currency": draw(st.sampled_from([None, "EUR"])),
        "transaction": draw(st.sampled_from([None, None, "o-1", "o-2"])),
        "funnel": draw(st.sampled_from(["checkout", "checkout", "offer"])),
        "plan": draw(st.sampled_from([None, "pro", "free"])),
        "seats": draw(st.sampled_from([None, None, 1, 2, 3])),
        "attention": draw(st.tuples(st.integers(0, 90), st.integers(0, 100))),
        "vitals": draw(st.fixed_dictionaries({}, optional=TOLD)),
        "bot": draw(st.integers(0, 11)) == 0,
        "times": draw(st.sampled_from([1, 1, 1, 2])),
    }


@st.composite
def stories(draw) -> Story:
    """Traffic with all that happens to it on its way in."""
    zone, noon = draw(st.sampled_from(PLACES))
    sizes = draw(st.sampled_from([(0, 3), (10, 25), (25, 45), (25, 45)]))
    return Story(
        zone=zone,
        noon=datetime.fromisoformat(noon),
        traffic=draw(st.lists(hits(), min_size=sizes[0], max_size=sizes[1], unique_by=lambda hit: hit["minutes"])),
        order=draw(st.randoms(use_true_random=False)),
        cut=draw(st.sampled_from([8, 25, 60])),
        rolled=draw(st.sampled_from(["never", "always", "in the end", "by the hour"])),
        left_open=draw(st.integers(0, 3)) == 0,
    )


@st.composite
def conditions(draw) -> Condition:
    operator = draw(st.sampled_from(["==", "==", "!=", "=~", "!~"]))
    if operator in {"==", "!="}:
        dimension = draw(st.sampled_from(list(VALUES)))
        values = VALUES[dimension]
        if draw(st.integers(0, 5)) == 0:
            return Condition(dimension, operator, ("",))
    else:
        dimension = draw(st.sampled_from(list(FRAGMENTS)))
        values = FRAGMENTS[dimension]
    return Condition(dimension, operator, tuple(draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True))))


def filters(least: int = 0) -> st.SearchStrategy[Filter]:
    group = st.lists(conditions(), min_size=1, max_size=2).map(tuple)
    return st.lists(group, min_size=least, max_size=2).map(lambda groups: Filter(tuple(groups)))


@st.composite
def questions(draw) -> dict:
    """What is asked of any report; days are counted from the one around which things happen."""
    return {
        "first": draw(st.sampled_from([-3, -1, 0, 0, 1, 2, 8])),
        "days": draw(st.sampled_from([0, 1, 2, 3, 3, 12, 40])),
        "filter": draw(st.one_of(st.just(Filter()), filters(1), conditions().map(lambda condition: Filter(((condition,),))))),
        "bots": draw(st.integers(0, 4)) == 0,
    }


# what many events meet, so that some go all the way
COMMON = [Filter(((Condition("event_type", operator, ("page_view",)),),)) for operator in ("==", "!=")]


def asked(**more: st.SearchStrategy) -> st.SearchStrategy[list[tuple[dict, dict]]]:
    """Several questions, each with what one report asks besides."""
    return st.lists(st.tuples(questions(), st.fixed_dictionaries(more)), min_size=4, max_size=6)


class Told:
    """A site that a story was told to, and the same events as the oracle sees them."""

    def __init__(self, site: Site, story: Story) -> None:
        self.site = site
        self.story = story
        sent = [number for number, hit in enumerate(story.traffic) for _ in range(hit["times"])]
        story.order.shuffle(sent)
        self.rounds = [sent[begin : begin + story.cut] for begin in range(0, len(sent), story.cut)]
        self.loaded: list[int] = []
        self.fresh: set[int] = set()

    def tell(self, numbers: list[int], *, close: bool = True) -> None:
        """Events come in, are loaded, and what is over is closed."""
        self.site.land(*(as_sent(number, self.story) for number in numbers))
        self.site.load()
        self.fresh |= set(numbers) - set(self.loaded)
        self.loaded += numbers
        if close:
            self.site.close()
            self.fresh = set()

    def tell_all(self) -> None:
        for number, chunk in enumerate(self.rounds, start=1):
            is_last = number == len(self.rounds)
            # a visit that a late event opened again is not asked about: until it is closed it has its former details
            self.tell(chunk, close=not (self.story.left_open and len(self.rounds) == 1))
            if self.story.rolled == "always" or (self.story.rolled == "in the end" and is_last):
                self.site.roll_up()
            if self.story.rolled == "by the hour":
                self.site.divide()
                self.site.roll_up_hours(1)

    def latest(self) -> str:
        """The last load date."""
        return self.site.value("SELECT max(load_date) FROM raw.load_batch").isoformat()

    @property
    def events(self) -> list[Event]:
        return understood([as_event(number, self.story, is_fresh=number in self.fresh) for number in self.loaded])

    def question(self, asked: dict) -> Question:
        first = self.story.noon.astimezone(ZoneInfo(self.story.zone)).date() + timedelta(days=asked["first"])
        return Question(first, first + timedelta(days=asked["days"]), self.story.zone, asked["filter"], asked["bots"])

    def answers(self, report: str, question: Question, **keys: Any) -> dict[str, Any]:
        """What a report says, from the marts; and that the vault says the same."""
        said = self.answers_as_of(None, report, question, **keys)
        assert said == self.answers_as_of(LATER, report, question, **keys)
        return said

    def answers_as_of(self, moment: str | None, report: str, question: Question, **keys: Any) -> dict[str, Any]:
        request = {
            "tenantId": self.site.tenant_id,
            "dateFrom": question.first.isoformat(),
            "dateTo": question.last.isoformat(),
            "filter": str(question.filter),
            "includeBots": question.bots,
        }
        request |= keys if moment is None else keys | {"asOf": moment}
        reply = api.answer(self.site.connection, report, request)
        assert reply["success"], (reply, request)
        return {key: value for key, value in reply["data"].items() if key not in {"metadata", "query"}}


@contextmanager
def told(url: str, story: Story) -> Iterator[Told]:
    with connect(url, "footfall_worker") as connection:
        telling = Told(Site.another(connection, time_zone=story.zone), story)
        prepare(url, telling.site, story)
        telling.tell_all()
        yield telling


def prepare(url: str, site: Site, story: Story) -> None:
    """There is room for what is received; this tenant's contacts are worth 40."""
    with connect(url) as owner:
        owner.execute("SELECT util.ensure_partitions(%s)", (received(story),))
        owner.execute(
            "INSERT INTO ref.conversion_rule (tenant_hk, event_type, event_action, value, currency, valid_from)"
            " VALUES (%s, 'contact_interaction', 'submit', 40, 'USD', '2020-01-01')",
            (site.tenant_hk,),
        )


def received(story: Story) -> datetime:
    return story.noon + timedelta(days=40)


def as_sent(number: int, story: Story) -> dict:
    hit = story.traffic[number]
    campaign = {
        "newsletter": "?utm_source=newsletter&utm_medium=email",
        "campaign": f"?utm_source=newsletter&utm_medium=email&utm_campaign={quote(CAMPAIGN)}&{WORDS}",
    }
    sent = {
        "evt_type": hit["kind"],
        "evt_action": hit["action"],
        "evt_value": hit["value"],
        "currency": hit["currency"],
        "event_id": f"e-{number}",
        "event_timestamp": at(hit["minutes"], story.noon),
        "session_id": hit["session"],
        "page_url": hit["page"] and f"https://{hit['page']}{campaign.get(hit['arrival'], '')}",
        "page_referrer": hit["arrival"] if hit["arrival"] not in campaign else None,
        "timezone": hit["clock"],
        "properties": {key: hit[key] for key in ("plan", "seats") if hit[key]} or None,
        "_visitor_id": hit["visitor"],
        "_received": received(story),
        "_user_agent": BOT if hit["bot"] else PHONE if hit["phone"] else HUMAN,
    }
    if hit["kind"] == "engagement":
        sent |= {"attention": attention_of(hit), "web_vitals": {"properties": hit["vitals"]}}.get(hit["action"], {})
    if hit["item"]:
        sent |= {"item_id": hit["item"]}
    if hit["kind"] == "transaction_step":
        sent |= {"transaction_id": hit["transaction"], "funnel": hit["funnel"]}
    return {key: value for key, value in sent.items() if value is not None}


def attention_of(hit: dict) -> dict:
    seconds, depth = hit["attention"]
    return {"time_on_page": seconds, "scroll_depth": depth}


def as_event(number: int, story: Story, *, is_fresh: bool) -> Event:
    hit = story.traffic[number]
    is_step = hit["kind"] == "transaction_step"
    is_vitals = (hit["kind"], hit["action"]) == ("engagement", "web_vitals")
    is_contact = (hit["kind"], hit["action"]) == ("contact_interaction", "submit")
    is_refund = is_step and (hit["action"] == "refund" or hit["value"] < 0)
    # a campaign is a part of the page's address
    arrival = hit["arrival"] if hit["page"] or hit["arrival"] not in {"newsletter", "campaign"} else None
    source, channel = ARRIVALS[arrival]
    return Event(
        key=number,
        moment=datetime.fromisoformat(at(hit["minutes"], story.noon)),
        type=hit["kind"],
        action=hit["action"],
        session_id=hit["session"],
        visitor=hit["visitor"],
        page=hit["page"],
        item=hit["item"] and f"item:{hit['item']}",
        value=hit["value"],
        currency=hit["currency"] or "USD",
        transaction=hit["transaction"] if is_step else None,
        funnel=hit["funnel"] if is_step else None,
        is_bot=hit["bot"],
        source=source,
        channel=channel,
        campaign=CAMPAIGN if arrival == "campaign" else None,
        content="banner" if arrival == "campaign" else None,
        term="red shoes" if arrival == "campaign" else None,
        device=None if hit["bot"] else "mobile" if hit["phone"] else "desktop",
        country=COUNTRIES[hit["clock"]],
        plan=None if is_vitals else hit["plan"],
        seats=None if is_vitals else hit["seats"],
        attention=hit["attention"] if (hit["kind"], hit["action"]) == ("engagement", "attention") else None,
        vitals=hit["vitals"] or None if is_vitals else None,
        referrer=hit["arrival"] if hit["arrival"] not in {"newsletter", "campaign"} else None,
        is_conversion=is_contact or (is_step and hit["action"] == "complete" and not is_refund),
        conversion_value=40 if is_contact else -abs(hit["value"]) if is_refund else hit["value"],
        conversion_currency="USD" if is_contact else hit["currency"] or "USD",
        is_fresh=is_fresh,
    )


def rounded(answer: Any) -> Any:
    """Numbers as the reports round them, days as they write them."""
    if isinstance(answer, dict):
        return {key: rounded(value) for key, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [rounded(value) for value in answer]
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        return round(float(answer) + 1e-9, 2)
    if isinstance(answer, datetime):
        return answer.astimezone(UTC).isoformat()
    return answer.isoformat() if isinstance(answer, date) else answer


@examples
@given(story=stories(), asked=asked(compare=st.sampled_from([[], ["previous_period"]])))
def test_an_overview_is_what_plain_python_counts(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)
            said = site.answers("overview", question, **keys)
            comparison = said.pop("comparison", None)
            assert rounded(said) == rounded(oracle.overview(site.events, question))
            if keys["compare"]:
                before = site.question(what | {"first": what["first"] - what["days"] - 1})
                metrics = comparison["previous_period"]["metrics"]
                assert rounded(metrics) == rounded(oracle.overview(site.events, before)["metrics"])


@examples
@given(story=stories(), asked=asked(interval=st.sampled_from(["hour", "day", "day", "week", "month"])))
def test_a_timeseries_is_what_plain_python_counts(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)
            names = [name for name in METRICS if keys["interval"] != "hour" or name not in OF_CLOSED_VISITS]
            said = site.answers("timeseries", question, metrics=names, **keys)["buckets"]
            expected = oracle.timeseries(site.events, question, keys["interval"], names)
            if keys["interval"] == "hour":
                for one in said:
                    one["start"] = datetime.fromisoformat(one["start"])
                    assert one["start"].utcoffset() == one["start"].astimezone(ZoneInfo(story.zone)).utcoffset()
            assert rounded(said) == rounded(expected)


@examples
@given(
    story=stories(),
    asked=asked(
        dimension=st.sampled_from(list(VALUES)),
        sort=st.tuples(st.sampled_from(["", "-"]), st.sampled_from(METRICS)).map("".join),
        limit=st.sampled_from([2, 1000]),
        search=st.sampled_from(["", "", "A", "/a", "%"]),
    ),
)
def test_a_breakdown_is_what_plain_python_counts(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)
            expected = oracle.breakdown(site.events, question, keys["dimension"], METRICS, keys["sort"], keys["search"])
            said = site.answers("breakdown", question, metrics=METRICS, **keys)
            rows = said["rows"]
            assert len([row for row in rows if row["value"] is not None]) <= keys["limit"]
            while said["nextCursor"] is not None:
                said = site.answers("breakdown", question, metrics=METRICS, cursor=said["nextCursor"], **keys)
                rows += said["rows"]
            assert rounded(rows) == rounded(expected)
            if not keys["search"]:
                whole = site.answers("overview", question)["metrics"]
                assert sum(row["events"] for row in rows) == whole["events"]


@examples
@given(
    story=stories(),
    asked=asked(
        dimension=st.sampled_from(["page", *VALUES]),
        across=st.sampled_from(["page", *VALUES]),
        sort=st.tuples(st.sampled_from(["", "-"]), st.sampled_from(METRICS)).map("".join),
        limit=st.sampled_from([3, 1000]),
    ),
)
def test_a_matrix_is_what_plain_python_counts(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)
            dimensions = [keys["dimension"], keys["across"]]
            said: dict = {"nextCursor": 0}
            rows = []
            while said["nextCursor"] is not None:
                said = site.answers("breakdown", question, metrics=METRICS, cursor=said["nextCursor"], **keys)
                rows += said["rows"]
            assert rounded(rows) == rounded(oracle.matrix(site.events, question, dimensions, METRICS, keys["sort"]))


@settings(examples, max_examples=4)
@given(story=stories(), asked=asked(dimension=st.sampled_from(["page", *VALUES]), sort=st.sampled_from(["-lcp", "time_on_page"])))
def test_what_is_measured_is_what_plain_python_measures(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)

            def measured(belongs, question=question) -> dict:
                return rounded(oracle.measured(site.events, question, belongs))

            assert rounded(site.answers("overview", question, metrics=MEASURED)["metrics"]) == measured(lambda _: True)
            for bucket in site.answers("timeseries", question, metrics=MEASURED, interval="day")["buckets"]:
                day = date.fromisoformat(bucket.pop("start"))
                assert rounded(bucket) == measured(lambda event, day=day, question=question: question.day_of(event) == day)
            rows = site.answers("breakdown", question, metrics=MEASURED, limit=1000, **keys)["rows"]
            known = [row[keys["sort"].removeprefix("-")] for row in rows if row["value"] is not None]
            in_order = sorted((value for value in known if value is not None), reverse=keys["sort"].startswith("-"))
            assert known == in_order + [None] * (len(known) - len(in_order))
            for row in rows:
                of = (keys["dimension"], row.pop("value"))
                assert rounded(row) == measured(lambda event, of=of: oracle.value_of(event, of[0]) == of[1])


@examples
@given(
    story=stories(),
    asked=asked(),
    of_tenant=st.lists(
        st.tuples(st.sampled_from("ABCD"), filters(1), st.sampled_from([None, 2.5])), unique_by=lambda goal: goal[0]
    ),
)
def test_goals_are_what_plain_python_counts(module_url: str, story, asked, of_tenant) -> None:
    with told(module_url, story) as site:
        add_goals(module_url, site.site, of_tenant)
        for what, _ in asked:
            question = site.question(what)
            assert rounded(site.answers("goals", question)) == rounded(oracle.goals(site.events, question, of_tenant))
            for name, which, _ in of_tenant:
                meeting = site.question(what | {"filter": which})
                said = site.answers("overview", question, filter=f"goal=={name}")
                assert rounded(said) == rounded(oracle.overview(site.events, meeting))


def add_goals(url: str, site: Site, of_tenant: list[tuple[str, Filter, float | None]]) -> None:
    with connect(url) as owner:
        for name, which, value in of_tenant:
            row = (site.tenant_hk, name, str(which), value)
            owner.execute(
                "INSERT INTO ref.goal (tenant_hk, goal, filter, value, created_at) VALUES (%s, %s, %s, %s, '2020-01-01')", row
            )


@examples
@given(
    story=stories(),
    asked=asked(
        steps=st.lists(st.one_of(filters(1), st.sampled_from(COMMON)), min_size=2, max_size=4),
        order=st.sampled_from(["loose", "loose", "strict"]),
        window=st.sampled_from([1, 20, 90, 3000, 43200]),
        per=st.sampled_from(["visit", "visitor"]),
        dimension=st.sampled_from([None, *OF_VISITS, "page", "event_type", "item"]),
        which=WHICH,
        dropped=st.booleans(),
    ),
)
def test_a_funnel_is_what_plain_python_counts_and_each_figure_has_its_events(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)
            steps, dimension, which, dropped = (keys.pop(key) for key in ("steps", "dimension", "which", "dropped"))
            way = {
                "strict": keys["order"] == "strict",
                "window": timedelta(minutes=keys["window"]),
                "by_visitor": keys["per"] == "visitor",
            }
            expected = oracle.funnel(site.events, question, steps, **way, dimension=dimension)
            keys |= {"steps": [str(step) for step in steps]} | ({"dimension": dimension} if dimension else {})
            assert rounded(site.answers("funnel", question, limit=1000, **keys)) == rounded(expected)

            if dimension and not expected["groups"]:
                continue
            group = picked(expected["groups"], which) if dimension else expected
            keys |= {"value": group["value"]} if dimension else {}
            for step in group["steps"]:
                asked_for = {"step": step["step"], "dropped": dropped}
                events = oracle.events_of_funnel(
                    site.events, question, steps, **way, **asked_for, dimension=dimension, value=keys.get("value")
                )
                assert len(events) == step["drop_off" if dropped else "count"]
                assert_its_events(site, question, events, figure="funnel", **keys, **asked_for)


@examples
@given(story=stories(), asked=asked(interval=st.sampled_from(["day", "week", "month"]), which=WHICH))
def test_retention_is_what_plain_python_counts_and_each_figure_has_its_events(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question, interval, which = site.question(what), keys["interval"], keys["which"]
            expected = oracle.retention(site.events, question, interval)
            said = site.answers("retention", question, interval=interval)["cohorts"]
            assert rounded(said) == rounded(expected)

            cohort = picked([number for number, one in enumerate(expected) if one["visitors"]] or [0], which)
            period = picked(range(len(expected[cohort]["retained"])), which)
            events = oracle.events_of_retention(site.events, question, interval, cohort=cohort, period=period)
            assert len(events) == expected[cohort]["retained"][period]
            cell = {"interval": interval, "cohort": expected[cohort]["start"].isoformat(), "period": period}
            assert_its_events(site, question, events, figure="retention", **cell)


@examples
@given(
    story=stories(),
    asked=asked(
        interval=st.sampled_from(["day", "week", "month"]), dimension=st.sampled_from(["source", "country", "event_type"])
    ),
)
def test_cohorts_by_what_was_first_are_what_plain_python_counts(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)
            said = site.answers("retention", question, limit=1000, **keys)
            assert rounded(said["cohorts"]) == rounded(oracle.retention(site.events, question, keys["interval"]))
            expected = oracle.retention_groups(site.events, question, **keys)
            assert rounded(said["groups"]) == rounded(expected)


@examples
@given(
    story=stories(),
    asked=asked(
        start=filters(),
        direction=st.sampled_from(["next", "previous"]),
        of=st.sampled_from(["pages", "events"]),
        depth=st.sampled_from([1, 3, 10]),
        limit=st.sampled_from([1, 2, 10]),
        which=WHICH,
    ),
)
def test_paths_are_what_plain_python_counts_and_each_link_has_its_events(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)
            start, depth, limit, which = (keys.pop(key) for key in ("start", "depth", "limit", "which"))
            way = {"back": keys["direction"] == "previous", "of_pages": keys["of"] == "pages", "depth": depth, "limit": limit}
            expected = oracle.paths(site.events, question, start, **way)
            said = site.answers("paths", question, start=str(start), depth=depth, limit=limit, **keys)
            assert said["visits"] == expected["visits"]
            assert in_any_order(said["links"]) == in_any_order(expected["links"])

            if expected["links"]:
                link = picked(expected["links"], which)
                taken = {key: link[key] for key in ("level", "source", "target")}
                events = oracle.events_of_path(site.events, question, start, tuple(taken.values()), **way)
                assert len(events) == link["visits"]
                assert_its_events(site, question, events, figure="paths", start=str(start), top=limit, **keys, **taken)


def picked(things: Sequence[Any], which: float) -> Any:
    """One of them: the first at 0, the last at 1."""
    return things[round(which * (len(things) - 1))]


def assert_its_events(site: Told, question: Question, events: list[Event], **figure: Any) -> None:
    """What is behind a figure are these events, each once."""
    said = site.answers("events", question, limit=1000, **figure)
    assert said["figure"] == len(events)
    assert rounded(listed(site, said["rows"])) == rounded(listed_events(events))
    assert {tuple(row[key] for key in PROOF) for row in said["rows"]} <= proofs(site.site)


def in_any_order(rows: list[dict]) -> list[tuple]:
    return sorted(tuple(sorted(row.items())) for row in rows)


@examples
@given(story=stories(), asked=asked())
def test_items_are_what_plain_python_counts(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, _ in asked:
            question = site.question(what)
            said = site.answers("items", question)["rows"]
            for row in said:
                del row["name"]
            assert rounded(said) == rounded(oracle.items(site.events, question))


@examples
@given(story=stories(), asked=asked())
def test_engagement_is_what_plain_python_counts(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, _ in asked:
            question = site.question(what)
            said = site.answers("engagement", question, limit=1000)
            assert said.pop("nextCursor") is None
            assert rounded(said) == rounded(oracle.engagement(site.events, question))


@examples
@given(story=stories(), asked=asked())
def test_web_vitals_are_what_plain_python_counts(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, _ in asked:
            question = site.question(what)
            said = site.answers("vitals", question, limit=1000)
            assert said.pop("nextCursor") is None
            assert rounded(said) == rounded(oracle.vitals(site.events, question))


FIGURES = st.sampled_from(["events", "page_views", "visits", "visitors", "conversions", "revenue"])


@examples
@given(story=stories(), asked=asked(figure=FIGURES, limit=st.sampled_from([1, 7, 1000])))
def test_a_figure_is_what_its_own_events_add_up_to(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)
            figure, rows = figure_and_events(partial(site.answers, "events", question, **keys))
            expected, events = oracle.counted(site.events, question, keys["figure"])
            assert rounded(figure) == rounded(expected)
            assert rounded(listed(site, rows)) == rounded(listed_events(events, keys["figure"]))
            assert rounded(site.answers("overview", question)["metrics"][keys["figure"]]) == rounded(expected)
            assert {tuple(row[key] for key in PROOF) for row in rows} <= proofs(site.site)
            if keys["figure"] == "revenue":
                assert rounded(sum(row["value"] for row in rows)) == rounded(figure)
            else:
                assert len({row["event"] for row in rows}) == figure


@examples
@given(story=stories(), asked=asked(figure=FIGURES, limit=st.sampled_from([2, 7])))
def test_the_events_of_a_figure_as_of_a_load_date_are_those_that_were_known_then(module_url: str, story, asked) -> None:  # T09
    with connect(module_url, "footfall_worker") as connection:
        site = Told(Site.another(connection, time_zone=story.zone), story)
        prepare(module_url, site.site, story)
        known = []
        for chunk in site.rounds:
            site.tell(chunk)
            known.append((site.latest(), site.events))
        for moment, events in known:
            for what, keys in asked:
                question = site.question(what)
                figure, rows = figure_and_events(partial(site.answers_as_of, moment, "events", question, **keys))
                expected, counted = oracle.counted(events, question, keys["figure"])
                assert rounded(figure) == rounded(expected)
                assert rounded(listed(site, rows)) == rounded(listed_events(counted, keys["figure"]))
                said = site.answers_as_of(moment, "properties", question)["rows"]
                assert said == oracle.properties(events, question)


def figure_and_events(ask: Callable[..., dict[str, Any]]) -> tuple[float, list[dict]]:
    """The figure, which every page repeats, and the events of all pages."""
    figures, rows, cursor = set(), [], 0
    while cursor is not None:
        page = ask(cursor=cursor)
        assert page["rows"] or not rows
        figures.add(page["figure"])
        rows, cursor = rows + page["rows"], page["nextCursor"]
    (figure,) = figures
    return figure, rows


PROOF = ("event", "raw_event_id", "load_date", "hash")


def proofs(site: Site) -> set[tuple]:
    """What the vault has to say for each event."""
    return set(
        site.rows(
            "SELECT encode(d.site_event_hk, 'hex'), d.raw_event_id, to_jsonb(d.load_date) #>> '{}', encode(d.hash_diff, 'hex')"
            " FROM business.site_event_details_s d WHERE d.tenant_hk = %s",
            site.tenant_hk,
        )
    )


def listed(site: Told, rows: list[dict]) -> list[tuple]:
    """Each event as the row says it is, under the number that its raw event was sent with."""
    sent = dict(
        site.site.rows(
            "SELECT r.raw_event_id, substr(r.raw_payload ->> 'event_id', 3)::integer FROM raw.site_tracking_events_r r"
            " WHERE r.tenant_hk = %s",
            site.site.tenant_hk,
        )
    )
    keys = ("type", "action", "page", "value", "currency")
    return [(sent[row["raw_event_id"]], datetime.fromisoformat(row["time"]), *(row.get(key) for key in keys)) for row in rows]


def listed_events(events: list[Event], figure: str = "events") -> list[tuple]:
    """What the rows of these events say, the latest first."""
    is_worth = figure in {"conversions", "revenue"}
    return [
        (
            event.key,
            event.moment.replace(microsecond=0),
            event.type,
            event.action,
            event.page,
            event.conversion_value if is_worth else event.value,
            event.conversion_currency if is_worth else event.currency,
        )
        for event in sorted(events, key=lambda event: event.moment, reverse=True)
    ]


@examples
@given(story=stories(), asked=asked(limit=st.sampled_from([1, 50])))
def test_keys_of_properties_are_what_plain_python_counts(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)
            expected = oracle.properties(site.events, question)[: keys["limit"]]
            assert site.answers("properties", question, **keys)["rows"] == expected


@examples
@given(story=stories(), asked=asked(limit=st.sampled_from([2, 50])))
def test_the_list_of_visits_is_what_plain_python_sees(module_url: str, story, asked) -> None:
    with told(module_url, story) as site:
        for what, keys in asked:
            question = site.question(what)
            expected = oracle.sessions(site.events, question)[: keys["limit"]]
            for row in expected:
                row |= {key: row[key].replace(microsecond=0) for key in ("start", "end")}
            said = site.answers("sessions", question, **keys)["sessions"]
            for row in said:
                row |= {key: datetime.fromisoformat(row[key]) for key in ("start", "end")}
                for key in ("session", "visitor", "browser", "os"):
                    del row[key]
            assert rounded(said) == rounded(expected)


EVERYTHING = [
    ("overview", {}),
    ("timeseries", {"interval": "day", "metrics": METRICS}),
    ("timeseries", {"interval": "hour", "metrics": ["visits", "conversions"]}),
    *(
        ("breakdown", {"dimension": dimension, "metrics": METRICS})
        for dimension in ("source", "country", "exit_page", "page", "item")
    ),
    ("goals", {}),
    ("funnel", {"steps": ["event_type==page_view", "event_type!=page_view"], "per": "visitor", "dimension": "entry_page"}),
    ("retention", {"interval": "week"}),
    ("paths", {"of": "pages"}),
    ("events", {"figure": "conversions"}),
    ("events", {"figure": "visitors"}),
    ("events", {"figure": "funnel", "steps": ["event_type==page_view", "event_type!=page_view"], "step": 2, "dropped": True}),
    ("properties", {}),
    ("engagement", {}),
    ("vitals", {}),
    ("bots", {}),
    ("paths", {"of": "events", "direction": "previous"}),
    ("items", {}),
    ("sessions", {}),
]


@settings(examples, max_examples=2)
@given(story=stories(), what=questions(), goal=filters(1))
def test_what_was_said_then_can_be_asked_for_ever(module_url: str, story, what, goal) -> None:  # T09
    """After each load and after each closing, all reports are asked; in the end, all are asked again for those moments."""
    late = {
        "kind": "page_view",
        "action": "view",
        "minutes": 0.001,
        "visitor": "v_9",
        "session": None,
        "page": "acme.example/late",
    }
    late |= {"arrival": None, "phone": True, "clock": "Asia/Kolkata", "item": None, "value": 0, "currency": None, "plan": None}
    late |= {"seats": None, "attention": (1, 1), "vitals": {}}
    story.traffic.append(late | {"bot": False, "times": 1})
    everywhen = what | {"first": -3, "days": 40, "filter": Filter()}
    with connect(module_url, "footfall_worker") as connection:
        site = Told(Site.another(connection, time_zone=story.zone), story)
        prepare(module_url, site.site, story)
        add_goals(module_url, site.site, [("G", goal, None)])
        asked = [(*one, site.question(about)) for about in (what, everywhen) for one in EVERYTHING]

        def answers(moment: str | None = None) -> list[dict]:
            return [site.answers_as_of(moment, report, question, **keys) for report, keys, question in asked]

        number_of_late = len(story.traffic) - 1
        rounds = [[number for number in chunk if number != number_of_late] for chunk in site.rounds]
        remembered = {}
        for chunk in filter(None, rounds):
            site.tell(chunk, close=False)
            remembered[site.latest()] = answers()
            site.site.close()
            if story.rolled == "always":
                site.site.roll_up()
            remembered[site.latest()] = answers()
        site.tell([number_of_late])
        if story.rolled == "in the end":
            site.site.roll_up()
        now = answers()
        for moment, said in remembered.items():
            assert answers(moment) == said
            assert said[len(EVERYTHING)] != now[len(EVERYTHING)]


@examples
@given(story=stories())
def test_marts_that_are_built_anew_are_the_same(module_url: str, story) -> None:  # T14
    with told(module_url, story) as site:
        site = site.site
        site.roll_up()
        before = {mart: site.table(f"business.{mart}") for mart in ("event_b", "visit_b", "rollup_b")}
        site.value("SELECT business.rebuild_marts(%s)", site.tenant_hk)
        assert site.table("business.event_b") == before["event_b"]
        assert site.table("business.visit_b") == before["visit_b"]
        site.roll_up()
        assert site.table("business.rollup_b") == before["rollup_b"]
