"""Questions about SIMs: what is answered at once, and what is told a moment later."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.simulators.desk import AMINA, API_KEY, BARAKA, Desk
from tests.simulators.stub import eventually

NEVER = "01-01-1900"


def ago(**span: int) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def swap(desk: Desk, **span: int) -> str:
    """Amina's SIM was swapped so long ago; the day of it as the company writes it."""
    moment = ago(**span)
    sims = {AMINA: {"swapped_at": moment.isoformat()}}
    desk.http.put("/control/sims", json=sims).raise_for_status()
    return moment.strftime("%d-%m-%Y")


def test_a_question_is_taken_as_documented(desk: Desk) -> None:
    answer = desk.ask(AMINA)

    assert answer.status_code == 200
    told = answer.json()
    assert re.fullmatch(r"[0-9a-f-]{36}", told.pop("transactionId"))
    [one] = told.pop("responses")
    assert re.fullmatch(r"ATSwpid_[0-9a-f]{32}", one.pop("requestId"))
    assert told == {"status": "Processed", "totalCost": {"amount": 1, "currencyCode": "KES"}}
    assert one == {
        "phoneNumber": {
            "carrierName": "Safaricom",
            "countryCode": 254,
            "networkCode": "63902",
            "number": AMINA,
            "numberType": "Mobile",
        },
        "status": "Queued",
        "cost": {"amount": 1, "currencyCode": "KES"},
    }


def test_a_sim_that_was_swapped_is_told_with_its_day_a_moment_later(desk: Desk) -> None:
    day = swap(desk, hours=5)
    answer = desk.ask(AMINA).json()

    [told] = desk.told("sim_swap")
    assert re.fullmatch(r"[0-9a-f-]{36}", told.pop("providerRefId"))
    assert told == {
        "requestId": answer["responses"][0]["requestId"],
        "transactionId": answer["transactionId"],
        "status": "Swapped",
        "lastSimSwapDate": day,
    }


@pytest.mark.parametrize("days", [None, 91])
def test_a_sim_that_was_never_swapped_or_long_ago_is_told_so(desk: Desk, days: int | None) -> None:
    if days:
        swap(desk, days=days)
    desk.ask(AMINA)

    [told] = desk.told("sim_swap")
    assert (told["status"], told["lastSimSwapDate"]) == ("NoSwapDate", NEVER)


def test_it_is_told_as_json(desk: Desk) -> None:
    desk.ask(AMINA)
    desk.told("sim_swap")

    [request] = [each for each in desk.app.requests if each.path.endswith("/sim_swap")]
    assert request.headers["content-type"] == "application/json"


def test_each_number_is_told_of_on_its_own(desk: Desk) -> None:
    day = swap(desk, days=1)
    answers = desk.ask(AMINA, "nobody", BARAKA).json()["responses"]

    told = {each["requestId"]: each for each in desk.told("sim_swap", 2)}
    assert [each["status"] for each in answers] == ["Queued", "InvalidPhoneNumber", "Queued"]
    assert [told[answers[place]["requestId"]]["lastSimSwapDate"] for place in (0, 2)] == [
        day,
        NEVER,
    ]


@pytest.mark.parametrize(("key", "username"), [("wrong", "tests"), ("", "tests"), (API_KEY, "x")])
def test_a_stranger_asks_nothing(desk: Desk, key: str, username: str) -> None:
    assert desk.ask(AMINA, key=key, username=username).status_code == 401
    assert desk.books("sim_checks") == []


@pytest.mark.parametrize("body", [[], {"username": "tests"}, {"username": "tests", "phoneNumbers": []}])  # fmt: skip
def test_a_question_about_nobody_is_refused(desk: Desk, body: Any) -> None:
    answer = desk.http.post("/v1/sim-swap", json=body, headers={"apiKey": API_KEY})

    assert answer.status_code in (400, 401)


@pytest.mark.parametrize(
    "wish", [{"someone": {"swapped_at": "2026-01-01"}}, {AMINA: {}}, {AMINA: {"swapped_at": "soon"}}, {AMINA: 1}]
)  # fmt: skip
def test_sims_that_make_no_sense_are_refused_and_nothing_changes(
    desk: Desk, wish: dict[str, Any]
) -> None:
    swap(desk, days=1)
    before = desk.http.get("/control/sims").json()

    assert desk.http.put("/control/sims", json=wish).status_code == 400
    assert desk.http.get("/control/sims").json() == before
    assert list(before["sims"]) == [AMINA]


def test_reset_forgets_what_was_swapped(desk: Desk) -> None:
    swap(desk, days=1)
    desk.http.post("/control/reset").raise_for_status()

    assert desk.http.get("/control/sims").json() == {"sims": {}}


# Faults


def test_an_error_takes_no_question(desk: Desk) -> None:
    desk.fault({"name": "sim.error"})

    assert desk.ask(AMINA).status_code == 500
    assert desk.books("sim_checks") == []


def test_a_refusal_has_no_id(desk: Desk) -> None:
    desk.fault({"name": "sim.refuse", "phone": AMINA})

    mine, theirs = desk.ask(AMINA, BARAKA).json()["responses"]
    assert (mine["status"], "requestId" in mine) == ("Failed", False)
    assert (theirs["status"], "requestId" in theirs) == ("Queued", True)


def test_garbage_is_no_json_though_the_question_was_taken(desk: Desk) -> None:
    desk.fault({"name": "sim.garbage"})

    assert desk.ask(AMINA).headers["content-type"].startswith("text/html")
    assert len(desk.told("sim_swap")) == 1


def test_an_answer_may_take_longer_than_anybody_waits(desk: Desk) -> None:
    desk.fault({"name": "sim.hang", "seconds": 5})

    with pytest.raises(httpx.ReadTimeout):
        desk.http.post("/v1/sim-swap", json={"username": "tests", "phoneNumbers": [AMINA]},
                       headers={"apiKey": API_KEY}, timeout=0.2)  # fmt: skip


def test_silence_tells_nothing(desk: Desk) -> None:
    desk.fault({"name": "sim.silent", "phone": AMINA})
    desk.ask(AMINA, BARAKA)

    eventually(lambda: desk.books("sim_checks")[1]["callback"]["state"] == "acknowledged")

    mine, _theirs = desk.books("sim_checks")
    assert (mine["callback"]["state"], mine["callback"]["faults"]) == ("dropped", ["sim.silent"])
    assert len(desk.told("sim_swap")) == 1


@pytest.mark.parametrize(
    ("fault", "told"), [("sim.failed", ("Failed", None)), ("sim.garbled", ("Swapped", "soon"))]
)
def test_what_cannot_be_known_is_told_in_their_ways(
    desk: Desk, fault: str, told: tuple[str, str | None]
) -> None:
    desk.fault({"name": fault})
    desk.ask(AMINA)

    [notification] = desk.told("sim_swap")
    assert (notification["status"], notification.get("lastSimSwapDate")) == told


def test_a_notification_that_comes_again_is_the_same(desk: Desk) -> None:
    desk.fault({"name": "sim.duplicate"})
    desk.ask(AMINA)

    first, second = desk.told("sim_swap", 2)
    assert first == second


def test_a_notification_is_posted_again_until_it_is_taken(desk: Desk) -> None:
    desk.app.statuses["sim_swap"] = [503, 503]
    desk.ask(AMINA)

    desk.told("sim_swap", 3)
    eventually(lambda: desk.books("sim_checks")[0]["callback"]["state"] == "acknowledged")
