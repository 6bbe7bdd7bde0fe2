"""How often somebody may be wrong: each try is charged before it is looked at.

The fifth wrong one locks for a minute, each one after that for twice as long, up to an hour; so
strangers can slow a person down and never shut them out. A day without a try forgives all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database

FREE = 5
LOCK_MOST_MINUTES = 60
COUNT_MOST = 100
FORGIVEN_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Try:
    """A charged try of a password or a code; `count` is how many were charged since the last good."""

    user: int
    count: int


class Tries:
    """Counts wrong passwords, TOTP codes and recovery codes of a user together."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def judge(self, user: int, *, what: str, is_right: Callable[[], bool]) -> bool | None:
        """Whether `what` they typed is right; None if they are locked, and then nobody looks."""
        paid = self.charge(user)
        if paid is None:
            return None
        if not is_right():
            self.missed(user, what=what)
            return False
        self.give_back(paid)
        return True

    def charge(self, user: int) -> Try | None:
        """Pay for one try; None if they are locked, and then nothing may be looked at."""
        now = self._clock.now()
        with self._db.reading() as one:
            row = one.row(
                """
                UPDATE user_account AS u SET
                    failures = c.count,
                    locked_until = CASE WHEN c.count >= %s THEN %s + least(
                        %s, power(2, least(c.count - %s, 10))) * interval '1 minute' END
                FROM (
                    SELECT id, least(CASE WHEN locked_until < %s THEN 0 ELSE failures END + 1, %s)
                        AS count
                    FROM user_account
                    WHERE id = %s AND coalesce(locked_until, '-infinity') <= %s FOR UPDATE
                ) AS c
                WHERE u.id = c.id RETURNING u.failures
                """,
                FREE,
                now,
                LOCK_MOST_MINUTES,
                FREE,
                now - FORGIVEN_AFTER,
                COUNT_MOST,
                user,
                now,
            )
        return Try(user, row[0]) if row else None

    def give_back(self, paid: Try) -> None:
        """It was right, and more is asked before they are in: what others tried stays charged."""
        with self._db.reading() as one:
            one.run(
                """
                UPDATE user_account SET
                    locked_until = CASE WHEN failures = %s THEN NULL ELSE locked_until END,
                    failures = greatest(failures - 1, 0)
                WHERE id = %s
                """,
                paid.count,
                paid.user,
            )

    def missed(self, user: int, *, what: str) -> None:
        """Write down that it was wrong, and that they are locked if they are."""
        now, who, whose = self._clock.now(), Actor("staff", user, "web"), ("user", user)
        with self._db.work() as work:
            audit.record(work, who, "user.refused", subject=whose, at=now, what=what)
            if work.row(
                "SELECT 1 FROM user_account WHERE id = %s AND locked_until > %s", user, now
            ):
                audit.record(work, who, "user.locked", subject=whose, at=now)

    def forgive(self, user: int) -> None:
        """They are in: start anew."""
        with self._db.reading() as one:
            one.run("UPDATE user_account SET failures = 0, locked_until = NULL WHERE id = %s", user)
