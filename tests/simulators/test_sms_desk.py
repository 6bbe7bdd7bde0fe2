"""The SMS interface: what it answers, what it delivers, and what it reports."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.simulators.desk import AMINA, API_KEY, BARAKA, Desk
from tests.simulators.stub import eventually


def test_an_accepted_sms_is_answered_as_documented(desk: Desk) -> None:
    answer = desk.send()

    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    data = answer.json()["SMSMessageData"]
    assert data["Message"] == "Sent to 1/1 Total Cost: KES 0.8000"
    [recipient] = data["Recipients"]
    assert re.fullmatch(r"ATPid_[0-9a-f]{32}", recipient.pop("messageId"))
    assert recipient == {
        "statusCode": 101,
        "number": AMINA,
        "status": "Success",
        "cost": "KES 0.8000",
    }


@pytest.mark.parametrize(
    ("key", "username"), [("wrong", "tests"), ("", "tests"), (API_KEY, "other"), (API_KEY, "")]
)
def test_a_stranger_sends_nothing(desk: Desk, key: str, username: str) -> None:
    form = {"username": username, "to": AMINA, "message": "Hello"}
    answer = desk.http.post("/version1/messaging", data=form, headers={"apiKey": key})

    assert (answer.status_code, answer.text) == (401, "The supplied authentication is invalid")
    assert desk.books("sms") == []


@pytest.mark.parametrize("missing", ["to", "message"])
def test_a_field_that_is_missing_is_named(desk: Desk, missing: str) -> None:
    answer = desk.send(**{missing: ""})

    assert answer.status_code == 400
    assert missing in answer.text


def test_each_recipient_has_an_answer_of_its_own(desk: Desk) -> None:
    answer = desk.send(f"{AMINA}, 0712000003,{BARAKA}")

    data = answer.json()["SMSMessageData"]
    assert data["Message"] == "Sent to 2/3 Total Cost: KES 1.6000"
    assert [each["statusCode"] for each in data["Recipients"]] == [101, 403, 101]
    assert data["Recipients"][1] | {"number": ""} == {
        "statusCode": 403,
        "number": "",
        "status": "InvalidPhoneNumber",
        "cost": "0",
        "messageId": "None",
    }


def test_a_long_sms_costs_each_of_its_parts(desk: Desk) -> None:
    assert desk.accepted(message="x" * 400)["cost"] == "KES 2.4000"


def test_without_accept_the_answer_is_xml(desk: Desk) -> None:
    form = {"username": "tests", "to": AMINA, "message": "Hello"}
    answer = desk.http.post("/version1/messaging", data=form, headers={"apiKey": API_KEY})

    assert answer.headers["content-type"] == "application/xml"
    found = ET.fromstring(answer.text).findtext(".//Recipient/number")
    assert found == AMINA


def test_a_sender_not_registered_leaves_the_list_empty(desk: Desk) -> None:
    desk.configure(sender_ids=["SAVINGS"])

    assert desk.accepted(**{"from": "SAVINGS"})["statusCode"] == 101
    data = desk.send(**{"from": "OTHERS"}).json()["SMSMessageData"]
    assert data == {"Message": "InvalidSenderId", "Recipients": []}


def test_an_sms_arrives_in_the_inbox_newest_first(desk: Desk) -> None:
    desk.send(message="one")
    eventually(lambda: len(desk.inbox()) == 1)
    desk.send(message="two", **{"from": "SAVINGS"})

    inbox = eventually(lambda: len(desk.inbox()) == 2 and desk.inbox())
    assert [(sms["text"], sms["from"]) for sms in inbox] == [
        ("two", "SAVINGS"),
        ("one", "AFRICASTKNG"),
    ]


def test_delivery_is_reported_step_by_step(desk: Desk) -> None:
    message_id = desk.accepted()["messageId"]

    reports = desk.told("delivery", 3)
    assert [report["status"] for report in reports] == ["Sent", "Buffered", "Success"]
    assert reports[0] == {
        "id": message_id,
        "status": "Sent",
        "phoneNumber": AMINA,
        "networkCode": "63902",
        "retryCount": "0",
    }


def test_a_report_is_repeated_until_it_gets_200(desk: Desk) -> None:
    desk.app.statuses["delivery"] = [500, 204]
    desk.send()

    def acknowledged() -> Any:
        [sms] = desk.books("sms")
        return {report["state"] for report in sms["reports"]} == {"acknowledged"} and sms

    sms = eventually(acknowledged)
    codes = [each["http_status"] for report in sms["reports"] for each in report["attempts"]]
    assert sorted(codes) == [200, 200, 200, 204, 500]


def test_a_report_nobody_wants_is_given_up(desk: Desk) -> None:
    desk.app.statuses["delivery"] = [503] * 99
    desk.send()

    def gave_up() -> bool:
        [sms] = desk.books("sms")
        return [report["state"] for report in sms["reports"]] == ["given up"] * 3

    eventually(gave_up)
    assert len(desk.app.asked("delivery")) == 12


def test_without_an_address_nothing_is_reported_and_the_sms_still_arrives(desk: Desk) -> None:
    desk.configure(callbacks={"delivery": ""})
    desk.send()

    eventually(desk.inbox)
    assert desk.app.asked("delivery") == []


@pytest.mark.parametrize(
    ("name", "delivered"),
    [("sms.error_before", 0), ("sms.error_after", 1)],
)
def test_an_error_does_not_tell_whether_the_sms_went(desk: Desk, name: str, delivered: int) -> None:
    desk.fault({"name": name, "times": 1})

    assert desk.send().status_code == 500
    assert len(desk.books("sms")) == delivered


@pytest.mark.parametrize(("name", "delivered"), [("sms.hang_before", 0), ("sms.hang_after", 1)])
def test_silence_does_not_tell_whether_the_sms_went(desk: Desk, name: str, delivered: int) -> None:
    desk.fault({"name": name, "seconds": 1.5})
    form = {"username": "tests", "to": AMINA, "message": "Hello"}

    with pytest.raises(httpx.ReadTimeout):
        desk.http.post("/version1/messaging", data=form, headers={"apiKey": API_KEY}, timeout=0.5)

    assert len(desk.books("sms")) == delivered


@pytest.mark.parametrize(("name", "delivered"), [("sms.reset", 0), ("sms.reset_after", 1)])
def test_a_broken_connection_does_not_tell_either(desk: Desk, name: str, delivered: int) -> None:
    desk.fault({"name": name})

    with pytest.raises(httpx.RemoteProtocolError):
        desk.send()

    assert len(desk.books("sms")) == delivered


@pytest.mark.parametrize(
    ("code", "status"),
    [(405, "InsufficientBalance"), (502, "RejectedByGateway"), (401, "RiskHold")],
)
def test_a_recipient_is_refused_within_http_201(desk: Desk, code: int, status: str) -> None:
    desk.fault({"name": "sms.refuse", "status_code": code})
    answer = desk.send()

    assert answer.status_code == 201
    [recipient] = answer.json()["SMSMessageData"]["Recipients"]
    assert (recipient["statusCode"], recipient["status"]) == (code, status)
    assert [each["status_code"] for each in desk.books("refused_sms")] == [code]


@pytest.mark.parametrize(
    ("name", "code", "status"), [("sms.processed", 100, "Processed"), ("sms.queued", 102, "Queued")]
)
def test_an_sms_may_be_accepted_in_other_words(
    desk: Desk, name: str, code: int, status: str
) -> None:
    desk.fault({"name": name, "times": 1})
    answer = desk.send()

    data = answer.json()["SMSMessageData"]
    assert data["Message"] == "Sent to 1/1 Total Cost: KES 0.8000"
    [recipient] = data["Recipients"]
    assert (recipient["statusCode"], recipient["status"]) == (code, status)
    assert {report["id"] for report in desk.told("delivery", 3)} == {recipient["messageId"]}
    eventually(desk.inbox)


def test_an_sms_may_be_accepted_without_an_id(desk: Desk) -> None:
    desk.fault({"name": "sms.no_id"})

    assert desk.accepted()["messageId"] == "None"
    assert desk.told("delivery", 3)[-1]["id"] == desk.books("sms")[0]["id"]
    eventually(desk.inbox)


@pytest.mark.parametrize("code", [100, 101, 102])
def test_nobody_is_refused_by_a_status_that_accepts(desk: Desk, code: int) -> None:
    wish = {"faults": [{"name": "sms.refuse", "status_code": code}]}

    assert desk.http.put("/control/faults", json=wish).status_code == 400


def test_an_invalid_sender_can_be_played(desk: Desk) -> None:
    desk.fault({"name": "sms.invalid_sender"})

    assert desk.send().json()["SMSMessageData"]["Recipients"] == []


def test_a_charset_can_be_added(desk: Desk) -> None:
    desk.fault({"name": "sms.charset"})

    assert desk.send().headers["content-type"] == "application/json; charset=utf-8"


def test_an_undelivered_sms_is_reported_failed_with_its_reason(desk: Desk) -> None:
    desk.fault({"name": "sms.undelivered", "reason": "UserIsInactive"})
    desk.send()

    last = desk.told("delivery", 3)[-1]
    assert (last["status"], last["failureReason"]) == ("Failed", "UserIsInactive")
    assert desk.inbox() == []


def test_a_late_sms_comes_late(desk: Desk) -> None:
    desk.fault({"name": "sms.late", "seconds": 0.6})
    desk.send()

    assert desk.inbox() == []
    eventually(desk.inbox)


def test_a_dropped_report_is_written_down(desk: Desk) -> None:
    desk.fault({"name": "report.drop", "times": 1})
    desk.send()

    assert [report["status"] for report in desk.told("delivery", 2)] == ["Buffered", "Success"]
    assert desk.books("sms")[0]["reports"][0]["state"] == "dropped"


def test_a_duplicate_report_comes_twice(desk: Desk) -> None:
    desk.fault({"name": "report.duplicate", "times": 1})
    desk.send()

    statuses = [report["status"] for report in desk.told("delivery", 4)]
    assert sorted(statuses) == ["Buffered", "Sent", "Sent", "Success"]


def test_reports_may_come_in_another_order(desk: Desk) -> None:
    desk.fault({"name": "report.reorder"})
    desk.send()

    statuses = [report["status"] for report in desk.told("delivery", 3)]
    assert statuses == ["Success", "Sent", "Buffered"]


def test_a_report_may_come_late(desk: Desk) -> None:
    desk.fault({"name": "report.delay", "seconds": 0.6})
    desk.send()

    assert desk.app.asked("delivery") == []
    desk.told("delivery", 3)


def test_an_sms_from_a_phone_is_posted_as_documented(desk: Desk) -> None:
    desk.write_sms("Nimechoka")

    [form] = desk.told("inbound")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", form.pop("date"))
    assert re.fullmatch(r"[0-9a-f]{32}", form.pop("id"))
    assert form.pop("linkId")
    assert form == {
        "from": AMINA,
        "to": "22384",
        "text": "Nimechoka",
        "cost": "KES 0.0000",
        "networkCode": "63902",
    }


def test_an_sms_from_a_phone_is_repeated_until_200(desk: Desk) -> None:
    desk.app.statuses["inbound"] = [500, 500]
    desk.write_sms("Hello")

    assert len({form["id"] for form in desk.told("inbound", 3)}) == 1


def test_an_sms_from_a_phone_may_come_twice(desk: Desk) -> None:
    desk.fault({"name": "inbound.duplicate"})
    desk.write_sms("Hello")

    assert len({form["id"] for form in desk.told("inbound", 2)}) == 1


def test_stop_opts_out_until_start(desk: Desk) -> None:
    desk.write_sms(" stop ")

    assert desk.told("optout") == [{"senderId": "22384", "phoneNumber": AMINA}]
    assert desk.accepted()["statusCode"] == 406
    assert desk.accepted(BARAKA)["statusCode"] == 101
    assert desk.books("opted_out") == [AMINA]

    desk.write_sms("START")
    assert desk.accepted()["statusCode"] == 101


def test_sms_can_be_read_from_where_one_stopped(desk: Desk) -> None:
    desk.send(message="one")
    first = desk.http.get("/control/sms", params={"to": AMINA}).json()
    desk.send(message="two")
    desk.send(BARAKA, "three")

    second = desk.http.get("/control/sms", params={"to": AMINA, "since": first["last"]}).json()

    assert [sms["text"] for sms in first["sms"]] == ["one"]
    assert [sms["text"] for sms in second["sms"]] == ["two"]
