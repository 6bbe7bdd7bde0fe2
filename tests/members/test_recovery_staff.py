"""R-A05: people of the organisation help where guarantors cannot, two of them or an agent in person."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.members.circle import ESTHER
from tests.members.lost import COLLEAGUE, NEW, OPERATOR, STAFF, WRONG, Lost
from tests.people import AMINA, BARAKA, PIN, ZAWADI, World
from ussd_app.audit import service as audit
from ussd_app.audit.service import Actor
from ussd_app.errors import LimitReached, NotAllowed, NotFound, PinLocked, PinWrong
from ussd_app.members.kinds import AGENT
from ussd_app.members.recoveries import NotReady, Stage
from ussd_app.messages.codes import CodeGone

WHY = "seen her at the office"


@pytest.fixture
def alone(world: World) -> Lost:
    """Amina has one guarantor, which is too few; Esther is an agent."""
    made = Lost(world, guarantors=(BARAKA,))
    with world.db.work() as work:
        work.run("UPDATE member SET kind = %s WHERE phone = %s", AGENT, ESTHER)
    return made


def seen(lost: Lost) -> int:
    """The agent has sent Amina a code, and typed it right; the number of the code."""
    code = lost.in_person.vouch_in_person(ESTHER, AMINA)
    (digits,) = re.findall(r"\b\d{6}\b", lost.sms()[-1])
    lost.world.services.codes.judge(code, digits, by=ESTHER)
    return code


def test_r_a05_two_of_the_staff_let_it_go_on(alone: Lost) -> None:
    recovery = alone.open().id

    counted = [alone.desk.approve(recovery, by=one, why=WHY) for one in (STAFF, COLLEAGUE)]
    alone.wait(minutes=61)
    alone.finish()

    assert counted == [1, 2]
    assert alone.knows(NEW)


def test_r_a05_the_same_person_counts_once(alone: Lost) -> None:
    recovery = alone.open().id
    alone.sms()

    counted = [alone.desk.approve(recovery, by=STAFF, why=WHY) for _ in range(3)]
    alone.wait(minutes=61)

    assert counted == [1, 1, 1]
    assert alone.stage() == "people"
    assert alone.sms() == [
        (
            "Umoja: one of our staff approved your new PIN, another must too."
            " Not you? Dial *384*96#, stop it with your PIN."
        )
    ]


def test_r_a05_the_last_approval_tells_the_owner_from_when_to_dial(alone: Lost) -> None:
    recovery = alone.open().id
    alone.desk.approve(recovery, by=STAFF, why=WHY)
    alone.sms()

    alone.desk.approve(recovery, by=COLLEAGUE, why=WHY)

    when = alone.world.services.local.day_and_hour(alone.world.clock.now() + timedelta(hours=1))
    assert alone.sms() == [
        (
            f"Umoja: our staff approved your new PIN: dial *384*96# from {when} on."
            " Not you? Stop it there."
        )
    ]


def test_r_a05_where_the_guarantors_must_vouch_too_the_owner_is_told(lost: Lost) -> None:
    lost.insights.verdict = "swapped"
    recovery = lost.open().id
    for one in (STAFF, COLLEAGUE):
        lost.sms()
        lost.desk.approve(recovery, by=one, why=WHY)

    assert lost.sms() == [
        (
            "Umoja: our staff approved your new PIN, your guarantors must vouch too."
            " Not you? Dial *384*96#, stop it with your PIN."
        )
    ]


def test_r_a05_an_operator_and_somebody_of_the_staff_are_two(alone: Lost) -> None:
    recovery = alone.open().id
    alone.desk.approve(recovery, by=Actor("operator", STAFF.id, "shell"), why=WHY)

    assert alone.desk.approve(recovery, by=STAFF, why=WHY) == 2


@pytest.mark.parametrize(
    "actor", [audit.by_member(1), audit.THE_SYSTEM, Actor("staff", None, "web")]
)
def test_r_a05_nobody_else_approves_or_refuses(alone: Lost, actor: Actor) -> None:
    recovery = alone.open().id

    with pytest.raises(NotAllowed):
        alone.desk.approve(recovery, by=actor, why=WHY)
    with pytest.raises(NotAllowed):
        alone.desk.refuse(recovery, by=actor, why=WHY)


def test_r_a05_the_staff_see_who_waits_and_no_secret(alone: Lost) -> None:
    alone.recoveries.open(ESTHER)
    recovery = alone.open().id
    alone.desk.approve(recovery, by=STAFF, why=WHY)

    waiting = alone.desk.waiting()
    alone.desk.approve(recovery, by=COLLEAGUE, why=WHY)

    assert [(one.member, one.path, one.sim, one.approvals) for one in waiting] == [
        (alone.circle.ids[ESTHER], "people", "clean", 0),
        (alone.amina, "people", "clean", 1),
    ]
    assert [one.member for one in alone.desk.waiting()] == [alone.circle.ids[ESTHER]]


def test_r_a05_what_guarantors_decide_does_not_wait_for_staff(lost: Lost) -> None:
    lost.open()

    assert lost.desk.waiting() == []


def test_r_a05_two_of_the_staff_may_stand_in_for_guarantors(lost: Lost) -> None:
    recovery = lost.open().id
    for one in (STAFF, COLLEAGUE):
        lost.desk.approve(recovery, by=one, why=WHY)

    lost.wait(minutes=61)

    lost.finish()


def test_r_a05_a_refusal_ends_it(alone: Lost) -> None:
    recovery = alone.open().id
    alone.sms()
    for _ in range(2):
        alone.desk.refuse(recovery, by=STAFF, why="not her voice")

    assert alone.sms() == [
        "Umoja: we could not give you a new PIN. Your PIN stays as it is. Call 0800724724."
    ]
    with pytest.raises(NotFound):
        alone.desk.approve(recovery, by=COLLEAGUE, why=WHY)
    with pytest.raises(NotFound):
        alone.recoveries.veto(AMINA, PIN)


def test_r_a05_the_reasons_of_staff_are_in_the_audit(alone: Lost) -> None:
    recovery = alone.open().id
    alone.desk.approve(recovery, by=OPERATOR, why=WHY)
    alone.desk.refuse(recovery, by=STAFF, why="not her voice")

    with alone.world.db.reading() as reading:
        rows = reading.rows(
            "SELECT actor_kind, actor, channel, action, details FROM audit WHERE actor_kind <> 'member'"
        )
    assert rows == [
        ("operator", 1000, "shell", "recovery.approved", {"why": WHY}),
        ("staff", 7, "web", "recovery.refused", {"why": "not her voice"}),
    ]


def test_r_a05_what_is_over_is_neither_approved_nor_refused(alone: Lost) -> None:
    recovery = alone.open().id
    alone.world.clock.advance(hours=24)

    with pytest.raises(NotFound):
        alone.desk.approve(recovery, by=STAFF, why=WHY)
    with pytest.raises(NotFound):
        alone.desk.refuse(recovery, by=STAFF, why=WHY)
    with pytest.raises(NotFound):
        alone.desk.approve(recovery + 1, by=STAFF, why=WHY)


def test_r_a05_an_agent_who_saw_the_owner_is_enough_after_a_day(alone: Lost) -> None:
    progress = alone.in_person.identified(ESTHER, AMINA, seen(alone))
    alone.wait(hours=23, minutes=59)
    before = alone.stage()
    alone.wait(minutes=2)

    assert (progress.stage, before, alone.stage()) == (Stage.COOLING, "cooling", "ready")
    alone.wait(hours=22)
    with pytest.raises(NotReady):  # the check of the SIM is old by now
        alone.finish()
    alone.world.run_errands()
    alone.finish()
    assert alone.knows(NEW)


def test_r_a05_an_agent_s_word_is_told_and_in_the_audit(alone: Lost) -> None:
    alone.in_person.identified(ESTHER, AMINA, seen(alone))

    when = alone.world.services.local.day_and_hour(alone.world.clock.now() + timedelta(hours=24))
    assert alone.sms()[1:] == [
        (
            f"Umoja: Esther N saw your ID card: dial *384*96# from {when} on for your new PIN."
            " Not you? Stop it there."
        )
    ]
    with alone.world.db.reading() as reading:
        assert reading.rows("SELECT approver, why FROM approval") == [
            (f"agent:{alone.circle.ids[ESTHER]}", "identity seen in person")
        ]


def test_r_a05_the_owner_knows_for_what_the_code_is_and_who_asks(alone: Lost) -> None:
    alone.in_person.vouch_in_person(ESTHER, AMINA)

    (said,) = alone.sms()
    assert re.fullmatch(
        r"Esther N of Umoja asks for your new PIN\. Code: \d{6}\."
        r" Tell it to Esther N only if you are together, never by phone\.",
        said,
    )


def test_r_a05_an_agent_who_only_asks_opens_no_recovery(alone: Lost) -> None:
    for _ in range(3):
        alone.in_person.vouch_in_person(ESTHER, AMINA)
        alone.world.clock.advance(hours=1)

    assert alone.recoveries.progress(AMINA) is None
    assert all("asks for your new PIN" in said for said in alone.sms())
    for _ in range(3):  # all of the owner's own are left
        alone.recoveries.open(AMINA)
        alone.recoveries.veto(AMINA, PIN)


def test_r_a05_the_right_code_opens_a_recovery_and_decides_it_at_once(alone: Lost) -> None:
    alone.in_person.identified(ESTHER, AMINA, seen(alone))

    assert alone.stage() == "cooling"
    assert [said.split(": ")[1].split(". ")[0] for said in alone.sms()] == [
        "you asked for a new PIN",
        "Esther N saw your ID card",
    ]


def test_r_a05_where_a_recovery_cannot_be_opened_the_code_is_kept(alone: Lost) -> None:
    code = seen(alone)
    for _ in range(3):
        alone.open()
        alone.recoveries.veto(AMINA, PIN)

    with pytest.raises(LimitReached) as no:
        alone.in_person.identified(ESTHER, AMINA, code)
    with pytest.raises(LimitReached):
        alone.in_person.vouch_in_person(ESTHER, AMINA)

    assert no.value.rule == "recoveries"
    assert alone.world.services.codes.is_right(code)


def test_r_a05_an_agent_learns_a_name_by_the_right_code_alone(alone: Lost) -> None:
    code = alone.in_person.vouch_in_person(ESTHER, AMINA)
    with pytest.raises(NotFound):
        alone.in_person.named(ESTHER, AMINA, code)
    (digits,) = re.findall(r"\b\d{6}\b", alone.sms()[-1])
    alone.world.services.codes.judge(code, digits, by=ESTHER)

    assert alone.in_person.named(ESTHER, AMINA, code) == "Amina W"
    with pytest.raises(NotFound):
        alone.in_person.named(ESTHER, AMINA, code + 1)
    with pytest.raises(NotFound):
        alone.in_person.named(ESTHER, BARAKA, code)
    with pytest.raises(NotAllowed):
        alone.in_person.named(BARAKA, AMINA, code)


def test_r_a05_an_agent_s_word_again_changes_nothing(alone: Lost) -> None:
    code = seen(alone)
    first = alone.in_person.identified(ESTHER, AMINA, code)
    alone.world.clock.advance(minutes=5)

    assert alone.in_person.identified(ESTHER, AMINA, code) == first


def test_r_a05_without_the_right_code_an_agent_s_word_is_nothing(alone: Lost) -> None:
    code = alone.in_person.vouch_in_person(ESTHER, AMINA)

    with pytest.raises(CodeGone):
        alone.in_person.identified(ESTHER, AMINA, code)

    assert alone.recoveries.progress(AMINA) is None


def test_r_a05_the_owner_can_stop_what_an_agent_began(alone: Lost) -> None:
    alone.in_person.identified(ESTHER, AMINA, seen(alone))

    alone.recoveries.veto(AMINA, PIN)

    alone.wait(hours=25)
    with pytest.raises(NotReady):
        alone.finish()


def test_r_a05_an_agent_s_code_is_worth_nothing_for_a_later_recovery(alone: Lost) -> None:
    code = seen(alone)
    alone.in_person.identified(ESTHER, AMINA, code)
    alone.recoveries.veto(AMINA, PIN)
    alone.open()

    with pytest.raises(CodeGone):
        alone.in_person.identified(ESTHER, AMINA, code)


def test_r_a05_an_agent_helps_neither_oneself_nor_as_a_neighbour(alone: Lost) -> None:
    for agent, owner in ((ESTHER, ESTHER), (BARAKA, AMINA)):
        with pytest.raises(NotAllowed):
            alone.in_person.vouch_in_person(agent, owner)
        with pytest.raises(NotAllowed):
            alone.in_person.identified(agent, owner, 1)
    with pytest.raises(NotFound):
        alone.in_person.vouch_in_person(ESTHER, ZAWADI)
    with pytest.raises(NotFound):
        alone.in_person.vouch_in_person(ZAWADI, AMINA)


@pytest.mark.parametrize("who", [ESTHER, AMINA])
def test_r_a05_an_agent_or_owner_who_is_blocked_gets_no_help(alone: Lost, who: str) -> None:
    code = seen(alone)
    with alone.world.db.work() as work:
        work.run("UPDATE member SET status = 'BLOCKED' WHERE phone = %s", who)

    with pytest.raises(NotAllowed):
        alone.in_person.vouch_in_person(ESTHER, AMINA)
    with pytest.raises(NotAllowed):
        alone.in_person.identified(ESTHER, AMINA, code)


def test_r_a05_where_guarantors_decide_an_agent_does_not(lost: Lost) -> None:
    with lost.world.db.work() as work:
        work.run("UPDATE member SET kind = %s WHERE phone = %s", AGENT, ESTHER)

    with pytest.raises(NotAllowed):
        lost.in_person.vouch_in_person(ESTHER, AMINA)

    assert lost.recoveries.progress(AMINA) is None
    lost.open()
    with pytest.raises(NotAllowed):
        lost.in_person.identified(ESTHER, AMINA, 1)


def test_r_a05_codes_for_the_owner_are_limited(alone: Lost) -> None:
    alone.in_person.vouch_in_person(ESTHER, AMINA)

    assert alone.recoveries.progress(AMINA) is None
    with alone.world.db.work() as work:
        work.run("UPDATE member SET kind = %s WHERE phone = %s", AGENT, BARAKA)
    with pytest.raises(LimitReached) as no:
        alone.in_person.vouch_in_person(BARAKA, AMINA)

    assert no.value.rule == "pause"


def test_r_a05_asked_for_twice_a_code_for_a_new_pin_is_one(alone: Lost) -> None:
    code = alone.in_person.vouch_in_person(ESTHER, AMINA)
    again = alone.in_person.vouch_in_person(ESTHER, AMINA)

    assert (again, len(alone.sms())) == (code, 1)


@pytest.mark.parametrize("verdict", ["swapped", "unknown"])
def test_r_a05_what_the_staff_approved_before_the_sim_was_swapped_is_to_be_approved_again(
    alone: Lost, verdict: str
) -> None:
    recovery = alone.open().id
    alone.wait(minutes=1)
    approve, waiting = alone.desk.approve, alone.desk.waiting
    for staff in (STAFF, COLLEAGUE):
        approve(recovery, by=staff, why=WHY)
    assert waiting() == []

    alone.insights.verdict = verdict
    alone.wait(hours=1, minutes=1)

    with pytest.raises(NotReady):
        alone.finish()
    assert [one.id for one in waiting()] == [recovery]
    for staff in (STAFF, STAFF, COLLEAGUE):
        with pytest.raises(NotReady):
            alone.finish()
        approve(recovery, by=staff, why=WHY)
    alone.wait(hours=1, minutes=1)
    alone.finish()


@pytest.mark.parametrize("verdict", ["swapped", "unknown"])
def test_r_a05_with_a_bad_sim_an_agent_needs_one_of_the_staff(alone: Lost, verdict: str) -> None:
    alone.insights.verdict = verdict
    alone.open()
    stage = alone.in_person.identified(ESTHER, AMINA, seen(alone))
    assert (stage.stage, stage.waits_for_sim) == (Stage.PEOPLE, True)
    assert alone.sms()[-1] == (
        "Umoja: Esther N saw your ID card, but we do not know your SIM: call 0800724724."
        " Not you? Dial *384*96#."
    )
    alone.wait(hours=24, minutes=1)
    with pytest.raises(NotReady):
        alone.finish()

    alone.desk.approve(stage.id, by=STAFF, why="called back")

    with pytest.raises(NotReady):
        alone.finish()
    alone.wait(hours=1, minutes=1)
    alone.finish()


def test_r_a03_the_staff_open_a_lock_without_a_new_pin(lost: Lost) -> None:
    lost.lock()
    lost.sms()
    pins = lost.world.services.pins

    assert pins.unlock(lost.amina, by=STAFF, why=WHY) is True
    assert pins.unlock(lost.amina, by=STAFF, why=WHY) is False

    assert pins.check(AMINA, PIN) == lost.amina
    assert lost.sms() == [
        "Umoja: our staff unlocked your PIN. It is the same as before. Questions? Call 0800724724."
    ]
    with lost.world.db.reading() as reading:
        assert reading.rows("SELECT actor, subject FROM audit WHERE action = 'pin.unlocked'") == [
            (7, lost.amina)
        ]


def test_r_a03_a_lock_opened_by_staff_begins_anew(lost: Lost) -> None:
    pins = lost.world.services.pins
    lost.lock()
    pins.unlock(lost.amina, by=STAFF, why=WHY)

    left = []
    for _ in range(2):
        with pytest.raises(PinWrong) as no:
            pins.check(AMINA, WRONG)
        left.append(no.value.tries_left)
    with pytest.raises(PinLocked) as locked:
        pins.check(AMINA, WRONG)

    assert left == [2, 1]
    assert locked.value.until is not None
    assert (locked.value.until - lost.world.clock.now()).total_seconds() <= 15 * 60
