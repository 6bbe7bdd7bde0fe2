"""A bounded pool, the last used first: its memory is warm, and the rest may be forgotten."""

from __future__ import annotations

import threading
import time
from typing import Generic, TypeVar

from ussd_app.errors import Unavailable

T = TypeVar("T")


class Pool(Generic[T]):
    """So many places, each with a thing in it or empty; threads take a place and put it back.

    A list gives and takes at once; a lock is touched only while somebody waits.
    """

    def __init__(self, places: int) -> None:
        self._free: list[T | None] = [None] * places
        self._waiting = 0
        self._returned = threading.Condition()

    def take(self, seconds: float) -> T | None:
        """What is in a place, None if it is empty. Raises Unavailable if none is free in time."""
        try:
            return self._free.pop()
        except IndexError:
            return self._wait(seconds)

    def put(self, thing: T | None) -> None:
        """Give a place back, with what is to be kept in it."""
        self._free.append(thing)
        if self._waiting:
            with self._returned:
                self._returned.notify()

    def drain(self) -> list[T]:
        """Take what is in the places that are free, and leave them empty."""
        found = []
        for _place in range(len(self._free)):
            try:
                thing = self._free.pop()
            except IndexError:
                break
            if thing is not None:
                found.append(thing)
            self._free.insert(0, None)
        return found

    def _wait(self, seconds: float) -> T | None:
        end = time.monotonic() + seconds
        with self._returned:
            self._waiting += 1
            try:
                while True:
                    try:
                        return self._free.pop()
                    except IndexError:
                        left = end - time.monotonic()
                    if left <= 0 or not self._returned.wait(left):
                        raise Unavailable("every connection is in use")
            finally:
                self._waiting -= 1
