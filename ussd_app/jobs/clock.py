"""What happens by itself: the relay, several times a second, and housekeeping now and then."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from types import FrameType

import structlog

from ussd_app.errors import Unavailable

BEAT_SECONDS = 0.2

log = structlog.get_logger(__name__)


@dataclass
class Chore:
    """Something done every so often; a failure is logged and the next time comes all the same."""

    name: str
    every_seconds: float
    do: Callable[[], object]
    due: float = field(default=0.0)

    def run(self, now: float) -> None:
        """Do it if it is due."""
        if now < self.due:
            return
        self.due = now + self.every_seconds
        try:
            self.do()
        except Unavailable as error:
            log.warning("clock.unavailable", chore=self.name, error=error)
        except Exception:  # the door of a chore
            log.exception("clock.bug", chore=self.name)


def run(chores: list[Chore], stop: threading.Event | None = None) -> None:
    """Do the chores until told to stop, by SIGTERM, SIGINT or `stop`."""
    stopped = stop or _on_signals()
    log.info("clock.ready")
    while not stopped.wait(BEAT_SECONDS):
        for chore in chores:
            chore.run(monotonic())


def _on_signals() -> threading.Event:
    stopped = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stopped
