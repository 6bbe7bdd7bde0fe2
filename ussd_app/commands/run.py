"""`ussd-app run`: everything on this machine, from one command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from subprocess import Popen
from types import FrameType
from typing import Any

import click
import httpx

from ussd_app import bootstrap, demo_stories, seeding
from ussd_app.commands import environment, tables
from ussd_app.commands.environment import (
    STATE_FILE,
    complete,
    folder,
    needed_stores,
    running_alone,
)
from ussd_app.embedded import process
from ussd_app.embedded.stores import GENERATED_SETTINGS, Stores, log_folder
from ussd_app.embedded.supervisor import Charge, Supervisor
from ussd_app.seeding import DEMO, DEMO_STRANGERS, Person
from ussd_app.settings import Settings, SettingsFaulty, read

LOOPBACK = "127.0.0.1"
PORTS = ("PORT", "SIMULATOR_PORT", "SIMULATOR_MAIL_PORT", "METRICS_PORT")
PORTS_TRIED = 50
READY_SECONDS = 60.0
# For whoever looks at the stories: as long as they may want to wait, and as often as they like.
STORIES = {"RECOVERY_COOLING_MINUTES": "1", "RECOVERIES_A_WEEK": "1000"}
CALLBACKS = ("events", "delivery", "inbound", "optout", "sim_swap")


def run() -> None:
    """Start the stores that are not given, the web, the worker, the clock and the simulator."""
    given = environment.environment()
    try:
        with running_alone(given):
            environ = _with_ports(complete(given))
            house = House(environ, needed_stores(environ), Interruption())
            try:
                house.open()
                house.tend()
            finally:
                house.close()
    except (RuntimeError, SettingsFaulty) as error:
        raise click.ClickException(str(error)) from error


class Interruption:
    """SIGINT or SIGTERM while everything is being started: it ends at once, and in order.

    Python swallows what a signal raises in the middle of a fork, so each step asks again.
    """

    def __init__(self) -> None:
        self._came = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._come)

    def check(self) -> None:
        """Go on, unless it came."""
        if self._came:
            raise KeyboardInterrupt

    def _come(self, _number: int, _frame: FrameType | None) -> None:
        self._came = True
        self.check()


@dataclass
class House:
    """Everything that `run` has started."""

    environ: dict[str, str]
    stores: Stores | None
    interruption: Interruption
    charges: list[Charge] = field(default_factory=list)
    people: tuple[Person, ...] = ()

    def open(self) -> None:
        """Start all of it, and say where it is."""
        self.var = folder(self.environ)
        self.logs = log_folder(self.var)
        if self.stores:
            _say("starting PostgreSQL and Redis")
            self.stores.start()
            self.interruption.check()
            self.environ |= self.stores.environment()
            self.charges += _store_charges(self.stores)
        if self._is_demonstration:
            self.environ = {**STORIES, **self.environ}
        self.environ |= self._around()
        self.settings = read(self.environ)
        _say("bringing the tables up to date")
        tables.release(self.settings)
        if self._is_demonstration:
            self._seed()
        for name in ("simulator", "web", "worker", "clock"):
            charge = Charge(name, partial(self._start, name))
            charge.run()
            self.charges.append(charge)
        self.supervisor = Supervisor(self.charges, say=_say, on_change=self._write_state)
        self.supervisor.listen()
        self.interruption.check()
        self._write_state()
        _say("waiting until everything answers")
        self._wait_until_ready()
        self._print()

    def tend(self) -> None:
        """Look after it until Ctrl-C."""
        self.supervisor.tend()
        _say("ending")

    def close(self) -> None:
        """End all of it."""
        for charge in reversed(self.charges):
            charge.stop()
        if self.stores:
            self.stores.stop()

    @property
    def _is_demonstration(self) -> bool:
        """Whether the database is this house's own, for people to try things with."""
        return self.stores is not None and self.stores.with_postgres

    def _around(self) -> dict[str, str]:
        """What this house's processes are told besides: the simulator plays the companies."""
        metrics = self.var / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir(parents=True)
        simulator = f"http://{LOOPBACK}:{self.environ['SIMULATOR_PORT']}"
        mail = f"smtp://{LOOPBACK}:{self.environ['SIMULATOR_MAIL_PORT']}"
        return {
            "VAR_FOLDER": str(self.var),
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            "AT_BASE_URL": self.environ.get("AT_BASE_URL") or simulator,
            "AT_INSIGHTS_URL": self.environ.get("AT_INSIGHTS_URL") or simulator,
            "MAIL_URL": self.environ.get("MAIL_URL") or mail,
            # A browser takes passkeys for a name, never for an address.
            "ADMIN_URL": self.environ.get("ADMIN_URL")
            or f"http://localhost:{self.environ['PORT']}",
            "SIMULATOR_URL": f"{simulator}/",
        }

    def _seed(self) -> None:
        built = bootstrap.build(self.settings, name="seed")
        seeding.plant(built, seeding.people(DEMO, 0))
        built.db.close()
        self.people = seeding.people(DEMO, 0)

    def _start(self, name: str) -> Popen[bytes]:
        command = [sys.executable, "-m", "ussd_app.cli", name]
        environ = self.environ
        if name == "simulator":
            command = [sys.executable, "-m", "ussd_app.simulators"]
            command += ["--port", str(self.settings.simulator_port)]
            environ = {**environ, "SIMULATOR_CONFIG": json.dumps(self._simulator())}
        return process.start(command, log=self.logs / f"{name}.log", env=environ)

    def _simulator(self) -> dict[str, Any]:
        settings = self.settings
        shown = (*self.people, *(DEMO_STRANGERS if self.people else ()))
        return {
            "service_code": settings.service_code,
            "username": settings.at_username,
            "api_key": settings.at_api_key,
            "callbacks": callbacks_of(settings),
            "mail_port": settings.simulator_mail_port,
            "people": [_as_shown(person) for person in shown],
            "stories": _stories(settings) if self.people else [],
        }

    def _wait_until_ready(self) -> None:
        urls = urls_of(self.settings)
        deadline = time.monotonic() + READY_SECONDS
        for url in (urls["ready"], urls["simulator"] + "healthz"):
            while not _answers(url):
                if self.supervisor.is_stopped:
                    return
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{url} does not answer; see {self.logs}")
                time.sleep(0.1)

    def _write_state(self) -> None:
        path = self.var / STATE_FILE
        making = path.with_suffix(".making")
        making.touch(mode=0o600)
        making.write_text(json.dumps(self._state(), indent=1))
        making.rename(path)

    def _state(self) -> dict[str, Any]:
        settings = self.settings
        pids = {charge.name: charge.pid for charge in self.charges}
        named = {**_named(settings), **{port: self.environ[port] for port in PORTS}}
        kept = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "AT_BASE_URL", "AT_INSIGHTS_URL"}
        kept |= {"MAIL_URL", "ADMIN_URL", "SIMULATOR_URL"}
        kept |= {"VAR_FOLDER", *STORIES}
        generated = set(GENERATED_SETTINGS)
        return {
            "service_code": settings.service_code,
            "urls": urls_of(settings),
            "callbacks": callbacks_of(settings),
            "processes": {"supervisor": os.getpid(), **pids},
            "logs": {path.stem: str(path) for path in sorted(self.logs.glob("*.log"))},
            "stores": {"postgres": settings.database_url, "redis": settings.redis_url},
            "people": [
                person.as_dict() for person in (*self.people, *DEMO_STRANGERS) if self.people
            ],
            "environment": {
                **named,
                **{name: self.environ[name] for name in kept | generated if name in self.environ},
            },
        }

    def _print(self) -> None:
        urls = urls_of(self.settings)
        click.echo(f"""
ussd-app is running; Ctrl-C ends it.

  Telephones  {urls["simulator"]}   dial {self.settings.service_code} on any of them
  Staff       {urls["admin"]}   first: {_command()} staff bootstrap --email you@example.org
  Letters     {urls["mail"]}   what is mailed to staff
  Metrics     {urls["metrics"]}
  Logs        {self.logs}
""")
        for person in self.people:
            tokens = f"{person.tokens} {self.settings.token_code}"
            click.echo(f"  {person.name:<14}  {person.phone}  PIN {person.pin}  {tokens}")
        click.echo()


def _command() -> str:
    """How this program is called from where one is: few have its folder on their PATH."""
    return "ussd-app" if shutil.which("ussd-app") else os.path.relpath(sys.argv[0])


def urls_of(settings: Settings) -> dict[str, str]:
    """Every address there is."""
    web = f"http://{settings.web_host}:{settings.port}/"
    return {
        "web": web,
        "health": web + "healthz",
        "ready": web + "readyz",
        "metrics": f"http://{settings.metrics_host}:{settings.metrics_port}/metrics",
        "admin": f"{settings.admin_url.rstrip('/')}/admin/",
        "simulator": f"http://{LOOPBACK}:{settings.simulator_port}/",
        "mail": f"http://{LOOPBACK}:{settings.simulator_port}/mail",
    }


def callbacks_of(settings: Settings) -> dict[str, str]:
    """The full addresses that a company is given, secret included."""
    web, secret = f"http://{settings.web_host}:{settings.port}", settings.callback_secrets[0]
    return {
        "ussd": f"{web}/ussd/{secret}",
        **{kind: f"{web}/callbacks/{secret}/{kind.replace('_', '-')}" for kind in CALLBACKS},
    }


def _store_charges(stores: Stores) -> list[Charge]:
    """The stores as charges, already started."""
    charges = []
    for name, store in (("postgres", stores.postgres), ("redis", stores.redis)):
        if store:
            charge = Charge(name, partial(_restart, store), store.STOP_SIGNAL)
            charge.child = store.child
            charges.append(charge)
    return charges


def _restart(store: Any) -> Popen[bytes]:
    store.start()
    child: Popen[bytes] = store.child
    return child


def _with_ports(environ: Mapping[str, str]) -> dict[str, str]:
    """Ports to listen on: those that are set, or else the next free ones."""
    found, settings = dict(environ), read(environ)
    taken: set[int] = set()
    for name in PORTS:
        port: int = getattr(settings, name.lower())
        free = _first_free(port, 1 if name in environ else PORTS_TRIED, taken)
        if free is None:
            raise click.ClickException(
                f"port {port} is busy: another program listens there. Set {name} to a free one."
            )
        if free != port:
            _say(f"port {port} is busy, so {name} is {free}")
        taken.add(free)
        found[name] = str(free)
    return found


def _first_free(port: int, tried: int, taken: set[int]) -> int | None:
    for candidate in range(port, port + tried):
        if candidate not in taken and _is_free(candidate):
            return candidate
    return None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _as_shown(person: Person) -> dict[str, str]:
    """Without their tokens, which are others as soon as they pay."""
    return {
        "phone": person.phone,
        "name": person.name,
        "pin": person.pin,
        "note": person.note,
    }


def _stories(settings: Settings) -> list[dict[str, Any]]:
    return demo_stories.stories(cooling_minutes=settings.recovery_cooling_minutes)


def _named(settings: Settings) -> dict[str, str]:
    return {"SERVICE_CODE": settings.service_code, "HOST": settings.web_host}


def _say(words: str) -> None:
    click.echo(f"  {words}", err=True)
