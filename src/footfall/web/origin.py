"""Where people reach this server: that decides about cookies, encryption, and whose pages may ask."""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from footfall.errors import NotAccepted
from footfall.settings import Settings

CSRF_HEADER = "x-footfall-request"
_READING = ("GET", "HEAD")


class Origin:
    """The address that people know, or, when none is set, the one that each request names."""

    def __init__(self, settings: Settings) -> None:
        self._public = urlsplit(settings.public_url)

    def cookie(self, name: str) -> str:
        """The name of a cookie: where all is encrypted, one that no other host and no plain page can set (RFC 6265bis)."""
        return f"__Host-{name}" if self._public.scheme == "https" else name

    def cookie_of(self, request: Request, name: str) -> str:
        """What a request shows in this cookie; empty: it has none."""
        return request.cookies.get(self.cookie(name), "")

    def set_cookie(self, response: Response, request: Request, name: str, token: str, seconds: float) -> None:
        """Give a browser a token that its scripts cannot read."""
        is_secure = "https" in (self._public.scheme, request.url.scheme)
        response.set_cookie(self.cookie(name), token, max_age=int(seconds), httponly=True, samesite="lax", secure=is_secure)

    def delete_cookie(self, response: Response, name: str) -> None:
        """Take it back."""
        is_secure = self._public.scheme == "https"
        response.delete_cookie(self.cookie(name), httponly=True, samesite="lax", secure=is_secure)

    def require_own_page(self, request: Request) -> None:
        """Refuse what another site made a browser send. GET changes nothing.

        Browsers say themselves whether the page is ours (Sec-Fetch-Site), or at least of which origin it is; only our own pages
        can set our header: the defences of OWASP's CSRF cheat sheet. Raises NotAccepted: ``request_forged``.
        """
        origin = request.headers.get("origin")
        if origin is not None and self._is_foreign(request, origin):
            raise NotAccepted(
                "request_forged",
                f"this came from a page of {origin}, and Footfall is reached at {self._host(request)}:"
                " FOOTFALL_PUBLIC_URL says where, for a proxy that does not pass the host on",
                HTTPStatus.FORBIDDEN,
            )
        if request.method not in _READING and CSRF_HEADER not in request.headers:
            message = f"only Footfall's own pages may send this: {CSRF_HEADER} is missing"
            raise NotAccepted("request_forged", message, HTTPStatus.FORBIDDEN)

    def address(self, request: Request) -> str:
        """Where people reach this server, or, when nothing says so, where this request did."""
        return self._public.geturl() or f"{request.url.scheme}://{request.headers.get('host', '')}"

    def _is_foreign(self, request: Request, origin: str) -> bool:
        if site := request.headers.get("sec-fetch-site"):
            return site not in ("same-origin", "none")
        return urlsplit(origin).netloc != self._host(request)

    def _host(self, request: Request) -> str:
        return self._public.netloc or request.headers.get("host", "")
