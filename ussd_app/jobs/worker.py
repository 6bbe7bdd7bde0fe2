"""The worker's loop: RQ takes one job after another out of Redis, and does nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.timeouts import JobTimeoutException
from rq.worker import WorkerStatus
from rq.worker_registration import clean_worker_registry

from ussd_app.jobs.carrier import Carrier
from ussd_app.jobs.queue import ErrandJob, errand_of, queue

JOB_SECONDS = 45
FORGOTTEN_SECONDS = 60  # after which a worker that says nothing is taken for dead

log = structlog.get_logger(__name__)


class ErrandWorker(SimpleWorker):
    """Carries errands and refuses whatever else somebody put into Redis.

    Nothing that Redis names is called: RQ's own way to perform a job, and its cleaning up after
    dead workers, would call back, tell and enqueue whatever a job wishes. An errand that is lost
    here comes again by its lease, so nothing of it need be kept.

    One job at a time in this process: they are short and bounded, and a fork for each would cost
    five times as much as the job.
    """

    job_class = ErrandJob
    log_job_description = False

    def __init__(self, carrier: Carrier, client: redis.Redis) -> None:
        super().__init__(
            [queue(client)],
            connection=client,
            serializer="json",
            worker_ttl=FORGOTTEN_SECONDS,
            maintenance_interval=FORGOTTEN_SECONDS,
        )
        self._carrier = carrier

    def bootstrap(self, *levels: Any, **formats: Any) -> None:
        """Make oneself known in Redis; then jobs are taken."""
        super().bootstrap(*levels, **formats)
        log.info("worker.ready")

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Take a job out of Redis, and carry its errand if it is one."""
        with self.connection.pipeline() as pipeline:
            self.set_state(WorkerStatus.BUSY, pipeline=pipeline)  # SIGTERM waits for its end
            pipeline.delete(job.key)
            pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            pipeline.execute()
        errand = errand_of(job)
        if errand is None:
            log.error("queue.foreign_job", queue=queue.name)
        else:
            with self.death_penalty_class(JOB_SECONDS, JobTimeoutException):
                self._carrier.carry(*errand)
        self.set_state(WorkerStatus.IDLE)

    def run_maintenance_tasks(self) -> None:
        """Forget workers that died, and what they had in hand."""
        for one in self.queues:
            clean_worker_registry(one)
            self.connection.delete(one.intermediate_queue_key)
        self.last_cleaned_at = datetime.now(UTC)  # type: ignore[assignment] # RQ's says None
