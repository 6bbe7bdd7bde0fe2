"""A passkey without a machine around it: makes keys and signs, also as nobody should."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from tests.admin.visitor import GOOD, HOST, Visitor

ORIGIN, ADDRESS = HOST, "127.0.0.1"
PRESENT, VERIFIED, MADE = 0x01, 0x04, 0x40


def letters(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Authenticator:
    """One credential. `origin`, `address` and `is_verified` say what a browser would."""

    count: int = 0
    origin: str = ORIGIN
    address: str = ADDRESS
    is_verified: bool = True
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def made(self, options: dict[str, Any]) -> str:
        """The answer to the options of a new passkey."""
        numbers = self.key.public_key().public_numbers()
        x, y = (one.to_bytes(32, "big") for one in (numbers.x, numbers.y))
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        made = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + public
        attested = {"fmt": "none", "attStmt": {}, "authData": self._data(MADE) + made}
        return self._answer(
            {
                "clientDataJSON": letters(self._client("webauthn.create", options)),
                "attestationObject": letters(cbor2.dumps(attested)),
            }
        )

    def signed(self, options: dict[str, Any], *, challenge: str = "") -> str:
        """The answer to the options of signing in; another `challenge` if so told."""
        self.count += 1
        asked = {"challenge": challenge or options["challenge"]}
        client, data = self._client("webauthn.get", asked), self._data()
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": letters(client),
                "authenticatorData": letters(data),
                "signature": letters(signature),
            }
        )

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(told).encode()

    def _data(self, more: int = 0) -> bytes:
        flags = PRESENT | more | (VERIFIED if self.is_verified else 0)
        whose = hashlib.sha256(self.address.encode()).digest()
        return whose + bytes([flags]) + self.count.to_bytes(4, "big")

    def _answer(self, response: dict[str, str]) -> str:
        whose = letters(self.credential)
        return json.dumps({"id": whose, "rawId": whose, "type": "public-key", "response": response})


@dataclass
class KeyRing:
    """Somebody's passkeys, used at the pages."""

    person: Visitor

    def options(self, path: str = "/sign-in/passkey") -> dict[str, Any]:
        answer = self.person.client.post(
            f"{path}/options", base_url=HOST, headers={"X-CSRFToken": self.person.token(path)}
        )
        assert answer.status_code == 200, answer.status_code
        return dict(answer.get_json())

    def add(self, key: Authenticator, *, name: str = "telephone", password: str = GOOD) -> str:
        """What the page says then."""
        answer = key.made(self.options("/account/passkeys"))
        self.person.send("/account/passkeys", name=name, password=password, credential=answer)
        return self.person.get("/account").text

    def use(self, key: Authenticator, **wrong: str) -> None:
        self.answer(key.signed(self.options(), **wrong))

    def answer(self, credential: str) -> None:
        self.person.send("/sign-in/passkey", credential=credential)


def challenge_in(answer: str) -> bytes:
    """What an answer says it was asked."""
    client = json.loads(answer)["response"]["clientDataJSON"]
    told = json.loads(urlsafe_b64decode(client + "=="))
    return urlsafe_b64decode(told["challenge"] + "==")
