"""Real PostgreSQL and Redis for every test that asks for them; the outside world over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
import structlog
from hypothesis import HealthCheck, settings

from tests.db.surgery import TEMPLATE, database, surgeon, theatre
from tests.people import AT_API_KEY, AT_USERNAME, Company, World
from ussd_app.db import migrate
from ussd_app.embedded.postgres import ADMIN, APP, OWNER
from ussd_app.embedded.stores import Stores
from ussd_app.simulators import Config, serving

settings.register_profile(
    "ussd",
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("ussd")

__all__ = ["database", "surgeon", "theatre"]

# Fixtures that take seconds to start: whoever shares one runs in one worker, where it is started once.
SHARED = ("system", "patient", "house", "own_cluster", "browser")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Tell `--dist loadgroup` which tests belong together."""
    for item in items:
        for name in SHARED:
            if name in item.fixturenames:
                item.add_marker(pytest.mark.xdist_group(name))
                break


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """What a command run in this process sets up of the log is not for the tests after it."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """One PostgreSQL and one Redis for the session, with a migrated database to copy from."""
    folder: Path = tmp_path_factory.mktemp("stores")
    started = Stores(folder)
    try:
        started.start()
        assert started.postgres
        with psycopg.connect(started.postgres.url(ADMIN, "postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
        migrate.upgrade(started.postgres.url(OWNER, TEMPLATE), started.postgres.url(APP, TEMPLATE))
        yield started
    finally:
        started.stop()


@pytest.fixture
def redis_client(stores: Stores) -> Iterator[redis.Redis]:
    """Redis, empty."""
    assert stores.redis
    client = redis.Redis.from_url(stores.redis.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(scope="session")
def company_address() -> Iterator[str]:
    """Africa's Talking, simulated, over HTTP."""
    config = Config(username=AT_USERNAME, api_key=AT_API_KEY, sms_seconds=0)
    with serving(config) as address:
        yield address


@pytest.fixture
def company(company_address: str) -> Company:
    """Africa's Talking with empty books."""
    made = Company(company_address)
    made.reset()
    return made


@pytest.fixture
def world(
    stores: Stores, database: str, redis_client: redis.Redis, company: Company
) -> Iterator[World]:
    """The application in this process, on real stores, with its first token."""
    assert stores.postgres
    assert stores.redis
    made = World.build(
        company,
        DATABASE_URL=stores.postgres.url(APP, database),
        REDIS_URL=stores.redis.url,
    )
    yield made
    made.close()
