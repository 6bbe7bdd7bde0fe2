import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.simulators import stub
from tests.simulators.desk import AMINA, API_KEY, BARAKA, CODE, Desk
from ussd_app.simulators import Callbacks, Config, Person, serving


@pytest.fixture
def application() -> Iterator[stub.StubApplication]:
    with stub.running() as application:
        yield application


@pytest.fixture
def config(application: stub.StubApplication) -> Config:
    return Config(
        service_code=CODE,
        username="tests",
        api_key=API_KEY,
        callbacks=Callbacks(**application.callbacks),
        people=(
            Person(phone=AMINA, name="Amina", pin="7306", note="has a wallet"),
            Person(phone=BARAKA, name="Baraka"),
        ),
        gateway_timeout_seconds=5,
        session_seconds=30,
        sms_seconds=0.02,
        sim_seconds=0.02,
        callback_attempts=4,
        callback_pause_seconds=0.02,
    )


@pytest.fixture
def address(config: Config) -> Iterator[str]:
    with serving(config) as address:
        yield address


@pytest.fixture
def desk(address: str, application: stub.StubApplication) -> Iterator[Desk]:
    with httpx.Client(base_url=address, timeout=20, trust_env=False) as http:
        yield Desk(http, application)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
