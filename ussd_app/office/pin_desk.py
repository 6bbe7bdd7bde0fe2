"""The PIN desk: who is locked, who lost a PIN, and what staff may do; nobody sees or sets a PIN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.errors import NotFound
from ussd_app.members.pin_texts import FOR_GOOD
from ussd_app.members.pins import Pins
from ussd_app.members.recoveries import Progress, Recoveries
from ussd_app.members.recovery_desk import RecoveryDesk, Waiting
from ussd_app.members.service import Members
from ussd_app.values import Phone, Reason

SHOWN_MOST = 100


@dataclass(frozen=True)
class Locked:
    """A member whose PIN may not be tried now; `until` is None if only staff or a recovery help."""

    member: int
    name: str
    phone: str
    since: datetime
    until: datetime | None
    times: int


@dataclass(frozen=True)
class Lost:
    """A recovery that waits for staff, with whom it is about."""

    waiting: Waiting
    name: str
    phone: str
    needed: int
    has_my_word: bool


@dataclass(frozen=True)
class Word:
    """What an approval came to: how many count of how many needed, and if it was theirs already."""

    count: int
    needed: int
    was_given: bool


class PinDesk:
    """Shows what stands in the way of members' PINs, and lets staff help."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        members: Members,
        pins: Pins,
        recoveries: Recoveries,
        *,
        desk: RecoveryDesk,
    ) -> None:
        self._db, self._clock, self._members = db, clock, members
        self._pins, self._recoveries, self._desk = pins, recoveries, desk

    def locked(self) -> Sequence[Locked]:
        """Who is locked now, the last first; no more than a page of them."""
        with self._db.reading() as reading:
            rows = reading.rows(_LOCKED, self._clock.now(), SHOWN_MOST)
        return [
            Locked(member, name, phone, since, None if until == FOR_GOOD else until, times)
            for member, name, phone, since, until, times in rows
        ]

    def unlock(self, member: int, *, by: Actor, why: str) -> bool:
        """Give all tries back, with the PIN as it was; they are told. False if none were gone.

        Raises Invalid for a reason that cannot be kept.
        """
        return self._pins.unlock(member, by=by, why=Reason.parse(why))

    def begin_recovery(self, phone: Phone, *, by: Actor, why: str) -> Progress:
        """Open a recovery for somebody who asked for it, or give the one that is open.

        They are told, and decide the rest on their own phone. Raises Invalid, NotFound, NotAllowed
        for who is blocked, and LimitReached for too many this week.
        """
        reason = Reason.parse(why)
        if self._members.find(phone) is None:
            raise NotFound("no such member")
        return self._recoveries.open(phone, by=by, why=reason)

    def lost(self, *, me: Actor) -> Sequence[Lost]:
        """The recoveries that wait for staff, the oldest first."""
        found = []
        for one in self._desk.waiting():
            member = self._members.with_id(one.member)
            mine = f"{me.kind}:{me.id}" in one.approvers
            needed = self._recoveries.rules.approvals
            found.append(Lost(one, member.name, member.phone, needed, mine))
        return found

    def approve(self, recovery: int, *, by: Actor, why: str) -> Word:
        """Let it go on as far as one person may. Raises Invalid, NotFound and NotAllowed."""
        reason = Reason.parse(why)
        was_given = self._desk.has_approved(recovery, by)
        count = self._desk.approve(recovery, by=by, why=reason)
        return Word(count, self._recoveries.rules.approvals, was_given)

    def refuse(self, recovery: int, *, by: Actor, why: str) -> None:
        """End it; its owner is told, and keeps the PIN. Raises as `approve`."""
        self._desk.refuse(recovery, by=by, why=Reason.parse(why))


_LOCKED: LiteralString = """
    SELECT p.member, m.name, m.phone, p.tried_at, p.locked_until, p.series
    FROM pin p JOIN member m ON m.id = p.member
    WHERE p.locked_until > %s ORDER BY p.tried_at DESC LIMIT %s
"""
