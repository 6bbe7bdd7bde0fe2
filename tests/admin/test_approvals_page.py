"""One asks and another approves, on the same page."""

from __future__ import annotations

import re

import pytest

from tests.admin.desk import Desk
from tests.people import AMINA, ZAWADI, World
from ussd_app.office.approvals import hash_of
from ussd_app.office.phone_change import KIND
from ussd_app.users.permissions import Permission, Role, permissions_of

WHY = "she lost the old SIM"


@pytest.fixture
def amina(world: World) -> int:
    return world.join(AMINA, "Amina Wanjiru")


@pytest.fixture
def maker(desk: Desk, amina: int) -> Desk:
    made = desk.signed_in(Role.ENROLLER, name="Wambui Njoroge")
    made.post("/approvals/phone", member=str(amina), phone=ZAWADI, why=WHY)
    return made


@pytest.fixture
def checker(desk: Desk, maker: Desk) -> Desk:
    return desk.signed_in(Role.ADMIN, name="Kamau Mwangi")


def waiting(desk: Desk) -> tuple[int, str]:
    """The request on the page, and its hash."""
    text = desk.get("/approvals").text
    number = re.search(r"/approvals/(\d+)/reveal", text)
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', text)
    assert number
    assert seen
    return int(number[1]), seen[1]


def test_what_one_asks_another_approves(
    world: World, amina: int, maker: Desk, checker: Desk
) -> None:
    number, seen = waiting(checker)

    checker.post(f"/approvals/{number}/approve", seen=seen)

    page = checker.get("/approvals").text
    assert "Approved and done." in page
    assert f"Change the number of member {amina}" in page
    assert world.services.members.get(ZAWADI).id == amina


def test_r_b04_nothing_on_the_page_tells_the_number_to_whoever_tries_them_all(
    amina: int, maker: Desk, checker: Desk
) -> None:
    page = checker.get("/approvals").text

    assert hash_of(KIND, {"member": amina, "phone": ZAWADI}).hex() not in page


def test_the_number_is_shown_for_a_reason_alone(maker: Desk, checker: Desk) -> None:
    number, _seen = waiting(checker)

    before = checker.get("/approvals").text
    checker.post(f"/approvals/{number}/reveal", why="")
    without = checker.get("/approvals").text
    after = checker.post(f"/approvals/{number}/reveal", why="to call them").text

    assert ZAWADI not in before
    assert "Say why" in without
    assert ZAWADI not in without
    assert ZAWADI in after


def test_nobody_decides_their_own(world: World, amina: int, desk: Desk) -> None:
    admin = desk.signed_in(Role.ADMIN)
    admin.post("/approvals/phone", member=str(amina), phone=ZAWADI, why=WHY)
    number, seen = waiting(admin)

    admin.post(f"/approvals/{number}/approve", seen=seen)

    page = admin.get("/approvals").text
    assert "Another person must decide this" in page
    assert "waits for another person" in page
    assert world.services.members.find(ZAWADI) is None


def test_makers_see_their_own_and_decide_nothing(desk: Desk, maker: Desk) -> None:
    number, seen = waiting(maker)
    other = desk.signed_in(Role.ENROLLER, email="other@example.org")

    assert "Nothing waits." in other.get("/approvals").text
    assert other.post(f"/approvals/{number}/reveal", why=WHY).status_code == 302
    assert maker.post(f"/approvals/{number}/approve", seen=seen).status_code == 403


@pytest.mark.parametrize(
    ("member", "phone", "words"),
    [
        ("999", "0700000077", "There is no such member"),
        ("x", "0700000077", "There is no such member"),
        ("1", "0700000001", "That cannot be done as things are"),
        ("1", "letters", "number"),
    ],
)
def test_what_cannot_be_is_not_asked_for(
    desk: Desk, amina: int, member: str, phone: str, words: str
) -> None:
    enroller = desk.signed_in(Role.ENROLLER)

    enroller.post("/approvals/phone", member=member, phone=phone, why=WHY)

    page = enroller.get("/approvals").text
    assert words in page
    assert "Nothing waits." in page


def test_the_page_is_for_who_may_ask_or_decide(desk: Desk) -> None:
    for role in Role:
        answer = desk.signed_in(role).get("/approvals").status_code

        assert (answer == 200) is (Permission.EDIT_PEOPLE in permissions_of([role]))
