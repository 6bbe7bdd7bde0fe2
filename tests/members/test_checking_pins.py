"""R-A03: a PIN has three tries, whatever comes between, and its owner learns of the lock."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import pytest

from tests.db.crowd import crowd, given, insist, raised
from tests.members.vaults import BusyVault, CountingVault, DyingVault, Killed, pins_with
from tests.people import AMINA, BARAKA, PIN, ZAWADI, World
from ussd_app.errors import Invalid, NotBegun, NotFound, PinLocked, PinWrong
from ussd_app.members.pin_vault import PinVault
from ussd_app.members.pins import Pins
from ussd_app.values import Phone

WRONG = "4815"
ROUNDS = 5
CROWD = 40


@pytest.fixture
def amina(world: World) -> int:
    return world.join(AMINA, "Amina Wanjiru")


def row(world: World, member: int) -> tuple[int, int, datetime | None, bool]:
    """Failures, series, locked until, told."""
    with world.db.reading() as reading:
        failures, series, until, told = reading.the_row(
            "SELECT failures, series, locked_until, told FROM pin WHERE member = %s", member
        )
    return failures, series, until, told


def lock(world: World, pins: Pins | None = None) -> datetime | None:
    """Three wrong tries; until when the last of them locked."""
    checked = pins or world.services.pins
    for _ in range(2):
        with pytest.raises(PinWrong):
            checked.check(AMINA, WRONG)
    with pytest.raises(PinLocked) as no:
        checked.check(AMINA, WRONG)
    return no.value.until


def security_sms(world: World, phone: str = AMINA) -> list[str]:
    return [text for text in world.sms(phone) if "PIN" in text]


def test_r_a03_the_right_pin_says_who_it_is(world: World, amina: int) -> None:
    assert world.services.pins.check(AMINA, f" {PIN} ") == amina


def test_r_a03_a_wrong_pin_says_how_many_tries_are_left(world: World, amina: int) -> None:
    left = []
    for _ in range(2):
        with pytest.raises(PinWrong) as no:
            world.services.pins.check(AMINA, WRONG)
        left.append(no.value.tries_left)

    assert left == [2, 1]


def test_r_a03_the_third_wrong_pin_locks_for_fifteen_minutes(world: World, amina: int) -> None:
    now = world.clock.now()

    until = lock(world)

    assert until is not None
    assert timedelta(minutes=15) <= until - now < timedelta(minutes=16)


def test_r_a03_each_lock_is_longer_and_the_fourth_is_for_good(world: World, amina: int) -> None:
    spans = []
    for _ in range(3):
        now, until = world.clock.now(), lock(world)
        assert until is not None
        spans.append(round((until - now).total_seconds() / 60))
        world.clock.advance(hours=24, seconds=1)

    assert spans == [15, 60, 24 * 60]
    assert lock(world) is None
    world.clock.advance(days=10_000)
    with pytest.raises(PinLocked) as no:
        world.services.pins.check(AMINA, PIN)
    assert no.value.until is None


def test_r_a03_while_it_is_locked_no_pin_is_evaluated(world: World, amina: int) -> None:
    vault = CountingVault(world)
    pins = pins_with(world, vault)
    until = lock(world, pins)
    before = row(world, amina)

    for typed in (PIN, WRONG):
        with pytest.raises(PinLocked) as no:
            pins.check(AMINA, typed)
        assert no.value.until == until

    assert (vault.right, vault.wrong) == (0, 3)
    assert row(world, amina) == before


def test_r_a03_a_locked_pin_is_told_before_it_is_asked_for(world: World, amina: int) -> None:
    pins = world.services.pins
    pins.refuse_locked(AMINA)
    until = lock(world)

    with pytest.raises(PinLocked) as no:
        pins.refuse_locked(AMINA)

    assert no.value.until == until
    world.clock.advance(minutes=15, seconds=1)
    pins.refuse_locked(AMINA)


def test_r_a03_after_the_lock_there_are_three_tries_again(world: World, amina: int) -> None:
    lock(world)
    world.clock.advance(minutes=15, seconds=1)

    left = []
    for _ in range(2):
        with pytest.raises(PinWrong) as no:
            world.services.pins.check(AMINA, WRONG)
        left.append(no.value.tries_left)

    assert left == [2, 1]
    assert world.services.pins.check(AMINA, PIN) == amina


def test_r_a03_the_right_pin_clears_what_was_counted(world: World, amina: int) -> None:
    lock(world)
    world.clock.advance(minutes=15, seconds=1)

    world.services.pins.check(AMINA, PIN)

    assert row(world, amina) == (0, 0, None, True)
    now, until = world.clock.now(), lock(world)
    assert until is not None
    assert until - now < timedelta(minutes=16)


def test_r_a03_the_third_try_may_be_the_right_one(world: World, amina: int) -> None:
    for _ in range(2):
        with pytest.raises(PinWrong):
            world.services.pins.check(AMINA, WRONG)

    assert world.services.pins.check(AMINA, PIN) == amina
    assert row(world, amina) == (0, 0, None, True)
    assert security_sms(world) == []


@pytest.mark.parametrize("typed", ["", "12", "12345", "abcd"])
def test_r_a03_what_is_no_pin_is_not_charged(world: World, amina: int, typed: str) -> None:
    for _ in range(4):
        with pytest.raises(Invalid):
            world.services.pins.check(AMINA, typed)

    assert row(world, amina) == (0, 0, None, True)


def test_r_a03_nobody_has_no_pin(world: World) -> None:
    with pytest.raises(NotFound):
        world.services.pins.check(ZAWADI, PIN)


def test_r_a03_a_try_is_charged_before_it_is_evaluated(world: World, amina: int) -> None:
    dying = pins_with(world, DyingVault(world))

    charged = []
    for _ in range(2):
        with pytest.raises(Killed):
            dying.check(AMINA, PIN)
        charged.append(row(world, amina)[0])

    assert charged == [1, 2]
    assert world.services.pins.check(AMINA, PIN) == amina


def test_r_a03_three_tries_that_died_lock_all_the_same(world: World, amina: int) -> None:
    dying = pins_with(world, DyingVault(world))
    for _ in range(3):
        with pytest.raises(Killed):
            dying.check(AMINA, PIN)

    with pytest.raises(PinLocked):
        world.services.pins.check(AMINA, PIN)


def test_r_a03_when_too_many_are_evaluated_one_more_is_not_charged(
    world: World, amina: int
) -> None:
    vault = CountingVault(world, slots=1)
    pins = pins_with(world, vault)

    with vault.slot(), pytest.raises(NotBegun):
        pins.check(AMINA, WRONG)

    assert row(world, amina) == (0, 0, None, True)
    assert pins.check(AMINA, PIN) == amina


@pytest.mark.parametrize("typed", [PIN, WRONG])
def test_r_a03_a_pin_that_cannot_be_judged_here_is_not_charged(
    world: World, amina: int, typed: str
) -> None:
    stale = pins_with(world, PinVault({"k0": secrets.token_bytes(32)}, slots=1))

    for _ in range(4):
        with pytest.raises(NotBegun, match="k1"):
            stale.check(AMINA, typed)

    assert row(world, amina) == (0, 0, None, True)
    assert world.services.pins.check(AMINA, PIN) == amina


def test_r_a03_a_locked_pin_that_cannot_be_judged_here_is_told_as_locked(
    world: World, amina: int
) -> None:
    stale = pins_with(world, PinVault({"k0": secrets.token_bytes(32)}, slots=1))
    lock(world)

    with pytest.raises(PinLocked):
        stale.check(AMINA, PIN)


def test_r_a03_a_right_pin_that_cannot_be_renewed_now_costs_no_try(
    world: World, amina: int
) -> None:
    vault = BusyVault({"k2": secrets.token_bytes(32), **world.settings.pin_peppers}, slots=1)

    assert pins_with(world, vault).check(AMINA, PIN) == amina

    assert row(world, amina) == (0, 0, None, True)


def test_r_a03_of_forty_wrong_pins_at_once_three_are_evaluated(world: World) -> None:
    for turn in range(ROUNDS):
        phone = Phone(f"+2547220000{turn:02}")
        world.join(phone, "Grace Mutua")
        vault = CountingVault(world)
        pins = pins_with(world, vault)

        def deed(number: int, pins: Pins = pins, phone: Phone = phone) -> int:
            return insist(lambda: pins.check(phone, str(5130 + number)))

        told = crowd(CROWD, deed)

        assert (vault.right, vault.wrong) == (0, 3)
        assert {type(error) for error in raised(told)} == {PinWrong, PinLocked}
        wrong = [error for error in raised(told) if isinstance(error, PinWrong)]
        assert sorted(error.tries_left for error in wrong) == [1, 2]
        assert len(security_sms(world, phone)) == 1


def test_r_a03_of_forty_at_once_the_right_one_counts_as_a_try(world: World) -> None:
    for turn in range(ROUNDS):
        phone = Phone(f"+2547220000{turn:02}")
        member = world.join(phone, "Grace Mutua")
        vault = CountingVault(world)
        pins = pins_with(world, vault)

        def deed(number: int, pins: Pins = pins, phone: Phone = phone) -> int:
            return pins.check(phone, PIN if number == CROWD // 2 else str(5130 + number))

        told = crowd(CROWD, deed)

        assert given(told) == [member] * vault.right
        assert vault.wrong <= (2 + 3 if vault.right else 3)
        assert (row(world, member)[2] is None) == (row(world, member)[0] < 3)


def test_r_a03_the_owner_is_told_of_a_lock_once(world: World, amina: int) -> None:
    until = lock(world)
    assert until is not None
    for _ in range(3):
        with pytest.raises(PinLocked):
            world.services.pins.check(AMINA, WRONG)
    world.services.pins.tell_untold()

    (text,) = security_sms(world)
    when = world.services.local.day_and_hour(until)
    assert text == (
        f"Umoja: your PIN is locked until {when} after 3 wrong tries. Not you? Call 0800724724."
    )


def test_r_a03_each_lock_is_told_and_the_last_one_is_for_good(world: World, amina: int) -> None:
    told = []
    for _ in range(4):
        lock(world)
        told += security_sms(world)
        world.clock.advance(hours=24, seconds=1)

    assert len(told) == 4
    assert told[-1] == (
        "Umoja: your PIN is locked after many wrong tries. Call 0800724724 to unlock it."
    )


def test_r_a03_the_owner_is_told_in_their_language(world: World) -> None:
    world.join(BARAKA, "Baraka Otieno", language="sw")
    for _ in range(3):
        with pytest.raises((PinWrong, PinLocked)):
            world.services.pins.check(BARAKA, WRONG)

    (text,) = security_sms(world, BARAKA)

    assert text.startswith("Umoja: PIN yako imefungwa hadi ")


def test_r_a03_a_lock_is_in_the_audit_without_the_pin(world: World, amina: int) -> None:
    lock(world)

    with world.db.reading() as reading:
        rows = reading.rows("SELECT actor, subject, details FROM audit WHERE action = 'pin.locked'")
    assert rows == [(amina, amina, {"series": 1})]


def locked_untold(world: World) -> None:
    """Two wrong tries, and a third during which the process died."""
    for _ in range(2):
        with pytest.raises(PinWrong):
            world.services.pins.check(AMINA, WRONG)
    with pytest.raises(Killed):
        pins_with(world, DyingVault(world)).check(AMINA, WRONG)


def test_r_a03_a_lock_that_nobody_could_tell_is_told_after_a_while(
    world: World, amina: int
) -> None:
    locked_untold(world)
    early = (world.services.pins.tell_untold(), security_sms(world))
    world.clock.advance(seconds=31)

    late = world.services.pins.tell_untold()

    assert early == (0, [])
    assert (late, len(security_sms(world))) == (1, 1)
    assert world.services.pins.tell_untold() == 0


def test_r_a03_a_lock_told_by_many_at_once_is_told_once(world: World, amina: int) -> None:
    locked_untold(world)
    world.clock.advance(seconds=31)

    told = crowd(8, lambda _: insist(world.services.pins.tell_untold))

    assert raised(told) == []
    assert len(security_sms(world)) == 1


def test_r_a03_tries_of_one_are_not_tries_of_another(world: World, amina: int) -> None:
    baraka = world.join(BARAKA, "Baraka Otieno")
    lock(world)

    assert world.services.pins.check(BARAKA, PIN) == baraka
