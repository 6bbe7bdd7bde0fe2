"""A limit on what all phones together may ask of this process."""

from __future__ import annotations

from time import monotonic


class Throttle:
    """So many a second in the long run, so many in one burst (GCRA, ITU-T I.371).

    Threads may pass it at once: a few too many are let through at the worst, never too few.
    """

    def __init__(self, *, per_second: float, burst: float) -> None:
        self._interval, self._tolerance = 1 / per_second, burst / per_second
        self._next = 0.0

    def admits(self) -> bool:
        """Whether one more is within the limit; if so, it is counted."""
        now = monotonic()
        due = max(self._next, now) + self._interval
        if due - now > self._tolerance:
            return False
        self._next = due
        return True
