"""What staff change of a member: where they belong, never over each other; and how somebody leaves."""

from __future__ import annotations

import re

import pytest

from tests.admin.desk import Desk
from tests.people import AMINA, BARAKA, PIN, ZAWADI, Handset
from tests.test_onboarding import code_of
from ussd_app.office import erasure
from ussd_app.users.permissions import Role

WHY = "she asked for it"
PLACE = "Kisimani Kaskazini"


def form(here: Desk, member: int, **changes: str) -> dict[str, str]:
    """The form of the member's page, as this browser sees it now, with what was typed into it."""
    page = here.get(f"/people/{member}").text
    part = page[page.index(f"/people/{member}/change") :].partition("</form>")[0]
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', part))
    for name, options in re.findall(r'<select[^>]*name="(\w+)">(.*?)</select>', part):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    fields.pop("csrf_token", None)
    return {**fields, **changes}


def change(here: Desk, member: int, **changes: str) -> int:
    return here.post(f"/people/{member}/change", **form(here, member, **changes)).status_code


def audited(desk: Desk, action: str) -> list[dict[str, object]]:
    with desk.world.db.reading() as reading:
        rows = reading.rows("SELECT details FROM audit WHERE action = %s ORDER BY id", action)
    return [details for (details,) in rows]


def group(desk: Desk) -> int:
    made = desk.world.join(BARAKA, "Mama Mboga")
    with desk.world.db.work() as work:
        work.run("UPDATE member SET kind = 'group' WHERE id = %s", made)
    return made


@pytest.mark.parametrize(
    "kind", ["individual", "group", "borrower", "originator_agent", "token_agent"]
)
def test_r_b03_whoever_is_created_joins_by_dialling(desk: Desk, kind: str) -> None:
    world, here = desk.world, desk.signed_in(Role.ADMIN)
    chama = 0 if kind == "group" else group(desk)
    sent = here.post(
        "/people/invite",
        phone=ZAWADI,
        name="Zawadi Mutua",
        kind=kind,
        language="en",
        group=str(chama or ""),
        location=PLACE,
        tag="cohort-one",
    )
    zawadi = Handset(world.switchboard(), ZAWADI)

    zawadi.dial()
    told = zawadi.say(code_of(world, ZAWADI), PIN, PIN, "1", "1")

    member = world.services.members.get(ZAWADI)
    person = world.services.persons.get(member.id)
    assert (sent.status_code, told[:3]) == (302, "CON"), told
    assert (person.kind, person.status, person.pin) == (kind, "ACTIVE", "ok")
    assert (person.group, person.location) == (chama or None, PLACE)
    assert world.services.notebook.tags(member.id) == ["cohort-one"]
    assert PLACE not in str(audited(desk, "member.changed"))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"group": "999"}, "There is no group with this id."),
        ({"group": "x"}, "There is no group with this id."),
        ({"location": "call 0712345678"}, "Type a place"),
        ({"tag": "X Y"}, "A tag has 2 to 24 small letters"),
    ],
)
def test_r_b03_who_belongs_nowhere_real_is_not_invited(
    desk: Desk, typed: dict[str, str], words: str
) -> None:
    asked = {"phone": ZAWADI, "name": "Zawadi Mutua", "kind": "individual", "language": "sw"}

    answer = desk.signed_in(Role.ENROLLER).post("/people/invite", **asked, **typed)

    assert (answer.status_code, words in answer.text) == (400, True)
    assert desk.world.sms(ZAWADI) == []
    with desk.world.db.reading() as reading:
        assert reading.rows("SELECT id FROM member") == []


@pytest.mark.parametrize("kind", ["originator_agent", "token_agent"])
def test_r_b03_only_admins_make_agents(desk: Desk, kind: str) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")
    here, there = desk.signed_in(Role.ENROLLER), desk.signed_in(Role.ADMIN)
    asked = {"phone": ZAWADI, "name": "Zawadi Mutua", "kind": kind, "language": "sw"}

    refused = here.post("/people/invite", **asked).status_code
    forbidden = change(here, member, kind=kind, why=WHY)
    made = change(there, member, kind=kind, why=WHY)
    unmade = change(here, member, kind="individual", why=WHY)

    assert (refused, forbidden, made, unmade) == (403, 403, 302, 403)
    assert f'value="{kind}"' not in here.get("/people/invite").text
    assert desk.world.services.persons.get(member).kind == kind
    assert len(desk.world.sms(AMINA)) == 2


def test_r_b03_group_token_and_conversion_are_changed_and_the_place_stays_hidden(
    desk: Desk,
) -> None:
    world, here = desk.world, desk.signed_in(Role.ENROLLER)
    chama, member = group(desk), world.join(AMINA, "Amina Wanjiru")
    here.post(f"/people/{member}/reveal", why=WHY)
    assert change(here, member, location=PLACE, group=str(chama)) == 302
    there = desk.signed_in(Role.ADMIN)

    hidden = there.get(f"/people/{member}").text
    forged = change(there, member, default_token="UMOJA", auto_convert="yes", location="Elsewhere")

    person = world.services.persons.get(member)
    assert forged == 302
    assert (person.group, person.location) == (chama, PLACE)
    assert (person.token, person.auto_convert) == ("UMOJA", True)
    assert PLACE not in hidden
    assert PLACE in here.get(f"/people/{member}").text
    assert f'href="/people/{member}"' in there.get(f"/people/{chama}").text.replace("/admin", "")
    assert audited(desk, "member.changed") == [
        {"fields": "group, location"},
        {"fields": "token, auto_convert"},
    ]


def test_r_b03_two_at_once_do_not_write_over_each_other(desk: Desk) -> None:
    chama, member = group(desk), desk.world.join(AMINA, "Amina Wanjiru")
    here, there = desk.signed_in(Role.ENROLLER), desk.signed_in(Role.ADMIN)
    late = form(there, member, auto_convert="yes")
    assert change(here, member, group=str(chama)) == 302

    answer = there.post(f"/people/{member}/change", **late)

    person = desk.world.services.persons.get(member)
    assert (answer.status_code, person.group, person.auto_convert) == (409, chama, False)
    assert "Somebody else has changed them meanwhile." in answer.text
    assert f'name="group" inputmode="numeric" maxlength="18" value="{chama}"' in answer.text
    assert there.post(f"/people/{member}/change", **form(there, member)).status_code == 302


def test_a_change_of_nothing_is_written_down_nowhere(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")

    assert change(desk.signed_in(Role.ENROLLER), member) == 302

    assert audited(desk, "member.changed") == []


def test_a_group_is_in_no_group_and_stays_one_while_it_has_members(desk: Desk) -> None:
    here, chama = desk.signed_in(Role.ADMIN), group(desk)
    member = desk.world.join(AMINA, "Amina Wanjiru")

    inside = here.post(f"/people/{chama}/change", **form(here, chama), group=str(chama))
    assert change(here, member, group=str(chama)) == 302
    emptied = change(here, chama, kind="individual", why=WHY)
    both = change(here, member, kind="group", why=WHY)
    assert change(here, member, group="") == 302
    alone = change(here, chama, kind="individual", why=WHY)

    assert (inside.status_code, emptied, both, alone) == (400, 409, 400, 302)


def test_r_b04_an_invitation_is_taken_back(desk: Desk) -> None:
    here = desk.signed_in(Role.ADMIN)
    asked = {"phone": ZAWADI, "name": "Zawadi Mutua", "kind": "borrower", "language": "en"}
    here.post("/people/invite", **asked)
    code = code_of(desk.world, ZAWADI)
    with desk.world.db.reading() as reading:
        (member,) = reading.the_row("SELECT id FROM member")

    first = here.post(f"/people/{member}/cancel", why=WHY)
    again = here.post(f"/people/{member}/cancel", why=WHY)

    zawadi = Handset(desk.world.switchboard(), ZAWADI)
    assert (first.status_code, again.status_code) == (302, 302)
    assert desk.world.services.persons.get(member).status == "EXPIRED"
    assert desk.world.sms(ZAWADI) == [
        (
            "Umoja took the invitation back; its code is void. You can join without it, free:"
            " dial *384*96#."
        )
    ]
    assert "Hello" not in zawadi.dial() + zawadi.say(code)
    assert audited(desk, "invitation.cancelled") == [{"why": WHY}]


def test_r_b04_two_of_the_staff_delete_a_member(desk: Desk) -> None:
    world = desk.world
    member = world.join(AMINA, "Amina Wanjiru", tokens=0)
    here, there = desk.signed_in(Role.ADMIN), desk.signed_in(Role.SUPER_ADMIN, name="Njoroge")
    asked = here.post(f"/people/{member}/delete", why=WHY)
    request = world.services.approvals.waiting()[0]
    inbox = there.get("/approvals").text

    there.post(f"/approvals/{request.id}/approve", seen=request.hash)
    page = there.get(f"/people/{member}").text

    assert asked.status_code == 302
    assert f"Delete member {member} with all their data" in inbox
    assert "Former member" in page
    assert f"/people/{member}/change" not in page
    for path in ("reveal", "notes", "change", "delete", "block"):
        assert there.post(f"/people/{member}/{path}", why=WHY, words="a note").status_code in (
            404,
            409,
        )
    assert "Amina" not in page + here.get("/people", status="DELETED").text
    assert world.services.members.find(AMINA) is None


def test_r_b04_what_keeps_somebody_is_said_in_plain_words(desk: Desk) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru", tokens=5)

    answer = desk.signed_in(Role.ADMIN).post(f"/people/{member}/delete", why=WHY)

    assert answer.status_code == 409
    assert str(erasure.MONEY) in answer.text


def test_a_report_keeps_its_member_until_it_is_answered(desk: Desk) -> None:
    world, here = desk.world, desk.signed_in(Role.ADMIN)
    member = world.join(AMINA, "Amina Wanjiru", tokens=0)
    with world.db.work() as work:
        (report,) = work.the_row(
            """
            INSERT INTO complaint (key, member, words, made_at)
            VALUES ('c1', %s, 'they shouted at me', now()) RETURNING id
            """,
            member,
        )

    kept = here.post(f"/people/{member}/delete", why=WHY)
    hidden = here.get(f"/people/{member}").text
    here.post(f"/people/{member}/reveal", why=WHY)
    shown = here.get(f"/people/{member}").text
    here.post(f"/reports/{report}/close", answer="we apologised")

    assert (kept.status_code, str(erasure.COMPLAINED) in kept.text) == (409, True)
    assert "they shouted" not in hidden
    assert "they shouted" in shown
    assert here.post(f"/people/{member}/delete", why=WHY).status_code == 302


def test_r_b02_people_are_found_by_group_and_by_place_as_far_as_one_may(desk: Desk) -> None:
    chama, member = group(desk), desk.world.join(AMINA, "Amina Wanjiru")
    here, there = desk.signed_in(Role.ADMIN), desk.signed_in(Role.VIEWER_PUBLIC)
    here.post(f"/people/{member}/reveal", why=WHY)
    change(here, member, location=PLACE, group=str(chama))

    by_group = here.get("/people", group=str(chama)).text
    by_place = here.get("/people", location="kisimani").text
    nowhere = here.get("/people", location="kaskazini").text
    told = here.post("/people/export", why="a list", location="kisimani").text

    link = f'people/{member}"'
    assert (link in by_group, link in by_place, link in nowhere) == (True, True, False)
    assert told.splitlines()[1].endswith(f",{chama},{PLACE}")
    assert there.get("/people", location="kisimani").status_code == 403
    assert "isimani" not in str(audited(desk, "people.export_begun"))


def test_r_b04_no_name_comes_into_what_is_kept_for_ever(desk: Desk) -> None:
    world, here = desk.world, desk.signed_in(Role.SUPER_ADMIN)
    member = world.join(AMINA, "Amina Wanjirü", tokens=0)
    named = "wanjiru, lost it"
    request = world.services.approvals.ask(
        erasure.KIND, {"member": member}, by=world.services.users.get(here.user).actor, why=WHY
    )

    told = [
        here.post(f"/people/{member}/{path}", why=named, tag="ms-wanjiru")
        for path in ("reveal", "block", "delete", "tags")
    ]
    here.post(f"/approvals/{request}/refuse", why=named)

    words = "Say it without their name: what is written here is kept for ever."
    assert [(one.status_code, words in one.text) for one in told] == [(400, True)] * 4
    with world.db.reading() as reading:
        rows = reading.rows("SELECT details::text FROM audit WHERE details IS NOT NULL")
    assert [details for (details,) in rows if "anjir" in details] == []
