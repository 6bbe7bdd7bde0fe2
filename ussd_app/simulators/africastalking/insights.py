"""The interface for questions about SIMs: /v1/sim-swap, as far as the company documents it."""

import hmac
import uuid
from typing import Any

from flask import Blueprint, Response, jsonify, request

from ussd_app.simulators.africastalking.company import Company
from ussd_app.simulators.numbers import is_international

MAX_NUMBERS = 100
_COST = {"amount": 1, "currencyCode": "KES"}


def blueprint(company: Company) -> Blueprint:
    """Return the interface of this company."""
    blueprint = Blueprint("insights", __name__)

    @blueprint.post("/v1/sim-swap")
    def check_sim_swap() -> Response:
        body = request.get_json(silent=True)
        given = body if isinstance(body, dict) else {}
        numbers = given.get("phoneNumbers")
        if not _is_known(company, given):
            return Response("The supplied authentication is invalid", 401, mimetype="text/plain")
        if not isinstance(numbers, list) or not 1 <= len(numbers) <= MAX_NUMBERS:
            return Response("phoneNumbers is a list", 400, mimetype="text/plain")
        return _take(company, [str(number) for number in numbers])

    return blueprint


def _is_known(company: Company, given: dict[str, Any]) -> bool:
    key = hmac.compare_digest(
        request.headers.get("apiKey", "").encode(), company.config.api_key.encode()
    )
    return key and given.get("username") == company.config.username


def _take(company: Company, numbers: list[str]) -> Response:
    office, first = company.office, numbers[0]
    if office.strikes("sim.error", first, []):
        return Response("Internal Server Error", 500, mimetype="text/plain")
    transaction = str(uuid.uuid4())
    answers = [_answer(company, number, transaction) for number in numbers]
    if fault := office.strikes("sim.hang", first, []):
        office.clock.rest(fault.seconds)
    if office.strikes("sim.garbage", first, []):
        return Response("<html>busy</html>", 200, mimetype="text/html")
    return jsonify(
        {
            "transactionId": transaction,
            "status": "Processed",
            "totalCost": {**_COST, "amount": sum("requestId" in each for each in answers)},
            "responses": answers,
        }
    )


def _answer(company: Company, number: str, transaction: str) -> dict[str, Any]:
    config = company.config
    phone = {
        "carrierName": "Safaricom",
        "countryCode": 254,
        "networkCode": config.network_code,
        "number": number,
        "numberType": "Mobile",
    }
    if not is_international(number):
        return {"phoneNumber": phone, "status": "InvalidPhoneNumber"}
    if company.office.strikes("sim.refuse", number, []):
        return {"phoneNumber": phone, "status": "Failed"}
    check = company.sims.take(number, transaction)
    return {"phoneNumber": phone, "status": "Queued", "requestId": check.id, "cost": _COST}
