"""R-A03: what proves a PIN proves it for one member, and only to who has the pepper."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import CHEAPEST

from tests.db.surgery import Surgeon
from tests.members.vaults import pins_with
from tests.people import AMINA, BARAKA, PIN, World
from ussd_app.errors import NotBegun, PinWeak, PinWrong, Unavailable
from ussd_app.members.pin_vault import PinVault, Verifier

FIRST, SECOND = secrets.token_bytes(32), secrets.token_bytes(32)
SAMPLE = 50


@pytest.fixture
def vault() -> PinVault:
    return PinVault({"k1": FIRST}, slots=2)


def pepper_of(world: World, member: int) -> str:
    with world.db.reading() as reading:
        return str(reading.the_row("SELECT pepper FROM pin WHERE member = %s", member)[0])


def test_r_a03_a_verifier_proves_its_pin_and_no_other(vault: PinVault) -> None:
    verifier = vault.seal(7, PIN)

    assert vault.proves(verifier, 7, PIN) is True
    assert vault.proves(verifier, 7, "7307") is False


def test_r_a03_a_verifier_is_argon2id_with_the_parameters_of_owasp(vault: PinVault) -> None:
    assert vault.seal(7, PIN).hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_r_a03_two_verifiers_of_one_pin_are_not_alike(vault: PinVault) -> None:
    assert vault.seal(7, PIN) != vault.seal(7, PIN)


def test_r_a03_a_verifier_comes_back_from_its_dump(vault: PinVault) -> None:
    verifier = vault.seal(7, PIN)

    assert Verifier.load(verifier.dump()) == verifier


def test_r_a03_a_verifier_proves_nothing_for_another_member(vault: PinVault) -> None:
    assert vault.proves(vault.seal(7, PIN), 8, PIN) is False


def test_r_a03_without_the_pepper_no_pin_matches(vault: PinVault) -> None:
    verifier = vault.seal(7, PIN)
    blind = PinVault({"k1": SECOND}, slots=2)
    tried = [PIN, *(f"{number:04}" for number in range(0, 10_000, 10_000 // SAMPLE))]

    assert [pin for pin in tried if blind.proves(verifier, 7, pin)] == []


@pytest.mark.parametrize("shape", ["{pin}", "7|{pin}", "pin|v1|7|{pin}", "{pin}7", "7{pin}"])
def test_r_a03_a_verifier_is_no_hash_of_the_pin_alone(vault: PinVault, shape: str) -> None:
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(vault.seal(7, PIN).hash, shape.format(pin=PIN))


def test_r_a03_a_pepper_that_is_gone_is_named(vault: PinVault) -> None:
    other = PinVault({"k2": SECOND}, slots=2)

    with pytest.raises(NotBegun, match="k1"):
        other.proves(vault.seal(7, PIN), 7, PIN)


def test_r_a03_new_verifiers_are_made_with_the_newest_pepper() -> None:
    rotating = PinVault({"k2": SECOND, "k1": FIRST}, slots=2)

    assert rotating.seal(7, PIN).pepper == "k2"


def test_r_a03_a_verifier_is_dated_by_its_pepper_and_its_parameters(vault: PinVault) -> None:
    rotating = PinVault({"k2": SECOND, "k1": FIRST}, slots=2)
    old = vault.seal(7, PIN)
    cheap = Verifier("k1", PasswordHasher.from_parameters(CHEAPEST).hash("x"))

    assert (vault.is_dated(old), rotating.is_dated(old), vault.is_dated(cheap)) == (
        False,
        True,
        True,
    )


def test_r_a03_no_more_are_evaluated_at_once_than_there_are_slots() -> None:
    vault = PinVault({"k1": FIRST}, slots=2)

    started = time.monotonic()
    with vault.slot(), vault.slot(), pytest.raises(Unavailable):
        vault.seal(7, PIN)

    assert time.monotonic() - started < 2
    assert vault.seal(7, PIN).pepper == "k1"


def test_r_a03_a_slot_that_failed_is_free_again() -> None:
    vault = PinVault({"k1": FIRST}, slots=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), vault.slot():
            _ = 1 / 0

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(vault.seal, 7, PIN).result().pepper == "k1"


def test_r_a03_after_a_rotation_the_next_right_pin_needs_the_old_pepper_no_more(
    world: World,
) -> None:
    amina, old = world.join(AMINA, "Amina"), dict(world.settings.pin_peppers)
    both = pins_with(world, PinVault({"k2": SECOND, **old}, slots=2))
    new_alone = pins_with(world, PinVault({"k2": SECOND}, slots=2))

    assert both.check(AMINA, PIN) == amina

    assert pepper_of(world, amina) == "k2"
    assert new_alone.check(AMINA, PIN) == amina


def test_r_a03_after_a_rotation_a_wrong_pin_renews_nothing(world: World) -> None:
    amina, old = world.join(AMINA, "Amina"), dict(world.settings.pin_peppers)
    both = pins_with(world, PinVault({"k2": SECOND, **old}, slots=2))

    with pytest.raises(PinWrong):
        both.check(AMINA, "4815")

    assert pepper_of(world, amina) == "k1"


def test_r_a03_past_pins_do_not_need_an_old_pepper_for_ever(world: World) -> None:
    """The member's PIN has been renewed, so its old pepper was taken out of the settings."""
    world.join(AMINA, "Amina")
    world.services.pins.change(AMINA, world.services.pins.candidate(AMINA, "4815"))
    old = dict(world.settings.pin_peppers)
    pins_with(world, PinVault({"k2": SECOND, **old}, slots=2)).check(AMINA, "4815")
    new_alone = pins_with(world, PinVault({"k2": SECOND}, slots=2))

    new_alone.change(AMINA, new_alone.candidate(AMINA, "2850"))

    assert new_alone.check(AMINA, "2850")


def test_r_a03_a_pin_used_before_a_rotation_is_still_not_taken_again(world: World) -> None:
    world.join(AMINA, "Amina")
    world.services.pins.change(AMINA, world.services.pins.candidate(AMINA, "4815"))
    old = dict(world.settings.pin_peppers)
    both = pins_with(world, PinVault({"k2": SECOND, **old}, slots=2))

    with pytest.raises(PinWeak):
        both.repeats(AMINA, both.candidate(AMINA, PIN), PIN)


def test_r_a03_a_verifier_copied_to_another_member_proves_nothing(
    world: World, surgeon: Surgeon
) -> None:
    thief, victim = world.join(AMINA, "Amina"), world.join(BARAKA, "Baraka", pin="4815")
    surgeon.run(
        """
        UPDATE pin SET verifier = (SELECT verifier FROM pin WHERE member = %s) WHERE member = %s
        """,
        thief,
        victim,
    )

    with pytest.raises(PinWrong):
        world.services.pins.check(BARAKA, PIN)
