"""What opens an invitation: kept as MACs, told once."""

from __future__ import annotations

import hashlib
import hmac
import secrets

TOKEN_BYTES = 32
CODE_DIGITS = 6


class InvitationSecrets:
    """Makes them, and knows them again."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def fresh(self) -> tuple[str, str]:
        """A token for the link and a code for the other letter."""
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        return secrets.token_urlsafe(TOKEN_BYTES), code

    def mac(self, *parts: str) -> bytes:
        """As they are kept: of a token alone, or of a token with its code."""
        text = "\x1f".join(("staff invitation", *parts)).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256)
