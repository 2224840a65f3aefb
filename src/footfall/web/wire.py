"""What goes over the wire, as structs: the contract with trackers and servers. OpenAPI and its examples are made from these."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Text = str | None
Number = float | str | None


class TrackingEvent(msgspec.Struct, omit_defaults=True):
    """One event. Only `evt_type` is needed; unknown keys are stored and otherwise ignored. Too long texts are cut and noted."""

    evt_type: Annotated[
        str,
        Meta(description="page_view, item_interaction, transaction_step, contact_interaction, engagement, or the tenant's own"),
    ]
    evt_category: Annotated[Text, Meta(description="default: by type")] = None
    evt_action: Annotated[
        Text, Meta(description="default: by type; a transaction_step says start, progress, complete, abandon, refund")
    ] = None
    evt_label: Annotated[Text, Meta(description="item name, button id, form name, step name")] = None
    evt_value: Annotated[Number, Meta(description="decimal, at most 14 digits before and 4 after the point")] = None
    currency: Annotated[Text, Meta(description="ISO 4217; default: the tenant's")] = None
    event_id: Annotated[Text, Meta(description="the client's id: an event sent again under it counts once, for ever")] = None
    page_view_id: Annotated[
        Text,
        Meta(description="which view of a page this is: of page_views under one such id the first counts; others may name it"),
    ] = None
    event_timestamp: Annotated[
        str | float | None,
        Meta(description="ISO 8601, or seconds, milli-, micro- or nanoseconds since 1970; made with the event, kept in retries"),
    ] = None
    sent_at: Annotated[
        str | float | None, Meta(description="when this attempt was sent, by the same clock: a wrong clock is set right by it")
    ] = None
    session_id: Annotated[
        Text, Meta(description="a visit, until 30 minutes of silence or a day end it; default: the visitor's")
    ] = None
    visitor_id: Annotated[Text, Meta(description="first-party id, only with consent; default: a keyed hash for one day")] = None
    user_id: Annotated[Text, Meta(description="the site's own opaque id of a signed-in person")] = None
    page_url: Text = None
    page_title: Text = None
    page_referrer: Text = None
    page_hash: Annotated[bool | None, Meta(description="the part of page_url after # tells pages apart")] = None
    item_id: Text = None
    item_type: Annotated[Text, Meta(description="product, service, article, feature, …; default: the tenant's")] = None
    item_name: Annotated[Text, Meta(description="default: evt_label")] = None
    item_category: Text = None
    item_description: Text = None
    item_value: Number = None
    item_metadata: dict[str, Any] | None = None
    transaction_id: Annotated[Text, Meta(description="order or application number: repeated steps of one number count once")] = (
        None
    )
    funnel: Annotated[Text, Meta(description="checkout, signup, onboarding, …")] = None
    scroll_depth: Annotated[Number, Meta(description="percent")] = None
    time_on_page: Annotated[Number, Meta(description="seconds of attention")] = None
    click_x: Number = None
    click_y: Number = None
    device_type: Annotated[
        Text,
        Meta(description="mobile, tablet, desktop, tv, console, wearable, car, other; default: by user agent and client hints"),
    ] = None
    browser_name: Text = None
    viewport_width: Number = None
    viewport_height: Number = None
    screen_resolution: Text = None
    timezone: Text = None
    language: Text = None
    do_not_track: Annotated[bool | None, Meta(description="count only: no visitor, no user agent")] = None
    utm_source: Annotated[Text, Meta(description="default: from page_url; likewise the other five")] = None
    utm_medium: Text = None
    utm_campaign: Text = None
    utm_content: Text = None
    utm_term: Text = None
    utm_id: Text = None
    consent: Annotated[
        bool | dict[str, Any] | None,
        Meta(description="what the visitor allowed: true, false, or {given, purposes, version, at}; holds for the visit"),
    ] = None
    properties: Annotated[dict[str, Any] | None, Meta(description="whatever else: becomes custom_properties")] = None
    tenantId: Annotated[Text, Meta(description="if given, it must be the key's")] = None  # noqa: N815  the plan's key
    client_ip: Annotated[Text, Meta(description="admin keys only: the visitor's address, hashed and never stored")] = None
    user_agent: Annotated[Text, Meta(description="admin keys only: the visitor's")] = None


class TrackingEvents(msgspec.Struct):
    """Several events in an envelope."""

    events: list[TrackingEvent]


class Fate(msgspec.Struct, omit_defaults=True):
    """What became of one event of the request."""

    index: int
    status: Literal["accepted", "duplicate-in-request", "rejected"]
    event_id: Text = None
    reason: Annotated[
        Text,
        Meta(
            description="rejected: not_an_object, not_json, number_not_finite, event_too_large, too_deep, not_utf8, "
            "not_storable; accepted, but look at it: evt_type_missing, evt_type_unknown (it will not count until the type is "
            "added), evt_type_respelled (it counts as `read_as`)"
        ),
    ] = None
    read_as: Annotated[Text, Meta(description="the event type that it counts as")] = None
    note: Annotated[
        Text,
        Meta(
            description="agent_is_program: it came with a page's key and the agent of a library or tool, and counts as a bot's;"
            " with an admin key it would count"
        ),
    ] = None


class TrackingResult(msgspec.Struct):
    """What became of a request: committed before it is said."""

    session_id: Text
    events_processed: Annotated[int, Meta(description="accepted: stored durably")]
    events_failed: Annotated[int, Meta(description="rejected")]
    tenant_id: str
    timestamp: str
    processing_mode: Literal["single", "batch"]
    events: list[Fate]


class TrackingReply(msgspec.Struct):
    """The reply when events were accepted: 202 when all were, 207 when the fates tell something to look at."""

    success: bool
    message: str
    data: TrackingResult


class Debug(msgspec.Struct, omit_defaults=True):
    """Why; `error` is stable."""

    error: str
    tenant_id: Text = None
    field: Annotated[Text, Meta(description="the key to blame")] = None
    allowed: Annotated[Text, Meta(description="what it may be")] = None
    error_id: Annotated[Text, Meta(description="of an internal error: the server's log has the rest")] = None
    events_attempted: int | None = None
    events: list[Fate] | None = None
    date_range: dict[str, Any] | None = None


class Failure(msgspec.Struct):
    """The reply when nothing was done."""

    success: bool
    message: str
    error_code: Annotated[str, Meta(description="TRACKING_ERROR, ANALYTICS_ERROR or REQUEST_ERROR")]
    debug_info: Debug


class Overview(msgspec.Struct):
    """Visits and views."""

    totalSessions: int  # noqa: N815  the plan's keys, here and below
    uniqueVisitors: int  # noqa: N815
    totalEvents: int  # noqa: N815
    pageViews: int  # noqa: N815
    avgSessionDurationMinutes: float  # noqa: N815
    avgPagesPerSession: float  # noqa: N815


class Interactions(msgspec.Struct):
    """What visitors did."""

    itemInteractions: int  # noqa: N815
    contactInteractions: int  # noqa: N815
    uniquePagesVisited: int  # noqa: N815


class Conversions(msgspec.Struct):
    """What came of it; the value is in the tenant's currency."""

    transactionStarts: int  # noqa: N815
    completedTransactions: int  # noqa: N815
    totalConversionValue: float  # noqa: N815
    conversionRate: Annotated[float, Meta(description="percent of the sessions that started a transaction")]  # noqa: N815


class TopItem(msgspec.Struct):
    """One of the ten items with most interactions."""

    item_name: Text
    interactions: int
    conversion_value: float


class ConversionFunnel(msgspec.Struct):
    """Of the sessions that started a transaction: how many went on, how many completed it."""

    funnel_start: int
    funnel_progress: int
    funnel_complete: int
    conversion_rate: float


class DateRange(msgspec.Struct, rename={"from_": "from"}):
    """Days in the tenant's time zone, both included."""

    from_: str
    to: str


class Freshness(msgspec.Struct):
    """Everything received before the watermark is in the answer."""

    watermark: str
    lag_seconds: float


class Metadata(msgspec.Struct):
    """About the answer."""

    tenant_id: str
    generated_at: str
    data_freshness: Freshness
    time_zone: str
    currency: str
    values_in_other_currencies: dict[str, float]


class Analytics(msgspec.Struct):
    """The report."""

    overview: Overview
    interactions: Interactions
    conversions: Conversions
    topItems: list[TopItem]  # noqa: N815
    conversionFunnel: ConversionFunnel  # noqa: N815
    dateRange: DateRange  # noqa: N815
    metadata: Metadata


class AnalyticsReply(msgspec.Struct):
    """The plan's report."""

    success: bool
    message: str
    data: Analytics


class TestResult(msgspec.Struct):
    """What was looked at, and how far answers are behind."""

    status: Literal["ok", "failing"]
    checks: dict[str, bool]
    timestamp: str
    data_freshness: Freshness


class TestReply(msgspec.Struct):
    """Whether tracking works."""

    success: bool
    message: str
    data: TestResult


class Reason(msgspec.Struct):
    """One thing that is in the way."""

    code: str
    message: str


class Health(msgspec.Struct):
    """Whether the server lives, takes events and answers, has all loaded; if not, why; and what will be in the way soon."""

    status: Literal["live", "accepting", "not accepting", "ready", "not ready"]
    reasons: list[Reason]
    warnings: list[Reason] | msgspec.UnsetType = msgspec.UNSET
