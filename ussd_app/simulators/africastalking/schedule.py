"""Work for later, on threads of its own."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

from ussd_app.simulators.errors import Refused

MAX_WAITING = 500_000
_CLOSE_SECONDS = 2.0
_log = logging.getLogger(__name__)

Work = Callable[[], None]


class Schedule:
    """Does each piece of work once, at its time or soon after; closing forgets what has not begun."""

    def __init__(self, name: str, *, threads: int) -> None:
        self._waiting: list[tuple[float, int, Work]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def after(self, seconds: float, work: Work) -> None:
        """Promise to do the work no earlier than so many seconds from now."""
        with self._changed:
            if len(self._waiting) >= MAX_WAITING:
                raise Refused("the company has too much to do", status=503)
            heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._order), work))
            self._changed.notify()

    def rest(self, seconds: float) -> None:
        """Sleep so long, or until the schedule closes."""
        self._closed.wait(seconds)

    def forget(self) -> None:
        """Drop everything that has not begun."""
        with self._changed:
            self._waiting.clear()

    def close(self) -> None:
        """Forget the rest, and wait a moment for work in hand; closing twice is harmless."""
        self._closed.set()
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()
        deadline = time.monotonic() + _CLOSE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception:  # noqa: BLE001 - a door: one failure must not end the thread
                _log.exception("scheduled work failed")

    def _next(self) -> Work | None:
        with self._changed:
            while not self._closed.is_set():
                if not self._waiting:
                    self._changed.wait()
                    continue
                pause = self._waiting[0][0] - time.monotonic()
                if pause <= 0:
                    work = heapq.heappop(self._waiting)[2]
                    self._changed.notify()  # somebody else now watches over what comes next
                    return work
                self._changed.wait(pause)
        return None
