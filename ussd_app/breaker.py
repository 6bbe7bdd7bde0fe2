"""A circuit breaker: once a store hangs, the next callers are told at once instead of queueing."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from ussd_app.errors import Unavailable


class Breaker:
    """Used as a context manager around calls to one store; shared by the threads of a process.

    After `failures_most` failures in a row it refuses for `rest_seconds`, then lets one call
    through to try. Only Unavailable counts as a failure.
    """

    def __init__(self, *, failures_most: int = 2, rest_seconds: float = 1.0) -> None:
        self._failures_most, self._rest_seconds = failures_most, rest_seconds
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_again_at = 0.0

    def __enter__(self) -> None:
        """Raises Unavailable while the circuit is open."""
        if self._failures < self._failures_most:
            return
        with self._lock:
            now = time.monotonic()
            if now < self._closed_again_at:
                raise Unavailable("resting after failures")
            self._closed_again_at = now + self._rest_seconds

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Unavailable):
            with self._lock:
                self._failures += 1
                self._closed_again_at = time.monotonic() + self._rest_seconds
        elif self._failures:
            self._failures = 0

    @property
    def is_open(self) -> bool:
        """Whether calls are being refused now."""
        return self._failures >= self._failures_most and time.monotonic() < self._closed_again_at
