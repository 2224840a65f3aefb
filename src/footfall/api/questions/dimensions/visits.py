"""Where visits come from, and on what they are made."""

from footfall.api.questions.declared import Dimension, Kind

ORDER = 1
_GROUPS = frozenset({"search", "social", "paid", "email", "ai", "referral", "direct"})
DECLARED = (
    Dimension("source", "Source", "e.source", "visit"),
    Dimension(
        "channel", "Channel", "business.channel_of(v.channel_name, e.channel)", "visit", formerly=("channel_group", _GROUPS)
    ),
    Dimension("channel_group", "Channel group", "e.channel", "visit"),
    Dimension("referrer", "Referrer", "v.referrer_host", "visit"),
    Dimension("utm_source", "Campaign source", "v.utm_source", "visit"),
    Dimension("utm_medium", "Campaign medium", "v.utm_medium", "visit"),
    Dimension("utm_campaign", "Campaign", "v.utm_campaign", "visit"),
    Dimension("utm_content", "UTM content", "v.utm_content", "visit"),
    Dimension("utm_term", "UTM term", "v.utm_term", "visit"),
    Dimension("utm_id", "UTM id", "v.utm_id", "visit", is_rolled=False),
    Dimension("device", "Device", "e.device_type", "visit"),
    Dimension("browser", "Browser", "v.browser_name", "visit"),
    Dimension("browser_version", "Browser version", "v.browser_name || ' ' || v.browser_version", "visit"),
    Dimension("os", "Operating system", "v.operating_system", "visit"),
    Dimension("os_version", "System version", "v.operating_system || ' ' || v.operating_system_version", "visit"),
    Dimension("language", "Language", "v.language", "visit"),
    Dimension("country", "Country", "e.country", "visit"),
    Dimension("consent", "Consent", "coalesce(v.consent, 'unknown')", "visit", is_rolled=False),
    Dimension("bot_kind", "Kind of bot", "v.bot_kind", "visit", is_rolled=False),
    Dimension("bot", "Bot", "v.bot_name", "visit", is_rolled=False),
    Dimension("entry_page", "Entry page", "v.entry_page_hk", "visit", Kind.PAGE),
    Dimension("exit_page", "Exit page", "v.exit_page_hk", "visit", Kind.PAGE),
)
