"""The web process as it is built: from settings alone, and never with menus that have faults."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import structlog

from tests.people import World, settings_for
from tests.web.client import HOP, SECRET, USSD, Client
from ussd_app import bootstrap, wsgi
from ussd_app.bootstrap import Built
from ussd_app.settings import Settings


@pytest.fixture
def kept_log() -> Iterator[None]:
    """A process configures the log of all; it is put back."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def built_of(world: World) -> Built:
    return Built(world.settings, world.services, world.db, world.redis, world.clock)


@contextmanager
def process(settings: Settings) -> Iterator[Client]:
    """The web process of these settings, until it ends."""
    made = wsgi.create(settings)
    try:
        yield Client(made)
    finally:
        made._switchboard._machine.app.members._db.close()


def test_a_process_is_built_from_its_settings_alone(town: World, kept_log: None) -> None:
    with process(town.settings) as client:
        said, ready = client.hop(), client.get("/readyz")

    assert said.text.startswith("CON Umoja\nHello Amina!")
    assert ready.status == 200


def test_a_process_says_when_it_is_ready(
    town: World, kept_log: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with process(town.settings):
        said = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]

    assert said == ["web.ready"]


def test_a_process_starts_without_redis_and_tells_its_callers(town: World, kept_log: None) -> None:
    with process(replace(town.settings, redis_url="unix:///nonexistent/redis")) as client:
        answer = client.post(USSD, HOP)
        callback = client.post(f"/callbacks/{SECRET}/optout", {"phoneNumber": "x"})

    assert answer.status == 200
    assert answer.text.startswith("END The service is down.")
    assert callback.status == 200


def test_a_process_refuses_menus_with_faults_and_names_each(town: World) -> None:
    catalogs = town.services.catalogs
    swahili = {k: v for k, v in catalogs.texts["sw"].items() if k not in ("Back", "Send")}
    services = replace(town.services, catalogs=replace(catalogs, texts={"sw": swahili}))

    with pytest.raises(ValueError, match="The menus have faults") as refused:
        wsgi.machine_of(replace(built_of(town), services=services))

    assert "sw: no translation of 'Back'" in str(refused.value)
    assert "sw: Home.menu: no translation of 'Send'" in str(refused.value)


def test_a_process_refuses_names_too_long_for_its_screens(town: World) -> None:
    settings = replace(town.settings, organisation="W" * 150)

    with pytest.raises(ValueError, match="of 156 characters"):
        wsgi.machine_of(replace(built_of(town), settings=settings))


@pytest.mark.parametrize("wanted", [0, 1, 2, 3, 64, 512])
def test_r_a03_all_web_processes_together_hash_no_more_pins_than_there_are_cores(
    wanted: int,
) -> None:
    settings = settings_for(WEB_PROCESSES=str(wanted))

    processes, slots = bootstrap.web_processes(settings), bootstrap.hashing_slots(settings)

    assert processes == min(wanted or bootstrap.cores(), bootstrap.cores())
    assert slots >= 1
    assert processes * slots <= bootstrap.cores()


def test_a_process_gives_each_phone_the_rate_that_is_set(town: World) -> None:
    rates = bootstrap.rates_of(replace(town.settings, phone_per_second=7, phone_burst=70))

    assert (rates.per_second, rates.burst) == (7, 70)
