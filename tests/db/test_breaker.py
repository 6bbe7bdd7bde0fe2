"""Once a store hangs, the next callers are told at once."""

from __future__ import annotations

import time

import pytest

from tests.db.crowd import crowd, raised
from ussd_app.breaker import Breaker
from ussd_app.errors import NotFound, Unavailable


def fail(breaker: Breaker, error: type[Exception] = Unavailable) -> None:
    with pytest.raises(error), breaker:
        raise error


def test_it_lets_everybody_through_while_nothing_fails() -> None:
    breaker = Breaker()

    for _ in range(5):
        with breaker:
            assert not breaker.is_open


def test_after_two_failures_in_a_row_it_refuses() -> None:
    breaker = Breaker(rest_seconds=60)
    fail(breaker)
    assert not breaker.is_open
    fail(breaker)

    with pytest.raises(Unavailable, match="resting"), breaker:
        pytest.fail("that should not have been let through")
    assert breaker.is_open


def test_a_success_between_failures_starts_anew() -> None:
    breaker = Breaker(rest_seconds=60)
    fail(breaker)
    with breaker:
        pass
    fail(breaker)

    with breaker:
        assert not breaker.is_open


def test_a_refusal_is_no_failure() -> None:
    breaker = Breaker(rest_seconds=60)
    for _ in range(5):
        fail(breaker, NotFound)

    with breaker:
        assert not breaker.is_open


def test_after_a_rest_one_caller_tries_and_the_others_are_told_at_once() -> None:
    breaker = Breaker(rest_seconds=0.05)
    fail(breaker)
    fail(breaker)
    time.sleep(0.06)
    tried: list[int] = []

    def deed(number: int) -> None:
        with breaker:
            tried.append(number)
            time.sleep(0.03)
            raise Unavailable("still")

    told = crowd(6, deed)

    assert len(tried) == 1
    assert len(raised(told)) == 6


def test_who_tries_and_succeeds_opens_the_way_for_all() -> None:
    breaker = Breaker(rest_seconds=0.01)
    fail(breaker)
    fail(breaker)
    time.sleep(0.02)

    with breaker:
        pass

    for _ in range(3):
        with breaker:
            assert not breaker.is_open
