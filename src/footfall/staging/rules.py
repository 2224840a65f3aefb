"""The rules of validation, as a list to read: what makes an event INVALID, what is cut, what is noted.

Conditions are SQL over the columns that `staging/sql/validate_and_enrich.sql` offers in its step `typed`. An event breaks no rule
by being long, and none of its neighbours notices what it breaks: a core fact that cannot be understood (type, time, value) makes
the event INVALID, to be counted and reprocessed; a side fact is dropped and noted in `validation_flags`. Codes are stable.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on an event, and the code it leaves behind."""

    code: str
    condition: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A text that is kept up to a length; longer ones leave `<key>_cut`."""

    key: str
    column: str
    length: int


ERRORS = (
    Rule("payload_not_object", "NOT payload_is_object", "The event is not a JSON object."),
    Rule("tenant_unknown", "tenant_is_active IS NOT TRUE", "There is no active tenant of this id."),
    Rule("evt_type_missing", "payload_is_object AND evt_type IS NULL", "`evt_type` is missing, null or empty."),
    Rule(
        "evt_type_unknown",
        "evt_type IS NOT NULL AND default_category IS NULL",
        "`evt_type` is on neither the general allow-list nor the tenant's.",
    ),
    Rule(
        "item_missing",
        "evt_type = 'item_interaction' AND event_label IS NULL AND item_id IS NULL",
        "An item_interaction names its item in `evt_label` or `item_id`.",
    ),
    Rule(
        "evt_action_missing",
        "default_category IS NOT NULL AND event_action IS NULL",
        "This `evt_type` has no default action: a transaction_step says start, progress, complete or abandon.",
    ),
    Rule(
        "event_timestamp_invalid",
        "event_timestamp IS NULL",
        "`event_timestamp` is neither ISO 8601 nor seconds, milli-, micro- or nanoseconds since 1970.",
    ),
    Rule(
        "event_timestamp_out_of_range",
        "NOT staging.is_plausible(event_timestamp, received_timestamp, is_trusted)",
        "The event is from the future or, sent with a public key, older than 30 days.",
    ),
    Rule(
        "value_out_of_bounds",
        "NOT is_trusted AND greatest(abs(event_value), abs(item_value)) > largest_value",
        "Sent with a public key, a value is larger than the tenant's events may have.",
    ),
    Rule(
        "host_not_allowed",
        "NOT is_trusted AND NOT staging.is_allowed_host(page_host, allowed_hosts)",
        "Sent with a public key, the event is of a page on a host that is not the tenant's.",
    ),
)

NOTES = (
    Rule("event_id_ignored", "sent_event_id IS NOT NULL AND event_id IS NULL", "Unusable `event_id`: the key is a fingerprint."),
    Rule(
        "session_id_ignored",
        "sent_session_id IS NOT NULL AND session_id IS NULL",
        "Unusable `session_id`: the session is inferred.",
    ),
    Rule(
        "visitor_missing",
        "coalesce(consented_visitor_id, edge_visitor_id) IS NULL AND NOT no_track",
        "No address that could be read, and no `visitor_id`: the event is of no visitor.",
    ),
    Rule(
        "user_agent_missing",
        "coalesce(btrim(agent), '') IN ('', '-') AND NOT no_track AND (edge_visitor_id IS NOT NULL OR NOT is_trusted)",
        "The visitor's browser has not said what it is.",
    ),
    Rule("visitor_id_ignored", "sent_visitor_id IS NOT NULL AND consented_visitor_id IS NULL", "Unusable `visitor_id`."),
    Rule("user_id_ignored", "sent_user_id IS NOT NULL AND user_id IS NULL", "Unusable `user_id`."),
    Rule(
        "consent_ignored",
        "sent_consent IS NOT NULL AND sent_consent <> 'null' AND consent IS NULL",
        "`consent` is not true, false, or an object of `given`, `purposes` (at most 20 of 50 characters), `version` (100) and"
        " `at`: what the visitor allowed is not known.",
    ),
    Rule("item_id_ignored", "sent_item_id IS NOT NULL AND item_id IS NULL", "Unusable `item_id`."),
    Rule(
        "transaction_id_ignored",
        "sent_transaction_id IS NOT NULL AND transaction_id IS NULL",
        "Unusable `transaction_id`.",
    ),
    Rule("event_timestamp_inferred", "time_is_inferred", "No `event_timestamp`: the time in the event id, else of receipt."),
    Rule("session_inferred", "session_id IS NULL", "No `session_id`: the visitor's visit by 30 minutes of silence."),
    Rule("clock_corrected", "clock_error IS NOT NULL", "The sender's clock was wrong: `sent_at` told by how much."),
    Rule("sent_at_ignored", "sent_at IS NOT NULL AND sent_moment IS NULL", "`sent_at` is no moment."),
    Rule(
        "evt_value_ignored",
        "evt_value IS NOT NULL AND event_value IS NULL",
        "`evt_value` is not a decimal number of at most 14 digits before the point: the event counts, without a value.",
    ),
    Rule(
        "refund_without_value",
        "evt_type = 'transaction_step' AND event_action = 'refund' AND event_value IS NULL",
        "A refund does not say how much: it lowers nothing.",
    ),
    Rule("evt_value_rounded", "event_value <> staging.number_of(evt_value)", "More than four decimal places."),
    Rule(
        "currency_unknown",
        "sent_currency IS NOT NULL AND NOT staging.is_currency(upper(sent_currency))",
        "`currency` is not an ISO 4217 code: its values stand apart, under what was sent.",
    ),
    Rule("page_url_unparsed", "page_url IS NOT NULL AND page_path IS NULL", "`page_url` is no URL: no page is linked."),
    Rule("item_value_ignored", "sent_item_value IS NOT NULL AND item_value IS NULL", "`item_value` is not a number."),
    Rule("scroll_depth_ignored", "sent_scroll_depth IS NOT NULL AND scroll_depth IS NULL", "Not a percentage."),
    Rule("time_on_page_ignored", "sent_time_on_page IS NOT NULL AND time_on_page IS NULL", "Not seconds of one day."),
    Rule("click_ignored", "num_nonnulls(sent_click_x, sent_click_y) > num_nonnulls(click_x, click_y)", "Not pixels."),
    Rule(
        "properties_ignored",
        "properties IS NOT NULL AND custom_properties IS NULL",
        "`properties` is not a JSON object.",
    ),
)

CUTS = (
    Cut("evt_category", "sent_category", 50),
    Cut("evt_action", "sent_action", 50),
    Cut("evt_label", "event_label", 255),
    Cut("page_url", "page_url", 2000),
    Cut("page_title", "page_title", 255),
    Cut("page_referrer", "page_referrer", 2000),
    Cut("item_name", "item_name", 255),
    Cut("item_type", "sent_item_type", 100),
    Cut("item_category", "item_category", 100),
    Cut("item_description", "item_description", 2000),
    Cut("funnel", "funnel", 40),
    Cut("device_type", "sent_device_type", 20),
    Cut("browser_name", "sent_browser_name", 50),
    Cut("screen_resolution", "screen_resolution", 20),
    Cut("timezone", "timezone", 50),
    Cut("language", "language", 10),
    Cut("utm_source", "sent_utm_source", 100),
    Cut("utm_medium", "sent_utm_medium", 100),
    Cut("utm_campaign", "sent_utm_campaign", 100),
    Cut("utm_content", "sent_utm_content", 100),
    Cut("utm_term", "sent_utm_term", 100),
    Cut("utm_id", "sent_utm_id", 100),
)


def staging_parts() -> dict[str, str]:
    """The rules as SQL, for the places that the staging statement names after them."""
    # bytes are counted at once, characters one by one
    cuts = [Rule(f"{c.key}_cut", f"octet_length(s.{c.key}) > {c.length} AND length(s.{c.key}) > {c.length}", "") for c in CUTS]
    return {
        "cut_columns": ",\n".join(f"        left(nullif(btrim(s.{c.key}), ''), {c.length}) AS {c.column}" for c in CUTS),
        "cut_flags": _codes(cuts),
        "errors": _codes(ERRORS),
        "notes": _codes(NOTES),
    }


def _codes(rules: tuple[Rule, ...] | list[Rule]) -> str:
    """An array of the codes whose condition holds."""
    cases = ",\n".join(f"            CASE WHEN {rule.condition} THEN '{rule.code}' END" for rule in rules)
    return f"array_remove(ARRAY[\n{cases}\n        ], NULL)"
