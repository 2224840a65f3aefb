"""The record of processing (GDPR Art. 30): what is stored, where, of whom, why, how long, and who sees it.

Made of what is declared here and in the vault's model, of the comments of the store's tables, and of the settings of a tenant.
Every table of the store is named in one purpose: a test compares with the catalog.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from footfall.business import VAULT
from footfall.database import Connection


@dataclass(frozen=True, slots=True)
class Purpose:
    """Tables that are there for one reason.

    Attributes:
        name: stable, for programs.
        title: for people.
        whose: whom the data are of.
        why: what it is for.
        kept: how long, where no rule of retention says so.
        seen_by: who sees it.
        tables: with schema.
        layer: whose rule of retention it follows; empty: `kept` says it.
        personal: what in it is of a person, and which columns (`table.column`) hold it; of the vault the model says it.
    """

    name: str
    title: str
    whose: str
    why: str
    kept: str
    seen_by: str
    tables: tuple[str, ...]
    layer: str = ""
    personal: dict[str, str] = field(default_factory=dict)


_VISITORS, _STAFF, _NOBODY = "visitors of the site", "people who sign in", "nobody"
_IN_THE_SITE = "people with a role in the site, holders of its read keys and SQL logins, operators"
_OPERATORS = "operators"
_OWNERS = "owners of the site, operators"
_FOR_EVER = "for ever"
_PAYLOAD = "the event as it was sent: addresses, ids and properties of the site's own, cleared of e-mail addresses and secrets"

PURPOSES = (
    Purpose(
        "events_received",
        "Events as they were received",
        _VISITORS,
        "so that what is made of them can be proved, corrected and made anew",
        _FOR_EVER,
        "people who look at single events in the site, operators",
        ("raw.site_tracking_events_r", "raw.left_out", "raw.refusal"),
        layer="raw",
        personal={
            "raw.site_tracking_events_r.raw_payload": _PAYLOAD,
            "raw.site_tracking_events_r.user_agent": "the browser's name as sent",
            "raw.site_tracking_events_r.client_hints": "what the browser says beside its name",
            "raw.site_tracking_events_r.visitor_ip_hash": "empty since 0025; before, a keyed hash of one day",
            "raw.site_tracking_events_r.visitor_id": "a keyed hash of address and browser name, of one day",
            "raw.site_tracking_events_r.own_network": "that it came from a range of the site's own people, by the range's name",
            "raw.site_tracking_events_r.client_ip": "the network of the address, where the site keeps that; else empty",
        },
    ),
    Purpose(
        "events_understood",
        "Events as they were understood",
        _VISITORS,
        "checked and completed on the way into the vault; what is wrong with them can be looked at",
        "what was loaded goes three days after its load (FOOTFALL_STAGING_DAYS); the rest is kept for ever",
        "people who look at single events in the site, operators",
        ("staging.site_events_staging", "staging.note", "staging.proved"),
        layer="staging",
        personal={
            "staging.site_events_staging.user_agent": "the browser's name as sent",
            "staging.site_events_staging.visitor_ip_hash": "empty since 0025; before, a keyed hash of one day",
            "staging.site_events_staging.page_url": "the address of the page, without secrets",
            "staging.site_events_staging.page_referrer": "where the visitor came from",
            "staging.site_events_staging.device_info": "sizes of screen and window, time zone, language, hints",
            "staging.site_events_staging.consent": "what the visitor allowed",
            "staging.site_events_staging.user_id": "the site's own id of a signed-in person",
            "staging.site_events_staging.visitor_id": "a random number with consent, else a keyed hash of one day",
            "staging.site_events_staging.custom_properties": "what the site itself sends",
        },
    ),
    Purpose(
        "context",
        "Personal context of visits and visitors",
        _VISITORS,
        "who came, from where, with what: to tell visits and devices apart",
        _FOR_EVER,
        _IN_THE_SITE,
        ("business.site_session_context_s", "business.site_visitor_details_s"),
        layer="context",
    ),
    Purpose(
        "consent",
        "Consent",
        _VISITORS,
        "to prove what a visitor allowed, when, under which text (Art. 7(1) GDPR)",
        "as long as the events of the visit",
        _IN_THE_SITE,
        ("business.site_session_consent_s",),
    ),
    Purpose(
        "events",
        "Events of visits",
        _VISITORS,
        "to know how the site is used, and to improve it",
        _FOR_EVER,
        _IN_THE_SITE,
        (
            "business.site_event_h",
            "business.site_event_details_s",
            "business.event_session_l",
            "business.event_page_l",
            "business.event_business_item_l",
            "business.superseded_w",
            "business.event_b",
        ),
        layer="events",
        personal={
            "business.site_event_details_s.page_url": "the address of the page, without secrets",
            "business.site_event_details_s.page_referrer": "where the visitor came from",
        },
    ),
    Purpose(
        "visits",
        "Visits and visitors",
        _VISITORS,
        "to know how the site is used, and to improve it",
        _FOR_EVER,
        _IN_THE_SITE,
        (
            "business.site_session_h",
            "business.site_session_details_s",
            "business.site_session_same_as_s",
            "business.site_session_judgement_s",
            "business.site_session_network_s",
            "business.site_session_visit_s",
            "business.site_session_w",
            "business.session_visitor_l",
            "business.site_visitor_h",
        ),
        personal={
            "business.site_visitor_h.site_visitor_bk": "a random number with consent, else a keyed hash of one day",
            "business.site_session_h.site_session_bk": "the id of the visit, as sent or inferred",
        },
    ),
    Purpose(
        "figures",
        "Figures",
        _VISITORS,
        "what reports read: rows of visits and of days, under keys alone",
        _FOR_EVER,
        _IN_THE_SITE,
        (
            "business.visit_b",
            "business.page_visit_w",
            "business.item_visit_w",
            "business.rollup_b",
            "business.day_w",
            "business.hour_w",
            "business.rollup_hour_w",
            "business.refresh_w",
            "business.retired_order_w",
        ),
        layer="marts",
    ),
    Purpose(
        "content",
        "Pages and items",
        _NOBODY,
        "what the site offers, and how it is used",
        _FOR_EVER,
        _IN_THE_SITE,
        (
            "business.site_page_h",
            "business.site_page_details_s",
            "business.site_page_judgement_s",
            "business.page_w",
            "business.page_title_w",
            "business.business_item_h",
            "business.business_item_details_s",
            "business.item_w",
            "business.item_day_w",
        ),
    ),
    Purpose(
        "visitor_secrets",
        "Secrets of visitor keys",
        _VISITORS,
        "to make a key of address and browser name that nobody can trace back; addresses themselves are not stored",
        "48 hours at most",
        "nobody",
        ("auth.visitor_secret",),
    ),
    Purpose(
        "requests",
        "Privacy requests and erasures",
        _VISITORS,
        "to answer in time who asks about their data, to prove it, and to keep who was erased from coming back",
        "for ever; with the tenant it goes",
        _OWNERS,
        ("auth.privacy_request", "auth.erasure", "auth.erasure_secret", "auth.tombstone"),
        personal={"auth.tombstone.mark": "a keyed hash of what somebody was known by, which nobody can read"},
    ),
    Purpose(
        "people",
        "Accounts",
        _STAFF,
        "to let in who may, and nobody else",
        "until the account is deleted; sign-ins and challenges until they end",
        _OWNERS,
        (
            "auth.account",
            "auth.identity",
            "auth.membership",
            "auth.passkey",
            "auth.passkey_challenge",
            "auth.sign_in",
            "auth.sign_on",
            "auth.operator_token",
        ),
        personal={
            "auth.account.email": "the address that somebody signs in with",
            "auth.account.account_name": "what somebody is called",
            "auth.identity.subject": "what a provider of single sign-on calls somebody",
        },
    ),
    Purpose(
        "audit",
        "Audit log",
        _STAFF,
        "to prove who did what (Art. 5(2), 32 GDPR)",
        "for ever; with the tenant it goes",
        _OWNERS,
        ("auth.audit_event", "auth.audit_head", "auth.audit_told", "auth.audit_repeat"),
        personal={"auth.audit_event.actor": "the number of a person; of commands the name of the system's user"},
    ),
    Purpose(
        "settings",
        "Settings",
        _NOBODY,
        "what the site is, and how it is counted",
        "until they are changed or the tenant is deleted",
        _OWNERS,
        (
            "auth.access_key",
            "auth.share_link",
            "auth.site",
            "auth.sql_access",
            "auth.tenant_alias",
            "auth.tenant_details_s",
            "auth.tenant_h",
            "auth.tenant_plan",
            "auth.tenant_receipt",
            "auth.tenant_usage",
            "auth.tenant_seen",
            "raw.import",
            "ref.archive_rule",
            "ref.conversion_rule",
            "ref.event_type",
            "ref.funnel",
            "ref.goal",
            "ref.legal_hold",
            "ref.retention",
            "ref.rule_match",
            "ref.rule_set",
            "ref.rule_task",
            "ref.visitor_segment",
        ),
    ),
    Purpose(
        "archive",
        "Months that are over, in files",
        _VISITORS,
        "so that long ranges are answered quickly: the files hold copies of events as received and understood, and of visits",
        "as long as the rows that they are copies of: files are written anew without what is erased or removed",
        _OPERATORS,
        ("archive.file", "archive.part"),
    ),
    Purpose(
        "reference",
        "What texts mean",
        _NOBODY,
        "each distinct browser name, host and campaign is judged once, for all sites together",
        _FOR_EVER,
        _OPERATORS,
        ("ref.user_agent", "ref.campaign", "ref.channel", "ref.origin", "ref.parameter", "ref.time_zone"),
    ),
    Purpose(
        "operation",
        "Operation",
        _NOBODY,
        "queues, counters, and what keeps a repetition from counting twice: hashes and numbers",
        "ids of events for seven days or as the operator sets, the rest for ever",
        _OPERATORS,
        (
            "raw.ingest_batch",
            "raw.kept_since",
            "raw.load_batch",
            "staging.event_identity",
            "util.backup",
            "util.cell",
            "util.check_result",
            "util.definition",
            "util.event_fate",
            "util.migration",
            "util.schema_version",
            "util.tenant_move",
            "util.work",
            "util.work_done",
            "util.worker",
        ),
    ),
)

_COMMENTS = """
/* governance.records */ SELECT c.oid::regclass::text, coalesce(obj_description(c.oid, 'pg_class'), '')
FROM pg_class c
WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive', 'util')
  AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""
_SETTINGS = """
/* governance.records */ SELECT t.public_id, t.tenant_name, t.honour_do_not_track, t.keep_truncated_ip, t.time_zone
FROM auth.tenant_v t WHERE t.tenant_hk = %s
"""
_KEPT = """
/* governance.records */ SELECT DISTINCT ON (r.layer) r.layer, r.kept_days, r.tenant_hk <> '\\x' AS is_own
FROM ref.retention r WHERE r.tenant_hk IN (%s, '\\x') ORDER BY r.layer, r.tenant_hk DESC
"""
# what has left for the archive is not gone
_SINCE = (
    "/* governance.records */ SELECT k.layer, k.kept_since FROM raw.kept_since k WHERE k.tenant_hk = %s AND NOT k.is_archived"
)
_HOLD = "/* governance.records */ SELECT h.reason, h.placed_by, h.placed_at FROM ref.legal_hold h WHERE h.tenant_hk = %s"
_PEOPLE = "/* governance.records */ SELECT p.role, count(*)::integer FROM auth.people() p GROUP BY p.role ORDER BY p.role"
_LINKS = "/* governance.records */ SELECT count(*)::integer FROM auth.share_link l WHERE l.tenant_hk = %s"
_OF_VAULT = {f"{VAULT.schema}.{satellite.table}": satellite for satellite in VAULT.satellites}

Record = dict[str, Any]


def personal_columns(purpose: Purpose) -> dict[str, str]:
    """What is of a person, by `table.column`: as declared here, and as the vault's model marks it."""
    marked = {
        f"{table}.{column.name}": column.comment.removeprefix("+ ")
        for table in purpose.tables
        if table in _OF_VAULT
        for column in _OF_VAULT[table].personal
    }
    return marked | purpose.personal


def records_of(connection: Connection, tenant_hk: bytes) -> Record:
    """The record of one tenant; `connection` acts as footfall_admin in that tenant (`administering`)."""
    public_id, name, honours, truncated, time_zone = connection.execute(_SETTINGS, (tenant_hk,)).fetchone() or (
        "",
        "",
        True,
        False,
        "",
    )
    comments = dict(connection.execute(_COMMENTS).fetchall())
    rules = {layer: (days, is_own) for layer, days, is_own in connection.execute(_KEPT, (tenant_hk,))}
    since = dict(connection.execute(_SINCE, (tenant_hk,)).fetchall())
    held = connection.execute(_HOLD, (tenant_hk,)).fetchone()
    people = dict(connection.execute(_PEOPLE).fetchall())
    (links,) = connection.execute(_LINKS, (tenant_hk,)).fetchone() or (0,)
    return {
        "tenant": public_id,
        "name": name,
        "made_at": datetime.now(UTC),
        "settings": {
            "do_not_track": "honoured" if honours else "ignored",
            "addresses": "their network is kept" if truncated else "not kept",
            "time_zone": time_zone,
        },
        "people": people,
        "share_links": links,
        "legal_hold": {"reason": held[0], "by": held[1], "since": held[2]} if held else None,
        "purposes": [
            {
                "name": purpose.name,
                "title": purpose.title,
                "whose": purpose.whose,
                "why": purpose.why,
                "kept": _kept(purpose, rules, is_held=held is not None),
                "kept_since": since.get(purpose.layer),
                "seen_by": purpose.seen_by,
                "tables": [{"table": table, "holds": comments.get(table, "").removeprefix("+ ")} for table in purpose.tables],
                "personal": [{"column": column, "holds": holds} for column, holds in personal_columns(purpose).items()],
            }
            for purpose in PURPOSES
        ],
    }


def _kept(purpose: Purpose, rules: dict[str, tuple[int, bool]], *, is_held: bool) -> str:
    if purpose.layer and is_held:
        return "until the legal hold is lifted"
    if purpose.layer not in rules:
        return purpose.kept
    days, is_own = rules[purpose.layer]
    return f"{days} days, as {'the site' if is_own else 'the operator'} has it"


def as_markdown(record: Record) -> Iterator[str]:
    """The record as lines of Markdown."""
    yield f"# Record of processing: {_plain(record['name'])} (`{record['tenant']}`)"
    yield f"\nMade {record['made_at']:%Y-%m-%d %H:%M} UTC by Footfall, of the store and the settings as they are.\n"
    settings = record["settings"]
    yield f"- Do Not Track, Global Privacy Control: {settings['do_not_track']}"
    yield f"- Addresses: {settings['addresses']}"
    yield f"- People with a role: {', '.join(f'{count} {role}' for role, count in record['people'].items()) or 'none'}"
    yield f"- Share links: {record['share_links']}"
    if held := record["legal_hold"]:
        yield f"- **Legal hold** since {held['since']:%Y-%m-%d}: {_plain(held['reason'])}. Retention removes nothing."
    for purpose in record["purposes"]:
        yield f"\n## {purpose['title']}\n"
        yield f"- Of: {purpose['whose']}"
        yield f"- Why: {purpose['why']}"
        since = f"; there is nothing of before {purpose['kept_since']:%Y-%m-%d}" if purpose["kept_since"] else ""
        yield f"- How long: {purpose['kept']}{since}"
        yield f"- Seen by: {purpose['seen_by']}\n"
        if purpose["personal"]:
            yield "| personal | what it holds |\n| --- | --- |"
            yield from (f"| `{one['column']}` | {one['holds']} |" for one in purpose["personal"])
            yield ""
        yield "| table | what it holds |\n| --- | --- |"
        yield from (f"| `{one['table']}` | {one['holds']} |" for one in purpose["tables"])


def _plain(text: str) -> str:
    """A text of somebody's own on a line of Markdown, as text."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("<", "&lt;").replace("[", "\\[").replace("`", "'")
