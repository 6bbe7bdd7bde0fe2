"""The web application on a world that its module's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.dialog import town as towns
from tests.people import World
from tests.web.client import Client, client_of
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


@pytest.fixture(scope="module")
def shared_town(stores: Stores, company_address: str) -> Iterator[World]:
    with towns.town(stores, company_address) as made:
        yield made


@pytest.fixture
def town(shared_town: World) -> World:
    """The shared world while nobody is calling."""
    return towns.quiet(shared_town)


@pytest.fixture
def client(town: World) -> Client:
    return client_of(town)
