"""R-B14: what was done is found by who, what, about whom, when and where, and taken out as a file."""

from __future__ import annotations

import ast
import csv
import io
import re
from pathlib import Path

import pytest

import ussd_app
from admin import audit_words
from admin.csv_rows import safe
from tests.admin.desk import Desk
from tests.db.surgery import Surgeon
from tests.people import AMINA, BARAKA, World
from ussd_app.audit.rounds import Rounds
from ussd_app.audit.service import Actor
from ussd_app.office.audit_search import EXPORT_BATCH
from ussd_app.users.permissions import Permission, Role, permissions_of

ACTION = re.compile(r"[a-z]+\.[a-z_]+")


def deeds() -> set[str]:
    """Every action that the code hands to `record` as it stands."""
    found = set[str]()
    for path in Path(ussd_app.__file__ or "").parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("record"):
                words = [one.value for one in call.args if isinstance(one, ast.Constant)]
                found |= {str(word) for word in words if ACTION.fullmatch(str(word))}
    return found


WHY = "the yearly look"


@pytest.fixture
def amina(world: World) -> int:
    member = world.join(AMINA, "Amina Wanjiru")
    world.join(BARAKA, "Baraka Otieno")
    return member


@pytest.fixture
def auditor(desk: Desk, amina: int) -> Desk:
    return desk.signed_in(Role.ADMIN)


def actions(text: str) -> list[str]:
    return re.findall(r"<br><code>([^<]+)</code>", text)


def unlock(world: World, amina: int, user: int) -> None:
    with world.db.work() as work:
        work.run("UPDATE pin SET failures = 1 WHERE member = %s", amina)
    world.services.pins.unlock(amina, by=Actor("staff", user, "web"), why="=she was here")


def test_r_b14_deeds_are_found_by_each_of_their_sides(
    world: World, amina: int, auditor: Desk
) -> None:
    unlock(world, amina, auditor.user)
    today = world.services.local.date(world.clock.now()).isoformat()

    for query in (
        {"actor_kind": "staff", "actor": auditor.user, "action": "pin."},
        {"action": "pin."},
        {"subject_kind": "member", "subject": amina, "action": "pin"},
        {"channel": "web", "action": "pin."},
        {"since": today, "channel": "web", "action": "pin."},
    ):
        page = auditor.get("/audit", **query).text
        assert actions(page) == ["pin.unlocked"], query
        assert "unlocked a PIN" in page
        assert "“=she was here”" in page
        assert "Wambui Njoroge" in page
    assert actions(auditor.get("/audit", until="2020-01-01").text) == []


def test_r_b14_who_and_what_about_are_called_as_people_call_them(
    world: World, amina: int, auditor: Desk
) -> None:
    unlock(world, amina, auditor.user)

    page = auditor.get("/audit", action="pin.").text

    assert f'/staff/{auditor.user}">Wambui Njoroge</a> ({auditor.user})' in page
    assert '<span class="by">on the web</span>' in page
    assert f'/people/{amina}">Member {amina}</a>' in page


def test_r_b14_every_deed_has_its_words() -> None:
    assert deeds() - set(audit_words.ACTIONS) == set()
    assert len(deeds()) > 30


def test_r_b14_what_cannot_be_read_is_not_looked_for(auditor: Desk) -> None:
    page = auditor.get("/audit", actor="x", since="yesterday", subject="9" * 40, before="²")

    assert page.status_code == 200


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30"])
def test_r_b14_days_that_no_calendar_goes_beyond_are_no_error(auditor: Desk, day: str) -> None:
    for side in ("since", "until"):
        assert auditor.get("/audit", **{side: day}).status_code == 200


def test_r_b14_pages_follow_each_other_without_gap(world: World, auditor: Desk) -> None:
    for _ in range(120):
        world.services.members.speak(AMINA, "sw")

    seen, query = [], {"action": "member.language"}
    while True:
        page = auditor.get("/audit", **query).text
        seen += actions(page)
        older = re.search(r'before=(\d+)[^"]*"[^>]*>Older', page)
        if not older:
            break
        query["before"] = older[1]

    assert len(seen) == 120


def test_r_b14_the_page_says_how_far_the_audit_is_whole(
    world: World, desk: Desk, auditor: Desk, surgeon: Surgeon
) -> None:
    before = auditor.get("/audit").text
    world.services.audit_chain.seal()
    rounds = Rounds(world.db, world.clock)
    rounds.turn()
    whole = auditor.get("/audit").text
    surgeon.run("UPDATE audit SET action = 'nothing' WHERE action = 'member.joined'")
    world.clock.advance(hours=2)
    rounds.turn()
    broken = desk.signed_in(Role.SUPER_ADMIN).get("/audit").text

    assert "not verified yet" in before
    assert "Verified on" in whole
    assert '"state bad"' not in whole
    assert "2 rows were not as they were sealed" in broken
    assert broken.count('<span class="state bad">broken</span>') == 3


def test_r_b14_the_export_is_the_filter_and_is_audited(
    world: World, amina: int, auditor: Desk, surgeon: Surgeon
) -> None:
    unlock(world, amina, auditor.user)

    answer = auditor.post("/audit/export", action="pin.", subject=str(amina), why=WHY)
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert [row["action"] for row in rows] == ["pin.unlocked"]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert surgeon.rows("SELECT actor, details FROM audit WHERE action = 'audit.exported'") == [
        (auditor.user, {"asked": f"action=pin. subject={amina}", "why": WHY})
    ]


def test_r_b14_the_export_is_longer_than_a_page(world: World, auditor: Desk) -> None:
    with world.db.work() as work:
        work.run(
            """
            INSERT INTO audit (at, actor_kind, action, subject_kind, channel)
            SELECT now(), 'system', 'test.many', 'test', 'system' FROM generate_series(1, %s)
            """,
            EXPORT_BATCH + 5,
        )

    answer = auditor.post("/audit/export", action="test.many", why=WHY)

    assert len(answer.text.splitlines()) == EXPORT_BATCH + 6


def test_r_b14_the_audit_leaves_for_no_reason_that_is_none(auditor: Desk, surgeon: Surgeon) -> None:
    answer = auditor.post("/audit/export", action="user.", why="")

    assert answer.status_code == 400
    assert "Say why in a few words." in answer.text
    assert 'name="action" value="user."' in answer.text
    assert surgeon.rows("SELECT 1 FROM audit WHERE action = 'audit.exported'") == []


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"])
def test_no_cell_is_a_formula(words: str) -> None:
    assert safe(words) == f"'{words}"


def test_r_b14_the_audit_is_for_who_may_see_it(desk: Desk) -> None:
    for role in Role:
        browser, may = desk.signed_in(role), permissions_of([role])

        assert (browser.get("/audit").status_code == 200) is (Permission.SEE_AUDIT in may)
        answer = browser.post("/audit/export", why=WHY).status_code
        assert (answer == 200) is (Permission.EXPORT in may)
