"""What keeps stored things secret: names that tell nothing and contents that nobody can read."""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
NAME_BYTES = 16


class Sealer:
    """AES-256-GCM for contents and HMAC-SHA-256 for names, each with a key of its own."""

    def __init__(self, *, data_key: bytes, index_key: bytes) -> None:
        self._aead = AESGCM(data_key)
        self._index_key = index_key

    def name(self, *parts: str) -> bytes:
        """A keyed digest of `parts`: the same parts give the same 16 bytes, and nothing back."""
        text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._index_key, text, hashlib.sha256)[:NAME_BYTES]

    def seal(self, content: bytes, *, bound_to: bytes) -> bytes:
        """Encrypt; only who names the same `bound_to` can open it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, content, bound_to)

    def open(self, sealed: bytes, *, bound_to: bytes) -> bytes | None:
        """The content, or None if it was sealed with another key, for something else, or changed."""
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):
            return None
