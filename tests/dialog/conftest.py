"""Amina and Baraka, ready to call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.dialog import town as towns
from tests.people import AMINA, BARAKA, Handset, World
from ussd_app import log
from ussd_app.embedded.stores import Stores


@pytest.fixture(autouse=True)
def terse_log() -> Iterator[None]:
    """Log in a line, as a process does, and not in a page with every variable."""
    before = structlog.get_config()
    structlog.configure(
        processors=[log.tell_error, log.blank_digits, structlog.processors.KeyValueRenderer()]
    )
    yield
    structlog.configure(**before)


@pytest.fixture
def scene(world: World) -> World:
    """A world of the test's own, in which Amina has 100 and Baraka nothing."""
    world.join(AMINA, "Amina Wanjiru", tokens=100)
    world.join(BARAKA, "Baraka Otieno", tokens=0)
    return world


@pytest.fixture
def amina(scene: World) -> Handset:
    """Amina's phone, in a world of the test's own."""
    return Handset(scene.switchboard(), AMINA)


@pytest.fixture(scope="module")
def shared_town(stores: Stores, company_address: str) -> Iterator[World]:
    """One world for all tests of a module that need no clean books."""
    with towns.town(stores, company_address) as made:
        yield made


@pytest.fixture
def town(shared_town: World) -> World:
    """The shared world while nobody is calling."""
    return towns.quiet(shared_town)


@pytest.fixture
def caller(town: World) -> Handset:
    """Amina's phone, in the shared world."""
    return Handset(town.switchboard(), AMINA)
