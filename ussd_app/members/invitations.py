"""Invite people to join, by an agent in the field or from a list; they prove it with a code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database
from ussd_app.members.joining import Tenants, Welcome
from ussd_app.members.pins import Pins
from ussd_app.messages.codes import Codes
from ussd_app.messages.service import Messages
from ussd_app.values import Name, Phone

LIFE = timedelta(hours=24)
PURPOSE = "invitation"
IN_PERSON = "in-person"


@dataclass(frozen=True)
class Onboarding:
    """One of an agent's invitations as the agent sees it; nothing of the code.

    `state`: sent, undelivered (the SMS), proven (no PIN yet), pin (terms not yet accepted), active,
    expired, withdrawn, declined; `asks_again` says that they asked for a new code.
    """

    id: int
    name: str
    phone: Phone
    state: str
    made_at: datetime
    asks_again: bool
    has_identity: bool | None
    """None for whoever needs none."""


@dataclass(frozen=True)
class Invited:
    """What an invited number is still to do. `step`: code, expired, pin, terms."""

    id: int
    step: str
    inviter: str
    """Short name, or the organisation's."""
    name: Name
    language: str


class Invitations:
    """Invites, and takes in who was invited."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        pins: Pins,
        codes: Codes,
        *,
        messages: Messages,
        welcome: Welcome,
        tenants: Tenants,
        countries: tuple[str, ...],
        local: Local,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._pins, self._codes = db, clock, pins, codes
        self._messages, self._welcome, self._tenants = messages, welcome, tenants
        self._countries, self._local, self._signature = countries, local, signature

    # -- for agents

    def invite(self, agent: Phone, phone: Phone, name: Name, language: str) -> None:
        """Invite a borrower: record made, code sent; again by the same agent is one invitation.

        Raises NotAllowed (not an agent, or a country not served), Conflict (has joined, or
        somebody else has invited them), OptedOut, LimitReached (rules of Codes).
        """
        raise NotImplementedError

    def invite_in_person(self, agent: Phone, phone: Phone, name: Name, language: str) -> int:
        """The same for somebody who stands before the agent: the code is to be told to the agent.

        One who has joined already may become a borrower so. Returns the id of the code.
        """
        raise NotImplementedError

    def met(self, agent: Phone, phone: Phone, code: int) -> bool:
        """The code was right: the invitation is proven; whether they had joined before."""
        raise NotImplementedError

    def of_agent(self, agent: Phone) -> Sequence[Onboarding]:
        """The agent's own, newest first, at most 500."""
        raise NotImplementedError

    def resend(self, agent: Phone, invitation: int) -> None:
        """Send a new code; the one before is void. Raises NotFound, LimitReached, OptedOut."""
        raise NotImplementedError

    def withdraw(self, agent: Phone, invitation: int) -> None:
        """Take it back: its code is void. Again changes nothing. Raises NotFound, Conflict (joined)."""
        raise NotImplementedError

    # -- for who was invited

    def waiting(self, phone: Phone) -> Invited | None:
        """What this number is still to do; None for one that is not invited."""
        del phone
        return None

    def prove(self, phone: Phone, code: int) -> None:
        """The code was right: they may choose a PIN. Raises NotFound."""
        raise NotImplementedError

    def speak(self, phone: Phone, language: str) -> None:
        """Speak this language with them from now on."""
        raise NotImplementedError

    def set_pin(self, phone: Phone, candidate: str) -> None:
        """Keep the PIN they chose twice. Raises NotFound unless the code was right."""
        raise NotImplementedError

    def accept(self, phone: Phone) -> None:
        """They accept the terms: ACTIVE, with wallet, membership and welcome SMS.

        A borrower's identity is promised. Again changes nothing. Raises NotFound if something is
        missing.
        """
        raise NotImplementedError

    def decline(self, phone: Phone) -> None:
        """They would rather join by themselves: the invitation ends."""
        raise NotImplementedError

    def ask_again(self, phone: Phone) -> bool:
        """Ask the agent by SMS for a new code, once a day; whether this was today's first time."""
        raise NotImplementedError

    # -- for the organisation

    def take_list(self, rows: Sequence[tuple[str, str, str, str]], *, by: Actor) -> int:
        """Put away a list of (phone, name, language, kind) as written; the id of the batch."""
        raise NotImplementedError

    def carry(self, batch: int) -> datetime | None:
        """The errand: invite some of a list; every row ends invited, or refused with a reason."""
        raise NotImplementedError

    def results(self, batch: int) -> Sequence[tuple[int, str, str, str]]:
        """(line, phone, state, why) of each row, in order. Raises NotFound."""
        raise NotImplementedError

    def expire(self, *, most: int) -> int:
        """Let invitations whose time is over expire; how many did."""
        raise NotImplementedError
