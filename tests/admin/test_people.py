"""The staff's list of people: who may see it, what it hides, and the file of it."""

from __future__ import annotations

import csv
import io
import re

import pytest

from tests.admin.desk import Desk
from tests.people import AMINA, BARAKA, Handset
from ussd_app.users.permissions import Permission, Role, permissions_of

NOBODYS = [role for role in Role if Permission.SEE_PEOPLE not in permissions_of([role])]
SEEING = [role for role in Role if role not in NOBODYS]


def ids(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'class="row-link" href="[^"]*/people/(\d+)"', page)]


@pytest.mark.parametrize("role", SEEING)
def test_r_b02_r_b12_names_and_numbers_are_masked_in_the_list(desk: Desk, role: Role) -> None:
    member = desk.world.join(AMINA, "Amina Wanjiru")

    answer = desk.signed_in(role).get("/people", q="wanjiru")

    assert (answer.status_code, ids(answer.text)) == (200, [member])
    assert "A••• W•••" in answer.text
    assert "Wanjiru" not in answer.text
    assert AMINA[4:] not in answer.text


@pytest.mark.parametrize("role", NOBODYS)
@pytest.mark.parametrize(
    "path",
    ["/people", "/people/{}", "/people/{}?tab=messages", "/people/invite", "/people?q=Canary",
     "/people?kind=x", "/people?after=z", "/people/999999"],
)  # fmt: skip
def test_r_b12_who_sees_no_people_is_told_nothing_of_them(
    desk: Desk, role: Role, path: str
) -> None:
    member = desk.world.join(AMINA, "Zuleikha Canary")

    here = desk.signed_in(role)

    answer = here.get(path.format(member))

    assert answer.status_code == 403
    assert "Canary" not in answer.text + here.get("/").text
    assert AMINA[-8:] not in answer.text + here.get("/").text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"kind": "king"}, "Choose one of the list."),
        ({"status": "active"}, "Choose one of the list."),
        ({"token": "NOSUCH"}, "Choose one of the list."),
        ({"sent_since": "yesterday"}, "Type a day like 2026-11-21."),
        ({"balance_from": "-5"}, "Type an amount like 12.50."),
        ({"tag": "<b>"}, "A tag has 2 to 24 small letters, and hyphens."),
        ({"q": "x" * 61}, "Type fewer letters."),
        ({"order": "sideways"}, "Choose one of the list."),
        ({"color": "red"}, "There is no such filter."),
        ({"after": "1;2"}, "There is no such page of the list."),
    ],
)
def test_r_b02_what_cannot_be_filtered_by_is_said_in_words(
    desk: Desk, query: dict[str, str], words: str
) -> None:
    answer = desk.signed_in(Role.ENROLLER).get("/people", **query)

    assert answer.status_code == 400
    assert words in answer.text


def test_r_b15_the_file_is_exactly_what_is_filtered(desk: Desk) -> None:
    for n in range(12):
        desk.world.join(type(AMINA)(f"+2547000001{n:02}"), "Amina Juma", tier=2 if n % 3 else 1)
    here = desk.signed_in(Role.ADMIN)

    answer = here.post("/people/export", tier="2", sort="id", why="audit of the tier")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.status_code == 200
    assert [int(row["id"]) for row in rows] == ids(here.get("/people", tier="2", sort="id").text)
    assert {(row["name"], row["phone"][:5]) for row in rows} == {("Amina Juma", "'+254")}
    with desk.world.db.reading() as reading:
        begun, ended = reading.rows(
            "SELECT action, actor, details FROM audit WHERE subject_kind = 'people' ORDER BY id"
        )
    assert begun[:2] == ("people.export_begun", here.user)
    assert begun[2] == {
        "why": "audit of the tier", "tier": "2", "sort": "id", "is_search": False,
    }  # fmt: skip
    assert ended[2] == {"count": 8}


def test_r_b15_a_file_needs_a_reason(desk: Desk) -> None:
    desk.world.join(AMINA, "Amina Wanjiru")

    answer = desk.signed_in(Role.ADMIN).post("/people/export", why="")

    assert answer.status_code == 400
    assert "Say why in a few words." in answer.text


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/people", {"tier": "2", "sort": "id"}),
        ("/transactions", {"kind": "grant"}),
        ("/sessions", {"status": "Open"}),
        ("/messages", {"state": "waiting"}),
    ],
)
def test_r_b15_a_file_refused_for_its_reason_is_asked_again_for_the_same_rows(
    desk: Desk, path: str, asked: dict[str, str]
) -> None:
    desk.world.join(AMINA, "Amina Juma", tier=2)
    Handset(desk.world.switchboard(), AMINA).dial()
    desk.world.services.calls.take_in()
    here = desk.signed_in(Role.ADMIN)

    refused = here.post(f"{path}/export", why="", **asked).text

    form = refused.partition(f'action="{path}/export"')[2].partition("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
    hidden.pop("csrf_token")
    assert hidden == asked


def test_r_b15_a_filter_that_cannot_be_read_offers_no_file_of_everybody(desk: Desk) -> None:
    desk.world.join(AMINA, "Amina Juma")

    refused = desk.signed_in(Role.ADMIN).post("/people/export", why="to see", tier="king")

    assert (refused.status_code, "/people/export" in refused.text) == (400, False)


def test_r_b15_a_filter_refused_for_its_name_is_still_the_filter(desk: Desk) -> None:
    desk.world.join(AMINA, "Amina Juma", tier=2)

    refused = desk.signed_in(Role.ENROLLER).post("/people/filters", name="<b>", tier="2").text

    assert '<input type="hidden" name="tier" value="2">' in refused


@pytest.mark.parametrize("role", [Role.ENROLLER, Role.VIEWER_PRIVATE, Role.VIEWER_PUBLIC])
def test_r_b15_who_may_not_export_gets_no_file(desk: Desk, role: Role) -> None:
    assert desk.signed_in(role).post("/people/export", why="to see").status_code == 403


def test_r_b15_a_filter_is_kept_by_name_without_what_was_searched(desk: Desk) -> None:
    desk.world.join(AMINA, "Amina Wanjiru")
    here = desk.signed_in(Role.ENROLLER)

    kept = here.post("/people/filters", name="New <b>ones", q="wanjiru", tier="2")
    kept = here.post("/people/filters", name="New ones", q="wanjiru", tier="2")
    page = here.get("/people").text
    other = desk.signed_in(Role.ADMIN).get("/people").text
    here.post("/people/filters/forget", name="New ones")

    assert kept.status_code == 302
    assert 'href="/people?tier=2">New ones' in page.replace("/admin", "")
    assert "New ones" not in other
    assert "New ones" not in here.get("/people").text.replace("forgotten", "")
    with desk.world.db.reading() as reading:
        assert reading.rows("SELECT 1 FROM saved_filter") == []


def test_r_b02_the_pages_of_a_long_list_are_linked(desk: Desk) -> None:
    with desk.world.db.work() as work:
        work.run(
            """
            INSERT INTO member (id, phone, name, language, status, tier, terms_at, joined_at)
            SELECT nextval('member_id'), '+2547110' || 10000 + n, 'Member ' || chr(65 + n % 26),
                'en', 'ACTIVE', 1, now(), now() FROM generate_series(1, 120) n
            """
        )
    here, path, seen = desk.signed_in(Role.ENROLLER), "/people?tier=1", list[int]()

    while path:
        page = here.get(path).text
        seen += ids(page)
        found = re.search(r'rel="next" href="(?:/admin)?([^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else ""

    assert len(seen) == len(set(seen)) == 120


def test_a_page_of_the_list_is_small(desk: Desk) -> None:
    desk.world.join(BARAKA, "Baraka Otieno")
    with desk.world.db.work() as work:
        work.run(
            """
            INSERT INTO member (id, phone, name, language, status, tier, terms_at, joined_at)
            SELECT nextval('member_id'), '+2547110' || 10000 + n, 'Wilhelmina Wambuiwam',
                'en', 'ACTIVE', 1, now(), now() FROM generate_series(1, 60) n
            """
        )

    answer = desk.signed_in(Role.SUPER_ADMIN).get("/people")

    assert len(answer.data) < 30_000
