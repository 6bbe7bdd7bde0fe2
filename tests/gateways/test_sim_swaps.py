"""SIM swaps: no answer of the company, however it looks, makes a SIM clean that was not found so."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.gateways.company import Answer, Company, answering
from tests.people import AMINA, AT_API_KEY, AT_USERNAME, Company as Simulated, settings_for
from ussd_app import bootstrap
from ussd_app.errors import GatewayError, Rejected, Unclear, Unreachable
from ussd_app.gateways.sim_swaps import Asked, FixedSimSwaps, InsightsSimSwaps


def told(**one: Any) -> str:
    answer = {"status": "Queued", "requestId": "ATSwpid_1", **one}
    return json.dumps({"transactionId": "t1", "status": "Processed", "responses": [answer]})


@pytest.fixture(scope="module")
def answering_company() -> Iterator[Company]:
    with answering() as company:
        yield company


@pytest.fixture
def company(answering_company: Company) -> Company:
    answering_company.requests.clear()
    answering_company.answer = Answer(200, told())
    return answering_company


@pytest.fixture
def sims(company: Company) -> InsightsSimSwaps:
    return InsightsSimSwaps(company.address, AT_USERNAME, AT_API_KEY)


def test_a_question_is_what_the_company_documents(company: Company, sims: InsightsSimSwaps) -> None:
    sims.ask(AMINA)

    (request,) = company.requests
    assert (request.method, request.path) == ("POST", "/v1/sim-swap")
    assert json.loads(request.body) == {"username": AT_USERNAME, "phoneNumbers": [AMINA]}
    assert request.headers["apiKey"] == AT_API_KEY
    assert request.headers["Content-Type"] == "application/json"


def test_what_was_taken_is_known_later(sims: InsightsSimSwaps) -> None:
    assert sims.ask(AMINA) == Asked(None, "ATSwpid_1")


@pytest.mark.parametrize("status", ["Swapped", "NoSwapDate", "NotSwapped", "Success", "clean", None, 7, []])  # fmt: skip
def test_no_status_that_comes_at_once_decides(
    company: Company, sims: InsightsSimSwaps, status: Any
) -> None:
    company.answer = Answer(200, told(status=status))

    assert sims.ask(AMINA) == Asked(None, "ATSwpid_1")


@pytest.mark.parametrize(
    "status", ["Failed", "InvalidPhoneNumber", "UnsupportedPhoneNumber", "InsufficientBalance"]
)
def test_what_they_did_not_take_is_unknown(
    company: Company, sims: InsightsSimSwaps, status: str
) -> None:
    company.answer = Answer(200, told(status=status))

    assert sims.ask(AMINA) == Asked("unknown")


@pytest.mark.parametrize("reference", [None, "", " ", "None", "null", 7, [], {}, "x" * 201, "a\u0000b"])  # fmt: skip
def test_what_has_no_id_is_unknown(
    company: Company, sims: InsightsSimSwaps, reference: Any
) -> None:
    company.answer = Answer(200, told(requestId=reference))

    assert sims.ask(AMINA) == Asked("unknown")


@pytest.mark.parametrize(
    "body",
    [
        "null",
        "[]",
        "{}",
        '"clean"',
        "17",
        '{"status": "clean"}',
        '{"verdict": "clean"}',
        '{"responses": null}',
        '{"responses": []}',
        '{"responses": {}}',
        '{"responses": "clean"}',
        '{"responses": [null]}',
        '{"responses": ["clean"]}',
        '{"responses": [{}]}',
        '{"responses": [{"status": "NoSwapDate", "lastSimSwapDate": "01-01-1900"}]}',
    ],
)
def test_an_answer_of_another_shape_is_unknown(
    company: Company, sims: InsightsSimSwaps, body: str
) -> None:
    company.answer = Answer(200, body)

    assert sims.ask(AMINA) == Asked("unknown")


@pytest.mark.parametrize("body", ["", "<html>clean</html>", told()[:-1], "[" * 100_000])
def test_an_answer_that_is_no_json_is_unclear(
    company: Company, sims: InsightsSimSwaps, body: str
) -> None:
    company.answer = Answer(200, body)

    with pytest.raises(Unclear):
        sims.ask(AMINA)


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Rejected), (401, Rejected), (404, Rejected), (429, Unreachable), (500, Unclear)],
)
def test_an_answer_is_judged_by_its_status(
    company: Company, sims: InsightsSimSwaps, status: int, error: type[GatewayError]
) -> None:
    company.answer = Answer(status, told())

    with pytest.raises(error):
        sims.ask(AMINA)


def test_nobody_is_sent_elsewhere_with_the_key(company: Company, sims: InsightsSimSwaps) -> None:
    company.answer = Answer(302, headers={"Location": f"{company.address}/elsewhere"})

    with pytest.raises(GatewayError):
        sims.ask(AMINA)

    assert [request.path for request in company.requests] == ["/v1/sim-swap"]


def test_a_port_where_nobody_listens_was_never_reached() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        away = InsightsSimSwaps(f"http://127.0.0.1:{bound.getsockname()[1]}", "tests", "key")

        with pytest.raises(Unreachable):
            away.ask(AMINA)


def test_no_error_names_the_number_or_the_key(company: Company, sims: InsightsSimSwaps) -> None:
    company.answer = Answer(500, f"{AMINA} {AT_API_KEY}")

    with pytest.raises(GatewayError) as no:
        sims.ask(AMINA)

    assert [word for word in (AMINA, AT_API_KEY) if word in str(no.value)] == []


def test_the_simulated_company_takes_it(company_address: str) -> None:
    simulated = Simulated(company_address)
    simulated.reset()

    asked = InsightsSimSwaps(company_address, AT_USERNAME, AT_API_KEY).ask(AMINA)

    (check,) = simulated.books()["sim_checks"]
    assert asked == Asked(None, check["id"])


@pytest.mark.parametrize("fault", ["sim.error", "sim.garbage"])
def test_the_simulated_company_may_fail(company_address: str, fault: str) -> None:
    Simulated(company_address).fault({"name": fault})

    with pytest.raises(Unclear):
        InsightsSimSwaps(company_address, AT_USERNAME, AT_API_KEY).ask(AMINA)
    Simulated(company_address).reset()


def test_the_simulated_company_refuses_a_wrong_key(company_address: str) -> None:
    with pytest.raises(Rejected):
        InsightsSimSwaps(company_address, AT_USERNAME, "wrong").ask(AMINA)


def test_a_setting_says_who_is_asked() -> None:
    settings = settings_for(SIM_SWAP_CHECK="insights")

    assert isinstance(bootstrap.sim_swaps_of(settings), InsightsSimSwaps)
    for check, verdict in (("none", "unknown"), ("clean", "clean")):
        asked = bootstrap.sim_swaps_of(replace(settings, sim_swap_check=check))
        assert asked == FixedSimSwaps(verdict)
        assert asked.ask(AMINA) == Asked(verdict)
