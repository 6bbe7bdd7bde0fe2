"""R-A04: people one trusts: whom one may ask, who counts, and from when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import Surgeon
from tests.members.circle import DAUDI, ESTHER, OTHERS, Circle
from tests.people import AMINA, BARAKA, CHEBET, ZAWADI
from ussd_app.errors import Conflict, LimitReached, NotAllowed, NotFound, Refusal
from ussd_app.members.guarantor_policy import ASKS_A_DAY, Careful, Policy, Ring
from ussd_app.messages.service import OptedOut
from ussd_app.values import Name, Phone


def test_r_a04_who_accepted_long_enough_ago_counts_longest_first(circle: Circle) -> None:
    circle.vouches(BARAKA, AMINA, days=4)
    guaranty = circle.vouches(CHEBET, AMINA, days=5)
    circle.vouches(DAUDI, AMINA, days=2.9)

    with circle.world.db.reading() as reading:
        first, second = circle.trust.counting(reading, circle.ids[AMINA], circle.world.clock.now())
    assert (first.guaranty, first.member) == (guaranty, circle.ids[CHEBET])
    assert (first.phone, first.name, first.language) == (CHEBET, Name("Chebet Kirui"), "en")
    assert second.phone == BARAKA


def test_r_a04_a_new_one_counts_after_72_hours_and_not_a_moment_before(circle: Circle) -> None:
    now = circle.world.clock.now()
    circle.vouches(BARAKA, AMINA, days=0)

    assert circle.counting(AMINA, now + timedelta(hours=71, minutes=59)) == []
    assert circle.counting(AMINA, now + timedelta(hours=72, minutes=1)) == [BARAKA]


@pytest.mark.parametrize("state", ["asked", "declined", "lapsed", "removed", "left"])
def test_r_a04_only_who_has_accepted_counts(circle: Circle, state: str) -> None:
    circle.vouches(BARAKA, AMINA, state)

    assert circle.counting(AMINA) == []


def test_r_a04_who_is_blocked_does_not_count(circle: Circle) -> None:
    circle.vouches(BARAKA, AMINA)
    circle.set_status(BARAKA, "BLOCKED")

    assert circle.counting(AMINA) == []


def test_r_a04_of_two_who_vouch_for_each_other_neither_counts(circle: Circle) -> None:
    circle.vouches(BARAKA, AMINA)
    circle.vouches(AMINA, BARAKA)
    circle.vouches(CHEBET, AMINA)

    assert circle.counting(AMINA) == [CHEBET]
    assert circle.counting(BARAKA) == []


def test_r_a04_of_three_in_a_circle_none_counts_where_that_is_demanded(circle: Circle) -> None:
    circle.vouches(BARAKA, AMINA)
    circle.vouches(CHEBET, BARAKA)
    circle.vouches(AMINA, CHEBET)
    wards = (AMINA, BARAKA, CHEBET)

    before = [circle.counting(ward) for ward in wards]
    circle.demand(Policy(ring=3))

    assert before == [[BARAKA], [CHEBET], [AMINA]]
    assert [circle.counting(ward) for ward in wards] == [[], [], []]


def test_r_a04_all_count_where_rings_are_allowed(circle: Circle) -> None:
    circle.vouches(BARAKA, AMINA)
    circle.vouches(AMINA, BARAKA)
    circle.demand(Policy(ring=0))

    assert (circle.counting(AMINA), circle.counting(BARAKA)) == ([BARAKA], [AMINA])


@pytest.mark.parametrize("state", ["asked", "declined", "lapsed", "removed", "left"])
def test_r_a04_who_does_not_vouch_in_return_makes_no_ring(circle: Circle, state: str) -> None:
    circle.vouches(BARAKA, AMINA)
    circle.vouches(AMINA, BARAKA, state)

    assert circle.counting(AMINA) == [BARAKA]


# -- asking


def test_r_a04_whom_one_may_ask_is_shown_by_a_short_name(circle: Circle) -> None:
    assert circle.trust.find(AMINA, BARAKA) == "Baraka O"


def test_r_a04_looking_is_charged_like_every_look_at_a_stranger(circle: Circle) -> None:
    for _ in range(20):
        circle.trust.find(AMINA, BARAKA)

    with pytest.raises(LimitReached, match="lookups"):
        circle.trust.find(AMINA, BARAKA)


def test_r_a04_who_is_asked_and_who_asks_are_told(circle: Circle) -> None:
    until = circle.hour(hours=72)

    circle.trust.ask(AMINA, BARAKA)

    assert circle.told(AMINA, BARAKA) == [
        [
            (
                f"Umoja: you asked Baraka O 0700000002 to be your guarantor. They can answer until"
                f" {until}. Not you? Call 0800724724."
            )
        ],
        [
            (
                f"Umoja: Amina W 0700000001 asks you to be a guarantor, in case they lose their PIN."
                f" Free. To answer dial *384*96# by {until}."
            )
        ],
    ]


def test_r_a04_a_request_waits_for_an_answer_and_does_not_count(circle: Circle) -> None:
    circle.trust.ask(AMINA, BARAKA)

    request = circle.trust.asked(BARAKA)

    assert request
    assert (request.other, request.phone, request.state) == ("Amina W", AMINA, "asked")
    assert (request.counts_from, request.counts) == (None, False)
    assert circle.counting(AMINA, circle.world.clock.now() + timedelta(days=9)) == []


def test_r_a04_asking_again_asks_no_second_time(circle: Circle, surgeon: Surgeon) -> None:
    first = circle.trust.ask(AMINA, BARAKA)
    before = surgeon.snapshot()
    circle.world.clock.advance(minutes=1)

    again = circle.trust.ask(AMINA, BARAKA)

    assert again == first
    assert surgeon.snapshot() == before


def test_r_a04_asked_by_twenty_copies_at_once_is_asked_once(circle: Circle) -> None:
    told = crowd(20, lambda _: insist(lambda: circle.trust.ask(AMINA, BARAKA)))

    assert len(set(given(told))) == 1
    assert circle.all_states() == ["asked"]
    assert [len(texts) for texts in circle.told(AMINA, BARAKA)] == [1, 1]


def refused(circle: Circle, ward: Phone, other: Phone) -> tuple[Refusal, Refusal]:
    """What `find` and `ask` raise."""
    with pytest.raises(Refusal) as found:
        circle.trust.find(ward, other)
    with pytest.raises(Refusal) as asked:
        circle.trust.ask(ward, other)
    return found.value, asked.value


def test_r_a04_nobody_is_their_own_guarantor(circle: Circle) -> None:
    assert {type(no) for no in refused(circle, AMINA, AMINA)} == {NotAllowed}


@pytest.mark.parametrize("status", ["INVITED", "EXPIRED", "DELETED"])
def test_r_a04_who_has_not_joined_is_not_found(circle: Circle, status: str) -> None:
    circle.set_status(BARAKA, status)

    assert {type(no) for no in refused(circle, AMINA, BARAKA)} == {NotFound}
    assert {type(no) for no in refused(circle, AMINA, ZAWADI)} == {NotFound}


@pytest.mark.parametrize("blocked", [AMINA, BARAKA])
def test_r_a04_who_is_blocked_neither_asks_nor_is_asked(circle: Circle, blocked: Phone) -> None:
    circle.set_status(blocked, "BLOCKED")

    assert {type(no) for no in refused(circle, AMINA, BARAKA)} == {NotAllowed}


def test_r_a04_who_stopped_sms_is_not_asked(circle: Circle) -> None:
    circle.world.services.messages.opt_out(BARAKA)

    assert {type(no) for no in refused(circle, AMINA, BARAKA)} == {OptedOut}


@pytest.mark.parametrize("state", ["asked", "accepted"])
def test_r_a04_who_was_asked_already_is_not_offered_again(circle: Circle, state: str) -> None:
    circle.vouches(BARAKA, AMINA, state)

    with pytest.raises(Conflict):
        circle.trust.find(AMINA, BARAKA)


@pytest.mark.parametrize("state", ["declined", "lapsed", "removed", "left"])
def test_r_a04_who_declined_or_left_may_be_asked_anew(circle: Circle, state: str) -> None:
    before = circle.vouches(BARAKA, AMINA, state)

    assert circle.ask(BARAKA) != before
    assert circle.all_states() == [state, "asked"]


def test_r_a04_who_declined_is_left_in_peace_by_that_person_for_a_day(circle: Circle) -> None:
    circle.trust.answer(BARAKA, circle.ask(BARAKA), accepts=False)
    circle.told(AMINA, BARAKA)

    told = [str(no) for no in refused(circle, AMINA, BARAKA)]
    circle.ask(BARAKA, CHEBET)
    circle.told(BARAKA)
    circle.world.clock.advance(hours=23, minutes=59)
    late = [str(no) for no in refused(circle, AMINA, BARAKA)]

    assert told == late == ["declined lately"] * 2
    assert circle.told(AMINA, BARAKA) == [[], []]
    circle.world.clock.advance(minutes=1)
    assert circle.ask(BARAKA)


def test_r_a04_asked_and_accepted_ones_together_are_five_at_most(circle: Circle) -> None:
    for number, other in enumerate(OTHERS[:5]):
        circle.vouches(other, AMINA, "asked" if number % 2 else "accepted")
    circle.vouches(OTHERS[6], AMINA, "declined")

    assert [str(no) for no in refused(circle, AMINA, BARAKA)] == ["guarantors", "guarantors"]


def test_r_a04_who_asks_many_at_once_has_asked_five(circle: Circle) -> None:
    told = crowd(20, lambda turn: insist(lambda: circle.trust.ask(AMINA, OTHERS[turn])))

    assert len(given(told)) == 5
    assert {(type(no), str(no)) for no in raised(told)} == {(LimitReached, "guarantors")}
    assert circle.all_states() == ["asked"] * 5


def test_r_a04_so_many_a_day_may_be_asked_whatever_they_answer(circle: Circle) -> None:
    for other in OTHERS[:ASKS_A_DAY]:
        circle.trust.answer(other, circle.ask(other), accepts=False)

    assert [str(no) for no in refused(circle, AMINA, BARAKA)] == ["asks", "asks"]
    circle.world.clock.advance(days=1)
    assert circle.ask(BARAKA)


def test_r_a04_who_vouches_for_five_is_not_asked(circle: Circle) -> None:
    for other in OTHERS[:5]:
        circle.vouches(BARAKA, other)

    assert [str(no) for no in refused(circle, AMINA, BARAKA)] == ["wards", "wards"]


def test_r_a04_who_was_asked_by_many_may_be_asked_by_more(circle: Circle) -> None:
    for other in OTHERS[:9]:
        circle.vouches(BARAKA, other, "asked", days=1)

    circle.trust.ask(AMINA, BARAKA)

    assert circle.all_states() == ["asked"] * 10


@pytest.mark.parametrize("state", ["asked", "accepted"])
def test_r_a04_two_do_not_vouch_for_each_other(circle: Circle, state: str) -> None:
    circle.vouches(AMINA, BARAKA, state)

    assert {type(no) for no in refused(circle, AMINA, BARAKA)} == {Ring}


def test_r_a04_two_who_ask_each_other_at_once_are_one_request(circle: Circle) -> None:
    pairs = [(AMINA, BARAKA), (BARAKA, AMINA)] * 5

    told = crowd(10, lambda turn: insist(lambda: circle.trust.ask(*pairs[turn])))

    assert {type(no) for no in raised(told)} == {Ring}
    assert circle.all_states() == ["asked"]


@pytest.mark.parametrize("ring", [0, 2, 3])
def test_r_a04_a_circle_of_three_is_closed_unless_that_is_demanded(
    circle: Circle, ring: int
) -> None:
    circle.demand(Policy(ring=ring))
    circle.ask(BARAKA, ward=AMINA)
    circle.ask(CHEBET, ward=BARAKA)

    if ring == 3:
        assert {type(no) for no in refused(circle, CHEBET, AMINA)} == {Ring}
    else:
        assert circle.ask(AMINA, ward=CHEBET)


def test_r_a04_three_who_close_a_circle_at_once_do_not(circle: Circle) -> None:
    circle.demand(Policy(ring=3))
    pairs = [(AMINA, BARAKA), (BARAKA, CHEBET), (CHEBET, AMINA)] * 3

    told = crowd(9, lambda turn: insist(lambda: circle.trust.ask(*pairs[turn])))

    assert {type(no) for no in raised(told)} == {Ring}
    assert circle.all_states() == ["asked", "asked"]


def test_r_a04_soon_after_a_recovery_nobody_is_asked_or_removed(
    circle: Circle, surgeon: Surgeon
) -> None:
    guaranty = circle.vouches(CHEBET, AMINA)
    until = circle.be_careful(AMINA, hours=24)
    before = surgeon.snapshot()

    with pytest.raises(Careful) as asking:
        circle.trust.ask(AMINA, BARAKA)
    with pytest.raises(Careful) as removing:
        circle.trust.remove(AMINA, guaranty)

    assert asking.value.until == removing.value.until == until
    assert surgeon.snapshot() == before
    circle.world.clock.advance(hours=24)
    circle.trust.remove(AMINA, guaranty)
    circle.trust.ask(AMINA, BARAKA)
    assert circle.all_states() == ["removed", "asked"]


# -- looking


def test_r_a04_the_owner_sees_who_was_asked_and_who_counts_oldest_first(circle: Circle) -> None:
    circle.vouches(BARAKA, AMINA, days=4)
    circle.vouches(CHEBET, AMINA, days=1)
    circle.vouches(DAUDI, AMINA, "asked", days=0)
    circle.vouches(ESTHER, AMINA, "left")

    seen = circle.trust.of(AMINA)

    assert [(one.other, one.phone, one.state, one.counts) for one in seen] == [
        ("Baraka O", BARAKA, "accepted", True),
        ("Chebet K", CHEBET, "accepted", False),
        ("Daudi M", DAUDI, "asked", False),
    ]
    assert seen[1].counts_from
    assert seen[1].counts_from > circle.world.clock.now()
    assert seen[2].counts_from is None


def test_r_a04_a_guarantor_sees_for_whom_they_vouch(circle: Circle) -> None:
    circle.vouches(BARAKA, CHEBET, days=1)
    circle.vouches(BARAKA, AMINA)
    circle.vouches(BARAKA, DAUDI, "asked")

    seen = circle.trust.wards(BARAKA)

    assert [(one.other, one.phone, one.counts) for one in seen] == [
        ("Amina W", AMINA, True),
        ("Chebet K", CHEBET, False),
    ]


def test_r_a04_staff_see_how_many_and_nothing_else(circle: Circle) -> None:
    circle.vouches(BARAKA, AMINA)
    circle.vouches(CHEBET, AMINA, days=1)
    circle.vouches(DAUDI, AMINA, "asked", days=1)
    circle.vouches(ESTHER, AMINA, "declined")

    counts = circle.trust.counts(circle.ids[AMINA])

    assert counts == {"asked": 1, "accepted": 2, "counting": 1}


def test_r_a04_every_change_is_in_the_audit_with_who_did_it(circle: Circle) -> None:
    amina, baraka = circle.ids[AMINA], circle.ids[BARAKA]
    first = circle.agree(BARAKA)
    circle.trust.leave(BARAKA, first)
    second = circle.ask(BARAKA)
    circle.world.clock.advance(hours=73)
    circle.world.run_errands()

    with circle.world.db.reading() as reading:
        rows = reading.rows(
            """
            SELECT action, actor_kind, actor, subject_kind, subject, details FROM audit
            WHERE action LIKE 'guarantor.%%' ORDER BY id
            """
        )
    assert rows == [
        ("guarantor.asked", "member", amina, "guarantor", first, None),
        ("guarantor.accepted", "member", baraka, "guarantor", first, None),
        ("guarantor.left", "member", baraka, "guarantor", first, None),
        ("guarantor.asked", "member", amina, "guarantor", second, None),
        ("guarantor.lapsed", "system", None, "guarantor", second, None),
    ]
