"""Which browser: ua-parser's word, but for browsers inside apps and others that ua-parser takes for what they are built on."""

import re
from dataclasses import dataclass

from ua_parser import Result

# The first that is found. Apps open links in a view of their own, which is Chrome's or Safari's but for a word.
_NAMED = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"Barcelona[ /]", "Threads"),
        (r"Instagram[ /]([\d.]*)", "Instagram"),
        (r"(?:FBAN/Messenger|FB_IAB/(?:MESSENGER|Orca)|MessengerForiOS|MessengerLite).*?FBAV/([\d.]+)", "Facebook Messenger"),
        (r"(?:FBAN|FB_IAB|FBAV)\b(?:.*?FBAV/([\d.]+))?", "Facebook"),
        (r"wxwork/([\d.]+)", "WeCom"),
        (r"MicroMessenger/([\d.]+)", "WeChat"),
        (r"\bLine/([\d.]+)", "LINE"),
        (r"NAVER\(inapp[^)]*?; ?([\d.]+)\)|NAVER\(inapp", "Naver"),
        (r"KAKAOTALK[ /]?([\d.]*)", "KakaoTalk"),
        (r"(?:musical_ly|trill|BytedanceWebview|TikTok)(?:[_ /]([\d.]+))?", "TikTok"),
        (r"Snapchat[ /]([\d.]+)", "Snapchat"),
        (r"\[?Pinterest[ /](?:iOS|Android|([\d.]+))|\[Pinterest", "Pinterest"),
        (r"LinkedInApp(?:/([\d.]+))?", "LinkedIn"),
        (r"Twitter for (?:iPhone|iPad|Android)(?:/([\d.]+))?|TwitterAndroid(?:/([\d.]+))?|Twitter/([\d.]+)", "Twitter"),
        (r"Reddit/(?:Version )?([\d.]+)", "Reddit"),
        (r"Discord(?:-\w+)?/([\d.]+)", "Discord"),
        (r"Telegram(?:-Android|Bot)?/([\d.]+)", "Telegram"),
        (r"WhatsApp/([\d.]+)", "WhatsApp"),
        (r"Viber/([\d.]+)|\bViber$", "Viber"),
        (r"Slack(?:_SSB)?/([\d.]+)", "Slack"),
        (r"\bWeibo\b(?:.*?__([\d.]+))?", "Weibo"),
        (r"Zalo(?:[ /](?:iOS|android)?/?([\d.]+))?", "Zalo"),
        (r"\bQQ/([\d.]+)", "QQ"),
        (r"VKAndroidApp/([\d.]+)|VKClient", "VK"),
        (r"AlipayClient/([\d.]+)|AliApp\(AP/([\d.]+)", "Alipay"),
        (r"baiduboxapp/([\d.]+)", "Baidu"),
        (r"\bGSA/([\d.]+)", "Google App"),
        (r"(?:YaBrowser|YaSearchBrowser|YaApp_(?:Android|iOS))/([\d.]+)", "Yandex Browser"),
        (r"Brave(?: Chrome)?/([\d.]+)|\bBrave\b", "Brave"),
        (r"(?:DuckDuckGo|Ddg)/([\d.]+)", "DuckDuckGo"),
        (r"\(Ecosia[^()\d]*([\d.]+)?", "Ecosia"),
        (r"Whale/([\d.]+)", "Whale"),
        (r"Vivaldi/([\d.]+)", "Vivaldi"),
        (r"HuaweiBrowser/([\d.]+)", "Huawei Browser"),
    )
)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser by name. A version has two parts: enough to tell browsers apart, too little to tell visitors apart."""

    name: str | None
    version: str | None


def browser_of(agent: str, parsed: Result) -> Browser:
    """The browser that an agent names."""
    for pattern, name in _NAMED:
        if found := pattern.search(agent):
            return Browser(name, two_parts(next((part for part in found.groups() if part), None)))
    browser = parsed.user_agent
    if browser is None:
        return Browser(None, None)
    parts = [part for part in (browser.major, browser.minor) if part]
    return Browser(browser.family[:50], ".".join(parts)[:20] or None)


def two_parts(version: str | None) -> str | None:
    """The first two parts of a version; of 16.0.0 as of 16: `16`, but `16.0` where a browser says no more."""
    return ".".join(version.strip(".").split(".")[:2])[:20] or None if version else None
