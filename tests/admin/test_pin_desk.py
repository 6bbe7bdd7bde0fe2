"""R-B05: who is locked or lost a PIN, and what staff may do for them; nobody sees or sets one."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.admin.desk import Desk
from tests.db.surgery import Surgeon
from tests.people import AMINA, PIN, World
from ussd_app.errors import PinLocked, PinWrong
from ussd_app.users.permissions import Permission, Role, permissions_of

WHY = "they stood before me"


@pytest.fixture
def amina(world: World) -> int:
    member = world.join(AMINA, "Amina Wanjiru")
    world.sms(AMINA)
    return member


@pytest.fixture
def first(desk: Desk) -> Desk:
    return desk.signed_in(Role.ENROLLER, name="Wambui Njoroge")


@pytest.fixture
def second(desk: Desk) -> Desk:
    return desk.signed_in(Role.ADMIN, name="Kamau Mwangi")


def lock(world: World) -> None:
    for _ in range(3):
        with suppress(PinWrong, PinLocked):
            world.services.pins.check(AMINA, "9137")


def said(desk: Desk) -> str:
    """The page, with what became of the last deed."""
    return desk.get("/pins").text


def test_r_b05_who_is_locked_is_seen_masked(world: World, amina: int, first: Desk) -> None:
    empty = said(first)
    lock(world)

    page = said(first)

    assert "No PIN is locked" in empty
    assert f"Member {amina}" in page
    assert "A••• W•••" in page
    assert "+254 •••• ••001" in page
    assert "Amina" not in page
    assert AMINA not in page


def test_r_b05_a_lock_that_is_over_is_not_shown(world: World, amina: int, first: Desk) -> None:
    lock(world)
    world.clock.advance(minutes=16)

    assert "No PIN is locked" in said(first)


def test_r_b05_staff_unlock_with_a_reason(
    world: World, amina: int, first: Desk, surgeon: Surgeon
) -> None:
    lock(world)
    world.sms(AMINA)

    first.post(f"/pins/{amina}/unlock", why=WHY)

    assert "Unlocked, with the PIN they had." in said(first)
    assert world.services.pins.check(AMINA, PIN) == amina
    assert "our staff unlocked your PIN" in world.sms(AMINA)[0]
    assert surgeon.rows(
        "SELECT actor_kind, actor, channel, details FROM audit WHERE action = 'pin.unlocked'"
    ) == [("staff", first.user, "web", {"why": WHY})]


@pytest.mark.parametrize("why", ["", "call 0712345678"])
def test_r_b05_nothing_is_unlocked_without_a_reason_that_can_be_kept(
    world: World, amina: int, first: Desk, why: str
) -> None:
    lock(world)

    first.post(f"/pins/{amina}/unlock", why=why)

    assert "Say why" in said(first)
    with pytest.raises(PinLocked):
        world.services.pins.check(AMINA, PIN)


def test_r_b05_staff_start_a_recovery_and_the_owner_is_told(
    world: World, amina: int, first: Desk, surgeon: Surgeon
) -> None:
    first.post("/pins/recoveries", phone="0700000001", why=WHY)

    assert "The recovery is open." in said(first)
    assert "our staff asked for a new PIN for you" in world.sms(AMINA)[0]
    assert surgeon.rows(
        "SELECT actor_kind, actor, details FROM audit WHERE action = 'recovery.opened'"
    ) == [("staff", first.user, {"path": "people", "why": WHY})]


def test_r_b05_no_recovery_of_nobody(world: World, first: Desk) -> None:
    first.post("/pins/recoveries", phone="0700000077", why=WHY)

    assert "No member has that number." in said(first)


def test_r_b05_two_different_people_decide(
    world: World, amina: int, first: Desk, second: Desk
) -> None:
    first.post("/pins/recoveries", phone=AMINA, why=WHY)
    recovery = world.services.recovery_desk.waiting()[0].id
    said(first)

    first.post(f"/pins/recoveries/{recovery}/approve", why=WHY)
    once = said(first)
    first.post(f"/pins/recoveries/{recovery}/approve", why=WHY)
    again = said(first)
    second.post(f"/pins/recoveries/{recovery}/approve", why=WHY)

    assert "Approved by 1 of 2." in once
    assert "You did. Another person must." in once
    assert "You approved it before: nothing changed." in again
    assert "Approved by 1 of 2." in again
    assert "Approved by 2 of 2." in said(second)


def test_r_b05_one_person_refuses(world: World, amina: int, first: Desk) -> None:
    first.post("/pins/recoveries", phone=AMINA, why=WHY)
    recovery = world.services.recovery_desk.waiting()[0].id

    first.post(f"/pins/recoveries/{recovery}/refuse", why=WHY)
    first.post(f"/pins/recoveries/{recovery}/approve", why=WHY)

    assert "somebody was quicker" in said(first)
    assert world.services.recoveries.progress(AMINA) is None


def test_r_b05_the_desk_is_for_who_may_help(desk: Desk, amina: int) -> None:
    for role in Role:
        browser = desk.signed_in(role)
        may = Permission.HELP_WITH_PINS in permissions_of([role])

        assert browser.get("/pins").status_code == (200 if may else 403)
        assert (browser.post("/pins/1/unlock", why=WHY).status_code == 403) is not may
