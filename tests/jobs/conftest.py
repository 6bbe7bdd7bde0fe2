import logging
import signal
from collections.abc import Iterator

import pytest

from tests.jobs import trap
from tests.jobs.crew import Crew
from tests.messages.post import Post
from tests.people import World

HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


@pytest.fixture
def crew(world: World) -> Iterator[Crew]:
    """Workers take over signals and loggers: they are given back."""
    before = {number: signal.getsignal(number) for number in HANDLED}
    handlers = logging.getLogger("rq.worker").handlers[:]
    trap.sprung.clear()
    yield Crew(world, Post(world))
    logging.getLogger("rq.worker").handlers[:] = handlers
    for number, handler in before.items():
        signal.signal(number, handler)
