"""The first page: what waits for whoever opens it, how the day goes, and what members report."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.admin.desk import Desk
from tests.people import AMINA, BARAKA, World
from ussd_app.errors import PinLocked, PinWrong
from ussd_app.transfers.payments import Order
from ussd_app.users.permissions import Role
from ussd_app.values import Remark

WORDS = "I paid Baraka and he got nothing. My PIN is 7306"


@pytest.fixture
def amina(world: World) -> int:
    member = world.join(AMINA, "Amina Wanjiru")
    world.sms(AMINA)
    return member


def tiles(desk: Desk) -> list[str]:
    """Each tile of the first page, as it is read."""
    page = desk.get("/").text
    return [
        " ".join(part.split("</li>")[0].replace("<strong>", " ").split())
        for part in page.split("<li")
    ]


def says(desk: Desk, number: int | str, words: str) -> bool:
    return any(f"{number}</strong>" in tile and words in tile for tile in tiles(desk))


def test_the_first_page_says_what_waits(world: World, desk: Desk, amina: int) -> None:
    enroller, admin = desk.signed_in(Role.ENROLLER), desk.signed_in(Role.ADMIN)
    assert says(admin, 0, "requests wait for a second person")
    world.services.members.complain(AMINA, "one", Remark.parse(WORDS))
    for _ in range(3):
        with suppress(PinWrong, PinLocked):
            world.services.pins.check(AMINA, "9137")
    enroller.post("/approvals/phone", member=str(amina), phone="0700000009", why="a new SIM")

    assert says(admin, 1, "request waits for a second person")
    assert says(admin, 1, "report waits for an answer")
    assert says(admin, 1, "PIN is locked now")
    assert not says(enroller, 1, "second person")


def test_what_one_asked_for_oneself_does_not_wait_for_one(
    world: World, desk: Desk, amina: int
) -> None:
    admin = desk.signed_in(Role.ADMIN)
    admin.post("/approvals/phone", member=str(amina), phone="0700000009", why="a new SIM")

    assert says(admin, 0, "requests wait for a second person")


def test_r_b12_the_day_is_told_to_everybody_without_names(
    world: World, desk: Desk, amina: int
) -> None:
    baraka, token = world.join(BARAKA, "Baraka Otieno"), world.services.tokens.first
    world.services.payments.send(Order("k1", amina, baraka, token.whole(20)))
    public = desk.signed_in(Role.VIEWER_PUBLIC)

    assert says(public, 2, "people joined")
    assert says(public, 1, "payment between members")
    page = public.get("/").text
    for private in ("Amina", "Baraka", AMINA, BARAKA, "waits for", f"/people/{baraka}"):
        assert private not in page


def test_a_report_is_read_and_answered_once(world: World, desk: Desk, amina: int) -> None:
    reference = world.services.members.complain(AMINA, "one", Remark.parse(WORDS))
    enroller, admin = desk.signed_in(Role.ENROLLER), desk.signed_in(Role.ADMIN)
    (report,) = world.services.reports.open()

    hidden = enroller.get("/reports").text
    for one in (enroller, admin):
        one.post(f"/people/{amina}/reveal", why="the report of today")
    page = enroller.get("/reports").text
    assert reference in hidden
    assert "I paid Baraka" not in hidden
    assert "Amina" not in hidden
    assert "I paid Baraka and he got nothing" in page
    assert "7306" not in page

    enroller.post(f"/reports/{report.id}/close", answer="I called her: he had the wrong phone")
    admin.post(f"/reports/{report.id}/close", answer="I called him")

    assert world.services.reports.open() == []
    assert "he had the wrong phone" in admin.get("/reports").text
    assert "I called him" not in admin.get("/reports").text
    assert "answered a report" in admin.get("/audit").text


@pytest.mark.parametrize("answer", ["", "x", " \x01 "])
def test_an_answer_says_something(world: World, desk: Desk, amina: int, answer: str) -> None:
    world.services.members.complain(AMINA, "one", Remark.parse(WORDS))
    (report,) = world.services.reports.open()
    enroller = desk.signed_in(Role.ENROLLER)

    enroller.post(f"/reports/{report.id}/close", answer=answer)

    assert "say a little more" in enroller.get("/reports").text
    assert len(world.services.reports.open()) == 1


def test_a_report_that_is_not_there_is_said_so(desk: Desk) -> None:
    enroller = desk.signed_in(Role.ENROLLER)
    enroller.post("/reports/77/close", answer="whatever it was")
    assert "There is no such report" in enroller.get("/reports").text
