"""What the dashboard sends, as structs: OpenAPI is made from these."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from footfall.auth import AccountRole, Kind
from footfall.business import WeekStart
from footfall.governance.persons import Kind as PersonKind
from footfall.governance.persons import Mode
from footfall.governance.requests import Law, RequestKind


class SignIn(msgspec.Struct):
    """Who signs in."""

    email: str
    password: str
    code: Annotated[str, Meta(description="of the authenticator, or a recovery code")] = ""
    passkey: Annotated[
        dict[str, Any] | None,
        Meta(description="instead of a code: `PublicKeyCredential.toJSON()`, of what the refusal asked for"),
    ] = None


class OwnPassword(msgspec.Struct):
    """Who proves that they are who is signed in."""

    password: str


class Code(msgspec.Struct):
    """A code of an authenticator."""

    code: Annotated[str, Meta(description="six digits")]


class NewPasskey(msgspec.Struct):
    """A passkey that an authenticator has made."""

    name: Annotated[str, Meta(description="what its owner knows it by", min_length=1, max_length=100)]
    passkey: Annotated[dict[str, Any], Meta(description="`PublicKeyCredential.toJSON()`")]


class PasskeyName(msgspec.Struct):
    """What a passkey is called from now on."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]


class ShownPasskey(msgspec.Struct):
    """A passkey that signs somebody in."""

    passkey: Annotated[dict[str, Any], Meta(description="`PublicKeyCredential.toJSON()`")]


class Nothing(msgspec.Struct):
    """An empty object."""


class NewPassword(msgspec.Struct):
    """Who changes their password."""

    old: str
    new: str


class OpenLink(msgspec.Struct):
    """A share link that is opened."""

    link: Annotated[str, Meta(description="what comes after `/share/`")]
    password: str = ""


class NewKey(msgspec.Struct):
    """A key to be made."""

    kind: Kind
    label: Annotated[str, Meta(max_length=100)] = ""
    days: Annotated[int | None, Meta(description="1 to 3660, until it ends by itself; none: it lasts")] = None


class NewGoal(msgspec.Struct):
    """A goal to be defined, or redefined."""

    goal: str
    filter: Annotated[str, Meta(description="in the language of reports: docs/ask/reports.md")]
    value: Annotated[float | None, Meta(description="what reaching it is worth; null: the event's own value")] = None
    currency: str | None = None
    since: Annotated[date | None, Meta(description="worth that from this day on, before it as until now; null: always")] = None


class SavedFunnel(msgspec.Struct):
    """A funnel to be saved, or changed; as the report is asked."""

    funnel: Annotated[str, Meta(description="its name")]
    steps: list[str]
    order: Literal["loose", "strict"] = "loose"
    window: Annotated[int, Meta(description="minutes")] = 43_200
    per: Literal["visit", "visitor"] = "visit"


class ChosenPack(msgspec.Struct):
    """An industry whose goals and funnel the tenant gets."""

    industry: str


class SetPerson(msgspec.Struct):
    """Somebody who gets a role."""

    email: str
    role: AccountRole


class NewLink(msgspec.Struct):
    """A share link to be made."""

    label: Annotated[str, Meta(description="whom it is for", max_length=100)] = ""
    days: Annotated[int, Meta(ge=1, le=3660)] = 30
    password: Annotated[str, Meta(description="empty: none is asked for")] = ""


class DescribeTenant(msgspec.Struct):
    """What the tenant is called and counted by; what is not named stays as it is."""

    name: str | None = None
    industry: Annotated[str, Meta(max_length=50)] | None = None
    timeZone: Annotated[str | None, Meta(description="IANA name: days begin at midnight there")] = None  # noqa: N815
    currency: Annotated[str | None, Meta(description="ISO 4217 code of totals")] = None
    weekStart: WeekStart | None = None  # noqa: N815
    allowedHosts: Annotated[  # noqa: N815
        list[str] | None, Meta(description="hosts, with those under them, whose pages may send with a public key; none: all")
    ] = None
    ownHosts: Annotated[  # noqa: N815
        list[str] | None,
        Meta(description="further hosts, with those under them, that are the tenant's: no referrals come from there"),
    ] = None
    ignoredReferrers: Annotated[  # noqa: N815
        list[str] | None, Meta(description="hosts, with those under them, that never begin a visit, besides payment and sign-in")
    ] = None
    largestValue: Annotated[  # noqa: N815
        float | None, Meta(description="above zero: of an event of a public key, either way from zero")
    ] = None
    requireSecondFactor: Annotated[  # noqa: N815
        bool | None, Meta(description="whoever looks at it in the dashboard needs a second factor")
    ] = None
    requireSingleSignOn: Annotated[  # noqa: N815
        bool | None, Meta(description="only who signed in by single sign-on sees it in the dashboard")
    ] = None


class PersonId(msgspec.Struct):
    """A visitor, by something that leads to them."""

    kind: Annotated[PersonKind, Meta(description="what the id is; email: looked for by its usual digests")]
    id: Annotated[str, Meta(min_length=1, max_length=500)]


class ErasedPerson(PersonId):
    """A visitor to be forgotten or deleted: nothing brings them back."""

    confirmation: Annotated[str, Meta(description="the id, once more", max_length=500)]
    mode: Annotated[Mode, Meta(description="forget: their events stay, nobody's; delete: these go too")] = "forget"
    request: Annotated[int, Meta(ge=1, le=(1 << 63) - 1, description="number of the request that this answers")] | None = None


class NewPrivacyRequest(msgspec.Struct):
    """What somebody asked about their data."""

    kind: RequestKind
    law: Annotated[Law, Meta(description="gdpr: due in a month; ccpa: in 45 days")] = "gdpr"
    reference: Annotated[str, Meta(description="leads to your own papers, and names nobody", max_length=100)] = ""
    received: Annotated[str, Meta(description="day of receipt; empty: today, in UTC", max_length=10)] = ""


class SomeRules(msgspec.Struct):
    """Rules of a tenant's own, as docs/operate/rules.md has them."""

    rules: dict[str, Any]


class PreviewedRules(SomeRules):
    """Rules that are tried."""

    days: Annotated[int, Meta(ge=1, le=3660, description="of visits that began in the last so many; null: of all")] | None = None


class AppliedRules(SomeRules):
    """Rules that are put in force."""

    why: Annotated[str, Meta(max_length=500, description="kept with the rules")] = ""


class RevertedRules(msgspec.Struct):
    """Why the rules in force are taken back."""

    why: Annotated[str, Meta(max_length=500, description="kept with the rules")] = ""


class ClosedRequest(msgspec.Struct):
    """How a request was answered."""

    state: Literal["done", "refused"]


class NewEventType(msgspec.Struct):
    """An event type that the tenant may send from now on."""

    type: Annotated[str, Meta(description="`evt_type`, as the site sends it", max_length=50)]
    category: Annotated[str, Meta(description="of events that name none", max_length=50)] = "engagement"
    action: Annotated[str, Meta(description="of events that name none", max_length=50)] = "view"


class NewTenant(msgspec.Struct):
    """A tenant to be added, with its industry's pack."""

    tenant: str
    name: str
    industry: str
    timeZone: str  # noqa: N815  as everywhere on the wire
    currency: str


class Reprocess(msgspec.Struct):
    """Invalid events to be tried again."""

    reason: Annotated[str, Meta(description="a reason code: docs/send/validation.md")]
