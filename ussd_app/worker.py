"""The worker process: carries out errands."""

from __future__ import annotations

from ussd_app import bootstrap, log
from ussd_app.bootstrap import Built
from ussd_app.jobs.carrier import Carrier, Handler
from ussd_app.jobs.worker import ErrandWorker
from ussd_app.members import standing
from ussd_app.messages import mail
from ussd_app.office import forgetting
from ussd_app.services import Services
from ussd_app.settings import Settings


def run(settings: Settings) -> None:
    """Work until told to stop."""
    log.configure(settings.log_level)
    built = bootstrap.build(settings, name="worker")
    ErrandWorker(carrier_of(built), built.redis).work(logging_level="WARNING")


def carrier_of(built: Built) -> Carrier:
    """Who handles which kind of errand."""
    return Carrier(built.db, built.clock, handlers_of(built.services))


def handlers_of(services: Services) -> dict[str, Handler]:
    """What is done for each kind of errand."""
    return {
        "sms": services.delivery.carry,
        mail.ERRAND: services.mail.carry,
        "receipts": services.receipts.tell,
        "invitations": services.invitation_lists.carry,
        standing.ERRAND: services.standing.hang_up,
        "recovery": services.recoveries.carry,
        "guarantor": services.guarantors.carry,
        forgetting.ERRAND: services.forgetting.carry,
    }
