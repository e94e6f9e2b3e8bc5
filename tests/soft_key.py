"""A security key in software, for tests: registers and signs as WebAuthn level 2 asks (sections 6.1, 6.5, 7.1, 7.2)."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT_AND_VERIFIED = 0x05
ATTESTED_DATA = 0x40


@dataclass
class SoftKey:
    """One credential of one relying party; `counter` rises with each signature, as a key's does."""

    rp_id: str
    origin: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    handle: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    counter: int = 0

    def register(self, options: dict[str, Any]) -> str:
        """The credential, as the page posts it, for the creation options of the server."""
        point = self.private.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.handle).to_bytes(2, "big") + self.handle + cbor2.dumps(cose)
        data = self._data(USER_PRESENT_AND_VERIFIED | ATTESTED_DATA) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["publicKey"]["challenge"])
        return self._credential({"clientDataJSON": b64(client), "attestationObject": b64(attestation)})

    def answer(self, options: dict[str, Any]) -> str:
        """The assertion, as the page posts it, for the request options of the server."""
        self.counter += 1
        data, client = (
            self._data(USER_PRESENT_AND_VERIFIED),
            self._client("webauthn.get", options["publicKey"]["challenge"]),
        )
        signature = self.private.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {"authenticatorData": data, "clientDataJSON": client, "signature": signature}
        return self._credential({name: b64(part) for name, part in parts.items()})

    def _data(self, flags: int) -> bytes:
        return sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _credential(self, response: dict[str, str]) -> str:
        named = {"id": b64(self.handle), "rawId": b64(self.handle), "type": "public-key"}
        return json.dumps({**named, "response": response, "clientExtensionResults": {}})


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
