"""Get a lost PIN back through people who know its owner; docs/recovery.md argues why it is safe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from ussd_app.audit.service import Actor
from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database
from ussd_app.errors import NotAllowed
from ussd_app.members.guarantors import Guarantors
from ussd_app.members.pins import Pins
from ussd_app.members.sim_swaps import SimSwaps
from ussd_app.messages.service import Messages
from ussd_app.values import Phone

ERRAND = "recovery"


@dataclass(frozen=True)
class Rules:
    """How long things take, and how often they may be asked for."""

    lasts: timedelta = timedelta(hours=24)
    cooling: timedelta = timedelta(hours=1)
    cooling_after_agent: timedelta = timedelta(hours=24)
    careful: timedelta = timedelta(hours=24)
    sim_fresh: timedelta = timedelta(minutes=15)
    sim_answer: timedelta = timedelta(minutes=5)
    a_week: int = 3
    approvals: int = 2
    old_pin_tries: int = 3


News = Literal["recovering", "plea", "asked", "none"]


class Stage(StrEnum):
    """Where an open recovery stands, as its owner is told."""

    VOUCHING = "vouching"  # guarantors are asked
    PEOPLE = "people"  # somebody of the organisation must decide
    COOLING = "cooling"  # decided; the owner may still stop it until `ready_at`
    CHECKING = "checking"  # the SIM is being checked, which takes a minute
    READY = "ready"  # a new PIN may be chosen


@dataclass(frozen=True)
class Progress:
    """An open recovery. `vouched` of the `asked` guarantors have said yes, `quorum` are needed."""

    id: int
    stage: Stage
    vouched: int
    quorum: int
    asked: int
    ready_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True)
class Plea:
    """Somebody for whom a guarantor may vouch now."""

    id: int
    name: str
    phone: Phone


@dataclass(frozen=True)
class Waiting:
    """An open recovery as staff see it: ids, states and counts, nothing that helps a thief."""

    id: int
    member: int
    path: str
    sim: str
    vouched: int
    quorum: int
    approvals: int
    opened_at: datetime
    expires_at: datetime


class NotReady(NotAllowed):
    """The new PIN may not be chosen yet, or no more."""


class Recoveries:
    """Opens, decides and ends recoveries; never locks anybody out."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        pins: Pins,
        guarantors: Guarantors,
        *,
        messages: Messages,
        sim_swaps: SimSwaps,
        rules: Rules,
        local: Local,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._pins, self._guarantors = db, clock, pins, guarantors
        self._messages, self._sim_swaps, self._rules = messages, sim_swaps, rules
        self._local, self._signature = local, signature

    def open(self, phone: Phone) -> Progress:
        """Open a recovery for the caller's own PIN, or give the one that is open.

        Locks nothing. The owner and every guarantor who counts are told. Raises LimitReached (rule
        'recoveries') when it was asked for too often this week.
        """
        raise NotImplementedError

    def news(self, phone: Phone) -> News:
        """What the caller is to be told of first: a recovery of theirs, a plea, a request."""
        del phone
        return "none"

    def progress(self, phone: Phone) -> Progress | None:
        """The caller's own open recovery."""
        raise NotImplementedError

    def plea(self, guarantor: Phone) -> Plea | None:
        """The oldest open recovery that waits for this guarantor's answer."""
        raise NotImplementedError

    def vote(self, guarantor: Phone, recovery: int, *, vouches: bool) -> Progress:
        """Answer, once: the first answer stands. The owner is told.

        Raises NotFound when it is over, or was never theirs to answer.
        """
        raise NotImplementedError

    def veto(self, phone: Phone, typed: str) -> None:
        """Stop the caller's own recovery with the PIN they know, also while that is locked.

        Tries are counted for this recovery alone. Raises Invalid, PinWrong, PinLocked (no tries
        left for it), NotFound (nothing to stop).
        """
        raise NotImplementedError

    def unlock(self, phone: Phone, typed: str) -> None:
        """End the caller's ready recovery with the PIN they remember after all: no new one is needed.

        Raises as `veto` does, and NotReady.
        """
        raise NotImplementedError

    def finish(self, phone: Phone, candidate: str) -> None:
        """Give the caller the PIN they chose twice, all tries, and a day of care; all are told.

        Again changes nothing. Raises NotReady unless it is decided, cooled, fresh of a clean SIM,
        neither vetoed nor expired, all of it judged in the transaction that sets the PIN.
        """
        raise NotImplementedError

    def vouch_in_person(self, agent: Phone, owner: Phone) -> int:
        """Begin to help the owner, who stands before the agent: sends a code to the owner's phone.

        Opens their recovery if none is open. Returns the id of the code, for the confirmation.
        Raises NotFound (no such member), NotAllowed (no agent, oneself, blocked, or guarantors are
        to decide), LimitReached.
        """
        raise NotImplementedError

    def identified(self, agent: Phone, owner: Phone, code: int) -> Progress:
        """The agent has seen the owner's identity card, and the code was right: as good as approved.

        Raises NotFound, NotAllowed as `vouch_in_person` does.
        """
        raise NotImplementedError

    def waiting(self) -> Sequence[Waiting]:
        """Open recoveries that wait for people of the organisation, oldest first, for staff."""
        raise NotImplementedError

    def approve(self, recovery: int, *, by: Actor, why: str) -> int:
        """Let it go on; how many different people have. Again by the same person counts once.

        Raises NotFound when it is over.
        """
        raise NotImplementedError

    def refuse(self, recovery: int, *, by: Actor, why: str) -> None:
        """End it; the owner is told. Raises NotFound when it is over."""
        raise NotImplementedError

    def sim_known(self, reference: str, *, verdict: str) -> None:
        """Take in what became of a SIM check: 'swapped', 'clean' or 'unknown'. Again: nothing."""
        raise NotImplementedError

    def carry(self, recovery: int) -> datetime | None:
        """The errand: check the SIM, tell the owner when it is ready, let it expire."""
        raise NotImplementedError
