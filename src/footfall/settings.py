"""Every setting once: its name in the environment, its default, what it is for. Read when a command starts, never later."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from dataclasses import field as dataclass_field
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self, get_type_hints
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from footfall.errors import CellsInvalid, SettingInvalid
from footfall.logs import LogFormat, LogLevel

# this machine, and networks that nobody reaches from outside: RFC 1918, 6598 (what clouds give their balancers), 3927, 4193, 4291
_PRIVATE = "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 ::1/128 fc00::/7 fe80::/10"

HOME = "home"
# numbers of a cell begin at its own x 2^48, and stay whole in a browser, which counts to 2^53
MOST_CELLS = 31
_CELL = re.compile("[a-z0-9][a-z0-9-]{0,30}")
_HERE = ("localhost", "127.0.0.1", "::1")
_ROLES = ("owner", "admin", "viewer", "operator")


class Networks(str):
    """Networks of addresses, with commas or blanks between; `private`: this machine and private ones. Raises ValueError."""

    __slots__ = ("networks",)

    def __init__(self, text: str) -> None:
        named = [one for part in text.replace(",", " ").split() for one in (_PRIVATE.split() if part == "private" else [part])]
        self.networks = tuple(map(ip_network, named))


class PublicUrl(str):
    """Where people reach the server, `https://stats.example.com`; empty: wherever a request says. Raises ValueError."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """The address without a slash at its end."""
        parts = urlsplit(text.rstrip("/"))
        if text and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query or parts.fragment):
            raise ValueError(text)
        return super().__new__(cls, text.rstrip("/"))


class Issuer(str):
    """A provider of single sign-on as its tokens name it, `https://login.example.com/realms/us`. Raises ValueError.

    Encrypted, unless it is on this machine.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """The name as it is: a slash at its end is part of it."""
        if text and not is_encrypted_or_here(text):
            raise ValueError(text)
        return super().__new__(cls, text)


class GroupRoles(str):
    """What groups of a provider may do, with blanks between: `analysts=acme:viewer ops=*:operator`. Raises ValueError.

    In a group's name, %20 is a blank.
    """

    __slots__ = ("granted",)

    def __init__(self, text: str) -> None:
        granted = []
        for one in text.split():
            group, _, grant = one.rpartition("=")
            tenant, _, role = grant.rpartition(":")
            if not group or not tenant or role not in _ROLES or (tenant == "*") != (role == "operator"):
                raise ValueError(one)
            granted.append((unquote(group), tenant, role))
        self.granted = tuple(granted)


class CellUrls(str):
    """Further stores by name, with blanks between: `b=postgresql://… c=postgresql://…`. The store itself is called home.

    Raises CellsInvalid: ``cells_malformed``, ``cells_same_name``, ``cells_same_database``. A message names no URL: those hold
    passwords.
    """

    __slots__ = ("named",)

    def __init__(self, text: str) -> None:
        named: dict[str, str] = {}
        for number, one in enumerate(text.split(), 1):
            name, _, url = one.partition("=")
            if not _CELL.fullmatch(name) or not url.startswith(("postgresql://", "postgres://")):
                message = f"FOOTFALL_CELLS: cell {number} is not written as name=postgresql://…, the name with a-z, 0-9 and -"
                raise CellsInvalid("cells_malformed", message)
            try:
                conninfo_to_dict(url)
            except psycopg.ProgrammingError:  # whose message is the URL
                message = f"FOOTFALL_CELLS: the URL of cell {name} cannot be read: %-escape what is special in its password"
                raise CellsInvalid("cells_malformed", message) from None
            if name in named or name == HOME:
                raise CellsInvalid("cells_same_name", f"FOOTFALL_CELLS: two cells are called {name}; the store itself is {HOME}")
            if url in named.values():
                raise CellsInvalid("cells_same_database", f"FOOTFALL_CELLS: cell {name} has the URL of another")
            named[name] = url
        if len(named) > MOST_CELLS:
            raise CellsInvalid("cells_malformed", f"FOOTFALL_CELLS: at most {MOST_CELLS} cells")
        self.named = tuple(named.items())


def is_encrypted_or_here(url: str) -> bool:
    """Whether what is sent to an address is read by nobody on the way."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE))


def _setting(variable: str, default: Any, help_text: str) -> Any:
    return dataclass_field(default=default, metadata={"variable": variable, "help": help_text})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose. Each field's metadata names its environment variable and says what it is for."""

    data: Path = _setting("FOOTFALL_DATA", Path("footfall-data"), "Folder of the embedded store.")
    database_url: str = _setting("DATABASE_URL", "", "A PostgreSQL server (16 or later) to use instead of the embedded one.")
    cells: CellUrls = _setting(
        "FOOTFALL_CELLS",
        CellUrls(""),
        "Further PostgreSQL servers that tenants live on, e.g. b=postgresql://… c=postgresql://…; empty: all live on the one.",
    )
    postgres_user: str = _setting(
        "FOOTFALL_POSTGRES_USER",
        "",
        "Who runs the embedded PostgreSQL when root starts it; empty: the data folder's owner, or nobody.",
    )
    archive: str = _setting(
        "FOOTFALL_ARCHIVE",
        "",
        "Where months that are over are copied to as columns: a folder, or s3://bucket/prefix; empty: nowhere.",
    )
    archive_cache: str = _setting(
        "FOOTFALL_ARCHIVE_CACHE",
        "",
        "Folder for copies of the archive's files, where these are in an object store: questions read them; empty: none do.",
    )
    archive_cache_bytes: int = _setting(
        "FOOTFALL_ARCHIVE_CACHE_BYTES", 10_000_000_000, "Most bytes of those copies; what was read least recently goes first."
    )
    sql_url: str = _setting(
        "FOOTFALL_SQL_URL", "", "A standby of the store, on which tenants' SQL logins ask; empty: they ask the store itself."
    )
    host: str = _setting("FOOTFALL_HOST", "127.0.0.1", "Address that the HTTP server listens on.")
    port: int = _setting("FOOTFALL_PORT", 8700, "Port that the HTTP server listens on.")
    public_url: PublicUrl = _setting(
        "FOOTFALL_PUBLIC_URL",
        PublicUrl(""),
        "Where people reach the server, e.g. https://stats.example.com: cookies and HSTS go by it; empty: by each request.",
    )
    client_address_header: str = _setting(
        "FOOTFALL_CLIENT_ADDRESS_HEADER",
        "",
        "Header in which a proxy you trust gives the visitor's address, e.g. X-Forwarded-For; empty: the connection's.",
    )
    trusted_proxies: Networks = _setting(
        "FOOTFALL_TRUSTED_PROXIES",
        Networks("private"),
        "Networks of the proxies whose header is believed, e.g. 203.0.113.0/24; private: this machine and private networks.",
    )
    max_body_bytes: int = _setting("FOOTFALL_MAX_BODY_BYTES", 1_048_576, "Largest request that the door reads.")
    body_seconds: float = _setting("FOOTFALL_BODY_SECONDS", 20, "How long a request may take to arrive (408).")
    bodies_per_address: int = _setting(
        "FOOTFALL_BODIES_PER_ADDRESS",
        100,
        "Requests of one address (of IPv6: one /64) that may be arriving at the same time, at each server process (429).",
    )
    max_events: int = _setting("FOOTFALL_MAX_EVENTS", 500, "Most events in one request.")
    max_event_bytes: int = _setting("FOOTFALL_MAX_EVENT_BYTES", 32_768, "Largest event.")
    max_event_depth: int = _setting(
        "FOOTFALL_MAX_EVENT_DEPTH", 32, "How deep objects and arrays of an event may lie in each other."
    )
    max_waiting_events: int = _setting(
        "FOOTFALL_MAX_WAITING_EVENTS", 20_000, "Events that may wait for their commit before the door answers 503."
    )
    key_events_per_second: int = _setting(
        "FOOTFALL_KEY_EVENTS_PER_SECOND",
        20_000,
        "Events that one key may send a second, on average over five seconds, to each server process; 0: as many as it likes.",
    )
    query_seconds: float = _setting("FOOTFALL_QUERY_SECONDS", 30, "How long an answer may take before it is given up (503).")
    batch_size: int = _setting("FOOTFALL_BATCH_SIZE", 10_000, "Events that a worker loads in one transaction.")
    poll_seconds: float = _setting("FOOTFALL_POLL_SECONDS", 0.2, "Pause of a worker that found nothing to load.")
    lag_seconds: float = _setting(
        "FOOTFALL_LAG_SECONDS",
        900,
        "How long events may wait to be loaded before /health/ready says that loads are behind (503).",
    )
    identity_days: float = _setting(
        "FOOTFALL_IDENTITY_DAYS",
        7,
        "Days, at least, for which an event_id or a page_view_id is known: its first event counts, whatever time comes later.",
    )
    staging_days: float = _setting(
        "FOOTFALL_STAGING_DAYS",
        3,
        "Days for which staging keeps what was loaded, after its load; what was refused stays. 0: as long as retention says.",
    )
    snapshot_seconds: int = _setting(
        "FOOTFALL_SNAPSHOT_SECONDS",
        3600,
        "Least time between two snapshots of a page or item.",
    )
    rollup_seconds: int = _setting(
        "FOOTFALL_ROLLUP_SECONDS",
        30,
        "How long a day must be quiet until it is rolled up; until then it is counted live.",
    )
    visitor_seconds: int = _setting("FOOTFALL_VISITOR_SECONDS", 86_400, "Least time between two rows of a visitor's details.")

    log_format: LogFormat = _setting("FOOTFALL_LOG_FORMAT", LogFormat.TEXT, "Log lines for people, text, or for programs, json.")
    log_level: LogLevel = _setting("FOOTFALL_LOG_LEVEL", LogLevel.INFO, "What is logged: debug, info, warning, error and above.")
    slow_question: float = _setting(
        "FOOTFALL_SLOW_QUESTION", 5, "Seconds from which on a question is logged as slow: report and tenant, no values."
    )
    oidc_issuer: Issuer = _setting(
        "FOOTFALL_OIDC_ISSUER",
        Issuer(""),
        "Provider of single sign-on (OpenID Connect), as its tokens name it; needs FOOTFALL_PUBLIC_URL; empty: there is none.",
    )
    oidc_client_id: str = _setting("FOOTFALL_OIDC_CLIENT_ID", "", "What the provider knows Footfall by.")
    oidc_client_secret: str = _setting(
        "FOOTFALL_OIDC_CLIENT_SECRET", "", "What Footfall proves that with; empty: a public client, with PKCE alone."
    )
    oidc_groups_claim: str = _setting("FOOTFALL_OIDC_GROUPS_CLAIM", "groups", "The claim in which the provider names groups.")
    oidc_roles: GroupRoles = _setting(
        "FOOTFALL_OIDC_ROLES",
        GroupRoles(""),
        "What groups may do, e.g. acme-analysts=acme:viewer ops=*:operator; in a group's name %20 is a blank.",
    )
    metrics_token: str = _setting(
        "FOOTFALL_METRICS_TOKEN",
        "",
        "What Prometheus shows as bearer token at /metrics, of all tenants together; empty: there is no such page.",
    )

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Defaults, overridden by the environment, where a variable `X_FILE` names a file with the value of `X`.

        Raises SettingInvalid for a value of the wrong type, for a file that cannot be read, and for a provider of single sign-on
        without what it takes.
        """
        environment = os.environ if environment is None else environment
        types = get_type_hints(cls)
        values = {}
        for field in fields(cls):
            variable = field.metadata["variable"]
            if text := environment.get(variable, "") or _in_file(variable, environment):
                try:
                    values[field.name] = types[field.name](text)
                except ValueError:
                    raise SettingInvalid(f"{variable}={text!r} is not {_said(types[field.name])}") from None
        settings = cls(**values)
        if settings.oidc_issuer and not (settings.public_url and settings.oidc_client_id):
            message = "FOOTFALL_OIDC_ISSUER needs FOOTFALL_PUBLIC_URL, where people come back to, and FOOTFALL_OIDC_CLIENT_ID"
            raise SettingInvalid(message)
        return settings

    def override(self, **values: Any) -> "Settings":
        """These settings with what a command line gave; None stands for an option that was not given.

        Raises SettingInvalid when it names a folder and there is a server too: nobody can say which store is meant.
        """
        given = {name: value for name, value in values.items() if value is not None}
        if "data" in given and (given.get("database_url") or self.database_url):
            raise SettingInvalid("--data names an embedded store and DATABASE_URL a server: take one of them away")
        return replace(self, **given)

    def environment(self) -> dict[str, str]:
        """The settings as environment variables, for the processes that a command starts."""
        return {field.metadata["variable"]: str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def told(cls) -> list[str]:
        """Each setting in a line: its environment variable, what it is for, its default."""
        said = ((field.metadata, str(field.default)) for field in fields(cls))
        return [f"{about['variable']}: {about['help']}" + (f" Default: {default}." if default else "") for about, default in said]


def _said(kind: type[Any]) -> str:
    """What a value of this type is; of a choice, what there is to choose."""
    if not issubclass(kind, StrEnum):
        return kind.__name__
    *others, last = kind
    return f"{', '.join(others)} or {last}"


def _in_file(variable: str, environment: Mapping[str, str]) -> str:
    """What stands in the file that a setting is kept in: what others may not see belongs into no environment."""
    if not (name := environment.get(f"{variable}_FILE", "")):
        return ""
    try:
        return Path(name).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingInvalid(f"{variable}_FILE names {name}, which cannot be read: {error}") from None
