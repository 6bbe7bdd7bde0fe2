"""The worker and the clock of the Procfile."""

from __future__ import annotations

from ussd_app import bootstrap, log, worker
from ussd_app.commands.durability import refuse_forgetful
from ussd_app.jobs import clock, housekeeping
from ussd_app.jobs.clock import Chore
from ussd_app.jobs.queue import queue
from ussd_app.jobs.relay import Relay
from ussd_app.settings import Settings

RELAY_SECONDS = 0.2
UNTOLD_SECONDS = 15.0
SCREENS_SECONDS = 1.0


def work(settings: Settings) -> None:
    """Carry out errands."""
    refuse_forgetful(settings)
    worker.run(settings)


def tick(settings: Settings) -> None:
    """Hand errands over, and keep house."""
    refuse_forgetful(settings)
    log.configure(settings.log_level)
    built = bootstrap.build(settings, name="clock")
    relay = Relay(built.db, built.clock, queue(built.redis))
    clock.run(
        [
            Chore("relay", RELAY_SECONDS, relay.turn),
            Chore("untold-locks", UNTOLD_SECONDS, built.services.pins.tell_untold),
            Chore("screens", SCREENS_SECONDS, built.services.calls.take_in),
            *housekeeping.sealing(built.services),
            *housekeeping.chores(built.services, settings),
        ]
    )
