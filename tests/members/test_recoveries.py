"""R-A05: a lost PIN comes back through guarantors; its owner is told, and can stop it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.members.circle import DAUDI, ESTHER
from tests.members.lost import GUARANTORS, NEW, OTHER, WRONG, Lost
from tests.people import AMINA, BARAKA, CHEBET, PIN, ZAWADI, World
from ussd_app.errors import (
    Invalid,
    LimitReached,
    NotAllowed,
    NotFound,
    PinLocked,
    PinWeak,
    PinWrong,
)
from ussd_app.members.recoveries import NotReady, Rules, Stage
from ussd_app.values import Phone


def audited(lost: Lost) -> list[tuple[object, ...]]:
    with lost.world.db.reading() as reading:
        return list(
            reading.rows(
                """
                SELECT actor_kind, actor, action, details FROM audit
                WHERE subject_kind = 'recovery' ORDER BY id
                """
            )
        )


def test_r_a05_two_of_three_guarantors_bring_a_new_pin(lost: Lost) -> None:
    lost.ready()

    lost.finish()

    assert lost.world.services.pins.check(AMINA, NEW) == lost.amina
    assert not lost.knows(PIN)
    assert lost.row() == "done"


def test_r_a05_one_guarantor_is_not_enough(lost: Lost) -> None:
    recovery = lost.open().id

    for _ in range(2):
        lost.recoveries.vote(BARAKA, recovery, vouches=True)
    progress = lost.recoveries.vote(BARAKA, recovery, vouches=True)
    lost.wait(hours=2)

    assert (progress.stage, progress.vouched, progress.asked) == (Stage.VOUCHING, 1, 3)
    with pytest.raises(NotReady):
        lost.finish()


def test_r_a05_the_owner_sees_how_far_it_is(lost: Lost) -> None:
    opened = lost.open()
    lost.recoveries.vote(BARAKA, opened.id, vouches=True)
    decided = lost.recoveries.vote(CHEBET, opened.id, vouches=True)

    assert (opened.stage, opened.vouched, opened.quorum) == (Stage.VOUCHING, 0, 2)
    assert (decided.stage, decided.vouched) == (Stage.COOLING, 2)
    assert decided.ready_at is not None
    assert lost.recoveries.progress(AMINA) == decided
    lost.wait(minutes=59)
    assert lost.stage() == "cooling"
    lost.wait(minutes=2)
    assert lost.stage() == "ready"


def test_r_a05_where_nothing_cools_it_is_ready_with_the_last_word(lost: Lost) -> None:
    lost.go_by(Rules(cooling=timedelta(0)))

    lost.decide()
    lost.wait(seconds=1)

    assert lost.stage() == "ready"
    lost.finish()
    assert lost.knows(NEW)


def test_r_a05_it_cools_before_it_is_ready(lost: Lost) -> None:
    lost.decide()
    lost.wait(minutes=59)

    with pytest.raises(NotReady):
        lost.finish()

    lost.wait(minutes=2)
    lost.finish()


def test_r_a05_opened_twice_is_opened_once(lost: Lost) -> None:
    first, again = lost.open(), lost.open()

    assert first == again
    assert len(lost.sms()) == 1
    assert len(lost.sms(BARAKA)) == 1


def test_r_a05_owner_and_guarantors_are_told_of_the_beginning(lost: Lost) -> None:
    lost.open()

    assert lost.sms() == [
        "Umoja: you asked for a new PIN. Not you? Dial *384*96# and stop it with your PIN."
    ]
    for phone in GUARANTORS:
        assert lost.sms(phone) == [
            (
                "Amina W 0700000001 lost their PIN and asks you to vouch."
                " Call them first, then dial *384*96#."
            )
        ]
    assert lost.sms(ESTHER) == []


def test_r_a05_the_owner_is_told_of_every_answer(lost: Lost) -> None:
    recovery = lost.open().id
    lost.sms()

    lost.recoveries.vote(BARAKA, recovery, vouches=True)
    lost.recoveries.vote(CHEBET, recovery, vouches=False)

    assert lost.sms() == [
        "Umoja: Baraka O vouched for your new PIN. Not you? Dial *384*96#, stop it with your PIN.",
        "Umoja: Chebet K 0700000003 did not vouch for your new PIN. If it was you, call them.",
    ]


def test_r_a05_the_owner_is_told_once_when_it_is_ready(lost: Lost) -> None:
    lost.decide()
    lost.sms()

    for _ in range(3):
        lost.wait(minutes=61)

    until = lost.world.services.local.day_and_hour(lost.row("expires_at"))
    assert lost.sms() == [
        f"Umoja: you may choose your new PIN. Dial *384*96# before {until}. Not you? Stop it there."
    ]


def test_r_a05_owner_and_guarantors_are_told_of_the_new_pin(lost: Lost) -> None:
    lost.ready()
    for phone in (AMINA, *GUARANTORS):
        lost.sms(phone)

    lost.finish()

    local, ended_at = lost.world.services.local, lost.row("ended_at")
    now, tomorrow = (local.day_and_hour(ended_at + timedelta(hours=hours)) for hours in (0, 24))
    assert lost.sms() == [
        (
            f"Umoja: you have a new PIN since {now}. Until {tomorrow} you can send only a little."
            " Not you? Call 0800724724."
        )
    ]
    for phone in GUARANTORS:
        assert lost.sms(phone) == [
            "Umoja: Amina W 0700000001 has a new PIN. Did they not ask for it? Call 0800724724."
        ]


def test_r_a05_every_deed_is_in_the_audit(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(BARAKA, recovery, vouches=True)
    lost.recoveries.vote(CHEBET, recovery, vouches=False)
    lost.recoveries.veto(AMINA, PIN)

    ids = lost.circle.ids
    assert audited(lost) == [
        ("member", lost.amina, "recovery.opened", {"path": "guarantors"}),
        ("member", ids[BARAKA], "recovery.voted", {"vouches": True}),
        ("member", ids[CHEBET], "recovery.voted", {"vouches": False}),
        ("member", lost.amina, "recovery.vetoed", None),
    ]


def test_r_a05_a_no_is_kept_and_stops_nobody(lost: Lost) -> None:
    recovery = lost.open().id
    lost.recoveries.vote(DAUDI, recovery, vouches=False)

    lost.recoveries.vote(BARAKA, recovery, vouches=True)
    progress = lost.recoveries.vote(CHEBET, recovery, vouches=True)

    assert (progress.stage, progress.vouched) == (Stage.COOLING, 2)


@pytest.mark.parametrize("phone", [AMINA, ESTHER, ZAWADI])
def test_r_a05_only_guarantors_may_vote(lost: Lost, phone: Phone) -> None:
    recovery = lost.open().id

    with pytest.raises(NotFound):
        lost.recoveries.vote(phone, recovery, vouches=True)


def test_r_a05_who_accepted_a_moment_ago_may_not_vote(lost: Lost) -> None:
    lost.circle.vouches(ESTHER, AMINA, days=1)
    recovery = lost.open().id

    with pytest.raises(NotFound):
        lost.recoveries.vote(ESTHER, recovery, vouches=True)
    assert lost.recoveries.plea(ESTHER) is None


def test_r_a05_who_comes_of_age_meanwhile_may_not_vote(lost: Lost) -> None:
    lost.circle.vouches(ESTHER, AMINA, days=2.9)
    recovery = lost.open().id
    lost.wait(hours=20)

    with pytest.raises(NotFound):
        lost.recoveries.vote(ESTHER, recovery, vouches=True)
    assert lost.recoveries.news(ESTHER) == "none"


def test_r_a05_a_guarantor_who_is_removed_has_not_voted(lost: Lost) -> None:
    recovery = lost.ready()
    lost.world.services.guarantors.remove(AMINA, lost.guaranties[BARAKA])

    assert lost.stage() == "vouching"
    with pytest.raises(NotReady):
        lost.finish()

    lost.recoveries.vote(DAUDI, recovery, vouches=True)
    assert lost.stage() == "cooling"


def test_r_a05_a_guarantor_who_leaves_has_not_voted(lost: Lost) -> None:
    lost.ready()
    lost.world.services.guarantors.leave(BARAKA, lost.guaranties[BARAKA])

    with pytest.raises(NotReady):
        lost.finish()


def test_r_a05_a_guarantor_who_came_back_has_not_voted(lost: Lost) -> None:
    lost.ready()
    lost.world.services.guarantors.remove(AMINA, lost.guaranties[BARAKA])
    lost.circle.vouches(BARAKA, AMINA, days=4)

    with pytest.raises(NotReady):
        lost.finish()


def test_r_a05_a_guarantor_who_is_blocked_has_not_voted(lost: Lost) -> None:
    lost.ready()
    lost.circle.set_status(BARAKA, "BLOCKED")

    with pytest.raises(NotReady):
        lost.finish()


def test_r_a05_who_is_blocked_cannot_begin(lost: Lost) -> None:
    lost.circle.set_status(AMINA, "BLOCKED")

    with pytest.raises(NotAllowed):
        lost.open()


def test_r_a05_who_was_blocked_meanwhile_cannot_finish(lost: Lost) -> None:
    lost.ready()
    candidate = lost.candidate(NEW)
    lost.circle.set_status(AMINA, "BLOCKED")

    with pytest.raises(NotAllowed):
        lost.recoveries.finish(AMINA, candidate)


def test_r_a05_a_stranger_has_nothing_to_recover(lost: Lost) -> None:
    with pytest.raises(NotFound):
        lost.recoveries.open(ZAWADI)
    assert lost.recoveries.progress(ZAWADI) is None
    assert lost.recoveries.news(ZAWADI) == "none"


def test_r_a05_it_locks_nothing_and_hurts_no_owner_who_knows_the_pin(lost: Lost) -> None:
    lost.decide()

    assert lost.world.services.pins.check(AMINA, PIN) == lost.amina
    lost.wait(hours=25)
    assert lost.world.services.pins.check(AMINA, PIN) == lost.amina


def test_r_a05_three_a_week_and_no_more(lost: Lost) -> None:
    for _ in range(3):
        lost.open()
        lost.recoveries.veto(AMINA, PIN)

    with pytest.raises(LimitReached) as no:
        lost.open()
    assert no.value.rule == "recoveries"

    lost.wait(days=7, minutes=1)
    lost.open()


def test_r_a05_what_ran_out_counts_among_the_three(lost: Lost) -> None:
    for _ in range(3):
        lost.open()
        lost.world.clock.advance(hours=25)

    with pytest.raises(LimitReached):
        lost.open()


@pytest.mark.parametrize("guarantors", [(), (BARAKA,)])
def test_r_a05_with_too_few_guarantors_people_decide(
    world: World, guarantors: tuple[Phone, ...]
) -> None:
    lost = Lost(world, guarantors)

    progress = lost.open()

    assert progress.stage is Stage.PEOPLE
    for phone in guarantors:
        assert lost.sms(phone) == []
        assert lost.recoveries.news(phone) == "none"
        with pytest.raises(NotFound):
            lost.recoveries.vote(phone, progress.id, vouches=True)


def test_r_a05_rules_are_those_of_the_beginning(lost: Lost) -> None:
    lost.decide()
    lost.go_by(replace(Rules(), lasts=timedelta(hours=1), cooling=timedelta(hours=9)))

    lost.wait(minutes=61)

    assert lost.stage() == "ready"
    lost.finish()


def test_r_a05_it_expires(lost: Lost) -> None:
    recovery = lost.ready()
    lost.sms()
    lost.world.clock.advance(hours=23)

    assert lost.recoveries.progress(AMINA) is None
    assert lost.recoveries.plea(DAUDI) is None
    assert lost.recoveries.news(AMINA) == "none"
    with pytest.raises(NotFound):
        lost.recoveries.vote(DAUDI, recovery, vouches=True)
    with pytest.raises(NotFound):
        lost.recoveries.veto(AMINA, PIN)
    with pytest.raises(NotReady):
        lost.finish()

    assert lost.sms() == [
        "Umoja: the time to choose a new PIN has run out. To ask again, dial *384*96#."
    ]
    assert lost.row() == "expired"


def test_r_a05_after_one_that_ran_out_another_is_opened_at_once(lost: Lost) -> None:
    first = lost.open()
    lost.world.clock.advance(hours=25)

    second = lost.recoveries.open(AMINA)

    assert second.id != first.id
    assert lost.stage() == "vouching"
    assert "has run out" in lost.sms()[1]


def test_r_a05_the_last_three_pins_are_not_taken(lost: Lost) -> None:
    lost.ready()

    with pytest.raises(PinWeak):
        lost.choose(PIN)
    lost.finish()
    with pytest.raises(PinWeak):
        lost.choose(PIN)


def test_r_a05_who_is_to_choose_a_pin_cannot_guess_the_old_one_before_it_is_chosen(
    lost: Lost,
) -> None:
    lost.ready()

    for guess in (NEW, PIN, OTHER):
        assert lost.candidate(guess), "no sooner than the second time is anything told"
    assert lost.world.services.pins.repeats(AMINA, lost.candidate(PIN), NEW) is False


def test_r_a05_a_new_pin_opens_the_lock(lost: Lost) -> None:
    lost.ready()
    lost.lock()

    lost.finish()

    assert lost.world.services.pins.check(AMINA, NEW) == lost.amina


def test_r_a05_the_same_pin_again_changes_nothing(lost: Lost) -> None:
    lost.ready()
    candidate = lost.candidate(NEW)
    lost.recoveries.finish(AMINA, candidate)
    lost.sms()

    lost.recoveries.finish(AMINA, candidate)

    assert lost.sms() == []


def test_r_a05_another_pin_afterwards_is_refused(lost: Lost) -> None:
    lost.ready()
    lost.finish()

    with pytest.raises(NotReady):
        lost.finish(OTHER)
    assert lost.knows(NEW)


def test_r_a05_the_owner_stops_it_with_the_pin(lost: Lost) -> None:
    lost.ready()
    lost.sms()

    lost.recoveries.veto(AMINA, PIN)
    lost.recoveries.veto(AMINA, PIN)

    assert lost.sms() == [
        "Umoja: no new PIN was given: it was stopped on your phone. Your PIN stays as it is."
    ]
    with pytest.raises(NotReady):
        lost.finish()
    assert lost.row("state, old_pin_tries") == ("vetoed", 1)
    assert lost.sms(BARAKA)[-1] == (
        "Umoja: the request of Amina W 0700000001 for a new PIN is over. You need not vouch."
    )


def test_r_a05_a_locked_pin_stops_it_and_stays_locked(lost: Lost) -> None:
    lost.lock()
    lost.open()

    lost.recoveries.veto(AMINA, PIN)

    assert lost.row() == "vetoed"
    with pytest.raises(PinLocked):
        lost.world.services.pins.check(AMINA, PIN)


def test_r_a05_whoever_wants_it_stopped_gets_it_stopped_at_the_third_try(lost: Lost) -> None:
    lost.ready()

    left = []
    for _ in range(2):
        with pytest.raises(PinWrong) as no:
            lost.recoveries.veto(AMINA, WRONG)
        left.append(no.value.tries_left)
    lost.recoveries.veto(AMINA, WRONG)

    assert left == [2, 1]
    assert lost.row() == "vetoed"
    with pytest.raises(NotReady):
        lost.finish()
    assert lost.world.services.pins.check(AMINA, PIN) == lost.amina


def test_r_a05_a_thief_who_types_the_tries_away_does_not_keep_the_owner_from_stopping_it(
    lost: Lost,
) -> None:
    lost.ready()
    for refusal in (PinWrong, PinWrong, PinLocked, PinLocked):
        with pytest.raises(refusal):
            lost.recoveries.unlock(AMINA, WRONG)

    lost.recoveries.veto(AMINA, PIN)

    assert lost.row() == "vetoed"


def test_r_a05_tries_to_stop_it_are_not_tries_of_the_pin(lost: Lost) -> None:
    lost.open()
    pins = lost.world.services.pins
    for _ in range(2):
        with pytest.raises(PinWrong):
            pins.check(AMINA, WRONG)
    with pytest.raises(PinWrong):
        lost.recoveries.veto(AMINA, WRONG)

    with lost.world.db.reading() as reading:
        assert reading.the_row("SELECT failures FROM pin") == (2,)
    lost.recoveries.veto(AMINA, PIN)

    with lost.world.db.reading() as reading:
        assert reading.the_row("SELECT failures FROM pin") == (2,)


def test_r_a05_what_is_no_pin_charges_no_try(lost: Lost) -> None:
    lost.open()

    with pytest.raises(Invalid):
        lost.recoveries.veto(AMINA, "what?")

    assert lost.row("old_pin_tries") == 0


def test_r_a05_without_a_recovery_there_is_nothing_to_stop(lost: Lost) -> None:
    with pytest.raises(NotFound):
        lost.recoveries.veto(AMINA, PIN)
    with pytest.raises(NotFound):
        lost.recoveries.unlock(AMINA, PIN)
    with pytest.raises(NotReady):
        lost.finish()


def test_r_a05_who_remembers_the_pin_needs_no_new_one(lost: Lost) -> None:
    lost.ready()
    lost.lock()
    lost.sms()

    lost.recoveries.unlock(AMINA, PIN)
    lost.recoveries.unlock(AMINA, PIN)

    assert lost.world.services.pins.check(AMINA, PIN) == lost.amina
    [told] = lost.sms()
    assert told.startswith("Umoja: your PIN works again, as before, since ")
    assert told.endswith(" Not you? Call 0800724724 at once.")
    assert lost.row() == "unlocked"
    with lost.world.db.reading() as reading:
        (until,) = reading.the_row("SELECT careful_until FROM member WHERE id = %s", lost.amina)
    assert until > lost.world.clock.now(), "little may be sent, as after a new PIN"
    with pytest.raises(NotReady):
        lost.finish()


def test_r_a05_before_it_is_ready_remembering_opens_nothing(lost: Lost) -> None:
    lost.lock()
    lost.decide()

    with pytest.raises(NotReady):
        lost.recoveries.unlock(AMINA, PIN)

    assert lost.row("old_pin_tries") == 0


def test_r_a05_remembering_wrongly_opens_nothing(lost: Lost) -> None:
    lost.ready()
    lost.lock()

    for refusal in (PinWrong, PinWrong, PinLocked):
        with pytest.raises(refusal):
            lost.recoveries.unlock(AMINA, WRONG)
    with pytest.raises(PinLocked):
        lost.recoveries.unlock(AMINA, PIN)

    assert lost.row() == "open"
    lost.finish()


def test_r_a05_a_guarantor_hears_of_it_until_it_is_decided(lost: Lost) -> None:
    recovery = lost.open().id
    told = lost.recoveries.plea(DAUDI)
    lost.recoveries.vote(BARAKA, recovery, vouches=True)
    news = [lost.recoveries.news(phone) for phone in (AMINA, *GUARANTORS)]
    lost.recoveries.vote(CHEBET, recovery, vouches=True)

    assert told
    assert (told.id, told.name, told.phone, told.answer) == (recovery, "Amina W", AMINA, None)
    assert news == ["recovering", "watched", "plea", "plea"]
    assert lost.recoveries.news(DAUDI) == "watched"


def test_r_a05_the_oldest_plea_comes_first_and_each_has_its_turn(lost: Lost) -> None:
    circle = lost.circle
    for phone in (BARAKA, DAUDI):
        circle.vouches(phone, ESTHER)
    first = lost.open().id
    second = lost.recoveries.open(ESTHER).id

    seen = [lost.recoveries.plea(BARAKA)]
    lost.recoveries.vote(BARAKA, first, vouches=False)
    seen.append(lost.recoveries.plea(BARAKA))

    assert [plea.id for plea in seen if plea] == [first, second]


def test_r_a05_a_guarantor_in_a_ring_is_not_asked(lost: Lost) -> None:
    lost.circle.vouches(AMINA, ESTHER)
    lost.circle.vouches(ESTHER, AMINA)
    lost.open()

    assert lost.recoveries.plea(ESTHER) is None
    assert lost.recoveries.news(ESTHER) == "none"
    assert lost.sms(ESTHER) == []


def test_r_a04_a_request_to_be_a_guarantor_is_news_until_it_lapses(lost: Lost) -> None:
    lost.circle.ask(ESTHER)

    assert lost.recoveries.news(ESTHER) == "asked"
    lost.world.clock.advance(hours=72)
    assert lost.recoveries.news(ESTHER) == "none"


def test_r_a05_one_s_own_recovery_comes_before_pleas_and_requests(lost: Lost) -> None:
    circle = lost.circle
    circle.ask(BARAKA, ESTHER)
    assert lost.recoveries.news(BARAKA) == "asked"
    lost.open()
    assert lost.recoveries.news(BARAKA) == "plea"

    lost.recoveries.open(BARAKA)

    assert lost.recoveries.news(BARAKA) == "recovering"


def test_r_a05_everything_survives_a_flush_of_redis(lost: Lost) -> None:
    lost.decide()
    lost.world.redis.flushall()

    lost.wait(minutes=61)
    lost.finish()

    assert lost.knows(NEW)


def test_r_a05_no_pin_is_in_what_is_told_or_written(lost: Lost) -> None:
    lost.ready()
    lost.finish()

    told = [text for phone in (AMINA, *GUARANTORS) for text in lost.sms(phone)]
    assert not [text for text in told if PIN in text or NEW in text]
