"""Whatever people called themselves, typed or wrote: the pages show it as words, and as no markup."""

from __future__ import annotations

import random
from typing import LiteralString

import pytest

from tests.admin.desk import Desk
from tests.admin.test_hostile import SEED, addresses
from tests.people import AMINA, BARAKA, Handset
from ussd_app.members.status import Status
from ussd_app.users.permissions import Role
from ussd_app.values import Remark

MARKUP = "\"'><img src=x onerror=alert(1)>"
EVERYWHERE: tuple[LiteralString, ...] = (
    "UPDATE member SET name = %s, location = left(%s, 40)",
    "UPDATE complaint SET words = %s, answer = %s",
    "UPDATE note SET words = %s",
    "UPDATE tag SET tag = %s",
    "UPDATE saved_filter SET name = %s",
    "UPDATE message SET body = %s, failure = %s",
    "UPDATE call SET path = %s, failure = %s",
    "UPDATE call_screen SET screen = %s, label = %s, keys = %s",
    "UPDATE user_account SET name = %s",
    "UPDATE user_session SET browser = %s",
    "UPDATE approval_request SET why = %s",
)
PAGES = (
    "/people/1?tab=transactions",
    "/people/1?tab=messages",
    "/people/1?tab=calls",
    "/people/1?tab=audit",
    "/transactions/live?since=0",
)


@pytest.fixture
def here(desk: Desk) -> Desk:
    """Somebody who may see everything, and a page of everything."""
    world = desk.world
    amina, baraka = world.join(AMINA, "Amina Otieno"), world.join(BARAKA, "Baraka Mwangi")
    Handset(world.switchboard(), AMINA).dial()
    world.services.calls.take_in()
    world.services.members.complain(AMINA, "one", Remark.parse("my money went astray"))
    desk.signed_in(Role.ENROLLER, email="one@example.org")
    here = desk.signed_in(Role.SUPER_ADMIN)
    for path, form in (
        (f"/people/{amina}/reveal", {"why": "she asked"}),
        (f"/people/{amina}/notes", {"words": "call her"}),
        (f"/people/{amina}/tags", {"tag": "farmers"}),
        ("/people/filters", {"name": "groups", "kind": "group"}),
        (f"/people/{baraka}/block", {"why": "he asked"}),
        ("/approvals/phone", {"member": str(baraka), "phone": "0711222333", "why": "he asked"}),
        ("/messages/1/reveal", {"why": "she asked"}),
        ("/sessions/1/reveal", {"why": "she asked"}),
    ):
        assert here.post(path, **form).status_code == 302
    assert world.services.members.get(BARAKA).status == Status.BLOCKED
    return here


def test_r_b14_markup_that_people_wrote_is_shown_as_words(here: Desk) -> None:
    with here.world.db.work() as work:
        for statement in EVERYWHERE:
            work.run(statement, *[MARKUP] * statement.count("%s"))
    dice, shown, run = random.Random(SEED), set(), set()
    paths = {
        path.replace("999999", "1") for way, path, _ in addresses(here.app, dice) if way == "GET"
    }

    for path in {*paths, *PAGES, "/people/1", "/messages/1", "/sessions/1", "/staff/1"}:
        text = here.get(path).text
        if "&lt;img src=x" in text:
            shown.add(path)
        if "<img src=x" in text:
            run.add(path)

    assert run == set()
    assert len(shown) >= 10
