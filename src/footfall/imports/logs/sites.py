"""Whose page a request was for, and which referrers are the site's own."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from footfall.imports.logs.request import Request, apart, host_of
from footfall.judgement import is_known_origin


class Sites:
    """The addresses of pages: each host that a log names is a site; where it names none, it is the one that was given.

    Of a site whose host is not known, a referrer may be one of its own pages: only those are taken that are known as origins
    of visits, search engines and the like.
    """

    def __init__(self, site: str, own_hosts: Sequence[str]) -> None:
        parts = urlsplit(site if "://" in site or not site else f"https://{site}")
        self._site = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/") if parts.netloc else ""
        self._host = parts.hostname or ""
        self._scheme = parts.scheme or "https"
        self._own = {bare(host) for host in (self._host, *own_hosts) if host}
        self.is_unknown = False  # whether a page had no host

    def own(self, request: Request) -> tuple[str, str] | None:
        """The page's address without its path, and its path and query; None: another site was asked for, as of a proxy."""
        target = request.target
        if target.startswith("/"):
            return self._before(request.host, request.scheme), target
        scheme, named, path = apart(target)
        host = host_of(named)[0]
        if host is None or not (self._is_own(host) or bare(host) == bare(request.host or "")):
            return None
        return self._before(host, scheme), path

    def referrer(self, request: Request, before: str) -> str | None:
        """Where it came from, if that is not a page that may be the site's own."""
        if before or request.referrer is None:
            return request.referrer
        host = bare(urlsplit(request.referrer).hostname or "") if "://" in request.referrer else ""
        return request.referrer if host and host not in self._own and is_known_origin(host) else None

    def _before(self, host: str | None, scheme: str | None) -> str:
        if host is None:
            self.is_unknown = self.is_unknown or not self._site
            return self._site
        return self._site if host == self._host else f"{scheme or self._scheme}://{host}"

    def _is_own(self, host: str) -> bool:
        name = bare(host)
        return any(name == own or name.endswith(f".{own}") for own in self._own)


def bare(host: str) -> str:
    """A host without a leading www., as pages are compared by; twin of staging.without_www."""
    return host.lower().removeprefix("www.")
