"""Turn PINs into verifiers, and back into yes or no.

A verifier is argon2id over HMAC-SHA-256 with a pepper that the database never sees: ten thousand
PINs are tried in three minutes against argon2 alone, and never without the pepper. The member's id
is under the MAC, so that a verifier copied onto another row proves nothing. OWASP's parameters:
2 passes, 19 MiB, 1 lane (17 ms).
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type

from ussd_app.errors import NotBegun

PASSES, MEMORY_KIB, LANES = 2, 19 * 1024, 1
SLOT_SECONDS = 0.5


@dataclass(frozen=True)
class Verifier:
    """What proves a PIN, and the name of the pepper under it."""

    pepper: str
    hash: str

    def dump(self) -> str:
        """In one string, as a dialog carries a PIN chosen but not yet repeated."""
        return f"{self.pepper}:{self.hash}"

    @classmethod
    def load(cls, dumped: str) -> Verifier:
        """The opposite of `dump`."""
        pepper, _colon, hashed = dumped.partition(":")
        return cls(pepper, hashed)


class PinVault:
    """Makes and checks verifiers; `slots` at a time, for more would only wait longer."""

    def __init__(self, peppers: Mapping[str, bytes], *, slots: int) -> None:
        self._peppers = peppers
        self._newest = next(iter(peppers))
        self._slots = threading.BoundedSemaphore(slots)
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID
        )

    def seal(self, member: int, pin: str) -> Verifier:
        """A verifier with the newest pepper. Raises NotBegun when too many are being made."""
        with self.slot():
            return Verifier(self._newest, self._hasher.hash(self._mac(self._newest, member, pin)))

    def proves(self, verifier: Verifier, member: int, pin: str) -> bool:
        """Whether this is the PIN. To be called within `slot`. Raises NotBegun without its pepper."""
        if not self.knows(verifier):
            raise NotBegun(f"the pepper {verifier.pepper!r} is gone from PIN_PEPPERS")
        try:
            return self._hasher.verify(verifier.hash, self._mac(verifier.pepper, member, pin))
        except VerifyMismatchError:
            return False

    @property
    def peppers(self) -> list[str]:
        """The names of the peppers at hand."""
        return list(self._peppers)

    def knows(self, verifier: Verifier) -> bool:
        """Whether the pepper under it is at hand."""
        return verifier.pepper in self._peppers

    def is_dated(self, verifier: Verifier) -> bool:
        """Whether it should be made anew at the next right PIN."""
        return verifier.pepper != self._newest or self._hasher.check_needs_rehash(verifier.hash)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A turn at hashing. Raises NotBegun rather than queue for long."""
        if not self._slots.acquire(timeout=SLOT_SECONDS):
            raise NotBegun("too many PINs at once")
        try:
            yield
        finally:
            self._slots.release()

    def _mac(self, pepper: str, member: int, pin: str) -> bytes:
        return hmac.digest(self._peppers[pepper], f"pin|v1|{member}|{pin}".encode(), hashlib.sha256)
