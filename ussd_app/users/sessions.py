"""Where users are signed in: one row a browser, so that signing out is true at once everywhere."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.users.service import STAFF, Staff, staff_of

IDLE, LASTS = timedelta(minutes=30), timedelta(hours=12)
SID_BYTES = 32
SEEN_EVERY = timedelta(minutes=1)
BROWSER_LETTERS = 200


@dataclass(frozen=True)
class Place:
    """A browser in which somebody is signed in."""

    id: int
    browser: str
    began_at: datetime
    seen_at: datetime
    is_this: bool


class Sessions:
    """Begins, checks, lists and ends them."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def begin(self, user: int, *, browser: str) -> str:
        """Sign them in here; what the cookie is to hold. Only its digest is kept."""
        now, sid = self._clock.now(), secrets.token_urlsafe(SID_BYTES)
        with self._db.work() as work:
            work.run(
                """
                INSERT INTO user_session (sid, user_id, browser, began_at, seen_at, ends_at)
                VALUES (%s, %s, %s, %s, %s, %s)
                """,
                _digest(sid),
                user,
                browser[:BROWSER_LETTERS],
                now,
                now,
                now + LASTS,
            )
            audit.record(work, _self(user), "user.signed_in", subject=("user", user), at=now)
        return sid

    def staff(self, uniquifier: str, sid: str, *, is_touch: bool = True) -> Staff | None:
        """Whom a cookie names, if they may come in: ACTIVE, with a role, and still signed in there.

        Signed in is who was not signed out, is not idle too long and did not begin too long ago.
        What a page asks for by itself is no touch: somebody who left is idle before it.
        """
        now = self._clock.now()
        with self._db.reading() as reading:
            row = reading.row(_SIGNED_IN, uniquifier, _digest(sid), now - IDLE, now)
            if row is None:
                return None
            seen_at, *found = row
            if is_touch and seen_at < now - SEEN_EVERY:
                reading.run(
                    "UPDATE user_session SET seen_at = %s WHERE sid = %s", now, _digest(sid)
                )
        return staff_of(found)

    def places(self, user: int, *, sid: str = "") -> Sequence[Place]:
        """Where they are signed in, latest first."""
        now = self._clock.now()
        with self._db.reading() as reading:
            rows = reading.rows(
                """
                SELECT id, browser, began_at, seen_at, sid = %s FROM user_session
                WHERE user_id = %s AND ended_at IS NULL AND seen_at > %s AND ends_at > %s
                ORDER BY seen_at DESC, id DESC
                """,
                _digest(sid),
                user,
                now - IDLE,
                now,
            )
        return [Place(*row) for row in rows]

    def end(self, sid: str) -> None:
        """Sign out there. Again changes nothing."""
        self._end("sid = %s", _digest(sid))

    def end_place(self, user: int, place: int, *, by: Actor | None = None) -> bool:
        """Sign them out of one of their places; False if they were not signed in there."""
        return bool(self._end("user_id = %s AND id = %s", user, place, by=by))

    def end_all(self, user: int, *, but: str = "", by: Actor | None = None) -> int:
        """Sign them out everywhere but there; of how many places."""
        return self._end("user_id = %s AND sid <> %s", user, _digest(but), by=by)

    def _end(self, which: LiteralString, *values: object, by: Actor | None = None) -> int:
        """Who ends them is the user, if nobody else is named."""
        now = self._clock.now()
        with self._db.work() as work:
            ended = work.rows(f"{_END} {which} RETURNING user_id", now, *values)
            for (user,) in ended:
                whose = ("user", user)
                audit.record(work, by or _self(user), "user.signed_out", subject=whose, at=now)
        return len(ended)


_SIGNED_IN: LiteralString = f"""
    SELECT s.seen_at, found.*
    FROM ({STAFF} WHERE u.uniquifier = %s AND u.status = 'ACTIVE') found
        JOIN user_session s ON s.user_id = found.id
    WHERE s.sid = %s AND s.ended_at IS NULL AND s.seen_at > %s AND s.ends_at > %s
"""  # noqa: S608 - ours
_END: LiteralString = "UPDATE user_session SET ended_at = %s WHERE ended_at IS NULL AND"


def _digest(sid: str) -> bytes:
    return hashlib.sha256(sid.encode()).digest()


def _self(user: int) -> Actor:
    return Actor("staff", user, "web")
