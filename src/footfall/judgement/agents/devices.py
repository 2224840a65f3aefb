"""What kind of device an agent is of: by the words that it uses and by how makers name their models, in the order of the rules.

There is no list of models. Makers of televisions, consoles, watches and cars run Android, too: their rules come before Android's.
"""

import re
from typing import Literal, get_args

from footfall.judgement.agents.words import telling

DeviceType = Literal["mobile", "tablet", "desktop", "tv", "console", "wearable", "car", "other"]
DEVICE_TYPES: tuple[DeviceType, ...] = get_args(DeviceType)


def _any_of(*patterns: str) -> re.Pattern[str]:
    # of text in small letters: without a flag for that, Python passes over what cannot match by its first letter
    return re.compile("|".join(patterns))


# What an Android agent names after its version: the device. Chromium says K instead, of any.
_MODEL = re.compile(r"Linux;[^()]*?Andr[o0]id[ \d.]*;([^()]*)|Adr [\d.]+;([^()]*)")
_NO_MODEL = re.compile(r" ?(?:[a-z]{2}[-_][a-z]{2}; )?K")

_CONSOLE = _any_of(
    r"(?<!ne)xbox|playstation|\bps[345v]\b|\bpsp\b|nintendo|\bwii|gameboy|dreamcast|dreamkey|planetweb|sega ?saturn"
    r"|ouya|steam ?deck",
    # handhelds on Android: Anbernic's, Retroid's, and whatever calls itself a pad for games
    r"\brg(?:28|35\d|40[56]|505|55\d|cube)|anbernic|retroid|game ?pad|\bodin ?2",
)
_WEARABLE = _any_of(
    r"watch ?os|watch\d|\b(?:[a-z]+[-_ ]?)?watch\b|wear ?os|\bgear (?:s|live|fit)\b|moto 360",
    r"\bsm-[rl]\d{3}",  # Samsung's watches
    # glasses
    r"oculus|\bquest (?:\d|pro)\)|\bvr ~|pico neo|google glass",
)
_CAR = _any_of(
    r"tesla/|qtcarbrowser|android ?auto\b|automotive|carplay|\bcar[ _-]|[a-z]car\b(?= build)|head ?unit|polestar|mbux"
    r"|\baudi_|\bivi\b|\baivi",
    # boards of head units
    r"quad-?core[ _]t3|\b8227l|\byt\d{4}|\bks\d{3,4}x\d{3}|\bsda-\d+tab|teyes|joying",
)
_TV = _any_of(
    r"smart[-_ ]?(?:tv|hub|box)|(?:google|g00gle|apple|android|fire|mi|philips|opera)[-_ ]?tv"
    r"|[-_ ]tv(?: ?~|[;/)_]| build|\b(?! \d\d\)))|^tv\b|\btv[-_ ]?(?:box|stick)",
    r"hbbtv|web0s|webos\.tv|netcast|tvos|tizen.{1,20}tv|\bdtv|nettv|inettvbrowser|\bce-html|viera|bravia|crkey"
    r"|chromecast|roku|vidaa|vizio|\bomi/",
    r"espial|\btivo|freebox|livebox|set-?top|\bstb\b|\bott\b|dvb|lg browser/|sony_tv|shield android|mi ?box|mitv"
    r"|[-_ ]box\b|android ?box|streaming stick|qled|oled",
    r"\baft(?!lf)[a-z0-9]{1,8}\b",  # Amazon's sticks
    r"\bbuild/[o-u]t[a-z0-9]\d?\b",  # builds of Android TV have a T in the second place
    r"\bmag ?\d{3}\b|\bmxq|\bh96[ _-]?(?:max|mini|pro)|\bx9[26] ?(?:mini|max|q)|\btx\d ?(?:mini|pro|max)|\bt95(?!9)"
    r"|mecool|ugoos",  # boxes sold under many names
)
# televisions are named after their inches (55LU1222, HTY-43F11B, LED42SR24), or end in TV (MatrixTV)
_TV_MODEL = re.compile(
    r"[a-z]TV(?:[\d ;)_]|AP)"
    r"|(?<![\dA-Za-z])(?:[A-Z]{1,4}[-_ ])?(?:LED|U|LD|H|L)?(?:19|2[248]|3[29]|4[0-389]|5[058]|6[05]|7[057]|8[56])"
    r"(?:[A-Z]{1,4}[-_]?\d{2,5}|[A-Z]{2,4}\d|[A-Z]{3,5}\b)"
)
_OTHER = _any_of(
    r"smart ?(?:speaker|display)|homepod|audioaccessory|google ?home|nest ?hub|sonos(?!.*iphone)|family ?hub|kiosk"
    r"|\bcoolpix|\bek-g[cn]|ebook reader",
    r"\bipod(?! touch)|walkman|\bnwz?-",
)
_TABLET = _any_of(
    r"ipad|tablet(?! pc)|\bslate\b|playbook|touchpad|kindle|\bsilk/(?!.*mobile)|xoom|nexus (?:7|9|10)\b"
    r"|pixel (?:c|tablet)\b|/apad\b",
    # pad and tab, alone or at a word's end: MediaPad, Lenovo TAB M10, Tab2; but no Coolpad and no Padfone, which are phones
    r"(?<!cool)(?<!key)(?<!think)pad(?:[-_ \d)]|$)(?!fone)",
    r"(?:^|[-_ ;a-z])tab(?:[-_ \d)]|$)|\btab[-_a-z]?\d|tpc\b|\bmid[-_]?\d",
    r"\b(?:7|8|9|10|10\.1|11|12)(?:\.\d)?[-_ ]?(?:inch|zoll|hd\b|\")",
    # Samsung's, Huawei's with Wi-Fi only, Lenovo's, Amazon's, LG's, Asus', Acer's, Prestigio's, Digma's, Irbis'
    r"\bsm-[tpx]\d{3}|\bgt-p\d{4}|\bgt-n(?:5|8)\d{3}",
    r"\b[a-z]{2,5}\d?-w[01]\d",
    r"\btb[-_]?[x\d]\d|\bideatab|\byoga|\byt3?-|\blenovo (?:a[1-7][0-9]00-[fh]|b[68]\d{3}|s6000)",
    r"\bkf[a-z]{2,6}\b",
    r"\blg-v[4-9]\d\d|\blm-t\d{3}|\bvk\d{3}\b(?! )",
    r"\bme\d{3}[a-z]*\b|\btf\d{3}|\bk0[01][0-9a-z]\b|\bp0[0-2][0-9a-z]\b|transformer",
    r"iconia|\b[ab][13]-[a78]\d\d?",
    r"\bpm[tp]\d{4}",
    r"\b[cnpt]s(?:7|8|9|1[01])\d{2,3}[mp][gl]",
    r"\btz\d{2,3}\b",
    r"iplay|teclast|chuwi|odys[- _]|touchlet|pocketbook|\bnook|\bbnt[vp]|\brct\d|archos (?:[789]\d|1[013]\d)"
    r"|\bbq-(?:[78]|10)\d{2,3}|\bnovo ?\d|kurio|lifetab|xelio|\bvonino",
)
# families that are phones though the agent asks for pages as a desktop would
_PHONE_MODEL = _any_of(
    r"\bsm-[agjmnfecsw]\d{3,4}|\b[a-z]{3}-[a-z]?l\d\d|\b[a-z]{3}-[at]n\d\d|\bpixel (?:\d|xl)|\bnexus [456]|\bcph\d{4}"
    r"|\bmoto\b|iphone|redmi (?!pad)"
)
_LAPTOP = _any_of(r"chromebook|notebook|netbook|lifebook|elitebook|thinkpad|travelmate|vostro|satellite|aspire|compaq|\bpc\b")
_PHONE = _any_of(
    r"mobi|iphone|ipod|phone|blackberry|\bbb10|opera mini|midp|cldc|symbian|series ?[3468]0|\bs60|maemo|bada/|\bbrew\b"
    r"|\brex/|nokia|sonyericsson|\bmaui|kaios",
    r"palm|webos/|ucweb|ucbrowser|up\.(?:browser|link)|docomo|j-phone|\bmmp/|\bmre\b|lumia|\bmtk\b|netfront|obigo"
    r"|teleca|\bwap|dalvik|cronet|ios[ /;]\d|android",
)
_DESKTOP = _any_of(
    r"windows|\bwin(?:32|64|10|nt|98|95)|macintosh|mac ?os|\bosx\b|mac(?:book|mini|pro)|\bimac"
    r"|darwin[^)]*\((?:x86_64|i386)|x11|linux|cros\b|bsd\b|sunos|beos|amiga|haiku|os/2",
)
_BEFORE_ANDROID: tuple[tuple[DeviceType, re.Pattern[str]], ...] = (
    ("console", _CONSOLE),
    ("wearable", _WEARABLE),
    ("car", _CAR),
    ("tv", _TV),
    ("other", _OTHER),
)
_BESIDE_ANDROID: tuple[tuple[DeviceType, re.Pattern[str]], ...] = (("tablet", _TABLET), ("mobile", _PHONE), ("desktop", _DESKTOP))


def device_type(agent: str) -> DeviceType | None:
    """The kind of device that an agent is of; None where nothing tells."""
    text, model = telling(agent).lower(), _model_of(agent)
    kind = next((kind for kind, words in _BEFORE_ANDROID if words.search(text)), None)
    if kind:
        return kind
    if model is not None:
        return "tv" if _TV_MODEL.search(model) else _of_android(agent, model.lower())
    lowered = agent.lower()
    return next((kind for kind, words in _BESIDE_ANDROID if words.search(lowered)), None)


def _of_android(agent: str, model: str) -> DeviceType:
    if "/apad" in agent or _TABLET.search(model):
        return "tablet"
    if _PHONE_MODEL.search(model):
        return "mobile"
    if _LAPTOP.search(model):
        return "desktop"
    # browsers and views of the web say "Mobile" on phones only; apps that break off before Safari's name never say it
    return "mobile" if "obile" in agent or " Safari/" not in agent else "tablet"


def _model_of(agent: str) -> str | None:
    """The device that an Android agent names; empty where it names none, None where it is no Android."""
    found = _MODEL.search(agent)
    if found is None:
        return None
    model = found[1] or found[2] or ""
    return "" if _NO_MODEL.fullmatch(model) else model
