"""One-time codes: sent by SMS to a number, for one purpose and one subject, right once.

At rest there is only a keyed digest, and the SMS sealed until it has left; a try is charged before
it is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ussd_app.clock import Clock
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotFound, Refusal
from ussd_app.messages.service import Draft, Messages
from ussd_app.seal import Sealer

DIGITS = 6
TRIES = 5
CONFIRMATION_LIFE = timedelta(minutes=5)
PAUSE = timedelta(seconds=60)  # before another is sent to the same number


@dataclass(frozen=True)
class Caps:
    """How many codes may be sent: to one number in an hour and a day, and by one asker in a day."""

    an_hour: int = 3
    a_day: int = 10
    asker_a_day: int = 100


class CodeWrong(Refusal):
    """That was not the code; `tries_left` until it is burnt."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("wrong code")
        self.tries_left = tries_left


class CodeGone(NotFound):
    """There is no such code any more: used, burnt, replaced, too old, or never sent."""


class Codes:
    """Sends codes and judges what is typed."""

    def __init__(
        self, db: Database, clock: Clock, messages: Messages, sealer: Sealer, *, caps: Caps
    ) -> None:
        self._db, self._clock, self._messages = db, clock, messages
        self._sealer, self._caps = sealer, caps

    def send(
        self,
        work: Work,
        draft: Draft,
        *,
        purpose: str,
        subject: int,
        life: timedelta,
        asker: int | None,
    ) -> int:
        """Promise the SMS, whose text shows {code}, with the deed; the id of the code.

        The number's earlier code for this purpose is void. Raises LimitReached: rules 'pause'
        (`remaining` are the seconds to wait), 'hour', 'day', 'asker'; and OptedOut.
        """
        raise NotImplementedError

    def judge(self, code: int, typed: str, *, by: str) -> None:
        """Charge a try, durably, then judge it. `by` is the number that types: its own, or the asker's.

        Raises Invalid for what is no code (no try is charged), CodeWrong, CodeGone.
        """
        raise NotImplementedError

    def live(self, phone: str, purpose: str) -> int | None:
        """The id of the number's code for this purpose, if one may still be typed."""
        raise NotImplementedError

    def use(self, work: Work, code: int, *, purpose: str, subject: int) -> None:
        """Use up a code that was judged right, with the deed it allows. Raises CodeGone."""
        raise NotImplementedError

    def void(self, work: Work, purpose: str, subject: int) -> None:
        """Make every code for this subject worthless."""
        raise NotImplementedError
