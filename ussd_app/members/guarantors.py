"""People one trusts: asked by SMS, accepting on their own phone with their own PIN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import LiteralString, NamedTuple

from ussd_app.audit import service as audit
from ussd_app.clock import Clock, Local
from ussd_app.db import outbox
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotFound
from ussd_app.members.guaranties import (
    ACCEPTED,
    ASKED,
    ASKING,
    DECLINED,
    LAPSED,
    LEFT,
    REMOVED,
    Bond,
    Person,
    asked_at,
    both,
    hold,
    news,
    refuse_other,
)
from ussd_app.members.guarantor_policy import (
    ASKS_A_DAY,
    Policy,
    refuse_careful,
    refuse_full,
    refuse_more,
    refuse_ring,
)
from ussd_app.members.service import Members
from ussd_app.messages.service import Messages
from ussd_app.values import Name, Phone

ERRAND = "guarantor"
ANSWER = timedelta(hours=72)  # to accept or decline
REST = timedelta(hours=24)  # for who declined, until the same person may ask them again

_GUARANTIES: LiteralString = """
    SELECT g.id, g.state, g.asked_at, g.accepted_at,
        g.state = 'accepted' AND g.accepted_at <= %s AND m.status = 'ACTIVE'
            AND (%s < 2 OR NOT EXISTS (
                SELECT FROM guarantor b
                WHERE b.ward = g.guarantor AND b.guarantor = g.ward AND b.state = 'accepted'
            ))
            AND (%s < 3 OR NOT EXISTS (
                SELECT FROM guarantor b JOIN guarantor c ON c.ward = b.guarantor
                WHERE b.ward = g.guarantor AND b.state = 'accepted'
                    AND c.guarantor = g.ward AND c.state = 'accepted'
            )),
        m.id, m.phone, m.name, m.language, w.phone, w.name
    FROM guarantor g JOIN member m ON m.id = g.guarantor JOIN member w ON w.id = g.ward
"""
"""Guaranties of the ward `w` by the guarantor `m`, and whether each counts."""

_OLDEST_FIRST: LiteralString = " ORDER BY g.asked_at, g.id"


class _Row(NamedTuple):
    """A guaranty as `_GUARANTIES` gives it."""

    id: int
    state: str
    asked_at: datetime
    accepted_at: datetime | None
    counts: bool
    guarantor: int
    phone: str
    name: str
    language: str
    ward_phone: str
    ward_name: str


@dataclass(frozen=True)
class Guaranty:
    """One person vouching, or asked to vouch, for another, as either of them sees it.

    `other` is the guarantor to the ward, and the ward to the guarantor. `counts_from` is known once
    they accepted; `counts` says whether they count now.
    """

    id: int
    other: str
    phone: Phone
    state: str
    asked_at: datetime
    counts_from: datetime | None
    counts: bool

    @property
    def answer_by(self) -> datetime:
        """When a request lapses."""
        return self.asked_at + ANSWER


@dataclass(frozen=True)
class Counting:
    """A guarantor whose word counts; `guaranty` is the row that makes it so."""

    guaranty: int
    member: int
    phone: Phone
    name: Name
    language: str


class Guarantors:
    """Whom members trust, and who trusts them."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        members: Members,
        messages: Messages,
        *,
        policy: Policy,
        local: Local,
        signature: dict[str, str],
    ) -> None:
        self._db, self._clock, self._members, self._messages = db, clock, members, messages
        self._policy, self._local, self._signature = policy, local, signature

    @property
    def policy(self) -> Policy:
        return self._policy

    def find(self, ward: Phone, other: Phone) -> str:
        """The short name of whom the ward may ask; charged like every look at a stranger's name.

        Raises NotFound (has not joined), NotAllowed (oneself, either is blocked, or they declined
        within a day; OptedOut wants no SMS), Conflict (asked or accepted already; or a Ring), LimitReached (rule 'guarantors',
        'wards', 'asks' or 'lookups'), Careful.
        """
        if ward != other:
            self._members.count_lookup(self._members.get(ward).id)
        with self._db.work() as work:
            mine, theirs = both(work, ward, other)
            if asked_at(work, mine, theirs):
                raise Conflict("asked already")
            self._refuse(work, mine, theirs)
        return theirs.name.short

    def ask(self, ward: Phone, other: Phone) -> datetime:
        """Ask them by SMS; both are told. Until when they may answer; again asks no second time.

        Raises as `find` does.
        """
        now = self._clock.now()
        with self._db.work() as work:
            mine, theirs = both(work, ward, other)
            if before := asked_at(work, mine, theirs):
                return before + ANSWER
            self._refuse(work, mine, theirs)
            (guaranty,) = work.the_row(
                "INSERT INTO guarantor (ward, guarantor, asked_at) VALUES (%s, %s, %s) RETURNING id",
                mine.id,
                theirs.id,
                now,
            )
            until = now + ANSWER
            outbox.promise(work, ERRAND, guaranty, at=until)
            self._tell(work, Bond(guaranty, mine, theirs, ASKED, now), audit.by_member(mine.id))
        return until

    def of(self, ward: Phone) -> Sequence[Guaranty]:
        """Who was asked or has accepted, oldest first."""
        with self._db.reading() as reading:
            rows = self._guaranties(
                reading,
                "WHERE w.phone = %s AND g.state IN ('asked', 'accepted')" + _OLDEST_FIRST,
                ward,
            )
        return [self._seen(row, row.name, row.phone) for row in rows]

    def wards(self, guarantor: Phone) -> Sequence[Guaranty]:
        """For whom they vouch, oldest first; not who merely asked."""
        with self._db.reading() as reading:
            rows = self._guaranties(
                reading, "WHERE m.phone = %s AND g.state = 'accepted'" + _OLDEST_FIRST, guarantor
            )
        return [self._seen(row, row.ward_name, row.ward_phone) for row in rows]

    def asked(self, guarantor: Phone) -> Guaranty | None:
        """The oldest request that waits for their answer."""
        with self._db.reading() as reading:
            rows = self._guaranties(
                reading,
                "WHERE m.phone = %s AND g.state = 'asked' AND g.asked_at > %s" + _OLDEST_FIRST,
                guarantor,
                self._clock.now() - ANSWER,
            )
        return next((self._seen(row, row.ward_name, row.ward_phone) for row in rows), None)

    def answer(self, guarantor: Phone, guaranty: int, *, accepts: bool) -> None:
        """Accept or decline; both are told. Again changes nothing.

        Raises NotFound once it is too late, was answered otherwise, or is not theirs to answer;
        LimitReached (rule 'wards') when they vouch for too many; NotAllowed for who is blocked.
        """
        to = ACCEPTED if accepts else DECLINED
        with self._db.work() as work:
            bond = hold(work, guaranty)
            refuse_other(bond.guarantor, guarantor)
            if bond.state == to:
                return
            if bond.state != ASKED or self._clock.now() >= bond.asked_at + ANSWER:
                raise NotFound("too late")
            if accepts:
                refuse_full(work, bond.guarantor, self._policy)
            self._become(work, bond, to, audit.by_member(bond.guarantor.id))

    def remove(self, ward: Phone, guaranty: int) -> bool:
        """The ward trusts them no more: their vote in an open recovery is void. Both are told.

        Whether it was but a request, which nobody had answered. Again changes nothing. Raises NotFound, Careful, NotAllowed for who is blocked.
        """
        with self._db.work() as work:
            bond = hold(work, guaranty)
            refuse_other(bond.ward, ward)
            if bond.state == REMOVED:
                return not bond.was_accepted
            if bond.state not in (ASKED, ACCEPTED):
                raise NotFound("over")
            refuse_careful(bond.ward, self._clock.now())
            self._become(work, bond, REMOVED, audit.by_member(bond.ward.id))
            return not bond.was_accepted

    def leave(self, guarantor: Phone, guaranty: int) -> None:
        """They vouch no more: their vote in an open recovery is void. Both are told.

        Again changes nothing. Raises NotFound, NotAllowed for who is blocked.
        """
        with self._db.work() as work:
            bond = hold(work, guaranty)
            refuse_other(bond.guarantor, guarantor)
            if bond.state == LEFT:
                return
            if bond.state != ACCEPTED:
                raise NotFound("over")
            self._become(work, bond, LEFT, audit.by_member(bond.guarantor.id))

    def counting(self, work: Work, ward: int, at: datetime) -> Sequence[Counting]:
        """Those whose word for the ward counts at that moment.

        Accepted, for long enough by then, not in a ring, and themselves ACTIVE; longest first.
        """
        rows = self._guaranties(
            work,
            "WHERE g.ward = %s AND g.state = 'accepted' ORDER BY g.accepted_at, g.id",
            ward,
            at=at,
        )
        return [
            Counting(row.id, row.guarantor, Phone(row.phone), Name(row.name), row.language)
            for row in rows
            if row.counts
        ]

    def counts(self, member: int) -> dict[str, int]:
        """How many of a member's guarantors are in each state, for staff: no names, no numbers.

        {'asked': 1, 'accepted': 2, 'counting': 1}
        """
        with self._db.reading() as reading:
            rows = self._guaranties(
                reading, "WHERE g.ward = %s AND g.state IN ('asked', 'accepted')", member
            )
        return {
            "asked": sum(row.state == ASKED for row in rows),
            "accepted": sum(row.state == ACCEPTED for row in rows),
            "counting": sum(row.counts for row in rows),
        }

    def carry(self, guaranty: int) -> datetime | None:
        """The errand: let a request lapse when nobody answered it in time; both are told."""
        with self._db.work() as work:
            bond = hold(work, guaranty)
            if bond.state != ASKED:
                return None
            if self._clock.now() < (until := bond.asked_at + ANSWER):
                return until
            self._become(work, bond, LAPSED, audit.THE_SYSTEM)
        return None

    def _guaranties(
        self, work: Work, which: LiteralString, *values: object, at: datetime | None = None
    ) -> Sequence[_Row]:
        """In one statement; whether they count at that moment, or now."""
        moment, ring = at or self._clock.now(), self._policy.ring
        rows = work.rows(_GUARANTIES + which, moment - self._policy.age, ring, ring, *values)
        return [_Row(*row) for row in rows]

    def _seen(self, row: _Row, name: str, phone: str) -> Guaranty:
        """As the one sees it whose `name` and `phone` it is not."""
        return Guaranty(
            row.id,
            Name(name).short,
            Phone(phone),
            row.state,
            row.asked_at,
            row.accepted_at + self._policy.age if row.accepted_at else None,
            row.counts,
        )

    def _refuse(self, work: Work, mine: Person, theirs: Person) -> None:
        """Raises what stands against asking them."""
        now = self._clock.now()
        refuse_careful(mine, now)
        _refuse_declined(work, mine, theirs, since=now - REST)
        refuse_more(work, mine, self._policy)
        if self._messages.count_since(work, mine.id, ASKING, now - timedelta(days=1)) >= ASKS_A_DAY:
            raise LimitReached("asks", 0)
        refuse_ring(work, mine, theirs, self._policy)
        refuse_full(work, theirs, self._policy)
        self._messages.refuse_opted_out(work, theirs.phone)

    def _become(self, work: Work, bond: Bond, to: str, by: audit.Actor) -> None:
        now = self._clock.now()
        accepted_at, ended_at = (now, None) if to == ACCEPTED else (None, now)
        work.run(
            """
            UPDATE guarantor SET state = %s, accepted_at = coalesce(%s, accepted_at), ended_at = %s
            WHERE id = %s
            """,
            to,
            accepted_at,
            ended_at,
            bond.id,
        )
        self._tell(work, replace(bond, state=to), by)

    def _tell(self, work: Work, bond: Bond, by: audit.Actor) -> None:
        """Tell both of the state it has come into, and write that down."""
        now = self._clock.now()
        until = now + (ANSWER if bond.state == ASKED else self._policy.age)
        self._messages.queue(work, *news(bond, self._local.day_and_hour(until), self._signature))
        subject = ("guarantor", bond.id)
        audit.record(work, by, f"guarantor.{bond.state}", subject=subject, at=now)


def _refuse_declined(work: Work, ward: Person, guarantor: Person, *, since: datetime) -> None:
    """Raises NotAllowed while they are to be left in peace: they declined."""
    declined = work.row(
        """
        SELECT 1 FROM guarantor
        WHERE ward = %s AND guarantor = %s AND state = 'declined' AND ended_at > %s
        """,
        ward.id,
        guarantor.id,
        since,
    )
    if declined:
        raise NotAllowed("declined lately")
