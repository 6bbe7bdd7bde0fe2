"""Errands: work promised inside a transaction, carried out after it.

An errand is a row written with the deed. The relay hands what is due to the queue after the
commit; what the queue lost is handed over again when its lease has ended. A fence number, counted
up at each handing over, tells a late copy that its turn has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ussd_app.db.work import Work

QUEUED_LEASE = timedelta(seconds=25)  # with the relay's beat: lost ones are back within 30 s
RUNNING_LEASE = timedelta(seconds=60)  # longer than any job may take
ATTEMPTS_MOST = 8
FAILURE_PAUSES = (1, 5, 30, 120, 600)  # seconds


@dataclass(frozen=True)
class Handed:
    """An errand as the queue carries it: its id and the fence of this handing over."""

    id: int
    kind: str
    fence: int


@dataclass(frozen=True)
class Claimed:
    """An errand that this worker, and nobody else, is to carry out now."""

    id: int
    fence: int
    kind: str
    subject: int
    attempts: int


def promise(work: Work, kind: str, subject: int, *, at: datetime, parked: bool = False) -> None:
    """Promise that `kind` will be done for `subject` once this work commits, not before `at`.

    One that is `parked` waits for whoever will be able to carry it out.
    """
    work.run(
        "INSERT INTO errand (kind, subject, state, due_at) VALUES (%s, %s, %s, %s)",
        kind,
        subject,
        "parked" if parked else "due",
        at,
    )


def hand_over(work: Work, *, now: datetime, most: int) -> Sequence[Handed]:
    """Take what is due, or was handed over and never came back; two relays never take the same."""
    taken = work.rows(
        """
        WITH due AS MATERIALIZED (
            SELECT id FROM errand WHERE due_at <= %s AND state NOT IN ('dead', 'parked')
            ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        UPDATE errand SET state = 'queued', fence = fence + 1, due_at = %s
        FROM due WHERE errand.id = due.id
        RETURNING errand.id, kind, fence
        """,
        now,
        most,
        now + QUEUED_LEASE,
    )
    return [Handed(*row) for row in sorted(taken)]


def claim(work: Work, errand_id: int, fence: int, *, now: datetime) -> Claimed | None:
    """Begin to carry it out; None if it is done, or this copy came too late."""
    row = work.row(
        """
        UPDATE errand SET state = 'running', due_at = %s, attempts = attempts + 1
        WHERE id = %s AND fence = %s AND state = 'queued'
        RETURNING id, fence, kind, subject, attempts
        """,
        now + RUNNING_LEASE,
        errand_id,
        fence,
    )
    return Claimed(*row) if row else None


def done(work: Work, errand: Claimed) -> None:
    """The promise is kept."""
    work.run("DELETE FROM errand WHERE id = %s AND fence = %s", errand.id, errand.fence)


def again(work: Work, errand: Claimed, *, at: datetime) -> None:
    """Nothing failed; there is more to do at `at`."""
    work.run(
        "UPDATE errand SET state = 'due', due_at = %s, attempts = 0 WHERE id = %s AND fence = %s",
        at,
        errand.id,
        errand.fence,
    )


def failed(work: Work, errand: Claimed, *, why: str, now: datetime) -> bool:
    """Try again after a growing pause; after the last try leave it to a person. True if dead."""
    dead = errand.attempts >= ATTEMPTS_MOST
    pause = FAILURE_PAUSES[min(errand.attempts, len(FAILURE_PAUSES)) - 1]
    work.run(
        """
        UPDATE errand SET state = %s, due_at = %s, failure = %s WHERE id = %s AND fence = %s
        """,
        "dead" if dead else "due",
        now + timedelta(seconds=pause),
        why,
        errand.id,
        errand.fence,
    )
    return dead
