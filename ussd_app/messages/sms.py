"""What the messages need of whoever carries SMS."""

from __future__ import annotations

from typing import Protocol


class Accepted(Protocol):
    """The company took it."""

    @property
    def provider_id(self) -> str:
        """Their id of it."""
        ...

    @property
    def cost(self) -> int:
        """What it cost, in hundredths of the currency; 0 if that was not told."""
        ...


class Sms(Protocol):
    """Carries one SMS to one number."""

    def send(self, to: str, body: str) -> Accepted:
        """Hand it over.

        Raises Unreachable (not taken, try again), Rejected (never will be), Unclear (sent, and no
        answer read: it may have been taken).
        """
        ...
