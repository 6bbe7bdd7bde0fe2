"""Carry out one errand: the door of a job.

A job holds an errand's id and the fence of its handing over, and nothing else. Whatever happens
is written into the errand's row and never into the queue, which may be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

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

    def carry(self, errand_id: int, fence: int) -> bool:
        """Whether this copy of the job was the one to do it.

        What cannot be written down stays as it is, and comes again when its lease has ended.
        """
        try:
            with self.db.work() as work:
                errand = outbox.claim(work, errand_id, fence, now=self.clock.now())
            if errand is not None:
                self._carry_out(errand)
        except Exception:  # the door of a job
            log.exception("errand.unwritten", errand=errand_id)
            return False
        return errand is not None

    def _carry_out(self, errand: Claimed) -> None:
        try:
            until = self.handlers[errand.kind](errand.subject)
            with self.db.work() as work:
                if until is None:
                    outbox.done(work, errand)
                else:
                    outbox.again(work, errand, at=until)
        except Exception as error:  # the door of its handler
            log.exception("errand.failed", errand=errand.id, kind=errand.kind)
            self._put_off(errand, why=type(error).__name__)

    def _put_off(self, errand: Claimed, *, why: str) -> None:
        with self.db.work() as work:
            if outbox.failed(work, errand, why=why, now=self.clock.now()):
                log.error("errand.dead", errand=errand.id, kind=errand.kind)
