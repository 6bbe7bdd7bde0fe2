"""A limit on what all phones together may ask of a process."""

from __future__ import annotations

from hypothesis import given, strategies as st

from ussd_app.throttle import Throttle

SECOND = 1_000_000_000


class Clock:
    """Nanoseconds that pass when a test says so."""

    def __init__(self, now: int = 7 * SECOND) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@given(
    now=st.integers(0, 10**18),
    per_second=st.floats(0.1, 5000),
    burst=st.integers(1, 50),
)
def test_a_burst_is_let_through_and_no_more(now: int, per_second: float, burst: int) -> None:
    throttle = Throttle(per_second=per_second, burst=burst, clock=Clock(now))

    assert [throttle.admits() for _ in range(burst + 3)] == [True] * burst + [False] * 3


def test_after_a_while_as_many_are_let_through_as_the_rate_allows() -> None:
    clock = Clock()
    throttle = Throttle(per_second=50, burst=3, clock=clock)
    while throttle.admits():
        pass

    clock.now += SECOND // 25

    assert [throttle.admits() for _ in range(10)].count(True) == 2


def test_whoever_is_refused_does_not_push_the_limit_further_off() -> None:
    clock = Clock()
    throttle = Throttle(per_second=20, burst=1, clock=clock)
    assert throttle.admits()
    for _attempt in range(1000):
        assert not throttle.admits()

    clock.now += SECOND // 20

    assert throttle.admits()


def test_a_quiet_time_is_not_saved_up_beyond_a_burst() -> None:
    clock = Clock()
    throttle = Throttle(per_second=1000, burst=3, clock=clock)

    clock.now += 3600 * SECOND

    assert [throttle.admits() for _ in range(50)].count(True) == 3


def test_time_passes_by_itself() -> None:
    throttle = Throttle(per_second=1000, burst=1)

    while not throttle.admits():
        pass
    while not throttle.admits():
        pass
