"""Who acts: what is changed on a connection is told in their name (auth.audit_event)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from footfall.logs import request_id

Kind = Literal["person", "key", "token", "guest", "single_sign_on", "cli", "worker"]
Via = Literal["api", "dashboard", "cli", "worker"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, or a program.

    `name`: of a person the e-mail address, and of an operator's token its hash in hexadecimal, by which the store finds the
    number that it keeps; of a key the number; of a guest the share link's label; of single sign-on the provider; of a command
    the system's user; of a worker its host.
    """

    kind: Kind
    name: str
    via: Via
    number: int | None = None
    """Of a person who acts in another cell than the one that knows them."""

    def as_setting(self) -> str:
        """What `auth.acting` reads."""
        said = {"kind": self.kind, "name": self.name, "via": self.via, "request": request_id.get()}
        return json.dumps(said if self.number is None else said | {"number": self.number})


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """What is changed in here on connections that are opened, or begin a transaction, in here is told in this name."""
    before = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(before)


def act_as(actor: Actor) -> None:
    """The same, for the rest of a request: it has a context of its own."""
    _actor.set(actor)


def current_actor() -> Actor | None:
    """Who acts, if somebody said so."""
    return _actor.get()


def actor_setting() -> str:
    """Who acts, as `app.actor`; empty when nobody said so: then it is told as done by hand."""
    if actor := _actor.get():
        return actor.as_setting()
    return json.dumps({"request": asked}) if (asked := request_id.get()) else ""
