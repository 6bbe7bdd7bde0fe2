"""R-A05: of a recovery everything happens or nothing, however many do it at once."""

from __future__ import annotations

import psycopg
import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import FAILS_AT_COMMIT, Surgeon
from tests.members.lost import COLLEAGUE, NEW, OTHER, STAFF, WRONG, Lost
from tests.members.vaults import CountingVault, pins_with
from tests.people import AMINA, BARAKA, CHEBET, PIN
from ussd_app.audit.service import Actor
from ussd_app.errors import LimitReached, NotFound, PinWrong
from ussd_app.members.recoveries import NotReady, Rules

PARTS = [
    ("INSERT", "audit"),
    ("INSERT", "message"),
    ("INSERT", "errand"),
    (FAILS_AT_COMMIT, "errand"),
]


@pytest.mark.parametrize(("event", "table"), [("INSERT", "recovery"), *PARTS])
def test_r_a05_when_any_part_fails_nothing_is_opened(
    lost: Lost, surgeon: Surgeon, event: str, table: str
) -> None:
    surgeon.sabotage(event, table)
    before = surgeon.snapshot()

    with pytest.raises(psycopg.errors.RaiseException, match="sabotage"):
        lost.recoveries.open(AMINA)

    assert surgeon.snapshot() == before
    surgeon.heal()
    lost.open()


@pytest.mark.parametrize(("event", "table"), [("INSERT", "vote"), *PARTS])
def test_r_a05_when_any_part_fails_nobody_has_voted(
    lost: Lost, surgeon: Surgeon, event: str, table: str
) -> None:
    recovery = lost.open().id
    surgeon.sabotage(event, table)
    before = surgeon.snapshot()

    with pytest.raises(psycopg.errors.RaiseException, match="sabotage"):
        lost.recoveries.vote(BARAKA, recovery, vouches=True)

    assert surgeon.snapshot() == before
    surgeon.heal()
    assert lost.recoveries.vote(BARAKA, recovery, vouches=True).vouched == 1


@pytest.mark.parametrize(
    ("event", "table"),
    [
        ("UPDATE", "pin"),
        ("INSERT", "past_pin"),
        ("UPDATE", "member"),
        ("UPDATE", "recovery"),
        *PARTS,
    ],
)
def test_r_a05_when_any_part_fails_the_pin_stays(
    lost: Lost, surgeon: Surgeon, event: str, table: str
) -> None:
    lost.ready()
    lost.lock()
    surgeon.sabotage(event, table)
    before = surgeon.snapshot()

    with pytest.raises(psycopg.errors.RaiseException, match="sabotage"):
        lost.finish()

    assert surgeon.snapshot() == before
    surgeon.heal()
    lost.finish()
    assert lost.knows(NEW)


@pytest.mark.parametrize(("event", "table"), PARTS)
def test_r_a05_a_veto_that_fails_charges_a_try_and_no_more(
    lost: Lost, surgeon: Surgeon, event: str, table: str
) -> None:
    lost.ready()
    surgeon.sabotage(event, table)
    before = surgeon.snapshot(without=("recovery",))

    with pytest.raises(psycopg.errors.RaiseException, match="sabotage"):
        lost.recoveries.veto(AMINA, PIN)

    assert surgeon.snapshot(without=("recovery",)) == before
    assert lost.row("state, old_pin_tries") == ("open", 1)
    surgeon.heal()
    lost.recoveries.veto(AMINA, PIN)


def test_r_a05_many_who_open_at_once_open_one(lost: Lost) -> None:
    told = crowd(10, lambda _: insist(lambda: lost.recoveries.open(AMINA)))

    assert raised(told) == []
    assert len({one.id for one in given(told)}) == 1
    assert len(lost.sms()) == 1


def test_r_a05_many_who_open_at_once_are_counted(lost: Lost) -> None:
    for _ in range(2):
        lost.open()
        lost.recoveries.veto(AMINA, PIN)

    def open_and_stop(number: int) -> object:
        def deed() -> object:
            recovery = lost.recoveries.open(AMINA).id
            lost.desk.refuse(recovery, by=STAFF, why="stopped")
            return recovery

        return insist(deed)

    told = crowd(8, open_and_stop)

    with lost.world.db.reading() as reading:
        assert reading.the_row("SELECT count(*) FROM recovery") == (3,)
    assert {type(error) for error in raised(told)} <= {LimitReached, NotFound}


def test_r_a05_one_guarantor_s_vote_counts_once_however_often_it_comes(lost: Lost) -> None:
    recovery = lost.open().id
    lost.sms()

    def vote(_number: int) -> object:
        return insist(lambda: lost.recoveries.vote(BARAKA, recovery, vouches=True))

    told = crowd(25, vote)

    assert raised(told) == []
    progress = lost.recoveries.progress(AMINA)
    assert progress
    assert progress.vouched == 1
    assert len(lost.sms()) == 1


def test_r_a05_one_person_s_approval_counts_once_however_often_it_comes(lost: Lost) -> None:
    recovery = lost.open().id

    told = crowd(10, lambda _: insist(lambda: lost.desk.approve(recovery, by=STAFF, why="again")))

    assert given(told) == [1] * 10


@pytest.mark.parametrize("_round", range(4))
def test_r_a05_of_finish_and_veto_exactly_one_wins(lost: Lost, _round: int) -> None:
    lost.ready()
    candidate = lost.candidate(NEW)
    deeds = [
        lambda: lost.recoveries.finish(AMINA, candidate),
        lambda: lost.recoveries.veto(AMINA, PIN),
    ]

    finished, stopped = crowd(2, lambda number: insist(deeds[number]))

    if isinstance(finished, Exception):
        assert (type(finished), stopped) == (NotReady, True)
        assert lost.row() == "vetoed"
        assert lost.knows(PIN)
    else:
        assert isinstance(stopped, NotFound | PinWrong)
        assert lost.row() == "done"
        assert lost.knows(NEW)


def test_r_a05_of_many_new_pins_one_is_taken(lost: Lost) -> None:
    lost.ready()
    candidates = [lost.candidate(pin) for pin in (NEW, OTHER, "6149", "8307")]

    told = crowd(4, lambda n: insist(lambda: lost.recoveries.finish(AMINA, candidates[n])))

    assert {type(error) for error in raised(told)} == {NotReady}
    assert len(raised(told)) == 3
    with lost.world.db.reading() as reading:
        assert reading.the_row("SELECT count(*) FROM past_pin") == (1,)


def test_r_a05_the_same_new_pin_many_times_is_one(lost: Lost) -> None:
    lost.ready()
    candidate = lost.candidate(NEW)
    lost.sms()

    told = crowd(6, lambda _: insist(lambda: lost.recoveries.finish(AMINA, candidate)))

    assert raised(told) == []
    assert len(lost.sms()) == 1


def test_r_a05_of_many_wrong_tries_to_stop_it_three_are_evaluated(lost: Lost) -> None:
    vault = CountingVault(lost.world)
    lost.go_by(Rules(), pins=pins_with(lost.world, vault))
    lost.open()

    def guess(number: int) -> bool:
        return insist(lambda: lost.recoveries.veto(AMINA, f"91{number:02}"))

    told = crowd(25, guess)

    assert vault.wrong == 3
    assert {type(error) for error in raised(told)} <= {PinWrong, NotFound}
    assert lost.row() == "vetoed"


def test_r_a05_a_vote_void_by_then_brings_no_new_pin(lost: Lost) -> None:
    lost.ready()
    candidate = lost.candidate(NEW)
    guaranty = lost.guaranties[CHEBET]
    deeds = [
        lambda: lost.recoveries.finish(AMINA, candidate),
        lambda: lost.world.services.guarantors.leave(CHEBET, guaranty),
    ]

    finished, left = crowd(2, lambda number: insist(deeds[number]))

    assert left is None
    assert lost.knows(PIN) == isinstance(finished, NotReady)


def test_r_a05_a_decision_made_twice_at_once_is_told_once(lost: Lost) -> None:
    recovery = lost.open().id
    actors: list[Actor] = [STAFF, COLLEAGUE]

    told = crowd(2, lambda n: insist(lambda: lost.desk.approve(recovery, by=actors[n], why="both")))

    assert sorted(given(told)) == [1, 2]
    lost.sms()
    lost.wait(minutes=61)
    assert len(lost.sms()) == 1


def test_r_a05_after_wrong_pins_of_others_the_owner_is_locked_out_by_none(lost: Lost) -> None:
    lost.open()
    for _ in range(2):
        with pytest.raises(PinWrong):
            lost.recoveries.veto(AMINA, WRONG)
    lost.recoveries.veto(AMINA, WRONG)

    assert lost.world.services.pins.check(AMINA, PIN) == lost.amina
