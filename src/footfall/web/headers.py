"""What every answer says besides: it is what its type says, and no page of anybody's."""

from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from footfall.settings import Settings

Message = MutableMapping[str, Any]
Application = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

Headers = Sequence[tuple[bytes, bytes]]

# Pages and files say their own, where they need more. OWASP's list of secure headers, as far as it concerns what is no page.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_ENCRYPTED_FROM_NOW_ON = (b"strict-transport-security", b"max-age=31536000")  # RFC 6797, a year


def headers_of(settings: Settings) -> Headers:
    """What every answer says of itself; where all is encrypted, that browsers shall ask no other way."""
    return [*_HEADERS, _ENCRYPTED_FROM_NOW_ON] if settings.public_url.startswith("https:") else list(_HEADERS)


def with_headers(application: Application, more: Headers, leading_away: Collection[str] = ()) -> Application:
    """The application, each of whose answers has these headers, if not its own of the same name. The door says them itself.

    Where an answer leads elsewhere, that is a path: the host that a request names may be anything. But for the paths that are
    `leading_away`, whose answers make no use of that host.
    """

    async def answer(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        is_path = scope.get("path") not in leading_away

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (name, _path(value) if is_path and name.lower() == b"location" else value)
                    for name, value in message.get("headers", ())
                ]
                said = {name.lower() for name, _ in headers}
                message["headers"] = headers + [header for header in more if header[0] not in said]
            await send(message)

        await application(scope, receive, send_more)

    return answer


def _path(location: bytes) -> bytes:
    return urlsplit(location)._replace(scheme=b"", netloc=b"").geturl()
