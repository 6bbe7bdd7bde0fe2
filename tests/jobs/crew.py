"""Relay and worker of one world, each turn by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from rq.registry import FailedJobRegistry

from tests.messages.post import Post
from tests.people import World
from ussd_app.db import outbox
from ussd_app.db.outbox import Claimed, Handed
from ussd_app.jobs.carrier import Carrier
from ussd_app.jobs.queue import queue
from ussd_app.jobs.relay import Relay
from ussd_app.jobs.worker import ErrandWorker
from ussd_app.worker import handlers_of

Handler = Callable[[int], datetime | None]
Row = tuple[str, int, int, str | None]


@dataclass
class Crew:
    """Hands errands over and carries them out, through Redis or without it."""

    world: World
    post: Post

    def promise(self, kind: str = "sms", subject: int = 1) -> int:
        """One more errand; its id."""
        with self.world.db.work() as work:
            outbox.promise(work, kind, subject, at=self.world.clock.now())
            return int(work.the_row("SELECT max(id) FROM errand")[0])

    def hand_over(self, most: int = 100) -> list[Handed]:
        with self.world.db.work() as work:
            return list(outbox.hand_over(work, now=self.world.clock.now(), most=most))

    def claim(self, errand: int, fence: int) -> Claimed | None:
        with self.world.db.work() as work:
            return outbox.claim(work, errand, fence, now=self.world.clock.now())

    def claimed(self) -> Claimed:
        """The only errand that is due, handed over and claimed."""
        (handed,) = self.hand_over()
        claimed = self.claim(handed.id, handed.fence)
        assert claimed
        return claimed

    def row(self, errand: int) -> Row | None:
        """State, fence, attempts, failure; None once it is done."""
        with self.world.db.reading() as reading:
            found = reading.row(
                "SELECT state, fence, attempts, failure FROM errand WHERE id = %s", errand
            )
        return found and (found[0], found[1], found[2], found[3])

    def due_in(self, errand: int) -> float:
        with self.world.db.reading() as reading:
            (due_at,) = reading.the_row("SELECT due_at FROM errand WHERE id = %s", errand)
        assert isinstance(due_at, datetime)
        return (due_at - self.world.clock.now()).total_seconds()

    def relay(self) -> int:
        """One turn of the relay; how many it handed over."""
        return Relay(self.world.db, self.world.clock, queue(self.world.redis)).turn()

    def waiting(self) -> int:
        """How many jobs are in Redis."""
        return len(queue(self.world.redis))

    def carrier(self, handlers: Mapping[str, Handler] | None = None) -> Carrier:
        return Carrier(
            self.world.db, self.world.clock, handlers or handlers_of(self.world.services)
        )

    def work(self, carrier: Carrier | None = None) -> None:
        """Let a worker carry out what is in Redis."""
        worker = ErrandWorker(carrier or self.carrier(), self.world.redis)
        worker.work(burst=True, logging_level="CRITICAL")

    def failed_jobs(self) -> list[str]:
        """What RQ keeps of jobs that raised."""
        registry = FailedJobRegistry(queue=queue(self.world.redis))
        return [str(one) for one in registry.get_job_ids()]
