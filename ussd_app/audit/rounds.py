"""Verify the whole audit again and again, a little at a time, and write down how it was found."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from ussd_app.audit import service as audit
from ussd_app.audit.chain import Walk
from ussd_app.clock import Clock
from ussd_app.db.work import Database

REST = timedelta(hours=1)
VERIFIED = "audit.verified"
SUBJECT = "seal"

log = structlog.get_logger(__name__)


class Rounds:
    """One runs in the clock, where the relay waits for each turn of it."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._walk: Walk | None = None
        self._faults, self._next = 0, clock.now()

    def turn(self) -> None:
        """Verify the next batch; after the last one the result is audited, and there is a rest."""
        now = self._clock.now()
        if now < self._next:
            return
        self._walk = self._walk or Walk(self._db)
        for fault in self._walk.step():
            self._faults += 1
            log.error("audit.broken", row=fault.row, what=fault.what)
        if self._walk.is_over:
            self._write_down(self._walk, now)
            self._walk, self._faults, self._next = None, 0, now + REST

    def _write_down(self, walk: Walk, now: datetime) -> None:
        with self._db.work() as work:
            audit.record(
                work,
                audit.THE_SYSTEM,
                VERIFIED,
                subject=(SUBJECT, walk.at.seq),
                at=now,
                faults=self._faults,
                hash=walk.at.hash.hex(),
            )
