"""The worker process: carries out the errands of the queues it is given."""

from __future__ import annotations

from ussd_app import bootstrap, log
from ussd_app.bootstrap import Built
from ussd_app.jobs.carrier import Carrier
from ussd_app.jobs.queues import ErrandWorker, queues
from ussd_app.settings import Settings


def run(settings: Settings) -> None:
    """Work until told to stop."""
    log.configure(settings.log_level)
    built = bootstrap.build(settings, name="worker")
    carrier_of(built).install()
    worker = ErrandWorker(
        list(queues(built.redis).values()),
        connection=built.redis,
        serializer="json",
        worker_ttl=60,
        maintenance_interval=60,
    )
    worker.work(logging_level="WARNING")


def carrier_of(built: Built) -> Carrier:
    """Who handles which kind of errand."""
    return Carrier(built.db, built.clock, {"sms": built.services.delivery.carry})
