"""The staff of the organisation: who they are, and how much each has done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.users.permissions import Role

LATELY = timedelta(days=30)
LOOKS = (
    "member.revealed", "approval.looked", "call.revealed", "message.revealed", "people.exported",
    "transactions.exported", "calls.exported", "messages.exported", "audit.exported",
)  # fmt: skip
NO_WRITES = ("user.signed_in", "user.signed_out", "user.refused", "user.denied", "audit.verified")


@dataclass(frozen=True)
class Member:
    """One of the staff, as a line of the list; `deeds` are those of the last 30 days."""

    id: int
    name: str
    email: str
    role: Role
    status: str
    has_second_factor: bool
    seen_at: datetime | None
    deeds: int


@dataclass(frozen=True)
class Deeds:
    """How often somebody did something, lately and ever, and when last."""

    action: str
    lately: int
    ever: int
    last_at: datetime


@dataclass(frozen=True)
class Totals:
    """What somebody did in the last 30 days, counted from the audit."""

    sign_ins: int
    writes: int
    looks: int
    asked: int
    decided: int


class StaffBook:
    """Who works here, and what they have done."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def everybody(self, tenant: int) -> Sequence[Member]:
        """All staff, suspended ones last."""
        return self._find("", tenant)

    def one(self, tenant: int, user: int) -> Member | None:
        """One of them."""
        found = self._find("AND u.id = %s", tenant, user)
        return found[0] if found else None

    def totals(self, user: int) -> Totals:
        """How busy they were."""
        with self._db.reading() as reading:
            row = reading.the_row(
                _TOTALS, list(LOOKS), list(NO_WRITES), list(LOOKS), user, self._clock.now() - LATELY
            )
        return Totals(*row)

    def deeds(self, user: int) -> Sequence[Deeds]:
        """What they have done, the most frequent first."""
        with self._db.reading() as reading:
            rows = reading.rows(
                """
                SELECT action, count(*) FILTER (WHERE at >= %s), count(*), max(at) FROM audit
                WHERE actor_kind = 'staff' AND actor = %s GROUP BY action ORDER BY 3 DESC, action
                """,
                self._clock.now() - LATELY,
                user,
            )
        return [Deeds(*row) for row in rows]

    def _find(self, which: LiteralString, *values: int) -> Sequence[Member]:
        since = self._clock.now() - LATELY
        with self._db.reading() as reading:
            rows = reading.rows(
                f"{_MEMBERS} {which} ORDER BY u.status, u.name, u.id", since, *values
            )
        return [
            Member(user, name, email or "", Role(role), *more)
            for user, name, email, role, *more in rows
        ]


_TOTALS: LiteralString = """
    SELECT count(*) FILTER (WHERE action = 'user.signed_in'),
        count(*) FILTER (WHERE NOT action = ANY (%s || %s::text[])),
        count(*) FILTER (WHERE action = ANY (%s)),
        count(*) FILTER (WHERE action = 'approval.asked'),
        count(*) FILTER (WHERE action IN ('approval.approved', 'approval.refused'))
    FROM audit WHERE actor_kind = 'staff' AND actor = %s AND at >= %s
"""
_MEMBERS: LiteralString = """
    SELECT u.id, u.name, u.email, r.role, u.status,
        u.factor IS NOT NULL OR EXISTS (SELECT 1 FROM passkey p WHERE p.user_id = u.id),
        (SELECT max(s.seen_at) FROM user_session s WHERE s.user_id = u.id),
        (SELECT count(*) FROM audit a
            WHERE a.actor_kind = 'staff' AND a.actor = u.id AND a.at >= %s)
    FROM user_account u JOIN staff_role r ON r.user_id = u.id
    WHERE r.tenant = %s AND u.status <> 'DELETED'
"""
