"""Many at once, and what each of them was told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ussd_app.errors import Unavailable

PATIENCE_SECONDS = 30.0

T = TypeVar("T")


def crowd(count: int, deed: Callable[[int], T]) -> list[T | Exception]:
    """Let `count` threads do the deed at the same moment; what each got, or what it raised."""
    gate = threading.Barrier(count)

    def one(number: int) -> T | Exception:
        gate.wait(PATIENCE_SECONDS)
        try:
            return deed(number)
        except Exception as error:  # noqa: BLE001 - it is the answer
            return error

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def insist(deed: Callable[[], T]) -> T:
    """Do it again while a busy machine answers Unavailable, as callers do."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return deed()
        except Unavailable:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def eventually(is_so: Callable[[], object], what: str = "it") -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until, f"{what} never came"
        time.sleep(0.01)


def raised(told: list[T | Exception]) -> list[Exception]:
    """The refusals and errors among what was told."""
    return [one for one in told if isinstance(one, Exception)]


def given(told: list[T | Exception]) -> list[T]:
    """The answers among what was told."""
    return [one for one in told if not isinstance(one, Exception)]
