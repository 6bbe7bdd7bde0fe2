"""The first page: what waits for whoever opens it, and how the organisation's day goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString

from ussd_app.clock import Clock, Local
from ussd_app.db.work import Database
from ussd_app.members.recovery_desk import RecoveryDesk
from ussd_app.values import Amount, Unit

DAY = timedelta(days=1)
COUNTED_MOST = 1000
"""No count reads more rows than this."""


@dataclass(frozen=True)
class Waiting:
    """How much waits for somebody of the staff; no more than COUNTED_MOST of anything."""

    approvals: int
    """What others asked for and this person may decide."""
    recoveries: int
    """Lost PINs that this person has not spoken on."""
    reports: int
    locked: int
    lost_messages: int
    """SMS of the last day that did not arrive."""


@dataclass(frozen=True)
class Paid:
    """What was sent today between members, in one token."""

    payments: int
    amount: Amount


@dataclass(frozen=True)
class Figures:
    """The day since midnight, where the organisation is: nobody's name."""

    joined: int
    paid: Sequence[Paid]


class Today:
    """Counts for the first page; each count has an index."""

    def __init__(self, db: Database, clock: Clock, desk: RecoveryDesk, *, local: Local) -> None:
        self._db, self._clock, self._desk, self._local = db, clock, desk, local

    def waiting(self, user: int) -> Waiting:
        """What waits for this person at this moment."""
        now, me = self._clock.now(), f"staff:{user}"
        with self._db.reading() as reading:
            (approvals,) = reading.the_row(_APPROVALS, user, now, COUNTED_MOST)
            (reports,) = reading.the_row(_REPORTS, COUNTED_MOST)
            (locked,) = reading.the_row(_LOCKED, now, COUNTED_MOST)
            (lost,) = reading.the_row(_LOST_MESSAGES, now - DAY, COUNTED_MOST)
        recoveries = sum(me not in one.approvers for one in self._desk.waiting())
        return Waiting(approvals, recoveries, reports, locked, lost)

    def figures(self) -> Figures:
        """How the day goes."""
        midnight = self._local.midnight(self._clock.now())
        with self._db.reading() as reading:
            (joined,) = reading.the_row(
                "SELECT count(*) FROM member WHERE COALESCE(joined_at, '-infinity') >= %s", midnight
            )
            rows = reading.rows(_PAID, midnight)
        return Figures(
            joined,
            [
                Paid(count, Amount(int(sent), Unit(code, places)))
                for code, places, count, sent in rows
            ],
        )


_APPROVALS: LiteralString = """
    SELECT count(*) FROM (
        SELECT FROM approval_request
        WHERE state = 'waiting' AND maker <> %s AND expires_at > %s LIMIT %s
    ) few
"""
_REPORTS: LiteralString = """
    SELECT count(*) FROM (SELECT FROM complaint WHERE state = 'open' LIMIT %s) few
"""
_LOCKED: LiteralString = """
    SELECT count(*) FROM (SELECT FROM pin WHERE locked_until > %s LIMIT %s) few
"""
_LOST_MESSAGES: LiteralString = """
    SELECT count(*) FROM (
        SELECT FROM message WHERE state IN ('failed', 'expired') AND made_at > %s LIMIT %s
    ) few
"""
_PAID: LiteralString = """
    SELECT t.code, t.decimals, count(*), sum(e.amount)
    FROM posting p JOIN entry e ON e.posting = p.id AND e.amount > 0 JOIN token t ON t.id = e.token
    WHERE p.kind = 'transfer' AND p.at >= %s GROUP BY t.id ORDER BY t.id
"""
