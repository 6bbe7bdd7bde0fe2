"""What the organisation demands of guarantors, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ussd_app.db.work import Work
from ussd_app.errors import Conflict, LimitReached, NotAllowed
from ussd_app.members.guaranties import Person

ASKS_A_DAY = 10  # each costs two SMS, and may bother somebody


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

    @property
    def needed(self) -> int:
        """How many must count for guarantors to decide a recovery."""
        return max(self.least, self.quorum)


class Careful(NotAllowed):
    """Not so soon after a recovery: only from `until` on."""

    def __init__(self, until: datetime) -> None:
        super().__init__("too soon after a recovery")
        self.until = until


class Ring(Conflict):
    """They would vouch for each other, or in a circle: then none of them would count."""


def refuse_careful(ward: Person, now: datetime) -> None:
    """Raises Careful soon after a recovery."""
    if ward.careful_until and ward.careful_until > now:
        raise Careful(ward.careful_until)


def refuse_more(work: Work, ward: Person, policy: Policy) -> None:
    """Raises LimitReached for who has as many guarantors, or has asked as many, as may be."""
    (live,) = work.the_row(
        "SELECT count(*) FROM guarantor WHERE ward = %s AND state IN ('asked', 'accepted')",
        ward.id,
    )
    if live >= policy.most:
        raise LimitReached("guarantors", 0)


def refuse_full(work: Work, guarantor: Person, policy: Policy) -> None:
    """Raises LimitReached for who vouches for as many as one may."""
    (wards,) = work.the_row(
        "SELECT count(*) FROM guarantor WHERE guarantor = %s AND state = 'accepted'", guarantor.id
    )
    if wards >= policy.wards_most:
        raise LimitReached("wards", 0)


def refuse_ring(work: Work, ward: Person, guarantor: Person, policy: Policy) -> None:
    """Raises Ring if the two would close one, were everybody who is asked to accept."""
    row = work.row(
        """
        SELECT 1 FROM guarantor b
        WHERE b.ward = %s AND b.state IN ('asked', 'accepted') AND (
            (%s >= 2 AND b.guarantor = %s) OR (%s >= 3 AND EXISTS (
                SELECT FROM guarantor c WHERE c.ward = b.guarantor AND c.guarantor = %s
                    AND c.state IN ('asked', 'accepted')
            ))
        )
        """,
        guarantor.id,
        policy.ring,
        ward.id,
        policy.ring,
        ward.id,
    )
    if row:
        raise Ring("a ring")
