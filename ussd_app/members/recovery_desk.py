"""Recoveries as the staff see and decide them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.errors import NotAllowed, NotFound
from ussd_app.members.recovery_docket import Docket

WAITING_MOST = 100
APPROVERS = ("staff", "operator")


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
    approvers: frozenset[str]
    opened_at: datetime
    expires_at: datetime


class RecoveryDesk:
    """Shows the staff what waits for them, and takes their word."""

    def __init__(self, db: Database, clock: Clock, docket: Docket) -> None:
        self._db, self._clock, self._docket = db, clock, docket

    def waiting(self) -> Sequence[Waiting]:
        """Open recoveries that wait for people of the organisation, oldest first, for staff."""
        with self._db.reading() as reading:
            rows = reading.rows(_WAITING, self._clock.now(), WAITING_MOST)
            cases = [self._docket.case(reading, recovery) for (recovery,) in rows]
        return [
            Waiting(
                id=case.id,
                member=case.member,
                path=case.path,
                sim=case.sim.verdict,
                vouched=len(case.vouches),
                quorum=case.quorum,
                approvals=len(case.counting),
                approvers=frozenset(yes.whose for yes in case.counting),
                opened_at=case.opened_at,
                expires_at=case.expires_at,
            )
            for case in cases
            if case.ready_at is None and case.wants_people
        ]

    def approve(self, recovery: int, *, by: Actor, why: str) -> int:
        """Let it go on; how many different people have. Again by the same person counts once.

        What was approved before the SIM was known to be new, or unknown, is to be approved again.

        Raises NotFound when it is over, and NotAllowed for who is not of the organisation.
        """
        approver, now = _approver(by), self._clock.now()
        with self._db.work() as work:
            case = self._docket.open_case(work, recovery, now)
            if not case.has_word_of(approver):
                case = self._docket.approve(work, case, approver, by=by, why=why, at=now)
            return len(case.counting)

    def has_approved(self, recovery: int, by: Actor) -> bool:
        """Whether an approval of this person counts already. Raises as `approve` does."""
        approver = _approver(by)
        with self._db.reading() as reading:
            return self._docket.case(reading, recovery).has_word_of(approver)

    def refuse(self, recovery: int, *, by: Actor, why: str) -> None:
        """End it; the owner is told. Again changes nothing. Raises as `approve` does."""
        _approver(by)
        now = self._clock.now()
        with self._db.work() as work:
            case = self._docket.case(work, recovery, lock=True)
            if case.state == "refused":
                return
            if not case.is_open(now):
                raise NotFound("it is over")
            self._docket.end(work, case, "refused", by=by, at=now, why=why)


_WAITING = """
    SELECT id FROM recovery r
    WHERE state = 'open' AND expires_at > %s AND (
        path = 'people' OR sim IN ('swapped', 'unknown')
        OR EXISTS (SELECT FROM vote v WHERE v.recovery = r.id AND NOT v.vouches)
    )
    ORDER BY opened_at, id LIMIT %s
"""


def _approver(by: Actor) -> str:
    """How an approval tells people of the organisation apart."""
    if by.kind not in APPROVERS or by.id is None:
        raise NotAllowed("nobody of the organisation")
    return f"{by.kind}:{by.id}"
