"""Once a store hangs, the next callers are told at once instead of queueing."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ussd_app.breaker import Breaker
from ussd_app.errors import NotEnough, Unavailable

REST = 0.1


def breaker(failures_most: int = 2) -> Breaker:
    return Breaker(failures_most=failures_most, rest_seconds=REST)


def fail(one: Breaker, error: Exception | None = None) -> None:
    with pytest.raises(type(error or Unavailable())), one:
        raise error or Unavailable("gone")


def asks(one: Breaker) -> bool:
    """Whether the store is asked at all."""
    try:
        with one:
            return True
    except Unavailable:
        return False


def test_a_store_that_answers_is_asked_every_time() -> None:
    one = breaker()

    assert [asks(one) for _ in range(5)] == [True] * 5
    assert not one.is_open


def test_one_failure_alone_stops_nobody() -> None:
    one = breaker()

    fail(one)

    assert asks(one)


def test_after_failures_in_a_row_nobody_is_let_through() -> None:
    one = breaker()
    fail(one)
    fail(one)

    assert [asks(one) for _ in range(3)] == [False] * 3
    assert one.is_open


def test_failures_with_an_answer_in_between_are_not_in_a_row() -> None:
    one = breaker()

    fail(one)
    assert asks(one)
    fail(one)

    assert asks(one)


def test_only_a_store_that_does_not_answer_counts_as_a_failure() -> None:
    one = breaker()

    for error in (NotEnough(5), ValueError(), KeyError()) * 2:
        fail(one, error)

    assert asks(one)


def test_a_refusal_shows_that_the_store_answers() -> None:
    one = breaker()

    fail(one)
    fail(one, NotEnough(5))
    fail(one)

    assert asks(one)


def test_after_a_rest_one_caller_tries_and_the_others_still_rest() -> None:
    one = breaker()
    fail(one)
    fail(one)
    time.sleep(REST)

    with one:
        assert [asks(one) for _ in range(3)] == [False] * 3

    assert asks(one)
    assert not one.is_open


def test_a_try_that_fails_begins_another_rest() -> None:
    one = breaker()
    fail(one)
    fail(one)
    time.sleep(REST)

    fail(one)

    assert not asks(one)
    time.sleep(REST)
    assert asks(one)


def test_a_try_that_never_comes_back_does_not_close_the_way_for_good() -> None:
    one = breaker()
    fail(one)
    fail(one)
    time.sleep(REST)
    one.__enter__()

    time.sleep(REST)

    assert asks(one)


def test_whoever_is_refused_does_not_lengthen_the_rest() -> None:
    one = breaker()
    fail(one)
    fail(one)
    until = time.monotonic() + REST
    while time.monotonic() < until - 0.01:
        asks(one)

    time.sleep(0.02)

    assert asks(one)


def test_of_many_threads_one_alone_tries_after_a_rest() -> None:
    one = breaker()
    fail(one)
    fail(one)
    time.sleep(REST)
    gate = threading.Barrier(8)

    def attempt(_number: int) -> bool:
        gate.wait()
        with one:
            time.sleep(0.02)
        return True

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(attempt, number) for number in range(8)]

    assert [attempt.exception() is None for attempt in asked].count(True) == 1
