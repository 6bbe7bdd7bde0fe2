"""R-A03: a PIN is changed by its owner, who is told; the last three are not taken again."""

from __future__ import annotations

import psycopg
import pytest

from tests.db.crowd import crowd, insist, raised
from tests.db.surgery import FAILS_AT_COMMIT, Surgeon
from tests.people import AMINA, PIN, ZAWADI, World
from ussd_app.errors import Invalid, NotFound, PinLocked, PinWeak, PinWrong

NEW = "4815"


@pytest.fixture
def amina(world: World) -> int:
    member = world.join(AMINA, "Amina Wanjiru")
    world.sms(AMINA)
    return member


def choose(world: World, pin: str) -> None:
    pins = world.services.pins
    pins.repeats(AMINA, pins.candidate(AMINA, pin), pin)


def change(world: World, pin: str) -> None:
    world.services.pins.change(AMINA, world.services.pins.candidate(AMINA, pin))


def test_r_a03_the_new_pin_is_right_and_the_old_one_is_wrong(world: World, amina: int) -> None:
    change(world, NEW)

    assert world.services.pins.check(AMINA, NEW) == amina
    with pytest.raises(PinWrong):
        world.services.pins.check(AMINA, PIN)


def test_r_a03_the_owner_is_told_of_a_change_once(world: World, amina: int) -> None:
    candidate = world.services.pins.candidate(AMINA, NEW)
    when = world.services.local.day_and_hour(world.clock.now())
    for _ in range(3):
        world.services.pins.change(AMINA, candidate)

    (text,) = world.sms(AMINA)

    assert text == f"Umoja: your PIN was changed on {when}. Not you? Call 0800724724 at once."


def test_r_a03_a_change_repeated_changes_nothing_more(
    world: World, amina: int, surgeon: Surgeon
) -> None:
    candidate = world.services.pins.candidate(AMINA, NEW)
    world.services.pins.change(AMINA, candidate)
    before = surgeon.snapshot()

    world.services.pins.change(AMINA, candidate)

    assert surgeon.snapshot() == before


def test_r_a03_a_change_asked_for_by_many_at_once_is_one(world: World, amina: int) -> None:
    candidate = world.services.pins.candidate(AMINA, NEW)

    told = crowd(10, lambda _: insist(lambda: world.services.pins.change(AMINA, candidate)))

    assert raised(told) == []
    assert len(world.sms(AMINA)) == 1
    assert world.services.pins.check(AMINA, NEW) == amina


def test_r_a03_a_change_is_in_the_audit_without_the_pin(world: World, amina: int) -> None:
    change(world, NEW)

    with world.db.reading() as reading:
        rows = reading.rows(
            "SELECT actor, subject, details FROM audit WHERE action = 'pin.changed'"
        )
    assert rows == [(amina, amina, None)]


@pytest.mark.parametrize(
    ("event", "table"),
    [
        ("UPDATE", "pin"),
        ("INSERT", "past_pin"),
        ("INSERT", "audit"),
        ("INSERT", "message"),
        ("INSERT", "errand"),
        (FAILS_AT_COMMIT, "errand"),
    ],
)
def test_r_a03_when_any_part_fails_the_pin_stays(
    world: World, amina: int, surgeon: Surgeon, event: str, table: str
) -> None:
    candidate = world.services.pins.candidate(AMINA, NEW)
    surgeon.sabotage(event, table)
    before = surgeon.snapshot()

    with pytest.raises(psycopg.errors.RaiseException, match="sabotage"):
        world.services.pins.change(AMINA, candidate)

    assert surgeon.snapshot() == before


def test_r_a03_a_change_opens_a_lock(world: World, amina: int) -> None:
    candidate = world.services.pins.candidate(AMINA, NEW)
    for _ in range(3):
        with pytest.raises((PinWrong, PinLocked)):
            world.services.pins.check(AMINA, "9137")

    world.services.pins.change(AMINA, candidate)

    assert world.services.pins.check(AMINA, NEW) == amina


def test_r_a03_the_last_three_pins_are_not_taken_again(world: World, amina: int) -> None:
    for pin in (NEW, "2850", "9137"):
        change(world, pin)
        world.clock.advance(minutes=1)

    for used in (NEW, "2850", "9137"):
        with pytest.raises(PinWeak) as no:
            choose(world, used)
        assert no.value.why == "used"
    change(world, PIN)
    assert world.services.pins.check(AMINA, PIN) == amina


def test_r_a03_the_first_pin_is_not_taken_again_at_once(world: World, amina: int) -> None:
    with pytest.raises(PinWeak):
        choose(world, PIN)


@pytest.mark.parametrize("pin", ["1111", "1234", "0001"])
def test_r_a03_a_weak_pin_is_not_taken(world: World, amina: int, pin: str) -> None:
    with pytest.raises(PinWeak):
        world.services.pins.candidate(AMINA, pin)


def test_r_a03_what_is_no_pin_is_not_taken(world: World, amina: int) -> None:
    with pytest.raises(Invalid):
        world.services.pins.candidate(AMINA, "12345")


def test_r_a03_a_new_pin_is_typed_twice_alike(world: World, amina: int) -> None:
    pins = world.services.pins
    candidate = pins.candidate(AMINA, NEW)

    assert pins.repeats(AMINA, candidate, f" {NEW} ") is True
    assert pins.repeats(AMINA, candidate, "4816") is False
    with pytest.raises(Invalid):
        pins.repeats(AMINA, candidate, "481")


def test_r_a03_nobody_has_no_pin_to_change(world: World, amina: int) -> None:
    candidate = world.services.pins.candidate(AMINA, NEW)

    with pytest.raises(NotFound):
        world.services.pins.change(ZAWADI, candidate)


def test_r_a03_an_applicant_has_no_pin_to_change(world: World) -> None:
    world.services.joining.speak(ZAWADI, "en")
    candidate = world.services.pins.candidate(ZAWADI, NEW)

    with pytest.raises(NotFound):
        world.services.pins.change(ZAWADI, candidate)
