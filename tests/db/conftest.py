import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ussd_app.embedded.postgres import Postgres
from ussd_app.embedded.stores import Stores


@pytest.fixture(scope="session")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL that may be stopped, killed and misconfigured."""
    folder: Path = tmp_path_factory.mktemp("own")
    stores = Stores(folder, with_redis=False)
    stores.start()
    assert stores.postgres
    yield stores.postgres
    stores.stop()


@pytest.fixture
def cluster(own_cluster: Postgres) -> Iterator[Postgres]:
    """It runs before each test, and is set right after it."""
    if own_cluster.child is None or own_cluster.child.poll() is not None:
        own_cluster.start()
    yield own_cluster
    local = own_cluster.data / "local.conf"
    if local.exists():
        local.unlink()
        own_cluster.stop()


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port of this machine on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
