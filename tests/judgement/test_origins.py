"""Where visits came from: rows in, rows out."""

import pytest

from site_under_test import Site

# referrer, query of the page, source, channel
ORIGINS = [
    (None, "", "direct", "direct"),
    ("https://acme.example/other", "", "direct", "direct"),
    ("https://www.google.co.uk/", "", "google", "search"),
    ("https://www.google.com/search?q=shoes", "", "google", "search"),
    ("https://duckduckgo.com/", "", "duckduckgo", "search"),
    ("https://mail.google.com/", "", "gmail", "email"),
    ("https://gemini.google.com/app", "", "gemini", "ai"),
    ("https://chatgpt.com/", "", "chatgpt", "ai"),
    (None, "?utm_source=chatgpt.com", "chatgpt.com", "ai"),
    ("https://www.perplexity.ai/", "", "perplexity", "ai"),
    ("https://l.facebook.com/l.php?u=x", "", "facebook", "social"),
    ("https://t.co/abc", "", "x", "social"),
    ("https://news.ycombinator.com/", "", "hacker news", "social"),
    ("https://blog.example.org/post", "", "blog.example.org", "referral"),
    ("https://www.google.com/", "?gclid=abc", "google", "paid"),
    (None, "?utm_source=google&utm_medium=cpc&utm_campaign=brand", "google", "paid"),
    (None, "?utm_source=facebook&utm_medium=paid_social", "facebook", "paid"),
    (None, "?utm_source=News%20Letter&utm_medium=E-Mail", "news letter", "email"),
    (None, "?utm_source=march+newsletter", "march newsletter", "email"),
    (None, "?utm_source=linkedin&utm_medium=social", "linkedin", "social"),
    (None, "?utm_source=partner&utm_medium=banner", "partner", "paid"),
    (None, "?utm_source=partner", "partner", "referral"),
]


@pytest.mark.parametrize(("referrer", "query", "source", "channel"), ORIGINS)
def test_where_a_visit_came_from(site: Site, referrer, query, source, channel) -> None:
    site.land({"evt_type": "page_view", "page_url": f"https://acme.example/{query}", "page_referrer": referrer})
    site.load()
    assert site.staged("source", "channel") == [(source, channel)]


def test_utm_keys_of_the_event_win_over_those_of_its_url(site: Site) -> None:
    url = "https://acme.example/?utm_source=a&utm_medium=b&utm_campaign=c%2Fd&utm_content=e+f&utm_term=g"
    site.land({"evt_type": "page_view", "page_url": url, "utm_source": "mine", "utm_term": "ours"})
    site.load()
    words = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
    assert site.staged(*words) == [("mine", "b", "c/d", "e f", "ours")]
