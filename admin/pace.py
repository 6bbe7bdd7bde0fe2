"""How often something may be asked of this process in a second."""

from __future__ import annotations

import time
from threading import Lock


class Pace:
    """A bucket that holds two seconds' worth and fills as time goes by."""

    def __init__(self, per_second: float) -> None:
        self._per_second, self._most = per_second, 2 * per_second
        self._left, self._seen = self._most, time.monotonic()
        self._lock = Lock()

    def allows(self) -> bool:
        """Whether one more is within it; if so it counts."""
        with self._lock:
            now = time.monotonic()
            self._left = min(self._most, self._left + (now - self._seen) * self._per_second)
            self._seen = now
            if self._left < 1:
                return False
            self._left -= 1
            return True
