"""The door of a job: whatever happens ends in the errand's row."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.db.crowd import crowd, given, insist
from tests.jobs.crew import Crew
from ussd_app.db.outbox import Handed


def handed(crew: Crew, kind: str = "sms", subject: int = 7) -> Handed:
    crew.promise(kind, subject)
    (one,) = crew.hand_over()
    return one


def test_an_errand_is_handled_by_its_kind_and_then_done(crew: Crew) -> None:
    seen: list[int] = []
    one = handed(crew, "sms", 7)

    was_done = crew.carrier({"sms": seen.append}).carry(one.id, one.fence)

    assert (was_done, seen, crew.row(one.id)) == (True, [7], None)


def test_a_late_copy_handles_nothing(crew: Crew) -> None:
    seen: list[int] = []
    carry = crew.carrier({"sms": seen.append}).carry
    one = handed(crew)
    crew.world.clock.advance(seconds=26)
    (again,) = crew.hand_over()

    assert carry(one.id, one.fence) is False
    assert seen == []
    assert carry(again.id, again.fence) is True


def test_many_copies_at_once_are_handled_once(crew: Crew) -> None:
    seen: list[int] = []
    carry = crew.carrier({"sms": seen.append}).carry
    one = handed(crew)

    told = crowd(10, lambda _: insist(lambda: carry(one.id, one.fence)))

    assert sorted(given(told)) == [False] * 9 + [True]
    assert seen == [7]


def test_a_handler_that_is_not_done_goes_on_when_it_says(crew: Crew) -> None:
    until: datetime = crew.world.clock.now() + timedelta(minutes=3)
    one = handed(crew)

    crew.carrier({"sms": lambda _: until}).carry(one.id, one.fence)

    assert crew.row(one.id) == ("due", 1, 0, None)
    assert 170 < crew.due_in(one.id) <= 180


def test_a_handler_works_outside_of_any_transaction(crew: Crew) -> None:
    states: list[object] = []

    def look(_subject: int) -> None:
        with crew.world.db.reading() as reading:
            states.append(reading.the_row("SELECT state, attempts FROM errand"))
            states.append(
                reading.the_row(
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND state = 'idle in transaction'
                    """
                )
            )

    one = handed(crew)
    crew.carrier({"sms": look}).carry(one.id, one.fence)

    assert states == [("running", 1), (0,)]


def test_a_bug_puts_an_errand_off_and_says_no_more_than_its_kind(crew: Crew) -> None:
    def bug(_subject: int) -> None:
        raise ValueError("PIN 7391 of +254700000001")

    one = handed(crew)

    was_done = crew.carrier({"sms": bug}).carry(one.id, one.fence)

    assert was_done is True
    assert crew.row(one.id) == ("due", 1, 1, "ValueError")


def test_a_kind_that_nobody_handles_is_put_off(crew: Crew) -> None:
    one = handed(crew, "visit")

    crew.carrier({}).carry(one.id, one.fence)
    crew.carrier({"sms": lambda _: None}).carry(one.id, one.fence)

    assert crew.row(one.id) == ("due", 1, 1, "KeyError")


def test_a_bug_that_never_ends_is_given_up(crew: Crew) -> None:
    def bug(_subject: int) -> None:
        raise ValueError

    one = handed(crew)
    carry = crew.carrier({"sms": bug}).carry
    carry(one.id, one.fence)
    for _ in range(10):
        crew.world.clock.advance(minutes=11)
        for again in crew.hand_over():
            carry(again.id, again.fence)

    assert crew.row(one.id) == ("dead", 8, 8, "ValueError")


def test_after_a_death_between_deed_and_end_the_errand_comes_again(crew: Crew) -> None:
    class Died(BaseException):
        pass

    def die(_subject: int) -> None:
        raise Died

    one = handed(crew)
    with pytest.raises(Died):
        crew.carrier({"sms": die}).carry(one.id, one.fence)
    crew.world.clock.advance(seconds=61)

    (again,) = crew.hand_over()

    assert crew.carrier({"sms": lambda _: None}).carry(again.id, again.fence) is True
    assert crew.row(one.id) is None
