"""What the letters need of whoever carries e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Envelope:
    """An e-mail as it is handed over; every copy of it has the same `identity`."""

    identity: str
    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Carries one e-mail to one address."""

    def send(self, envelope: Envelope) -> None:
        """Hand it over.

        Raises Unreachable (not taken, try again), Rejected (never will be), Unclear (sent, and no
        answer read: it may have been taken).
        """
        ...
