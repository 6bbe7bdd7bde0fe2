"""SMS in front of the staff: how far each came, what it said for a reason, and sending some more."""

from __future__ import annotations

import csv
import io
import re
import secrets
from typing import LiteralString

import pytest
from werkzeug.test import TestResponse

from tests.admin.desk import Desk
from tests.db.crowd import crowd, raised
from tests.people import AMINA, BARAKA, ZAWADI, World
from ussd_app.audit.service import Actor
from ussd_app.messages.service import Draft
from ussd_app.office.sms_desk import LIMITS
from ussd_app.text import Text
from ussd_app.users.permissions import Role

WHY = "she asked on the phone"
HELLO = "The office is closed tomorrow. Come on Monday."


@pytest.fixture
def amina(desk: Desk) -> int:
    """She has joined, and her welcome has left."""
    member = desk.world.join(AMINA, "Amina Wanjiru")
    desk.world.sms(AMINA)
    return member


def lost(world: World, member: int | None, *, secret: str | None = None, phone: str = AMINA) -> int:
    """An SMS that the company took and could not deliver."""
    text = Text("Habari {code}") if secret else Text("Habari yako")
    key = secrets.token_hex(4)
    with world.db.work() as work:
        world.services.messages.queue(
            work, Draft(key, "receipt", phone, "en", text, {}, member, secret=secret)
        )
    world.run_errands()
    message, provider_id = row(world, "SELECT id, provider_id FROM message WHERE dedupe = %s", key)
    world.services.delivery.report(
        str(provider_id), status="Failed", phone=phone, failure="AbsentSubscriber"
    )
    assert isinstance(message, int)
    return message


def row(world: World, query: LiteralString, *values: object) -> tuple[object, ...]:
    with world.db.reading() as reading:
        return tuple(reading.the_row(query, *values))


def audited(world: World) -> list[str]:
    with world.db.reading() as reading:
        return [
            action
            for (action,) in reading.rows(
                "SELECT action FROM audit WHERE actor_kind = 'staff' ORDER BY id"
            )
            if action != "user.signed_in"
        ]


def write(here: Desk, member: int, words: str = HELLO, key: str = "") -> TestResponse:
    return here.post(f"/messages/to/{member}", words=words, key=key or secrets.token_hex(16))


def test_r_b15_sms_are_listed_with_what_the_company_told_and_nobodys_words(
    desk: Desk, amina: int
) -> None:
    message = lost(desk.world, amina)
    here = desk.signed_in(Role.VIEWER_PRIVATE)

    listed, one = here.get("/messages").text, here.get(f"/messages/{message}").text

    for shown in (listed, one):
        assert "AbsentSubscriber" in shown
        assert "Failed" in shown
        for hidden in ("Habari", AMINA, "700000001", "Wanjiru"):
            assert hidden not in shown
    assert 'class="number">0.80' in listed


def test_r_b15_an_sms_is_shown_for_a_reason_and_its_code_never(desk: Desk, amina: int) -> None:
    message = lost(desk.world, amina, secret="482913")
    here = desk.signed_in(Role.ENROLLER)

    refused = here.post(f"/messages/{message}/reveal", why="ticket 4711")
    here.post(f"/messages/{message}/reveal", why=WHY)
    shown = here.get(f"/messages/{message}").text

    assert refused.status_code == 400
    assert "Habari" not in refused.text
    assert "Habari ******" in shown
    assert AMINA in shown
    assert "482913" not in shown
    assert audited(desk.world) == ["member.revealed"]


def test_r_b15_an_sms_to_no_member_is_shown_for_a_reason_too(desk: Desk) -> None:
    message = lost(desk.world, None, phone=ZAWADI)
    here = desk.signed_in(Role.ENROLLER)

    here.post(f"/messages/{message}/reveal", why=WHY)

    assert ZAWADI in here.get(f"/messages/{message}").text
    assert ZAWADI not in here.get("/messages").text
    assert audited(desk.world) == ["message.revealed"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 2),
        ({"kind": "receipt"}, 1),
        ({"kind": "statement"}, 0),
        ({"state": "failed"}, 1),
        ({"failed": "yes"}, 1),
        ({"who": "0700000001"}, 2),
        ({"who": "+254700000002"}, 0),
        ({"since": "2099-01-01"}, 0),
        ({"until": "2099-01-01"}, 2),
    ],
)
def test_r_b15_sms_are_filtered(desk: Desk, amina: int, query: dict[str, str], found: int) -> None:
    lost(desk.world, amina)

    shown = desk.signed_in(Role.ENROLLER).get("/messages", **query).text

    assert shown.count('class="row-link"') == found


@pytest.mark.parametrize("query", [{"since": "9999-12-31"}, {"state": "odd"}, {"kind": "<b>"}])
def test_a_filter_of_sms_that_cannot_be_read_is_refused(desk: Desk, query: dict[str, str]) -> None:
    assert desk.signed_in(Role.ENROLLER).get("/messages", **query).status_code == 400


def test_r_b15_sms_leave_as_a_file_without_their_words(desk: Desk, amina: int) -> None:
    lost(desk.world, amina)
    here = desk.signed_in(Role.ADMIN)

    answer = here.post("/messages/export", why=WHY, state="failed")

    (cells,) = csv.DictReader(io.StringIO(answer.text))
    assert cells["phone"] == f"'{AMINA}"
    assert cells["reports"].startswith("Failed ")
    assert "Habari" not in answer.text
    assert audited(desk.world) == ["messages.export_begun", "messages.exported"]


# Once more


def test_r_b15_an_sms_that_did_not_arrive_goes_out_again_once(desk: Desk, amina: int) -> None:
    message = lost(desk.world, amina)
    desk.world.sms(AMINA)
    here = desk.signed_in(Role.ENROLLER)

    first = here.post(f"/messages/{message}/again")
    second = here.post(f"/messages/{message}/again")

    assert first.location == second.location != f"/messages/{message}"
    assert desk.world.sms(AMINA) == ["Habari yako"]
    assert "Sent again as" in here.get(f"/messages/{message}").text
    assert audited(desk.world) == ["sms.repeated"]
    assert row(desk.world, "SELECT kind, author FROM message WHERE again_of = %s", message) == (
        "receipt",
        here.user,
    )


def test_r_b15_twenty_who_repeat_one_sms_repeat_it_once(desk: Desk, amina: int) -> None:
    message = lost(desk.world, amina)
    by = Actor("staff", desk.signed_in(Role.ENROLLER).user, "web")

    told = crowd(20, lambda _: desk.world.services.sms_desk.again(message, by=by))

    assert raised(told) == []
    assert row(desk.world, "SELECT count(*) FROM message WHERE again_of = %s", message) == (1,)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("code", "Codes are never sent twice"),
        ("delivered", "It is not lost"),
        ("old", "Its time is over"),
        ("opted out", "They want no SMS"),
        ("moved", "not theirs now"),
        ("nobody", "not a member"),
    ],
)
def test_r_b15_what_must_not_be_sent_again_is_not(
    desk: Desk, amina: int, case: str, words: str
) -> None:
    world, here = desk.world, desk.signed_in(Role.ENROLLER)
    whose = None if case == "nobody" else amina
    message = lost(world, whose, secret="482913" if case == "code" else None)
    with world.db.work() as work:
        if case == "delivered":
            work.run("UPDATE message SET state = 'delivered' WHERE id = %s", message)
        if case == "moved":
            work.run("UPDATE member SET phone = '+254711111111' WHERE id = %s", amina)
    if case == "old":
        world.clock.advance(hours=25)
        here = desk.signed_in(Role.ENROLLER, email="later@example.org")
    if case == "opted out":
        world.services.messages.opt_out(AMINA)

    here.post(f"/messages/{message}/again")

    assert words in here.get(f"/messages/{message}").text
    assert row(world, "SELECT count(*) FROM message WHERE again_of IS NOT NULL") == (0,)
    assert audited(world) == []


def test_r_b15_a_member_gets_so_many_repetitions_a_day(desk: Desk, amina: int) -> None:
    here = desk.signed_in(Role.ENROLLER)
    for _ in range(LIMITS.repeated):
        here.post(f"/messages/{lost(desk.world, amina)}/again")
    one_more = lost(desk.world, amina)

    here.post(f"/messages/{one_more}/again")

    assert "enough for a day" in here.get(f"/messages/{one_more}").text
    assert row(desk.world, "SELECT count(*) FROM message WHERE again_of IS NOT NULL") == (
        LIMITS.repeated,
    )


# Words of one's own


def test_r_b15_staff_write_to_one_member_once_however_often_they_press(
    desk: Desk, amina: int
) -> None:
    here, key = desk.signed_in(Role.ENROLLER), secrets.token_hex(16)

    answers = [write(here, amina, key=key) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [302] * 3
    assert desk.world.sms(AMINA) == [f"Umoja: {HELLO}"]
    assert audited(desk.world) == ["sms.written"]
    (details,) = row(desk.world, "SELECT details::text FROM audit WHERE action = 'sms.written'")
    assert "office" not in str(details)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "Write a few words"),
        ("Your PIN is 7306", "Never write a PIN or a code"),
        ("Your code: 482913", "Never write a PIN or a code"),
        ("Karibu “sana” 你", "Write these in another way. “ ” 你"),
        ("a" * 300, "longer than two SMS"),
    ],
)
def test_r_b15_words_that_cannot_be_sent_are_refused_and_kept_in_the_form(
    desk: Desk, amina: int, words: str, said: str
) -> None:
    answer = write(desk.signed_in(Role.ENROLLER), amina, words)

    assert answer.status_code == 400
    assert said in answer.text
    assert f"{words}</textarea>" in answer.text
    assert desk.world.sms(AMINA) == []


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("a" * 153, "160 of 160 letters, with our name before them · one SMS"),
        ("a" * 154, "161 of 306 letters, with our name before them · two SMS"),
        ("€" * 10, "27 of 160 letters"),
        ("a" * 300, "too long: at most two SMS"),
    ],
)
def test_r_b15_the_length_is_told_before_it_is_sent(
    desk: Desk, amina: int, words: str, size: str
) -> None:
    here = desk.signed_in(Role.ENROLLER)

    assert size in here.post("/messages/count", words=words).text
    assert size in here.post(f"/messages/to/{amina}", words=words, count="1").text
    assert desk.world.sms(AMINA) == []


def test_two_parts_count_twice_until_their_cost_is_told(desk: Desk, amina: int) -> None:
    desk.world.company.fault({"name": "sms.reset_after"})
    before = row(desk.world, "SELECT cost FROM sms_spend")[0]

    write(desk.signed_in(Role.ENROLLER), amina, "a" * 200)
    desk.world.run_errands()

    after = row(desk.world, "SELECT cost FROM sms_spend")[0]
    desk.world.company.fault()
    assert isinstance(before, int)
    assert after == before + 2 * desk.world.settings.sms_price


def test_r_b15_nobody_is_written_to_too_often_or_against_their_will(desk: Desk, amina: int) -> None:
    here = desk.signed_in(Role.ENROLLER)
    for _ in range(LIMITS.written):
        assert write(here, amina).status_code == 302
    too_often = write(here, amina)
    baraka = desk.world.join(BARAKA, "Baraka Otieno")
    desk.world.services.messages.opt_out(BARAKA)
    unwanted = write(here, baraka)

    assert (too_often.status_code, unwanted.status_code) == (409, 409)
    assert "enough for a day" in too_often.text
    assert "They want no SMS" in unwanted.text
    assert len(desk.world.sms(AMINA)) == LIMITS.written


def test_who_is_blocked_is_written_to_by_nobody(desk: Desk, amina: int) -> None:
    with desk.world.db.work() as work:
        work.run("UPDATE member SET status = 'BLOCKED' WHERE id = %s", amina)

    answer = write(desk.signed_in(Role.ENROLLER), amina)

    assert "They are not active" in answer.text


def test_one_user_sends_so_many_a_day(desk: Desk, amina: int) -> None:
    here = desk.signed_in(Role.ENROLLER)
    with desk.world.db.work() as work:
        work.run(
            """
            INSERT INTO message (dedupe, kind, phone, body, state, made_at, valid_until, author)
            SELECT 'x' || n, 'staff', '+254700000002', '-', 'sent', %s, %s, %s
            FROM generate_series(1, %s) n
            """,
            desk.world.clock.now(),
            desk.world.clock.now(),
            here.user,
            LIMITS.by_user,
        )

    assert "You have sent 200 SMS today" in write(here, amina).text


@pytest.mark.parametrize("role", [Role.VIEWER_PRIVATE, Role.VIEWER_PUBLIC, Role.INVESTOR])
def test_r_b12_who_only_looks_sends_nothing(desk: Desk, amina: int, role: Role) -> None:
    message, here = lost(desk.world, amina), desk.signed_in(role)

    assert here.post(f"/messages/{message}/again").status_code == 403
    assert write(here, amina).status_code == 403


def test_words_of_a_form_are_shown_as_letters(desk: Desk, amina: int) -> None:
    answer = write(desk.signed_in(Role.ENROLLER), amina, "</textarea><script>x</script>7306")

    assert "<script>x" not in answer.text
    assert re.search(r"&lt;/textarea&gt;&lt;script&gt;", answer.text)
