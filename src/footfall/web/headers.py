"""What every answer says besides: it is what its type says, and no page of anybody's."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Application = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

# Pages and files say their own, where they need more. OWASP's list of secure headers, as far as it concerns what is no page.
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


def with_headers(application: Application) -> Application:
    """The application, each of whose answers has these headers, if not its own of the same name. The door says them itself."""

    async def answer(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                said = {name.lower() for name, _ in headers}
                message["headers"] = headers + [header for header in HEADERS if header[0] not in said]
            await send(message)

        await application(scope, receive, send_more)

    return answer
