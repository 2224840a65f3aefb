"""Client hints: what Chromium's browsers say beside their agent, which they have frozen. https://wicg.github.io/ua-client-hints/

The door writes them as one short text, in which nothing identifies: brands with their main version, the platform with two parts
of its version, and of model, form and being mobile only which kind of device it is:

    Brave:142,Chromium:142;Windows:15.0;desktop
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from footfall.judgement.agents.browsers import Browser, two_parts
from footfall.judgement.agents.devices import DEVICE_TYPES, DeviceType, device_type

# what says of a browser which it is: the first that is named
_BRANDS = {
    "Brave": "Brave",
    "Opera GX": "Opera GX",
    "Opera": "Opera",
    "Microsoft Edge": "Edge",
    "YaBrowser": "Yandex Browser",
    "Yandex": "Yandex Browser",
    "Vivaldi": "Vivaldi",
    "Samsung Internet": "Samsung Internet",
    "DuckDuckGo": "DuckDuckGo",
    "Whale": "Whale",
    "Avast Secure Browser": "Avast Secure Browser",
    "HeadlessChrome": "HeadlessChrome",
}
_BRAND = re.compile(r'"((?:[^"\\]|\\.)*)"\s*;\s*v="?(\d+)')
_PLATFORMS = {
    "windows": "Windows",
    "macos": "Mac OS X",
    "android": "Android",
    "chrome os": "Chrome OS",
    "chromium os": "Chrome OS",
    "linux": "Linux",
    "ios": "iOS",
}
_FORMS: dict[str, DeviceType] = {
    "tablet": "tablet",
    "automotive": "car",
    "xr": "wearable",
    "watch": "wearable",
    "mobile": "mobile",
    "desktop": "desktop",
}
_WORD = re.compile(r"[^\w .+-]")
_WINDOWS_11 = 13  # the platform's version from which on it is Windows 11, as Microsoft says
_LONGEST = 200
HEADERS = (
    b"sec-ch-ua",
    b"sec-ch-ua-mobile",
    b"sec-ch-ua-platform",
    b"sec-ch-ua-platform-version",
    b"sec-ch-ua-model",
    b"sec-ch-ua-form-factors",
)


@dataclass(frozen=True, slots=True)
class Hints:
    """What hints say; empty and None where they say nothing."""

    brands: tuple[tuple[str, str], ...] = ()
    platform: str | None = None
    version: str | None = None
    device: DeviceType | None = None


def hints_of(headers: Mapping[bytes, bytes], platform: str = "", platform_version: str = "") -> str | None:
    """The hints of a request as the text that is stored; `platform` and its version as a page told them, which no header did."""
    sent = tuple(headers.get(name, b"") for name in HEADERS)
    return _written(sent, platform[:50], platform_version[:50]) if any(sent) or platform_version else None


@lru_cache(4096)
def _written(sent: tuple[bytes, ...], page_platform: str, page_version: str) -> str | None:
    brands, mobile, platform, version, model, forms = (part[:500].decode("latin-1") for part in sent)
    # Chromium mixes in a brand that does not exist, so that nobody relies on there being none: it is always called "Not a brand"
    named = sorted(
        {(_WORD.sub("", name).strip(), number) for name, number in _BRAND.findall(brands) if "not" not in name.lower()}
    )
    told = _WORD.sub("", platform or page_platform).strip()
    number = two_parts(_WORD.sub("", version or page_version).strip()) or ""
    kind = next((kind for form, kind in _FORMS.items() if form in forms.lower()), None) or _of_model(
        model.strip('"'), mobile, told
    )
    text = f"{','.join(f'{name}:{number}' for name, number in named)};{told}:{number};{kind or ''}"
    return text[:_LONGEST] if text.strip(";:") else None


def _of_model(model: str, mobile: str, platform: str) -> DeviceType | None:
    if platform == "Android":
        return device_type(f"(Linux; Android 10; {model}) {'Mobile ' if mobile == '?1' else ''} Safari/537.36")
    return "mobile" if mobile == "?1" else None


def read_hints(text: str | None) -> Hints:
    """What stored hints say. Never fails."""
    brands, platform, device = [*(text or "").split(";"), "", "", ""][:3]
    name, _, version = platform.partition(":")
    known = next((kind for kind in DEVICE_TYPES if kind == device), None)
    pairs = tuple((brand, number) for brand, _, number in (one.rpartition(":") for one in brands.split(",")) if brand)
    return Hints(pairs, _PLATFORMS.get(name.lower()), version or None, known)


def browser_by(hints: Hints, browser: Browser) -> Browser:
    """The browser, by its brand where that says more than the agent."""
    for brand, number in hints.brands:
        if brand in _BRANDS and (browser.name or "").startswith(("Chrome", "Chromium", "Android", "HeadlessChrome")):
            return replace(browser, name=_BRANDS[brand], version=browser.version if brand != "Opera" else number)
    return browser


def system_by(hints: Hints, name: str | None, version: str | None) -> tuple[str | None, str | None]:
    """The system and its version, where the platform says more than the agent."""
    if hints.platform is None:
        return name, version
    if hints.platform == "Windows":
        main = int(found[0]) if hints.version and (found := re.match(r"\d+", hints.version)) else 0
        return "Windows", "11" if main >= _WINDOWS_11 else "10" if main else version
    if hints.platform == "Linux" and name not in (None, "Linux"):
        return name, version  # which Linux, the agent says
    return hints.platform, (hints.version or "").removesuffix(".0") or (version if hints.platform == name else None)


def device_by(hints: Hints, device: DeviceType | None) -> DeviceType | None:
    """The kind of device, where hints say more than the agent: of a frozen one it is not to be seen."""
    if hints.platform == "Chrome OS":
        return "desktop" if hints.device in (None, "desktop") else hints.device
    return hints.device if hints.device and device in (None, "mobile", "tablet", "desktop") else device
