"""A limit on what all together may ask of this process."""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Throttle:
    """So many a second in the long run, so many in one burst (GCRA, ITU-T I.371).

    Threads may pass it at once: a few too many are let through at the worst, never too few.
    Times are whole nanoseconds: in floats a burst loses its last one to rounding, now and then.
    """

    def __init__(
        self, *, per_second: float, burst: float, clock: Callable[[], int] = monotonic_ns
    ) -> None:
        self._clock = clock
        self._interval = round(1_000_000_000 / per_second)
        self._tolerance = round(burst * self._interval)
        self._next = 0

    def admits(self) -> bool:
        """Whether one more is within the limit; if so, it is counted."""
        now = self._clock()
        due = max(self._next, now) + self._interval
        if due - now > self._tolerance:
            return False
        self._next = due
        return True
