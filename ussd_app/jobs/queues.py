"""RQ as we use it: JSON, one callable function, nothing kept."""

from __future__ import annotations

from collections.abc import Sequence

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from ussd_app.db.outbox import Handed

FUNCTION = "ussd_app.jobs.carry"
QUEUES = {"sms": "messages", "receipts": "messages"}
JOB_SECONDS = 45
FAILURE_SECONDS = 3600
BACKLOG_MOST = 500  # beyond it the outbox keeps what is due

log = structlog.get_logger(__name__)


def queues(client: redis.Redis) -> dict[str, Queue]:
    """Every queue by the kind of errand it carries."""
    return {
        kind: Queue(name, connection=client, serializer=JSONSerializer)
        for kind, name in QUEUES.items()
    }


def enqueue(queue: Queue, handed: Sequence[Handed]) -> None:
    """Put errands on the queue, all in one round trip."""
    queue.enqueue_many(
        [
            Queue.prepare_data(
                FUNCTION,
                args=(errand.id, errand.fence),
                job_id=f"{errand.id}-{errand.fence}",
                timeout=JOB_SECONDS,
                result_ttl=0,
                failure_ttl=FAILURE_SECONDS,
                description="errand",
            )
            for errand in handed
        ]
    )


class ErrandWorker(SimpleWorker):
    """Runs `ussd_app.jobs.carry` and refuses whatever else somebody put into Redis.

    One job at a time in this process: they are short and bounded, and a fork for each would cost
    five times as much as the job.
    """

    log_job_description = False

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """Whether the job was done."""
        if not _is_ours(job):
            log.error("queue.foreign_job", queue=queue.name)
            job.delete()
            return False
        done: bool = super().perform_job(job, queue)
        return done


def _is_ours(job: Job) -> bool:
    try:
        args = job.args
        return job.func_name == FUNCTION and not job.kwargs and all(type(a) is int for a in args)
    except Exception:  # noqa: BLE001 - whatever was put there, it is not ours
        return False
