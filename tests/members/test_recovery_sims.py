"""R-A05: a swapped SIM, or one of which nobody knows, is a matter for people."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.db.crowd import crowd, raised
from tests.db.surgery import Surgeon
from tests.members.lost import COLLEAGUE, NEW, STAFF, Lost
from tests.members.vaults import Killed
from tests.people import AMINA, BARAKA, CHEBET, World
from ussd_app.errors import GatewayError, Rejected, Unavailable, Unclear, Unreachable
from ussd_app.members.recoveries import NotReady, Rules
from ussd_app.members.sim_swaps import CLEAN, SWAPPED, UNKNOWN


def approve(lost: Lost, recovery: int) -> None:
    for actor in (STAFF, COLLEAGUE):
        lost.desk.approve(recovery, by=actor, why="knows her")


def test_r_a05_the_sim_is_asked_for_at_first_and_when_it_is_ready(lost: Lost) -> None:
    lost.decide()
    lost.wait(minutes=30)
    first = len(lost.insights.asked)
    lost.wait(minutes=31)

    assert (first, lost.insights.asked) == (1, [AMINA, AMINA])
    assert lost.stage() == "ready"


def test_r_a05_where_nothing_cools_the_sim_is_asked_for_at_the_last_vote(lost: Lost) -> None:
    lost.go_by(Rules(cooling=timedelta()))
    lost.decide()

    lost.world.run_errands()

    assert len(lost.insights.asked) == 2
    lost.finish()


@pytest.mark.parametrize("verdict", [SWAPPED, UNKNOWN])
def test_r_a05_with_a_bad_sim_votes_are_not_enough(lost: Lost, verdict: str) -> None:
    lost.insights.verdict = verdict
    recovery = lost.ready()

    assert lost.stage() == "people"
    assert [(one.id, one.sim) for one in lost.desk.waiting()] == [(recovery, verdict)]
    with pytest.raises(NotReady):
        lost.finish()

    approve(lost, recovery)
    assert lost.stage() == "cooling"
    lost.wait(minutes=61)
    lost.finish()
    assert lost.knows(NEW)


@pytest.mark.parametrize("verdict", [SWAPPED, UNKNOWN])
def test_r_a05_with_a_bad_sim_guarantors_are_asked_all_the_same(lost: Lost, verdict: str) -> None:
    lost.insights.verdict = verdict
    recovery = lost.open().id
    approve(lost, recovery)
    lost.wait(hours=2)

    assert lost.stage() == "vouching"
    with pytest.raises(NotReady):
        lost.finish()


def test_r_a05_a_sim_swapped_meanwhile_stops_it(lost: Lost) -> None:
    lost.decide()
    lost.sms()
    lost.insights.verdict = SWAPPED

    lost.wait(minutes=61)

    assert lost.stage() == "people"
    assert lost.sms() == [
        (
            "Umoja: your SIM was changed lately, so our staff must agree to your new PIN."
            " Call 0800724724. Not you? Dial *384*96#."
        )
    ]
    with pytest.raises(NotReady):
        lost.finish()


@pytest.mark.parametrize("verdict", [SWAPPED, UNKNOWN])
def test_r_a05_who_was_told_of_the_bad_sim_at_the_quorum_is_told_once(
    lost: Lost, verdict: str
) -> None:
    lost.insights.verdict = verdict
    lost.decide()
    lost.sms()

    lost.wait(minutes=61)

    assert lost.sms() == []


def test_r_a05_a_sim_found_bad_after_the_quorum_is_told_once(lost: Lost) -> None:
    lost.decide()
    lost.sms()
    lost.insights.verdict = UNKNOWN

    for _ in range(3):
        lost.wait(minutes=61)

    assert lost.sms() == [
        (
            "Umoja: we could not check your SIM, so our staff must agree to your new PIN."
            " Call 0800724724. Not you? Dial *384*96#."
        )
    ]


def test_r_a05_a_sim_unknown_at_first_may_be_clean_when_it_is_ready(lost: Lost) -> None:
    lost.insights.verdict = UNKNOWN
    lost.decide()
    lost.insights.verdict = CLEAN

    lost.wait(minutes=61)

    lost.finish()


@pytest.mark.parametrize("fault", [Unreachable(), Rejected("InvalidPhoneNumber"), Unclear()])
def test_r_a05_nobody_to_ask_is_unknown(lost: Lost, fault: GatewayError) -> None:
    lost.insights.fault = fault

    lost.ready()

    assert lost.row("sim") == UNKNOWN
    assert lost.stage() == "people"


def test_r_a05_an_answer_that_says_nothing_is_unknown(lost: Lost) -> None:
    lost.insights.is_dumb = True

    lost.open()

    assert lost.row("sim") == UNKNOWN


def test_r_a05_an_answer_may_come_later(lost: Lost) -> None:
    lost.insights.verdict = None
    lost.open()
    before = lost.row("sim")

    lost.recoveries.sim_known(lost.insights.reference, verdict=SWAPPED)

    assert (before, lost.row("sim")) == ("asked", SWAPPED)


def test_r_a05_no_answer_within_five_minutes_is_unknown(lost: Lost) -> None:
    lost.insights.verdict = None
    lost.open()
    lost.wait(minutes=4, seconds=59)
    before = lost.row("sim")

    lost.wait(seconds=2)

    assert (before, lost.row("sim")) == ("asked", UNKNOWN)


def test_r_a05_an_answer_after_that_is_better_than_none(lost: Lost) -> None:
    lost.insights.verdict = None
    lost.open()
    lost.wait(minutes=6)

    lost.recoveries.sim_known(lost.insights.reference, verdict=CLEAN)

    assert lost.row("sim") == CLEAN


def test_r_a05_an_answer_again_is_nothing(lost: Lost, surgeon: Surgeon) -> None:
    lost.insights.verdict = None
    lost.open()
    lost.recoveries.sim_known(lost.insights.reference, verdict=SWAPPED)
    before = surgeon.snapshot()

    for verdict in (SWAPPED, CLEAN, UNKNOWN):
        lost.recoveries.sim_known(lost.insights.reference, verdict=verdict)
    lost.recoveries.sim_known("ATX-of-nobody", verdict=CLEAN)

    assert surgeon.snapshot() == before


def test_r_a05_unknown_again_is_nothing(lost: Lost, surgeon: Surgeon) -> None:
    lost.insights.verdict = None
    lost.open()
    lost.recoveries.sim_known(lost.insights.reference, verdict=UNKNOWN)
    before = surgeon.snapshot()

    lost.recoveries.sim_known(lost.insights.reference, verdict=UNKNOWN)

    assert surgeon.snapshot() == before


def test_r_a05_an_answer_to_an_older_question_is_nothing(lost: Lost) -> None:
    lost.insights.verdict = None
    lost.decide()
    older = lost.insights.reference
    lost.wait(minutes=6)
    lost.wait(minutes=56)
    assert lost.stage() == "people"  # unknown, and asked again

    lost.recoveries.sim_known(older, verdict=CLEAN)
    lost.world.run_errands()

    assert lost.row("sim") == UNKNOWN
    with pytest.raises(NotReady):
        lost.finish()


def test_r_a05_while_the_sim_is_checked_the_owner_is_told_so(lost: Lost) -> None:
    lost.decide()
    lost.insights.verdict = None
    lost.sms()
    lost.wait(minutes=61)
    while_checked, told = lost.stage(), lost.sms()
    with pytest.raises(NotReady):
        lost.finish()

    lost.recoveries.sim_known(lost.insights.reference, verdict=CLEAN)

    assert (while_checked, told) == ("checking", [])
    assert len(lost.sms()) == 1
    lost.finish()


def test_r_a05_a_check_grows_old_in_a_quarter_of_an_hour(lost: Lost) -> None:
    lost.ready()
    lost.wait(minutes=16)
    lost.sms()
    candidate = lost.candidate(NEW)

    with pytest.raises(NotReady):
        lost.recoveries.finish(AMINA, candidate)

    assert "you may choose your new PIN" in lost.sms()[0]
    assert len(lost.insights.asked) == 3
    lost.recoveries.finish(AMINA, candidate)
    assert lost.knows(NEW)


def test_r_a05_a_sim_swapped_after_it_was_ready_stops_it(lost: Lost) -> None:
    lost.ready()
    lost.wait(minutes=16)
    lost.insights.verdict = SWAPPED

    for _ in range(2):
        with pytest.raises(NotReady):
            lost.finish()
        lost.world.run_errands()

    assert lost.stage() == "people"


def test_r_a05_a_question_lost_with_its_process_is_asked_again(lost: Lost) -> None:
    recovery = lost.recoveries.open(AMINA).id
    lost.insights.fault = Killed()
    with pytest.raises(Killed):
        lost.recoveries.carry(recovery)
    lost.insights.fault = None

    lost.wait(minutes=4)
    before = lost.row("sim")
    lost.wait(minutes=2)

    assert (before, lost.row("sim")) == ("asked", CLEAN)
    assert len(lost.insights.asked) == 2


def test_r_a05_many_workers_ask_once(lost: Lost) -> None:
    recovery = lost.recoveries.open(AMINA).id

    told = crowd(6, lambda _: lost.recoveries.carry(recovery))

    assert raised(told) == []
    assert lost.insights.asked == [AMINA]


def test_r_a05_nothing_is_locked_while_the_company_is_asked(lost: Lost, surgeon: Surgeon) -> None:
    recovery = lost.recoveries.open(AMINA).id
    seen = []

    def look() -> None:
        seen.append(surgeon.rows("SELECT id FROM recovery FOR UPDATE NOWAIT"))
        idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
        seen.append(surgeon.rows(idle))

    lost.insights.meanwhile = look
    lost.recoveries.carry(recovery)

    assert seen == [[(recovery,)], [(0,)]]


def test_r_a05_what_is_over_is_not_asked_for(lost: Lost) -> None:
    recovery = lost.recoveries.open(AMINA).id
    lost.desk.refuse(recovery, by=STAFF, why="a thief")

    assert lost.recoveries.carry(recovery) is None
    assert lost.insights.asked == []


def test_r_a05_where_nobody_knows_of_swaps_people_decide_every_recovery(world: World) -> None:
    lost = Lost(world)
    lost.insights.verdict = UNKNOWN  # SIM_SWAP_CHECK=none
    recovery = lost.open().id
    for phone in (BARAKA, CHEBET):
        lost.recoveries.vote(phone, recovery, vouches=True)
    lost.wait(hours=3)

    assert lost.stage() == "people"


def test_r_a05_an_answer_that_is_faster_than_its_reference_is_asked_for_again(lost: Lost) -> None:
    lost.insights.verdict = None

    def meanwhile() -> None:
        with pytest.raises(Unavailable):
            lost.recoveries.sim_known(lost.insights.reference, verdict=CLEAN)

    lost.insights.meanwhile = meanwhile
    lost.open()
    lost.recoveries.sim_known(lost.insights.reference, verdict=CLEAN)  # once more, as asked for

    assert lost.row("sim") == CLEAN
