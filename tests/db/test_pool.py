"""Places that threads share: the last used first, and a wait where none is free."""

from __future__ import annotations

import threading
import time

import pytest

from tests.db.crowd import crowd, eventually, given, raised
from ussd_app.db.pool import Pool
from ussd_app.errors import Unavailable


def test_a_place_is_empty_until_something_is_put_there() -> None:
    pool: Pool[str] = Pool(2)
    assert [pool.take(0), pool.take(0)] == [None, None]

    pool.put("one")

    assert pool.take(0) == "one"


def test_the_last_used_is_given_first() -> None:
    pool: Pool[str] = Pool(2)
    pool.take(0), pool.take(0)
    pool.put("one")
    pool.put("other")

    assert [pool.take(0), pool.take(0)] == ["other", "one"]


def test_who_finds_no_place_waits_so_long_and_no_longer() -> None:
    pool: Pool[str] = Pool(1)
    pool.take(0)
    started = time.monotonic()

    with pytest.raises(Unavailable):
        pool.take(0.2)

    assert 0.2 <= time.monotonic() - started < 2


def test_who_waits_gets_what_is_put_back() -> None:
    pool: Pool[str] = Pool(1)
    pool.take(0)
    got: list[str | None] = []
    waiter = threading.Thread(target=lambda: got.append(pool.take(30)))
    waiter.start()
    eventually(lambda: pool._waiting)

    pool.put("one")
    waiter.join(30)

    assert got == ["one"]


def test_a_crowd_shares_what_there_is_and_nobody_is_left_waiting() -> None:
    pool: Pool[int] = Pool(3)
    held, most = set[int](), []

    def turn(number: int) -> None:
        for _ in range(200):
            thing = pool.take(30)
            mine = number if thing is None else thing
            assert mine not in held
            held.add(mine)
            most.append(len(held))
            held.discard(mine)
            pool.put(mine)

    told = crowd(20, turn)

    assert raised(told) == []
    assert len(given(told)) == 20
    assert max(most) <= 3
    assert len(pool.drain()) <= 3


def test_what_lies_idle_is_drained_and_its_place_stays() -> None:
    pool: Pool[str] = Pool(3)
    lent = pool.take(0)
    pool.take(0)
    pool.put("one")

    assert (lent, pool.drain(), pool.drain()) == (None, ["one"], [])
    assert [pool.take(0), pool.take(0)] == [None, None]
    with pytest.raises(Unavailable):
        pool.take(0)
