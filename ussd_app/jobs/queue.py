"""The queue between relay and worker: RQ's, in JSON, each job one errand's id and fence."""

from __future__ import annotations

from collections.abc import Sequence

import redis
from rq import Queue
from rq.exceptions import DeserializationError
from rq.job import Job
from rq.serializers import JSONSerializer

from ussd_app.db.outbox import QUEUED_LEASE, Handed

NAME = "errands"
FUNCTION = "ussd_app.jobs.carry"  # by this name a job is known as ours; no name is ever looked up
BACKLOG_MOST = 500  # beyond it the outbox keeps what is due


def queue(client: redis.Redis) -> Queue:
    """The one queue there is."""
    return Queue(NAME, connection=client, serializer=JSONSerializer)


def enqueue(to: Queue, handed: Sequence[Handed]) -> None:
    """Put errands on the queue, all in one round trip; each leaves it when its lease ends."""
    to.enqueue_many(
        [
            Queue.prepare_data(
                FUNCTION,
                args=(errand.id, errand.fence),
                job_id=f"{errand.id}-{errand.fence}",
                ttl=int(QUEUED_LEASE.total_seconds()),
            )
            for errand in handed
        ]
    )


class ErrandJob(Job):
    """A job of which the call alone is read, and not whom to tell or what to do after it."""

    def restore(self, raw_data: dict[bytes, bytes]) -> None:
        """Take what Redis holds of it."""
        super().restore({b"data": raw_data.get(b"data", b"")})


def errand_of(job: Job) -> tuple[int, int] | None:
    """The id and the fence that a job of ours holds; None for a job that is not ours."""
    try:
        if (job.func_name, job.instance, job.kwargs) != (FUNCTION, None, {}):
            return None
        errand, fence = job.args
    except (DeserializationError, TypeError, ValueError):
        return None
    return (errand, fence) if type(errand) is type(fence) is int else None
