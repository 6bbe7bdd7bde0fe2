"""R-A04: whoever is asked answers on their own phone; both sides may end it, and both are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.db.surgery import Surgeon
from tests.members.circle import DAUDI, OTHERS, Circle
from tests.people import AMINA, BARAKA, CHEBET
from ussd_app.errors import LimitReached, NotAllowed, NotFound


def test_r_a04_accepting_is_told_to_both_and_counts_after_three_days(circle: Circle) -> None:
    guaranty = circle.ask(BARAKA)
    circle.told(AMINA, BARAKA)
    since = circle.hour(hours=72)

    circle.trust.answer(BARAKA, guaranty, accepts=True)

    assert circle.told(AMINA, BARAKA) == [
        [
            (
                f"Umoja: Baraka O 0700000002 is your guarantor, active from {since}."
                f" Not you? Call 0800724724."
            )
        ],
        [
            (
                f"Umoja: you are a guarantor of Amina W 0700000001, from {since} on."
                f" Never tell anybody your PIN. To stop, dial *384*96#."
            )
        ],
    ]
    assert circle.counting(AMINA) == []
    circle.world.clock.advance(hours=72)
    assert circle.counting(AMINA) == [BARAKA]


def test_r_a04_declining_is_told_to_both(circle: Circle) -> None:
    guaranty = circle.ask(BARAKA)
    circle.told(AMINA, BARAKA)

    circle.trust.answer(BARAKA, guaranty, accepts=False)

    assert circle.told(AMINA, BARAKA) == [
        [
            (
                "Umoja: Baraka O 0700000002 will not be your guarantor."
                " To ask somebody else, dial *384*96#."
            )
        ],
        ["Umoja: you declined to be a guarantor of Amina W 0700000001. Not you? Call 0800724724."],
    ]
    assert circle.trust.asked(BARAKA) is None
    assert circle.trust.of(AMINA) == []


@pytest.mark.parametrize("accepts", [True, False])
def test_r_a04_the_same_answer_again_changes_nothing(
    circle: Circle, surgeon: Surgeon, accepts: bool
) -> None:
    guaranty = circle.ask(BARAKA)
    circle.trust.answer(BARAKA, guaranty, accepts=accepts)
    before = surgeon.snapshot()
    circle.world.clock.advance(days=4)

    circle.trust.answer(BARAKA, guaranty, accepts=accepts)

    assert surgeon.snapshot() == before
    with pytest.raises(NotFound):
        circle.trust.answer(BARAKA, guaranty, accepts=not accepts)


def test_r_a04_of_twenty_who_accept_at_once_one_does(circle: Circle) -> None:
    guaranty = circle.ask(BARAKA)
    circle.told(AMINA, BARAKA)

    told = crowd(20, lambda _: insist(lambda: circle.trust.answer(BARAKA, guaranty, accepts=True)))

    assert raised(told) == []
    assert [len(texts) for texts in circle.told(AMINA, BARAKA)] == [1, 1]
    with circle.world.db.reading() as reading:
        rows = reading.rows("SELECT 1 FROM audit WHERE action = 'guarantor.accepted'")
    assert len(rows) == 1


def test_r_a04_accepted_and_declined_at_once_is_one_of_the_two(circle: Circle) -> None:
    guaranty = circle.ask(BARAKA)
    circle.told(AMINA, BARAKA)

    told = crowd(
        10,
        lambda turn: insist(lambda: circle.trust.answer(BARAKA, guaranty, accepts=turn % 2 == 0)),
    )

    assert len(given(told)) == 5
    assert {type(no) for no in raised(told)} == {NotFound}
    assert [len(texts) for texts in circle.told(AMINA, BARAKA)] == [1, 1]


def test_r_a04_one_asked_by_twenty_accepts_five_however_fast(circle: Circle) -> None:
    requests = [circle.vouches(BARAKA, other, "asked", days=1) for other in OTHERS]

    told = crowd(
        20,
        lambda turn: insist(lambda: circle.trust.answer(BARAKA, requests[turn], accepts=True)),
    )

    assert len(given(told)) == 5
    assert {(type(no), str(no)) for no in raised(told)} == {(LimitReached, "wards")}
    assert sorted(circle.all_states()) == ["accepted"] * 5 + ["asked"] * 15


def test_r_a04_who_vouches_for_five_may_still_decline(circle: Circle) -> None:
    for other in OTHERS[:5]:
        circle.vouches(BARAKA, other)
    request = circle.vouches(BARAKA, AMINA, "asked", days=1)

    circle.trust.answer(BARAKA, request, accepts=False)

    assert circle.state(request) == "declined"


def test_r_a04_only_who_was_asked_answers(circle: Circle, surgeon: Surgeon) -> None:
    guaranty = circle.ask(BARAKA)
    before = surgeon.snapshot()

    for other in (AMINA, CHEBET):
        with pytest.raises(NotFound):
            circle.trust.answer(other, guaranty, accepts=True)
    with pytest.raises(NotFound):
        circle.trust.answer(BARAKA, guaranty + 1, accepts=True)

    assert surgeon.snapshot() == before


def test_r_a04_who_is_blocked_meanwhile_changes_nothing(circle: Circle) -> None:
    request, guaranty = circle.ask(BARAKA), circle.vouches(BARAKA, CHEBET)
    for phone in (AMINA, BARAKA):
        circle.set_status(phone, "BLOCKED")

    with pytest.raises(NotAllowed):
        circle.trust.answer(BARAKA, request, accepts=True)
    with pytest.raises(NotAllowed):
        circle.trust.leave(BARAKA, guaranty)
    with pytest.raises(NotAllowed):
        circle.trust.remove(AMINA, request)


def test_r_a04_the_oldest_request_is_asked_first(circle: Circle) -> None:
    circle.vouches(BARAKA, CHEBET, "asked", days=1)
    oldest = circle.vouches(BARAKA, AMINA, "asked", days=2)
    circle.vouches(BARAKA, DAUDI, "asked", days=3)

    request = circle.trust.asked(BARAKA)

    assert request
    assert (request.id, request.other) == (oldest, "Amina W")


# -- lapsing, removing, leaving


def test_r_a04_a_request_lapses_after_72_hours_and_both_are_told(circle: Circle) -> None:
    guaranty = circle.ask(BARAKA)
    circle.told(AMINA, BARAKA)
    circle.world.clock.advance(hours=71, minutes=59)
    assert circle.told(AMINA, BARAKA) == [[], []]
    circle.world.clock.advance(minutes=1)

    with pytest.raises(NotFound):
        circle.trust.answer(BARAKA, guaranty, accepts=True)
    assert circle.trust.asked(BARAKA) is None
    assert circle.told(AMINA, BARAKA) == [
        ["Umoja: Baraka O 0700000002 did not answer in time. To ask again, dial *384*96#."],
        ["Umoja: the time to answer Amina W 0700000001 is over. You are not their guarantor."],
    ]
    assert circle.state(guaranty) == "lapsed"


def test_r_a04_what_was_answered_does_not_lapse(circle: Circle, surgeon: Surgeon) -> None:
    guaranty = circle.agree(BARAKA)
    before = surgeon.snapshot()
    circle.world.clock.advance(hours=73)

    assert circle.trust.carry(guaranty) is None
    assert surgeon.snapshot() == before


def test_r_a04_an_errand_that_comes_too_early_comes_again(circle: Circle) -> None:
    until = circle.world.clock.now() + timedelta(hours=72)
    guaranty = circle.ask(BARAKA)

    again = circle.trust.carry(guaranty)

    assert again
    assert abs(again - until) < timedelta(minutes=1)
    assert circle.state(guaranty) == "asked"


def test_r_a04_a_request_lapses_once_however_many_carry_it(circle: Circle) -> None:
    guaranty = circle.vouches(BARAKA, AMINA, "asked", days=4)

    crowd(10, lambda _: insist(lambda: circle.trust.carry(guaranty)))

    assert [len(texts) for texts in circle.told(AMINA, BARAKA)] == [1, 1]


def test_r_a04_a_guarantor_who_is_removed_counts_no_more_and_both_are_told(
    circle: Circle,
) -> None:
    guaranty = circle.vouches(BARAKA, AMINA)

    circle.trust.remove(AMINA, guaranty)

    assert circle.counting(AMINA) == []
    assert circle.told(AMINA, BARAKA) == [
        ["Umoja: Baraka O 0700000002 is not your guarantor any more. Not you? Call 0800724724."],
        ["Umoja: Amina W 0700000001 does not need you as a guarantor any more."],
    ]


def test_r_a04_a_request_is_withdrawn_by_removing_it(circle: Circle) -> None:
    guaranty = circle.ask(BARAKA)

    circle.trust.remove(AMINA, guaranty)

    assert circle.trust.asked(BARAKA) is None
    with pytest.raises(NotFound):
        circle.trust.answer(BARAKA, guaranty, accepts=True)


def test_r_a04_accepted_and_withdrawn_at_once_ends_removed(circle: Circle) -> None:
    guaranty = circle.ask(BARAKA)
    deeds = [
        lambda: circle.trust.answer(BARAKA, guaranty, accepts=True),
        lambda: circle.trust.remove(AMINA, guaranty),
    ]

    told = crowd(10, lambda turn: insist(deeds[turn % 2]))

    assert {type(no) for no in raised(told)} <= {NotFound}
    assert circle.state(guaranty) == "removed"


def test_r_a04_a_guarantor_may_leave_and_both_are_told(circle: Circle) -> None:
    guaranty = circle.vouches(BARAKA, AMINA)

    circle.trust.leave(BARAKA, guaranty)

    assert circle.counting(AMINA) == []
    assert circle.told(AMINA, BARAKA) == [
        [
            (
                "Umoja: Baraka O 0700000002 does not want to be your guarantor any more."
                " To ask somebody else, dial *384*96#."
            )
        ],
        [
            (
                "Umoja: you are not a guarantor of Amina W 0700000001 any more."
                " Not you? Call 0800724724."
            )
        ],
    ]


def test_r_a04_removing_and_leaving_again_change_nothing(circle: Circle, surgeon: Surgeon) -> None:
    removed, left = circle.vouches(BARAKA, AMINA), circle.vouches(BARAKA, CHEBET)
    circle.trust.remove(AMINA, removed)
    circle.trust.leave(BARAKA, left)
    before = surgeon.snapshot()

    circle.trust.remove(AMINA, removed)
    circle.trust.leave(BARAKA, left)

    assert surgeon.snapshot() == before


def test_r_a04_only_ones_own_is_removed_or_left(circle: Circle, surgeon: Surgeon) -> None:
    guaranty, over = circle.vouches(BARAKA, AMINA), circle.vouches(CHEBET, AMINA, "declined")
    asked = circle.vouches(DAUDI, AMINA, "asked")
    before = surgeon.snapshot()

    for deed, who, which in (
        (circle.trust.remove, BARAKA, guaranty),
        (circle.trust.leave, AMINA, guaranty),
        (circle.trust.remove, AMINA, over),
        (circle.trust.leave, CHEBET, over),
        (circle.trust.leave, DAUDI, asked),
    ):
        with pytest.raises(NotFound):
            deed(who, which)

    assert surgeon.snapshot() == before


def test_r_a04_asked_again_after_being_removed_is_another_guaranty(circle: Circle) -> None:
    before = circle.agree(BARAKA)
    circle.world.clock.advance(days=4)
    circle.trust.remove(AMINA, before)

    after = circle.agree(BARAKA)

    assert after != before
    assert circle.counting(AMINA) == []
    circle.world.clock.advance(days=3)
    assert circle.counting(AMINA) == [BARAKA]
