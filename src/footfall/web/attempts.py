"""How often somebody may try to sign in: guessing is slow for one address, and no quicker for many."""

from collections.abc import Hashable

from starlette.requests import Request

from footfall.web.proxies import Proxies, network_of
from footfall.web.rate import RateLimit

_BURST_SECONDS = 120.0
_GUESSES_A_SECOND = 1 / 12  # of one address, or one known device, at one account, link or passkey, after ten
_ATTEMPTS_A_SECOND = 1 / 2  # of one address at all, and of all addresses at one account or link, after sixty


class Attempts:
    """Counts attempts, whatever they show; nobody can keep the right password out. All raise NotAccepted: ``rate_limited``."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._guesses = RateLimit(_GUESSES_A_SECOND, burst_seconds=_BURST_SECONDS, what="attempt")
        self._attempts = RateLimit(_ATTEMPTS_A_SECOND, burst_seconds=_BURST_SECONDS, what="attempt")

    def admit(self, request: Request, what: Hashable) -> None:
        """An attempt at an account, a link or a passkey."""
        address = self._address(request)
        self._guesses.admit((address, what))
        self._attempts.admit(("address", address))
        self._attempts.admit(("account", what))

    def admit_device(self, device: str) -> None:
        """An attempt of a device that was signed in with before: it has an allowance of its own."""
        self._guesses.admit(("device", device))

    def admit_address(self, request: Request) -> None:
        """Something that nobody guesses by."""
        self._attempts.admit(("address", self._address(request)))

    def admit_code(self, account_id: int) -> None:
        """A code of an account, wherever it comes from."""
        self._guesses.admit(("account", account_id))

    def _address(self, request: Request) -> str:
        return network_of(self._proxies.client_of(request.scope))
