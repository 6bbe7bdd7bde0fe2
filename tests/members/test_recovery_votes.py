"""R-A05: what guarantors said, said otherwise, and are told of how it stands."""

from __future__ import annotations

import itertools

import pytest

from tests.db.crowd import crowd, insist
from tests.members.circle import DAUDI, ESTHER
from tests.members.lost import Lost
from tests.people import AMINA, BARAKA, CHEBET
from ussd_app.errors import NotFound
from ussd_app.members.recoveries import NotReady, Stage


def test_r_a05_a_no_may_become_a_yes_and_cooling_starts_from_there(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=True)
    lost.recoveries.vote(CHEBET, recovery, vouches=False)
    lost.wait(minutes=50)
    changed_at = lost.world.clock.now()

    progress = lost.recoveries.vote(CHEBET, recovery, vouches=True)

    assert (progress.stage, progress.vouched) == (Stage.COOLING, 2)
    assert progress.ready_at
    assert progress.ready_at >= changed_at + lost.recoveries.rules.cooling
    lost.wait(minutes=59)
    with pytest.raises(NotReady):
        lost.finish()
    lost.wait(minutes=2)
    lost.finish()


def test_r_a05_a_yes_stays_a_yes(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=True)
    said_at = votes(lost)
    lost.wait(minutes=5)

    for vouches in (False, True):
        assert lost.recoveries.vote(BARAKA, recovery, vouches=vouches).vouched == 1

    assert votes(lost) == said_at


def test_r_a05_a_no_said_again_changes_nothing(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=False)
    said_at = votes(lost)
    lost.sms()
    lost.wait(minutes=5)

    lost.recoveries.vote(BARAKA, recovery, vouches=False)

    assert votes(lost) == said_at
    assert lost.sms() == []


def test_r_a05_a_mind_changed_by_a_crowd_at_once_counts_once(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=False)
    lost.sms()

    crowd(25, lambda _: insist(lambda: lost.recoveries.vote(BARAKA, recovery, vouches=True)))

    progress = lost.recoveries.progress(AMINA)
    assert progress
    assert (progress.vouched, len(votes(lost)), len(lost.sms())) == (1, 1, 1)


def test_r_a05_who_is_trusted_no_more_cannot_change_their_mind(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=False)
    lost.world.services.guarantors.remove(AMINA, lost.guaranties[BARAKA])

    with pytest.raises(NotFound):
        lost.recoveries.vote(BARAKA, recovery, vouches=True)
    assert lost.recoveries.news(BARAKA) == "none"


def test_r_a05_a_mind_is_changed_no_more_once_it_is_over(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=False)
    lost.wait(hours=24)

    with pytest.raises(NotFound):
        lost.recoveries.vote(BARAKA, recovery, vouches=True)


def test_r_a05_the_owner_is_told_of_another_answer(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(DAUDI, recovery, vouches=False)
    lost.sms()

    lost.recoveries.vote(DAUDI, recovery, vouches=True)

    assert lost.sms() == [
        "Umoja: Daudi M said no, and vouches now. Not you? Dial *384*96#, stop it with your PIN."
    ]


def test_r_a05_the_owner_is_told_when_it_is_enough_and_from_when_to_dial(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=True)
    lost.sms()

    ready_at = lost.recoveries.vote(CHEBET, recovery, vouches=True).ready_at

    assert ready_at
    when = lost.world.services.local.day_and_hour(ready_at)
    assert lost.sms() == [
        (
            f"Umoja: Chebet K vouched. That is enough: dial *384*96# from {when} on for your new PIN."
            " Not you? Stop it there."
        )
    ]


def test_r_a05_the_owner_of_a_new_sim_is_told_whom_to_call_when_it_is_enough(lost: Lost) -> None:
    lost.insights.verdict = "swapped"
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=True)
    lost.sms()

    lost.recoveries.vote(CHEBET, recovery, vouches=True)

    assert lost.sms() == [
        (
            "Umoja: Chebet K vouched. That is enough, but we do not know your SIM: call 0800724724."
            " Not you? Dial *384*96#."
        )
    ]


def test_r_a05_it_is_stuck_while_too_few_can_still_say_yes(lost: Lost) -> None:
    recovery = lost.open().id
    told = [
        lost.recoveries.vote(phone, recovery, vouches=vouches).is_stuck
        for phone, vouches in ((BARAKA, False), (CHEBET, False), (CHEBET, True), (DAUDI, True))
    ]

    assert told == [False, True, False, False]


def test_r_a05_it_is_stuck_when_too_few_are_left(lost: Lost) -> None:
    lost.open()
    for phone in (BARAKA, CHEBET):
        lost.world.services.guarantors.remove(AMINA, lost.guaranties[phone])

    progress = lost.recoveries.progress(AMINA)

    assert progress
    assert progress.is_stuck


def test_r_a05_a_guarantor_watches_how_it_stands_as_the_owner_does(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=True)
    lost.recoveries.vote(DAUDI, recovery, vouches=False)
    seen = []
    for minutes in (0, 0, 20, 41, 1):
        lost.wait(minutes=minutes)
        lost.recoveries.vote(CHEBET, recovery, vouches=True)
        for phone in (BARAKA, CHEBET, DAUDI):
            assert lost.recoveries.news(phone) == "watched"
            (watched,) = lost.recoveries.watched(phone)
            assert watched.progress == lost.recoveries.progress(AMINA)
            seen.append((watched.progress.stage.value, watched.answer))

    assert [stage for stage, _ in itertools.groupby(stage for stage, _answer in seen)] == [
        "cooling", "ready",
    ]  # fmt: skip
    assert seen[:3] == [("cooling", True), ("cooling", True), ("cooling", False)]


def test_r_a05_nobody_else_watches(lost: Lost) -> None:
    lost.circle.vouches(ESTHER, AMINA, days=1)
    lost.decide()

    assert lost.recoveries.news(ESTHER) == "none"
    assert lost.recoveries.watched(ESTHER) == []


def test_r_a05_what_is_over_is_watched_no_more(lost: Lost) -> None:
    lost.ready()
    lost.finish()

    assert lost.recoveries.news(BARAKA) == "none"
    assert lost.recoveries.watched(BARAKA) == []


def test_r_a05_a_plea_comes_before_what_is_only_watched(lost: Lost) -> None:
    for phone in (BARAKA, DAUDI):
        lost.circle.vouches(phone, ESTHER)
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=True)
    lost.recoveries.open(ESTHER)

    assert lost.recoveries.news(BARAKA) == "plea"
    assert [one.id for one in lost.recoveries.watched(BARAKA)] == [recovery]


def test_r_a05_who_was_told_how_it_stands_is_told_the_next_thing(lost: Lost) -> None:
    lost.decide()
    lost.circle.ask(BARAKA, ESTHER)

    told = [lost.recoveries.news(BARAKA, told=told) for told in (False, True)]

    assert told == ["watched", "asked"]


def votes(lost: Lost) -> list[object]:
    with lost.world.db.reading() as reading:
        return [*reading.rows("SELECT voter, vouches, at FROM vote ORDER BY voter")]


def test_r_a05_a_guarantor_blocked_for_a_while_leaves_nobody_waiting(lost: Lost) -> None:
    lost.decide()
    lost.circle.set_status(BARAKA, "BLOCKED")
    lost.wait(minutes=61)
    lost.circle.set_status(BARAKA, "ACTIVE")

    assert lost.stage() == "checking"
    lost.world.run_errands()
    assert lost.stage() == "ready"
    lost.finish()


def test_r_a05_the_staff_see_what_guarantors_can_decide_no_more(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=False)
    told = [lost.desk.waiting()]

    lost.recoveries.vote(CHEBET, recovery, vouches=False)
    told.append(lost.desk.waiting())
    lost.recoveries.vote(CHEBET, recovery, vouches=True)
    told.append(lost.desk.waiting())

    assert [[one.id for one in waiting] for waiting in told] == [[], [recovery], []]
