"""Connections that keep to a deadline, even when the server hangs."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from ussd_app.clock import Deadline

CONNECT_SECONDS = 2
T = TypeVar("T")

_here = threading.local()


@contextmanager
def within(deadline: Deadline) -> Iterator[None]:
    """Bound every statement of this thread, inside the block, by `deadline`."""
    _here.deadline = deadline
    try:
        yield
    finally:
        _here.deadline = None


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up waiting at the thread's deadline and closes itself.

    A server that hangs never answers a cancellation, and `statement_timeout` is the server's own:
    neither would free the caller.
    """

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        deadline: Deadline | None = getattr(_here, "deadline", None)
        if deadline is None:
            return super().wait(gen, interval, timeout)
        started = time.monotonic()
        left = deadline.remaining()
        try:
            return super().wait(gen, interval, left)
        except psycopg.OperationalError:
            if time.monotonic() - started >= left:
                self.pgconn.finish()
            raise

    @property
    def is_stale(self) -> bool:
        """Whether the server hung up while the connection lay idle; costs one system call."""
        if self.closed:
            return True
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        return bool(poll.poll(0))
