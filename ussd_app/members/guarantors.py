"""People one trusts: asked by SMS, accepting on their own phone with their own PIN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database, Work
from ussd_app.errors import NotAllowed
from ussd_app.members.service import Members
from ussd_app.messages.service import Messages
from ussd_app.values import Name, Phone

ERRAND = "guarantor"
ANSWER = timedelta(hours=72)  # to accept or decline

_COUNTING: LiteralString = """
    SELECT g.id, m.id, m.phone, m.name, m.language
    FROM guarantor g JOIN member m ON m.id = g.guarantor
    WHERE g.ward = %s AND g.state = 'accepted' AND g.accepted_at <= %s AND m.status = 'ACTIVE'
        AND (%s < 2 OR NOT EXISTS (
            SELECT FROM guarantor b
            WHERE b.ward = g.guarantor AND b.guarantor = g.ward AND b.state = 'accepted'
        ))
        AND (%s < 3 OR NOT EXISTS (
            SELECT FROM guarantor b JOIN guarantor c ON c.ward = b.guarantor
            WHERE b.ward = g.guarantor AND b.state = 'accepted'
                AND c.guarantor = g.ward AND c.state = 'accepted'
        ))
    ORDER BY g.accepted_at, g.id
"""


@dataclass(frozen=True)
class Policy:
    """What the organisation demands of guarantors.

    Guarantors count `age` after they accepted. Of rings of up to `ring` people (2: each for the
    other, 3: three in a circle), none counts; 0 allows them.
    """

    least: int = 2
    most: int = 5
    quorum: int = 2
    wards_most: int = 5
    age: timedelta = timedelta(hours=72)
    ring: int = 2


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


@dataclass(frozen=True)
class Counting:
    """A guarantor whose word counts; `guaranty` is the row that makes it so."""

    guaranty: int
    member: int
    phone: Phone
    name: Name
    language: str


class Careful(NotAllowed):
    """Not so soon after a recovery: only from `until` on."""

    def __init__(self, until: datetime) -> None:
        super().__init__("too soon after a recovery")
        self.until = until


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

        Raises NotFound (has not joined), NotAllowed (oneself, or blocked), Conflict (asked or
        accepted already, or a ring), LimitReached (rule 'guarantors', 'wards' or 'lookups'),
        Careful.
        """
        raise NotImplementedError

    def ask(self, ward: Phone, other: Phone) -> None:
        """Ask them by SMS; both are told. Again asks no second time. Raises as `find` does."""
        raise NotImplementedError

    def of(self, ward: Phone) -> Sequence[Guaranty]:
        """Who was asked or has accepted, oldest first."""
        raise NotImplementedError

    def wards(self, guarantor: Phone) -> Sequence[Guaranty]:
        """For whom they vouch, oldest first; not who merely asked."""
        raise NotImplementedError

    def asked(self, guarantor: Phone) -> Guaranty | None:
        """The oldest request that waits for their answer."""
        raise NotImplementedError

    def answer(self, guarantor: Phone, guaranty: int, *, accepts: bool) -> None:
        """Accept or decline; both are told. Again changes nothing.

        Raises NotFound once it is too late, was answered otherwise, or is not theirs to answer;
        LimitReached (rule 'wards') when they vouch for too many.
        """
        raise NotImplementedError

    def remove(self, ward: Phone, guaranty: int) -> None:
        """The ward trusts them no more: their vote in an open recovery is void. Both are told.

        Again changes nothing. Raises NotFound, Careful.
        """
        raise NotImplementedError

    def leave(self, guarantor: Phone, guaranty: int) -> None:
        """They vouch no more: their vote in an open recovery is void. Both are told."""
        raise NotImplementedError

    def counting(self, work: Work, ward: int, at: datetime) -> Sequence[Counting]:
        """Those whose word for the ward counts at that moment.

        Accepted, for long enough by then, not in a ring, and themselves ACTIVE; longest first.
        """
        rows = work.rows(
            _COUNTING, ward, at - self._policy.age, self._policy.ring, self._policy.ring
        )
        return [
            Counting(guaranty, member, Phone(phone), Name(name), language)
            for guaranty, member, phone, name, language in rows
        ]

    def counts(self, member: int) -> dict[str, int]:
        """How many of a member's guarantors are in each state, for staff: no names, no numbers.

        {'asked': 1, 'accepted': 2, 'counting': 1}
        """
        raise NotImplementedError

    def carry(self, guaranty: int) -> datetime | None:
        """The errand: let a request lapse when nobody answered it in time; both are told."""
        raise NotImplementedError
