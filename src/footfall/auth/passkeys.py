"""Passkeys: what an authenticator makes for a host and proves to have, once somebody has shown it that it is theirs.

Web Authentication, level 3 (W3C). Each opens by itself, since it stands for two factors (what one has, and the finger or PIN that
it asks for), or comes after the password. What is asked is kept in the store, as any server process may get the answer.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Literal

import webauthn
from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from footfall.auth import second_factor
from footfall.auth.accounts import Accounts, token_hash
from footfall.database import Pool, changing
from footfall.errors import NotAccepted

CHALLENGE_LASTS = timedelta(minutes=5)
_MOST = 20  # of one person
_CHALLENGE_BYTES = 32
_HANDLE_BYTES = 32
_LONGEST_ID = 1023  # bytes: W3C, section 4
_REFUSED = {
    "passkey_there": "this authenticator has a passkey for Footfall already",
    "passkeys_full": f"you have {_MOST} passkeys: remove one first",
}

Purpose = Literal["register", "sign_in", "second_factor"]
Options = dict[str, Any]  # as browsers parse them: parseCreationOptionsFromJSON, parseRequestOptionsFromJSON
Shown = dict[str, Any]  # a PublicKeyCredential in JSON, as a browser sent it


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who asks: `host`, for which passkeys are made, and the `origin` of the pages that may ask."""

    host: str
    origin: str


class Passkeys:
    """Makes passkeys of people and signs people in by them; `connections` act as footfall_admin.

    What is asked belongs to one browser, which keeps a token of it, and is answered once.
    """

    def __init__(self, connections: Pool, accounts: Accounts) -> None:
        self._connections = connections
        self._accounts = accounts

    def begin(self, here: RelyingParty, email: str, name: str, password: str) -> tuple[str, Options]:
        """What an authenticator shall make, for who proves that they are who is signed in; and the token of this.

        Raises NotAccepted: ``password_wrong`` (403).
        """
        account_id = self._accounts.require_password(email, password)
        row = self._row("SELECT auth.passkey_handle(%s, %s)", account_id, secrets.token_bytes(_HANDLE_BYTES))
        assert row is not None  # noqa: S101  the account is there
        challenge = secrets.token_bytes(_CHALLENGE_BYTES)
        options = webauthn.generate_registration_options(
            rp_id=here.host,
            rp_name="Footfall",
            user_id=bytes(row[0]),
            user_name=email,
            user_display_name=name,
            challenge=challenge,
            timeout=_milliseconds(),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=self._of(account_id, here),
        )
        return self._remember("register", challenge, account_id), _json(options)

    def add(self, here: RelyingParty, sign_in: str, asked: str, name: str, shown: Shown) -> tuple[int, list[str]]:
        """Keep what an authenticator made: the passkey's number; and recovery codes, for who had no second factor before.

        `sign_in`: the token of who is signed in; `asked`: that of what was asked. Raises NotAccepted: ``challenge_unknown``,
        ``passkey_invalid`` (403), ``passkey_there``, ``passkeys_full`` (409).
        """
        challenge, account_id = self._take(asked, "register")
        with _checked(HTTPStatus.FORBIDDEN):
            _require_own_frame(shown)
            made = webauthn.verify_registration_response(
                credential=shown,
                expected_challenge=challenge,
                expected_rp_id=here.host,
                expected_origin=here.origin,
                require_user_verification=True,
            )
        if len(made.credential_id) > _LONGEST_ID:
            raise _invalid("its id is too long", HTTPStatus.FORBIDDEN)
        # what was begun by one person is not finished by another who signed in at this browser meanwhile
        if account_id != self._accounts.account_of(sign_in):
            raise _over()
        codes = second_factor.new_recovery_codes()
        row = self._change(
            "SELECT * FROM auth.add_passkey(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            token_hash(sign_in),
            here.host,
            made.credential_id,
            made.credential_public_key,
            made.sign_count,
            _transports(shown),
            name,
            _MOST,
            [second_factor.recovery_hash(code) for code in codes],
        )
        assert row is not None  # noqa: S101  it returns one row
        passkey, has_codes, refused = row
        if refused is not None:
            raise NotAccepted(refused, _REFUSED[refused], HTTPStatus.CONFLICT)
        return passkey, codes if has_codes else []

    def of(self, sign_in: str) -> list[dict[str, Any]]:
        """The passkeys of who shows this token."""
        keys = ("passkey", "name", "host", "created_at", "last_used_at", "is_doubted")
        with self._connections.connection() as connection:
            rows = connection.execute("SELECT * FROM auth.passkeys(%s)", (token_hash(sign_in),))
            return [dict(zip(keys, row, strict=True)) for row in rows]

    def rename(self, sign_in: str, passkey: int, name: str) -> None:
        """Call a passkey of who shows this token something else. Raises NotAccepted: ``passkey_unknown`` (404)."""
        if self._change("SELECT auth.rename_passkey(%s, %s, %s)", token_hash(sign_in), passkey, name) != (True,):
            raise _no_passkey()

    def remove(self, sign_in: str, email: str, password: str, passkey: int) -> None:
        """Remove a passkey of who shows this token; what was signed in to with it elsewhere ends.

        Raises NotAccepted: ``password_wrong`` (403), ``passkey_unknown`` (404).
        """
        self._accounts.require_password(email, password)
        if self._change("SELECT auth.remove_passkey(%s, %s)", token_hash(sign_in), passkey) != (True,):
            raise _no_passkey()

    def ask(self, here: RelyingParty) -> tuple[str, Options]:
        """What anybody's authenticator shall sign, so that they are signed in; and the token of this."""
        return self._ask(here, "sign_in", None, [])

    def sign_in(self, here: RelyingParty, asked: str, shown: Shown, agent: str) -> tuple[str, str]:
        """The token of a new sign-in of whose passkey was shown, and their e-mail address.

        Raises NotAccepted: ``challenge_unknown``, ``passkey_unknown``, ``passkey_invalid``, ``passkey_cloned`` (401).
        """
        account_id = None
        try:
            challenge, _ = self._take(asked, "sign_in")
            account_id, passkey, email = self._verified(here, challenge, shown)
        except NotAccepted as refused:
            self._accounts.note_failure(refused.code, account_id)
            raise
        return self._accounts.open_by_passkey(account_id, passkey, agent), email

    def ask_second(self, here: RelyingParty, email: str) -> tuple[str, Options] | None:
        """What an authenticator of this account shall sign, after the password; None: it has no passkey for this host."""
        row = self._row("SELECT account_id FROM auth.account_of(%s)", email)
        known = self._of(row[0], here) if row else []
        return self._ask(here, "second_factor", row[0], known) if row and known else None

    def second(self, here: RelyingParty, asked: str, shown: Shown) -> Callable[[int], int]:
        """Whether this is a passkey of an account's, as the second factor: for who knows the account once the password was right.

        Returns the passkey's number. Raises NotAccepted: as `sign_in`.
        """

        def passkey_of(account_id: int) -> int:
            challenge, asked_of = self._take(asked, "second_factor")
            shown_by, passkey, _ = self._verified(here, challenge, shown)
            if not account_id == asked_of == shown_by:
                raise _invalid("it is not one of this account")
            return passkey

        return passkey_of

    def _ask(
        self, here: RelyingParty, purpose: Purpose, account_id: int | None, known: list[PublicKeyCredentialDescriptor]
    ) -> tuple[str, Options]:
        challenge = secrets.token_bytes(_CHALLENGE_BYTES)
        options = webauthn.generate_authentication_options(
            rp_id=here.host,
            challenge=challenge,
            timeout=_milliseconds(),
            allow_credentials=known,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return self._remember(purpose, challenge, account_id), _json(options)

    def _verified(self, here: RelyingParty, challenge: bytes, shown: Shown) -> tuple[int, int, str]:
        """Whose passkey was shown, its number, and whose e-mail address that is: W3C, section 7.2."""
        with _checked():
            parsed = parse_authentication_credential_json(shown)
            handle = parsed.response.user_handle
        row = self._row("SELECT * FROM auth.passkey_shown(%s, %s)", parsed.raw_id, here.host)
        if row is None:
            message = "this passkey opens nothing here: it was removed, or is of another host"
            raise NotAccepted("passkey_unknown", message, HTTPStatus.UNAUTHORIZED)
        passkey, account_id, email, public_key, known_as = row
        with _checked():
            _require_own_frame(shown)
            used = webauthn.verify_authentication_response(
                credential=parsed,
                expected_challenge=challenge,
                expected_rp_id=here.host,
                expected_origin=here.origin,
                credential_public_key=bytes(public_key),
                credential_current_sign_count=0,  # compared below, in one step with keeping it
                require_user_verification=True,
            )
        # an authenticator that was told which passkeys there are need not say whose they are
        if handle is not None and not hmac.compare_digest(handle, bytes(known_as)):
            raise _invalid("it is of somebody else")
        if self._row("SELECT auth.use_passkey(%s, %s)", passkey, used.new_sign_count) != (True,):
            raise _cloned()
        return account_id, passkey, email

    def _of(self, account_id: int, here: RelyingParty) -> list[PublicKeyCredentialDescriptor]:
        with self._connections.connection() as connection:
            rows = connection.execute("SELECT * FROM auth.passkeys_of(%s)", (account_id,)).fetchall()
        return [
            PublicKeyCredentialDescriptor(id=bytes(credential_id), transports=[AuthenticatorTransport(one) for one in transports])
            for credential_id, host, transports in rows
            if host == here.host
        ]

    def _remember(self, purpose: Purpose, challenge: bytes, account_id: int | None) -> str:
        token = secrets.token_urlsafe(32)
        self._row(
            "SELECT auth.begin_passkey_challenge(%s, %s, %s, %s, %s)",
            token_hash(token),
            purpose,
            challenge,
            account_id,
            CHALLENGE_LASTS,
        )
        return token

    def _take(self, token: str, purpose: Purpose) -> tuple[bytes, int | None]:
        """Once, within minutes, and only in the browser that asked. Raises NotAccepted: ``challenge_unknown``."""
        row = self._row("SELECT * FROM auth.take_passkey_challenge(%s, %s)", token_hash(token), purpose) if token else None
        if row is None:
            raise _over()
        return bytes(row[0]), row[1]

    def _row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        with self._connections.connection() as connection:
            return connection.execute(query, values).fetchone()

    def _change(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """The same of a statement that changes something in the name of who acts."""
        with changing(self._connections) as connection:
            return connection.execute(query, values).fetchone()


@contextmanager
def _checked(status: HTTPStatus = HTTPStatus.UNAUTHORIZED) -> Iterator[None]:
    """What the library refuses, and what it stumbles over: a browser may have sent anything."""
    try:
        yield
    except NotAccepted:
        raise
    except Exception as error:
        raise _invalid(str(error), status) from error


def _require_own_frame(shown: Shown) -> None:
    """Nobody else's page has ours inside it, and asks there."""
    if parse_client_data_json(base64url_to_bytes(shown["response"]["clientDataJSON"])).cross_origin:
        raise ValueError("it was asked for inside of another site's page")


def _transports(shown: Shown) -> list[str]:
    """How the authenticator may be reached, as far as it is known how: browsers ask less then."""
    told = shown["response"].get("transports")
    known = {transport.value for transport in AuthenticatorTransport}
    return [one for one in known if one in told] if isinstance(told, list) else []


def _milliseconds() -> int:
    return int(CHALLENGE_LASTS.total_seconds() * 1000)


def _json(options: Any) -> Options:
    written: Options = json.loads(webauthn.options_to_json(options))
    return written


def _invalid(reason: str, status: HTTPStatus = HTTPStatus.UNAUTHORIZED) -> NotAccepted:
    return NotAccepted("passkey_invalid", f"this passkey proves nothing: {reason}", status)


def _cloned() -> NotAccepted:
    message = (
        "this passkey was used elsewhere, too: there may be a copy of it. It opens nothing any more: sign in otherwise, remove it"
    )
    return NotAccepted("passkey_cloned", message, HTTPStatus.UNAUTHORIZED)


def _no_passkey() -> NotAccepted:
    return NotAccepted("passkey_unknown", "there is no such passkey of yours", HTTPStatus.NOT_FOUND)


def _over() -> NotAccepted:
    message = "this took too long, was answered already, or was asked in another browser: begin again"
    return NotAccepted("challenge_unknown", message, HTTPStatus.BAD_REQUEST)
