"""Hand due errands to the queue, and those again that the queue lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import redis
import structlog
from rq import Queue

from ussd_app.clock import Clock
from ussd_app.db import Database, outbox
from ussd_app.db.outbox import Handed
from ussd_app.jobs.queues import BACKLOG_MOST, enqueue

BATCH = 200

log = structlog.get_logger(__name__)


class Relay:
    """One of these runs in the clock; two never hand over the same errand."""

    def __init__(self, db: Database, clock: Clock, queues: Mapping[str, Queue]) -> None:
        self._db, self._clock, self._queues = db, clock, queues

    def turn(self) -> int:
        """Hand over what is due; how many that were. Does nothing while the queue is full or away.

        The errand's row says `queued` before the job exists. If this process dies in between, the
        row's lease ends and the errand is handed over again.
        """
        try:
            waiting = sum(len(queue) for queue in self._queues.values())
        except redis.RedisError as error:
            log.warning("relay.no_queue", error=error)
            return 0
        if waiting >= BACKLOG_MOST:
            return 0
        with self._db.work() as work:
            handed = outbox.hand_over(work, now=self._clock.now(), most=BATCH)
        by_queue: dict[str, list[Handed]] = defaultdict(list)
        for errand in handed:
            by_queue[errand.kind].append(errand)
        try:
            for kind, errands in by_queue.items():
                enqueue(self._queues[kind], errands)
        except redis.RedisError as error:
            log.warning("relay.no_queue", error=error)
        return len(handed)
