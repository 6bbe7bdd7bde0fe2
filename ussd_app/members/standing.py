"""Block members and let them in again, at once and everywhere."""

from __future__ import annotations

from typing import Protocol

from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.messages.service import Messages
from ussd_app.values import Phone

ERRAND = "hang-up"


class Calls(Protocol):
    """Who can end a phone's live call."""

    def end(self, phone: Phone) -> None:
        """Let the call end at its next hop. Raises Unavailable."""
        ...


class Standing:
    """Blocks and unblocks."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        messages: Messages,
        calls: Calls,
        *,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._messages, self._calls = db, clock, messages, calls
        self._signature = signature

    def block(self, phone: Phone, *, by: Actor, why: str) -> bool:
        """Refuse the member from this moment on; False if they are blocked already.

        Their live call ends at its next hop, money is refused in every channel, and they are told
        by SMS. Raises NotFound, and Conflict where their status does not allow it.
        """
        raise NotImplementedError

    def unblock(self, phone: Phone, *, by: Actor, why: str) -> bool:
        """Let the member in again; they are told by SMS. False if they are not blocked."""
        raise NotImplementedError

    def hang_up(self, member: int) -> None:
        """The errand: end the live call of a blocked member, should that have failed before."""
        raise NotImplementedError
