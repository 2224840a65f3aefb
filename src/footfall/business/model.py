"""Footfall's vault, declared once.

Tables, hash expressions, loads, timelines, checks, as-of views and the diagram in the docs are rendered from this file by
`footfall.vault`. Names are the plan's (I19-I32); what is added to the plan is marked `+`, with its reason in
`docs/understand/plan-conformance.md`.
"""

from footfall.vault import Column, History, Hub, Index, Link, Satellite, Vault

# --- hubs ----------------------------------------------------------------------------------------------------------------------

SESSION = Hub(
    "site_session",
    "A visit. Business key: the session id as sent; of its later visits ' visit <ms of the first event> <session id>'; without an"
    " id session_<epoch of the half hour>_<visitor>, the visitor's events of one half hour, joined to neighbouring half hours by"
    " site_session_same_as_s when less than 30 minutes of silence lie between.",
    personal=True,
)
VISITOR = Hub(
    "site_visitor",
    "A browser or person. Business key: the visitor id that the site sent with consent; else v_<keyed hash of address and user"
    " agent under the tenant's secret of the day>.",
    personal=True,
)
EVENT = Hub(
    "site_event",
    "Something that happened. Business key: evt_<ms>_<event id>; without an event id evt_<ms>_<session id>_<type>_<fingerprint>.",
    time_ordered=True,
    personal=True,
)
PAGE = Hub(
    "site_page",
    "A page or screen. Business key: host and path, normalised; of the query only the keys that the tenant allows.",
)
ITEM = Hub(
    "business_item",
    "What the business offers: product, service, article, feature, course. Business key: <item type>:<item id>.",
)

# --- links ---------------------------------------------------------------------------------------------------------------------

SESSION_VISITOR = Link("session_visitor", (SESSION, VISITOR), "Who was seen in a session.")
EVENT_SESSION = Link("event_session", (EVENT, SESSION), "The session an event belongs to.", mandatory=True)
EVENT_PAGE = Link("event_page", (EVENT, PAGE), "The page an event happened on.")
EVENT_ITEM = Link("event_business_item", (EVENT, ITEM), "The item an event is about.")

# --- satellites ----------------------------------------------------------------------------------------------------------------

_MONEY = "numeric(18,4)"

EVENT_DETAILS = Satellite(
    "site_event_details",
    EVENT,
    History.IMMUTABLE,
    "What happened: the facts of an event as validated and enriched.",
    (
        Column("event_timestamp", "timestamptz", "when it happened, by the client's clock", required=True),
        Column(
            "event_type", "varchar(50)", "page_view, item_interaction, transaction_step, contact_interaction, …", required=True
        ),
        Column("event_category", "varchar(50)", "items, transactions, contact, navigation, engagement", required=True),
        Column("event_action", "varchar(50)", "view, click, submit, start, progress, complete, abandon", required=True),
        Column("event_label", "varchar(255)", "item name, button id, form name, step name", personal=True),
        Column("event_value", _MONEY, "value in event_currency"),
        Column("event_currency", "varchar(10)", "+ ISO 4217 code of event_value and of the item's value"),
        Column("page_url", "text", "as sent, cut at 2000 characters"),
        Column("page_title", "varchar(255)", "document title", personal=True),
        Column("page_referrer", "text", "where the visitor came from, cut at 2000 characters"),
        Column("scroll_depth", "integer", "percent of the page, 0-100"),
        Column("time_on_page", "integer", "seconds of attention, as the client measured it"),
        Column("click_x", "integer", "CSS pixels from the left"),
        Column("click_y", "integer", "CSS pixels from the top"),
        Column(
            "business_item_type",
            "varchar(100)",
            "product, service, article, feature, …",
            source="business_item_info ->> 'item_type'",
        ),
        Column("business_item_info", "jsonb", "+ the item as this event described it: key, id, name, category, value, …"),
        Column(
            "transaction_id",
            "varchar(255)",
            "+ order or application number; a step repeated under one number counts once",
            source="transaction_info ->> 'transaction_id'",
            personal=True,
        ),
        Column(
            "transaction_funnel_step",
            "varchar(50)",
            "checkout_step, signup_step, onboarding_step, …",
            source="transaction_info ->> 'funnel_step'",
        ),
        Column("conversion_funnel_stage", "varchar(50)", "awareness, consideration, conversion, retention"),
        Column("traffic_class", "varchar(10)", "+ human or bot", required=True),
        Column("custom_properties", "jsonb", "the client's `properties` object", personal=True),
        Column("raw_event_id", "bigint", "+ the raw event it was loaded from", required=True, compared=False),
    ),
)

SESSION_CONTEXT = Satellite(
    "site_session_context",
    SESSION,
    History.EARLIEST,
    "+ Who came, from where, with what: the personal data of a session, kept apart so that erasing them is a delete.",
    (
        Column(
            "entry_event_hk", "bytea", "the session's first event, whose facts these are", required=True, source="site_event_hk"
        ),
        Column("entry_timestamp", "timestamptz", "when it happened", required=True, source="event_timestamp"),
        Column("site_visitor_hk", "bytea", "whose session it is: the visitor of the first event that has one"),
        Column("user_id", "varchar(255)", "the site's own id of a signed-in person", personal=True),
        Column(
            "visitor_ip_hash",
            "varchar(64)",
            "empty: the hash of an address alone is not kept; before 0025 the keyed one",
            personal=True,
        ),
        Column("user_agent", "text", "as sent", personal=True),
        Column(
            "device_type",
            "varchar(20)",
            "mobile, tablet, desktop, tv, console, wearable, car, other",
            source="device_info ->> 'device_type'",
        ),
        Column("browser_name", "varchar(50)", source="device_info ->> 'browser_name'"),
        Column("browser_version", "varchar(20)", source="device_info ->> 'browser_version'"),
        Column("operating_system", "varchar(50)", source="device_info ->> 'operating_system'"),
        Column("screen_resolution", "varchar(20)", "width x height", source="device_info ->> 'screen_resolution'", personal=True),
        Column("viewport_size", "varchar(20)", "width x height", source="device_info ->> 'viewport_size'", personal=True),
        Column("timezone", "varchar(50)", "IANA name, from the browser", source="device_info ->> 'timezone'"),
        Column("language", "varchar(10)", "from the browser", source="device_info ->> 'language'"),
        Column("do_not_track", "boolean", "the visitor asked not to be tracked (DNT or GPC)"),
        Column("referrer_url", "text", "cut at 2000 characters", source="page_referrer"),
        Column("source", "varchar(100)", "where the visit came from: google, newsletter, chatgpt, direct"),
        Column("channel", "varchar(20)", "the group of its channel: search, social, paid, email, ai, referral, direct"),
        Column("utm_source", "varchar(100)"),
        Column("utm_medium", "varchar(100)"),
        Column("utm_campaign", "varchar(100)"),
        # later than the rest: what was stored before keeps its hash
        Column("utm_content", "varchar(100)", "which link or advertisement of the campaign", compared=False),
        Column("utm_term", "varchar(100)", "what was searched for, as the campaign says", compared=False),
        Column(
            "client_hints",
            "varchar(200)",
            "what the browser said beside its agent, as the door wrote it",
            compared=False,
            source="device_info ->> 'client_hints'",
            personal=True,
        ),
        Column(
            "operating_system_version",
            "varchar(20)",
            "two parts at most: 11, 17.1",
            compared=False,
            source="device_info ->> 'operating_system_version'",
        ),
        Column(
            "bot_kind",
            "varchar(20)",
            "search_engine, ai_crawler, ai_assistant, monitor, library, …; empty: a person",
            compared=False,
            source="device_info ->> 'bot_kind'",
        ),
        Column("bot_name", "varchar(50)", "what the bot is called", compared=False, source="device_info ->> 'bot_name'"),
        Column("traffic_class", "varchar(10)", "human or bot", required=True),
        Column(
            "channel_name",
            "varchar(30)",
            "its channel, one of the 19 of channels.csv; empty: judged before there were so many",
            compared=False,
        ),
        Column("utm_id", "varchar(100)", "number of the campaign, as the campaign says", compared=False),
        Column(
            "click_id",
            "varchar(50)",
            "which parameter an advertiser's network added: gclid, msclkid; never its value",
            compared=False,
        ),
        Column(
            "entry_raw_event_id",
            "bigint",
            "+ its raw event: of events at one time the one that was sent first",
            compared=False,
            source="raw_event_id",
        ),
    ),
    order=("entry_timestamp", "entry_raw_event_id", "entry_event_hk"),
    preferring="site_visitor_hk",
    dated="entry_timestamp",
)

SESSION_CONSENT = Satellite(
    "site_session_consent",
    SESSION,
    History.STATED,
    "+ What the visitor allowed, or withdrew, each time that it was sent: the proof of consent.",
    (
        Column("site_event_hk", "bytea", "the event that said so", required=True),
        Column("stated_at", "timestamptz", "when that was", required=True, source="event_timestamp"),
        Column("consent_state", "varchar(10)", "granted or denied", required=True, source="consent ->> 'state'"),
        Column("purposes", "jsonb", "what for, in the site's words: a list of texts", source="consent -> 'purposes'"),
        Column("text_version", "varchar(100)", "of the text that was put to the visitor", source="consent ->> 'version'"),
        Column(
            "consented_at",
            "timestamptz",
            "when the visitor said so; where nothing else was sent: stated_at",
            required=True,
            source="consent ->> 'at'",
        ),
        Column("raw_event_id", "bigint", "of two at one time the later one holds", required=True, compared=False),
    ),
    stated="consent",
)

SESSION_NETWORK = Satellite(
    "site_session_network",
    SESSION,
    History.STATED,
    "+ That an event came from a range of the tenant's own addresses, by the name of the range: what rules for networks go by.",
    (
        Column("site_event_hk", "bytea", "the event that came from there", required=True),
        Column("own_network", "varchar(50)", "what the rule calls the range", required=True),
    ),
    stated="own_network",
)

SESSION_JUDGEMENT = Satellite(
    "site_session_judgement",
    SESSION,
    History.COMPUTED,
    "+ What a tenant's own rules make of a visit, where that is, or was once, something else than it was first taken for.",
    (
        Column("traffic_class", "varchar(10)", "human, bot, or internal: the tenant's own people", required=True),
        Column("traffic_rule", "varchar(100)", "the rule that says so of all its events; empty: each is what its agent says"),
        Column("bot_kind", "varchar(20)", "as in the context; own: by the tenant's rules; internal: its own people"),
        Column("bot_name", "varchar(50)", "what the bot, or the rule, is called"),
        Column("source", "varchar(100)"),
        Column("channel", "varchar(20)", "the group of its channel"),
        Column("channel_name", "varchar(30)", "its channel, one of the 19 of channels.csv"),
        Column("device_type", "varchar(20)"),
        Column("browser_name", "varchar(50)"),
        Column("browser_version", "varchar(20)"),
        Column("operating_system", "varchar(50)"),
        Column("operating_system_version", "varchar(20)"),
        Column("country", "varchar(2)", "of its time zone"),
        Column("rule_set", "integer", "the version of ref.rule_set under which it came to be so", required=True, compared=False),
    ),
)

PAGE_JUDGEMENT = Satellite(
    "site_page_judgement",
    PAGE,
    History.COMPUTED,
    "+ What a tenant's own rules make of a page, where that is, or was once, something else than its path says.",
    (
        Column("page_category", "varchar(50)"),
        Column("page_type", "varchar(50)"),
        Column("rule_set", "integer", "the version of ref.rule_set under which it came to be so", required=True, compared=False),
    ),
)

SESSION_SAME_AS = Satellite(
    "site_session_same_as",
    SESSION,
    History.COMPUTED,
    "+ Which session an inferred half hour continues; a session without a row stands for itself.",
    (Column("same_as_session_hk", "bytea", "first half hour of the visit", required=True),),
)

SESSION_VISIT = Satellite(
    "site_session_visit",
    SESSION,
    History.COMPUTED,
    "+ Later visits of session ids that came back; events before the first of them are of the session itself.",
    (
        Column("of_session_hk", "bytea", "the session that its events were sent in", required=True),
        Column("begins", "timestamptz", "its first event; empty: it turned out to be none"),
    ),
)

SESSION_DETAILS = Satellite(
    "site_session_details",
    SESSION,
    History.COMPUTED,
    "A session when it is over, and again when a late event changes it.",
    (
        Column("session_start_time", "timestamptz", "first event", required=True),
        Column("session_end_time", "timestamptz", "last event"),
        Column("total_page_views", "integer"),
        Column("total_events", "integer", "0 for a half hour that turned out to continue another session"),
        Column("session_duration_seconds", "integer", "last minus first event"),
        Column("entry_page_url", "text", "page of the first page view", personal=True),
        Column("exit_page_url", "text", "page of the last page view", personal=True),
        Column("referrer_url", "text", "where the visitor came from", personal=True),
        Column("utm_source", "varchar(100)"),
        Column("utm_medium", "varchar(100)"),
        Column("utm_campaign", "varchar(100)"),
        Column("is_bounce", "boolean", "one page view and no item, transaction or contact event"),
        Column("items_viewed", "text[]", "business keys of the items, sorted, at most 100"),
        Column("transaction_attempted", "boolean", "a transaction step of any kind"),
        Column("transaction_completed", "boolean"),
        Column("total_conversion_value", _MONEY, "value of the conversions, in the tenant's currency"),
        Column("business_context", "jsonb", "industry, funnels reached, contacts, values in other currencies"),
        Column("traffic_class", "varchar(10)", "+ human or bot", required=True),
    ),
)

VISITOR_DETAILS = Satellite(
    "site_visitor_details",
    VISITOR,
    History.COMPUTED,
    "A visitor over all closed sessions, at most one row a day.",
    (
        # what changes with every visit is kept but does not make a new row by itself
        Column("visitor_ip_hash", "varchar(64)", "of the latest session", compared=False, personal=True),
        Column("user_agent", "text", "of the latest session", personal=True),
        Column("device_type", "varchar(20)", "mobile, tablet, desktop"),
        Column("browser_name", "varchar(50)"),
        Column("browser_version", "varchar(20)"),
        Column("operating_system", "varchar(50)"),
        Column("screen_resolution", "varchar(20)", "width x height", personal=True),
        Column("viewport_size", "varchar(20)", "width x height", compared=False, personal=True),
        Column("timezone", "varchar(50)"),
        Column("language", "varchar(10)"),
        Column("do_not_track", "boolean"),
        Column("first_visit_date", "timestamptz", "start of the first session"),
        Column("last_visit_date", "timestamptz", "start of the latest session", compared=False),
        Column("total_sessions", "integer"),
        Column("total_page_views", "integer"),
        Column("favorite_items", "text[]", "business keys of the five items with most interactions"),
        Column("total_transactions", "integer", "completed"),
        Column("lifetime_value", _MONEY, "value of all conversions, in the tenant's currency"),
        Column("visitor_segment", "varchar(100)", "the first of the tenant's segment rules that matches"),
    ),
    dated="last_visit_date",
)

PAGE_DETAILS = Satellite(
    "site_page_details",
    PAGE,
    History.COMPUTED,
    "A page at a snapshot.",
    (
        Column("page_url", "text", "the canonical address", required=True),
        Column("page_title", "varchar(255)", "the most frequent title"),
        Column("page_path", "text"),
        Column("page_hostname", "varchar(253)"),
        Column("page_category", "varchar(50)", "products, articles, features, about, contact"),
        Column("page_type", "varchar(50)", "landing, category, detail, checkout, content"),
        Column("total_views", "integer", "page views"),
        Column("unique_visitors", "integer"),
        Column("avg_time_on_page", "integer", "seconds, over the views for which it is known"),
        Column("bounce_rate", "numeric(5,2)", "percent of the sessions that entered here"),
        Column("conversion_rate", "numeric(5,2)", "percent of the sessions that saw the page and completed a transaction later"),
    ),
)

ITEM_DETAILS = Satellite(
    "business_item_details",
    ITEM,
    History.COMPUTED,
    "An item at a snapshot; descriptions are those of its latest event that carries them.",
    (
        Column("item_name", "varchar(255)", required=True),
        Column("item_type", "varchar(100)", "product, service, article, feature, …", required=True),
        Column("item_category", "varchar(100)"),
        Column("item_description", "text"),
        Column("item_value", _MONEY, "price, cost or score, in item_currency"),
        Column("item_currency", "varchar(10)"),
        Column("is_active", "boolean", "had an interaction in the 30 days before the snapshot"),
        Column("popularity_score", "integer", "interactions in the 30 days before the snapshot"),
        Column("conversion_rate", "numeric(5,2)", "percent of the sessions with the item that completed a transaction later"),
        Column("total_interactions", "integer"),
        Column("total_conversions", "integer", "sessions with the item that completed a transaction later"),
        Column("business_metadata", "jsonb", "`item_metadata` of the latest event that has it"),
    ),
)

VAULT = Vault(
    schema="business",
    staging="staging.site_events_staging",
    staged="staging.events_of",
    # what a trusted sender says, then what came first
    precedence="raw.is_public(s.record_source), s.raw_event_id",
    hubs=(SESSION, VISITOR, EVENT, PAGE, ITEM),
    links=(SESSION_VISITOR, EVENT_SESSION, EVENT_PAGE, EVENT_ITEM),
    satellites=(
        SESSION_DETAILS,
        VISITOR_DETAILS,
        EVENT_DETAILS,
        PAGE_DETAILS,
        ITEM_DETAILS,
        SESSION_CONTEXT,
        SESSION_CONSENT,
        SESSION_NETWORK,
        SESSION_SAME_AS,
        SESSION_VISIT,
        SESSION_JUDGEMENT,
        PAGE_JUDGEMENT,
    ),
    indexes=(
        Index(
            EVENT_DETAILS.table,
            "tenant_hk, event_timestamp",
            "api.track_analytics: a tenant's events of a range of days",
        ),
        Index(EVENT_SESSION.table, "site_session_hk", "business.site_session_details_of: the events of a session"),
        Index(EVENT_PAGE.table, "site_page_hk", "business.visits_of_pages: the events of a page"),
        Index(EVENT_ITEM.table, "business_item_hk", "business.visits_of_items: the events of an item"),
        Index(SESSION_CONSENT.table, "site_event_hk", "business.remove_grain: what an event stated"),
        Index(
            SESSION_NETWORK.table,
            "site_event_hk",
            "business.site_session_judgement_of: where a visit's first event came from; business.remove_grain",
        ),
        Index(SESSION_VISIT.table, "of_session_hk", "business.events_as_of: the later visits of a session"),
        Index(SESSION_VISITOR.table, "site_visitor_hk", "business.site_visitor_details_of: the sessions of a visitor"),
        Index(
            SESSION_VISITOR.table, "site_session_hk", "business.gather_person, business.remove_events: the visitors of a session"
        ),
        Index(
            SESSION_CONTEXT.table,
            "tenant_hk, user_id",
            "business.gather_person: the sessions of a user id",
            where="user_id IS NOT NULL",
        ),
        Index(
            SESSION_DETAILS.table,
            "tenant_hk, session_start_time",
            "api.track_analytics: a tenant's sessions that began in a range of days",
            where="load_end_date IS NULL",
        ),
    ),
)
