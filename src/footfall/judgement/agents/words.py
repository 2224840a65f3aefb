"""What tells in an agent: all of it but what nearly every browser says, which tells nothing and takes most of the time."""

import re

_EVERYBODY = re.compile(
    r"(?:(?:AppleWebKit/[\d.]+\+?(?: \(KHTML, like Gecko\))?|(?:Gecko|Version|Chrome|Firefox|Safari|Trident)/[\d.]+|Mobile/\w+"
    r"|Windows NT \d[\d.]*|Win64; x64|WOW64|Intel Mac OS X [\d_.]+|CPU (?:iPhone )?OS [\d_]+ like Mac OS X|MSIE [\d.]+"
    r"|rv:[\d.]+|like Gecko)(?=[ ;)]|$)[ ;]*)+"
)


def telling(agent: str) -> str:
    """The agent with a ~ for each run of words that nearly all browsers have."""
    return _EVERYBODY.sub("~", agent)
