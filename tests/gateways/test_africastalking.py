"""Africa's Talking: what each of its answers means, and that no answer is taken for another."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.gateways.company import Answer, Company, answering
from tests.people import AMINA, AT_API_KEY, AT_USERNAME, Company as Simulated
from ussd_app.errors import GatewayError, Rejected, Unclear, Unreachable
from ussd_app.gateways.africastalking import Accepted, AfricasTalkingSms, hundredths

TEXT = "Hello from Umoja"


def told(*recipients: dict[str, Any], message: str = "Sent to 1/1 Total Cost: KES 0.8000") -> str:
    return json.dumps({"SMSMessageData": {"Message": message, "Recipients": list(recipients)}})


def recipient(code: int = 101, **others: Any) -> dict[str, Any]:
    return {
        "statusCode": code,
        "number": AMINA,
        "status": "Success",
        "cost": "KES 0.8000",
        "messageId": "ATPid_1",
        **others,
    }


@pytest.fixture(scope="module")
def answering_company() -> Iterator[Company]:
    with answering() as company:
        yield company


@pytest.fixture
def company(answering_company: Company) -> Company:
    answering_company.requests.clear()
    answering_company.answer = Answer(body=told(recipient()))
    return answering_company


@pytest.fixture
def sms(company: Company) -> AfricasTalkingSms:
    return AfricasTalkingSms(company.address, AT_USERNAME, AT_API_KEY)


def test_a_request_is_what_the_company_documents(company: Company, sms: AfricasTalkingSms) -> None:
    sms.send(AMINA, TEXT)

    (request,) = company.requests
    assert (request.method, request.path) == ("POST", "/version1/messaging")
    assert request.form == {
        "username": AT_USERNAME,
        "to": AMINA,
        "message": TEXT,
        "bulkSMSMode": "1",
    }
    assert request.headers["apiKey"] == AT_API_KEY
    assert request.headers["Accept"] == "application/json"


def test_a_sender_name_is_told_if_there_is_one(company: Company) -> None:
    AfricasTalkingSms(company.address, AT_USERNAME, AT_API_KEY, "UMOJA").send(AMINA, TEXT)

    assert company.requests[0].form["from"] == "UMOJA"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "text/html", "application/JSON", ""],
)
@pytest.mark.parametrize("status", [200, 201])
def test_an_sms_that_was_taken_is_accepted_whatever_the_answer_is_called(
    company: Company, sms: AfricasTalkingSms, status: int, content_type: str
) -> None:
    company.answer = Answer(status, told(recipient()), content_type)

    assert sms.send(AMINA, TEXT) == Accepted("ATPid_1", 80)


@pytest.mark.parametrize("code", [100, 101, 102, "101"])
def test_a_recipient_that_was_taken_is_accepted(
    company: Company, sms: AfricasTalkingSms, code: int
) -> None:
    company.answer = Answer(body=told(recipient(code)))

    assert sms.send(AMINA, TEXT).provider_id == "ATPid_1"


@pytest.mark.parametrize("message_id", ["None", "", " ", None])
@pytest.mark.parametrize("code", [100, 101, 102])
def test_a_recipient_that_was_taken_without_an_id_is_unclear(
    company: Company, sms: AfricasTalkingSms, code: int, message_id: str | None
) -> None:
    company.answer = Answer(body=told(recipient(code, messageId=message_id)))

    with pytest.raises(Unclear, match=f"^{code} without an id$"):
        sms.send(AMINA, TEXT)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (401, Rejected),
        (402, Rejected),
        (403, Rejected),
        (404, Rejected),
        (405, Unreachable),
        (406, Rejected),
        (407, Unreachable),
        (409, Rejected),
        (500, Unreachable),
        (501, Unreachable),
        (502, Unreachable),
        (0, Rejected),
        (999, Rejected),
    ],
)
def test_a_recipient_that_was_not_taken_is_judged_by_its_code(
    company: Company, sms: AfricasTalkingSms, code: int, error: type[GatewayError]
) -> None:
    company.answer = Answer(body=told(recipient(code, status="No", messageId="None", cost="0")))

    with pytest.raises(error, match=f"^{code} No$"):
        sms.send(AMINA, TEXT)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, Rejected),
        (403, Rejected),
        (404, Rejected),
        (429, Unreachable),
        (500, Unclear),
        (502, Unclear),
        (503, Unclear),
        (504, Unclear),
        (304, Rejected),
    ],
)
@pytest.mark.parametrize("body", ["", "Something went wrong", told(recipient())])
def test_an_answer_is_judged_by_its_status(
    company: Company, sms: AfricasTalkingSms, status: int, error: type[GatewayError], body: str
) -> None:
    company.answer = Answer(status, body, "text/plain")

    with pytest.raises(error):
        sms.send(AMINA, TEXT)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_sent_elsewhere_with_the_key(
    company: Company, sms: AfricasTalkingSms, status: int
) -> None:
    company.answer = Answer(status, headers={"Location": f"{company.address}/elsewhere"})

    with pytest.raises(GatewayError):
        sms.send(AMINA, TEXT)

    assert [request.path for request in company.requests] == ["/version1/messaging"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        '"Sent"',
        "17",
        "<html>busy</html>",
        '{"SMSMessageData": null}',
        '{"SMSMessageData": []}',
        '{"SMSMessageData": {}}',
        '{"SMSMessageData": {"Recipients": 1}}',
        '{"SMSMessageData": {"Recipients": {"a": 1}}}',
        '{"SMSMessageData": {"Recipients": [null]}}',
        '{"SMSMessageData": {"Recipients": ["+254700000001"]}}',
        '{"SMSMessageData": {"Recipients": [{}]}}',
        '{"SMSMessageData": {"Recipients": [{"statusCode": null}]}}',
        '{"SMSMessageData": {"Recipients": [{"statusCode": "Success"}]}}',
        '{"SMSMessageData": {"Recipients": [{"statusCode": 101}]}}',
        told(recipient())[:-1],
        "\ufeff" + told(recipient()),
        "<?xml version='1.0'?><AfricasTalkingResponse/>",
    ],
)
def test_an_answer_of_another_shape_is_unclear(
    company: Company, sms: AfricasTalkingSms, body: str
) -> None:
    company.answer = Answer(201, body)

    with pytest.raises(Unclear):
        sms.send(AMINA, TEXT)


@pytest.mark.parametrize("recipients", [[], None])
def test_an_answer_without_recipients_says_why(
    company: Company, sms: AfricasTalkingSms, recipients: list[Any] | None
) -> None:
    data = {"Message": "InvalidSenderId", "Recipients": recipients}
    company.answer = Answer(201, json.dumps({"SMSMessageData": data}))

    with pytest.raises(Rejected) as no:
        sms.send(AMINA, TEXT)

    assert no.value.code == "InvalidSenderId"


def test_an_answer_that_breaks_off_is_unclear(company: Company, sms: AfricasTalkingSms) -> None:
    company.answer = Answer(body=told(recipient()), cut=20)

    with pytest.raises(Unclear):
        sms.send(AMINA, TEXT)


def test_a_port_where_nobody_listens_was_never_reached() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        away = AfricasTalkingSms(f"http://127.0.0.1:{bound.getsockname()[1]}", "tests", "key")

        with pytest.raises(Unreachable):
            away.send(AMINA, TEXT)


def test_a_connection_that_is_never_made_was_never_reached() -> None:
    """Nobody takes connections from a queue that is full, so that the next one waits."""
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for knocking in (first, second):
            knocking.setblocking(False)
            knocking.connect_ex(deaf.getsockname())
        time.sleep(0.1)
        away = AfricasTalkingSms(f"http://127.0.0.1:{deaf.getsockname()[1]}", "tests", "key")
        started = time.monotonic()

        with pytest.raises(Unreachable):
            away.send(AMINA, TEXT)

    assert time.monotonic() - started < 8


def test_a_connection_that_is_closed_without_an_answer_is_unclear() -> None:
    with socket.socket() as rude:
        rude.bind(("127.0.0.1", 0))
        rude.listen(5)
        rude.settimeout(5)
        away = AfricasTalkingSms(f"http://127.0.0.1:{rude.getsockname()[1]}", "tests", "key")

        def take_and_close() -> None:
            taken, _peer = rude.accept()
            taken.recv(10)
            taken.close()

        thread = threading.Thread(target=take_and_close)
        thread.start()
        with pytest.raises(Unclear):
            away.send(AMINA, TEXT)
        thread.join()


def test_no_error_names_the_number_the_text_or_the_key(
    company: Company, sms: AfricasTalkingSms
) -> None:
    said = []
    for answer in (Answer(500, AMINA), Answer(400, TEXT), Answer(201, AT_API_KEY, cut=3)):
        company.answer = answer
        with pytest.raises(GatewayError) as no:
            sms.send(AMINA, TEXT)
        said.append(str(no.value))

    assert [word for word in (AMINA, TEXT, AT_API_KEY) if any(word in one for one in said)] == []


def test_the_simulated_company_takes_it(company_address: str) -> None:
    simulated = Simulated(company_address)
    simulated.reset()

    taken = AfricasTalkingSms(company_address, AT_USERNAME, AT_API_KEY).send(AMINA, "x" * 161)

    (booked,) = simulated.books()["sms"]
    assert (taken.provider_id, taken.cost) == (booked["id"], 160)


def test_the_simulated_company_refuses_a_wrong_key(company_address: str) -> None:
    with pytest.raises(Rejected):
        AfricasTalkingSms(company_address, AT_USERNAME, "wrong").send(AMINA, TEXT)


@pytest.mark.parametrize(
    ("cost", "cents"),
    [
        ("KES 0.8000", 80),
        ("KES 1.6000", 160),
        ("KES 12", 1200),
        ("KES 0.8", 80),
        ("KES 0.8001", 81),
        ("KES 0.8999", 90),
        ("KES 0.0001", 1),
        ("KES 0.80001", 81),
        ("USD 0.0125", 2),
        ("0", 0),
        ("", 0),
        ("None", 0),
        ("KES 0.0000", 0),
    ],
)
def test_a_cost_is_read_in_hundredths_and_rounded_up(cost: str, cents: int) -> None:
    assert hundredths(cost) == cents


@given(st.decimals(min_value=0, max_value=1000, places=4))
def test_a_cost_is_never_counted_short(cost: Decimal) -> None:
    cents = hundredths(f"KES {cost:.4f}")

    assert cost * 100 <= cents < cost * 100 + 1
