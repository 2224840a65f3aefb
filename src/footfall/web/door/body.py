"""From the bytes of a request's body to those of its events: compressed or not, marked or not, well-formed or nearly."""

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from footfall.errors import NotAccepted
from footfall.settings import Settings

ENCODINGS = ("gzip", "deflate", "br", "zstd")
_PLAIN = (b"{", b"[")
_SHAPES = 'send one event (an object), an array of events, or {"events": [...]}'


@dataclass(frozen=True, slots=True)
class Request:
    """A request taken apart: its events, still as bytes, and the tenant it names."""

    events: Sequence[bytes]
    is_single: bool
    named_tenant: Any


class _Envelope(msgspec.Struct):
    events: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    tenantId: Any = None  # noqa: N815  the plan's key
    tenant_id: Any = None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read_request(body: bytes, content_encoding: str, settings: Settings) -> Request:
    """Take a body apart: one event (an object), an array of events, or ``{"events": [...]}``.

    What cannot be read as JSON in one event is left to that event: its neighbours are read all the same.

    Raises NotAccepted: ``encoding_unknown`` (415), ``body_not_decodable``, ``body_empty``, ``body_not_json``,
    ``body_not_events``, ``no_events``; 413: ``body_too_large``, ``too_many_events``.
    """
    # nearly every body is plain, and begins so
    if content_encoding or body[:1] not in _PLAIN:
        body = _as_utf8(_unpacked(body, content_encoding, settings.max_body_bytes))
    body = body.strip()
    try:
        request = _read(body)
    except msgspec.ValidationError as error:
        raise NotAccepted("body_not_events", _SHAPES) from error
    except (msgspec.DecodeError, RecursionError) as error:
        nearly = _read_nearly(_without_half_characters(body), settings)
        if nearly is None:
            raise NotAccepted("body_not_json", f"the body is not JSON: {error}") from error
        request = nearly
    if not request.events:
        raise NotAccepted("no_events", _SHAPES)
    if len(request.events) > settings.max_events:
        raise NotAccepted(
            "too_many_events", f"at most {settings.max_events} events in a request", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        )
    return request


def _read(body: bytes) -> Request:
    if not body:
        raise NotAccepted("body_empty", _SHAPES)
    if body[:1] == b"[":
        return Request([bytes(event) for event in _decode_list(body)], is_single=False, named_tenant=None)
    envelope = _decode_envelope(body)
    named = envelope.tenantId or envelope.tenant_id
    if isinstance(envelope.events, msgspec.Raw) and bytes(envelope.events)[:1] == b"[":
        return Request([bytes(event) for event in _decode_list(envelope.events)], is_single=False, named_tenant=named)
    return Request([body], is_single=True, named_tenant=named)


# --- compressed, marked --------------------------------------------------------------------------------------------------------

_MAGIC = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd", "deflate": b"\x78"}
_MOST_LAYERS = 2
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def _unpacked(body: bytes, content_encoding: str, most: int) -> bytes:
    """The body without its compression, told by the header or by its first bytes: proxies drop the one and keep the other."""
    named = [name for name in re.split(r"[\s,]+", content_encoding.lower()) if name not in ("", "identity")]
    encodings = [name.removeprefix("x-") for name in reversed(named)]
    if len(encodings) > _MOST_LAYERS or not set(encodings) <= set(ENCODINGS):
        raise NotAccepted(
            "encoding_unknown",
            f"Content-Encoding {content_encoding!r} is not one of {', '.join(ENCODINGS)}",
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    for encoding in encodings or (name for name, magic in _MAGIC.items() if body.startswith(magic)):
        try:
            body = _UNPACK[encoding](body, most + 1)
        except (OSError, EOFError, zlib.error) as error:
            if body.lstrip()[:1] in (b"{", b"["):
                break  # somebody on the way has unpacked it, and has left the header
            raise NotAccepted("body_not_decodable", f"the body is not {encoding}, or was cut off: {error}") from error
        if len(body) > most:
            raise NotAccepted("body_too_large", f"at most {most} bytes, unpacked", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return body


def _inflated(window_bits: int) -> Callable[[bytes, int], bytes]:
    def unpack(body: bytes, most: int) -> bytes:
        inflater = zlib.decompressobj(window_bits)
        unpacked = inflater.decompress(body, most)
        if not inflater.eof and len(unpacked) < most:
            raise EOFError("it ends too early")
        return unpacked

    return unpack


def _deflated(body: bytes, most: int) -> bytes:
    """With zlib's frame, as RFC 9110 says, or without it, as some clients understand it."""
    try:
        return _inflated(zlib.MAX_WBITS)(body, most)
    except zlib.error:
        return _inflated(-zlib.MAX_WBITS)(body, most)


def _by_arrow(codec: str) -> Callable[[bytes, int], bytes]:
    def unpack(body: bytes, most: int) -> bytes:
        import pyarrow as pa  # noqa: PLC0415  nobody pays for it who sends no such body

        with pa.CompressedInputStream(pa.BufferReader(body), codec) as stream:
            return bytes(stream.read(most))

    return unpack


_UNPACK = {
    "gzip": _inflated(16 + zlib.MAX_WBITS),
    "deflate": _deflated,
    "br": _by_arrow("brotli"),
    "zstd": _by_arrow("zstd"),
}


def _as_utf8(body: bytes) -> bytes:
    """The body in UTF-8 and without a byte order mark: some editors and clients write one, some write UTF-16."""
    if encoding := _BOMS.get(body[:2]):
        return body.decode(encoding, "replace").encode()
    return body.removeprefix(b"\xef\xbb\xbf")


# --- nearly JSON ---------------------------------------------------------------------------------------------------------------

# every escape in turn, so that the backslash of one is never taken for the beginning of another
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
# strings are read over, so that brackets in a text are none
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_ARRAY_FOLLOWS = re.compile(rb"\s*:\s*(?=\[)")


def _without_half_characters(body: bytes) -> bytes:
    """The body with U+FFFD for each half of a surrogate pair: browsers write those for texts cut in the middle of an emoji."""
    return _ESCAPE.sub(lambda match: rb"\ufffd" if match["half"] else match[0], body)


def _read_nearly(body: bytes, settings: Settings) -> Request | None:
    """A body that was no JSON until half characters were replaced, or of which something still is none."""
    try:
        return _read(body)
    except (msgspec.MsgspecError, RecursionError):
        return _read_piecemeal(body, settings)


def _read_piecemeal(body: bytes, settings: Settings) -> Request | None:
    """The events of a body that is no JSON as a whole, each by its brackets; None when those do not match."""
    if body[:1] == b"[":
        events, end = _elements(body, 0, settings)
        return Request(events, is_single=False, named_tenant=None) if end == len(body) else None
    parts = _elements(b"[" + body + b"]", 0, settings)[0]
    if body[:1] != b"{" or len(parts) != 1 or not parts[0].endswith(b"}"):
        return None
    depth = 0
    for token in _TOKEN.finditer(body):
        if depth == 1 and token[0] == b'"events"' and (follows := _ARRAY_FOLLOWS.match(body, token.end())):
            events, end = _elements(body, follows.end(), settings)
            try:
                envelope = _decode_envelope(body[: follows.end()] + b"[]" + body[end:])
            except msgspec.MsgspecError:
                return None
            return Request(events, is_single=False, named_tenant=envelope.tenantId or envelope.tenant_id)
        depth += _step(token[0])
    return Request([body], is_single=True, named_tenant=None)


def _elements(body: bytes, start: int, settings: Settings) -> tuple[list[bytes], int]:
    """The elements of the array that begins at `start`, and where it ends: -1 when it does not, or is too deep to be events."""
    elements: list[bytes] = []
    begin, depth = start + 1, 0
    for token in _TOKEN.finditer(body, start):
        depth += _step(token[0])
        if (depth == 1 and token[0] == b",") or depth == 0:
            element = body[begin : token.start()].strip()
            begin = token.end()
            if element or depth:  # a comma after the last one is forgiven
                elements.append(element)
            if depth == 0:
                return elements, token.end()
        if depth > settings.max_event_depth + 2 or len(elements) > settings.max_events:
            break
    return elements, -1


def _step(token: bytes) -> int:
    """How a token changes the depth."""
    return 1 if token in (b"[", b"{") else -1 if token in (b"]", b"}") else 0
