"""Go on from a screen of a session in the simulator, where there is one: in development alone.

It is another call, on a line of its own: the member's own calls go on undisturbed, and what is done
is done under keys of its own. From behind a PIN or a code nobody goes on: deeds ask for it as always.
"""

from __future__ import annotations

from urllib.parse import urlencode

from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.clock import Clock
from ussd_app.db.work import Database
from ussd_app.dialog.lines import Lines
from ussd_app.errors import Conflict, NotFound

MOST = 500  # screens of a session


class CallReplay:
    """Opens sessions in the simulator whose page is at `simulator`; empty where there is none."""

    def __init__(self, db: Database, clock: Clock, lines: Lines, *, simulator: str) -> None:
        self._db, self._clock, self._lines, self.simulator = db, clock, lines, simulator

    def open(self, call: int, number: int, *, by: Actor) -> str:
        """Begin a call at the screen of that number, from 1; the address that shows it.

        Raises NotFound where there is no simulator or nothing to go on from, Conflict if the
        number is somebody else's by now.
        """
        if not self.simulator or not 1 <= number <= MOST:
            raise NotFound("no simulator, or no such screen")
        with self._db.reading() as reading:
            row = reading.row(
                """
                SELECT c.phone, c.service_code, c.member, (SELECT m.id FROM member m
                    WHERE m.phone = c.phone), s.place, bool_or(s.how = 'secret') OVER (
                    ORDER BY s.at, s.number)
                FROM call c JOIN call_screen s ON s.call = c.id
                WHERE c.id = %s ORDER BY s.at, s.number LIMIT 1 OFFSET %s
                """,
                call,
                number - 1,
            )
        if row is None:
            raise NotFound("no such screen")
        phone, service_code, member, owner, place, is_behind_secret = row
        if place is None or is_behind_secret:
            raise NotFound("nothing to go on from")
        if member != owner:
            raise Conflict("the number is somebody else's by now")
        session = self._lines.play_again(bytes(place), phone=phone, service_code=service_code)
        if session is None:
            raise NotFound("kept by another version, or under another key")
        now = self._clock.now()
        with self._db.work() as work:
            subject = ("call", call)
            audit.record(work, by, "call.played_again", subject=subject, at=now, screen=number)
        return f"{self.simulator}#{urlencode({'adopt': session, 'phone': phone})}"
