"""The processes of the Procfile: web, worker, clock, and the release step before them."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import click
from granian.constants import Interfaces
from granian.server import Server
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from ussd_app import bootstrap, log, seeding, worker
from ussd_app.commands import environment
from ussd_app.db import Database, migrate
from ussd_app.errors import Unavailable
from ussd_app.jobs import clock, housekeeping
from ussd_app.jobs.clock import Chore
from ussd_app.jobs.queue import queue
from ussd_app.jobs.relay import Relay
from ussd_app.settings import Settings
from ussd_app.wsgi import THREADS

RELAY_SECONDS = 0.2
UNTOLD_SECONDS = 15.0
SCREENS_SECONDS = 1.0
BACKLOG = 2048


def web(settings: Settings) -> None:
    """Serve callers, one process for each core."""
    _refuse_forgetful(settings)
    metrics = os.environ.setdefault(
        "PROMETHEUS_MULTIPROC_DIR", str(settings.var_folder / "metrics")
    )
    Path(metrics).mkdir(parents=True, exist_ok=True)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    start_http_server(settings.metrics_port, addr=settings.metrics_host, registry=registry)
    Server(
        "ussd_app.wsgi:create",
        factory=True,
        address=settings.web_host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=bootstrap.web_processes(settings),
        blocking_threads=THREADS,
        backlog=BACKLOG,
        websockets=False,
        log_enabled=False,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=5,
    ).serve()


def work(settings: Settings) -> None:
    """Carry out errands."""
    _refuse_forgetful(settings)
    worker.run(settings)


def tick(settings: Settings) -> None:
    """Hand errands over, and keep house."""
    _refuse_forgetful(settings)
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


def seed(profile: str, number: int, *, as_json: bool) -> None:
    """Let the people of a profile join, on tables that are made first where there are none."""
    wanted = seeding.people(profile, number)
    with environment.settings() as settings:
        log.configure("warning")
        built = bootstrap.build(settings, name="seed")
        with built.db.reading() as reading:
            at = migrate.at(reading)
        if at is None:
            release(settings)
        seeding.plant(built, wanted)
        built.db.close()
    if as_json:
        told = {"profile": profile, "seed": number, "people": [one.as_dict() for one in wanted]}
        click.echo(json.dumps(told, indent=1))
        return
    for person in wanted:
        click.echo(f"{person.name:<20} {person.phone}  PIN {person.pin}  {person.tokens} tokens")


def release(settings: Settings) -> None:
    """Bring the tables up to date, make the first token and the first organisation. Repeatable."""
    _refuse_forgetful(settings)
    log.configure("warning")
    owner = settings.database_owner_url or settings.database_url
    migrate.upgrade(owner, settings.database_url)
    built = bootstrap.build(settings, name="release")
    bootstrap.found(settings, built.services)
    built.db.close()


def _refuse_forgetful(settings: Settings) -> None:
    """Raises NotDurable if PostgreSQL could lose a payment. One that is away may come back."""
    db = Database(settings.database_url, name="ussd-app start")
    with suppress(Unavailable), db.reading():
        pass  # whatever connects is examined
    db.close()
