"""Every letter the mail server took, bounded, and safe to read while it takes more."""

import itertools
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

MAX_LETTERS = 5_000


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One letter as it came."""

    seq: int
    sender: str
    to: str
    subject: str
    text: str
    message_id: str
    taken_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {**vars(self), "taken_at": self.taken_at.isoformat()}


class Mailbox:
    """Holds the latest letters, whomever they are to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._letters: deque[Letter] = deque(maxlen=MAX_LETTERS)
        self._numbers = itertools.count(1)

    def take(self, sender: str, to: str, content: bytes) -> None:
        """Put one more letter in."""
        message = message_from_bytes(content, policy=default)
        body = message.get_body(("plain",))
        with self._lock:
            self._letters.append(
                Letter(
                    seq=next(self._numbers),
                    sender=sender,
                    to=to,
                    subject=str(message["Subject"] or ""),
                    text=str(body.get_content()).replace("\r\n", "\n") if body else "",
                    message_id=str(message["Message-ID"] or ""),
                    taken_at=datetime.now(UTC),
                )
            )

    def letters(self, *, to: str = "", since: int = 0) -> list[Letter]:
        """Return the letters after the one so numbered, oldest first."""
        with self._lock:
            return [
                each for each in self._letters if each.seq > since and to.lower() in ("", each.to)
            ]

    def letter(self, seq: int) -> Letter | None:
        """Return one of them, if it is there still."""
        with self._lock:
            return next((each for each in self._letters if each.seq == seq), None)

    def reset(self) -> None:
        """Throw all of them away."""
        with self._lock:
            self._letters.clear()
