"""Believable visits of people with different devices and origins, of some who ask not to be tracked, and of bots.

They browse, look at items, start, progress, complete or abandon transactions, and get in touch.
"""

import math
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from footfall.demo.industries import Industry, Item

Event = dict[str, Any]

_WINDOWS, _MAC, _LINUX = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1"
# weight, user agent, screen
_BROWSERS = (
    (30, f"Mozilla/5.0 ({_WINDOWS}) {_CHROME} Safari/537.36", "1920x1080"),
    (22, f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1", "390x844"),
    (20, f"Mozilla/5.0 (Linux; Android 16; Pixel 10) {_CHROME} Mobile Safari/537.36", "412x915"),
    (10, f"Mozilla/5.0 ({_MAC}) {_SAFARI} Safari/605.1.15", "1512x982"),
    (7, f"Mozilla/5.0 ({_LINUX}; rv:145.0) Gecko/20100101 Firefox/145.0", "2560x1440"),
    (6, f"Mozilla/5.0 ({_WINDOWS}) {_CHROME} Safari/537.36 Edg/142.0.0.0", "1536x864"),
    (5, f"Mozilla/5.0 (iPad; CPU OS 19_1 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1", "820x1180"),
)
_BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
)
# weight, referrer, query of the landing page
_ORIGINS = (
    (30, None, ""),
    (30, "https://www.google.com/", ""),
    (4, "https://duckduckgo.com/", ""),
    (6, "https://www.instagram.com/", ""),
    (5, "https://www.linkedin.com/", ""),
    (4, "https://chatgpt.com/", "?utm_source=chatgpt.com"),
    (2, "https://www.perplexity.ai/", ""),
    (5, None, "?utm_source=newsletter&utm_medium=email&utm_campaign=november&utm_content=picture"),
    (3, None, "?utm_source=newsletter&utm_medium=email&utm_campaign=november&utm_content=last+line"),
    (4, "https://www.google.com/", "?utm_source=google&utm_medium=cpc&utm_campaign=brand&utm_term=our+name&gclid=demo"),
    (2, "https://www.google.com/", "?utm_source=google&utm_medium=cpc&utm_campaign=season&utm_term=best+offer&gclid=demo"),
    (1, "https://www.google.com/", "?utm_source=google&utm_medium=cpc&utm_campaign=season&utm_term=near+me&gclid=demo"),
    (2, "https://www.instagram.com/", "?utm_source=instagram&utm_medium=paid_social&utm_campaign=season&utm_content=video"),
    (4, "https://news.ycombinator.com/", ""),
)
# language of the browser, and the time zone that its clock is set to
_HOMES = {
    "en-US": "America/New_York",
    "en-GB": "Europe/London",
    "de-DE": "Europe/Berlin",
    "fr-FR": "Europe/Paris",
    "es-ES": "Europe/Madrid",
    "hi-IN": "Asia/Calcutta",
}
_AGAIN_SHARE, _MEMORY_DAYS = 0.42, 12  # visits of people who have been there before; how long ago that was, in the mean
_NEW_A_DAY = 1000  # numbers of people who come for the first time on one day
_REGULARS = 40  # of them come again
_BOT_SHARE, _NO_TRACK_SHARE = 0.04, 0.03
_FORGOTTEN_SHARE = 0.01
_FILES = ("/files/price-list.pdf", "/files/brochure.pdf", "/files/terms.pdf")
_ELSEWHERE = ("https://www.instagram.com/our_page", "https://maps.example/directions", "https://partner.example/")
_GONE = ("/old-prices", "/2023/summer", "/img/logo-old.png")
_FORMS = ("contact", "newsletter", "search")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or something, with a browser."""

    number: int
    address: str
    user_agent: str
    screen: str
    language: str
    is_bot: bool
    asks_not_to_be_tracked: bool
    consents: bool

    @property
    def is_on_the_phone(self) -> bool:
        """Phones are slower, and so are their pages."""
        return "Mobile" in self.user_agent


def person(industry: Industry, number: int) -> Person:
    """The same person for the same number, on every day of the demo."""
    rng = random.Random(f"{industry.tenant_id} {number}")  # noqa: S311  a play, not a secret
    is_bot = rng.random() < _BOT_SHARE
    no_track = not is_bot and rng.random() < _NO_TRACK_SHARE
    _, user_agent, screen = rng.choices(_BROWSERS, [weight for weight, *_ in _BROWSERS])[0]
    return Person(
        number,
        # 100.64.0.0/10 is nobody's: shared address space (RFC 6598)
        f"100.{rng.randint(64, 127)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
        rng.choice(_BOTS) if is_bot else user_agent,
        screen,
        rng.choice(tuple(_HOMES)),
        is_bot,
        no_track,
        not is_bot and not no_track and rng.random() < industry.consent,
    )


def visit(industry: Industry, start: datetime, rng: random.Random) -> Iterator[Event]:
    """One visit: its events in order, from `start` on."""
    day, number = start.toordinal(), rng.randrange(_REGULARS, _NEW_A_DAY)
    if rng.random() < _AGAIN_SHARE:
        # somebody of an earlier day; most were there lately, and some come all the time
        day, number = day - 1 - int(rng.expovariate(1 / _MEMORY_DAYS)), int(_REGULARS * rng.random() ** 2)
    elif rng.random() < 0.5:  # noqa: PLR2004
        number %= _REGULARS
    yield from _Visit(industry, person(industry, day * _NEW_A_DAY + number), start, rng).events()


class _Visit:
    def __init__(self, industry: Industry, somebody: Person, start: datetime, rng: random.Random) -> None:
        self._industry = industry
        self._person = somebody
        self._now = start
        self._rng = rng
        self._page = ("/", "")
        self._viewed_at = start
        self._has_told_speed = False
        self._referrer: str | None = None
        self._session_id = f"session_{int(start.timestamp())}_{rng.randrange(16**6):06x}"

    def events(self) -> Iterator[Event]:
        _, referrer, query = self._rng.choices(_ORIGINS, [weight for weight, *_ in _ORIGINS])[0]
        self._referrer = referrer
        interested: Item | None = None
        for step in range(1 + min(int(self._rng.expovariate(0.45)), 12)):
            if self._rng.random() < (0.35 if step == 0 else 0.55):
                interested = self._favourite(self._industry.items)
                yield from self._look_at(interested, query if step == 0 else "")
            else:
                path, title = self._favourite(self._industry.pages)
                yield from self._view(path, title, query if step == 0 else "")
        if self._person.is_bot:
            return
        yield from self._wander()
        if interested and self._rng.random() < 0.28:  # noqa: PLR2004  shares that look like those of a real site
            yield from self._transact(interested)
        if self._rng.random() < 0.06:  # noqa: PLR2004
            label, action = self._industry.pack.contact
            yield self._event("contact_interaction", evt_label=label, evt_action=action)
            yield self._engaged("form_submit", _FORMS[0])
        if self._rng.random() < _FORGOTTEN_SHARE:
            yield self._event("banner_click", evt_label="spring sale")  # of a type that nobody told Footfall about
        yield from self._leave()

    def _wander(self) -> Iterator[Event]:
        """What people do beside what the site is for."""
        if self._rng.random() < 0.05:  # noqa: PLR2004
            yield self._engaged("download", self._industry.site + self._favourite(_FILES))
        if self._rng.random() < 0.07:  # noqa: PLR2004
            yield self._engaged("outbound_link", self._favourite(_ELSEWHERE))
        if self._rng.random() < 0.05:  # noqa: PLR2004
            yield self._engaged("form_submit", self._favourite(_FORMS[1:]))
        if self._rng.random() < 0.02:  # noqa: PLR2004
            gone = self._favourite(_GONE)
            yield from self._view(gone, "Not found", "")
            yield self._engaged("not_found", gone)

    def _favourite(self, choices: Sequence[T]) -> T:
        """One of these; the first most often, as on any site."""
        return self._rng.choices(choices, [1 / (2 + place) for place in range(len(choices))])[0]

    def _look_at(self, item: Item, query: str) -> Iterator[Event]:
        yield from self._view(self._industry.item_path + item.item_id, item.name, query)
        if self._person.is_bot:
            return
        yield self._event("item_interaction", evt_action="view", evt_label=item.name, **self._facts(item))
        if self._rng.random() < 0.25:  # noqa: PLR2004
            yield self._event(
                "item_interaction",
                evt_action=self._industry.pack.item_action,
                evt_label=item.name,
                properties={"found_by": self._rng.choice(("search", "list", "recommendation")), "list": item.category},
                **self._facts(item),
            )

    def _transact(self, item: Item) -> Iterator[Event]:
        start, progress, complete = self._industry.pack.steps
        facts = {"funnel": self._industry.pack.funnel, **self._facts(item)}
        yield self._event("transaction_step", evt_action="start", evt_label=start, **facts)
        if self._rng.random() < 0.75:  # noqa: PLR2004
            yield self._event("transaction_step", evt_action="progress", evt_label=progress, **facts)
            if self._rng.random() < 0.65:  # noqa: PLR2004
                number = f"{self._industry.pack.funnel}-{self._rng.randrange(10**8):08d}"
                yield self._event(
                    "transaction_step",
                    evt_action="complete",
                    evt_label=complete,
                    evt_value=item.value,
                    transaction_id=number,
                    properties={"first_time": self._rng.random() < 0.7, "coupon": self._rng.choice((None, "WELCOME10"))},  # noqa: PLR2004
                    **facts,
                )
                if self._rng.random() < self._industry.refunds:
                    yield from self._give_back(item, number, facts)
                return
        if self._rng.random() < 0.5:  # noqa: PLR2004
            yield self._event("transaction_step", evt_action="abandon", evt_label=start, **facts)

    def _give_back(self, item: Item, number: str, facts: Event) -> Iterator[Event]:
        """The order is given back, whole or half, before the visit is over: no clerk comes into the play."""
        yield from self._view("/orders/return", "Give back", "")
        value = item.value if self._rng.random() < 0.6 else round(item.value / 2, 2)  # noqa: PLR2004
        yield self._event(
            "transaction_step", evt_action="refund", evt_label="given back", evt_value=value, transaction_id=number, **facts
        )

    def _view(self, path: str, title: str, query: str) -> Iterator[Event]:
        yield from self._leave()
        if self._page[1]:
            self._referrer = self._industry.site + self._page[0]
        self._page = (path + query, title)
        self._viewed_at = self._now
        yield self._event("page_view")

    def _leave(self) -> Iterator[Event]:
        """What the tracker tells of a page that is left: how it was read; of the first, how fast it was."""
        if not self._page[1] or self._person.is_bot:
            return
        seconds = max(1, round((self._now - self._viewed_at).total_seconds() * self._rng.uniform(0.4, 0.95)))
        depth = min(100, 15 + round(100 * (1 - math.exp(-seconds / 30)) * self._rng.uniform(0.6, 1.1)))
        yield self._engaged("attention", time_on_page=seconds, scroll_depth=depth)
        if not self._has_told_speed:
            self._has_told_speed = True
            yield self._engaged("web_vitals", properties=self._speed())

    def _speed(self) -> dict[str, float]:
        """The web vitals of a load: phones are slower, and so are pages with pictures of what is on offer."""
        slow = (1.5 if self._person.is_on_the_phone else 1.0) * (
            1.25 if self._page[0].startswith(self._industry.item_path) else 1.0
        )
        ttfb = slow * self._rng.lognormvariate(math.log(260), 0.55)
        fcp = ttfb + slow * self._rng.lognormvariate(math.log(520), 0.5)
        return {
            "ttfb": round(ttfb),
            "fcp": round(fcp),
            "lcp": round(fcp + slow * self._rng.lognormvariate(math.log(650), 0.6)),
            "inp": round(slow * self._rng.lognormvariate(math.log(85), 0.7)),
            "cls": round(self._rng.lognormvariate(math.log(0.04), 1.0), 3),
        }

    def _engaged(self, action: str, label: str | None = None, **facts: Any) -> Event:
        return self._event("engagement", evt_action=action, evt_label=label, **facts)

    def _facts(self, item: Item) -> Event:
        return {
            "item_id": item.item_id,
            "item_type": self._industry.pack.item_type,
            "item_category": item.category,
            "item_name": item.name,
            "item_value": item.value,
        }

    def _event(self, evt_type: str, **facts: Any) -> Event:
        event = {
            "evt_type": evt_type,
            "event_id": str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
            "event_timestamp": self._now.isoformat(timespec="milliseconds"),
            "page_url": self._industry.site + self._page[0],
            "page_title": self._page[1],
            "page_referrer": self._referrer,
            "client_ip": self._person.address,
            "user_agent": self._person.user_agent,
            "screen_resolution": self._person.screen,
            "language": self._person.language,
            "timezone": _HOMES[self._person.language],
            "do_not_track": self._person.asks_not_to_be_tracked,
            **facts,
        }
        if self._person.consents:
            event["visitor_id"] = f"{self._industry.tenant_id}-visitor-{self._person.number}"
        if self._industry.has_accounts and not self._person.is_bot:
            event["session_id"] = self._session_id
        self._now += timedelta(seconds=2 + self._rng.expovariate(1 / 14))
        return event
