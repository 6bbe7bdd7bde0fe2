"""Chores are done every so often, and one that fails ends nothing."""

from __future__ import annotations

import threading

from structlog.testing import capture_logs

from ussd_app.errors import Unavailable
from ussd_app.jobs import clock
from ussd_app.jobs.clock import Chore


def test_a_chore_is_done_when_it_is_due() -> None:
    times: list[float] = []
    now = 100.0
    chore = Chore("look", 10, lambda: times.append(now))

    for now in (100.0, 105.0, 109.9, 110.0, 119.0, 120.5):
        chore.run(now)

    assert times == [100.0, 110.0, 120.5]


def test_a_chore_that_fails_is_done_the_next_time() -> None:
    tries: list[Exception] = []

    def fail() -> None:
        tries.append(Unavailable() if tries else ValueError())
        raise tries[-1]

    chore = Chore("fail", 10, fail)

    for now in (100, 110, 120):
        chore.run(now)

    assert len(tries) == 3


def test_a_chore_that_fails_keeps_no_other_from_being_done() -> None:
    stop, done = threading.Event(), []

    def fail() -> None:
        raise ValueError

    def succeed() -> None:
        done.append(1)
        stop.set()

    clock.run([Chore("fail", 0, fail), Chore("succeed", 0, succeed)], stop)

    assert done == [1]


def test_the_clock_says_when_it_is_ready() -> None:
    stop = threading.Event()

    with capture_logs() as said:
        clock.run([Chore("stop", 0, stop.set)], stop)

    assert [one["event"] for one in said] == ["clock.ready"]


def test_the_clock_stops_when_it_is_told() -> None:
    stop = threading.Event()
    stop.set()
    done: list[int] = []

    clock.run([Chore("never", 0, lambda: done.append(1))], stop)

    assert done == []
