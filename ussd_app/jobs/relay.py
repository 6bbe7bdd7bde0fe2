"""Hand due errands to the queue, and those again that the queue lost."""

from __future__ import annotations

import redis
import structlog
from rq import Queue

from ussd_app.clock import Clock
from ussd_app.db import Database, outbox
from ussd_app.jobs.queue import BACKLOG_MOST, enqueue

BATCH = 200

log = structlog.get_logger(__name__)


class Relay:
    """One of these runs in the clock; two never hand over the same errand."""

    def __init__(self, db: Database, clock: Clock, queue: Queue) -> None:
        self._db, self._clock, self._queue = db, clock, queue

    def turn(self) -> int:
        """Hand over what is due; how many that were. Does nothing while the queue is full or away.

        The errand's row says `queued` before the job exists. If this process dies in between, the
        row's lease ends and the errand is handed over again.
        """
        try:
            waiting = len(self._queue)
        except redis.RedisError as error:
            log.warning("relay.no_queue", error=error)
            return 0
        if waiting >= BACKLOG_MOST:
            return 0
        with self._db.work() as work:
            handed = outbox.hand_over(work, now=self._clock.now(), most=BATCH)
        try:
            enqueue(self._queue, handed)
        except redis.RedisError as error:
            log.warning("relay.no_queue", error=error)
        return len(handed)
