"""Lines whose fields have names: JSON of any server, CSV with a heading, LTSV, logfmt.

What servers and their operators call the same thing is a table. A name counts without case, `_`, `-` and `.`; of objects within
objects also with the names of those around it: `request.headers.User-Agent`.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from footfall.imports.logs.request import MALFORMED, NO_REQUEST, Reader, Request, apart, request_of, said

NAME = "json"
SAYS = "fields with names: JSON (nginx, Caddy, Traefik, Cloudflare …), CSV with a heading (Google storage), LTSV, logfmt"

# Arguments of `request_of`, each with the names it is known by, the best first.
_NAMES = {
    "time": """
        edgestarttimestamp edgestarttimestampns startutc startlocal ts timelocal timeiso8601 timestamp attimestamp
        requesttimestamp time msec datetime date timemicros reqtimesec starttime requesttime logtime eventtime t
    """,
    "line": """
        request requestline req httprequestline r
    """,
    "method": """
        clientrequestmethod requestmethod method httpmethod httprequestmethod csmethod reqmethod verb requestmethodname
        propertieshttpmethod verbname
    """,
    "target": """
        requesturi clientrequesturi requestpath uri requesturl requesturipath url path urloriginal urlpath csuri reqpath
        requestpathname clientrequestpath httpurl httprequesturl urlfull propertiesrequesturi originalpath
    """,
    "query": """
        requestquery clientrequestquery querystring args urlquery querystr reqquery propertiesrequestquery query
    """,
    "status": """
        edgeresponsestatus downstreamstatus status statuscode httpstatus httpresponsestatuscode responsestatus
        responsestatuscode responsecode scstatus rspcode originstatus propertieshttpstatus propertieshttpstatuscode code
    """,
    "address": """
        clientip requestclientip clienthost remoteaddr requestremoteip remoteip remoteaddress requestremoteaddr ip cip
        cliip clientaddr clientaddress sourceip client sourceaddress httprequestremoteip httprequestclientip remotehost
        propertiesclientip ipaddress host
    """,
    "forwarded": """
        httpxforwardedfor xforwardedfor requestheadersxforwardedfor requestxforwardedfor xff forwarded fwd forwardedfor
        headersxforwardedfor downstreamxforwardedfor xforwarded
    """,
    "referrer": """
        clientrequestreferer httpreferer httpreferrer referer referrer requestreferer requestheadersreferer csreferer
        httprequestreferrer httprequestreferer headersreferer requestreferrer propertiesreferer propertiesreferrer ref
    """,
    "user_agent": """
        clientrequestuseragent httpuseragent useragent agent requestuseragent requestheadersuseragent csuseragent
        useragentoriginal ua headersuseragent httprequestuseragent propertiesuseragent browser
    """,
    "host": """
        clientrequesthost requesthost vhost httphost host servername virtualhost domain cshost reqhost authority
        requestheadershost urldomain hostname headershost hostheader propertieshostname propertiesoriginalhost
        serverhost
    """,
    "port": """
        serverport
    """,
    "scheme": """
        clientrequestscheme requestscheme scheme urlscheme xforwardedproto httpxforwardedproto proto protocol
        propertiesrequestprotocol
    """,
}
_WAYS = {role: names.split() for role, names in _NAMES.items()}
_LOGFMT = re.compile(r'([A-Za-z_][\w.-]*)=("[^"\\]*(?:\\.[^"\\]*)*"|\S*)')
_LTSV = re.compile(r"[A-Za-z_][\w-]*:[^\t]*(?:\t[A-Za-z_][\w-]*:[^\t]*){3,}")

Fields = Mapping[str, Any]


def reader(head: Sequence[str]) -> Reader | None:
    """Reads lines in whichever of these ways the first one is written."""
    sample = [line for line in head if line.strip()]
    if not sample:
        return None
    first = sample[0]
    if first.lstrip().startswith("{"):
        return _reading(_of_json)
    if _LTSV.match(first):
        return _reading(lambda line: dict(pair.partition(":")[::2] for pair in line.split("\t")))
    if len(_LOGFMT.findall(first)) > 3:  # noqa: PLR2004  fewer are found in other lines, too
        return _reading(lambda line: {name: value.strip('"') for name, value in _LOGFMT.findall(line)})
    heading = next(csv.reader([first]), [])
    if len(heading) > 3 and _is_heading(heading):  # noqa: PLR2004
        return _reading(lambda line: None if line == first else _of_row(heading, line))
    return None


def _is_heading(names: Sequence[str]) -> bool:
    known = {_plain(name) for name in names}
    return all(known & set(_WAYS[role]) for role in ("time", "status", "target"))


def _of_json(line: str) -> Fields | str:
    try:
        written = json.loads(line)
    except ValueError:
        return MALFORMED
    return written if isinstance(written, dict) else MALFORMED


def _of_row(heading: Sequence[str], line: str) -> Fields | str:
    values = next(csv.reader([line]), [])
    return dict(zip(heading, values, strict=True)) if len(values) == len(heading) else MALFORMED


def _reading(take: Callable[[str], Fields | str | None]) -> Reader:
    """Reads what a line's fields are, and of them the request."""

    def read(line: str) -> Request | str | None:
        if not line.strip():
            return None
        fields = take(line)
        return fields if fields is None or isinstance(fields, str) else _request(fields)

    return read


def _request(fields: Fields) -> Request | str:
    flat = dict(_flat(fields))
    found = {
        role: value for role, names in _WAYS.items() if (value := next((flat[name] for name in names if name in flat), None))
    }
    if "time" not in found:
        return MALFORMED
    if "line" in found and (" " not in found["line"] or found.get("method")):
        del found["line"]
    if "line" not in found and "target" not in found:
        # what else programs write in JSON: that they have started, what went wrong
        return NO_REQUEST if fields.keys() & {"level", "msg", "message", "severity"} else MALFORMED
    if found.get("host") == found.get("address"):
        # LTSV and common names: `host` is who asks, where nothing else says so
        del found["host"]
        if (site := next((flat[name] for name in _WAYS["host"] if name != "host" and name in flat), None)) is not None:
            found["host"] = site
    return request_of(**_whole(found))


def _whole(found: dict[str, str]) -> dict[str, str]:
    """The fields, told apart where one says what another one is for."""
    target = found.get("target", "")
    scheme, host, path = apart(target)
    if host:
        found |= {"target": path, "scheme": scheme, "host": host}
    if "line" in found:
        found.pop("target", None)
        found.pop("query", None)
    elif "?" in found.get("target", ""):
        found.pop("query", None)
    if "," in found.get("address", ""):
        found["forwarded"] = found.pop("address")
    if "scheme" in found:
        found["scheme"] = found["scheme"].removesuffix(":")
    found["status"] = found.get("status", "0").split(".")[0]
    found["time"] = found["time"].strip("[]")
    return found


def _flat(fields: Fields, before: str = "") -> Iterator[tuple[str, str]]:
    """Names and values of an object and of those within it; of a list (headers) its first."""
    for name, value in fields.items():
        plain = before + _plain(str(name))
        if isinstance(value, list):
            value = value[0] if value else None  # noqa: PLW2901
        if isinstance(value, Mapping):
            yield from _flat(value, plain)
            if before == "" and plain in (
                "request",
                "httprequest",
                "http",
                "properties",
                "headers",
                "log",
                "jsonpayload",
                "fields",
            ):
                yield from _flat(value)
        elif value is not None and not isinstance(value, bool) and said(text := str(value)) is not None:
            yield plain, text


def _plain(name: str) -> str:
    return name.lower().replace("@", "at").translate(_DROPPED)


_DROPPED = str.maketrans("", "", "_-. ()$%>{}")
