"""Errands: handed over, claimed, done, put off, given up; never by two at once."""

from __future__ import annotations

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.jobs.crew import Crew
from ussd_app.db import outbox
from ussd_app.db.outbox import Claimed


def test_a_promise_is_due_at_once(crew: Crew) -> None:
    errand = crew.promise("sms", 7)

    (handed,) = crew.hand_over()

    assert (handed.id, handed.kind, handed.fence) == (errand, "sms", 1)
    assert crew.row(errand) == ("queued", 1, 0, None)


def test_a_promise_undone_with_its_deed_is_none(crew: Crew) -> None:
    with pytest.raises(ZeroDivisionError), crew.world.db.work() as work:  # noqa: PT012
        outbox.promise(work, "sms", 7, at=crew.world.clock.now())
        _ = 1 / 0

    assert crew.hand_over() == []


def test_a_promise_for_later_is_not_due_before(crew: Crew) -> None:
    now = crew.world.clock.now()
    crew.world.clock.advance(minutes=5)
    with crew.world.db.work() as work:
        outbox.promise(work, "sms", 7, at=crew.world.clock.now())
    crew.world.clock.advance(seconds=(now - crew.world.clock.now()).total_seconds())
    early = crew.hand_over()

    crew.world.clock.advance(minutes=6)

    assert (early, len(crew.hand_over())) == ([], 1)


def test_what_was_handed_over_is_not_handed_over_again_at_once(crew: Crew) -> None:
    crew.promise()
    crew.hand_over()

    assert crew.hand_over() == []


def test_the_oldest_are_handed_over_first(crew: Crew) -> None:
    errands = []
    for _ in range(5):
        errands.append(crew.promise())
        crew.world.clock.advance(seconds=1)

    assert [handed.id for handed in crew.hand_over(most=3)] == errands[:3]
    assert [handed.id for handed in crew.hand_over(most=3)] == errands[3:]


def test_relays_at_once_never_hand_over_the_same(crew: Crew) -> None:
    errands = [crew.promise() for _ in range(60)]

    told = crowd(6, lambda _: insist(lambda: crew.hand_over(most=25)))

    assert raised(told) == []
    handed = [one.id for part in given(told) for one in part]
    assert len(handed) == len(set(handed))
    assert {*handed, *(one.id for one in crew.hand_over())} == set(errands)


def test_what_never_came_back_is_handed_over_again_after_its_lease(crew: Crew) -> None:
    errand = crew.promise()
    crew.hand_over()
    crew.world.clock.advance(seconds=24)
    early = crew.hand_over()
    crew.world.clock.advance(seconds=2)

    (again,) = crew.hand_over()

    assert early == []
    assert (again.id, again.fence) == (errand, 2)


def test_what_is_being_carried_out_has_a_longer_lease(crew: Crew) -> None:
    crew.promise()
    claimed = crew.claimed()
    crew.world.clock.advance(seconds=59)
    early = crew.hand_over()
    crew.world.clock.advance(seconds=2)

    (again,) = crew.hand_over()

    assert early == []
    assert (again.id, again.fence) == (claimed.id, claimed.fence + 1)


def test_a_claim_says_what_is_to_be_done(crew: Crew) -> None:
    errand = crew.promise("sms", 7)

    assert crew.claimed() == Claimed(errand, 1, "sms", 7, 1)


def test_of_many_claims_at_once_one_is_good(crew: Crew) -> None:
    crew.promise()
    (handed,) = crew.hand_over()

    told = crowd(10, lambda _: insist(lambda: crew.claim(handed.id, handed.fence)))

    assert raised(told) == []
    assert len([one for one in given(told) if one is not None]) == 1


def test_a_claim_of_an_earlier_handing_over_is_too_late(crew: Crew) -> None:
    errand = crew.promise()
    crew.hand_over()
    crew.world.clock.advance(seconds=26)
    crew.hand_over()

    assert crew.claim(errand, 1) is None
    assert crew.claim(errand, 2) is not None


def test_there_is_no_claim_on_what_is_done(crew: Crew) -> None:
    errand = crew.promise()
    claimed = crew.claimed()
    with crew.world.db.work() as work:
        outbox.done(work, claimed)

    assert crew.row(errand) is None
    assert crew.claim(errand, claimed.fence) is None
    assert crew.hand_over() == []


@pytest.mark.parametrize("end", ["done", "again", "failed"])
def test_the_end_of_a_late_copy_changes_nothing(crew: Crew, end: str) -> None:
    errand = crew.promise()
    late = crew.claimed()
    crew.world.clock.advance(seconds=61)
    (handed,) = crew.hand_over()
    crew.claim(handed.id, handed.fence)
    before, now = crew.row(errand), crew.world.clock.now()

    with crew.world.db.work() as work:
        match end:
            case "done":
                outbox.done(work, late)
            case "again":
                outbox.again(work, late, at=now)
            case _:
                outbox.failed(work, late, why="late", now=now)

    assert crew.row(errand) == before == ("running", 2, 2, None)


def test_what_goes_on_later_is_due_then_with_all_its_tries(crew: Crew) -> None:
    errand = crew.promise()
    claimed = crew.claimed()
    with crew.world.db.work() as work:
        outbox.failed(work, claimed, why="ValueError", now=crew.world.clock.now())
    crew.world.clock.advance(seconds=2)
    claimed = crew.claimed()
    at = crew.world.clock.now()
    crew.world.clock.advance(seconds=-30)

    with crew.world.db.work() as work:
        outbox.again(work, claimed, at=at)

    assert crew.row(errand) == ("due", 2, 0, "ValueError")
    assert crew.hand_over() == []
    crew.world.clock.advance(seconds=30)
    assert len(crew.hand_over()) == 1


def test_failures_wait_longer_and_end_with_the_eighth(crew: Crew) -> None:
    errand = crew.promise()
    pauses, dead = [], []
    for _ in range(8):
        claimed = crew.claimed()
        with crew.world.db.work() as work:
            dead.append(outbox.failed(work, claimed, why="ValueError", now=crew.world.clock.now()))
        pauses.append(round(crew.due_in(errand)))
        crew.world.clock.advance(seconds=pauses[-1] + 1)

    assert pauses == [1, 5, 30, 120, 600, 600, 600, 600]
    assert dead == [False] * 7 + [True]
    assert crew.row(errand) == ("dead", 8, 8, "ValueError")


def test_what_was_given_up_is_never_handed_over(crew: Crew) -> None:
    errand = crew.promise()
    with crew.world.db.work() as work:
        work.run("UPDATE errand SET state = 'dead'")
    crew.world.clock.advance(days=30)

    assert crew.hand_over() == []
    assert crew.claim(errand, 0) is None
