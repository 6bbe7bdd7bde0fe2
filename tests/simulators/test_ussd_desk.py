"""The USSD desk, as a phone and an application meet it."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.simulators.desk import AMINA, BARAKA, Desk
from tests.simulators.stub import Reply, eventually

OPERATOR_ERROR = "Connection problem or invalid MMI code."


def test_a_dial_posts_the_documented_form(desk: Desk) -> None:
    desk.dial()

    [request] = desk.app.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert re.fullmatch(r"ATUid_[0-9a-f]{32}", request.form["sessionId"])
    assert request.form | {"sessionId": ""} == {
        "sessionId": "",
        "phoneNumber": AMINA,
        "networkCode": "63902",
        "serviceCode": "*384*96#",
        "text": "",
    }


def test_a_dial_shows_the_first_screen(desk: Desk) -> None:
    shown = desk.dial()

    assert shown["screen"] == "You typed nothing"
    assert shown["ends"] is False
    assert shown["operator_error"] is None


def test_a_session_that_the_application_opened_is_shown_beside_the_phones_own(desk: Desk) -> None:
    own = desk.dial()
    shown = desk.adopt("again_1")
    desk.reply("7")
    desk.reply("1", session_id=own["session_id"])

    assert shown["screen"] == "You typed nothing"
    assert [(form["sessionId"], form["text"]) for form in desk.app.asked("ussd")][1:] == [
        ("again_1", ""),
        ("again_1", "7"),
        (own["session_id"], "1"),
    ]


def test_inputs_are_joined_by_stars(desk: Desk) -> None:
    desk.dial()
    desk.reply("1")
    desk.reply("Jane*Doe")

    assert [form["text"] for form in desk.app.asked("ussd")] == ["", "1", "1*Jane*Doe"]


def test_a_deep_dial_begins_with_its_tail(desk: Desk) -> None:
    desk.dial(code="*384*96*1*0712345678#")
    desk.reply("50")

    assert [form["text"] for form in desk.app.asked("ussd")] == [
        "1*0712345678",
        "1*0712345678*50",
    ]


@pytest.mark.parametrize("code", ["*100#", "*384*961#", "*384*96", "384*96#", "*384*96##", "hello"])
def test_a_strange_code_never_reaches_the_application(desk: Desk, code: str) -> None:
    shown = desk.dial(code=code)

    assert shown["operator_error"] == OPERATOR_ERROR
    assert shown["session_id"] is None
    assert desk.app.requests == []


def test_an_end_ends_the_session(desk: Desk) -> None:
    desk.dial()
    shown = desk.reply("0")

    assert (shown["screen"], shown["ends"], shown["status"]) == ("Bye", True, "Success")
    assert desk.http.post(f"/phones/{AMINA}/reply", json={"text": "1"}).status_code == 409


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply("Hello"), "the answer begins with neither CON nor END"),
        (Reply(" CON Hello"), "the answer begins with neither CON nor END"),
        (Reply("CONHello"), "the answer begins with neither CON nor END"),
        (Reply(""), "the answer begins with neither CON nor END"),
        (Reply("CON Hello", status=201), "HTTP 201 instead of 200"),
        (Reply("CON Hello", status=404), "HTTP 404 instead of 200"),
        (Reply("END Sorry", status=500), "HTTP 500 instead of 200"),
        (Reply("CON Late", seconds=2), "no answer within 1 seconds"),
        (Reply("CON " + "x" * 100_000), "the answer was too large"),
    ],
)
def test_a_bad_answer_fails_the_session(desk: Desk, reply: Reply, why: str) -> None:
    desk.configure(gateway_timeout_seconds=1)
    desk.app.menu = lambda _: reply

    shown = desk.dial()

    assert (shown["operator_error"], shown["screen"]) == (OPERATOR_ERROR, "")
    assert shown["hops"][0]["error"] == why
    [event] = desk.told("events")
    assert (event["status"], event["errorMessage"]) == ("Failed", why)


def test_an_application_that_is_not_there_fails_the_session(desk: Desk) -> None:
    desk.configure(callbacks={"ussd": "http://127.0.0.1:1/ussd"})

    shown = desk.dial()

    assert shown["operator_error"] == OPERATOR_ERROR
    assert shown["hops"][0]["error"] == "could not connect"


def test_the_label_of_a_hop_is_echoed_in_the_next_and_joined_in_the_event(desk: Desk) -> None:
    desk.dial()
    desk.reply("1")
    desk.reply("0")

    labels = [each.headers.get("at-ussd-hop-metadata") for each in desk.app.requests[:3]]
    assert labels == [None, "step0", "step0"]
    [event] = desk.told("events")
    assert event["hopsMetadata"] == "step0|step0|bye"


def test_the_end_is_told_with_every_documented_field(desk: Desk) -> None:
    session_id = desk.dial()["session_id"]
    desk.reply("1")
    desk.reply("0")

    [event] = desk.told("events")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", event.pop("date"))
    assert re.fullmatch(r"KES \d\.\d{4}", event.pop("cost"))
    assert 0 <= int(event.pop("durationInMillis")) < 20_000
    assert event == {
        "sessionId": session_id,
        "serviceCode": "*384*96#",
        "networkCode": "63902",
        "phoneNumber": AMINA,
        "status": "Success",
        "hopsCount": "3",
        "hopsMetadata": "step0|step0|bye",
        "input": "1*0",
        "lastAppResponse": "END Bye",
    }


def test_hanging_up_is_incomplete(desk: Desk) -> None:
    desk.dial()
    shown = desk.hang_up()

    assert (shown["ends"], shown["status"]) == (True, "Incomplete")
    assert [event["status"] for event in desk.told("events")] == ["Incomplete"]


def test_hanging_up_while_an_answer_is_on_its_way_ends_the_session_once(desk: Desk) -> None:
    desk.app.menu = lambda _: Reply("END Done", seconds=0.3)

    with ThreadPoolExecutor() as hands:
        dialled = hands.submit(desk.dial)
        eventually(lambda: desk.app.requests)
        desk.hang_up()
        shown = dialled.result()

    assert shown["status"] == "Incomplete"
    assert len(desk.told("events")) == 1


def test_a_reset_while_an_answer_is_on_its_way_leaves_the_books_empty(desk: Desk) -> None:
    desk.app.menu = lambda _: Reply("END Done", seconds=0.2)

    with ThreadPoolExecutor() as hands:
        dialled = hands.submit(desk.dial)
        eventually(lambda: desk.app.requests)
        desk.http.post("/control/reset")
        dialled.result()

    assert desk.books("events") == []
    assert desk.app.asked("events") == []


def test_a_second_reply_waits_for_the_first(desk: Desk) -> None:
    desk.dial()
    desk.app.menu = lambda _: Reply("CON Slow", seconds=0.3)

    with ThreadPoolExecutor() as hands:
        first = hands.submit(desk.reply, "1")
        eventually(lambda: len(desk.app.requests) == 2)
        second = desk.http.post(f"/phones/{AMINA}/reply", json={"text": "2"})
        first.result()

    assert second.status_code == 409
    assert [form["text"] for form in desk.app.asked("ussd")] == ["", "1"]


def test_a_session_left_alone_runs_out(desk: Desk) -> None:
    desk.configure(session_seconds=0.2)
    desk.dial()

    [event] = desk.told("events")
    assert event["status"] == "Incomplete"
    phone = desk.http.get(f"/phones/{AMINA}").json()
    assert phone["session"]["operator_error"] == "Session timed out."


def test_a_screen_too_long_is_cut_and_written_down(desk: Desk) -> None:
    desk.app.menu = lambda _: Reply("CON " + "x" * 181 + "{y")

    shown = desk.dial()

    assert shown["screen"] == "x" * 181
    [session] = desk.books("sessions")
    assert session["hops"][0]["too_long"] is True
    assert session["hops"][0]["septets"] == 184


def test_a_screen_with_a_letter_no_phone_has_is_cut_sooner_and_written_down(desk: Desk) -> None:
    desk.app.menu = lambda _: Reply("CON " + "ê₮" * 50)

    shown = desk.dial()

    assert len(shown["screen"]) == 80
    assert shown["hops"][0]["outside_gsm"] == "ê₮"


def test_a_second_dial_leaves_the_first_to_run_out(desk: Desk) -> None:
    first = desk.dial()["session_id"]
    second = desk.dial()["session_id"]

    desk.reply("1")
    old = desk.http.post(f"/phones/{AMINA}/reply", json={"text": "1", "session_id": first})

    assert desk.app.asked("ussd")[-1]["sessionId"] == second
    assert old.status_code == 409
    assert [each["status"] for each in desk.books("sessions")] == ["Open", "Open"]


def test_two_sessions_of_one_phone_can_be_kept_alive(desk: Desk) -> None:
    first = desk.dial()["session_id"]
    desk.dial(keep=True)

    desk.reply("1", session_id=first)

    last = desk.app.asked("ussd")[-1]
    assert (last["sessionId"], last["text"]) == (first, "1")


def test_nobody_answers_a_session_of_another_phone(desk: Desk) -> None:
    session_id = desk.dial(AMINA)["session_id"]
    desk.dial(BARAKA)

    body = {"text": "1", "session_id": session_id}
    assert desk.http.post(f"/phones/{BARAKA}/reply", json=body).status_code == 409


def test_phones_do_not_wait_for_one_another(desk: Desk) -> None:
    desk.app.menu = lambda form: Reply(f"END {form['phoneNumber']}", seconds=0.2)
    phones = [f"+2547120010{number:02}" for number in range(20)]

    with ThreadPoolExecutor(20) as hands:
        shown = list(hands.map(desk.dial, phones))

    assert [each["screen"] for each in shown] == phones
    assert len(desk.told("events", 20)) == 20
    assert len({event["sessionId"] for event in desk.app.asked("events")}) == 20


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("dial", {}),
        ("dial", {"code": 5}),
        ("dial", {"code": "*" * 500}),
        ("reply", {"text": "x" * 161}),
        ("reply", {"text": "a\nb"}),
        ("reply", {"text": None}),
        ("sms", {"text": ""}),
        ("sms", {"text": "x" * 1601}),
    ],
)
def test_nonsense_is_refused_in_words(desk: Desk, path: str, body: dict[str, object]) -> None:
    desk.dial()
    answer = desk.http.post(f"/phones/{AMINA}/{path}", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_reply_without_a_session_is_refused(desk: Desk) -> None:
    answer = desk.http.post(f"/phones/{BARAKA}/reply", json={"text": "1"})

    assert answer.status_code == 409
    assert answer.json() == {"error": "no session is open; dial first"}
