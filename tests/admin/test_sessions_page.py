"""USSD sessions in front of the staff: the path for all of them, the screens with a reason."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest

from tests.admin.desk import Desk
from tests.db.test_calls import CALL
from tests.people import AMINA, BARAKA, PIN, ZAWADI, Handset, World
from ussd_app.users.permissions import Role

WHY = "she asked on the phone"


@pytest.fixture
def dialled(desk: Desk) -> Handset:
    """Amina has sent 20 to Baraka, and the network has not told of the end yet."""
    desk.world.join(AMINA, "Amina Wanjiru", tokens=200)
    desk.world.join(BARAKA, "Baraka Otieno", tokens=0)
    amina = Handset(desk.world.switchboard(), AMINA)
    amina.dial()
    amina.say("1", "0700000002", "20", "8642", PIN)
    desk.world.services.calls.take_in()
    return amina


def ended(world: World, handset: Handset, *, failure: str, status: str = "Success") -> None:
    """The network tells of the end."""
    session = world.sealer.name("ended", handset.call).hex()
    told = replace(CALL, session=session, phone=handset.phone, status=status, failure=failure)
    world.services.calls.ended(told)


def newest(world: World) -> int:
    with world.db.reading() as reading:
        (call,) = reading.the_row("SELECT max(id) FROM call")
    assert isinstance(call, int)
    return call


def audited(world: World, kind: str) -> list[str]:
    with world.db.reading() as reading:
        rows = reading.rows(
            "SELECT action FROM audit WHERE subject_kind = %s AND actor_kind = 'staff' ORDER BY id",
            kind,
        )
    return [action for (action,) in rows]


def test_r_b15_a_session_is_listed_with_its_path_and_nobodys_name(
    desk: Desk, dialled: Handset
) -> None:
    shown = desk.signed_in(Role.ENROLLER).get("/sessions").text

    assert "Home.menu › Transfer.recipient › Transfer.how_much › Pin.enter" in shown
    assert "Ended, not told yet" in shown
    for hidden in ("Wanjiru", AMINA, "700000001", "Otieno"):
        assert hidden not in shown


def test_r_b15_a_session_shows_its_exact_screens_after_a_reason_alone(
    desk: Desk, dialled: Handset
) -> None:
    here, call = desk.signed_in(Role.ENROLLER), newest(desk.world)

    before = here.get(f"/sessions/{call}").text
    nothing = here.post(f"/sessions/{call}/reveal", why="ticket 4711")
    here.post(f"/sessions/{call}/reveal", why=WHY)
    shown = here.get(f"/sessions/{call}").text
    desk.world.clock.advance(minutes=15, seconds=1)
    later = here.get(f"/sessions/{call}").text

    for hidden in (before, nothing.text, later):
        assert "Transfer.how_much" in hidden
        assert "How much for" not in hidden
        assert BARAKA not in hidden
        assert "Wanjiru" not in hidden
    assert nothing.status_code == 400
    screens = re.findall(r'<pre class="lcd"[^>]*>([^<]*)</pre>', shown)
    assert len(screens) == 6
    assert screens[2].startswith("How much for Baraka O?\nYour limit: ")
    assert "Wrong PIN. Tries left: 2" in screens[4]
    assert f"<kbd>{BARAKA}</kbd>" in shown
    assert shown.count("typed a secret, which is not kept") == 2
    assert not re.search(rf"(?<!\d)({PIN}|8642)(?!\d)", shown)
    assert audited(desk.world, "member") == ["member.revealed"]


def test_r_b15_showing_the_member_shows_their_sessions(desk: Desk, dialled: Handset) -> None:
    here, call = desk.signed_in(Role.ENROLLER), newest(desk.world)
    member = desk.world.services.members.get(AMINA).id

    here.post(f"/people/{member}/reveal", why=WHY)

    assert "How much for" in here.get(f"/sessions/{call}").text
    assert f'href="/sessions/{call}"' in here.get(f"/people/{member}", tab="calls").text


def test_r_b15_a_strangers_session_is_shown_for_a_reason_too(desk: Desk) -> None:
    zawadi = Handset(desk.world.switchboard(), ZAWADI)
    zawadi.dial()
    desk.world.services.calls.take_in()
    here, call = desk.signed_in(Role.ENROLLER), newest(desk.world)

    hidden = here.get(f"/sessions/{call}").text
    here.post(f"/sessions/{call}/reveal", why=WHY)
    shown = here.get(f"/sessions/{call}").text

    assert ZAWADI not in hidden
    assert "In progress" in hidden
    assert "Karibu" in shown
    assert ZAWADI in shown
    assert audited(desk.world, "call") == ["call.revealed"]


def test_a_session_that_nothing_was_heard_of_for_long_is_not_in_progress(desk: Desk) -> None:
    zawadi = Handset(desk.world.switchboard(), ZAWADI)
    zawadi.dial()
    desk.world.services.calls.take_in()
    desk.world.clock.advance(minutes=4)

    assert "No word of its end" in desk.signed_in(Role.ENROLLER).get("/sessions").text


def test_a_session_whose_screens_never_came_shows_what_is_known(desk: Desk) -> None:
    desk.world.services.calls.ended(CALL)
    here = desk.signed_in(Role.ENROLLER)

    shown = here.get(f"/sessions/{newest(desk.world)}").text

    assert "Its screens never came" in shown
    assert "Home.menu" in shown
    assert here.get("/sessions/999999999999999999999").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"who": "0700000001"}, 1),
        ({"who": "+254700000002"}, 0),
        ({"label": "Transfer.sent"}, 1),
        ({"label": "Help.menu"}, 0),
        ({"status": "Incomplete"}, 1),
        ({"status": "Open"}, 0),
        ({"failed": "yes"}, 1),
        ({"since": "2020-01-01", "until": "2099-01-01"}, 1),
        ({"since": "2099-01-01"}, 0),
        ({"until": "2020-01-01"}, 0),
    ],
)
def test_r_b15_sessions_are_filtered(
    desk: Desk, dialled: Handset, query: dict[str, str], found: int
) -> None:
    ended(desk.world, dialled, status="Incomplete", failure="line dropped")

    shown = desk.signed_in(Role.ENROLLER).get("/sessions", **query).text

    assert shown.count('class="row-link"') == found


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"status": "Odd"},
        {"label": "<script>"},
        {"who": "Amina"},
        {"more": "1"},
        {"after": "1-1"},
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_in_words(
    desk: Desk, query: dict[str, str]
) -> None:
    answer = desk.signed_in(Role.ENROLLER).get("/sessions", **query)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_r_b15_pages_of_sessions_follow_each_other(desk: Desk) -> None:
    for number in range(32):
        desk.world.services.calls.ended(replace(CALL, session=f"s{number}"))
    here = desk.signed_in(Role.ENROLLER)

    first = here.get("/sessions").text
    following = re.search(r'rel="next" href="(/sessions\?[^"]+)"', first)
    assert following
    second = here.get(following[1]).text

    ids = [re.findall(r'row-link" href="/sessions/(\d+)"', text) for text in (first, second)]
    assert [len(each) for each in ids] == [30, 2]
    assert len({*ids[0], *ids[1]}) == 32
    assert AMINA[1:] not in following[1]


def test_r_b15_sessions_leave_as_a_file_with_a_reason(desk: Desk, dialled: Handset) -> None:
    ended(desk.world, dialled, failure="=cmd()")
    here = desk.signed_in(Role.ADMIN)

    refused = here.post("/sessions/export", why="")
    answer = here.post("/sessions/export", why=WHY, status="Success")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert refused.status_code == 400
    assert [row["name"] for row in rows] == ["Amina Wanjiru"]
    assert rows[0]["phone"] == f"'{AMINA}"
    assert rows[0]["failure"] == "'=cmd()"
    assert "How much" not in answer.text
    assert audited(desk.world, "calls") == ["calls.export_begun", "calls.exported"]


@pytest.mark.parametrize("role", [Role.VIEWER_PUBLIC, Role.VIEWER_PRIVATE, Role.INVESTOR])
def test_r_b12_who_only_looks_sees_no_session(desk: Desk, dialled: Handset, role: Role) -> None:
    here, call = desk.signed_in(role), newest(desk.world)

    assert here.get("/sessions").status_code == 403
    assert here.get(f"/sessions/{call}").status_code == 403
    assert here.post(f"/sessions/{call}/reveal", why=WHY).status_code == 403
    assert audited(desk.world, "member") == []


def test_a_members_sessions_stay_theirs_when_the_number_is_anothers(
    desk: Desk, dialled: Handset
) -> None:
    world, here = desk.world, desk.signed_in(Role.ENROLLER)
    amina = world.services.members.get(AMINA).id
    with world.db.work() as work:
        work.run("UPDATE member SET phone = '+254799999999' WHERE id = %s", amina)
    zuri = world.join(AMINA, "Zuri Mwende")

    assert 'class="row-link"' in here.get(f"/people/{amina}", tab="calls").text
    assert 'class="row-link"' not in here.get(f"/people/{zuri}", tab="calls").text
