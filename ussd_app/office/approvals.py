"""What needs a second person: one asks, another approves, and what was approved is what is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString, Protocol

from psycopg.types.json import Jsonb

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.connection import Row
from ussd_app.db.work import Database, Work
from ussd_app.errors import Conflict, NotAllowed, NotFound
from ussd_app.members.reasons import refuse_named
from ussd_app.users.permissions import Permission, Role, permissions_of
from ussd_app.values import Reason

LASTS = timedelta(days=3)
SHOWN_MOST = 100
WAITING, APPROVED, REFUSED, EXPIRED, DONE = "waiting", "approved", "refused", "expired", "done"

Payload = Mapping[str, int | str]


class Deed(Protocol):
    """A kind of thing that two people must want."""

    kind: str
    permission: Permission
    """What whoever asks must be allowed, when they ask and still when it is approved."""

    private: Sequence[str]
    """What of the payload is shown only for a reason, and forgotten when it has ended."""

    def check(self, work: Work, payload: Payload) -> None:
        """Raises a Refusal if it cannot be done as things are."""
        ...

    def run(self, work: Work, payload: Payload, *, request: int, by: Actor, why: str) -> None:
        """Do it, in the work of its approval; `by` is who approved. Raises as `check`."""
        ...


@dataclass(frozen=True)
class Request:
    """A deed that was asked for; `payload` holds nothing private."""

    id: int
    kind: str
    payload: Payload
    hash: str
    has_private: bool
    maker: int
    maker_name: str
    checker: int | None
    checker_name: str | None
    state: str
    why: str
    answer: str | None
    made_at: datetime
    expires_at: datetime
    decided_at: datetime | None


class Approvals:
    """Takes requests, and carries out what another person approves, once."""

    def __init__(self, db: Database, clock: Clock, deeds: Sequence[Deed]) -> None:
        self._db, self._clock = db, clock
        self._deeds = {deed.kind: deed for deed in deeds}

    def ask(self, kind: str, payload: Payload, *, by: Actor, why: str) -> int:
        """Ask for it; the number of the request. The same that waits already is one request.

        Raises Invalid for a reason that cannot be kept, NotAllowed, and what the deed's `check`
        raises.
        """
        deed, reason, now = self._deeds[kind], Reason.parse(why), self._clock.now()
        with self._db.work() as work:
            maker = _staff(by)
            _demand(work, maker, deed.permission)
            _refuse_named(work, payload, reason)
            deed.check(work, payload)
            row = work.row(
                """
                INSERT INTO approval_request (kind, payload, hash, maker, why, made_at, expires_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (kind, hash) WHERE state = 'waiting' DO NOTHING RETURNING id
                """,
                kind,
                Jsonb(payload),
                hash_of(kind, payload),
                maker,
                reason,
                now,
                now + LASTS,
            )
            if row:
                _record(work, by, "asked", row[0], now, kind=kind, why=reason)
                return int(row[0])
            (known,) = work.the_row(
                "SELECT id FROM approval_request WHERE kind = %s AND hash = %s AND state = 'waiting'",
                kind,
                hash_of(kind, payload),
            )
            return int(known)

    def approve(self, request: int, *, seen: str, by: Actor, why: str = "") -> bool:
        """Do it, if it is still what was `seen` (its hash); False if they did so before.

        Everything is checked anew: both people, the time and what the deed demands. If anything
        stands in the way nothing happens, and it goes on waiting. Raises NotFound, NotAllowed for
        its maker, Conflict for what is over or not what was seen, and what the deed raises.
        """
        now, answer = self._clock.now(), Reason.parse(why) if why else None
        with self._db.work() as work:
            checker = _staff(by)
            kind, payload, kept, maker, state, reason, expires_at, decided = _locked(work, request)
            if state == DONE and decided == checker:
                return False
            _refuse_over(state, expires_at, now)
            if checker == maker:
                raise NotAllowed("the maker")
            if kept != hash_of(kind, payload) or kept.hex() != seen:
                raise Conflict("not what was seen")
            deed = self._deeds[kind]
            _demand(work, checker, Permission.DECIDE)
            _demand(work, maker, deed.permission)
            _refuse_named(work, payload, answer)
            deed.check(work, payload)
            _decide(work, request, APPROVED, (checker, answer, now))
            deed.run(work, payload, request=request, by=by, why=reason)
            self._end(work, request, deed, DONE)
            # A digest of a number is the number, to whoever tries them all.
            told = {} if deed.private else {"hash": seen}
            _record(work, by, "approved", request, now, kind=kind, **told)
        return True

    def refuse(self, request: int, *, by: Actor, why: str) -> bool:
        """End it undone; False if it was over.

        Raises NotFound, NotAllowed for its maker, and Invalid for a reason that cannot be kept.
        """
        now, reason = self._clock.now(), Reason.parse(why)
        with self._db.work() as work:
            checker = _staff(by)
            kind, payload, _hash, maker, state, *_rest = _locked(work, request)
            if state != WAITING:
                return False
            if checker == maker:
                raise NotAllowed("the maker")
            _demand(work, checker, Permission.DECIDE)
            _refuse_named(work, payload, reason)
            _decide(work, request, REFUSED, (checker, reason, now))
            self._end(work, request, self._deeds[kind], REFUSED)
            _record(work, by, "refused", request, now, kind=kind, why=reason)
        return True

    def expire(self, *, most: int) -> int:
        """End what nobody decided in time; how many that were."""
        now = self._clock.now()
        with self._db.work() as work:
            rows = work.rows(
                """
                SELECT id, kind FROM approval_request WHERE state = 'waiting' AND expires_at <= %s
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
                """,
                now,
                most,
            )
            for request, kind in rows:
                self._end(work, request, self._deeds[kind], EXPIRED)
                _record(work, audit.THE_SYSTEM, "expired", request, now, kind=kind)
        return len(rows)

    def reveal(self, request: int, *, by: Actor, why: str) -> Payload:
        """All of what was asked for, as its checker must know it; the look is audited.

        Raises NotFound, NotAllowed and Invalid.
        """
        now, reason = self._clock.now(), Reason.parse(why)
        with self._db.work() as work:
            looker = _staff(by)
            _kind, payload, _hash, maker, *_rest = _locked(work, request)
            _demand(work, looker, Permission.SEE_PRIVATE)
            _refuse_named(work, payload, reason)
            if looker != maker:
                _demand(work, looker, Permission.DECIDE)
            _record(work, by, "looked", request, now, why=reason)
        found: Payload = payload
        return found

    def get(self, request: int, *, of: int | None = None) -> Request:
        """One of them, and of this maker alone if so asked. Raises NotFound."""
        with self._db.reading() as reading:
            row = reading.row(f"{_SHOWN} WHERE r.id = %s", request)
        if row is None or (of is not None and row[4] != of):
            raise NotFound("no such request")
        return self._shown(row)

    def waiting(self, *, of: int | None = None) -> Sequence[Request]:
        """What waits, the oldest first; of one maker alone if so asked."""
        return self._list("r.state = 'waiting'", "r.id", of)

    def over(self, *, of: int | None = None) -> Sequence[Request]:
        """What was decided or expired, the newest first; of one maker alone if so asked."""
        return self._list("r.state <> 'waiting'", "r.id DESC", of)

    def _list(self, which: LiteralString, order: LiteralString, of: int | None) -> list[Request]:
        with self._db.reading() as reading:
            rows = reading.rows(
                f"{_SHOWN} WHERE {which} AND (%s::bigint IS NULL OR r.maker = %s)"
                f" ORDER BY {order} LIMIT %s",
                of,
                of,
                SHOWN_MOST,
            )
        return [self._shown(row) for row in rows]

    def _shown(self, row: Row) -> Request:
        request, kind, payload, digest, *rest = row
        private = self._deeds[kind].private
        shown = {name: value for name, value in payload.items() if name not in private}
        return Request(request, kind, shown, bytes(digest).hex(), bool(private), *rest)

    def _end(self, work: Work, request: int, deed: Deed, state: str) -> None:
        work.run(
            "UPDATE approval_request SET state = %s, payload = payload - %s::text[] WHERE id = %s",
            state,
            list(deed.private),
            request,
        )


def hash_of(kind: str, payload: Payload) -> bytes:
    """What is approved: a kind of deed, and everything it is done with."""
    words = json.dumps([kind, dict(payload)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(words.encode()).digest()


def _locked(work: Work, request: int) -> tuple[Any, ...]:
    row = work.row(
        """
        SELECT kind, payload, hash, maker, state, why, expires_at, checker
        FROM approval_request WHERE id = %s FOR UPDATE
        """,
        request,
    )
    if row is None:
        raise NotFound("no such request")
    kind, payload, digest, *rest = row
    return kind, payload, bytes(digest), *rest


def _refuse_over(state: str, expires_at: datetime, now: datetime) -> None:
    if state != WAITING or expires_at <= now:
        raise Conflict("over")


def _decide(
    work: Work, request: int, state: str, decision: tuple[int, str | None, datetime]
) -> None:
    work.run(
        "UPDATE approval_request SET state = %s, checker = %s, answer = %s, decided_at = %s"
        " WHERE id = %s",
        state,
        *decision,
        request,
    )


def _staff(by: Actor) -> int:
    if by.kind != "staff" or by.id is None:
        raise NotAllowed("nobody of the staff")
    return by.id


def _demand(work: Work, user: int, permission: Permission) -> None:
    """Raises NotAllowed unless they may, at this moment."""
    rows = work.rows(
        """
        SELECT r.role FROM user_account u JOIN staff_role r ON r.user_id = u.id
        WHERE u.id = %s AND u.status = 'ACTIVE'
        """,
        user,
    )
    if permission not in permissions_of(Role(role) for (role,) in rows):
        raise NotAllowed(permission)


def _refuse_named(work: Work, payload: Payload, words: str | None) -> None:
    """Raises Invalid for words that name the member whom the deed concerns."""
    if words and "member" in payload:
        refuse_named(work, int(payload["member"]), words)


def _record(
    work: Work, by: Actor, deed: str, request: int, at: datetime, **details: int | str
) -> None:
    audit.record(work, by, f"approval.{deed}", subject=("approval", request), at=at, **details)


_SHOWN: LiteralString = """
    SELECT r.id, r.kind, r.payload, r.hash, r.maker, m.name, r.checker, c.name, r.state, r.why,
        r.answer, r.made_at, r.expires_at, r.decided_at
    FROM approval_request r JOIN user_account m ON m.id = r.maker
        LEFT JOIN user_account c ON c.id = r.checker
"""
