"""A limit on what all phones together may ask of a process."""

from __future__ import annotations

import time

from ussd_app.web.throttle import Throttle


def test_a_burst_is_let_through_and_no_more() -> None:
    throttle = Throttle(per_second=0.1, burst=5)

    assert [throttle.admits() for _ in range(8)] == [True] * 5 + [False] * 3


def test_after_a_while_as_many_are_let_through_as_the_rate_allows() -> None:
    throttle = Throttle(per_second=50, burst=2)
    while throttle.admits():
        pass

    time.sleep(0.05)

    admitted = [throttle.admits() for _ in range(10)].count(True)
    assert 1 <= admitted <= 3


def test_whoever_is_refused_does_not_push_the_limit_further_off() -> None:
    throttle = Throttle(per_second=20, burst=1)
    assert throttle.admits()
    for _attempt in range(1000):
        throttle.admits()

    time.sleep(0.06)

    assert throttle.admits()


def test_a_quiet_time_is_not_saved_up_beyond_a_burst() -> None:
    throttle = Throttle(per_second=1000, burst=3)

    time.sleep(0.05)

    admitted = [throttle.admits() for _ in range(50)].count(True)
    assert admitted < 20
