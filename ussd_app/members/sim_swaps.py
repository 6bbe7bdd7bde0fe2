"""What recoveries need of whoever knows when a SIM was swapped."""

from __future__ import annotations

from typing import Protocol

SWAPPED, CLEAN, UNKNOWN = "swapped", "clean", "unknown"


class Asked(Protocol):
    """An answer: what is known at once, or under which reference it comes."""

    @property
    def verdict(self) -> str | None:
        """'swapped', 'clean' or 'unknown'; None while it is on its way."""
        ...

    @property
    def reference(self) -> str | None:
        """What the answer to come is called."""
        ...


class SimSwaps(Protocol):
    """Says whether a number's SIM was swapped lately: 'swapped', 'clean' or 'unknown'."""

    def ask(self, phone: str) -> Asked:
        """Ask for it. Raises GatewayError; whoever asks takes that for unknown."""
        ...
