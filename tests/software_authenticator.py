"""An authenticator in software: makes passkeys and shows them as a browser does, and lies about whatever a test says.

Web Authentication, level 3: sections 5.8.1 (client data), 6.1 (authenticator data), 6.5.4 (attestation object).
"""

import hashlib
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


def b64(raw: bytes) -> str:
    """As JSON has bytes: base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text: str) -> bytes:
    """What `b64` wrote."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One passkey of one person. What is set here is what it says, true or not."""

    origin: str
    counts: bool = True
    count: int = 0
    flags: int = PRESENT | VERIFIED
    cross_origin: bool = False
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    handle: bytes | None = None

    def make(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """A passkey for who asked: `challenge`, `host`, `type` are those of the options unless said otherwise."""
        self.handle = raw(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public_key = encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        made = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + public_key
        data = self._data(lies.get("host", options["rp"]["id"]), HAS_CREDENTIAL) + made
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client_data("webauthn.create", options, lies)
        return self._shown(
            {"clientDataJSON": b64(client), "attestationObject": b64(attestation), "transports": ["internal", "x"]}
        )

    def show(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """The passkey, to who asked."""
        self.count += self.counts
        data = self._data(lies.get("host", options["rpId"]), 0)
        client = self._client_data("webauthn.get", options, lies)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signed)}
        if self.handle is not None:
            response["userHandle"] = b64(self.handle)
        return self._shown(response)

    def _client_data(self, kind: str, options: dict[str, Any], lies: dict[str, Any]) -> bytes:
        said = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", options["challenge"]),
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        }
        return json.dumps(said).encode()

    def _data(self, host: str, more: int) -> bytes:
        return hashlib.sha256(host.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _shown(self, response: dict[str, Any]) -> dict[str, Any]:
        identifier = b64(self.credential_id)
        return {"id": identifier, "rawId": identifier, "type": "public-key", "response": response, "clientExtensionResults": {}}


def another_challenge() -> str:
    """One that nobody asked."""
    return b64(os.urandom(32))
