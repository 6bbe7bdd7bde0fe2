"""The company's other callbacks: each is written down once, and answered so that it is not repeated."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.dialog.evidence import changed, everything, tables
from tests.people import AMINA, BARAKA, PIN, World
from tests.web.client import SECRET, Client, client_of
from ussd_app import bootstrap
from ussd_app.db import Database
from ussd_app.db.models import Errand
from ussd_app.messages.service import Draft
from ussd_app.text import Text
from ussd_app.web.callbacks import TEXT_MOST
from ussd_app.web.metrics import CALLBACKS

KINDS = ["events", "delivery", "inbound", "optout", "sim-swap"]

EVENT = {
    "date": "2026-11-21 10:00:00",
    "sessionId": "ATUid_event_1",
    "serviceCode": "*384*96#",
    "networkCode": "63902",
    "phoneNumber": "+254700000001",
    "status": "Incomplete",
    "cost": "KES 0.5000",
    "durationInMillis": "21345",
    "hopsCount": "5",
    "hopsMetadata": "Home.menu|Transfer.recipient",
    "input": "1*0700000002*20*7306",
    "lastAppResponse": "CON Send 20 UMOJA to Baraka O",
    "errorMessage": "",
}
REPORT = {
    "id": "ATPid_report_1",
    "status": "Success",
    "phoneNumber": "+254700000001",
    "networkCode": "63902",
    "retryCount": "0",
}
INBOUND = {
    "date": "2026-11-21 10:00:00",
    "from": "+254700000001",
    "id": "inbound_1",
    "text": "Habari",
    "to": "20880",
    "networkCode": "63902",
}
OPTOUT = {"senderId": "UMOJA", "phoneNumber": "+254700000001"}
SIM_SWAP = {"status": "Swapped", "lastSimSwapDate": "01-01-1900", "requestId": "ATSwpid_nobody"}
FORMS = dict(zip(KINDS, [EVENT, REPORT, INBOUND, OPTOUT, SIM_SWAP], strict=True))


def path(kind: str, secret: str = SECRET) -> str:
    return f"/callbacks/{secret}/{kind}"


def count_of(kind: str) -> float:
    value: float = CALLBACKS.labels(kind)._value.get()
    return value


def rows(world: World, query: str) -> list[tuple[object, ...]]:
    with world.db.reading() as reading:
        return list(reading.rows(query))


# All of them


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_is_answered_that_it_need_not_come_again(kind: str, client: Client) -> None:
    answer = client.post(path(kind), {**FORMS[kind], "id": f"all-{kind}"})

    assert (answer.status, answer.body) == (200, b"OK")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_that_comes_again_changes_nothing(
    kind: str, client: Client, town: World
) -> None:
    form = {**FORMS[kind], "id": f"again-{kind}", "sessionId": "again"}
    client.post(path(kind), form)
    before = tables(town)

    answers = [client.post(path(kind), form) for _ in range(3)]

    assert {answer.status for answer in answers} == {200}
    assert changed(before, tables(town)) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_is_counted(kind: str, client: Client) -> None:
    before = count_of(kind)

    client.post(path(kind), {**FORMS[kind], "id": f"counted-{kind}"})

    assert count_of(kind) == before + 1


MALFORMED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "application/x-www-form-urlencoded"),
    ("no form", b"hello", "application/x-www-form-urlencoded"),
    ("JSON", b'{"id": "1"}', "application/json"),
    ("invalid UTF-8", b"\xff\xfe=\x80", "application/x-www-form-urlencoded"),
    ("the wrong kind", b"id=1&status=Success&phoneNumber=%2B254700000001", "text/plain"),
    (
        "a phone that is none",
        b"id=m1&sessionId=m1&status=Success&phoneNumber=Safaricom&from=Safaricom",
        "application/x-www-form-urlencoded",
    ),
]


@pytest.mark.parametrize(
    ("body", "content_type"), [pytest.param(b, t, id=name) for name, b, t in MALFORMED]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_nobody_can_read_is_answered_and_counted(
    kind: str, body: bytes, content_type: str, client: Client, town: World
) -> None:
    before, unreadable = tables(town), count_of(f"{kind}-unreadable")

    answer = client.request("POST", path(kind), body, content_type=content_type)

    assert answer.status == 200
    assert count_of(f"{kind}-unreadable") == unreadable + 1
    assert changed(before, tables(town)) == set()


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("events", "status"),
        ("events", "networkCode"),
        ("events", "hopsMetadata"),
        ("events", "errorMessage"),
        ("delivery", "id"),
        ("delivery", "status"),
        ("delivery", "failureReason"),
        ("inbound", "id"),
        ("inbound", "text"),
        ("sim-swap", "requestId"),
        ("sim-swap", "status"),
        ("sim-swap", "lastSimSwapDate"),
    ],
)
def test_a_zero_byte_in_a_callback_is_no_reason_to_send_it_again(
    kind: str, field: str, client: Client
) -> None:
    """PostgreSQL keeps no such text; a company that hears 500 repeats it for hours."""
    form = {**FORMS[kind], "id": f"zero-{field}", "sessionId": f"zero-{field}"}

    answer = client.post(path(kind), {**form, field: "a\x00b"})

    assert answer.status == 200


def test_what_stands_around_a_zero_byte_is_kept(client: Client, town: World) -> None:
    client.post(path("inbound"), {**INBOUND, "id": "zero", "text": "ST\x00OP"})

    assert rows(town, "SELECT body FROM inbound_message WHERE provider_id = 'zero'") == [("STOP",)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_with_more_than_it_may_hold_is_refused(
    kind: str, client: Client, town: World
) -> None:
    before = tables(town)

    answer = client.post(path(kind), {**FORMS[kind], "id": "huge", "text": "x" * 1_000_000})

    assert answer.status == 413
    assert answer.body == b"413 Request Entity Too Large\n"
    assert changed(before, tables(town)) == set()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secret", ["wrong", SECRET[:-1], f"{SECRET}x", SECRET.upper(), "x" * 2000])
def test_a_callback_with_a_wrong_secret_is_a_404_like_any(
    secret: str, kind: str, client: Client, town: World
) -> None:
    nowhere, before = client.post("/there/is/nothing", FORMS[kind]), tables(town)

    answer = client.post(path(kind, secret), FORMS[kind])

    assert answer == nowhere
    assert changed(before, tables(town)) == set()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_another_method_tells_nobody_that_there_is_something(
    method: str, kind: str, client: Client
) -> None:
    nowhere = client.request(method, "/there/is/nothing")

    assert client.request(method, path(kind)) == nowhere
    assert client.request(method, path(kind, "wrong")) == nowhere


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_from_somewhere_else_is_a_404_like_any(kind: str, client: Client) -> None:
    nowhere = client.post("/there/is/nothing", FORMS[kind])

    assert client.post(path(kind), FORMS[kind], source="203.0.113.9") == nowhere


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_that_could_not_be_written_down_is_asked_for_again(
    kind: str, town: World
) -> None:
    nowhere = Database("postgresql://u@/x?host=/nonexistent", name="test")
    away = bootstrap.services_of(
        town.settings,
        db=nowhere,
        clock=town.clock,
        sms=bootstrap.sms_of(town.settings),
        lines=town.lines,
        slots=1,
    )
    client = client_of(replace(town, services=away))

    answer = client.post(path(kind), {**FORMS[kind], "id": "away"})

    assert (answer.status, answer.body) == (503, b"503 Service Unavailable\n")


# Ends of sessions


def test_the_end_of_a_session_is_written_down(client: Client, town: World) -> None:
    client.post(path("events"), {**EVENT, "sessionId": "written"})

    assert rows(
        town,
        "SELECT phone, service_code, network, status, path, hops, milliseconds, cost, failure"
        " FROM call ORDER BY id DESC LIMIT 1",
    ) == [
        ("+254700000001", "*384*96#", "63902", "Incomplete", "Home.menu|Transfer.recipient", 5, 21345, 50, None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("Incomplete", "CON Your last payment: 0.05 UMOJA went to Baraka O"),
        ("Failed", "CON Your last payment: 0.05 UMOJA went to Baraka O"),
        ("Success", "CON Umoja\nHello Amina!"),
    ],
)
def test_r_a15_a_payment_whose_end_was_not_seen_is_told_at_the_next_dial(
    status: str, told: str, client: Client, town: World
) -> None:
    town.clock.advance(minutes=5)  # nothing was sent lately that would be asked about first
    client.hop("1*0700000002*0.05", sessionId="paying")
    assert client.hop(f"1*0700000002*0.05*{PIN}", sessionId="paying").text.startswith("END Sent")

    for _time in range(2):
        client.post(path("events"), {**EVENT, "sessionId": "paying", "status": status})

    assert client.hop(sessionId="the next").text.startswith(told)


def test_r_a03_what_was_typed_and_shown_in_a_session_is_found_nowhere(
    client: Client, town: World
) -> None:
    client.post(
        path("events"),
        {
            **EVENT,
            "sessionId": "ATUid_secret_session",
            "input": "1*0700000002*20*9172*Nobody shall read this",
            "lastAppResponse": "END Sent 20 UMOJA to Somebody Else",
        },
    )

    found = everything(town)

    for secret in ("9172", "Nobody shall read this", "Somebody Else", "ATUid_secret_session"):
        # A digest or a fraction of a second may hold any four digits.
        assert not re.search(rf"(?<![\w.]){secret}(?!\w)", found)


@pytest.mark.parametrize(
    ("field", "told", "kept"),
    [
        ("cost", "KES 0.8", ("cost", 80)),
        ("cost", "0.8050", ("cost", 80)),
        ("cost", "KES 12", ("cost", 1200)),
        ("cost", "None", ("cost", 0)),
        ("cost", "", ("cost", 0)),
        ("cost", "KES -1", ("cost", 0)),
        ("cost", "KES 99999999999999", ("cost", 0)),
        ("hopsCount", "-1", ("hops", 0)),
        ("hopsCount", "many", ("hops", 0)),
        ("hopsCount", "9" * 30, ("hops", 0)),
        ("durationInMillis", "", ("milliseconds", 0)),
        ("durationInMillis", "1.5", ("milliseconds", 0)),
        ("errorMessage", "Gateway timeout", ("failure", "Gateway timeout")),
        ("hopsMetadata", "x" * 5000, ("path", "x" * TEXT_MOST)),
    ],
)
def test_numbers_that_are_none_are_no_reason_to_lose_an_event(
    field: str, told: str, kept: tuple[str, object], client: Client, town: World
) -> None:
    client.post(path("events"), {**EVENT, "sessionId": f"{field}-{told[:20]}", field: told})

    column, value = kept
    assert rows(town, f"SELECT {column} FROM call ORDER BY id DESC LIMIT 1") == [(value,)]


# Delivery reports


def sent_message(world: World, provider_id: str) -> None:
    """An SMS that the company took, under its id."""
    with world.db.work() as work:
        world.services.messages.queue(
            work,
            Draft(key=provider_id, kind="test", phone=BARAKA, language="en", text=Text("Hello.")),
        )
        work.run(
            "UPDATE message SET state = 'sent', provider_id = %s WHERE dedupe = %s",
            provider_id,
            provider_id,
        )
        work.run("DELETE FROM errand")


def state_of(world: World, provider_id: str) -> tuple[object, ...]:
    with world.db.reading() as reading:
        return reading.the_row(
            "SELECT state, failure FROM message WHERE provider_id = %s", provider_id
        )


@pytest.mark.parametrize(
    ("status", "failure", "state"),
    [
        ("Success", "", ("delivered", None)),
        ("Failed", "UserIsInactive", ("failed", "UserIsInactive")),
        ("Rejected", "UserInBlackList", ("failed", "UserInBlackList")),
        ("Sent", "", ("sent", None)),
        ("Buffered", "", ("sent", None)),
        ("SomethingNew", "", ("sent", None)),
    ],
)
def test_a_delivery_report_is_heeded(
    status: str, failure: str, state: tuple[str, str | None], client: Client, town: World
) -> None:
    sent_message(town, f"ATPid_{status}")

    client.post(
        path("delivery"),
        {**REPORT, "id": f"ATPid_{status}", "phoneNumber": BARAKA, "status": status, "failureReason": failure},
    )  # fmt: skip

    assert state_of(town, f"ATPid_{status}") == state


def test_a_final_report_stays_final_whatever_comes_late(client: Client, town: World) -> None:
    sent_message(town, "ATPid_late")

    for status in ("Success", "Buffered", "Failed", "Sent"):
        client.post(
            path("delivery"),
            {**REPORT, "id": "ATPid_late", "phoneNumber": BARAKA, "status": status},
        )

    assert state_of(town, "ATPid_late") == ("delivered", None)


def test_a_report_of_an_unknown_id_is_answered_like_any(client: Client) -> None:
    answer = client.post(path("delivery"), {**REPORT, "id": "ATPid_nobody_knows"})

    assert (answer.status, answer.body) == (200, b"OK")


# What people send


def opted_out(world: World) -> bool:
    return bool(rows(world, f"SELECT 1 FROM opt_out WHERE phone = '{AMINA}'"))


@pytest.mark.parametrize("word", ["STOP", "stop", " Stop ", "ACHA", "acha", "KOMESHA"])
def test_stop_is_heeded_in_every_language(word: str, client: Client, town: World) -> None:
    client.post(path("inbound"), {**INBOUND, "id": "to-start", "text": "START"})

    client.post(path("inbound"), {**INBOUND, "id": f"stop-{word}", "text": word})

    assert opted_out(town)


@pytest.mark.parametrize("word", ["START", "start", "ANZA"])
def test_start_takes_stop_back(word: str, client: Client, town: World) -> None:
    client.post(path("optout"), OPTOUT)

    client.post(path("inbound"), {**INBOUND, "id": f"start-{word}", "text": word})

    assert not opted_out(town)


@pytest.mark.parametrize("text", ["STOP it", "Please stop", "Habari", "", "STOPPED"])
def test_other_words_change_nothing(text: str, client: Client, town: World) -> None:
    client.post(path("inbound"), {**INBOUND, "id": f"reset-{text}", "text": "ANZA"})

    client.post(path("inbound"), {**INBOUND, "id": f"other-{text}", "text": text})

    assert not opted_out(town)


def test_an_old_stop_that_is_repeated_does_not_undo_a_later_start(
    client: Client, town: World
) -> None:
    stop, start = {**INBOUND, "id": "s1", "text": "STOP"}, {**INBOUND, "id": "s2", "text": "START"}
    client.post(path("inbound"), stop)
    client.post(path("inbound"), start)

    client.post(path("inbound"), stop)

    assert not opted_out(town)


def test_what_people_send_is_kept_once(client: Client, town: World) -> None:
    form = {**INBOUND, "id": "kept-once", "text": "Pesa yangu iko wapi? 😀"}

    client.post(path("inbound"), form)
    client.post(path("inbound"), form)

    assert rows(
        town, "SELECT phone, body FROM inbound_message WHERE provider_id = 'kept-once'"
    ) == [("+254700000001", "Pesa yangu iko wapi? 😀")]


def test_a_long_message_is_cut_to_what_is_kept(client: Client, town: World) -> None:
    client.post(path("inbound"), {**INBOUND, "id": "long", "text": "x" * 5000})

    assert rows(town, "SELECT length(body) FROM inbound_message WHERE provider_id = 'long'") == [
        (TEXT_MOST,)
    ]


def test_opting_out_through_the_company_counts(client: Client, town: World) -> None:
    client.post(path("inbound"), {**INBOUND, "id": "back-in", "text": "START"})

    client.post(path("optout"), OPTOUT)

    assert opted_out(town)


def test_whoever_opted_out_gets_no_sms(client: Client, town: World) -> None:
    client.post(path("optout"), OPTOUT)
    with town.db.work() as work:
        town.services.messages.queue(
            work,
            Draft(key="unwanted", kind="test", phone=AMINA, language="en", text=Text("Hello.")),
        )

    town.run_errands()

    assert rows(town, "SELECT state FROM message WHERE dedupe = 'unwanted'") == [("suppressed",)]
    assert rows(town, f"SELECT count(*) FROM {Errand.__tablename__}") == [(0,)]
