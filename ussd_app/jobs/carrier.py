"""Carry out one errand: the door of a job.

A job holds an errand's id and the fence of its handing over, and nothing else. Whatever happens,
it ends in the errand's row and never in the queue's: the queue may be lost, and would keep a
traceback where all can read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import structlog

from ussd_app.clock import Clock
from ussd_app.db import Database, outbox
from ussd_app.db.outbox import Claimed

log = structlog.get_logger(__name__)

Handler = Callable[[int], datetime | None]
"""Given the errand's subject: does what is to be done now; when to go on, or None when done."""


@dataclass(frozen=True)
class Carrier:
    """Claims an errand, has it handled outside of any transaction, writes down how it went."""

    db: Database
    clock: Clock
    handlers: Mapping[str, Handler]

    installed: ClassVar[Carrier | None] = None

    def install(self) -> None:
        """Make this the carrier of the jobs in this process."""
        Carrier.installed = self

    def carry(self, errand_id: int, fence: int) -> bool:
        """Whether this copy of the job was the one to do it."""
        with self.db.work() as work:
            errand = outbox.claim(work, errand_id, fence, now=self.clock.now())
        if errand is None:
            return False
        try:
            until = self.handlers[errand.kind](errand.subject)
        except Exception as error:  # the door of a job
            log.exception("errand.failed", errand=errand.id, kind=errand.kind)
            self._put_off(errand, why=type(error).__name__)
            return True
        with self.db.work() as work:
            if until is None:
                outbox.done(work, errand)
            else:
                outbox.again(work, errand, at=until)
        return True

    def _put_off(self, errand: Claimed, *, why: str) -> None:
        with self.db.work() as work:
            if outbox.failed(work, errand, why=why, now=self.clock.now()):
                log.error("errand.dead", errand=errand.id, kind=errand.kind)


def carry(errand_id: int, fence: int) -> None:
    """The one function that the queue may call."""
    carrier = Carrier.installed
    if carrier is None:
        raise RuntimeError("this process carries no errands")
    carrier.carry(errand_id, fence)
