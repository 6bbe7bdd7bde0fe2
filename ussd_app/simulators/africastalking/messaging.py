"""The SMS interface an application calls: /version1/messaging, word for word as the company's own."""

import hmac
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Blueprint, Response, jsonify, request

from ussd_app.simulators.africastalking.company import Company
from ussd_app.simulators.africastalking.sms import MAX_TEXT, Recipient, money
from ussd_app.simulators.africastalking.statuses import TAKEN

MAX_RECIPIENTS = 1000
_CREATED = 201


def blueprint(company: Company) -> Blueprint:
    """Return the interface of this company."""
    blueprint = Blueprint("messaging", __name__)

    @blueprint.post("/version1/messaging")
    def send() -> Response:
        refusal = _refusal(company)
        return refusal or _send(company, [each.strip() for each in request.form["to"].split(",")])

    return blueprint


def _refusal(company: Company) -> Response | None:
    known = _same(request.headers.get("apiKey", ""), company.config.api_key)
    if not known or not _same(request.form.get("username", ""), company.config.username):
        return Response("The supplied authentication is invalid", 401, mimetype="text/plain")
    for name in ("to", "message"):
        if not request.form.get(name):
            words = f"Request is missing required form field '{name}'"
            return Response(words, 400, mimetype="text/plain")
    if len(request.form["message"]) > MAX_TEXT or request.form["to"].count(",") >= MAX_RECIPIENTS:
        return Response("The message or the list is too long", 400, mimetype="text/plain")
    return None


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _send(company: Company, numbers: list[str]) -> Response:
    office, first = company.office, numbers[0]
    if fault := office.strikes("sms.hang_before", first, []):
        office.clock.rest(fault.seconds)
        return _error()
    if office.strikes("sms.error_before", first, []):
        return _error()
    if office.strikes("sms.reset", first, []):
        return _dropped()
    answer = _accepted(company, numbers)
    if fault := office.strikes("sms.hang_after", first, []):
        office.clock.rest(fault.seconds)
    if office.strikes("sms.error_after", first, []):
        return _error()
    if office.strikes("sms.reset_after", first, []):
        return _dropped()
    if office.strikes("sms.charset", first, []):
        answer.content_type = f"{answer.mimetype}; charset=utf-8"
    return answer


def _accepted(company: Company, numbers: list[str]) -> Response:
    sender = request.form.get("from", "")
    unknown = not company.sms.knows_sender(sender)
    if unknown or company.office.strikes("sms.invalid_sender", numbers[0], []):
        return _answer("InvalidSenderId", [])
    text = request.form["message"]
    recipients = [company.sms.accept(number, text, sender=sender) for number in numbers]
    sent = sum(each.status_code in TAKEN for each in recipients)
    cost = money(sum(each.cost_cents for each in recipients))
    return _answer(f"Sent to {sent}/{len(recipients)} Total Cost: {cost}", recipients)


def _answer(message: str, recipients: list[Recipient]) -> Response:
    rows = [each.as_json() for each in recipients]
    if "json" in request.headers.get("Accept", ""):
        answer = jsonify({"SMSMessageData": {"Message": message, "Recipients": rows}})
    else:
        answer = Response(_xml(message, rows), mimetype="application/xml")
        answer.content_type = "application/xml"
    answer.status_code = _CREATED
    return answer


def _xml(message: str, rows: list[dict[str, Any]]) -> bytes:
    root = Element("AfricasTalkingResponse")
    data = SubElement(root, "SMSMessageData")
    SubElement(data, "Message").text = message
    recipients = SubElement(data, "Recipients")
    for row in rows:
        recipient = SubElement(recipients, "Recipient")
        for name, value in row.items():
            SubElement(recipient, name).text = str(value)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _error() -> Response:
    return Response("Internal Server Error", 500, mimetype="text/plain")


def _dropped() -> Response:
    """Promise more than is sent, so that the server has to break the connection."""

    def less() -> Iterator[bytes]:
        yield b"{"

    return Response(
        less(), _CREATED, headers={"Content-Length": "500"}, mimetype="application/json"
    )
