"""One member in front of the staff: what is hidden, what is shown, and what may be done."""

from __future__ import annotations

import re

import pytest

from tests.admin.desk import Desk
from tests.people import AMINA, BARAKA, ZAWADI, World
from ussd_app.calls.service import Ended
from ussd_app.transfers.payments import Order
from ussd_app.users.permissions import Role
from ussd_app.values import Name

WHY = "she asked on the phone"


def actions(world: World, member: int) -> list[tuple[str, str, int]]:
    with world.db.reading() as reading:
        return [
            (action, kind, actor)
            for action, kind, actor in reading.rows(
                """
                SELECT action, actor_kind, actor FROM audit
                WHERE subject_kind = 'member' AND subject = %s AND actor_kind = 'staff' ORDER BY id
                """,
                member,
            )
        ]


def test_r_b12_a_member_is_masked_until_a_reason_is_given_and_again_later(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    here, there = desk.signed_in(Role.ENROLLER), desk.signed_in(Role.ADMIN)

    before = here.get(f"/people/{member}").text
    here.post(f"/people/{member}/reveal", why=WHY)
    shown, elsewhere = here.get(f"/people/{member}").text, there.get(f"/people/{member}").text
    desk.world.clock.advance(minutes=15, seconds=1)
    later = here.get(f"/people/{member}").text

    assert "Amina Wanjiru" in shown
    assert AMINA in shown
    for hidden in (before, elsewhere, later):
        assert "Wanjiru" not in hidden
        assert AMINA not in hidden
    assert actions(desk.world, member) == [("member.revealed", "staff", here.user)]


def test_r_b12_showing_one_member_shows_no_other(desk: Desk) -> None:
    amina = desk.world.join(AMINA, "Amina Wanjiru")
    baraka = desk.world.join(BARAKA, "Baraka Otieno")
    here = desk.signed_in(Role.ENROLLER)

    here.post(f"/people/{amina}/reveal", why=WHY)

    assert "Otieno" not in here.get(f"/people/{baraka}").text
    assert "Wanjiru" not in here.get("/people").text


def test_a_reason_that_is_none_shows_nothing_and_is_kept_in_the_form(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")

    answer = desk.signed_in(Role.ENROLLER).post(f"/people/{member}/reveal", why="ticket 4711")

    assert answer.status_code == 400
    assert "Say why without digits" in answer.text
    assert 'value="ticket 4711"' in answer.text
    assert "Wanjiru" not in answer.text
    assert actions(desk.world, member) == []


def test_r_b02_a_member_is_shown_with_balance_limits_and_movements(desk: Desk) -> None:
    world = desk.world
    amina = world.join(AMINA, "Amina Wanjiru", tokens=1200)
    baraka = world.join(BARAKA, "Baraka Otieno", tokens=10)
    token = world.services.tokens.first
    world.services.payments.send(Order("k1", amina, baraka, token.whole(120)))
    here = desk.signed_in(Role.ENROLLER)

    overview = here.get(f"/people/{amina}").text
    movements = here.get(f"/people/{amina}", tab="transactions").text

    assert "1,080 " in overview
    assert re.search(r"Today</td>.*?500</td>.*?380</td>", overview, re.DOTALL)
    assert re.search(r"Thirty days</td>.*?1,000</td>.*?880</td>", overview, re.DOTALL)
    assert f'/people/{baraka}"' in movements
    assert "-120 " in movements
    assert "Otieno" not in movements


def test_what_remains_is_what_the_payer_is_told(desk: Desk) -> None:
    world = desk.world
    amina = world.join(AMINA, "Amina Wanjiru", tokens=1200)
    baraka = world.join(BARAKA, "Baraka Otieno", tokens=10)
    token = world.services.tokens.first
    world.services.payments.send(Order("k1", amina, baraka, token.whole(77)))
    with world.db.work() as work:
        work.run(
            "UPDATE member SET careful_until = %s WHERE id = %s",
            world.clock.now().replace(year=2099),
            amina,
        )

    rooms = [
        limit.room for limit in world.services.persons.limits(amina) if limit.direction == "out"
    ]

    assert len(rooms) == 6
    assert min(room.units for room in rooms) == world.services.payments.room(amina, baraka).units


def test_r_b15_sms_are_listed_and_their_words_hidden_until_shown(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    here = desk.signed_in(Role.ENROLLER)

    hidden = here.get(f"/people/{member}", tab="messages").text
    here.post(f"/people/{member}/reveal", why=WHY)
    shown = here.get(f"/people/{member}", tab="messages").text

    assert "Welcome" in hidden
    assert "Amina W!" not in hidden
    assert "Amina W!" in shown


def test_r_b15_ussd_sessions_are_listed_for_who_may_see_them(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    desk.world.services.calls.ended(
        Ended("s1", AMINA, "*384*96#", "63902", "Success", "home|send", 4, 21_000, 0, None)
    )

    shown = desk.signed_in(Role.ENROLLER).get(f"/people/{member}", tab="calls")
    refused = desk.signed_in(Role.VIEWER_PRIVATE).get(f"/people/{member}", tab="calls")

    assert "home › send" in shown.text
    assert refused.status_code == 403


def test_r_c06_who_is_blocked_is_refused_and_who_is_unblocked_is_not(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    here = desk.signed_in(Role.ADMIN)

    here.post(f"/people/{member}/block", why="lost telephone")
    blocked = desk.world.services.members.get(AMINA).is_active
    here.post(f"/people/{member}/block", why="lost telephone")
    here.post(f"/people/{member}/unblock", why="found again")

    assert (blocked, desk.world.services.members.get(AMINA).is_active) == (False, True)
    assert [action for action, *_rest in actions(desk.world, member)] == ["member.status"] * 2


def test_who_has_not_joined_is_neither_blocked_nor_forgotten_in_the_form(desk: Desk) -> None:
    here = desk.signed_in(Role.ADMIN)
    here.post("/people/invite", phone=ZAWADI, name="Zawadi Mutua", kind="group", language="sw")
    (member,) = _ids(desk.world)

    answer = here.post(f"/people/{member}/block", why="by mistake")

    assert answer.status_code == 409
    assert "That cannot be done" in answer.text


def _ids(world: World) -> list[int]:
    with world.db.reading() as reading:
        return [number for (number,) in reading.rows("SELECT id FROM member ORDER BY id")]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("block", {"why": WHY}),
        ("unblock", {"why": WHY}),
        ("language", {"language": "sw"}),
        ("notes", {"words": "hello there"}),
        ("tags", {"tag": "vip"}),
    ],
)
@pytest.mark.parametrize("role", [Role.VIEWER_PUBLIC, Role.VIEWER_PRIVATE, Role.INVESTOR])
def test_r_b12_who_only_looks_changes_nothing(
    desk: Desk, role: Role, path: str, form: dict[str, str]
) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")

    answer = desk.signed_in(role).post(f"/people/{member}/{path}", **form)

    assert answer.status_code == 403
    assert actions(desk.world, member) == []


@pytest.mark.parametrize(
    "path", ["reveal", "block", "unblock", "language", "notes", "tags", "tags/remove"]
)
def test_a_form_without_its_token_changes_nothing(desk: Desk, path: str) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    here = desk.signed_in(Role.SUPER_ADMIN)

    answer = here.post(f"/people/{member}/{path}", token="", why=WHY, tag="vip", words="hello")

    assert answer.status_code == 400
    assert actions(desk.world, member) == []


def test_r_b03_staff_change_the_language(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    here = desk.signed_in(Role.ENROLLER)

    here.post(f"/people/{member}/language", language="sw")

    assert desk.world.services.members.get(AMINA).language == "sw"
    assert actions(desk.world, member) == [("member.language", "staff", here.user)]


def test_r_b15_notes_and_tags_say_who_and_when(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    here = desk.signed_in(Role.ENROLLER, name="Njeri Kamau")

    here.post(f"/people/{member}/notes", words="Keeps <bees>. PIN 7306?")
    here.post(f"/people/{member}/tags", tag="Market-day")
    here.post(f"/people/{member}/reveal", why="she asked on the phone")
    page = here.get(f"/people/{member}").text
    tagged = here.get("/people", tag="market-day").text
    here.post(f"/people/{member}/tags/remove", tag="market-day")

    assert "Keeps &lt;bees&gt;. PIN ****?" in page
    assert "Njeri Kamau, " in page
    assert f'/people/{member}"' in tagged
    assert f'/people/{member}"' not in here.get("/people", tag="market-day").text
    assert [action for action, *_rest in actions(desk.world, member)] == [
        "member.noted",
        "member.tagged",
        "member.revealed",
        "member.untagged",
    ]


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("notes", {"words": "x"}, "Write a few words"),
        ("tags", {"tag": "UPPER 1"}, "A tag has 2 to 24"),
    ],
)
def test_what_cannot_be_kept_is_said_and_stands_in_the_form(
    desk: Desk, path: str, form: dict[str, str], words: str
) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")

    answer = desk.signed_in(Role.ENROLLER).post(f"/people/{member}/{path}", **form)

    assert answer.status_code == 400
    assert words in answer.text
    assert next(iter(form.values())) in answer.text


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("individual", Role.ENROLLER),
        ("group", Role.ENROLLER),
        ("borrower", Role.ENROLLER),
        ("originator_agent", Role.ADMIN),
        ("token_agent", Role.ADMIN),
    ],
)
def test_r_b03_a_member_of_any_type_is_invited(desk: Desk, kind: str, role: Role) -> None:
    here = desk.signed_in(role)

    answer = here.post(
        "/people/invite", phone="0700 000 009", name="Zawadi Mutua", kind=kind, language="sw"
    )

    assert answer.status_code == 302
    (member,) = _ids(desk.world)
    person = desk.world.services.persons.get(member)
    assert (person.kind, person.status, person.phone) == (kind, "INVITED", ZAWADI)
    assert len(desk.world.sms(ZAWADI)) == 1
    assert actions(desk.world, member) == [("member.invited", "staff", here.user)]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"phone": "07"}, "Type a phone number"),
        ({"name": "7"}, "type your name with letters"),
        ({"phone": "+447712345678"}, "the country is not served"),
        ({"phone": AMINA}, "That cannot be done"),
    ],
)
def test_an_invitation_that_fails_says_why_and_keeps_what_was_typed(
    desk: Desk, typed: dict[str, str], words: str
) -> None:
    desk.world.join(AMINA, "Amina Wanjiru")
    form = {"phone": ZAWADI, "name": "Zawadi Mutua", "kind": "group", "language": "sw", **typed}

    answer = desk.signed_in(Role.ENROLLER).post("/people/invite", **form)

    assert answer.status_code == 400
    assert words in answer.text
    assert f'value="{form["phone"]}"' in answer.text
    assert 'value="group" selected' in answer.text


def test_r_b12_a_name_made_of_markup_stays_words(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    with desk.world.db.work() as work:
        work.run("UPDATE member SET name = %s WHERE id = %s", "<script>alert(1)</script>", member)
    here = desk.signed_in(Role.ADMIN)
    here.post(f"/people/{member}/reveal", why=WHY)

    for page in (here.get(f"/people/{member}").text, here.get("/people", q="<script>").text):
        assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in here.get(f"/people/{member}").text


def test_nobody_there_is_said_so(desk: Desk) -> None:
    here = desk.signed_in(Role.ADMIN)

    assert here.get("/people/404404").status_code == 404
    assert here.get("/people/99999999999999999999").status_code == 404
    assert here.post("/people/404404/notes", words="hello there").status_code == 404


def test_a_tab_that_is_none_is_no_page(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")

    assert desk.signed_in(Role.ADMIN).get(f"/people/{member}", tab="pins").status_code == 404


def test_the_deeds_of_a_member_are_listed_for_auditors(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    desk.world.services.members.rename(AMINA, Name("Amina Otieno"))

    answer = desk.signed_in(Role.ADMIN).get(f"/people/{member}", tab="audit")

    assert "changed a name" in answer.text
    assert "on the phone" in answer.text
    assert "Otieno" not in answer.text


@pytest.mark.parametrize("path", ["/people/{}", "/people/{}?tab=messages", "/people/invite"])
def test_the_page_of_a_member_stands_under_people(desk: Desk, path: str) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")

    page = desk.signed_in(Role.ENROLLER).get(path.format(member)).text

    assert re.findall(r'href="[^"]*(/\w+)" aria-current="page"', page)[0] == "/people"


def test_the_page_of_a_member_leads_to_where_they_are_helped(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    here = desk.signed_in(Role.ENROLLER)

    page = here.get(f"/people/{member}").text
    approvals = here.get("/approvals", member=member).text

    assert f'/approvals?member={member}#number"' in page
    assert '/pins#begin"' in page
    assert re.search(rf'name="member" [^>]*value="{member}"', approvals)
